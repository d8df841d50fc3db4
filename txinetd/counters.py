# -*- test-case-name: tests.test_counters -*-
"""
How often what has happened, since the process began: numbers only, so that a flood
that the record keeps short is counted in full.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import attrs

from txinetd.record import ConnectionRecord

__all__ = ["OTHER", "Counters", "ServiceCounters", "Tally", "formatState"]

#: What there are too many kinds of to tell apart is counted under this name.
OTHER = "other"


class Tally:
    """
    Numbers by name, of so many names at most.
    """

    #: Names told apart.
    most = 64

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, name: str) -> None:
        """
        One more.

        @param name: of what.
        """
        counts = self._counts
        if name not in counts and len(counts) >= self.most:
            name = OTHER
        counts[name] = counts.get(name, 0) + 1

    def items(self) -> dict[str, int]:
        """
        The numbers.
        """
        return dict(self._counts)

    @property
    def total(self) -> int:
        """
        All of them together.
        """
        return sum(self._counts.values())


@attrs.define(eq=False)
class ServiceCounters:
    """
    What is counted of one service.

    @ivar name: the service's name.
    @ivar kind: C{stream}, C{dgram} or C{seqpacket}; several services may have one
        name.
    @ivar accepted: arrivals that were let in.
    @ivar refused: arrivals that were not, by rule.
    @ivar shadowed: arrivals that a rule in shadow would have refused, by rule.
    @ivar failed: arrivals that were let in and could not be served, by the step that
        failed.
    @ivar running: arrivals that are being served or wait for that.
    @ivar queued: those of them that wait.
    @ivar exits: servers that ended, by exit status.
    @ivar signals: servers that ended, by the signal that ended them.
    @ivar seconds: how long arrivals were served, all together.
    @ivar longest: the longest of them.
    @ivar received: bytes from clients, where this process carried them.
    @ivar sent: bytes to clients, likewise.
    @ivar paused: whether the service is over its limit now.
    """

    name: str
    kind: str
    accepted: int = 0
    refused: Tally = attrs.field(factory=Tally)
    shadowed: Tally = attrs.field(factory=Tally)
    failed: Tally = attrs.field(factory=Tally)
    running: int = 0
    queued: int = 0
    exits: Tally = attrs.field(factory=Tally)
    signals: Tally = attrs.field(factory=Tally)
    seconds: float = 0.0
    longest: float = 0.0
    received: int = 0
    sent: int = 0
    paused: bool = False

    def ended(self, record: ConnectionRecord) -> None:
        """
        An arrival that was let in is over.

        @param record: what became of it.
        """
        self.running -= 1
        if record.verdict == "failed":
            self.failed.add(record.reason.partition(":")[0])
            return
        if record.verdict == "refused":
            # Let in by the gate, but not answered by the service.
            self.refused.add(record.rule or record.reason)
            return
        self.seconds += record.duration
        if record.duration > self.longest:
            self.longest = record.duration
        if record.status is not None:
            self.exits.add(str(record.status))
        if record.signal is not None:
            self.signals.add(str(record.signal))
        if record.received is not None:
            self.received += record.received
        if record.sent is not None:
            self.sent += record.sent

    def snapshot(self) -> dict[str, Any]:
        """
        All of it as values that JSON has.
        """
        return {
            "service": self.name,
            "type": self.kind,
            "accepted": self.accepted,
            "refused": self.refused.items(),
            "shadowed": self.shadowed.items(),
            "failed": self.failed.items(),
            "running": self.running,
            "queued": self.queued,
            "exits": self.exits.items(),
            "signals": self.signals.items(),
            "seconds": round(self.seconds, 6),
            "longest": round(self.longest, 6),
            "received": self.received,
            "sent": self.sent,
            "paused": self.paused,
        }


class Counters:
    """
    What is counted of a server and its services.

    @ivar reloads: configurations that were put in force after the first.
    @ivar badLines: lines of the present configuration that make no service.
    @ivar penalised: sources that have been given a penalty.
    @ivar barred: sources that have been barred.
    """

    #: Services that are no more and are remembered all the same.
    remembered = 256

    def __init__(self) -> None:
        self.reloads = 0
        self.badLines = 0
        self.penalised = 0
        self.barred = 0
        self._services: dict[tuple[str, str], ServiceCounters] = {}
        self._users: dict[tuple[str, str], int] = {}
        self._retired: OrderedDict[tuple[str, str], None] = OrderedDict()

    def forService(self, name: str, kind: str) -> ServiceCounters:
        """
        The counters of one service; the same again for the same name and kind.
        Followed by one L{retire}.

        @param name: the service's name.
        @param kind: its socket type.
        """
        key = (name, kind)
        self._users[key] = self._users.get(key, 0) + 1
        self._retired.pop(key, None)
        return self._services.setdefault(key, ServiceCounters(name, kind))

    def known(self, name: str, kind: str) -> ServiceCounters | None:
        """
        The counters of a service that may be no more.

        @param name: the service's name.
        @param kind: its socket type.
        """
        return self._services.get((name, kind))

    def retire(self, counters: ServiceCounters) -> None:
        """
        A service is no more.  What was counted is kept for a while, should it come
        back.

        @param counters: from L{forService}.
        """
        key = (counters.name, counters.kind)
        users = self._users[key] = self._users[key] - 1
        if users:
            return
        del self._users[key]
        counters.paused = False
        self._retired[key] = None
        while len(self._retired) > self.remembered:
            oldest, _ = self._retired.popitem(last=False)
            del self._services[oldest]

    def snapshot(self, recordsDropped: int = 0) -> dict[str, Any]:
        """
        All numbers as values that JSON has.

        @param recordsDropped: what those who write the records say.
        """
        services = [counters.snapshot() for counters in self._services.values()]
        return {
            "reloads": self.reloads,
            "bad_lines": self.badLines,
            "paused": sum(counters.paused for counters in self._services.values()),
            "records_dropped": recordsDropped,
            "penalised": self.penalised,
            "barred": self.barred,
            "services": services,
        }


def _named(numbers: dict[str, int]) -> str:
    """
    Numbers by name in one line.
    """
    return ", ".join(f"{name} {count}" for name, count in sorted(numbers.items())) or "none"


def formatState(snapshot: dict[str, Any]) -> str:
    """
    The numbers for people, a service a paragraph, as xinetd's state dump has them.

    @param snapshot: from L{Counters.snapshot}.
    """
    lines = [
        "STATE DUMP",
        f"\treloads = {snapshot['reloads']}",
        f"\tbad lines = {snapshot['bad_lines']}",
        f"\tpaused services = {snapshot['paused']}",
        f"\trecords dropped = {snapshot['records_dropped']}",
        f"\tpenalised sources = {snapshot['penalised']}",
        f"\tbarred sources = {snapshot['barred']}",
    ]
    for each in snapshot["services"]:
        lines += [
            f"Service = {each['service']!a}",
            f"\tsocket_type = {each['type']}",
            f"\tState = {'Over its limit' if each['paused'] else 'Active'}",
            f"\trunning servers = {each['running']}",
            f"\tqueued = {each['queued']}",
            f"\taccepted = {each['accepted']}",
            f"\trefused = {_named(each['refused'])}",
            f"\tin shadow = {_named(each['shadowed'])}",
            f"\tfailed = {_named(each['failed'])}",
            f"\texit status = {_named(each['exits'])}",
            f"\tsignals = {_named(each['signals'])}",
            f"\tseconds = {each['seconds']:.3f}, longest {each['longest']:.3f}",
            f"\tbytes = in {each['received']}, out {each['sent']}",
        ]
    return "\n".join(lines)
