# -*- test-case-name: tests.test_sockets_directwait -*-
"""
Waiting for the next connection where the last one was served, asleep, instead of by way
of the reactor.

Between a connection and whoever serves it the reactor goes through some twenty functions,
and after a program has been loaded none of them is in the processor's caches any more.  A
client that makes one connection after the other waits for that each time.  So where
connections come that soon after one another the process sleeps in the reactor's place, for
a moment: until one of the reactor's descriptors is ready, whichever it is, or it has a
call to make.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from txinetd.sockets.reactorpoll import epollOf

__all__ = ["DirectWait"]


class DirectWait:
    """
    Waits for those who come to one socket.
    """

    #: Seconds for which it waits, at most, and within which somebody has to have come the
    #: last time.
    longest = 0.002

    #: How many waits are skipped, at most, after something else was ready than this socket:
    #: one the first time, and then twice as many each time.
    mostSkipped = 64

    #: How many it waits for in a row: then it is the reactor's turn, which may have been told
    #: to stop, or to do but one round.
    mostInARow = 16

    #: One is known to have come, and perhaps others have.
    counts = False

    def __init__(self, reactor: Any, descriptor: int) -> None:
        """
        @param reactor: in whose place it waits, if it uses epoll(7); with any other
            nobody waits here.
        @param descriptor: of the socket, which the reactor watches.
        """
        self._reactor = reactor
        self._seconds: Callable[[], float] = reactor.seconds
        self._epoll = epollOf(reactor)
        self._descriptor = descriptor
        self._served = -math.inf
        self._inARow = 0
        self._skip = 0
        self._toSkip = 0

    def awaits(self, began: float, waiting: Callable[[], int], found: Callable[[], None]) -> int:
        """
        See L{txinetd.sockets.stream.Awaiting.awaits}.
        """
        now = self._seconds()
        soon = began - self._served < self.longest
        self._served = now
        if not soon or self._epoll is None or self._inARow == self.mostInARow:
            self._inARow = 0
            return 0
        if self._toSkip:
            self._toSkip -= 1
            return 0
        timeout = self._reactor.timeout()
        if timeout is None or timeout > self.longest:
            timeout = self.longest
        if timeout <= 0:
            return 0
        # What is ready stays so, and is the reactor's to find.
        ready = self._epoll.poll(timeout, 2)
        if not ready:
            self._inARow = 0
            return 0
        if len(ready) == 1 and ready[0][0] == self._descriptor:
            self._skip = 0
            self._inARow += 1
            return 1
        self._inARow = 0
        self._skip = min(2 * self._skip or 1, self.mostSkipped)
        self._toSkip = self._skip
        return 0

    def cease(self) -> None:
        """
        See L{txinetd.sockets.stream.Awaiting.cease}: there is nothing to end.
        """
