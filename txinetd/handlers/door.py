# -*- test-case-name: tests.test_handlers_door -*-
"""
The one way in and the one way out: every arrival at a service is judged here
and leaves its record here, whatever serves it.
"""

from __future__ import annotations

import itertools
import time

import attrs
from twisted.logger import Logger

from txinetd.gate.assemble import accessRules
from txinetd.gate.gate import Gate
from txinetd.gate.penalties import Offence
from txinetd.gate.rule import NOBODY, VSOCK, Source, sourceOf
from txinetd.gate.verdict import Turn, Verdict
from txinetd.handlers.collaborators import Collaborators
from txinetd.handlers.lobby import Lobby
from txinetd.handlers.offences import Offences
from txinetd.handlers.turns import Turns
from txinetd.origin import Origin
from txinetd.policy import Reaction, Sensor
from txinetd.process.facts import ConnectionFacts
from txinetd.record import ConnectionRecord
from txinetd.spec import ServiceSpec

__all__ = ["Door"]

_identifiers = itertools.count(1)


def _sourceOf(facts: ConnectionFacts) -> Source:
    """
    Where an arrival came from that has no address: the user of a unix client, a machine's
    context id, or L{NOBODY} where that cannot be known.
    """
    if facts.peerUser is not None:
        return Source(0, facts.peerUser[0], facts.peerText)
    if facts.peer.cid is not None:
        return Source(VSOCK, facts.peer.cid, facts.peerText)
    return NOBODY


def _unmet(spec: ServiceSpec) -> tuple[str, str] | None:
    """
    What of a service's protection cannot be had where there is no way but in or out:
    a rule's name and its words, or C{None}.
    """
    if spec.access.sensor is not None:
        return "sensor", "the service is a trap"
    if spec.access.identified:
        return "identified", "nobody can be asked whose it is"
    return None


class Door:
    """
    Judges arrivals at one service, over all of its sockets, and records them.

    @ivar lobby: where those wait for whom there is no room.
    @ivar counters: the service's numbers.
    """

    log = Logger()

    def __init__(self, spec: ServiceSpec, collaborators: Collaborators) -> None:
        """
        @param spec: the service.
        @param collaborators: the recorder, the clock that the gate judges by, the
            rules that all services share, and the reactor whose timer says when the
            service is back.
        """
        self._spec = spec
        self._recorder = collaborators.recorder
        self._reactor = collaborators.reactor
        self._clock = collaborators.clock
        self._rules = rules = collaborators.rules
        now = self._clock()
        self._allCounters = collaborators.counters
        self._offences = Offences(spec, rules, self._allCounters, now)
        self._unmet = _unmet(spec)
        self._gate = Gate(
            spec.limits,
            shared=self._offences.gateRules,
            own=accessRules(spec.access, rules.local),
            shadow=spec.access.shadow,
            server=rules.gate,
            readings=rules.readings,
        )
        self._recording = spec.recording or collaborators.recording
        self._defaultRecording = collaborators.recording
        self.counters = self._allCounters.forService(spec.name, spec.socketType.value)
        self.lobby = Lobby(self._reactor, self._clock, self._gate)
        # Where those came from who have been let in, by their records' numbers.
        self._inside: dict[int, Source] = {}
        self._turns = Turns(self._reactor, self._clock, self._gate, spec.name, self.counters)
        self._closed = False

    @property
    def gate(self) -> Gate:
        """
        The service's gate, to be looked at.
        """
        return self._gate

    def alter(self, spec: ServiceSpec) -> None:
        """
        Judge by a changed spec from now on; what was counted stays counted.

        @param spec: the service as it now is.
        """
        before, self._spec = self._spec, spec
        self._recording = spec.recording or self._defaultRecording
        if (before.name, before.socketType) != (spec.name, spec.socketType):
            counters = self.counters
            self.counters = self._allCounters.forService(spec.name, spec.socketType.value)
            self._allCounters.retire(counters)
        self._turns.name, self._turns.counters = spec.name, self.counters
        self._unmet = _unmet(spec)
        now = self._clock()
        self._offences.alter(spec, now)
        returned = self._gate.replaceRules(
            now,
            shared=self._offences.gateRules,
            own=accessRules(spec.access, self._rules.local),
            shadow=spec.access.shadow,
        )
        if self._gate.replaceLimits(spec.limits, now) or returned:
            self._turns.returned()
        self.lobby.alter()

    def close(self) -> None:
        """
        Say no more about limits, and let nobody wait; who is in may finish.
        """
        self._closed = True
        self._turns.forget()
        self.lobby.close()

    def retire(self) -> None:
        """
        The service is no more, but for what is still being served.
        """
        self._allCounters.retire(self.counters)

    def arrive(self, facts: ConnectionFacts) -> tuple[ConnectionRecord, Source]:
        """
        Begin the record of an arrival.

        @param facts: where it came from and where it arrived.
        @return: the record, and whom L{judge} is to judge.
        """
        self._closed = False
        # Without names, which take half as long again: one is made for each connection.
        record = ConnectionRecord(
            next(_identifiers),
            self._spec.name,
            facts.transport,
            facts.local.text,
            facts.peer.text if facts.peerUser is None else facts.peerText,
            time.time(),
            self._clock(),
            self._spec.identity.user,
            self._spec.identity.uid,
            self._recording,
        )
        if facts.peerUser is not None:
            record.remoteUser = str(facts.peerUser[0])
        host = facts.peer.host
        return record, _sourceOf(facts) if host is None else sourceOf(host)

    def judge(self, record: ConnectionRecord, source: Source, now: float | None = None) -> Verdict:
        """
        Judge an arrival; if it is let in, L{finish}, L{fail} or L{turnAway} is to be
        called once, else L{refuse}.

        @param now: the time, where that is known.
        """
        if now is None:
            now = self._clock()
        verdict = self._gate.judge(source, now)
        if verdict.turn is not Turn.NONE:
            self._turns.judged(verdict, now)
        for refusal in verdict.shadowed:
            self.counters.shadowed.add(refusal.rule)
            self.log.info(
                "{service}: would have refused {peer}: {reason}",
                service=record.service,
                peer=record.peer,
                rule=refusal.rule,
                reason=refusal.reason,
            )
        if verdict.allowed:
            self._inside[record.identifier] = source
            self.counters.accepted += 1
            self.counters.running += 1
            if self._gate.limits.reaction is Reaction.PAUSE:
                self.lobby.filled()
        return verdict

    @property
    def name(self) -> str:
        """
        The service's name.
        """
        return self._spec.name

    @property
    def inside(self) -> frozenset[int]:
        """
        The numbers of the records of those who have been let in and have not gone.
        """
        return frozenset(self._inside)

    def isInside(self, record: ConnectionRecord) -> bool:
        """
        Whether an arrival has been let in and its record not been finished.

        @param record: from L{arrive}.
        """
        return record.identifier in self._inside

    def admit(self, facts: ConnectionFacts) -> ConnectionRecord | None:
        """
        Judge an arrival for which there is no way but in or out: a datagram, or
        somebody who knocks at a socket that a server is to have as a whole.

        A trap bars nobody here, but lets nobody in either: the source of a datagram can
        be forged, and whoever forges it would have others barred.  hosts_access(5) is
        not asked here: who wants that is refused, rather than served without.

        @param facts: where it came from and where it arrived.
        @return: the record to L{finish} when it has been served, or C{None} where
            it was refused: then its record is written already and the caller
            closes the connection (or drops the datagram).
        """
        record, source = self.arrive(facts)
        if self._unmet:
            rule, reason = self._unmet
            self.turnAway(record, source, rule, reason, None)
            return None
        verdict = self.judge(record, source)
        if verdict.allowed:
            return record
        self.refuse(record, source, verdict)
        return None

    def whose(self, record: ConnectionRecord) -> Source:
        """
        Where somebody came from who has been let in.

        @param record: from L{admit}.
        """
        return self._inside[record.identifier]

    def refuse(self, record: ConnectionRecord, source: Source, verdict: Verdict) -> None:
        """
        Record an arrival that the gate has not let in.

        @param record: from L{arrive}.
        @param source: whose it is.
        @param verdict: from L{judge}.
        """
        self._setRefused(record, verdict.rule, verdict.origin)
        if verdict.perSource:
            # Where there is no room for anybody it is not this one's fault.
            self._offences.collect(source, Offence.REFUSED, self._clock())
        self.finish(record)

    def turnAway(
        self,
        record: ConnectionRecord,
        source: Source,
        rule: str,
        reason: str,
        offence: Offence | None,
    ) -> None:
        """
        Record an arrival that was refused later than by the gate, be it that it had
        been let in or that it was still waiting.

        @param record: from L{arrive}.
        @param source: whose it is.
        @param rule: the name of what did not let it in.
        @param reason: that rule's words.
        @param offence: what the source has done, if anything.
        """
        self._setRefused(record, rule, None)
        self.log.debug(
            "{service}: {peer} refused: {reason}",
            service=record.service,
            peer=record.peer,
            rule=rule,
            reason=reason,
        )
        if offence is not None:
            self._offences.collect(source, offence, self._clock())
        self.finish(record)

    def _setRefused(self, record: ConnectionRecord, rule: str, origin: Origin | None) -> None:
        """
        Note in its record, and count, that somebody is refused.
        """
        record.verdict = "refused"
        record.reason = record.rule = rule
        if origin is not None:
            record.origin = str(origin)
        if record.identifier not in self._inside:
            self.counters.refused.add(rule)

    def bar(self, source: Source, sensor: Sensor) -> None:
        """
        Keep somebody out of every service who has touched a trap.
        """
        self._offences.bar(source, sensor, self._clock())

    def fail(self, record: ConnectionRecord, reason: str) -> None:
        """
        Record an arrival that was let in but could not be served.

        @param record: from L{admit}.
        @param reason: the step that failed and why.
        """
        record.verdict = "failed"
        record.reason = reason
        self.log.error(
            "{service}: cannot serve {peer}: {reason}",
            service=record.service,
            peer=record.peer,
            reason=reason,
        )
        self.finish(record)

    def began(self, record: ConnectionRecord) -> None:
        """
        Record that somebody is being served, where the service asks for that.

        @param record: from L{admit} or L{arrive}.
        """
        if record.recording.wantsStarts:
            self._recorder.record(attrs.evolve(record, verdict="started"))

    def finish(self, record: ConnectionRecord) -> None:
        """
        Record the end of an arrival.

        @param record: from L{admit} or L{arrive}.
        """
        now = self._clock()
        source = self._inside.pop(record.identifier, None)
        record.duration = now - record.started
        if source is not None:
            if record.service == self.counters.name:
                self.counters.ended(record)
            else:
                self._countFormer(record)
            self._gate.release(source, now)
            if record.verdict == "served" and (record.status or record.signal or record.reason):
                self._judgeEnd(record, source)
        self._recorder.record(record)
        if source is None or self._closed:
            return
        if self._gate.over:
            self._turns.left()
        if not self.lobby.isQuiet:
            self.lobby.look()

    def _countFormer(self, record: ConnectionRecord) -> None:
        """
        Count the end of somebody who had been let in before a reload gave the service
        another name.
        """
        counters = self._allCounters.known(record.service, self.counters.kind)
        if counters is not None:
            counters.ended(record)

    def _judgeEnd(self, record: ConnectionRecord, source: Source) -> None:
        """
        See whether somebody who has been served has misbehaved.
        """
        if record.reason == "time-limit":
            self._offences.collect(source, Offence.TIMEOUT, self._clock())
        elif record.signal or record.status:
            self._offences.collect(source, Offence.FAILED, self._clock())
