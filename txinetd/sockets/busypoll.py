# -*- test-case-name: tests.test_sockets_busypoll -*-
"""
Busy polling: waiting for the next connection awake, where it is likely to come at once.

A process that goes to sleep finds the processor's caches filled by others when it is
woken, and on a virtual machine to be woken takes time by itself.  A client that makes one
connection after the other notices: most of what this process does for it is done while
it waits.  So the process stays awake a little, if the last time somebody came as soon as
that; never while the reactor has anything else to do, and not where another process waits
for the processor.  For services inside of this process only: it would take from a program
what that needs to be loaded, as two processors are often one with two threads.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall

from txinetd.sockets.reactorpoll import epollOf

__all__ = ["BusyPoll"]


class BusyPoll:
    """
    Waits awake; one for all the sockets of a server.
    """

    #: It is known how many have come.
    counts = True

    #: Seconds for which it waits, and within which somebody has to have come the last time.
    longest = 0.0008

    #: Seconds after which a processor that was offered to other processes would be back if
    #: none of them wanted it.
    late = 0.00003

    #: How many waits are skipped, at most, after others needed the reactor or the processor
    #: during one: one the first time, and then twice as many each time.
    mostSkipped = 64

    def __init__(self, reactor: Any) -> None:
        """
        @param reactor: what else is to be done is known of one that uses epoll(7); with
            any other nobody waits here.
        """
        self._reactor = reactor
        self._seconds: Callable[[], float] = reactor.seconds
        self._others = _pollOf(reactor)
        #: When somebody had been served last, and until when it may be awake.
        self._served = 0.0
        self._until = 0.0
        #: How many waits were to be skipped after the last one that was in others' way,
        #: and how many still are.
        self._skip = 0
        self._toSkip = 0
        self._again: IDelayedCall | None = None

    def awaits(self, began: float, waiting: Callable[[], int], found: Callable[[], None]) -> int:
        """
        See L{txinetd.sockets.stream.Awaiting.awaits}.
        """
        now = self._seconds()
        soon = began - self._served < self.longest
        self._served = now
        if not soon or self._others is None:
            return 0
        if self._toSkip:
            self._toSkip -= 1
            return 0
        self.cease()
        if self._others.poll(0):
            return 0
        self._until = now + self.longest
        return self._wait(waiting, found)

    def cease(self) -> None:
        """
        See L{txinetd.sockets.stream.Awaiting.cease}.
        """
        again, self._again = self._again, None
        if again is not None:
            again.cancel()

    def _wait(self, waiting: Callable[[], int], found: Callable[[], None]) -> int:
        """
        Wait, until the reactor has something to do or it has taken too long.
        """
        assert self._others is not None
        others, seconds = self._others.poll, self._seconds
        if others(0):
            return 0
        timeout = self._reactor.timeout()
        now = seconds()
        # Nothing is to be far away if the clock has been set back.
        due = min(self._until, now + self.longest)
        if timeout is not None:
            due = min(due, now + timeout)
        while now < due:
            if others(0):
                # The reactor watches the socket as well.
                count = waiting()
                if count:
                    self._skip = 0
                else:
                    self._backOff()
                return count
            os.sched_yield()
            before, now = now, seconds()
            if abs(now - before) > self.late:
                # Late, or the clock has been set.
                self._backOff()
                return 0
        if now < self._until <= now + self.longest:
            self._again = self._reactor.callLater(0, self._goOn, waiting, found)
        return 0

    def _backOff(self) -> None:
        """
        Others had to wait for this: skip some.
        """
        self._skip = min(2 * self._skip or 1, self.mostSkipped)
        self._toSkip = self._skip

    def _goOn(self, waiting: Callable[[], int], found: Callable[[], None]) -> None:
        """
        What was to be done at its time has been done.
        """
        self._again = None
        if self._wait(waiting, found):
            found()


def _pollOf(reactor: Any) -> select.poll | None:
    """
    What tells whether any of a reactor's descriptors is ready, or C{None} where that
    cannot be known; and where there is but one processor, which those need who are to
    come.
    """
    poller = epollOf(reactor)
    if poller is None or len(os.sched_getaffinity(0)) < 2:
        return None
    poll = select.poll()
    poll.register(poller, select.POLLIN)
    return poll
