# -*- test-case-name: tests.test_gate_sources -*-
"""
Tests for L{txinetd.gate.sources}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txinetd.gate.rule import NOBODY, Source, sourceOf
from txinetd.gate.sources import Levels, SourceTable, prefixText
from txinetd.policy import Prefixes


def texts(host: str, prefixes: Prefixes) -> list[tuple[str, int]]:
    """
    A source's prefixes as people write them, with their factors.
    """
    return [(prefixText(key), factor) for key, factor in Levels(prefixes).of(sourceOf(host))]


class LevelsTests(SynchronousTestCase):
    """
    Tests for L{Levels}.
    """

    def test_default(self) -> None:
        """
        An IPv4 address is one source; of IPv6 it is the /64, and wider prefixes count
        with more than one share.
        """
        self.assertEqual(texts("192.0.2.1", Prefixes()), [("192.0.2.1", 1)])
        self.assertEqual(
            texts("2001:db8:1:2ff:3::4", Prefixes()),
            [("2001:db8:1:2ff::/64", 1), ("2001:db8:1:200::/56", 4), ("2001:db8:1::/48", 16)],
        )

    def test_set(self) -> None:
        """
        The lengths can be others.
        """
        prefixes = Prefixes(ipv4=((24, 1), (0, 100)))
        self.assertEqual(texts("192.0.2.77", prefixes), [("192.0.2.0/24", 1), ("0.0.0.0/0", 100)])

    def test_mapped(self) -> None:
        """
        An IPv4 client of a dual-stack socket is the same source as on any other.
        """
        self.assertEqual(texts("::ffff:192.0.2.1", Prefixes()), [("192.0.2.1", 1)])

    def test_user(self) -> None:
        """
        A peer on the same machine is its user.
        """
        keys = Levels(Prefixes()).of(Source(0, 1000, "uid:1000"))
        self.assertEqual([(prefixText(key), factor) for key, factor in keys], [("uid 1000", 1)])

    def test_nobody(self) -> None:
        """
        Those about whom nothing is known are not one source.
        """
        self.assertEqual(Levels(Prefixes()).of(NOBODY), ())

    def test_kindsApart(self) -> None:
        """
        No two prefixes of different kinds have one key, even if their bits are alike.
        """
        levels = Levels(Prefixes(((32, 1), (31, 1)), ((64, 1), (32, 1))))
        sources = [sourceOf("0.0.0.1"), sourceOf("::1:0:0:0:0"), Source(0, 1, "uid:1")]
        keys = [key for source in sources for key, _ in levels.of(source)]
        self.assertEqual(len(set(keys)), 5)

    def test_oneAfterTheOther(self) -> None:
        """
        Who was asked about last does not change what is said about the next.
        """
        levels = Levels(Prefixes())
        one, two = sourceOf("192.0.2.1"), sourceOf("192.0.2.2")
        first = levels.of(one)
        self.assertNotEqual(levels.of(two), first)
        self.assertEqual(levels.of(one), first)

    def test_wrong(self) -> None:
        """
        Lengths that no address has, and shares of nothing, are refused.
        """
        for prefixes in (
            Prefixes(ipv4=((33, 1),)),
            Prefixes(ipv6=((129, 1),)),
            Prefixes(ipv6=((-1, 1),)),
            Prefixes(ipv4=((24, 0),)),
        ):
            self.assertRaises(ValueError, Levels, prefixes)


def tableOf(capacity: int) -> SourceTable[tuple[float, float]]:
    """
    A table whose states are the time until which they say something, and a weight.
    """
    return SourceTable(capacity, lambda state, now: state[0] <= now, lambda state, now: state[1])


class SourceTableTests(SynchronousTestCase):
    """
    Tests for L{SourceTable}.
    """

    def test_idleGo(self) -> None:
        """
        Of two that say nothing any more there is none left after one that is new.
        """
        table = tableOf(100)
        for key in range(2):
            table.put(key, (5, 1), 0)
        table.put(2, (50, 1), 5)
        self.assertEqual(list(table.entries), [2])

    def test_notBeforeTheirTime(self) -> None:
        """
        As long as there is room, what says something stays.
        """
        table = tableOf(100)
        for key in range(100):
            table.put(key, (50, 1), 0)
        self.assertEqual((len(table), table.lost), (100, 0))

    def test_idleFirst(self) -> None:
        """
        A full table loses one that says nothing before one that says little.
        """
        table = tableOf(3)
        table.put(0, (50, 1), 0)
        table.put(1, (5, 9), 0)
        table.put(2, (50, 1), 0)
        table.put(3, (50, 1), 10)
        self.assertEqual((sorted(table.entries), table.lost), ([0, 2, 3], 0))

    def test_lightestGoes(self) -> None:
        """
        A full table in which all say something loses the one that says least.
        """
        table = tableOf(3)
        for key, weight in enumerate((5, 1, 5)):
            table.put(key, (50, weight), 0)
        table.put(3, (50, 1), 1)
        self.assertEqual((sorted(table.entries), table.lost), ([0, 2, 3], 1))

    def test_heavyOutlivesCrowd(self) -> None:
        """
        One that is at its limit is not forgotten for a crowd, a hundred times as large
        as the table, of which each has come once.
        """
        table = tableOf(64)
        table.put(-1, (1e9, 10), 0)
        for key in range(6400):
            table.put(key, (1e9, 1), key)
        self.assertIn(-1, table.entries)

    def test_touched(self) -> None:
        """
        Who comes again is younger than who came before.
        """
        table = tableOf(3)
        for key in (0, 1, 2, 0):
            table.put(key, (50, 1), 0)
        table.put(3, (50, 1), 0)
        self.assertEqual(sorted(table.entries), [0, 2, 3])

    def test_resized(self) -> None:
        """
        A table that is to hold fewer does so at once, and keeps the heavy ones.
        """
        table = tableOf(10)
        for key in range(8):
            table.put(key, (50, key), 0)
        table.resize(2, 0)
        self.assertEqual(sorted(table.entries), [6, 7])

    def test_noRoom(self) -> None:
        """
        A table for nobody would forgive everybody, and is refused.
        """
        self.assertRaises(ValueError, tableOf, 0)
        self.assertRaises(ValueError, tableOf(1).resize, 0, 0)

    @given(
        st.integers(1, 20),
        st.lists(st.tuples(st.integers(0, 40), st.floats(0, 100), st.floats(0, 9)), max_size=200),
    )
    def test_bounded(self, capacity: int, puts: list[tuple[int, float, float]]) -> None:
        """
        There are never more than it may hold, and the newest is always there.
        """
        table = tableOf(capacity)
        for now, (key, lasts, weight) in enumerate(puts):
            table.put(key, (now + lasts, weight), now)
            self.assertLessEqual(len(table), capacity)
            self.assertIn(key, table.entries)
