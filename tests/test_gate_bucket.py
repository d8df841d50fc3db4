# -*- test-case-name: tests.test_gate_bucket -*-
"""
Tests for L{txinetd.gate.bucket}.
"""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.gate_support import HERE, THERE, admit, gaps, jumps, sharedOf, times, until, v6
from txinetd.gate.bucket import Rate, SourceRate, Tokens
from txinetd.gate.rule import NOBODY, Refusal, sourceOf
from txinetd.policy import Bucket, Limits

bursts = st.integers(1, 10)
refills = st.floats(0.01, 20)


def rateOf(burst: int, refill: float) -> Rate:
    """
    The limit for all.
    """
    return Rate(Limits(bucket=Bucket(burst, refill)), sharedOf())


def sourceRateOf(burst: int, refill: float, sources: int = 1000) -> SourceRate:
    """
    The limit for one source.
    """
    return SourceRate(Limits(sourceBucket=Bucket(burst, refill)), sharedOf(sources=sources))


class TokensTests(SynchronousTestCase):
    """
    Tests for L{Tokens}.
    """

    def test_wrong(self) -> None:
        """
        A bucket that would never give a token, or never another, is refused.
        """
        for bucket in (Bucket(0, 1), Bucket(1, 0), Bucket(1, -1), Bucket(1, math.nan)):
            self.assertRaises(ValueError, Tokens, bucket)
        self.assertRaises(ValueError, Tokens, Bucket(1, math.inf))


class RateTests(SynchronousTestCase):
    """
    Tests for L{Rate}.
    """

    def test_burst(self) -> None:
        """
        As many as the bucket holds come at once, and not one more.
        """
        rule = rateOf(3, 1)
        self.assertEqual([admit(rule, 0) for _ in range(5)], [True] * 3 + [False] * 2)

    def test_refill(self) -> None:
        """
        Then they come as it is refilled.
        """
        rule = rateOf(2, 0.5)
        found = [admit(rule, now) for now in (0, 0, 1.9, 2, 3.9, 4)]
        self.assertEqual(found, [True, True, False, True, False, True])

    def test_notFullerThanFull(self) -> None:
        """
        However long nobody comes, no more than the burst is saved.
        """
        rule = rateOf(2, 1)
        admit(rule, 0)
        self.assertEqual(sum(admit(rule, 1e6) for _ in range(9)), 2)

    def test_checkDoesNotTake(self) -> None:
        """
        To be asked about takes no token.
        """
        rule = rateOf(1, 1)
        self.assertEqual([rule.check(HERE, 0) for _ in range(5)], [None] * 5)

    def test_refusal(self) -> None:
        """
        One too many is told so, and until when.
        """
        rule = rateOf(1, 0.25)
        admit(rule, 10)
        self.assertEqual(
            rule.check(HERE, 11), Refusal("rate", "more than 1 starts and 0.25 a second", 14)
        )

    def test_calm(self) -> None:
        """
        It has room to spare when a quarter of the burst is there.
        """
        rule = rateOf(8, 1)
        for _ in range(8):
            admit(rule, 0)
        self.assertEqual((rule.roomAt(0), rule.calmAt(0), rule.calmAt(5)), (1, 2, 5))

    def test_altered(self) -> None:
        """
        A reload does not fill the bucket, and one that fills sooner is full sooner.
        """
        rule = rateOf(2, 0.01)
        admit(rule, 0)
        admit(rule, 0)
        rule.alter(Limits(bucket=Bucket(2, 0.01)), 1)
        self.assertEqual(until(rule, 1), 100)
        rule.alter(Limits(bucket=Bucket(2, 1)), 1)
        self.assertEqual(until(rule, 1), 2)

    @given(bursts, refills, gaps)
    def test_neverMore(self, burst: int, refill: float, steps: list[float]) -> None:
        """
        In no time do more come than the burst and what is refilled in it.
        """
        rule = rateOf(burst, refill)
        starts = [now for now in times(steps) if admit(rule, now)]
        for first, start in enumerate(starts):
            for count, end in enumerate(starts[first:], 1):
                self.assertLessEqual(count, burst + refill * (end - start) + 1e-6)

    @given(bursts, refills, jumps)
    def test_alwaysRecovers(self, burst: int, refill: float, steps: list[float]) -> None:
        """
        Whatever the clock does, at the time that is named somebody is let in, and that
        is not further away than one token.
        """
        rule = rateOf(burst, refill)
        for now in times(steps):
            if not admit(rule, now):
                due = until(rule, now)
                self.assertLessEqual(due, now + 1 / refill + 1e-6)
                self.assertTrue(admit(rule, due))
                break

    @given(bursts, refills, bursts, refills, st.integers(0, 30))
    def test_alteredRecovers(
        self, burst: int, refill: float, burst2: int, refill2: float, count: int
    ) -> None:
        """
        Whatever another bucket was before, this one fills in its own time, and there is
        no more in it than it holds.
        """
        rule = rateOf(burst, refill)
        for _ in range(count):
            admit(rule, 0)
        rule.alter(Limits(bucket=Bucket(burst2, refill2)), 0)
        self.assertLessEqual(sum(admit(rule, 0) for _ in range(20)), burst2)
        self.assertTrue(admit(rule, burst2 / refill2 + 1 / refill2 + 1e-6))


class SourceRateTests(SynchronousTestCase):
    """
    Tests for L{SourceRate}.
    """

    def test_eachItsOwn(self) -> None:
        """
        One that has had its share is refused, and another is not.
        """
        rule = sourceRateOf(2, 1)
        found = [admit(rule, 0) for _ in range(3)] + [admit(rule, 0, THERE)]
        self.assertEqual(found, [True, True, False, True])

    def test_refusal(self) -> None:
        """
        The refusal names the prefix, and that it is about this one only.
        """
        rule = sourceRateOf(1, 0.5)
        admit(rule, 3)
        self.assertEqual(
            rule.check(HERE, 4),
            Refusal(
                "source-rate",
                "more than 1 starts and 0.5 a second from 192.0.2.1",
                5,
                perSource=True,
            ),
        )

    def test_widerPrefixes(self) -> None:
        """
        Who has many /64 has four times the share in a /56.
        """
        rule = sourceRateOf(2, 1)
        self.assertEqual(sum(admit(rule, 0, v6(1, subnet)) for subnet in range(256)), 8)
        self.assertEqual(sum(admit(rule, 1, v6(1, subnet)) for subnet in range(256)), 4)

    def test_nobody(self) -> None:
        """
        Who is not known is not counted.
        """
        rule = sourceRateOf(1, 1)
        self.assertTrue(all(admit(rule, 0, NOBODY) for _ in range(5)))

    def test_altered(self) -> None:
        """
        A reload does not fill the buckets, and those that fill sooner are full sooner.
        """
        rule = sourceRateOf(2, 0.01)
        admit(rule, 0)
        admit(rule, 0)
        rule.alter(Limits(sourceBucket=Bucket(2, 0.01)), 1)
        self.assertEqual(until(rule, 1), 100)
        rule.alter(Limits(sourceBucket=Bucket(1, 1)), 2)
        self.assertTrue(until(rule, 2) <= 2 + 8)

    def test_bounded(self) -> None:
        """
        More sources than are remembered do no harm.
        """
        rule = sourceRateOf(1, 0.001, sources=100)
        for number in range(1000):
            self.assertTrue(admit(rule, 0, sourceOf(f"10.0.{number // 256}.{number % 256}")))
        self.assertEqual(len(rule.table), 100)

    @given(bursts, refills, st.lists(st.integers(0, 3), min_size=120, max_size=120), gaps)
    def test_neverMore(self, burst: int, refill: float, who: list[int], steps: list[float]) -> None:
        """
        In no time do more come from one source than its burst and what is refilled.
        """
        rule = sourceRateOf(burst, refill)
        starts: dict[int, list[float]] = {}
        for number, now in zip(who, times(steps), strict=False):
            if admit(rule, now, sourceOf(f"192.0.2.{number}")):
                starts.setdefault(number, []).append(now)
        for mine in starts.values():
            for first, start in enumerate(mine):
                for count, end in enumerate(mine[first:], 1):
                    self.assertLessEqual(count, burst + refill * (end - start) + 1e-6)

    @given(bursts, refills, jumps)
    def test_alwaysRecovers(self, burst: int, refill: float, steps: list[float]) -> None:
        """
        Whatever the clock does, at the time that is named somebody is let in, and that
        is not further away than one token.
        """
        rule = sourceRateOf(burst, refill)
        for now in times(steps):
            if not admit(rule, now):
                due = until(rule, now)
                self.assertLessEqual(due, now + 1 / refill + 1e-6)
                self.assertTrue(admit(rule, due))
                break
