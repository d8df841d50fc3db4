"""
Tests for L{txinetd.record.trouble}.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from tests.record_support import heard
from txinetd.record.trouble import Trouble


class TroubleTests(TestCase):
    """
    Tests for L{Trouble}.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.said = heard(self, "txinetd.record.trouble.Trouble")
        self.trouble = Trouble("/x", self.clock.seconds)

    def test_once(self) -> None:
        """
        It is said once, and once that it is over.
        """
        self.trouble.over()
        for _ in range(3):
            self.trouble.dropped(2, "full")
        for _ in range(3):
            self.trouble.over()
        self.assertEqual(
            self.said,
            [
                "cannot write records to /x: full; dropping them until it works",
                "writes records to /x again; 6 were dropped",
            ],
        )

    def test_changing(self) -> None:
        """
        Where it comes and goes, it is said rarely, and none of what was dropped is
        forgotten.
        """
        for _ in range(100):
            self.clock.advance(0.5)
            self.trouble.dropped(1, "slow")
            self.trouble.over()
        self.assertEqual(len(self.said), 10)
        told = sum(int(line.split()[-3]) for line in self.said if "again" in line)
        self.clock.advance(10)
        self.trouble.dropped(1, "slow")
        self.trouble.over()
        self.assertEqual(told + int(self.said[-1].split()[-3]), 101)
