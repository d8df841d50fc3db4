# -*- test-case-name: tests.test_gate_sources -*-
"""
What is known about single sources, in a memory of fixed size.

A source is counted under several keys at once, one for each length of prefix. A
key is one number (the address without its last bits, and which kind of prefix it
is), as there may be very many of them.
"""

from __future__ import annotations

import itertools
import socket
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from txinetd.gate.rule import VSOCK, Source
from txinetd.policy import Prefixes

__all__ = ["SOURCES", "Levels", "SourceTable", "prefixText"]

#: How many prefixes a table holds where nothing else is said.
SOURCES = 65536

#: Bits of a key that say what kind of prefix it is: 2 for the version, 8 for the
#: length.
_KIND = 10

_WIDTHS = {4: 32, 6: 128}
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_CODES = {0: 0, 4: 1, 6: 2, VSOCK: 3}
_VERSIONS = {code: version for version, code in _CODES.items()}


def _kinds(version: int, prefixes: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int, int], ...]:
    """
    For each prefix of one version: bits to drop, kind, and factor.
    """
    width = _WIDTHS[version]
    found = []
    for length, factor in prefixes:
        if not 0 <= length <= width:
            raise ValueError(f"an IPv{version} prefix has 0 to {width} bits, not {length}")
        if factor < 1:
            raise ValueError(f"a prefix may have at least one source's share, not {factor}")
        found.append((width - length, _CODES[version] << 8 | length, factor))
    return tuple(found)


class Levels:
    """
    Under which keys sources are counted.

    @ivar prefixes: the lengths.
    """

    __slots__ = ("_keys", "_kinds", "_latest", "prefixes")

    def __init__(self, prefixes: Prefixes) -> None:
        """
        @raise ValueError: if no address has so many bits, or a factor is below 1.
        """
        self.prefixes = prefixes
        self._kinds = {
            0: ((0, 0, 1),),
            VSOCK: ((0, _CODES[VSOCK] << 8, 1),),
            4: _kinds(4, prefixes.ipv4),
            6: _kinds(6, prefixes.ipv6),
        }
        self._latest: Source | None = None
        self._keys: tuple[tuple[int, int], ...] = ()

    def of(self, source: Source) -> tuple[tuple[int, int], ...]:
        """
        A source's keys, the narrowest first, each with how many times the limit of
        one source it may have.  A peer on the same machine and another machine have
        one, and whom nothing is known about has none.
        """
        # All rules of a gate ask about one arrival in turn.
        if source is not self._latest:
            number = source.number
            self._keys = (
                ()
                if number < 0
                else tuple(
                    [
                        (number >> drop << _KIND | kind, factor)
                        for drop, kind, factor in self._kinds[source.version]
                    ]
                )
            )
            self._latest = source
        return self._keys


def prefixText(key: int) -> str:
    """
    A key as people write it: C{192.0.2.1}, C{2001:db8::/48}, C{uid 1000}, C{vsock:3}.

    @param key: one of those that L{Levels.of} gives.
    """
    kind, number = key & (1 << _KIND) - 1, key >> _KIND
    version, length = _VERSIONS[kind >> 8], kind & 255
    if version == 0:
        return f"uid {number}"
    if version == VSOCK:
        return f"vsock:{number}"
    width = _WIDTHS[version]
    packed = (number << width - length).to_bytes(width // 8, "big")
    address = socket.inet_ntop(_FAMILIES[version], packed)
    return address if length == width else f"{address}/{length}"


State = TypeVar("State")


class SourceTable(Generic[State]):
    """
    What is remembered, by key; never more than C{capacity} of it.

    With each new key up to two of those touched longest ago are dropped that are
    B{idle}, that is, say no more than no entry does.  So the table is as large as
    the number of sources that matter now.

    Only where there are more of these than the table holds is something lost: of a
    few that were touched longest ago, the one that weighs least.  Whoever loses its
    entry begins anew: it is forgiven what it has done, never refused.  That is not
    cheap to bring about: refused arrivals make no entries, so it takes as many
    prefixes as the table holds, each let in while the others still matter; and one
    that has been let in once is lost before one that is at its limit.

    @ivar entries: what is remembered, that touched longest ago first.  To be read,
        and to be changed by deleting.
    @ivar capacity: how many, at most.
    @ivar lost: how many have been dropped that were not idle.
    """

    __slots__ = ("_isIdle", "_weight", "capacity", "entries", "lost")

    #: How many are looked at to find the one that weighs least.
    group = 8

    def __init__(
        self,
        capacity: int,
        isIdle: Callable[[State, float], bool],
        weight: Callable[[State, float], float],
    ) -> None:
        """
        @param capacity: how many keys, at most.
        @param isIdle: whether a state says nothing any more, at a time.
        @param weight: how much it says.
        @raise ValueError: if there is no room for even one.
        """
        if capacity < 1:
            raise ValueError(f"a table holds at least one source, not {capacity}")
        self.capacity = capacity
        self.entries: OrderedDict[int, State] = OrderedDict()
        self.lost = 0
        self._isIdle = isIdle
        self._weight = weight

    def __len__(self) -> int:
        """
        How many keys are remembered.
        """
        return len(self.entries)

    def put(self, key: int, state: State, now: float) -> None:
        """
        Remember a state, as the one touched last.
        """
        entries = self.entries
        if key in entries:
            entries[key] = state
            entries.move_to_end(key)
            return
        # Two out for one in, so that a crowd's memory is given back without any
        # single call having to do all of it.
        gone = 0
        for each in entries.values():
            if gone == 2 or not self._isIdle(each, now):
                break
            gone += 1
        for _ in range(gone):
            entries.popitem(last=False)
        while len(entries) >= self.capacity:
            self._lose(now)
        entries[key] = state

    def resize(self, capacity: int, now: float) -> None:
        """
        Hold another number of keys from now on.
        """
        if capacity < 1:
            raise ValueError(f"a table holds at least one source, not {capacity}")
        self.capacity = capacity
        while len(self.entries) > capacity:
            self._lose(now)

    def _lose(self, now: float) -> None:
        """
        Drop whatever is idle among a few of those touched longest ago, or else the
        one that weighs least.  The rest of them are passed over for a whole round, or
        the heavy ones would gather there and only they would be looked at.
        """
        entries, isIdle = self.entries, self._isIdle
        group = list(itertools.islice(entries.items(), self.group))
        idle = [key for key, state in group if isIdle(state, now)]
        if idle:
            for key in idle:
                del entries[key]
        else:
            weights = [self._weight(state, now) for _, state in group]
            lightest, _ = group[weights.index(min(weights))]
            del entries[lightest]
            self.lost += 1
        for key, _ in group:
            if key in entries:
                entries.move_to_end(key)
