# -*- test-case-name: tests.test_gate_steady -*-
"""
Tests for L{txinetd.gate.steady}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.gate_support import jumps, times
from txinetd.gate.steady import Steady


class SteadyTests(SynchronousTestCase):
    """
    Tests for L{Steady}.
    """

    def test_forward(self) -> None:
        """
        A clock that only goes forward is the steady one.
        """
        steady = Steady()
        self.assertEqual([steady.at(now) for now in (1.5, 1.5, 7.25)], [1.5, 1.5, 7.25])

    def test_back(self) -> None:
        """
        A clock that is set back has stood still, and goes on from there.
        """
        steady = Steady()
        self.assertEqual([steady.at(now) for now in (100, 40, 45)], [100, 100, 105])

    def test_shown(self) -> None:
        """
        A steady time is shown as the other clock will have it.
        """
        steady = Steady()
        steady.at(100)
        steady.at(40)
        self.assertEqual(steady.shown(130), 70)

    @given(jumps)
    def test_neverBack(self, steps: list[float]) -> None:
        """
        Whatever the other clock does, this one goes forward, but for what rounding
        does to it.
        """
        steady = Steady()
        latest = 0.0
        for now in times(steps):
            time = steady.at(now)
            self.assertGreaterEqual(time, latest - 1e-6)
            latest = time

    @given(jumps, st.floats(0, 1000))
    def test_shownNotEarly(self, steps: list[float], ahead: float) -> None:
        """
        At the time that is shown the steady time has come.
        """
        steady = Steady()
        for now in times(steps):
            when = steady.at(now) + ahead
            self.assertGreaterEqual(steady.shown(when) + steady._shift, when)
