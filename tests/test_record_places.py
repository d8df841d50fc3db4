"""
Tests for L{txinetd.record.places}.
"""

from __future__ import annotations

import io
from typing import Any

from twisted.logger import Logger, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from txinetd.record import places
from txinetd.record.places import Line, TwistedLogPlace


class TwistedLogTests(SynchronousTestCase):
    """
    Tests for L{TwistedLogPlace}.
    """

    def test_events(self) -> None:
        """
        Where the log is not one file of text, each line is an event.
        """
        events: list[dict[str, Any]] = []
        place = TwistedLogPlace(Logger("txinetd.test"), events.append)
        self.assertEqual(place.write([Line(5.0, "a"), Line(6.0, "b")]), 0)
        self.assertEqual(
            [(event["log_time"], event["line"]) for event in events], [(5, "a"), (6, "b")]
        )

    def test_file(self) -> None:
        """
        Where it is, they are written in one go, as the log has them.
        """
        file = io.StringIO()
        self.patch(places, "textFile", lambda: file)
        place = TwistedLogPlace(Logger("txinetd.test"), globalLogPublisher)
        self.assertEqual(place.write([Line(5.0, "a"), Line(6.0, "b")]), 0)
        ends = [line.partition(" ")[2] for line in file.getvalue().splitlines()]
        self.assertEqual(ends, ["[txinetd.test#info] a", "[txinetd.test#info] b"])

    def test_full(self) -> None:
        """
        Where the disk is full, the lines are dropped and counted.
        """
        with open("/dev/full", "w") as full:
            self.patch(places, "textFile", lambda: full)
            place = TwistedLogPlace(Logger("txinetd.test"), globalLogPublisher)
            self.assertEqual(place.write([Line(5.0, "a"), Line(6.0, "b")]), 2)
            # Its buffer cannot be written at its end either.
            self.assertRaises(OSError, full.close)
