# -*- test-case-name: tests.test_sockets_stream -*-
"""
Being told by the reactor that a socket is readable, and nothing else: the socket
is not read, not owned, and not closed here.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

__all__ = ["Readable"]


@implementer(IReadDescriptor)
class Readable:
    """
    Watches one socket.
    """

    log = Logger()

    def __init__(self, reactor: Any, sock: socket.socket, ready: Callable[[], None]) -> None:
        """
        @param reactor: watches.
        @param sock: what to watch.
        @param ready: called whenever C{sock} is readable.
        """
        self._reactor = reactor
        self._descriptor = sock.fileno()
        self._ready = ready
        self._watching = False

    def fileno(self) -> int:
        """
        The socket's descriptor.
        """
        return self._descriptor

    def logPrefix(self) -> str:
        """
        For the reactor's log.
        """
        return "txinetd"

    @property
    def isWatching(self) -> bool:
        """
        Whether the reactor is to tell.
        """
        return self._watching

    def watch(self) -> None:
        """
        Begin.
        """
        if not self._watching:
            self._watching = True
            self._reactor.addReader(self)

    def pause(self) -> None:
        """
        Cease.
        """
        if self._watching:
            self._watching = False
            self._reactor.removeReader(self)

    def doRead(self) -> None:
        """
        The socket is readable.
        """
        try:
            self._ready()
        except Exception:
            # The reactor would forget this socket, and with it the service.
            self.log.failure("an arrival could not be handled")

    def connectionLost(self, reason: Failure) -> None:
        """
        The reactor is going away.
        """
        self._watching = False
