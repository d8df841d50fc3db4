# -*- test-case-name: tests.test_gate_times -*-
"""
Tests for L{txinetd.gate.times}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txinetd.gate.rule import NOBODY
from txinetd.gate.times import DAY, AccessTimes, TimesProblem, parseTimes, timesText

minutes = st.integers(0, DAY - 1)
intervals = st.tuples(minutes, st.integers(1, DAY))


class Wall:
    """
    A clock that shows what it is told to.
    """

    def __init__(self, minute: int = 0, second: float = 0.0) -> None:
        self.now = minute
        self.second = second

    def minute(self) -> int:
        """
        The minute.
        """
        return self.now

    def secondsTo(self, minute: int) -> float:
        """
        In a zone where all days are alike.
        """
        return (minute - self.now) % DAY * 60 - self.second


class ParseTests(SynchronousTestCase):
    """
    Tests for L{parseTimes}.
    """

    def test_intervals(self) -> None:
        """
        Each interval has its last minute in it.
        """
        self.assertEqual(parseTimes("8:00-17:00"), ((480, 1021),))
        self.assertEqual(parseTimes("2:00-08:59  12:00-23:59"), ((120, 540), (720, 1440)))
        self.assertEqual(parseTimes("0:00-23:59", xinetd=True), ((0, 1440),))

    def test_ours(self) -> None:
        """
        An interval may go past midnight or end at it; as xinetd's it may not, and the
        hint is what it would be there.
        """
        self.assertEqual(parseTimes("22:00-6:00"), ((1320, 361),))
        self.assertEqual(parseTimes("12:00-24:00"), ((720, 1440),))
        self.assertEqual(parseTimes("12:00-0:00"), ((720, 1),))
        self.assertEqual(parseTimes("8:00-8:00"), ((480, 481),))
        self.assertEqual(parseTimes("23:59-24:00 8:00-7:59"), ((1439, 1440), (0, 1440)))
        for text in ("22:00-6:00", "12:00-24:00", "8:00-8:00", "8:00-7:59"):
            with self.assertRaises(TimesProblem) as caught:
                parseTimes(text, xinetd=True)
            problem = caught.exception
            assert isinstance(problem, TimesProblem)
            self.assertIn("write ", problem.hint)
            self.assertIn(problem.hint, str(problem))
        self.assertIn("22:00-23:59 0:00-6:00", str(self.problem("22:00-6:00", xinetd=True)))

    def problem(self, text: str, xinetd: bool = False) -> TimesProblem:
        """
        What is said about a text.
        """
        with self.assertRaises(TimesProblem) as caught:
            parseTimes(text, xinetd=xinetd)
        problem = caught.exception
        assert isinstance(problem, TimesProblem)
        return problem

    def test_refused(self) -> None:
        """
        Everything else is refused, and one bad interval spoils the good ones.
        """
        for text in (
            "",
            " ",
            "8:00",
            "8-17",
            "8:00 - 17:00",
            "8:00-17:60",
            "24:00-8:00",
            "8:00-24:01",
            "25:00-26:00",
            "8:0-17:00",
            "008:00-17:00",
            "8:00-17:00-18:00",
            "-8:00-17:00",
            "\u0668:00-17:00",
            "8:00-17:00,18:00-19:00",
            "8:00-17:00 x",
        ):
            for xinetd in (True, False):
                self.assertRaises(TimesProblem, parseTimes, text, xinetd=xinetd)
        self.assertIn("blanks", self.problem("8:00-9:00,10:00-11:00").hint)
        self.assertIn("0:00-23:59", self.problem("8:00-8:00", xinetd=True).hint)

    @given(st.lists(intervals, min_size=1, max_size=4).map(tuple))
    def test_roundTrip(self, times: tuple[tuple[int, int], ...]) -> None:
        """
        What is written from intervals reads back as these.
        """
        if any(first == end for first, end in times):
            # No text stands for no time at all.
            self.assertNotEqual(parseTimes(timesText(times)), times)
        else:
            self.assertEqual(parseTimes(timesText(times)), times)


class AccessTimesTests(SynchronousTestCase):
    """
    Tests for L{AccessTimes}.
    """

    def open(self, rule: AccessTimes, wall: Wall, minute: int) -> bool:
        """
        Whether it lets somebody in at a minute.
        """
        wall.now = minute
        return rule.check(NOBODY, 0) is None

    def test_day(self) -> None:
        """
        It is open from the first minute to the last.
        """
        wall = Wall()
        rule = AccessTimes(parseTimes("8:00-17:00"), wall)
        states = [self.open(rule, wall, each) for each in (479, 480, 1020, 1021)]
        self.assertEqual(states, [False, True, True, False])

    def test_night(self) -> None:
        """
        An interval past midnight is open at both ends of the day.
        """
        wall = Wall()
        rule = AccessTimes(parseTimes("22:00-6:00"), wall)
        states = [self.open(rule, wall, each) for each in (1319, 1320, 1439, 0, 360, 361)]
        self.assertEqual(states, [False, True, True, True, True, False])

    def test_always(self) -> None:
        """
        Without intervals it is always open.
        """
        wall = Wall()
        rule = AccessTimes((), wall)
        self.assertTrue(all(self.open(rule, wall, each) for each in range(DAY)))

    def test_never(self) -> None:
        """
        An interval without a minute in it opens nothing, and time will not help.
        """
        refusal = AccessTimes(((5, 5),), Wall()).check(NOBODY, 0)
        assert refusal is not None
        self.assertIsNone(refusal.until)

    def test_refusal(self) -> None:
        """
        A refusal says when it opens, on the clock that it was asked with, which has
        nothing to do with that on the wall.
        """
        rule = AccessTimes(parseTimes("8:00-9:00 12:00-13:00"), wall := Wall(11 * 60, 20))
        refusal = rule.check(NOBODY, 5000)
        assert refusal is not None
        self.assertEqual(refusal.rule, "access-times")
        self.assertEqual(refusal.until, 5000 + 3600 - 20)
        self.assertFalse(refusal.perSource)
        self.assertIn("8:00-9:00 12:00-13:00", refusal.reason)
        wall.now, wall.second = 23 * 60, 0
        refusal = rule.check(NOBODY, 5000)
        assert refusal is not None
        self.assertEqual(refusal.until, 5000 + 9 * 3600)

    @given(st.lists(intervals, min_size=1, max_size=4).map(tuple), minutes)
    def test_opens(self, times: tuple[tuple[int, int], ...], minute: int) -> None:
        """
        It is open in the minutes of its intervals, and when it is not, it opens at the
        time that it names and at none before.
        """
        wall = Wall(minute)
        rule = AccessTimes(times, wall)
        shown = [
            {each % DAY for each in range(first, end if first <= end else end + DAY)}
            for first, end in times
        ]
        expected = minute in set().union(*shown)
        refusal = rule.check(NOBODY, 0)
        self.assertEqual(refusal is None, expected)
        if refusal is not None and refusal.until is not None:
            opening = int(refusal.until) // 60
            states = [self.open(rule, wall, (minute + step) % DAY) for step in range(opening + 1)]
            self.assertEqual(states, [False] * opening + [True])
