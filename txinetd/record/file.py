# -*- test-case-name: tests.test_record_file -*-
"""
Records in a file of their own, which may be moved away, become too large, or find the
disk full.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence

from twisted.logger import Logger

from txinetd.record.places import Line
from txinetd.record.stamps import Stamp, xinetdTime
from txinetd.record.trouble import Trouble
from txinetd.recording import LogFileDestination

__all__ = ["FilePlace"]


class FilePlace:
    """
    A file that lines are appended to.

    It is opened anew when it has been moved or removed, so whoever rotates logs need
    tell nobody.  What cannot be written is dropped and counted; that is said when it
    begins and when it is over.
    """

    log = Logger()

    def __init__(
        self,
        destination: LogFileDestination,
        write: Callable[[int, bytes], int] = os.write,
    ) -> None:
        """
        @param destination: which file, and how large it may become.
        @param write: write(2).
        """
        self._destination = destination
        self._write = write
        self._descriptor = -1
        self._identity: tuple[int, int] | None = None
        self._stamp = Stamp(xinetdTime)
        #: Whether the last line in the file has no end.
        self._torn = False
        self._trouble = Trouble(destination.path)
        #: The size at which the file was found too large for more.
        self._fullAt: int | None = None
        self._saidSoft = False
        self._why = ""

    def write(self, lines: Sequence[Line]) -> int:
        """
        See L{txinetd.record.places.Place.write}.
        """
        try:
            size = self._open()
            written = self._append(lines, size)
        except OSError as error:
            self._trouble.dropped(len(lines), error.strerror or str(error))
            return len(lines)
        dropped = len(lines) - written
        if dropped:
            self._trouble.dropped(dropped, self._why)
        else:
            self._trouble.over()
        return dropped

    def close(self) -> None:
        """
        See L{txinetd.record.places.Place.close}.
        """
        descriptor, self._descriptor = self._descriptor, -1
        self._identity = None
        if descriptor != -1:
            os.close(descriptor)

    def _open(self) -> int:
        """
        Have the file open that is now at the path.

        @return: its size.
        """
        path = self._destination.path
        try:
            found = os.stat(path)
        except FileNotFoundError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != self._identity:
            self.close()
            # A fifo that nobody reads is trouble, not a reason to wait.
            self._descriptor = os.open(
                path,
                os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY,
                0o640,
            )
            found = os.fstat(self._descriptor)
            self._identity = found.st_dev, found.st_ino
            self._torn = False
            self._saidSoft = False
            self._fullAt = None
        return found.st_size

    def _append(self, lines: Sequence[Line], size: int) -> int:
        """
        Write as many lines as there is room for.

        @param size: of the file.
        @return: how many were written whole.
        """
        soft, hard = self._destination.soft, self._destination.hard
        encoded = [self._encode(line) for line in lines]
        fitting = len(encoded)
        if hard is not None:
            fitting = self._fitting(encoded, size + self._torn, hard)
            self._why = f"it would be larger than {hard} bytes"
        start = b"\n" if self._torn and fitting else b""
        data = start + b"".join(encoded[:fitting])
        done = self._write(self._descriptor, data) if data else 0
        if soft is not None and size + done > soft and not self._saidSoft:
            self._saidSoft = True
            self.log.warn(
                "{path} is larger than {size} bytes", path=self._destination.path, size=soft
            )
        if done < len(data):
            self._why = os.strerror(errno.ENOSPC)
            self._torn = done > 0 and not data[:done].endswith(b"\n")
            left = done - len(start)
            for count, each in enumerate(encoded[:fitting]):
                left -= len(each)
                if left < 0:
                    return count
        if data:
            self._torn = False
        return fitting

    def _fitting(self, encoded: Sequence[bytes], size: int, hard: int) -> int:
        """
        How many lines there is room for.  Once a line did not fit, shorter ones do not
        follow it either, until the file has become smaller or is another one.
        """
        if self._fullAt is not None and size >= self._fullAt:
            return 0
        self._fullAt = None
        for count, each in enumerate(encoded):
            if size + len(each) > hard:
                self._fullAt = size
                return count
            size += len(each)
        return len(encoded)

    def _encode(self, line: Line) -> bytes:
        """
        A line as it stands in the file.
        """
        text = line.text if line.dated else f"{self._stamp(line.when)}: {line.text}"
        return text.encode("ascii", "backslashreplace") + b"\n"
