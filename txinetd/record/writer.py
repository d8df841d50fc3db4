# -*- test-case-name: tests.test_record_writer -*-
"""
Records do not go through the log's formatting on the reactor: their line is made
here, cheaply, and a thread writes it, so that a log that is slow or stuck costs
records (counted) and never service.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.application import service
from twisted.internet import defer
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger, globalLogPublisher

from txinetd.record.event import ConnectionRecord
from txinetd.record.file import FilePlace
from txinetd.record.output import Output
from txinetd.record.places import Line, Place, TwistedLogPlace
from txinetd.record.syslog import SyslogPlace
from txinetd.recording import (
    LogFileDestination,
    RecordFormat,
    Recording,
    SyslogDestination,
)

__all__ = ["RecordLog"]


class RecordLog(service.Service):
    """
    Writes each record as its own L{Recording} says, from one thread for all.

    As a service it is started before and stopped after what it records: what
    has been published by then is written before C{stopService}'s Deferred fires,
    unless the log is stuck.
    """

    log = Logger()

    #: Lines waiting to be written, at most; more are counted and dropped.
    capacity = 20_000

    #: Seconds that the thread lets records gather, so that it takes the
    #: interpreter from the reactor rarely.
    pause = 0.05

    #: Seconds that stopping waits for a stuck log.
    patience = 2.0

    def __init__(
        self,
        reactor: Any,
        publish: Callable[[dict[str, Any]], object] = globalLogPublisher,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        @param reactor: where C{stopService}'s Deferred is to fire, and whose timer
            says when it is time to speak of refusals that were only counted.
        @param publish: takes a L{twisted.logger} event; called in the thread.
        @param clock: monotonic seconds.
        """
        self._reactor = reactor
        self._publish = publish
        self._clock = clock
        #: C{None} for a line: the place is to be closed.
        self._queue: deque[tuple[Place, Line | None]] = deque()
        self._outputs: dict[Recording, Output] = {}
        #: What was asked for last, and what that has led to.
        self._latest: tuple[Recording, Output] | tuple[None, None] = None, None
        self._places: dict[object, Place] = {}
        # One for each thread, as neither waits for the other.
        self._notTaken = 0
        self._notWritten = 0
        self._said = 0
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._ending = False
        self._timer: IDelayedCall | None = None

    @property
    def dropped(self) -> int:
        """
        How many lines could not be written.
        """
        return self._notTaken + self._notWritten

    def record(self, record: ConnectionRecord) -> None:
        """
        Note what happened.  Costs microseconds and never blocks.

        @param record: it is not to be changed any more.
        """
        recording = record.recording
        if recording is self._latest[0]:
            output = self._latest[1]
        else:
            # To find one by what it says takes longer, and most records say the same one.
            output = self._outputs.get(recording) or self._makeOutput(recording)
            self._latest = recording, output
        self._put(output, output.lines(record, time.time(), self._clock()))
        if (
            record.verdict == "refused"
            and self._timer is None
            and output.isPending
            and self._thread is not None
        ):
            assert output.period is not None
            self._timer = self._reactor.callLater(output.period, self._due)

    def reopen(self) -> None:
        """
        Open files and sockets anew for what is recorded from now on, and forget
        those that nobody records to any more.
        """
        self._putRest()
        places, self._places = self._places, {}
        self._outputs = {}
        self._latest = None, None
        for place in places.values():
            self._queue.append((place, None))
        self._wake.set()

    def _makeOutput(self, recording: Recording) -> Output:
        """
        The output of a recording that was not met before.
        """
        destination = recording.destination
        ident = "xinetd" if recording.format is RecordFormat.XINETD else "txinetd"
        key = (destination, ident) if isinstance(destination, SyslogDestination) else destination
        place = self._places.get(key)
        if place is None:
            if isinstance(destination, SyslogDestination):
                place = SyslogPlace(destination, ident)
            elif isinstance(destination, LogFileDestination):
                place = FilePlace(destination)
            else:
                place = TwistedLogPlace(self.log, self._publish)
            self._places[key] = place
        output = self._outputs[recording] = Output(recording, place)
        return output

    def _put(self, output: Output, lines: list[Line]) -> None:
        """
        Have lines written.
        """
        for line in lines:
            if len(self._queue) >= self.capacity:
                self._notTaken += 1
                continue
            self._queue.append((output.place, line))
        if lines and not self._wake.is_set():
            self._wake.set()

    def _due(self) -> None:
        """
        Speak of what was counted, as far as it is time.
        """
        self._timer = None
        when, now = time.time(), self._clock()
        pending = False
        for output in self._outputs.values():
            self._put(output, output.due(when, now))
            pending = pending or output.isPending
        if pending:
            self._timer = self._reactor.callLater(1.0, self._due)

    def _putRest(self) -> None:
        """
        Speak of all that was counted.
        """
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        for output in self._outputs.values():
            self._put(output, output.rest(time.time(), self._clock()))

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
        self.reopen()
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
        # While the reactor's thread starts a server it takes no signals, and the kernel
        # would wake this one for each server that ends meanwhile.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        while True:
            self._wake.wait()
            ending = self._ending
            self._wake.clear()
            self._drain()
            if ending:
                return
            time.sleep(self.pause)

    def _drain(self) -> None:
        """
        Write everything that is in the queue, to each place in one go.
        """
        while self._queue:
            gathered: dict[Place, list[Line]] = {}
            closing: list[Place] = []
            for _ in range(len(self._queue)):
                place, line = self._queue.popleft()
                if line is None:
                    closing.append(place)
                else:
                    gathered.setdefault(place, []).append(line)
            for place, lines in gathered.items():
                try:
                    self._notWritten += place.write(lines)
                except Exception:
                    # What publishes may be anybody's; one fault must not end all records.
                    self._notWritten += len(lines)
                    self.log.failure("records could not be written")
            # Nothing is put to a place after it was said that it is to be closed.
            for place in closing:
                place.close()
        untold = self._notTaken - self._said
        if untold:
            self._said += untold
            self.log.warn("{count} records dropped: the log is too slow", count=untold)
