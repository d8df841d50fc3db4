# -*- test-case-name: tests.test_sockets_firstbyte -*-
"""
Waiting until a client has sent something, without reading it: who only looks whether
a port is open, and whoever checks that a service is alive, costs no process.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall

from txinetd.sockets.readable import Readable

__all__ = ["FirstByte"]


class FirstByte:
    """
    Waits for one client.
    """

    def __init__(
        self,
        reactor: Any,
        connection: socket.socket,
        seconds: float,
        came: Callable[[], None],
        closed: Callable[[], None],
        late: Callable[[], None],
    ) -> None:
        """
        @param reactor: watches the connection, and the time.
        @param connection: a connected socket; it is neither read nor closed, and is
            left in the mode that it has.
        @param seconds: how long to wait.
        @param came: called when something has come.
        @param closed: called when the client has closed before that, at least its own
            side.
        @param late: called when the time is over.  One of the three is called, once,
            unless L{cancel} is called first.
        """
        self._connection = connection
        self._came = came
        self._closed = closed
        self._late = late
        self._readable = Readable(reactor, connection, self._ready)
        self._timer: IDelayedCall = reactor.callLater(seconds, self._timeIsUp)
        self._readable.watch()

    def cancel(self) -> None:
        """
        Wait no more.
        """
        self._readable.pause()
        if self._timer.active():
            self._timer.cancel()

    def _ready(self) -> None:
        """
        Something has come, be it the end.
        """
        try:
            there = self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            there = b""
        self.cancel()
        if there:
            self._came()
        else:
            self._closed()

    def _timeIsUp(self) -> None:
        """
        Nothing has come.
        """
        self.cancel()
        self._late()
