# -*- test-case-name: tests.test_gate_barred -*-
"""
Who is kept out of everything, for a time or for ever: those who touched a trap.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Iterable, Iterator

import attrs

from txinetd.gate.rule import Refusal, Rule, Source
from txinetd.policy import Prefixes

__all__ = ["DEFAULT_SOURCES", "FOREVER_LIMIT", "Bar", "Barred"]

#: How many sources are remembered for each of the two terms, as in xinetd.
DEFAULT_SOURCES = 10240

#: Seconds from which on a time is no different from "for ever", which keeps sums exact.
FOREVER_LIMIT = 100 * 366 * 86400.0

_BITS = {4: 32, 6: 128}

_PREFIXES = Prefixes()

#: Family and first address of a source.
_Key = tuple[int, int]


@attrs.frozen
class Bar:
    """
    One source that is kept out, without a clock: fit to be kept elsewhere.

    @ivar version: 4 or 6.
    @ivar number: an address of the source.
    @ivar seconds: for how much longer; C{None} for ever.
    @ivar why: what it has done.
    """

    version: int
    number: int
    seconds: float | None
    why: str


class Barred(Rule):
    """
    Keeps sources out until their time is over.

    A source is what one customer of a network has, as far as that can be told: one
    IPv4 address, and for IPv6 the narrowest of L{Prefixes}.  Peers without an internet
    address cannot be barred.

    Memory is bounded: there are places for so many sources with a time, and for as
    many that are barred for ever, so that neither can drive the others out.  Where all
    are taken, the source that has not been heard of for longest is let go before its
    time, and counted.

    @ivar size: sources of either kind, at most.
    @ivar evicted: how many were let go before their time was over.
    @ivar evictedForever: how many of those that were barred for ever.
    """

    name = "barred"

    def __init__(self, size: int = DEFAULT_SOURCES, prefixes: Prefixes = _PREFIXES) -> None:
        """
        @raise ValueError: if there is no place for anybody.
        """
        if size < 1:
            raise ValueError(f"a list of who is barred has at least one place, not {size}")
        self.size = size
        self.evicted = 0
        self.evictedForever = 0
        # How many bits of an address do not tell sources apart.
        narrowest = {4: prefixes.ipv4, 6: prefixes.ipv6}
        self._free = {
            version: _BITS[version] - (lengths[0][0] if lengths else _BITS[version])
            for version, lengths in narrowest.items()
        }
        # The source that was heard of last is the last one, in both.
        self._timed: OrderedDict[_Key, tuple[float, str]] = OrderedDict()
        self._forever: OrderedDict[_Key, str] = OrderedDict()
        self.memory = self._timed, self._forever
        # When sources are over, the soonest first.  What the table above says
        # otherwise is out of date.
        self._ends: list[tuple[float, _Key]] = []

    def __len__(self) -> int:
        """
        How many are in memory, with some whose time may be over.
        """
        return len(self._timed) + len(self._forever)

    def check(self, source: Source, now: float) -> Refusal | None:
        """
        See L{Rule.check}.
        """
        if source.version not in _BITS:
            return None
        key = self._key(source.version, source.number)
        why = self._forever.get(key)
        if why is not None:
            self._forever.move_to_end(key)
            return Refusal(self.name, f"barred for ever: {why}", perSource=True)
        known = self._timed.get(key)
        if known is None:
            return None
        until, why = known
        if until <= now:
            del self._timed[key]
            return None
        self._timed.move_to_end(key)
        return Refusal(self.name, f"barred for a time: {why}", until, perSource=True)

    def bar(self, source: Source, seconds: float | None, now: float, why: str) -> bool:
        """
        Keep a source out.  One that is barred already stays so for the longer of the
        two times.

        @param seconds: for how long; C{None} for ever.
        @param why: what it has done.
        @return: whether it is barred now: not for a peer without an internet address,
            and not for no time at all.
        """
        if source.version not in _BITS:
            return False
        return self._bar(self._key(source.version, source.number), seconds, now, why)

    def pardon(self, source: Source) -> bool:
        """
        Let a source in again.

        @return: whether it was barred.
        """
        if source.version not in _BITS:
            return False
        key = self._key(source.version, source.number)
        timed = self._timed.pop(key, None)
        return self._forever.pop(key, None) is not None or timed is not None

    def bars(self, now: float) -> Iterator[Bar]:
        """
        All that are barred, those for ever first, and of each kind the one that was
        heard of last at the end: barring them in this order has the same effect.
        """
        for (version, number), why in self._forever.items():
            yield Bar(version, number, None, why)
        for (version, number), (until, why) in self._timed.items():
            if until > now:
                yield Bar(version, number, until - now, why)

    def restore(self, bars: Iterable[Bar], now: float) -> None:
        """
        Bar what was barred before.
        """
        for each in bars:
            self._bar(self._key(each.version, each.number), each.seconds, now, each.why)

    def _key(self, version: int, number: int) -> _Key:
        """
        The source that an address belongs to.
        """
        free = self._free[version]
        return version, number >> free << free

    def _bar(self, key: _Key, seconds: float | None, now: float, why: str) -> bool:
        """
        Bar one source, with room made for it.
        """
        if key in self._forever:
            self._forever.move_to_end(key)
            return True
        # Written so that what is no number is taken for the longest time.
        if seconds is None or not seconds < FOREVER_LIMIT:
            self._timed.pop(key, None)
            if len(self._forever) >= self.size:
                self._forever.popitem(last=False)
                self.evictedForever += 1
            self._forever[key] = why
            return True
        if seconds <= 0:
            return False
        until = now + seconds
        known = self._timed.get(key)
        if known is not None:
            self._timed.move_to_end(key)
            if known[0] >= until:
                return True
        else:
            self._makeRoom(now)
        self._timed[key] = until, why
        if len(self._ends) >= 2 * self.size:
            self._ends = [(end, each) for each, (end, _) in self._timed.items()]
            heapq.heapify(self._ends)
        else:
            heapq.heappush(self._ends, (until, key))
        return True

    def _makeRoom(self, now: float) -> None:
        """
        Have a place for one more: those whose time is over go first.
        """
        while self._ends and self._ends[0][0] <= now:
            until, key = heapq.heappop(self._ends)
            known = self._timed.get(key)
            if known is not None and known[0] == until:
                del self._timed[key]
        if len(self._timed) >= self.size:
            self._timed.popitem(last=False)
            self.evicted += 1
