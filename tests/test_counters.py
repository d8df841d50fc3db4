"""
Tests for L{txinetd.counters}.
"""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from tests.record_support import record
from txinetd.counters import OTHER, Counters, Tally, formatState


class TallyTests(SynchronousTestCase):
    """
    Tests for L{Tally}.
    """

    def test_bounded(self) -> None:
        """
        What there are too many kinds of is counted together; nothing is lost.
        """
        tally = Tally()
        for number in range(1000):
            tally.add(str(number))
        self.assertEqual(len(tally.items()), tally.most + 1)
        self.assertEqual((tally.total, tally.items()[OTHER]), (1000, 1000 - tally.most))


class CountersTests(SynchronousTestCase):
    """
    Tests for L{Counters}.
    """

    def setUp(self) -> None:
        self.counters = Counters()
        self.ftp = self.counters.forService("ftp", "stream")

    def test_ends(self) -> None:
        """
        Each end is counted as what it was.
        """
        self.ftp.accepted = self.ftp.running = 5
        self.ftp.ended(record(status=3, duration=2.0))
        self.ftp.ended(record(signal=9, duration=1.0))
        self.ftp.ended(record(verdict="failed", reason="exec: No such file or directory"))
        self.ftp.ended(record(received=3, sent=4))
        found = self.ftp.snapshot()
        self.assertEqual(
            {name: found[name] for name in ("running", "exits", "signals", "failed", "refused")},
            {
                "running": 1,
                "exits": {"3": 1},
                "signals": {"9": 1},
                "failed": {"exec": 1},
                "refused": {},
            },
        )
        self.assertEqual((found["seconds"], found["longest"]), (3.0, 2.0))
        self.assertEqual((found["received"], found["sent"]), (3, 4))

    def test_declined(self) -> None:
        """
        What was let in and then not answered is refused, and runs no more.
        """
        self.ftp.accepted = self.ftp.running = 1
        self.ftp.ended(record(verdict="refused", reason="loop"))
        self.assertEqual((self.ftp.running, self.ftp.refused.items()), (0, {"loop": 1}))

    def test_snapshot(self) -> None:
        """
        The numbers are values that JSON has.
        """
        self.ftp.paused = True
        self.counters.reloads, self.counters.badLines = 2, 3
        found = json.loads(json.dumps(self.counters.snapshot(7)))
        self.assertEqual(found["services"][0]["service"], "ftp")
        self.assertEqual(
            [found[name] for name in ("reloads", "bad_lines", "paused", "records_dropped")],
            [2, 3, 1, 7],
        )

    def test_oneNameTwoTypes(self) -> None:
        """
        Services of one name are told apart by type.
        """
        self.assertIsNot(self.counters.forService("ftp", "dgram"), self.ftp)
        self.assertIs(self.counters.forService("ftp", "stream"), self.ftp)

    def test_retired(self) -> None:
        """
        Of services that are no more so many are remembered, and those that are not
        retired always.
        """
        for number in range(self.counters.remembered + 10):
            self.counters.retire(self.counters.forService(str(number), "stream"))
        self.assertEqual(len(self.counters.snapshot()["services"]), self.counters.remembered + 1)
        self.assertIs(self.counters.known("ftp", "stream"), self.ftp)
        self.assertIsNone(self.counters.known("0", "stream"))

    def test_back(self) -> None:
        """
        A service that comes back goes on counting.
        """
        self.ftp.accepted = 5
        self.counters.retire(self.ftp)
        self.assertEqual(self.counters.forService("ftp", "stream").accepted, 5)


class StateTests(SynchronousTestCase):
    """
    Tests for L{formatState}.
    """

    def test_lines(self) -> None:
        """
        The dump names each service and each number, on lines of its own whatever the
        name.
        """
        counters = Counters()
        odd = counters.forService("a\nb\u202e", "stream")
        odd.refused.add("address")
        odd.paused = True
        lines = formatState(counters.snapshot(9)).split("\n")
        self.assertIn("Service = 'a\\nb\\u202e'", lines)
        self.assertIn("\trefused = address 1", lines)
        self.assertIn("\tState = Over its limit", lines)
        self.assertIn("\trecords dropped = 9", lines)
        self.assertIn("\texit status = none", lines)
