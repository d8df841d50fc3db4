# -*- test-case-name: tests.test_gate_cps -*-
"""
Tests for L{txinetd.gate.cps}.
"""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.gate_support import HERE, admit, gaps, jumps, sharedOf, times
from txinetd.gate.cps import ArrivalsPerSecond
from txinetd.gate.rule import Refusal
from txinetd.policy import ConnectionsPerSecond, Limits


def cpsOf(most: int, pause: float) -> ArrivalsPerSecond:
    """
    The limit.
    """
    return ArrivalsPerSecond(Limits(perSecond=ConnectionsPerSecond(most, pause)), sharedOf())


class ArrivalsPerSecondTests(SynchronousTestCase):
    """
    Tests for L{ArrivalsPerSecond}.
    """

    def test_off(self) -> None:
        """
        One too many, and the service is off for as long as was said, and then on.
        """
        rule = cpsOf(2, 10)
        found = [admit(rule, now) for now in (0, 0, 0, 5, 9.9, 10, 10, 10)]
        self.assertEqual(found, [True, True, False, False, False, True, True, False])

    def test_refusal(self) -> None:
        """
        It is said in xinetd's words, and until when.
        """
        rule = cpsOf(1, 10)
        rule.arrive(HERE, 3)
        self.assertEqual(
            rule.arrive(HERE, 3), Refusal("cps", "more than 1 connections per second", 13)
        )

    def test_arrivals(self) -> None:
        """
        Arrivals count that have not been let in.
        """
        rule = cpsOf(3, 10)
        self.assertEqual([rule.arrive(HERE, 0) is None for _ in range(4)], [True] * 3 + [False])

    def test_asked(self) -> None:
        """
        To be asked about does not count, and does not turn the service off.
        """
        rule = cpsOf(1, 10)
        self.assertEqual([rule.check(HERE, 0) for _ in range(5)], [None] * 5)
        rule.arrive(HERE, 0)
        self.assertIsNotNone(rule.check(HERE, 0))
        self.assertEqual(rule.roomAt(0), 1)
        self.assertIsNone(rule.arrive(HERE, 1))

    def test_steady(self) -> None:
        """
        As many a second as may come do not turn it off, for however long.
        """
        rule = cpsOf(50, 10)
        self.assertTrue(all(admit(rule, 100 + number / 50) for number in range(5000)))

    def test_roomAt(self) -> None:
        """
        There is room when it is on again.
        """
        rule = cpsOf(1, 10)
        rule.arrive(HERE, 0)
        rule.arrive(HERE, 0)
        self.assertEqual((rule.roomAt(4), rule.calmAt(4), rule.roomAt(11)), (10, 10, 11))

    def test_altered(self) -> None:
        """
        A service that is off is so for no longer than the new time.
        """
        rule = cpsOf(1, 1000)
        rule.arrive(HERE, 0)
        rule.arrive(HERE, 0)
        rule.alter(Limits(perSecond=ConnectionsPerSecond(1, 5)), 1)
        self.assertEqual([admit(rule, 5.9), admit(rule, 6)], [False, True])

    def test_wrong(self) -> None:
        """
        A service that would be off for ever is refused.
        """
        self.assertRaises(ValueError, cpsOf, 1, math.inf)
        self.assertRaises(ValueError, cpsOf, 1, -1)
        self.assertRaises(ValueError, cpsOf, 0, 1)

    @given(st.integers(1, 9), st.floats(0, 100), gaps)
    def test_neverMore(self, most: int, pause: float, steps: list[float]) -> None:
        """
        In no time do more come than one second's worth and as many for each second.
        """
        rule = cpsOf(most, pause)
        starts = [now for now in times(steps) if admit(rule, now)]
        for first, start in enumerate(starts):
            for count, end in enumerate(starts[first:], 1):
                self.assertLessEqual(count, most + most * (end - start) + 1e-6)

    @given(st.integers(1, 9), st.floats(1, 100), jumps)
    def test_alwaysRecovers(self, most: int, pause: float, steps: list[float]) -> None:
        """
        Whatever the clock does, and whoever knocks, once the pause is over somebody is
        let in.
        """
        rule = cpsOf(most, pause)
        for now in times(steps):
            refusal = rule.arrive(HERE, now)
            if refusal is not None:
                assert refusal.until is not None
                self.assertLessEqual(refusal.until, now + pause + 1e-6)
                rule.arrive(HERE, (now + refusal.until) / 2)
                self.assertTrue(admit(rule, refusal.until + 1e-6))
                break
