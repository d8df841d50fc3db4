# -*- test-case-name: tests.test_gate_starts -*-
"""
Tests for L{txinetd.gate.starts}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.gate_support import HERE, THERE, admit, gaps, jumps, sharedOf, times, until, v6
from txinetd.gate.rule import NOBODY, Refusal, sourceOf
from txinetd.gate.starts import StartsPerMinute, StartsPerSource
from txinetd.policy import Limits


def perMinute(limit: int, closedFor: float | None = None) -> StartsPerMinute:
    """
    The limit for all.
    """
    return StartsPerMinute(Limits(startsPerMinute=limit, closedFor=closedFor), sharedOf())


def perSource(limit: int, sources: int = 1000) -> StartsPerSource:
    """
    The limit for one source.
    """
    return StartsPerSource(Limits(startsPerSource=limit), sharedOf(sources=sources))


class StartsPerMinuteTests(SynchronousTestCase):
    """
    Tests for L{StartsPerMinute}.
    """

    def test_checkDoesNotCount(self) -> None:
        """
        To be asked about is not to start.
        """
        rule = perMinute(1)
        self.assertEqual([rule.check(HERE, 0) for _ in range(5)], [None] * 5)

    def test_refusal(self) -> None:
        """
        One too many is told so, and until when.
        """
        rule = perMinute(2)
        admit(rule, 0)
        admit(rule, 10)
        self.assertEqual(
            rule.arrive(HERE, 20),
            Refusal("starts-per-minute", "more than 2 starts in 60 seconds", 60),
        )

    def test_closedFor(self) -> None:
        """
        A service that is turned off by one too many is so for as long as was said, not
        only until there is room.
        """
        rule = perMinute(1, closedFor=600)
        found = [admit(rule, now) for now in (0, 10, 70, 609.9, 610)]
        self.assertEqual(found, [True, False, False, False, True])

    def test_closedOnlyByArrivals(self) -> None:
        """
        To be asked about a full window does not turn the service off.
        """
        rule = perMinute(1, closedFor=600)
        admit(rule, 0)
        self.assertIsNotNone(rule.check(HERE, 10))
        self.assertTrue(admit(rule, 60))

    def test_closedNotLonger(self) -> None:
        """
        Who knocks while the service is off does not keep it so.
        """
        rule = perMinute(1, closedFor=100)
        admit(rule, 0)
        for second in range(10, 110):
            self.assertFalse(admit(rule, second))
        self.assertTrue(admit(rule, 110))

    def test_closedShortly(self) -> None:
        """
        To be off for less than a minute does not let more in within one.
        """
        rule = perMinute(1, closedFor=5)
        admit(rule, 0)
        admit(rule, 1)
        self.assertEqual(until(rule, 1), 60)

    def test_calm(self) -> None:
        """
        It has room to spare when a quarter is free and the service is on.
        """
        rule = perMinute(4)
        for second in range(4):
            admit(rule, second)
        self.assertEqual((rule.roomAt(5), rule.calmAt(5)), (60, 60))
        rule = perMinute(4, closedFor=600)
        for second in range(5):
            admit(rule, second)
        self.assertEqual(rule.calmAt(5), 604)

    def test_altered(self) -> None:
        """
        Another limit counts the starts there were, and a service that would be off for
        less time now is.
        """
        rule = perMinute(2, closedFor=600)
        found = [admit(rule, 0) for _ in range(3)]
        rule.alter(Limits(startsPerMinute=3, closedFor=30), 10)
        found += [admit(rule, 39), admit(rule, 40), admit(rule, 40)]
        self.assertEqual(found, [True, True, False, False, True, False])

    def test_opened(self) -> None:
        """
        Without being turned off any more it is on as soon as there is room.
        """
        rule = perMinute(1, closedFor=600)
        admit(rule, 0)
        admit(rule, 1)
        rule.alter(Limits(startsPerMinute=2), 2)
        self.assertTrue(admit(rule, 2))

    @given(st.integers(1, 9), st.one_of(st.none(), st.floats(0.1, 900)), jumps)
    def test_alwaysRecovers(self, limit: int, closedFor: float | None, steps: list[float]) -> None:
        """
        Whatever the clock does, at the time that it names itself it lets somebody in,
        and that is not further away than the minute or the time it is off for.
        """
        rule = perMinute(limit, closedFor)
        for now in times(steps):
            refusal = rule.arrive(HERE, now)
            if refusal is None:
                rule.take(HERE, now)
                continue
            assert refusal.until is not None
            self.assertLessEqual(refusal.until, now + max(60, closedFor or 0) + 1e-6)
            self.assertGreaterEqual(refusal.until, now)
            self.assertIsNone(rule.check(HERE, refusal.until + 1e-6))
            break

    @given(st.integers(1, 9), st.one_of(st.none(), st.floats(0.1, 900)), gaps)
    def test_neverMore(self, limit: int, closedFor: float | None, steps: list[float]) -> None:
        """
        No minute holds more starts than the limit.
        """
        rule = perMinute(limit, closedFor)
        starts = [now for now in times(steps) if admit(rule, now)]
        for first, beyond in zip(starts, starts[limit:], strict=False):
            self.assertGreaterEqual(beyond, first + 60)


class StartsPerSourceTests(SynchronousTestCase):
    """
    Tests for L{StartsPerSource}.
    """

    def test_eachItsOwn(self) -> None:
        """
        One that has had its share is refused, and another is not.
        """
        rule = perSource(2)
        found = [admit(rule, 0) for _ in range(3)] + [admit(rule, 0, THERE)]
        self.assertEqual(found, [True, True, False, True])

    def test_refusal(self) -> None:
        """
        The refusal names the prefix, and that it is about this one only.
        """
        rule = perSource(1)
        admit(rule, 3)
        self.assertEqual(
            rule.check(HERE, 10),
            Refusal(
                "starts-per-source",
                "more than 1 starts in 60 seconds from 192.0.2.1",
                63,
                perSource=True,
            ),
        )

    def test_oneSubnet(self) -> None:
        """
        All addresses of a /64 are one source.
        """
        rule = perSource(1)
        self.assertEqual([admit(rule, 0, v6(1, 1, host)) for host in (1, 2)], [True, False])

    def test_widerPrefixes(self) -> None:
        """
        Who has many /64 has four times the share in a /56, and sixteen times in a /48.
        """
        rule = perSource(2)
        found = sum(admit(rule, 0, v6(1, subnet)) for subnet in range(256))
        self.assertEqual(found, 8)
        found += sum(admit(rule, 0, v6(1, subnet)) for subnet in range(256, 65536, 32))
        self.assertEqual(found, 32)
        refusal = rule.check(v6(1, 65535), 0)
        assert refusal is not None
        self.assertIn("from 2001:db8:1::/48", refusal.reason)

    def test_nobody(self) -> None:
        """
        Who is not known is not counted.
        """
        rule = perSource(1)
        self.assertTrue(all(admit(rule, 0, NOBODY) for _ in range(5)))

    def test_altered(self) -> None:
        """
        Another limit counts the starts there were.
        """
        rule = perSource(5)
        for second in range(5):
            admit(rule, second)
        rule.alter(Limits(startsPerSource=2), 10)
        self.assertEqual(until(rule, 10), 63)
        rule.alter(Limits(startsPerSource=6), 11)
        self.assertEqual([admit(rule, 11), admit(rule, 11)], [True, False])

    def test_memoryGivenBack(self) -> None:
        """
        Sources that were there a minute ago are not remembered for ever.
        """
        rule = perSource(5)
        for number in range(500):
            admit(rule, 0, sourceOf(f"10.0.{number // 256}.{number % 256}"))
        for number in range(260):
            admit(rule, 100, sourceOf(f"10.1.{number // 256}.{number % 256}"))
        self.assertEqual(len(rule.table), 260)

    def test_bounded(self) -> None:
        """
        More sources than are remembered do no harm.
        """
        rule = perSource(5, sources=100)
        for number in range(1000):
            self.assertTrue(admit(rule, 0, sourceOf(f"10.0.{number // 256}.{number % 256}")))
        self.assertEqual(len(rule.table), 100)

    @given(st.integers(1, 5), st.lists(st.integers(0, 3), min_size=120, max_size=120), gaps)
    def test_neverMore(self, limit: int, who: list[int], steps: list[float]) -> None:
        """
        No minute holds more starts of one source than its limit, and nobody is refused
        whose own minutes are not full.
        """
        rule = perSource(limit)
        starts: dict[int, list[float]] = {}
        for number, now in zip(who, times(steps), strict=False):
            mine = starts.setdefault(number, [])
            held = sum(now < start + 60 for start in mine)
            came = admit(rule, now, sourceOf(f"192.0.2.{number}"))
            self.assertEqual(came, held < limit)
            if came:
                mine.append(now)

    @given(st.integers(1, 5), jumps)
    def test_alwaysRecovers(self, limit: int, steps: list[float]) -> None:
        """
        Whatever the clock does, at the time that is named somebody is let in, and that
        is not further away than a minute.
        """
        rule = perSource(limit)
        for now in times(steps):
            if not admit(rule, now):
                due = until(rule, now)
                self.assertLessEqual(due, now + 60 + 1e-6)
                self.assertTrue(admit(rule, due))
                break
