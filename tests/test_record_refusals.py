"""
Tests for L{txinetd.record.refusals}.
"""

from __future__ import annotations

import random

from twisted.trial.unittest import SynchronousTestCase

from tests.record_support import record
from txinetd.record.refusals import ELSEWHERE, Refusals, networkOf
from txinetd.recording import DEFAULT_AGGREGATION, Aggregation


class RefusalsTests(SynchronousTestCase):
    """
    Tests for L{Refusals}.
    """

    def refuse(self, refusals: Refusals, peer: str, now: float, rule: str = "address") -> bool:
        """
        One more.

        @return: whether it is written.
        """
        each, _ = refusals.admit(record(verdict="refused", rule=rule, peer=peer), now)
        return each

    def test_networks(self) -> None:
        """
        Sources are told apart by prefix.
        """
        for peer, network in (
            ("203.0.113.9:1", "203.0.113.0/24"),
            ("[2001:db8:1:2:3::4]:1", "2001:db8:1:2::/64"),
            ("[fe80::1%eth0]:1", "fe80::/64"),
            ("uid:7", "the same place"),
            ("1.2:3", "the same place"),
        ):
            self.assertEqual(networkOf(peer, DEFAULT_AGGREGATION), network)

    def test_alike(self) -> None:
        """
        Another network, and another rule, have lines of their own.
        """
        refusals = Refusals(Aggregation(first=1))
        self.assertTrue(self.refuse(refusals, "192.0.2.1:1", 0.0))
        self.assertFalse(self.refuse(refusals, "192.0.2.2:1", 0.0))
        self.assertTrue(self.refuse(refusals, "198.51.100.1:1", 0.0))
        self.assertTrue(self.refuse(refusals, "192.0.2.1:1", 0.0, "load"))

    def test_nothingIsLost(self) -> None:
        """
        What is written each and what is said to be more add up to all, from wherever
        they come.
        """
        refusals = Refusals(Aggregation(first=2, most=5))
        peers = [f"10.0.{number % 9}.1:1" for number in range(100)]
        written = sum(self.refuse(refusals, peer, 1.0) for peer in peers)
        self.assertEqual(written, 5)
        rest = refusals.rest(3.0)
        self.assertEqual(sum(more.count for more in rest) + written, 100)
        self.assertIn(ELSEWHERE, [more.source for more in rest])
        self.assertEqual({more.seconds for more in rest}, {2.0})

    def test_period(self) -> None:
        """
        After the period the first ones are written again.
        """
        refusals = Refusals(Aggregation(first=1, seconds=10.0))
        self.refuse(refusals, "192.0.2.1:1", 0.0)
        self.refuse(refusals, "192.0.2.1:1", 5.0)
        self.assertEqual(refusals.due(9.0), [])
        each, before = refusals.admit(
            record(verdict="refused", rule="address", peer="192.0.2.1:1"), 10.0
        )
        self.assertTrue(each)
        self.assertEqual([more.count for more in before], [1])
        self.assertEqual(refusals.due(20.0), [])
        self.assertFalse(refusals.isPending)

    def test_bounded(self) -> None:
        """
        However many sources and services there are, no more is kept than is asked for,
        and nothing is lost when the oldest are let go of.
        """
        chance = random.Random(4)
        refusals = Refusals(Aggregation(first=2, most=10, groups=8))
        total = 0
        for number in range(20_000):
            peer = f"{chance.randrange(1, 224)}.{chance.randrange(256)}.{chance.randrange(256)}.1:1"
            each, before = refusals.admit(
                record(verdict="refused", rule="address", service=str(number % 11), peer=peer), 0.0
            )
            total += each + sum(more.count for more in before)
        self.assertLessEqual(len(refusals), 80)
        total += sum(more.count for more in refusals.rest(1.0))
        self.assertEqual(total, 20_000)
