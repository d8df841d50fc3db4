# -*- test-case-name: tests.test_handlers_door -*-
"""
The one way in and the one way out: every arrival at a service is judged here
and leaves its record here, whatever serves it.
"""

from __future__ import annotations

import itertools
import time

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from txinetd.gate.gate import Gate
from txinetd.gate.rule import NOBODY, Source, sourceOf
from txinetd.gate.verdict import Turn, Verdict
from txinetd.handlers.collaborators import Collaborators
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


class Door:
    """
    Judges arrivals at one service, over all of its sockets, and records them.
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
        self._gate = Gate(spec.limits, shadow=spec.access.shadow, readings=collaborators.readings)
        # Where those came from who have been let in, by their records' numbers.
        self._inside: dict[int, Source] = {}
        self._returning: IDelayedCall | None = None
        self._closed = False

    def alter(self, spec: ServiceSpec) -> None:
        """
        Judge by a changed spec from now on; what was counted stays counted.

        @param spec: the service as it now is.
        """
        self._spec = spec
        now = self._clock()
        returned = self._gate.replaceRules(now, shadow=spec.access.shadow)
        if self._gate.replaceLimits(spec.limits, now) or returned:
            self._sayReturned()

    def close(self) -> None:
        """
        Say no more about limits; who is still in may finish.
        """
        self._closed = True
        self._forgetTimer()

    def _forgetTimer(self) -> None:
        """
        Do not look later.
        """
        returning, self._returning = self._returning, None
        if returning is not None:
            returning.cancel()

    def admit(self, facts: ConnectionFacts) -> ConnectionRecord | None:
        """
        Judge an arrival.

        @param facts: where it came from and where it arrived.
        @return: the record to L{finish} when it has been served, or C{None} where
            it was refused: then its record is written already and the caller
            closes the connection (or drops the datagram).
        """
        now = self._clock()
        self._closed = False
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
        )
        source = _sourceOf(facts)
        verdict = self._gate.judge(source, now)
        if verdict.turn is Turn.RETURNED:
            self._sayReturned()
        if verdict.allowed:
            self._inside[record.identifier] = source
            return record
        if verdict.turn is Turn.TRIPPED:
            self._sayOver(verdict, now)
            self._lookLater(now)
        record.verdict = "refused"
        record.reason = verdict.rule
        self.finish(record)
        return None

    def _sayOver(self, verdict: Verdict, now: float) -> None:
        """
        The service is over its limits.
        """
        if verdict.until is None:
            self.log.warn(
                "{service}: over its limit, {reason}; closing connections until there is room",
                service=self._spec.name,
                reason=verdict.reason,
                rule=verdict.rule,
            )
            return
        self.log.warn(
            "{service}: over its limit, {reason}; closing connections, and accepting the"
            " next one in {seconds:.1f} s",
            service=self._spec.name,
            reason=verdict.reason,
            rule=verdict.rule,
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

    def finish(self, record: ConnectionRecord) -> None:
        """
        Record the end of an arrival.

        @param record: from L{admit}.
        """
        now = self._clock()
        source = self._inside.pop(record.identifier, None)
        if source is not None:
            self._gate.release(source, now)
            # A service whose timer runs is told by that.
            if self._gate.over and self._returning is None and not self._closed:
                self._look()
        record.duration = now - record.started
        self._recorder.record(record)
