# -*- test-case-name: tests.test_record_refusals -*-
"""
Keeping a flood of refusals from becoming a flood of lines: the first ones are
written each, of the others only the number.
"""

from __future__ import annotations

import socket
from collections import OrderedDict

import attrs

from txinetd.record.event import ConnectionRecord, hostOf
from txinetd.recording import Aggregation

__all__ = ["ELSEWHERE", "MoreRefused", "Refusals", "networkOf"]

#: Where those come from that are not told apart any more.
ELSEWHERE = "other networks"


def networkOf(peer: str, aggregation: Aggregation) -> str:
    """
    The network of a peer as records have it; the peer itself where that is no
    internet address.

    @param peer: from a record.
    @param aggregation: how long prefixes are.
    """
    host = hostOf(peer)
    if not host:
        return "the same place"
    six = ":" in host
    family = socket.AF_INET6 if six else socket.AF_INET
    length = aggregation.ipv6 if six else aggregation.ipv4
    try:
        packed = socket.inet_pton(family, host.partition("%")[0])
    except OSError:
        return "the same place"
    bits = len(packed) * 8
    number = int.from_bytes(packed, "big") >> (bits - length) << (bits - length)
    return f"{socket.inet_ntop(family, number.to_bytes(len(packed), 'big'))}/{length}"


@attrs.frozen
class MoreRefused:
    """
    Refusals that were counted instead of written.

    @ivar service: of which service.
    @ivar rule: by which rule.
    @ivar source: from where: a network, or L{ELSEWHERE}.
    @ivar count: how many.
    @ivar seconds: within which time.
    """

    service: str
    rule: str
    source: str
    count: int
    seconds: float


class _Group:
    """
    The refusals of one service by one rule since C{since}.

    @ivar written: how many have been written.
    @ivar seen: by network, how many have been written and how many more have come,
        of those networks of which some have been written.
    @ivar elsewhere: how many have come from others.
    """

    __slots__ = ("elsewhere", "seen", "since", "written")

    def __init__(self, since: float) -> None:
        self.since = since
        self.written = 0
        self.seen: dict[str, list[int]] = {}
        self.elsewhere = 0


class Refusals:
    """
    Decides of each refusal whether it is written.

    What is kept is bounded: so many services and rules, of each so many networks as
    there may be lines in a period.
    """

    def __init__(self, aggregation: Aggregation) -> None:
        self._aggregation = aggregation
        self._groups: OrderedDict[tuple[str, str], _Group] = OrderedDict()

    def __len__(self) -> int:
        """
        How many networks are kept in mind.
        """
        return sum(len(group.seen) for group in self._groups.values())

    @property
    def isPending(self) -> bool:
        """
        Whether L{due} will have something to say or to forget, in time.
        """
        return bool(self._groups)

    def admit(self, record: ConnectionRecord, now: float) -> tuple[bool, list[MoreRefused]]:
        """
        Note one more refusal.

        @param record: a refused arrival.
        @param now: monotonic seconds.
        @return: whether to write it, and what is to be written before.
        """
        aggregation = self._aggregation
        key = (record.service, record.rule or record.reason)
        group = self._groups.get(key)
        before: list[MoreRefused] = []
        if group is not None and now - group.since >= aggregation.seconds:
            del self._groups[key]
            before = _summary(key, group, now)
            group = None
        if group is None:
            if len(self._groups) >= aggregation.groups:
                oldest, gone = self._groups.popitem(last=False)
                before += _summary(oldest, gone, now)
            group = self._groups[key] = _Group(now)
        network = networkOf(record.peer, aggregation)
        counts = group.seen.get(network)
        room = group.written < aggregation.most
        if room and (counts is None or counts[0] < aggregation.first):
            group.written += 1
            if counts is None:
                group.seen[network] = [1, 0]
            else:
                counts[0] += 1
            return True, before
        if counts is None:
            group.elsewhere += 1
        else:
            counts[1] += 1
        return False, before

    def due(self, now: float) -> list[MoreRefused]:
        """
        What is to be written now, of the periods that are over.

        @param now: monotonic seconds.
        """
        found: list[MoreRefused] = []
        for key, group in list(self._groups.items()):
            if now - group.since >= self._aggregation.seconds:
                del self._groups[key]
                found += _summary(key, group, now)
        return found

    def rest(self, now: float) -> list[MoreRefused]:
        """
        What is to be written at the end, of the periods that are not over.

        @param now: monotonic seconds.
        """
        found: list[MoreRefused] = []
        while self._groups:
            key, group = self._groups.popitem(last=False)
            found += _summary(key, group, now)
        return found


def _summary(key: tuple[str, str], group: _Group, now: float) -> list[MoreRefused]:
    """
    What one group comes to.
    """
    service, rule = key
    seconds = now - group.since
    found = [
        MoreRefused(service, rule, network, more, seconds)
        for network, (_, more) in group.seen.items()
        if more
    ]
    if group.elsewhere:
        found.append(MoreRefused(service, rule, ELSEWHERE, group.elsewhere, seconds))
    return found
