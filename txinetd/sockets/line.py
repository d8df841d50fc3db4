# -*- test-case-name: tests.test_sockets_line -*-
"""
Reading one line from a connection and not one byte more, so that whoever gets the
connection afterwards misses nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall

from txinetd.sockets.readable import Readable

__all__ = ["LineReader"]

#: What ends a line: LF, with CR before it or not.
_END = b"\n"


class LineReader:
    """
    Waits for a connection's first line, for so long and so many bytes.  The mode of
    the connection (blocking or not) stays as it is.
    """

    def __init__(
        self,
        reactor: Any,
        connection: socket.socket,
        longest: int,
        patience: float,
        done: Callable[[bytes | None, str], None],
    ) -> None:
        """
        @param reactor: watches the connection.
        @param connection: a connected stream socket; it stays the caller's.
        @param longest: how long the line may be, without its end.
        @param patience: seconds until it must be there.
        @param done: called once, with the line without its end, or with C{None} and
            why there is none.  Not called after L{cancel}.
        """
        self._connection = connection
        self._longest = longest
        self._done = done
        self._line = b""
        self._readable = Readable(reactor, connection, self._ready)
        self._readable.watch()
        self._timer: IDelayedCall = reactor.callLater(patience, self._tooLate)

    def cancel(self) -> None:
        """
        Read no more.
        """
        self._readable.pause()
        if self._timer.active():
            self._timer.cancel()

    def _end(self, line: bytes | None, reason: str = "") -> None:
        """
        It is over.
        """
        self.cancel()
        self._done(line, reason)

    def _tooLate(self) -> None:
        """
        The time is up.
        """
        self._end(None, "time-out")

    def _ready(self) -> None:
        """
        There is something: look at it, and take what belongs to the line.
        """
        # With the two bytes of the line's end.
        room = self._longest + 2 - len(self._line)
        try:
            piece = self._connection.recv(room, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            end = piece.find(_END)
            taken = len(piece) if end < 0 else end + 1
            # It is there, as it was seen.
            self._line += self._connection.recv(taken, socket.MSG_DONTWAIT) if piece else b""
        except BlockingIOError:
            return
        except OSError as error:
            self._end(None, error.strerror or "reset")
            return
        if not piece:
            self._end(None, "closed")
        elif end >= 0:
            line = self._line[:-1].removesuffix(b"\r")
            if len(line) > self._longest:
                self._end(None, "too long")
            else:
                self._end(line)
        elif len(self._line) >= self._longest + 2:
            self._end(None, "too long")
