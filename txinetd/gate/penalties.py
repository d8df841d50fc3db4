# -*- test-case-name: tests.test_gate_penalties -*-
"""
Who misbehaves is kept out for a while, from all services.

As with C{PerSourcePenalties} of sshd_config(5): each offence adds seconds to what a
prefix has collected, and what it has collected runs down by one second each second.
Who reaches the least penalty is kept out until all of it has run down.
"""

from __future__ import annotations

import bisect
import enum
from collections.abc import Iterable, Iterator

import attrs

from txinetd.gate.rule import Refusal, Rule, Source
from txinetd.gate.sources import Levels, SourceTable, prefixText
from txinetd.gate.steady import Steady
from txinetd.policy import Network, Penalties, Prefixes

__all__ = ["Offence", "Penalty", "PenaltyBook"]


class Offence(enum.Enum):
    """
    What seconds are collected for; the values are the names in L{Penalties}.
    """

    REFUSED = "refused"
    EARLY = "early"
    TIMEOUT = "timeout"
    FAILED = "failed"


#: As it stands in reasons.
_WORDS = {
    Offence.REFUSED: "was refused",
    Offence.EARLY: "closed too early",
    Offence.TIMEOUT: "took too long",
    Offence.FAILED: "made its server fail",
}


@attrs.frozen
class Penalty:
    """
    What one prefix has collected, for logs and dumps.

    @ivar prefix: as people write it.
    @ivar offence: what the last seconds were for.
    @ivar seconds: how many these were.
    @ivar until: when all that it has collected will have run down.
    @ivar keptOut: whether it is kept out until then.
    @ivar begins: whether it was not before these last seconds.
    """

    prefix: str
    offence: Offence
    seconds: float
    until: float
    keptOut: bool
    begins: bool = False


@attrs.define(eq=False)
class _Entry:
    """
    The same, as it is remembered.
    """

    until: float
    keptOut: bool
    offence: Offence
    seconds: float


class _Exempt:
    """
    Finds out whether an address is in one of many networks.
    """

    def __init__(self, networks: Iterable[Network]) -> None:
        joined: dict[int, list[list[int]]] = {}
        for network in sorted(networks, key=lambda network: network.first):
            ranges = joined.setdefault(network.version, [])
            if ranges and network.first <= ranges[-1][1] + 1:
                ranges[-1][1] = max(ranges[-1][1], network.last)
            else:
                ranges.append([network.first, network.last])
        self._firsts = {version: [one[0] for one in all_] for version, all_ in joined.items()}
        self._lasts = {version: [one[1] for one in all_] for version, all_ in joined.items()}

    def __contains__(self, source: Source) -> bool:
        firsts = self._firsts.get(source.version)
        if firsts is None:
            return False
        place = bisect.bisect_right(firsts, source.number) - 1
        return place >= 0 and source.number <= self._lasts[source.version][place]


def _isOver(entry: _Entry, now: float) -> bool:
    """
    Whether all has run down.
    """
    return entry.until <= now


def _left(entry: _Entry, now: float) -> float:
    """
    What has not; who is kept out weighs more than any who is not.
    """
    return entry.until - now + (1e9 if entry.keptOut else 0.0)


class PenaltyBook(Rule):
    """
    What all sources have collected: a rule, for all services the same one.

    A wider prefix collects for all in it, each time as much less as it may have more
    sources (see L{Prefixes}).

    At most L{Penalties.sources} prefixes are remembered; where there are more, the
    lightest of those that were touched longest ago are forgiven (see L{SourceTable}).
    """

    name = "penalty"

    def __init__(self, penalties: Penalties, prefixes: Prefixes | None = None) -> None:
        """
        @param penalties: how much there is for what.
        @param prefixes: what one source is.
        @raise ValueError: if a value cannot be meant.
        """
        self._steady = Steady()
        self._use(penalties, prefixes or Prefixes())
        self._table: SourceTable[_Entry] = SourceTable(penalties.sources, _isOver, _left)
        self.memory = (self._table.entries,)

    def _use(self, penalties: Penalties, prefixes: Prefixes) -> None:
        """
        Look at what is asked for.
        """
        amounts = {offence: getattr(penalties, offence.value) for offence in Offence}
        if not all(amount >= 0 for amount in amounts.values()):
            raise ValueError("a penalty is not less than nothing")
        if not 0 <= penalties.least <= penalties.most < float("inf"):
            raise ValueError(
                f"no penalty is at least {penalties.least} and at most {penalties.most} seconds"
            )
        if penalties.sources < 1:
            raise ValueError(f"penalties of {penalties.sources} sources cannot be remembered")
        self._levels = Levels(prefixes)
        self._amounts = amounts
        self._penalties = penalties
        self._exempt = _Exempt(penalties.exempt)

    def alter(self, penalties: Penalties, prefixes: Prefixes, now: float) -> None:
        """
        Go on by other rules.  Nobody is kept out for longer than is now the most; who is
        exempt now is let in at once.

        @raise ValueError: if a value cannot be meant; then nothing is changed.
        """
        self._use(penalties, prefixes)
        steady = self._steady.at(now)
        self._table.resize(penalties.sources, steady)
        for entry in self._table.entries.values():
            entry.until = min(entry.until, steady + penalties.most)

    def __len__(self) -> int:
        """
        How many prefixes are remembered.
        """
        return len(self._table)

    def check(self, source: Source, now: float) -> Refusal | None:
        """
        Whether none of its prefixes is kept out.
        """
        entries = self._table.entries
        steady = self._steady.at(now)
        for key, _ in self._levels.of(source):
            entry = entries.get(key)
            if entry is not None and entry.keptOut and entry.until > steady:
                if source in self._exempt:
                    return None
                return Refusal(
                    self.name,
                    f"{prefixText(key)} {_WORDS[entry.offence]}",
                    self._steady.shown(entry.until),
                    perSource=True,
                )
        return None

    def collect(self, source: Source, offence: Offence, now: float) -> tuple[Penalty, ...]:
        """
        Note an offence.  To be refused while one is kept out is none: nobody stays out
        for longer because he asks.

        @param source: whose.
        @param offence: what.
        @param now: the time.
        @return: what each of its prefixes has collected now; empty where this offence
            costs nothing, or not this source.
        """
        amount = self._amounts[offence]
        if amount == 0 or source in self._exempt:
            return ()
        if offence is Offence.REFUSED and self.check(source, now) is not None:
            return ()
        steady = self._steady.at(now)
        return tuple(
            [
                self._add(key, offence, amount / factor, steady)
                for key, factor in self._levels.of(source)
            ]
        )

    def _add(self, key: int, offence: Offence, seconds: float, now: float) -> Penalty:
        """
        Add to one prefix.
        """
        entry = self._table.entries.get(key)
        if entry is None or entry.until <= now:
            entry = _Entry(now, False, offence, seconds)
        before = entry.keptOut
        entry.until = min(entry.until + seconds, now + self._penalties.most)
        entry.keptOut = before or entry.until >= now + self._penalties.least
        entry.offence, entry.seconds = offence, seconds
        self._table.put(key, entry, now)
        return self._shown(key, entry, begins=entry.keptOut and not before)

    def _shown(self, key: int, entry: _Entry, begins: bool = False) -> Penalty:
        """
        An entry, for others.
        """
        return Penalty(
            prefixText(key),
            entry.offence,
            entry.seconds,
            self._steady.shown(entry.until),
            entry.keptOut,
            begins,
        )

    def penalties(self, now: float) -> Iterator[Penalty]:
        """
        All that has not run down yet, for a dump of the state.

        @param now: the time.
        """
        steady = self._steady.at(now)
        for key, entry in list(self._table.entries.items()):
            if entry.until > steady:
                yield self._shown(key, entry)
