# -*- test-case-name: tests.test_gate_bucket -*-
"""
Token buckets: at most C{burst + refill * t} in any C{t} seconds.

A bucket is one number, the time at which it will be full again.  Each token that
is taken puts that off by C{1 / refill}; there is a token left as long as that is
not more than C{(burst - 1) / refill} away.  So nothing has to be poured in, and
many thousands of them cost little.
"""

from __future__ import annotations

import math

from txinetd.gate.limit import Limit, Shared
from txinetd.gate.rule import Refusal, Source
from txinetd.gate.sources import SourceTable, prefixText
from txinetd.gate.steady import Steady
from txinetd.policy import Bucket, Limits

__all__ = ["Rate", "SourceRate", "Tokens"]


class Tokens:
    """
    How a bucket behaves, whichever time it is full again at.

    @ivar each: seconds for one token.
    @ivar spare: seconds that it may be from being full and still have a token.
    @ivar whole: seconds in which it fills from nothing.
    """

    __slots__ = ("each", "spare", "whole")

    def __init__(self, bucket: Bucket, factor: int = 1) -> None:
        """
        @param bucket: burst and refill.
        @param factor: times how much.
        @raise ValueError: if it could never give a token, or never another one.
        """
        if bucket.burst < 1:
            raise ValueError(f"a bucket holds at least one token, not {bucket.burst}")
        if not 0 < bucket.refill < math.inf:
            raise ValueError(f"a bucket is not refilled by {bucket.refill} a second")
        self.each = 1 / (bucket.refill * factor)
        self.spare = (bucket.burst * factor - 1) * self.each
        self.whole = bucket.burst * factor * self.each

    def due(self, full: float) -> float:
        """
        Since when there is a token, or from when on there will be.

        @param full: when the bucket will be full.
        """
        return full - self.spare

    def after(self, full: float, now: float) -> float:
        """
        When it will be full once one token has been taken.
        """
        return max(full, now) + self.each


def _words(bucket: Bucket, factor: int = 1) -> str:
    """
    A bucket as a reason.
    """
    return f"more than {bucket.burst * factor} starts and {bucket.refill * factor:g} a second"


class Rate(Limit):
    """
    L{Limits.bucket}.
    """

    name = "rate"

    @classmethod
    def isSet(cls, limits: Limits) -> bool:
        """
        Whether there is such a limit.
        """
        return limits.bucket is not None

    def __init__(self, limits: Limits, shared: Shared) -> None:
        assert limits.bucket is not None
        self._steady = Steady()
        self._full = -math.inf
        self._bucket = limits.bucket
        self._tokens = Tokens(limits.bucket)

    def alter(self, limits: Limits, now: float) -> None:
        """
        Have another bucket, which is full when the old one would have been, or
        sooner where it fills sooner.
        """
        assert limits.bucket is not None
        self._bucket = limits.bucket
        self._tokens = Tokens(limits.bucket)
        self._full = min(self._full, self._steady.at(now) + self._tokens.whole)

    def check(self, source: Source, now: float) -> Refusal | None:
        """
        Whether there is a token.
        """
        steady = self._steady.at(now)
        due = self._tokens.due(self._full)
        if steady >= due:
            return None
        return Refusal(self.name, _words(self._bucket), self._steady.shown(due))

    def take(self, source: Source, now: float) -> None:
        """
        Take one.
        """
        self._full = self._tokens.after(self._full, self._steady.at(now))

    def calmAt(self, now: float) -> float | None:
        """
        When it is full by a quarter.
        """
        self._steady.at(now)
        due = self._tokens.due(self._full)
        more = max(-(-self._bucket.burst // 4) - 1, 0) * self._tokens.each
        return max(now, self._steady.shown(due + more))


def _isFull(full: float, now: float) -> bool:
    """
    Whether a bucket is full, as that of somebody unknown is.
    """
    return full <= now


def _lacks(full: float, now: float) -> float:
    """
    For how long it will not be.
    """
    return full - now


class SourceRate(Limit):
    """
    L{Limits.sourceBucket}: one for each prefix.
    """

    name = "source-rate"
    perSource = True

    @classmethod
    def isSet(cls, limits: Limits) -> bool:
        """
        Whether there is such a limit.
        """
        return limits.sourceBucket is not None

    def __init__(self, limits: Limits, shared: Shared) -> None:
        self._shared = shared
        self._steady = Steady()
        self.table: SourceTable[float] = SourceTable(shared.sources, _isFull, _lacks)
        self._use(limits)

    def _use(self, limits: Limits) -> None:
        """
        Have a bucket for each factor that there is.
        """
        assert limits.sourceBucket is not None
        self._bucket = limits.sourceBucket
        self._levels = self._shared.levels
        prefixes = self._levels.prefixes
        factors = {factor for _, factor in (*prefixes.ipv4, *prefixes.ipv6)} | {1}
        self._tokens = {factor: Tokens(self._bucket, factor) for factor in factors}

    def alter(self, limits: Limits, now: float) -> None:
        """
        Have another bucket for those who are known already, too.  A length of prefix
        that was not counted before begins with full ones.
        """
        before = self._bucket, self._levels.prefixes
        self._use(limits)
        if before == (self._bucket, self._levels.prefixes):
            return
        latest = self._steady.at(now) + max(each.whole for each in self._tokens.values())
        entries = self.table.entries
        for key, full in entries.items():
            if full > latest:
                entries[key] = latest  # no key is new, so nothing moves

    def check(self, source: Source, now: float) -> Refusal | None:
        """
        Whether the buckets of all its prefixes have a token.
        """
        steady = self._steady.at(now)
        entries = self.table.entries
        for key, factor in self._levels.of(source):
            full = entries.get(key)
            # Most are not known, and of those who are most are full again.
            if full is None or full <= steady:
                continue
            due = self._tokens[factor].due(full)
            if steady < due:
                return Refusal(
                    self.name,
                    f"{_words(self._bucket, factor)} from {prefixText(key)}",
                    self._steady.shown(due),
                    perSource=True,
                )
        return None

    def take(self, source: Source, now: float) -> None:
        """
        Take one from each.
        """
        steady = self._steady.at(now)
        table, tokens = self.table, self._tokens
        for key, factor in self._levels.of(source):
            full = table.entries.get(key, steady)
            table.put(key, (full if full > steady else steady) + tokens[factor].each, steady)
