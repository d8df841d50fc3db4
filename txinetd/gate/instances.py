# -*- test-case-name: tests.test_gate_instances -*-
"""
So many at a time.
"""

from __future__ import annotations

from txinetd.gate.limit import Limit, Shared
from txinetd.gate.rule import Refusal, Source
from txinetd.gate.sources import prefixText
from txinetd.policy import Limits

__all__ = ["Instances", "InstancesPerSource"]


def _positive(count: int | None) -> int:
    """
    The limit itself.
    """
    if count is None or count < 1:
        raise ValueError(f"at least one is let in at a time, not {count}")
    return count


class Instances(Limit):
    """
    L{Limits.instances}: what runs now.
    """

    name = "instances"

    @classmethod
    def isSet(cls, limits: Limits) -> bool:
        """
        Whether there is such a limit.
        """
        return limits.instances is not None

    def __init__(self, limits: Limits, shared: Shared) -> None:
        self._running = shared.running
        self._limit = _positive(limits.instances)

    def alter(self, limits: Limits, now: float) -> None:
        """
        Have another limit for those who run already, too.
        """
        self._limit = _positive(limits.instances)

    def check(self, source: Source, now: float) -> Refusal | None:
        """
        Whether fewer run than may.
        """
        if self._running.total < self._limit:
            return None
        return Refusal(self.name, f"more than {self._limit} at a time")

    def calmAt(self, now: float) -> float | None:
        """
        When no more than three quarters run; that is up to them.
        """
        return now if self._running.total <= self._limit * 3 // 4 else None


class InstancesPerSource(Limit):
    """
    L{Limits.instancesPerSource}: what runs now for one source.

    Nothing is ever lost of these counts: there are as many as run, and no more.
    """

    name = "instances-per-source"
    perSource = True

    @classmethod
    def isSet(cls, limits: Limits) -> bool:
        """
        Whether there is such a limit.
        """
        return limits.instancesPerSource is not None

    def __init__(self, limits: Limits, shared: Shared) -> None:
        self._shared = shared
        self._count(limits)

    def __len__(self) -> int:
        """
        How many prefixes are counted.
        """
        return len(self._counts)

    def alter(self, limits: Limits, now: float) -> None:
        """
        Have another limit, or count by other prefixes, those who run already, too.
        """
        self._count(limits)

    def _count(self, limits: Limits) -> None:
        """
        Have a limit, and count all who run.
        """
        self._limit = _positive(limits.instancesPerSource)
        self._levels = self._shared.levels
        self._counts: dict[int, int] = {}
        for (version, number), count in self._shared.running.sources.items():
            for key, _ in self._levels.of(Source(version, number, "")):
                self._counts[key] = self._counts.get(key, 0) + count

    def check(self, source: Source, now: float) -> Refusal | None:
        """
        Whether fewer run for it than may.
        """
        counts, limit = self._counts, self._limit
        for key, factor in self._levels.of(source):
            if counts.get(key, 0) >= limit * factor:
                return Refusal(
                    self.name,
                    f"more than {limit * factor} at a time from {prefixText(key)}",
                    perSource=True,
                )
        return None

    def take(self, source: Source, now: float) -> None:
        """
        One more runs for it.
        """
        counts = self._counts
        for key, _ in self._levels.of(source):
            counts[key] = counts.get(key, 0) + 1

    def release(self, source: Source, now: float) -> None:
        """
        One less.
        """
        counts = self._counts
        for key, _ in self._levels.of(source):
            if counts[key] == 1:
                del counts[key]
            else:
                counts[key] -= 1
