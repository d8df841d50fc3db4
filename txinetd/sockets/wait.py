# -*- test-case-name: tests.integration.test_servers -*-
"""
Watching a socket on behalf of one who will take it over when somebody knocks.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from txinetd.sockets.readable import Readable

__all__ = ["WaitWatcher", "isIntact"]


class WaitWatcher:
    """
    Tells once that somebody has knocked, and then looks away until told to look
    again.
    """

    def __init__(self, reactor: Any, sock: socket.socket, ready: Callable[[], None]) -> None:
        """
        @param reactor: watches the socket.
        @param sock: a listening or bound socket.
        @param ready: called when it is readable; by then it is not watched any
            more.
        """
        self._ready = ready
        self._readable = Readable(reactor, sock, self._knocked)

    def resume(self) -> None:
        """
        Look.
        """
        self._readable.watch()

    def stop(self) -> None:
        """
        Look away.
        """
        self._readable.pause()

    def _knocked(self) -> None:
        """
        The socket is readable.
        """
        self._readable.pause()
        self._ready()


def isIntact(sock: socket.socket) -> bool:
    """
    Whether a socket that another process had still does what it is for: that one
    may have shut it down or connected it.

    @param sock: a socket that was listening, or bound and unconnected.
    """
    if sock.type != socket.SOCK_DGRAM:
        return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    try:
        sock.getpeername()
    except OSError:
        return True
    return False
