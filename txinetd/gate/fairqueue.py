# -*- test-case-name: tests.test_gate_fairqueue -*-
"""
A queue in which nobody waits longer because somebody else has come more often.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from typing import Generic, TypeVar

import attrs

from txinetd.gate.rule import Source
from txinetd.gate.sources import Levels
from txinetd.gate.steady import Steady
from txinetd.policy import Prefixes

__all__ = ["FairQueue"]

Item = TypeVar("Item")


@attrs.frozen(eq=False)
class _Waiting(Generic[Item]):
    """
    One that waits.
    """

    item: Item
    key: int
    since: float


class FairQueue(Generic[Item]):
    """
    Arrivals that wait, in the order in which they came from each source, the sources
    in turns.  A source is the narrowest of its prefixes; all of whom nothing is known
    are one.

    @ivar capacity: how many may wait, at most.
    @ivar seconds: how long each may.
    """

    def __init__(self, capacity: int, seconds: float, prefixes: Prefixes | None = None) -> None:
        """
        @raise ValueError: if nobody may wait, or for no time.
        """
        self._steady = Steady()
        self._levels = Levels(prefixes or Prefixes())
        self._check(capacity, seconds)
        self.capacity = capacity
        self.seconds = seconds
        # In the order of their turns.
        self._sources: OrderedDict[int, deque[_Waiting[Item]]] = OrderedDict()
        # In the order in which they came.
        self._all: OrderedDict[int, _Waiting[Item]] = OrderedDict()
        # Sources by how many wait from there, so that the greatest is found at once.
        self._bySize: dict[int, OrderedDict[int, None]] = {}
        self._most = 0
        self._overdue: list[Item] = []

    def __len__(self) -> int:
        """
        How many wait.
        """
        return len(self._all)

    def push(self, item: Item, source: Source, now: float) -> list[Item]:
        """
        Let somebody wait.  Where the queue is full, the source with the most who wait
        loses the one who came last, be it this newcomer; so a newcomer always finds room
        whose source has fewer than that.

        @param item: who.
        @param source: from where.
        @param now: the time.
        @return: who may not wait any more, or may not at all: nobody, or one.
        """
        steady = self._steady.at(now)
        self._sift(steady)
        key = next((key for key, _ in self._levels.of(source)), -1)
        displaced = []
        if len(self._all) >= self.capacity:
            if len(self._sources.get(key, ())) >= self._most:
                return [item]
            displaced = [self._displace()]
        waiting = _Waiting(item, key, steady)
        queue = self._sources.get(key)
        if queue is None:
            queue = self._sources[key] = deque()
        queue.append(waiting)
        self._all[id(waiting)] = waiting
        self._resized(key, len(queue) - 1, len(queue))
        return displaced

    def pop(self, now: float) -> Item | None:
        """
        Whose turn it is; C{None} if nobody waits.  Who has waited for too long has had
        no turn: see L{expired}.

        @param now: the time.
        """
        self._sift(self._steady.at(now))
        if not self._sources:
            return None
        key = next(iter(self._sources))
        waiting = self._remove(key, newest=False)
        if key in self._sources:
            self._sources.move_to_end(key)
        return waiting.item

    def expired(self, now: float) -> list[Item]:
        """
        Who has waited for too long; each is named once and waits no more.

        @param now: the time.
        """
        self._sift(self._steady.at(now))
        overdue, self._overdue = self._overdue, []
        return overdue

    def nextExpiry(self) -> float | None:
        """
        When somebody will have waited for too long; C{None} if nobody waits.  It is
        minus infinity if some have whom L{expired} has not named yet.
        """
        if self._overdue:
            return -math.inf
        first = next(iter(self._all.values()), None)
        return None if first is None else self._steady.shown(first.since + self.seconds)

    def resize(self, capacity: int, seconds: float) -> list[Item]:
        """
        Let another number wait, and each, from when it came, for another time.

        @return: who may not wait any more.
        @raise ValueError: if nobody may, or for no time.
        """
        self._check(capacity, seconds)
        self.capacity = capacity
        self.seconds = seconds
        return [self._displace() for _ in range(len(self._all) - capacity)]

    def clear(self) -> list[Item]:
        """
        Let nobody wait.

        @return: who has waited, the longest first.
        """
        left = self._overdue + [waiting.item for waiting in self._all.values()]
        self._overdue = []
        self._sources.clear()
        self._all.clear()
        self._bySize.clear()
        self._most = 0
        return left

    def _check(self, capacity: int, seconds: float) -> None:
        """
        Look at what is asked for.
        """
        if capacity < 1:
            raise ValueError(f"at least one may wait, not {capacity}")
        if not seconds > 0:
            raise ValueError(f"nobody can wait for {seconds} seconds")

    def _sift(self, now: float) -> None:
        """
        Take out who has waited for too long.
        """
        while self._all:
            first = next(iter(self._all.values()))
            if first.since + self.seconds > now:
                return
            self._overdue.append(self._remove(first.key, newest=False).item)

    def _displace(self) -> Item:
        """
        Take out the newest of the source with the most; of several such, the one that
        has been so for the longest.
        """
        return self._remove(next(iter(self._bySize[self._most])), newest=True).item

    def _remove(self, key: int, newest: bool) -> _Waiting[Item]:
        """
        Take out one source's oldest, or newest.
        """
        queue = self._sources[key]
        waiting = queue.pop() if newest else queue.popleft()
        del self._all[id(waiting)]
        self._resized(key, len(queue) + 1, len(queue))
        if not queue:
            del self._sources[key]
        return waiting

    def _resized(self, key: int, before: int, after: int) -> None:
        """
        Another number waits from a source: one more or one less.
        """
        if before:
            same = self._bySize[before]
            del same[key]
            if not same:
                del self._bySize[before]
        if after:
            self._bySize.setdefault(after, OrderedDict())[key] = None
        if after > self._most or (before == self._most and before not in self._bySize):
            self._most = after
