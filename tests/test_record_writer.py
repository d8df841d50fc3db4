"""
Tests for L{txinetd.record.writer}, L{txinetd.record.output} and L{txinetd.record.places}.
"""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Any

from twisted.internet import defer
from twisted.internet import reactor as _reactor
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import TestCase

from tests.record_support import record
from txinetd.record import RecordLog, formatRecord
from txinetd.recording import Aggregation, LogFileDestination, RecordFormat, Recording

reactor: Any = _reactor


class RecordLogTests(TestCase):
    """
    Tests for L{RecordLog}.
    """

    @defer.inlineCallbacks
    def test_everythingIsWrittenBeforeTheEnd(self) -> Any:
        """
        When stopping is done, all that was recorded has been written, in order.
        """
        written: list[str] = []
        log = RecordLog(reactor, lambda event: written.append(event["line"]))
        log.startService()
        records = [record(identifier=number) for number in range(100)]
        for each in records:
            log.record(each)
        yield log.stopService()
        self.assertEqual(written, [formatRecord(each) for each in records])

    @defer.inlineCallbacks
    def test_writtenInAnotherThread(self) -> Any:
        """
        The log is written by a thread of its own, so that a slow one does not hold
        up the reactor.
        """
        threads: list[threading.Thread] = []
        log = RecordLog(reactor, lambda event: threads.append(threading.current_thread()))
        log.startService()
        log.record(record())
        yield log.stopService()
        self.assertNotEqual(threads, [threading.main_thread()])

    @defer.inlineCallbacks
    def test_notWokenForServers(self) -> Any:
        """
        The thread does not take SIGCHLD, and all other signals as any thread does.
        """
        masks: list[set[int]] = []
        log = RecordLog(
            reactor, lambda event: masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        )
        log.startService()
        log.record(record())
        yield log.stopService()
        own = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self.assertEqual(masks, [own | {signal.SIGCHLD}])

    @defer.inlineCallbacks
    def test_stuckLogCostsRecordsOnly(self) -> Any:
        """
        While the log is stuck, recording goes on without blocking or growing, and
        what had to be dropped is counted.
        """
        unstick = threading.Event()
        entered = threading.Event()
        written: list[dict[str, Any]] = []

        def publish(event: dict[str, Any]) -> None:
            entered.set()
            unstick.wait()
            written.append(event)

        log = RecordLog(reactor, publish)
        log.capacity = 5
        log.startService()
        log.record(record())
        entered.wait()
        for _ in range(8):
            log.record(record())
        unstick.set()
        yield log.stopService()
        self.assertEqual((len(written), log.dropped), (6, 3))

    @defer.inlineCallbacks
    def test_brokenLog(self) -> Any:
        """
        A log that raises costs the records that it was given, and not those after.
        """
        raising = [True]
        written: list[str] = []

        def publish(event: dict[str, Any]) -> None:
            if raising:
                raising.pop()
                raise ValueError("broken")
            written.append(event["line"])

        log = RecordLog(reactor, publish)
        log.startService()
        log.record(record())
        while raising:
            yield deferLater(reactor, 0.001)
        log.record(record())
        yield log.stopService()
        self.assertEqual((len(written), log.dropped), (1, 1))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    @defer.inlineCallbacks
    def test_restarts(self) -> Any:
        """
        A log that has been stopped can be started again.
        """
        written: list[str] = []
        log = RecordLog(reactor, lambda event: written.append(event["line"]))
        for _ in range(2):
            log.startService()
            log.record(record())
            yield log.stopService()
        self.assertEqual(len(written), 2)

    @defer.inlineCallbacks
    def test_eachServiceItsOwn(self) -> Any:
        """
        Records go where, and look as, their own service says.
        """
        published: list[str] = []
        paths = [Path(self.mktemp()).absolute() for _ in range(2)]
        recordings = [
            Recording(RecordFormat.JSON, LogFileDestination(str(paths[0]))),
            Recording(RecordFormat.XINETD, LogFileDestination(str(paths[1]))),
        ]
        log = RecordLog(reactor, lambda event: published.append(event["line"]))
        log.startService()
        log.record(record(service="one"))
        log.record(record(service="two", recording=recordings[0]))
        log.record(record(service="three", recording=recordings[1], pid=3))
        yield log.stopService()
        self.assertEqual(len(published), 1)
        self.assertIn("service=one", published[0])
        self.assertEqual(json.loads(paths[0].read_text())["service"], "two")
        self.assertRegex(
            paths[1].read_text(),
            r"^\d\d/\d+/\d+@\d\d:\d\d:\d\d: EXIT: three status=0 pid=3 duration=0\(sec\)\n$",
        )

    @defer.inlineCallbacks
    def test_notAskedFor(self) -> Any:
        """
        Nothing is written of what no word asks for.
        """
        published: list[str] = []
        log = RecordLog(reactor, lambda event: published.append(event["line"]))
        log.startService()
        quiet = Recording(onSuccess=frozenset())
        log.record(record(recording=quiet))
        log.record(record(recording=Recording(onFailure=frozenset()), verdict="failed"))
        log.record(record(recording=quiet, verdict="failed", reason="exec: no"))
        yield log.stopService()
        self.assertEqual(["reason=" in line for line in published], [True])

    @defer.inlineCallbacks
    def test_flood(self) -> Any:
        """
        Of a flood of refusals the first are written each, the number of the others
        when their time is over, and that of the last ones at the end.
        """
        published: list[str] = []
        clock = Clock()
        clock.callFromThread = reactor.callFromThread  # type: ignore[attr-defined]
        log = RecordLog(clock, lambda event: published.append(event["line"]), clock.seconds)
        log.startService()
        few = Recording(aggregation=Aggregation(first=2, seconds=10.0))
        refused = {"verdict": "refused", "rule": "address", "recording": few}
        for _ in range(7):
            log.record(record(**refused))
        clock.advance(10.0)
        for _ in range(3):
            log.record(record(**refused))
        yield log.stopService()
        more = [line for line in published if "more refused" in line]
        self.assertEqual(len(published) - len(more), 4)
        self.assertEqual(
            more,
            [
                "5 more refused from 192.0.2.0/24 in 10 s: service=ftp rule=address",
                "1 more refused from 192.0.2.0/24 in 0 s: service=ftp rule=address",
            ],
        )
        self.assertEqual(clock.getDelayedCalls(), [])

    @defer.inlineCallbacks
    def test_reopen(self) -> Any:
        """
        After reopening, files that nobody records to any more are let go of, and
        what was recorded before is in them.
        """
        path = Path(self.mktemp()).absolute()
        log = RecordLog(reactor)
        log.startService()
        own = Recording(destination=LogFileDestination(str(path)))
        log.record(record(recording=own))
        log.reopen()
        log.record(record(recording=own))
        # The new one is known, and will be closed in its turn.
        self.assertEqual(len(log._places), 1)
        yield log.stopService()
        self.assertEqual(len(path.read_text().splitlines()), 2)
