# -*- test-case-name: tests.test_wallclock -*-
"""
Tests for L{txinetd.wallclock}.
"""

from __future__ import annotations

import os
import time
from calendar import timegm

from twisted.trial.unittest import SynchronousTestCase

from txinetd.wallclock import WallClock

#: Rules of their own, so that no zone need be installed: one hour east of Greenwich,
#: two from the last Sunday of March to that of October.
EUROPE = "CET-1CEST,M3.5.0,M10.5.0/3"


class WallClockTests(SynchronousTestCase):
    """
    Tests for L{WallClock}.
    """

    def setUp(self) -> None:
        """
        Live somewhere in Europe.
        """
        before = os.environ.get("TZ")

        def restore() -> None:
            if before is None:
                os.environ.pop("TZ", None)
            else:
                os.environ["TZ"] = before
            time.tzset()

        self.addCleanup(restore)
        self.zone(EUROPE)
        self.now = 0.0
        self.zoneRead = 0

    def zone(self, name: str) -> None:
        """
        Move.
        """
        os.environ["TZ"] = name

    def clock(self, *utc: int) -> WallClock:
        """
        A clock that begins at some time of Greenwich.
        """
        self.now = float(timegm((*utc, 0, 0, 0, 0)[:6]))

        def readZone() -> None:
            self.zoneRead += 1
            time.tzset()

        clock = WallClock(lambda: self.now, readZone)
        clock.minute()
        return clock

    def test_minute(self) -> None:
        """
        The minute is that of local time, in summer and in winter.
        """
        self.assertEqual(self.clock(2026, 1, 15, 7, 30).minute(), 8 * 60 + 30)
        self.assertEqual(self.clock(2026, 7, 15, 7, 30).minute(), 9 * 60 + 30)
        self.assertEqual(self.clock(2026, 7, 15, 22, 0).minute(), 0)

    def test_passing(self) -> None:
        """
        It changes with the minute, not before, and also when the clock is put back.
        """
        clock = self.clock(2026, 1, 15, 7, 30)
        self.now += 59.9
        self.assertEqual(clock.minute(), 8 * 60 + 30)
        self.now += 0.1
        self.assertEqual(clock.minute(), 8 * 60 + 31)
        self.now -= 7200
        self.assertEqual(clock.minute(), 6 * 60 + 31)

    def test_cheap(self) -> None:
        """
        The zone is looked at once a minute only.
        """
        clock = self.clock(2026, 1, 15, 7, 30)
        for _ in range(59):
            self.now += 1
            clock.minute()
        self.assertEqual(self.zoneRead, 1)
        self.now += 1
        clock.minute()
        self.assertEqual(self.zoneRead, 2)

    def test_zoneChanges(self) -> None:
        """
        Another zone counts from the next minute on.
        """
        clock = self.clock(2026, 1, 15, 7, 30)
        self.zone("UTC")
        self.now += 60
        self.assertEqual(clock.minute(), 7 * 60 + 31)

    def test_changeOfHour(self) -> None:
        """
        On the night that daylight saving time begins, an hour is not there.
        """
        clock = self.clock(2026, 3, 29, 0, 59)
        self.assertEqual(clock.minute(), 1 * 60 + 59)
        self.now += 60
        self.assertEqual(clock.minute(), 3 * 60)

    def test_secondsTo(self) -> None:
        """
        What is over today is tomorrow, also where tomorrow is next year.
        """
        clock = self.clock(2026, 1, 15, 7, 30)
        self.now += 15
        self.assertEqual(clock.secondsTo(9 * 60), 30 * 60 - 15)
        self.assertEqual(clock.secondsTo(8 * 60), 23.5 * 3600 - 15)
        clock = self.clock(2026, 12, 31, 21, 0)
        self.assertEqual(clock.secondsTo(60), 3 * 3600)

    def test_secondsToAcrossChange(self) -> None:
        """
        The night of a change is an hour shorter, or longer.
        """
        self.assertEqual(self.clock(2026, 3, 28, 21, 0).secondsTo(8 * 60), 9 * 3600)
        self.assertEqual(self.clock(2026, 10, 24, 20, 0).secondsTo(8 * 60), 11 * 3600)

    def test_real(self) -> None:
        """
        Without being told otherwise it reads the machine's clock.
        """
        before = time.localtime()
        minute = WallClock().minute()
        after = time.localtime()
        self.assertIn(
            minute,
            (before.tm_hour * 60 + before.tm_min, after.tm_hour * 60 + after.tm_min),
        )
