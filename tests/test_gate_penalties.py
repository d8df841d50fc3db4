# -*- test-case-name: tests.test_gate_penalties -*-
"""
Tests for L{txinetd.gate.penalties}.
"""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.gate_support import HERE, THERE, jumps, times, v6
from txinetd.gate.penalties import Offence, Penalty, PenaltyBook
from txinetd.gate.rule import NOBODY, Refusal, Source, sourceOf
from txinetd.policy import Network, Penalties, Prefixes

RULES = Penalties(refused=1, early=5, timeout=10, failed=20, least=15, most=60, sources=1000)


class PenaltyBookTests(SynchronousTestCase):
    """
    Tests for L{PenaltyBook}.
    """

    def setUp(self) -> None:
        self.book = PenaltyBook(RULES)

    def isOut(self, now: float, source: Source = HERE) -> bool:
        """
        Whether a source is kept out.
        """
        return self.book.check(source, now) is not None

    def test_least(self) -> None:
        """
        What is below the least penalty only adds up; from then on one is kept out.
        """
        found = []
        for _ in range(3):
            self.book.collect(HERE, Offence.EARLY, 0)
            found.append(self.isOut(0))
        self.assertEqual(found, [False, False, True])

    def test_untilRunDown(self) -> None:
        """
        One is kept out until all of it has run down, not only to below the least.
        """
        self.book.collect(HERE, Offence.FAILED, 0)
        self.assertEqual([self.isOut(now) for now in (6, 19.9, 20)], [True, True, False])

    def test_runsDown(self) -> None:
        """
        What is collected slowly enough keeps nobody out.
        """
        for number in range(100):
            self.book.collect(HERE, Offence.TIMEOUT, number * 10)
            self.assertFalse(self.isOut(number * 10))

    def test_most(self) -> None:
        """
        Nobody is kept out for longer than the most.
        """
        for _ in range(50):
            self.book.collect(HERE, Offence.FAILED, 0)
        self.assertEqual([self.isOut(59.9), self.isOut(60)], [True, False])

    def test_begins(self) -> None:
        """
        It is told why, how much and until when, and once that somebody is kept out from
        now on.
        """
        found = [self.book.collect(HERE, Offence.TIMEOUT, now) for now in (0, 1, 2)]
        self.assertEqual(
            found,
            [
                (Penalty("192.0.2.1", Offence.TIMEOUT, 10, 10, False),),
                (Penalty("192.0.2.1", Offence.TIMEOUT, 10, 20, True, begins=True),),
                (Penalty("192.0.2.1", Offence.TIMEOUT, 10, 30, True),),
            ],
        )

    def test_refusal(self) -> None:
        """
        Who is kept out hears for what, and until when.
        """
        self.book.collect(HERE, Offence.FAILED, 5)
        self.assertEqual(
            self.book.check(HERE, 6),
            Refusal("penalty", "192.0.2.1 made its server fail", 25, perSource=True),
        )

    def test_askingCostsNothing(self) -> None:
        """
        Nobody stays out for longer because he asks.
        """
        self.book.collect(HERE, Offence.FAILED, 0)
        for second in range(20):
            self.assertEqual(self.book.collect(HERE, Offence.REFUSED, second), ())
        self.assertFalse(self.isOut(20))

    def test_othersNot(self) -> None:
        """
        Others are let in.
        """
        self.book.collect(HERE, Offence.FAILED, 0)
        self.assertFalse(self.isOut(0, THERE))
        self.assertFalse(self.isOut(0, NOBODY))

    def test_off(self) -> None:
        """
        What costs nothing is not even remembered.
        """
        self.book = PenaltyBook(attrs.evolve(RULES, early=0.0))
        self.assertEqual(self.book.collect(HERE, Offence.EARLY, 0), ())
        self.assertEqual(len(self.book), 0)

    def test_widerPrefixes(self) -> None:
        """
        A /56 collects a quarter of what its /64 do, and when that is enough all of it is
        kept out, but nobody beside it.
        """
        for subnet in range(2):
            self.book.collect(v6(1, subnet), Offence.FAILED, 0)
        self.assertFalse(self.isOut(0, v6(1, 99)))
        self.book.collect(v6(1, 2), Offence.FAILED, 0)
        self.assertTrue(self.isOut(0, v6(1, 99)))
        self.assertFalse(self.isOut(0, v6(1, 256)))

    def test_exempt(self) -> None:
        """
        Who is exempt collects nothing; the networks may overlap and touch.
        """
        exempt = (Network(4, 20, 30), Network(4, 10, 22), Network(4, 31, 40), Network(6, 1, 1))
        self.book = PenaltyBook(attrs.evolve(RULES, exempt=exempt))
        out = []
        for number in range(50):
            source = Source(4, number, "")
            self.book.collect(source, Offence.FAILED, 0)
            if self.isOut(0, source):
                out.append(number)
        self.assertEqual(out, [*range(10), *range(41, 50)])

    def test_exemptWithinPrefix(self) -> None:
        """
        Who is exempt is let in also when all around it are kept out.
        """
        here = v6(1, 1, 1)
        self.book = PenaltyBook(attrs.evolve(RULES, exempt=(Network(6, here.number, here.number),)))
        self.book.collect(v6(1, 1, 2), Offence.FAILED, 0)
        self.assertEqual((self.isOut(0, v6(1, 1, 3)), self.isOut(0, here)), (True, False))

    def test_dump(self) -> None:
        """
        All that has not run down is shown.
        """
        self.book.collect(HERE, Offence.EARLY, 0)
        self.book.collect(THERE, Offence.FAILED, 0)
        self.assertEqual(
            list(self.book.penalties(7)),
            [Penalty("198.51.100.1", Offence.FAILED, 20, 20, True)],
        )

    def test_bounded(self) -> None:
        """
        No more are remembered than was said; who is kept out is not forgotten for those
        who have done little.
        """
        self.book = PenaltyBook(attrs.evolve(RULES, sources=50))
        self.book.collect(HERE, Offence.FAILED, 0)
        for number in range(5000):
            self.book.collect(sourceOf(f"10.0.{number // 256}.{number % 256}"), Offence.EARLY, 0)
        self.assertEqual(len(self.book), 50)
        self.assertTrue(self.isOut(0))

    def test_altered(self) -> None:
        """
        Other rules hold for who is known already.
        """
        for _ in range(5):
            self.book.collect(HERE, Offence.FAILED, 0)
            self.book.collect(THERE, Offence.FAILED, 0)
        exempt = (Network(4, THERE.number, THERE.number),)
        self.book.alter(attrs.evolve(RULES, most=30.0, exempt=exempt), Prefixes(), 0)
        self.assertEqual(
            [self.isOut(29), self.isOut(30), self.isOut(0, THERE)], [True, False, False]
        )

    def test_alteredFewer(self) -> None:
        """
        A smaller memory is smaller at once.
        """
        for number in range(20):
            self.book.collect(Source(4, number, ""), Offence.FAILED, 0)
        self.book.alter(attrs.evolve(RULES, sources=5), Prefixes(), 0)
        self.assertEqual(len(self.book), 5)

    def test_wrong(self) -> None:
        """
        What cannot be meant is refused, and leaves the rules as they are.
        """
        for wrong in (
            attrs.evolve(RULES, early=-1.0),
            attrs.evolve(RULES, least=90.0),
            attrs.evolve(RULES, most=float("inf")),
            attrs.evolve(RULES, sources=0),
        ):
            self.assertRaises(ValueError, self.book.alter, wrong, Prefixes(), 0)
        self.test_least()

    @given(jumps, st.lists(st.sampled_from(Offence), min_size=80, max_size=80))
    def test_alwaysRecovers(self, steps: list[float], offences: list[Offence]) -> None:
        """
        Whatever the clock does, who is kept out is let in at the time that was named,
        which is never further away than the most.
        """
        self.setUp()
        for now, offence in zip(times(steps), offences, strict=False):
            self.book.collect(HERE, offence, now)
            refusal = self.book.check(HERE, now)
            if refusal is not None:
                assert refusal.until is not None
                self.assertLessEqual(refusal.until, now + RULES.most + 1e-6)
                self.assertFalse(self.isOut(refusal.until))
                break
