# -*- test-case-name: tests.test_record_syslog -*-
"""
Records for the system's logger, by its socket.

The standard library's C{SysLogHandler} is not used: its socket blocks, so a logger
that does not read would hold up every other record; and it knows no records that
were dropped.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable, Sequence

from txinetd.record.places import Line
from txinetd.record.stamps import Stamp, syslogTime
from txinetd.record.trouble import Trouble
from txinetd.recording import FACILITIES, PRIORITIES, SyslogDestination

__all__ = ["SyslogPlace"]


class SyslogPlace:
    """
    The socket of the system's logger: of datagrams, or of a stream where it is one.

    It never blocks.  What the logger does not take at once is dropped and counted;
    one that has gone away is looked for again, at most once in L{pause} seconds.
    """

    #: Seconds between two attempts to reach a logger that is not there.
    pause = 1.0

    def __init__(
        self,
        destination: SyslogDestination,
        ident: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        @param destination: which logger, and what it is to make of the lines.
        @param ident: what stands before each line, if the destination says nothing.
        @param clock: monotonic seconds.
        """
        self._path = destination.path
        number = FACILITIES[destination.facility] * 8 + PRIORITIES[destination.priority]
        self._priority = f"<{number}>"
        self._ident = f"{destination.ident or ident}[{os.getpid()}]: "
        self._clock = clock
        self._socket: socket.socket | None = None
        self._stream = False
        #: What a stream has still to get of the line that it has begun to take.
        self._rest = b""
        self._again = float("-inf")
        self._stamp = Stamp(syslogTime)
        self._trouble = Trouble(destination.path, clock)
        self._why = ""

    def write(self, lines: Sequence[Line]) -> int:
        """
        See L{txinetd.record.places.Place.write}.
        """
        for number, line in enumerate(lines):
            why = self._send(self._encode(line))
            if why:
                # What does not take one line now does not take the next one either.
                dropped = len(lines) - number
                self._why = why
                self._trouble.dropped(dropped, why)
                return dropped
        if lines:
            self._trouble.over()
        return 0

    def close(self) -> None:
        """
        See L{txinetd.record.places.Place.close}.
        """
        own, self._socket = self._socket, None
        self._rest = b""
        self._again = float("-inf")
        if own is not None:
            own.close()

    def _encode(self, line: Line) -> bytes:
        """
        A line as the logger wants it.
        """
        text = f"{self._priority}{self._stamp(line.when)} {self._ident}{line.text}"
        return text.encode("ascii", "backslashreplace")

    def _send(self, message: bytes) -> str:
        """
        Send one message, over a new socket where the old one is of no use any more.

        @return: why it was not sent, or nothing.
        """
        for _ in range(2):
            try:
                own = self._connected()
                if own is None:
                    return self._why or os.strerror(errno.ENOTCONN)
                self._sendOver(own, message)
            except BlockingIOError:
                return "it does not keep up"
            except OSError as error:
                why = os.strerror(error.errno or 0)
                if error.errno in (errno.EMSGSIZE, errno.ENOBUFS):
                    return why
                self.close()
                self._again = self._clock() + self.pause
                if not _wasThere(error):
                    return why
                # It was there when this socket was made: perhaps it was restarted.
                self._again = float("-inf")
                continue
            return ""
        self._again = self._clock() + self.pause
        return why

    def _connected(self) -> socket.socket | None:
        """
        A socket that leads to the logger; C{None} when it is too early to try.
        """
        if self._socket is not None:
            return self._socket
        if self._clock() < self._again:
            return None
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            own = socket.socket(socket.AF_UNIX, kind)
            own.setblocking(False)
            try:
                own.connect(self._path)
            except OSError as error:
                own.close()
                if error.errno == errno.EPROTOTYPE and kind == socket.SOCK_DGRAM:
                    continue
                raise
            self._socket, self._stream = own, kind == socket.SOCK_STREAM
            break
        return self._socket

    def _sendOver(self, own: socket.socket, message: bytes) -> None:
        """
        Send one message.

        @raise BlockingIOError: if there is no room for it.
        """
        if not self._stream:
            own.send(message)
            return
        if self._rest:
            self._rest = self._rest[own.send(self._rest) :]
            if self._rest:
                raise BlockingIOError
        # As syslog(3) ends its messages on a stream.
        data = message + b"\0"
        self._rest = data[own.send(data) :]


def _wasThere(error: OSError) -> bool:
    """
    Whether an error means that somebody was at the other end and is so no longer.
    """
    return error.errno in (errno.EPIPE, errno.ECONNRESET, errno.ECONNREFUSED, errno.ENOTCONN)
