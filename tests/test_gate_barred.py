# -*- test-case-name: tests.test_gate_barred -*-
"""
Tests for L{txinetd.gate.barred}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txinetd.gate.barred import FOREVER_LIMIT, Bar, Barred
from txinetd.gate.rule import NOBODY, Source, sourceOf
from txinetd.policy import Prefixes

HERE = sourceOf("192.0.2.1")
THERE = sourceOf("192.0.2.2")


def numbered(number: int) -> Source:
    """
    One of many sources.
    """
    return Source(4, number, str(number))


class BarredTests(SynchronousTestCase):
    """
    Tests for L{Barred}.
    """

    def setUp(self) -> None:
        """
        Begin with nobody barred.
        """
        self.barred = Barred(4)

    def out(self, source: Source, now: float) -> bool:
        """
        Whether a source is kept out.
        """
        return self.barred.check(source, now) is not None

    def test_nobody(self) -> None:
        """
        Who has done nothing may come in.
        """
        self.assertFalse(self.out(HERE, 0))

    def test_time(self) -> None:
        """
        A source is kept out until its time is over, and no other with it.
        """
        self.assertTrue(self.barred.bar(HERE, 60, 100, "touched telnet"))
        states = [self.out(HERE, now) for now in (100, 159.9, 160, 100)]
        self.assertEqual(states, [True, True, False, False])
        self.barred.bar(HERE, 60, 200, "again")
        self.assertFalse(self.out(THERE, 200))

    def test_refusal(self) -> None:
        """
        A refusal says what was done, and until when it counts.
        """
        self.barred.bar(HERE, 60, 100, "touched telnet")
        refusal = self.barred.check(HERE, 110)
        assert refusal is not None
        self.assertEqual((refusal.rule, refusal.until, refusal.perSource), ("barred", 160, True))
        self.assertIn("touched telnet", refusal.reason)

    def test_forever(self) -> None:
        """
        For ever is for ever, and a time added to it changes nothing.
        """
        self.barred.bar(HERE, None, 0, "touched telnet")
        self.barred.bar(HERE, 1, 0, "again")
        refusal = self.barred.check(HERE, 1e12)
        assert refusal is not None
        self.assertIsNone(refusal.until)
        self.assertIn("touched telnet", refusal.reason)

    def test_longer(self) -> None:
        """
        Of two times the longer one counts, whichever comes first.
        """
        for times in ((60, 10), (10, 60)):
            barred = Barred()
            for seconds in times:
                barred.bar(HERE, seconds, 0, "-")
            self.assertIsNotNone(barred.check(HERE, 59))
            self.assertIsNone(barred.check(HERE, 60))
        self.barred.bar(HERE, 10, 0, "-")
        self.barred.bar(HERE, None, 0, "-")
        self.assertTrue(self.out(HERE, 1e9))
        self.assertEqual(len(self.barred), 1)

    def test_oddTimes(self) -> None:
        """
        No time is none; more than a life, or no number, is for ever.
        """
        for seconds in (0.0, -1.0, float("-inf")):
            self.assertFalse(self.barred.bar(HERE, seconds, 0, "-"))
        self.assertFalse(self.out(HERE, 0))
        for seconds in (float("inf"), float("nan"), FOREVER_LIMIT):
            barred = Barred()
            self.assertTrue(barred.bar(HERE, seconds, 0, "-"))
            self.assertIsNone(next(barred.bars(0)).seconds)

    def test_noAddress(self) -> None:
        """
        A peer without an internet address cannot be barred.
        """
        for source in (NOBODY, Source(0, 1000, "uid 1000")):
            self.assertFalse(self.barred.bar(source, None, 0, "-"))
            self.assertFalse(self.barred.pardon(source))
            self.barred.bar(HERE, None, 0, "-")
            self.assertFalse(self.out(source, 0))

    def test_prefix(self) -> None:
        """
        Of IPv6 a whole subnet is one source; settable, as for IPv4.
        """
        self.barred.bar(sourceOf("2001:db8::1"), 60, 0, "-")
        self.assertTrue(self.out(sourceOf("2001:db8::ffff:0:0:1"), 1))
        self.assertFalse(self.out(sourceOf("2001:db8:0:1::1"), 1))
        barred = Barred(prefixes=Prefixes(ipv4=((24, 1),), ipv6=((128, 1),)))
        barred.bar(HERE, 60, 0, "-")
        self.assertIsNotNone(barred.check(THERE, 1))
        barred.bar(sourceOf("2001:db8::1"), 60, 0, "-")
        self.assertIsNone(barred.check(sourceOf("2001:db8::2"), 1))

    def test_families(self) -> None:
        """
        The same number in the other family is somebody else.
        """
        self.barred.bar(Source(4, 2**31, "-"), None, 0, "-")
        self.assertFalse(self.out(Source(6, 2**31, "-"), 0))

    def test_pardon(self) -> None:
        """
        Who is pardoned may come in, once.
        """
        for seconds in (60, None):
            self.barred.bar(HERE, seconds, 0, "-")
            self.assertTrue(self.barred.pardon(HERE))
            self.assertFalse(self.barred.pardon(HERE))
            self.assertFalse(self.out(HERE, 1))

    def test_full(self) -> None:
        """
        Where all places are taken, who was not heard of for longest goes, counted.
        """
        for number in range(4):
            self.barred.bar(numbered(number), 60, 0, "-")
        self.assertTrue(self.out(numbered(0), 1))
        self.barred.bar(numbered(4), 60, 1, "-")
        states = [self.out(numbered(number), 2) for number in range(5)]
        self.assertEqual(states, [True, False, True, True, True])
        self.assertEqual((self.barred.evicted, self.barred.evictedForever), (1, 0))

    def test_overFirst(self) -> None:
        """
        Whose time is over makes room before anybody whose is not.
        """
        for number in range(4):
            self.barred.bar(numbered(number), 5 if number == 2 else 60, 0, "-")
        self.barred.bar(numbered(4), 60, 5, "-")
        self.assertEqual(self.barred.evicted, 0)
        states = [self.out(numbered(number), 5) for number in range(5)]
        self.assertEqual(states, [True, True, False, True, True])

    def test_foreverApart(self) -> None:
        """
        Those with a time do not drive those for ever out, nor the other way round.
        """
        for number in range(4):
            self.barred.bar(numbered(number), None, 0, "-")
        for number in range(100, 200):
            self.barred.bar(numbered(number), 60, 0, "-")
        self.assertTrue(all(self.out(numbered(number), 1) for number in range(4)))
        self.assertEqual((self.barred.evicted, self.barred.evictedForever), (96, 0))
        for number in range(200, 300):
            self.barred.bar(numbered(number), None, 1, "-")
        self.assertTrue(self.out(numbered(199), 1))
        self.assertEqual((self.barred.evicted, self.barred.evictedForever), (96, 100))
        self.assertEqual(len(self.barred), 8)

    def test_noPlace(self) -> None:
        """
        A list without places is a mistake.
        """
        self.assertRaises(ValueError, Barred, 0)

    def test_bars(self) -> None:
        """
        What is told of who is barred restores it on another clock.
        """
        self.barred.bar(HERE, 60, 100, "x")
        self.barred.bar(THERE, None, 100, "y")
        self.barred.bar(numbered(1), 5, 100, "z")
        bars = list(self.barred.bars(110))
        self.assertEqual(bars, [Bar(4, THERE.number, None, "y"), Bar(4, HERE.number, 50, "x")])
        other = Barred()
        other.restore(bars, 7000)
        self.assertEqual(list(other.bars(7000)), bars)
        self.assertIsNotNone(other.check(HERE, 7049))
        self.assertIsNone(other.check(HERE, 7050))

    @given(
        st.lists(
            st.tuples(
                st.integers(0, 9), st.none() | st.integers(1, 20), st.integers(0, 9), st.booleans()
            ),
            max_size=60,
        )
    )
    def test_asPlainly(self, steps: list[tuple[int, int | None, int, bool]]) -> None:
        """
        While there is room, a source is out exactly as long as the longest of its
        times; and with little room there are never more in memory than places, and
        who is out is so by right.
        """
        roomy, narrow = Barred(10), Barred(3)
        until: dict[int, float] = {}
        now = 0.0
        for number, seconds, gap, bars in steps:
            now += gap
            if bars:
                for barred in (roomy, narrow):
                    barred.bar(numbered(number), seconds, now, "-")
                end = float("inf") if seconds is None else now + seconds
                until[number] = max(until.get(number, 0), end)
            for each in range(10):
                expected = until.get(each, 0) > now
                self.assertEqual(roomy.check(numbered(each), now) is not None, expected)
                if narrow.check(numbered(each), now) is not None:
                    self.assertTrue(expected)
            self.assertLessEqual(len(narrow), 6)
            self.assertLessEqual(len(narrow._ends), 6)
        self.assertEqual((roomy.evicted, roomy.evictedForever), (0, 0))
