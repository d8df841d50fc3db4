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
from txinetd.gate.gate import Gate
from txinetd.gate.verdict import Turn
from txinetd.handlers.collaborators import Collaborators
from txinetd.process.facts import ConnectionFacts
from txinetd.record import ConnectionRecord
from txinetd.spec import ServiceSpec

__all__ = ["Door"]

_identifiers = itertools.count(1)


class Door:
    """
    Judges arrivals at one service, over all of its sockets, and records them.

    @ivar counters: the service's numbers.
    """

    log = Logger()

    def __init__(self, spec: ServiceSpec, collaborators: Collaborators) -> None:
        """
        @param spec: the service.
        @param collaborators: the recorder, the clock that the gate judges by, and
            the reactor whose timer says when the service is back.
        """
        self._spec = spec
        self._recorder = collaborators.recorder
        self._reactor = collaborators.reactor
        self._clock = collaborators.clock
        self._gate = Gate(spec.limits)
        self._recording = spec.recording or collaborators.recording
        self._defaultRecording = collaborators.recording
        self._allCounters = collaborators.counters
        self.counters = self._allCounters.forService(spec.name, spec.socketType.value)
        self._returning: IDelayedCall | None = None

    def alter(self, spec: ServiceSpec) -> None:
        """
        Judge by a changed spec from now on; what was counted stays counted.

        @param spec: the service as it now is.
        """
        self._spec = spec
        self._recording = spec.recording or self._defaultRecording
        before = self.counters
        if (before.name, before.kind) != (spec.name, spec.socketType.value):
            self.counters = self._allCounters.forService(spec.name, spec.socketType.value)
            self._allCounters.retire(before)
        if self._gate.replaceLimits(spec.limits, self._clock()):
            self._sayReturned()

    def close(self) -> None:
        """
        Forget the timer.
        """
        returning, self._returning = self._returning, None
        if returning is not None:
            returning.cancel()

    def retire(self) -> None:
        """
        The service is no more, but for what is still being served.
        """
        self._allCounters.retire(self.counters)

    def admit(self, facts: ConnectionFacts) -> ConnectionRecord | None:
        """
        Judge an arrival.

        @param facts: where it came from and where it arrived.
        @return: the record to L{finish} when it has been served, or C{None} where
            it was refused: then its record is written already and the caller
            closes the connection (or drops the datagram).
        """
        now = self._clock()
        peer = facts.peerText
        record = ConnectionRecord(
            next(_identifiers),
            self._spec.name,
            facts.transport,
            facts.localText,
            peer,
            time.time(),
            now,
            user=self._spec.identity.user,
            uid=self._spec.identity.uid,
            recording=self._recording,
        )
        if facts.peerUser is not None:
            record.remoteUser = str(facts.peerUser[0])
        verdict = self._gate.judge(peer, now)
        if verdict.turn is Turn.RETURNED:
            self._sayReturned()
        if verdict.allowed:
            self.counters.accepted += 1
            self.counters.running += 1
            return record
        if verdict.turn is Turn.TRIPPED:
            self.log.warn(
                "{service}: over its limit, {reason}; closing connections, and accepting the"
                " next one in {seconds:.1f} s",
                service=self._spec.name,
                reason=verdict.reason,
                rule=verdict.rule,
                seconds=0.0 if verdict.until is None else verdict.until - now,
            )
            self.counters.paused = True
            self._lookLater(now)
        record.verdict = "refused"
        record.reason = record.rule = verdict.rule
        self.counters.refused.add(verdict.rule)
        record.duration = self._clock() - now
        self._recorder.record(record)
        return None

    def _lookLater(self, now: float) -> None:
        """
        Notice the service's return also when nobody asks for it any more.
        """
        self.close()
        delay = max(self._gate.returnsAt(now) - now, 0.0)
        self._returning = self._reactor.callLater(delay, self._look)

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
        self.close()
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

        @param record: from L{admit}.
        """
        if record.recording.wantsStarts:
            self._recorder.record(attrs.evolve(record, verdict="started"))

    def finish(self, record: ConnectionRecord) -> None:
        """
        Record the end of an arrival.

        @param record: from L{admit}.
        """
        record.duration = self._clock() - record.started
        counters: ServiceCounters | None = self.counters
        if record.service != self.counters.name:
            # It came before a reload gave the service another name.
            counters = self._allCounters.known(record.service, self.counters.kind)
        if counters is not None:
            counters.ended(record)
        self._recorder.record(record)
