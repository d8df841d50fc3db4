# -*- test-case-name: tests.test_sockets_closing -*-
"""
How to close a connection that nobody served so that its client sees an ordinary
end of file.

The kernel answers a close(2) with input left unread, and input that comes after
a close(2), by a reset (RFC 2525, 2.17), which clients report as a failure and
which may overtake the end of file.  So this side is closed for writing first,
and what the client sends meanwhile is read and thrown away, for a while.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall

from txinetd.sockets.readable import Readable

__all__ = ["Closer", "closeNow"]

_PIECE = 65536

#: Closes a connection of which nobody has made a file, which is all that
#: L{socket.socket.close} would look after besides.
closeNow: Callable[[socket.socket], None] = socket.SocketType.close


class Closer:
    """
    Closes connections without a reset, as far as that costs little: so many of
    them at a time, for so long, and for so much input.
    """

    #: Connections that linger, at most; more are closed at once.
    most = 100

    #: Seconds that one lingers, at most.
    patience = 2.0

    #: Bytes read of one, at most.
    longest = 1 << 20

    def __init__(self, reactor: Any) -> None:
        """
        @param reactor: watches those that linger.
        """
        self._reactor = reactor
        self._lingering: set[_Lingering] = set()

    def __len__(self) -> int:
        return len(self._lingering)

    def close(self, connection: socket.socket) -> None:
        """
        Close a connection, now or soon.  Never blocks, never raises.

        @param connection: a connected stream socket; not the caller's any more.
        """
        try:
            connection.setblocking(False)
            connection.shutdown(socket.SHUT_WR)
            ended = not connection.recv(_PIECE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            ended = False
        except OSError:
            ended = True  # the client is gone already
        if ended or len(self._lingering) >= self.most:
            connection.close()
            return
        self._lingering.add(_Lingering(self._reactor, connection, self))

    def forget(self, lingering: _Lingering) -> None:
        """
        One of them is closed.
        """
        self._lingering.discard(lingering)

    def closeAll(self) -> None:
        """
        Close those that linger.
        """
        for lingering in tuple(self._lingering):
            lingering.close()


class _Lingering:
    """
    One connection whose client has not closed yet.
    """

    def __init__(self, reactor: Any, connection: socket.socket, closer: Closer) -> None:
        self._connection = connection
        self._closer = closer
        self._left = closer.longest
        self._readable = Readable(reactor, connection, self._ready)
        self._readable.watch()
        self._timer: IDelayedCall = reactor.callLater(closer.patience, self.close)

    def _ready(self) -> None:
        """
        The client has sent something, or has closed.
        """
        try:
            # Whoever has a copy may have made it blocking again.
            piece = self._connection.recv(_PIECE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        self._left -= len(piece)
        if not piece or self._left < 0:
            self.close()

    def close(self) -> None:
        """
        Enough.
        """
        if self._timer.active():
            self._timer.cancel()
        self._readable.pause()
        self._connection.close()
        self._closer.forget(self)
