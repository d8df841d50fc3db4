# -*- test-case-name: tests.test_gate_fairqueue -*-
"""
Tests for L{txinetd.gate.fairqueue}.
"""

from __future__ import annotations

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.gate_support import v6
from txinetd.gate.fairqueue import FairQueue
from txinetd.gate.rule import NOBODY, Source


def source(letter: str) -> Source:
    """
    A source for each letter.
    """
    return Source(4, ord(letter), letter)


def filled(words: str, capacity: int = 100, seconds: float = 10) -> FairQueue[str]:
    """
    A queue of words, each from the source of its first letter, that came one a second.
    """
    queue: FairQueue[str] = FairQueue(capacity, seconds)
    for second, word in enumerate(words.split()):
        queue.push(word, source(word[0]), second)
    return queue


def drained(queue: FairQueue[str], now: float = 0) -> list[str]:
    """
    Everybody in turn.
    """
    found = []
    while (item := queue.pop(now)) is not None:
        found.append(item)
    return found


class FairQueueTests(SynchronousTestCase):
    """
    Tests for L{FairQueue}.
    """

    def test_inTurns(self) -> None:
        """
        The sources are in turns, and each has its own in order.
        """
        queue = filled("a1 a2 a3 b1 c1 b2")
        self.assertEqual(drained(queue, 5), ["a1", "b1", "c1", "a2", "b2", "a3"])

    def test_late(self) -> None:
        """
        Who comes later waits for one turn of each, not for all who wait.
        """
        queue = filled("a1 a2 a3 b1 b2")
        queue.pop(5)
        queue.push("z1", source("z"), 5)
        self.assertEqual(drained(queue, 5), ["b1", "a2", "z1", "b2", "a3"])

    def test_greatestLoses(self) -> None:
        """
        Where there is no room for a newcomer, the source with the most loses the one who
        came last.
        """
        queue = filled("a1 a2 a3 b1", capacity=4)
        self.assertEqual(queue.push("c1", source("c"), 4), ["a3"])
        self.assertEqual(drained(queue, 4), ["a1", "b1", "c1", "a2"])

    def test_greatestTurnedAway(self) -> None:
        """
        A newcomer whose own source has the most finds no room.
        """
        queue = filled("a1 a2 a3 b1", capacity=4)
        self.assertEqual(queue.push("a4", source("a"), 4), ["a4"])
        self.assertEqual(len(queue), 4)

    def test_alikeTurnedAway(self) -> None:
        """
        Where all have as many as the newcomer's source, it is the newcomer who goes.
        """
        queue = filled("a1 b1", capacity=2)
        self.assertEqual(queue.push("a2", source("a"), 2), ["a2"])

    def test_newcomerOfFull(self) -> None:
        """
        A new source finds room also where each has one, or else whoever is in first
        would keep it out; the one who has been there for the longest goes.
        """
        queue = filled("a1 b1", capacity=2)
        self.assertEqual(queue.push("c1", source("c"), 2), ["a1"])

    def test_expired(self) -> None:
        """
        Who has waited for too long is named once and has no turn.
        """
        queue = filled("a1 b1 a2")
        self.assertEqual(queue.expired(9.9), [])
        self.assertEqual(queue.pop(11), "a2")
        self.assertEqual((queue.expired(11), queue.expired(11)), (["a1", "b1"], []))

    def test_nextExpiry(self) -> None:
        """
        It is told when the next one will have.
        """
        queue = filled("a1 b1")
        found = [queue.nextExpiry()]
        queue.expired(10)
        found.append(queue.nextExpiry())
        queue.pop(30)
        found.append(queue.nextExpiry())
        queue.expired(30)
        self.assertEqual([*found, queue.nextExpiry()], [10, 11, -math.inf, None])

    def test_clockBack(self) -> None:
        """
        When the clock is set back everybody waits for the rest of the time.
        """
        queue = filled("a1")
        queue.expired(6)
        queue.expired(-100)
        self.assertEqual(queue.nextExpiry(), -96)
        self.assertEqual((queue.expired(-97), queue.expired(-96)), ([], ["a1"]))

    def test_resized(self) -> None:
        """
        Where fewer may wait, those with the most lose theirs; another time holds for who
        waits already.
        """
        queue = filled("a1 a2 a3 b1")
        self.assertEqual(queue.resize(2, 3), ["a3", "a2"])
        self.assertEqual((len(queue), queue.nextExpiry()), (2, 3))

    def test_cleared(self) -> None:
        """
        Nobody is forgotten when nobody is to wait any more.
        """
        queue = filled("a1 b1 a2")
        queue.pop(10.5)
        self.assertEqual(queue.clear(), ["a1", "b1"])
        self.assertEqual((len(queue), queue.pop(11), queue.nextExpiry()), (0, None, None))
        self.assertEqual(queue.push("a1", source("a"), 12), [])

    def test_subnet(self) -> None:
        """
        All of a /64 are one source, and so are all about whom nothing is known.
        """
        queue: FairQueue[str] = FairQueue(100, 10)
        for word, where in (
            ("a1", v6(1, 1, 1)),
            ("a2", v6(1, 1, 2)),
            ("n1", NOBODY),
            ("n2", NOBODY),
            ("b1", v6(1, 2)),
        ):
            queue.push(word, where, 0)
        self.assertEqual(drained(queue), ["a1", "n1", "b1", "a2", "n2"])

    def test_wrong(self) -> None:
        """
        A queue in which nobody may wait is refused.
        """
        self.assertRaises(ValueError, FairQueue, 0, 10)
        self.assertRaises(ValueError, FairQueue, 1, 0)

    @given(
        st.integers(1, 12),
        st.lists(
            st.tuples(
                st.sampled_from(["push", "pop", "expire"]), st.integers(0, 4), st.floats(0, 4)
            ),
            max_size=150,
        ),
    )
    def test_everybodyOnce(self, capacity: int, steps: list[tuple[str, int, float]]) -> None:
        """
        Whoever comes leaves exactly once: in turn, displaced or for having waited for too
        long.  There are never more than may be, nobody has a turn after that time, and
        who is displaced is of a source that had the most.
        """
        queue: FairQueue[int] = FairQueue(capacity, 10)
        inside: dict[int, tuple[int, float]] = {}
        now = 0.0
        for serial, (step, number, gap) in enumerate(steps):
            now += gap
            before = Counter(where for where, since in inside.values() if since + 10 > now)
            if step == "push":
                inside[serial] = number, now
                for item in queue.push(serial, Source(4, number, ""), now):
                    where, _ = inside.pop(item)
                    self.assertEqual(before[where], max(before.values()))
                    self.assertGreaterEqual(before[where], before[number])
            elif step == "pop":
                turn = queue.pop(now)
                if turn is not None:
                    _, since = inside.pop(turn)
                    self.assertGreater(since + 10, now)
            else:
                for item in queue.expired(now):
                    self.assertLessEqual(inside.pop(item)[1] + 10, now)
            self.assertLessEqual(len(queue), capacity)
        self.assertEqual(sorted(queue.clear()), sorted(inside))

    @given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.integers(0, 5))
    def test_waitsForOneOfEach(self, crowd: list[int], number: int) -> None:
        """
        However many wait, a source's first waits for no more than one of each other.
        """
        queue: FairQueue[int] = FairQueue(100, 10)
        for each in crowd:
            queue.push(each, Source(4, each, ""), 0)
        if number not in crowd:
            queue.push(number, Source(4, number, ""), 0)
        turns = [queue.pop(0) for _ in range(len(queue))]
        self.assertEqual(len(set(turns[: turns.index(number) + 1])), turns.index(number) + 1)
