# -*- test-case-name: tests.test_gate_starts -*-
"""
So many starts in any minute: for all, and for one source.
"""

from __future__ import annotations

import math
from array import array

from txinetd.gate.limit import Limit, Shared
from txinetd.gate.rule import Refusal, Source
from txinetd.gate.sources import SourceTable, prefixText
from txinetd.gate.steady import Steady
from txinetd.gate.window import SlidingWindow
from txinetd.policy import Limits

__all__ = ["StartsPerMinute", "StartsPerSource"]

_MINUTE = 60.0


class StartsPerMinute(Limit):
    """
    L{Limits.startsPerMinute}, with L{Limits.closedFor}.

    A service that is off for a while after having been asked for too often is back
    after that, but never before there is room: what closes it for less than a
    minute does not let more in within one.
    """

    name = "starts-per-minute"

    @classmethod
    def isSet(cls, limits: Limits) -> bool:
        """
        Whether there is such a limit.
        """
        return limits.startsPerMinute is not None

    def __init__(self, limits: Limits, shared: Shared) -> None:
        assert limits.startsPerMinute is not None
        self._window = SlidingWindow(limits.startsPerMinute, _MINUTE)
        self._steady = Steady()
        self._closedUntil = -math.inf
        self._closedFor = limits.closedFor

    def alter(self, limits: Limits, now: float) -> None:
        """
        Have another limit.  A service that is off is so for no longer than it would
        be now.
        """
        changed = self._window.withLimit(limits.startsPerMinute)
        assert isinstance(changed, SlidingWindow)
        self._window = changed
        self._closedFor = limits.closedFor
        latest = self._steady.at(now) + (limits.closedFor or 0.0)
        self._closedUntil = min(self._closedUntil, latest)

    def check(self, source: Source, now: float) -> Refusal | None:
        """
        Whether there is room in the window, and the service not off.
        """
        if self._closedFor is None:
            if self._window.hasRoom(now):
                return None
        elif self._steady.at(now) >= self._closedUntil and self._window.hasRoom(now):
            return None
        return self._refusal(now)

    def arrive(self, source: Source, now: float) -> Refusal | None:
        """
        The same; and who is one too many turns the service off.
        """
        refusal = self.check(source, now)
        if refusal is None or self._closedFor is None:
            return refusal
        steady = self._steady.at(now)
        if steady < self._closedUntil:
            return refusal
        self._closedUntil = steady + self._closedFor
        return self._refusal(now)

    def _refusal(self, now: float) -> Refusal:
        """
        What is said.
        """
        return Refusal(
            self.name,
            f"more than {self._window.limit} starts in {_MINUTE:.0f} seconds",
            max(self._window.reopensAt(now), self._steady.shown(self._closedUntil)),
        )

    def take(self, source: Source, now: float) -> None:
        """
        Count one start.
        """
        self._window.note(now)

    def calmAt(self, now: float) -> float | None:
        """
        When a quarter of the window is free.
        """
        self._steady.at(now)
        return max(
            self._window.fallsTo(self._window.limit * 3 // 4, now),
            self._steady.shown(self._closedUntil),
        )


def _isIdle(starts: array[float], now: float) -> bool:
    """
    Whether the last start has left the window.
    """
    return now >= starts[-1] + _MINUTE


def _weight(starts: array[float], now: float) -> float:
    """
    How many starts there are.
    """
    return float(len(starts))


class StartsPerSource(Limit):
    """
    L{Limits.startsPerSource}: sliding windows, one for each prefix.
    """

    name = "starts-per-source"
    perSource = True

    @classmethod
    def isSet(cls, limits: Limits) -> bool:
        """
        Whether there is such a limit.
        """
        return limits.startsPerSource is not None

    def __init__(self, limits: Limits, shared: Shared) -> None:
        self._shared = shared
        self._steady = Steady()
        # Bare numbers, as windows of their own would take ten times the memory.
        self.table: SourceTable[array[float]] = SourceTable(shared.sources, _isIdle, _weight)
        self._use(limits)

    def _use(self, limits: Limits) -> None:
        """
        Have a limit.
        """
        if limits.startsPerSource is None or limits.startsPerSource < 1:
            raise ValueError(f"a source starts at least once, not {limits.startsPerSource} times")
        self._limit = limits.startsPerSource
        self._levels = self._shared.levels

    def alter(self, limits: Limits, now: float) -> None:
        """
        Have another limit for those who are known already, too.  A length of prefix
        that was not counted before begins with nothing.
        """
        self._use(limits)

    def check(self, source: Source, now: float) -> Refusal | None:
        """
        Whether there is room in the windows of all its prefixes.
        """
        entries, limit = self.table.entries, self._limit
        for key, factor in self._levels.of(source):
            starts = entries.get(key)
            if starts is not None and len(starts) >= limit * factor:
                refusal = self._refusal(key, starts, limit * factor, now)
                if refusal is not None:
                    return refusal
        return None

    def _refusal(self, key: int, starts: array[float], limit: int, now: float) -> Refusal | None:
        """
        Whether a window is full also without those who have left it.
        """
        steady = self._steady.at(now)
        gone = 0
        while gone < len(starts) and steady >= starts[gone] + _MINUTE:
            gone += 1
        del starts[:gone]
        if not starts:
            del self.table.entries[key]
        if len(starts) < limit:
            return None
        return Refusal(
            self.name,
            f"more than {limit} starts in {_MINUTE:.0f} seconds from {prefixText(key)}",
            self._steady.shown(starts[-limit] + _MINUTE),
            perSource=True,
        )

    def take(self, source: Source, now: float) -> None:
        """
        Count one start under all its prefixes.
        """
        entries = self.table.entries
        steady = self._steady.at(now)
        for key, _ in self._levels.of(source):
            starts = entries.get(key)
            if starts is None:
                self.table.put(key, array("d", (steady,)), steady)
                continue
            if steady >= starts[0] + _MINUTE:
                # Two out for one in, as in all windows.
                del starts[: 2 if len(starts) > 1 and steady >= starts[1] + _MINUTE else 1]
            starts.append(steady)
            entries.move_to_end(key)
