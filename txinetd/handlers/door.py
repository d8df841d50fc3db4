# -*- test-case-name: tests.test_handlers_door -*-
"""
The one way in and the one way out: every arrival at a service is judged here
and leaves its record here, whatever serves it.
"""

from __future__ import annotations

import itertools
import time

import attrs
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from txinetd.counters import ServiceCounters
from txinetd.gate.assemble import accessRules
from txinetd.gate.gate import Gate
from txinetd.gate.penalties import Offence, PenaltyBook
from txinetd.gate.rule import NOBODY, Source, sourceOf
from txinetd.gate.verdict import Turn, Verdict
from txinetd.handlers.collaborators import Collaborators
from txinetd.handlers.lobby import Lobby
from txinetd.origin import Origin
from txinetd.policy import NO_PENALTIES, Reaction, Sensor
from txinetd.process.facts import ConnectionFacts
from txinetd.record import ConnectionRecord
from txinetd.spec import ServiceSpec

__all__ = ["Door"]

_identifiers = itertools.count(1)


def _sourceOf(facts: ConnectionFacts) -> Source:
    """
    Where an arrival came from: an address, the user of a unix client, or L{NOBODY}
    where that cannot be known.
    """
    if facts.peer.host is not None:
        return sourceOf(facts.peer.host)
    if facts.peerUser is not None:
        return Source(0, facts.peerUser[0], facts.peerText)
    return NOBODY


def _unmet(spec: ServiceSpec) -> tuple[str, str] | None:
    """
    What of a service's protection cannot be had where there is no way but in or out:
    a rule's name and its words, or C{None}.
    """
    if spec.access.sensor is not None:
        return "sensor", "the service is a trap"
    return None


#: What happens to those who come while there is no room.
_DOING = {
    Reaction.CLOSE: "closing connections",
    Reaction.PAUSE: "accepting nobody",
    Reaction.QUEUE: "letting connections wait",
}


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
        self._own: PenaltyBook | None = None
        self._penalties = self._books(spec)
        self._unmet = _unmet(spec)
        self._gate = Gate(
            spec.limits,
            shared=(rules.barred, *self._penalties),
            own=accessRules(spec.access, rules.local),
            shadow=spec.access.shadow,
            server=rules.gate,
            readings=rules.readings,
        )
        self._recording = spec.recording or collaborators.recording
        self._defaultRecording = collaborators.recording
        self._allCounters = collaborators.counters
        self.counters = self._allCounters.forService(spec.name, spec.socketType.value)
        self.lobby = Lobby(self._reactor, self._clock, self._gate)
        # Where those came from who have been let in, by their records' numbers.
        self._inside: dict[int, Source] = {}
        self._returning: IDelayedCall | None = None
        self._closed = False

    @property
    def gate(self) -> Gate:
        """
        The service's gate, to be looked at.
        """
        return self._gate

    def _books(self, spec: ServiceSpec) -> tuple[PenaltyBook, ...]:
        """
        Where penalties are collected: the server's, and the service's own if it has
        any.
        """
        own = spec.access.penalties
        if own == NO_PENALTIES:
            self._own = None
            return (self._rules.penalties,)
        if self._own is None:
            self._own = PenaltyBook(own, spec.limits.prefixes)
        else:
            self._own.alter(own, spec.limits.prefixes, self._clock())
        return (self._rules.penalties, self._own)

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
        self._unmet = _unmet(spec)
        now = self._clock()
        self._penalties = self._books(spec)
        returned = self._gate.replaceRules(
            now,
            shared=(self._rules.barred, *self._penalties),
            own=accessRules(spec.access, self._rules.local),
            shadow=spec.access.shadow,
        )
        if self._gate.replaceLimits(spec.limits, now) or returned:
            self._sayReturned()
        self.lobby.alter()

    def close(self) -> None:
        """
        Say no more about limits, and let nobody wait; who is in may finish.
        """
        self._closed = True
        self._forgetTimer()
        self.lobby.close()

    def retire(self) -> None:
        """
        The service is no more, but for what is still being served.
        """
        self._allCounters.retire(self.counters)

    def _forgetTimer(self) -> None:
        """
        Do not look later.
        """
        returning, self._returning = self._returning, None
        if returning is not None:
            returning.cancel()

    def arrive(self, facts: ConnectionFacts) -> tuple[ConnectionRecord, Source]:
        """
        Begin the record of an arrival.

        @param facts: where it came from and where it arrived.
        @return: the record, and whom L{judge} is to judge.
        """
        self._closed = False
        record = ConnectionRecord(
            next(_identifiers),
            self._spec.name,
            facts.transport,
            facts.localText,
            facts.peerText,
            time.time(),
            self._clock(),
            user=self._spec.identity.user,
            uid=self._spec.identity.uid,
            recording=self._recording,
        )
        if facts.peerUser is not None:
            record.remoteUser = str(facts.peerUser[0])
        return record, _sourceOf(facts)

    def judge(self, record: ConnectionRecord, source: Source) -> Verdict:
        """
        Judge an arrival; if it is let in, L{finish}, L{fail} or L{turnAway} is to be
        called once, else L{refuse}.
        """
        now = self._clock()
        verdict = self._gate.judge(source, now)
        if verdict.turn is Turn.RETURNED:
            self._sayReturned()
        elif verdict.turn is Turn.TRIPPED:
            self.counters.paused = True
            self._sayOver(verdict, now)
            self._lookLater(now)
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
            self.lobby.filled()
        return verdict

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
            self._collect(source, Offence.REFUSED)
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
            self._collect(source, offence)
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
        seconds = sensor.seconds
        if self._rules.barred.bar(source, seconds, self._clock(), f"touched {self._spec.name}"):
            self._allCounters.barred += 1
            self.log.warn(
                "{service}: {source} has touched a trap and is barred {period}",
                service=self._spec.name,
                source=source.text,
                period="for ever" if seconds is None else f"for {seconds:g} s",
            )

    def _collect(self, source: Source, offence: Offence) -> None:
        """
        Note what somebody has done.
        """
        now = self._clock()
        for book in self._penalties:
            for penalty in book.collect(source, offence, now):
                if penalty.begins:
                    self._allCounters.penalised += 1
                    self.log.warn(
                        "{prefix} {offence} too often and is kept out for {seconds:.0f} s",
                        prefix=penalty.prefix,
                        offence=penalty.offence.value,
                        seconds=penalty.until - now,
                    )

    def _sayOver(self, verdict: Verdict, now: float) -> None:
        """
        The service is over its limits.
        """
        doing = _DOING[self._spec.limits.reaction]
        if verdict.until is None:
            self.log.warn(
                "{service}: over its limit, {reason}; {doing} until there is room",
                service=self._spec.name,
                reason=verdict.reason,
                rule=verdict.rule,
                doing=doing,
            )
            return
        self.log.warn(
            "{service}: over its limit, {reason}; {doing}, and accepting the"
            " next one in {seconds:.1f} s",
            service=self._spec.name,
            reason=verdict.reason,
            rule=verdict.rule,
            doing=doing,
            seconds=verdict.until - now,
        )

    def _lookLater(self, now: float) -> None:
        """
        Notice the service's return also when nobody asks for it any more.
        """
        self._forgetTimer()
        due = self._gate.returnsAt(now)
        # Where it is up to those who are in, L{finish} looks.
        if due is not None:
            self._returning = self._reactor.callLater(max(due - now, 0.0), self._look)

    def _look(self) -> None:
        """
        See whether the service is back.
        """
        self._returning = None
        now = self._clock()
        if self._gate.recover(now):
            self._sayReturned()
        elif self._gate.over:
            self._lookLater(now)

    def _sayReturned(self) -> None:
        """
        The service is within its limit again.
        """
        self._forgetTimer()
        self.counters.paused = False
        self.log.info("{service}: within its limit again", service=self._spec.name)

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
            self._count(record)
            self._gate.release(source, now)
            if record.verdict == "served":
                self._judgeEnd(record, source)
        self._recorder.record(record)
        if source is None or self._closed:
            return
        # A service whose timer runs is told by that.
        if self._gate.over and self._returning is None:
            self._look()
        self.lobby.look()

    def _count(self, record: ConnectionRecord) -> None:
        """
        Count the end of somebody who had been let in.
        """
        counters: ServiceCounters | None = self.counters
        if record.service != self.counters.name:
            # It came before a reload gave the service another name.
            counters = self._allCounters.known(record.service, self.counters.kind)
        if counters is not None:
            counters.ended(record)

    def _judgeEnd(self, record: ConnectionRecord, source: Source) -> None:
        """
        See whether somebody who has been served has misbehaved.
        """
        if record.reason == "time-limit":
            self._collect(source, Offence.TIMEOUT)
        elif record.signal or record.status:
            self._collect(source, Offence.FAILED)
