# -*- test-case-name: tests.test_record -*-
"""
What happened, once per connection: one record, one line.

Records do not go through the log's formatting on the reactor: their line is
made here, cheaply, and a thread hands it to the log, so that a log that is slow
or stuck costs records (counted) and never service.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import attrs
from twisted.application import service
from twisted.internet import defer
from twisted.internet.interfaces import IReactorThreads
from twisted.logger import Logger, LogLevel, globalLogPublisher

from txinetd.logfile import LogFile, Stamps, textFile

__all__ = ["ConnectionRecord", "RecordLog", "formatRecord"]

#: Characters that may stand in a record's value as they are: everything
#: printable in ASCII but the blank, the double quote and the backslash.
_PLAIN = frozenset(chr(code) for code in range(0x21, 0x7F)) - {'"', "\\"}


def safe(text: str) -> str:
    """
    Make text that may come from the network fit for one field of one line.

    @param text: anything.
    @return: the text itself where it is harmless, else in double quotes with
        every other character as a backslash escape.
    """
    if text and _PLAIN.issuperset(text):
        return text
    escaped = "".join(
        character
        if character in _PLAIN or character == " "
        else character.encode("unicode_escape").decode("ascii")
        if character not in '"\\'
        else "\\" + character
        for character in text
    )
    return f'"{escaped}"'


@attrs.define(eq=False)
class ConnectionRecord:
    """
    One arrival at one service and what became of it.

    @ivar identifier: a number that no other record of this process has.
    @ivar service: the service's name.
    @ivar protocol: C{tcp}, C{udp} or C{unix}.
    @ivar local: the address it arrived at, as text.
    @ivar peer: where it came from, as text; C{-} where that cannot be known.
    @ivar arrived: the wall clock then, in seconds.
    @ivar started: the monotonic clock then, in seconds.
    @ivar verdict: C{served}, C{refused} (by the gate) or C{failed} (allowed, but
        could not be served).
    @ivar reason: why it was refused or failed; empty when served.
    @ivar pid: the server's process id, or C{None} where no process was started.
    @ivar user: whom the server ran as.
    @ivar duration: from arrival to end, in seconds.
    @ivar status: the server's exit status, or C{None}.
    @ivar signal: the signal that ended it, or C{None}.
    @ivar cpu: user and system time of the server and its waited-for children,
        in seconds, or C{None} where it is not known.
    """

    identifier: int
    service: str
    protocol: str
    local: str
    peer: str
    arrived: float
    started: float
    verdict: str = "served"
    reason: str = ""
    pid: int | None = None
    user: str = ""
    duration: float = 0.0
    status: int | None = None
    signal: int | None = None
    cpu: float | None = None
    waited: float = 0.0


def formatRecord(record: ConnectionRecord) -> str:
    """
    A record as one line of C{key=value} fields.  The keys and their order are
    stable; a field that does not apply is left out.

    @param record: what happened.
    """
    parts = [
        f"service={safe(record.service)} protocol={record.protocol} peer={safe(record.peer)}"
        f" local={safe(record.local)} verdict={record.verdict}"
    ]
    if record.reason:
        parts.append(f"reason={safe(record.reason)}")
    if record.pid is not None:
        parts.append(f"pid={record.pid} user={safe(record.user)}")
    parts.append(f"duration={record.duration:.3f}")
    if record.status is not None:
        parts.append(f"exit={record.status}")
    if record.signal is not None:
        parts.append(f"signal={record.signal}")
    if record.cpu is not None:
        parts.append(f"cpu={record.cpu:.3f}")
    parts.append(f"id={record.identifier}")
    return " ".join(parts)


class RecordLog(service.Service):
    """
    Writes records to the log from a thread of its own.

    As a service it is started before and stopped after what it records: what
    has been published by then is written before C{stopService}'s Deferred fires,
    unless the log is stuck.

    @ivar dropped: how many records could not be written.
    """

    log = Logger()

    #: Records waiting to be written, at most; more are counted and dropped.
    capacity = 20_000

    #: Seconds that the thread lets records gather, so that it takes the
    #: interpreter from the reactor rarely.
    pause = 0.05

    #: Seconds that stopping waits for a stuck log.
    patience = 2.0

    def __init__(
        self,
        reactor: IReactorThreads,
        publish: Callable[[dict[str, Any]], object] = globalLogPublisher,
    ) -> None:
        """
        @param reactor: where C{stopService}'s Deferred is to fire.
        @param publish: takes a L{twisted.logger} event; called in the thread.
        """
        self._reactor = reactor
        self._publish = publish
        self._queue: deque[tuple[float, str, ConnectionRecord]] = deque()
        self.dropped = 0
        self._said = 0
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._ending = False
        self._stamp = Stamps()

    def record(self, record: ConnectionRecord) -> None:
        """
        Note what happened.  Costs microseconds and never blocks.

        @param record: a finished record; it is not to be changed any more.
        """
        if len(self._queue) >= self.capacity:
            self.dropped += 1
            return
        self._queue.append((time.time(), formatRecord(record), record))
        if not self._wake.is_set():
            self._wake.set()

    def startService(self) -> None:
        """
        Start the thread.
        """
        super().startService()
        self._ending = False
        self._thread = threading.Thread(target=self._write, name="txinetd records", daemon=True)
        self._thread.start()

    def stopService(self) -> defer.Deferred[None]:
        """
        Write what is still to be written and end the thread.
        """
        super().stopService()
        thread, self._thread = self._thread, None
        finished: defer.Deferred[None] = defer.Deferred()
        if thread is None:
            finished.callback(None)
            return finished
        self._ending = True
        self._wake.set()
        # Not in the reactor's thread pool: by now that may be stopping, too.
        threading.Thread(target=self._join, args=(thread, finished), daemon=True).start()
        return finished

    def _join(self, thread: threading.Thread, finished: defer.Deferred[None]) -> None:
        """
        Wait for the writing thread, then say so in the reactor's.
        """
        thread.join(self.patience)
        self._reactor.callFromThread(finished.callback, None)

    def _write(self) -> None:
        """
        The thread: write until told to end and nothing is left.
        """
        while True:
            self._wake.wait()
            ending = self._ending
            self._wake.clear()
            self._drain()
            if ending:
                return
            time.sleep(self.pause)

    def _writeTo(self, file: LogFile) -> None:
        """
        Write what is in the queue in one go.
        """
        system = f"{self.log.namespace}#info"
        lines = []
        for _ in range(len(self._queue)):
            when, line, _ = self._queue.popleft()
            lines.append(f"{self._stamp(when)} [{system}] {line}\n")
        if lines:
            file.write("".join(lines))
            file.flush()

    def _drain(self) -> None:
        """
        Write everything that is in the queue.
        """
        file = textFile() if self._publish is globalLogPublisher else None
        if file is not None:
            self._writeTo(file)
        while self._queue:
            when, line, record = self._queue.popleft()
            self._publish(
                {
                    "log_logger": self.log,
                    "log_level": LogLevel.info,
                    "log_namespace": self.log.namespace,
                    "log_source": None,
                    "log_format": "{line}",
                    "log_time": when,
                    "line": line,
                    "record": record,
                }
            )
        dropped = self.dropped - self._said
        if dropped:
            self._said += dropped
            self.log.warn("{count} records dropped: the log is too slow", count=dropped)
