# -*- test-case-name: tests.test_gate_steady -*-
"""
A clock that goes back is taken to have stood still.

What a limiter remembers in times of this clock neither comes back to life nor
stays for ever when the clock that it is asked with is set back, and nothing that
is remembered need be touched.
"""

from __future__ import annotations

import math

__all__ = ["Steady"]


class Steady:
    """
    Translates between a clock that may go back and one that does not.
    """

    __slots__ = ("_latest", "_shift")

    def __init__(self) -> None:
        self._latest = -math.inf
        self._shift = 0.0

    def at(self, now: float) -> float:
        """
        The steady time.

        @param now: seconds, on the other clock.
        """
        if now < self._latest:
            self._shift += self._latest - now
        self._latest = now
        return now + self._shift

    def shown(self, when: float) -> float:
        """
        What the other clock will show at a steady time; never a moment too early,
        so that whoever comes at that time finds it has come.

        @param when: a steady time.
        """
        shown = when - self._shift
        while shown + self._shift < when:
            shown = math.nextafter(shown, math.inf)
        return shown
