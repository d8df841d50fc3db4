"""
Tests for L{txinetd.record}.
"""

from __future__ import annotations

import threading
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import defer
from twisted.internet import reactor as _reactor
from twisted.trial.unittest import SynchronousTestCase, TestCase

from txinetd.record import ConnectionRecord, RecordLog, formatRecord, safe

reactor: Any = _reactor


def record(**changes: Any) -> ConnectionRecord:
    """
    A record with something in every field that must have it.
    """
    made = ConnectionRecord(7, "ftp", "tcp", "127.0.0.1:21", "192.0.2.1:4000", 0.0, 0.0)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


class FormatTests(SynchronousTestCase):
    """
    Tests for L{formatRecord} and L{safe}.
    """

    def test_served(self) -> None:
        """
        A connection that a program served shows the program's end.
        """
        line = formatRecord(record(pid=12, user="nobody", duration=1.5, status=3, cpu=0.004))
        self.assertEqual(
            line,
            "service=ftp protocol=tcp peer=192.0.2.1:4000 local=127.0.0.1:21 verdict=served"
            " pid=12 user=nobody duration=1.500 exit=3 cpu=0.004 id=7",
        )

    def test_signal(self) -> None:
        """
        A program that a signal ended shows the signal instead of a status.
        """
        line = formatRecord(record(pid=12, signal=9))
        self.assertIn(" signal=9 ", line)
        self.assertNotIn("exit=", line)

    def test_refused(self) -> None:
        """
        A refused connection shows why and has no process.
        """
        line = formatRecord(record(verdict="refused", reason="starts-per-minute"))
        self.assertIn(" verdict=refused reason=starts-per-minute duration=", line)
        self.assertNotIn("pid=", line)

    def test_harmlessTextIsUnchanged(self) -> None:
        """
        Ordinary names and addresses stand as they are.
        """
        self.assertEqual(safe("[::1]:80"), "[::1]:80")

    def test_lineBreakCannotForgeARecord(self) -> None:
        """
        A line break in a name stays within its field, as an escape.
        """
        self.assertEqual(safe('x\nservice="y"'), '"x\\nservice=\\"y\\""')

    def test_emptyTextIsVisible(self) -> None:
        """
        An empty value is shown as such.
        """
        self.assertEqual(safe(""), '""')

    @given(st.text())
    def test_alwaysOnePrintableField(self, text: str) -> None:
        """
        Whatever the text, the field is printable ASCII on one line, and blanks
        stand only between quotes.
        """
        result = safe(text)
        self.assertTrue(result.isascii() and result.isprintable())
        self.assertTrue(" " not in result or (result[0] == result[-1] == '"'))


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
