# -*- test-case-name: tests.test_record_places -*-
"""
Where records are written: what all places have in common, and the daemon's own log.

Places are used by the writing thread alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from twisted.logger import Logger, LogLevel, globalLogPublisher

from txinetd.logfile import textFile
from txinetd.record.event import ConnectionRecord
from txinetd.record.stamps import Stamp, logTime

__all__ = ["Line", "Place", "TwistedLogPlace"]


class Line(NamedTuple):
    """
    One line to write.

    @ivar when: the time, in seconds since the epoch.
    @ivar text: printable ASCII.
    @ivar dated: whether the text says the time itself.
    @ivar record: what it is about, or C{None} where it is about several.
    """

    when: float
    text: str
    dated: bool = False
    record: ConnectionRecord | None = None


class Place(Protocol):
    """
    Somewhere that lines go to.  Nothing here ever raises, and only the daemon's own
    log may block.
    """

    def write(self, lines: Sequence[Line]) -> int:
        """
        Write lines.

        @return: how many of them had to be dropped.
        """

    def close(self) -> None:
        """
        Let go of files and sockets; the next L{write} opens them anew.
        """


class TwistedLogPlace:
    """
    The daemon's log.
    """

    def __init__(
        self, log: Logger, publish: Callable[[dict[str, Any]], object] = globalLogPublisher
    ) -> None:
        """
        @param log: in whose name.
        @param publish: takes a L{twisted.logger} event.
        """
        self._log = log
        self._publish = publish
        self._stamp = Stamp(logTime)

    def write(self, lines: Sequence[Line]) -> int:
        """
        See L{Place.write}.  Where the log is one file of text, in one go.
        """
        file = textFile() if self._publish is globalLogPublisher else None
        if file is None:
            for line in lines:
                self._publish(
                    {
                        "log_logger": self._log,
                        "log_level": LogLevel.info,
                        "log_namespace": self._log.namespace,
                        "log_source": None,
                        "log_format": "{line}",
                        "log_time": line.when,
                        "line": line.text,
                        "record": line.record,
                    }
                )
            return 0
        system = f"{self._log.namespace}#info"
        text = "".join(f"{self._stamp(line.when)} [{system}] {line.text}\n" for line in lines)
        try:
            file.write(text)
            file.flush()
        except (OSError, ValueError):
            # The disk is full, or the log was closed.
            return len(lines)
        return 0

    def close(self) -> None:
        """
        There is nothing of its own.
        """
