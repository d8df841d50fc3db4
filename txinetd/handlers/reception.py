# -*- test-case-name: tests.test_handlers_reception -*-
"""
What every connection goes through between accept(2) and its server, whatever serves
it: the banner, the gate, the lobby, the trap, the first byte, tcp wrappers, the
question whose the connection is.

Most services ask for none of this but the gate, and then there is nothing else on
the way.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from txinetd.gate.penalties import Offence
from txinetd.gate.rule import Source
from txinetd.gate.verdict import Verdict
from txinetd.handlers.banners import Banners, readBanners, say
from txinetd.handlers.collaborators import Collaborators
from txinetd.handlers.door import Door
from txinetd.handlers.identify import NOT_IDENTIFIED, questions
from txinetd.handlers.wrapping import ask
from txinetd.process.facts import ConnectionFacts, End
from txinetd.record import ConnectionRecord
from txinetd.sockets.firstbyte import FirstByte
from txinetd.sockets.peers import connectionFacts
from txinetd.spec import ServiceSpec
from txinetd.wrap import Answer

__all__ = ["Arrival", "Reception", "Serve"]


#: Serves a connection that has been let in: its record, to be finished by whoever
#: this calls; its facts; the connection; and what its server is to have in its
#: environment besides.
Serve = Callable[[ConnectionRecord, ConnectionFacts, socket.socket, list[bytes]], None]


@attrs.define(eq=False)
class Arrival:
    """
    One connection on its way.

    @ivar stage: what it waits for now, to be cancelled, or C{None}.
    @ivar refusing: refuses it, where it only waits for whose it is; else C{None}.
    @ivar gone: whether it was sent away, though a queue may still have it.
    """

    reception: Reception
    connection: socket.socket
    facts: ConnectionFacts
    source: Source
    record: ConnectionRecord
    stage: FirstByte | Deferred[Answer] | Deferred[str] | None = None
    refusing: Callable[[], None] | None = None
    gone: bool = False

    def proceed(self) -> None:
        """
        Try again, from the gate on.
        """
        self.reception.called(self)
        if not self.gone:
            self.reception.judgeAgain(self)

    def giveUp(self, rule: str, reason: str) -> None:
        """
        It has waited in vain.
        """
        self.reception.called(self)
        if not self.gone:
            self.reception.leave(self, rule, reason)


class Reception:
    """
    Receives the connections that come to one port.
    """

    log = Logger()

    def __init__(
        self,
        spec: ServiceSpec,
        door: Door,
        collaborators: Collaborators,
        serve: Serve,
        local: End | None = None,
    ) -> None:
        """
        @param spec: the service.
        @param door: judges and records.
        @param collaborators: the reactor, the closer, tcp wrappers.
        @param serve: serves who is let in.
        @param local: this side of all connections, where that is known beforehand.
        """
        self._local = local
        self._door = door
        self._reactor = collaborators.reactor
        self._closer = collaborators.closer
        self._clock = collaborators.clock
        self._collaborators = collaborators
        self._serve = serve
        self._onTheWay: set[Arrival] = set()
        self.alter(spec)

    def alter(self, spec: ServiceSpec) -> None:
        """
        Receive by a changed spec from the next connection on.
        """
        self._access = access = spec.access
        self._questions = questions(spec, spec.recording or self._collaborators.recording)
        self._banners: Banners = readBanners(access)
        # Whether there is anything to do for who is let in.
        self._straight = (
            access.sensor is None
            and access.firstByte is None
            and access.wrap is None
            and access.startWithin is None
            and not self._banners.success
            and not self._questions.success
        )

    def stop(self) -> None:
        """
        Send those away who are still on their way.
        """
        # None of them is, from here on: not for what cancelling a question calls, nor
        # for the lobby, which lets others in as these go.
        arrivals, self._onTheWay = self._onTheWay, set()
        for arrival in arrivals:
            stage, arrival.stage = arrival.stage, None
            if stage is not None:
                stage.cancel()
            if arrival.refusing is not None:
                arrival.refusing()
            else:
                self._refuse(arrival, "stopped", "the service has been stopped", None)

    def accepted(
        self, connection: socket.socket, peer: Any, facts: ConnectionFacts | None = None
    ) -> None:
        """
        Receive a connection.

        @param connection: as it was accepted; from now on somebody's beyond.
        @param peer: the address that came with it; not used where C{facts} are given.
        @param facts: where it came from, if that is known already.
        """
        if facts is None:
            facts = connectionFacts(connection, peer, self._local)
        record, source = self._door.arrive(facts)
        if self._banners.always:
            say(connection, self._banners.always)
        if self._door.lobby.isPaused:
            # Accepted in one go with whoever took the last place.  To ask the gate would be
            # to count an arrival that was not to come now, and might turn the service off.
            self._wait(Arrival(self, connection, facts, source, record))
            return
        verdict = self._door.judge(record, source, record.started)
        if verdict.allowed and self._straight:
            # As in _hand, which would be one call more for each connection.
            try:
                self._serve(record, facts, connection, [])
            except Exception:
                self._notServed(record, connection)
            return
        self._judged(Arrival(self, connection, facts, source, record), verdict)

    def _wait(self, arrival: Arrival) -> None:
        """
        Let one wait in the lobby.
        """
        self._onTheWay.add(arrival)
        self._door.counters.queued += 1
        self._door.lobby.wait(arrival)

    def called(self, arrival: Arrival) -> None:
        """
        One does not wait any more.
        """
        self._door.counters.queued -= 1

    def judgeAgain(self, arrival: Arrival) -> None:
        """
        Judge one who has waited.
        """
        if arrival not in self._onTheWay:
            return  # sent away meanwhile
        self._onTheWay.discard(arrival)
        arrival.record.waited = self._clock() - arrival.record.started
        poll = select.poll()
        poll.register(arrival.connection, 0)
        if poll.poll(0):
            # Broken, as poll(2) says without being asked.
            self._refuse(arrival, "gone", "closed while it was waiting", Offence.EARLY)
            return
        self._judged(arrival, self._door.judge(arrival.record, arrival.source))

    def leave(self, arrival: Arrival, rule: str, reason: str) -> None:
        """
        Send one away who has waited in the lobby.
        """
        if arrival not in self._onTheWay:
            return  # sent away meanwhile
        arrival.gone = True
        self._onTheWay.discard(arrival)
        arrival.record.waited = self._clock() - arrival.record.started
        self._refuse(arrival, rule, reason, None)

    def _judged(self, arrival: Arrival, verdict: Verdict) -> None:
        """
        Go by the verdict.
        """
        if verdict.allowed:
            self._letIn(arrival)
            return
        if verdict.full and self._door.lobby.holds:
            self._wait(arrival)
            return

        def refuse() -> None:
            say(arrival.connection, self._banners.fail)
            self._door.refuse(arrival.record, arrival.source, verdict)
            self._closer.close(arrival.connection)

        self._askBeforeRefusing(arrival, refuse)

    def _askBeforeRefusing(self, arrival: Arrival, refuse: Callable[[], None]) -> None:
        """
        Refuse somebody, and ask before that whose the connection is, where that is to
        be recorded.  It can only be asked while the connection is there.
        """
        client = self._collaborators.identClient
        asked = self._questions.beforeRefusing(client, arrival.record, arrival.facts)
        if asked is None:
            refuse()
            return
        self._onTheWay.add(arrival)
        arrival.stage, arrival.refusing = asked, refuse

        def answered(_: str | Failure) -> None:
            if arrival in self._onTheWay:
                self._onTheWay.discard(arrival)
                refuse()

        asked.addBoth(answered)

    def _letIn(self, arrival: Arrival) -> None:
        """
        The gate is passed: what remains, in this order.
        """
        access = self._access
        if access.sensor is not None:
            self._door.bar(arrival.source, access.sensor)
            self._refuse(arrival, "sensor", "the service is a trap", None)
        elif access.firstByte is not None:
            self._onTheWay.add(arrival)
            arrival.stage = FirstByte(
                self._reactor,
                arrival.connection,
                access.firstByte,
                lambda: self._askWrappers(arrival),
                lambda: self._refuseOnTheWay(
                    arrival, "first-byte", "closed without having sent anything", Offence.EARLY
                ),
                lambda: self._refuseOnTheWay(
                    arrival, "first-byte", "has sent nothing", Offence.TIMEOUT
                ),
            )
        else:
            self._askWrappers(arrival)

    def _refuseOnTheWay(
        self, arrival: Arrival, rule: str, reason: str, offence: Offence | None
    ) -> None:
        """
        Send one away for what has come of its present stage.
        """
        arrival.stage = None
        self._onTheWay.discard(arrival)
        self._refuse(arrival, rule, reason, offence)

    def _refuse(self, arrival: Arrival, rule: str, reason: str, offence: Offence | None) -> None:
        """
        Send one away.
        """
        say(arrival.connection, self._banners.fail)
        self._door.turnAway(arrival.record, arrival.source, rule, reason, offence)
        self._closer.close(arrival.connection)

    def _askWrappers(self, arrival: Arrival) -> None:
        """
        Ask hosts_access(5), where that is wanted.
        """
        arrival.stage = None
        wrap = self._access.wrap
        asked = None
        if wrap is not None:
            wrapper, number = self._collaborators.wrapper, arrival.connection.fileno()
            asked = ask(wrapper, wrap, arrival.facts, number)
        if asked is None:
            self._identify(arrival, [])
            return
        self._onTheWay.add(arrival)
        arrival.stage = asked
        asked.addCallbacks(
            lambda answer: self._answered(arrival, answer),
            lambda failure: self._noAnswer(arrival, "tcp-wrappers", failure),
        )

    def _noAnswer(self, arrival: Arrival, rule: str, failure: Failure) -> None:
        """
        There will be none: most often because the service stops.
        """
        if arrival in self._onTheWay:
            self._refuseOnTheWay(arrival, rule, failure.getErrorMessage(), None)

    def _answered(self, arrival: Arrival, answer: Answer) -> None:
        """
        hosts_access(5) has been asked.
        """
        if arrival not in self._onTheWay:
            return  # sent away meanwhile
        arrival.stage = None
        if answer.handled:
            self._onTheWay.discard(arrival)
            self._twisted(arrival, answer)
        elif answer.allowed:
            arrival.connection.setblocking(True)
            self._identify(arrival, [b"%b=%b" % pair for pair in answer.environment])
        else:
            self._refuseOnTheWay(arrival, "tcp-wrappers", answer.reason, Offence.REFUSED)

    def _twisted(self, arrival: Arrival, answer: Answer) -> None:
        """
        A rule's own program answers the client.
        """
        record = arrival.record
        record.reason = answer.reason
        record.pid = answer.pid or None
        arrival.connection.close()

        def ended(status: int | None) -> None:
            if status is not None:
                code = os.waitstatus_to_exitcode(status)
                record.status, record.signal = (code, None) if code >= 0 else (None, -code)
            self._door.finish(record)

        if answer.ended is None:
            ended(None)
        else:
            answer.ended.addCallback(ended)

    def _identify(self, arrival: Arrival, environment: list[bytes]) -> None:
        """
        Ask whose it is, where that is wanted.
        """
        client = self._collaborators.identClient
        asked = self._questions.beforeServing(client, arrival.record, arrival.facts)
        if asked is None:
            self._identified(arrival, environment, "there is nobody to ask")
            return
        self._onTheWay.add(arrival)
        arrival.stage = asked
        asked.addCallbacks(
            lambda reason: self._identified(arrival, environment, reason),
            lambda failure: self._noAnswer(arrival, NOT_IDENTIFIED, failure),
        )

    def _identified(self, arrival: Arrival, environment: list[bytes], reason: str) -> None:
        """
        It has been asked whose it is.  Whose a unix client is, the system has said.
        """
        arrival.stage = None
        if self._questions.only and not arrival.record.remoteUser:
            self._refuseOnTheWay(arrival, NOT_IDENTIFIED, reason, None)
        else:
            self._ready(arrival, environment)

    def _ready(self, arrival: Arrival, environment: list[bytes]) -> None:
        """
        Serve it, if it is not too late.
        """
        self._onTheWay.discard(arrival)
        within = self._access.startWithin
        if within is not None and self._clock() - arrival.record.started > within:
            self._refuse(arrival, "start-within", "it has taken too long until here", None)
            return
        say(arrival.connection, self._banners.success)
        self._hand(arrival.record, arrival.facts, arrival.connection, environment)

    def _hand(
        self,
        record: ConnectionRecord,
        facts: ConnectionFacts,
        connection: socket.socket,
        environment: list[bytes],
    ) -> None:
        """
        Have it served.  Whatever goes wrong with that, its record is finished and its
        place free again.
        """
        try:
            self._serve(record, facts, connection, environment)
        except Exception:
            self._notServed(record, connection)

    def _notServed(self, record: ConnectionRecord, connection: socket.socket) -> None:
        """
        What was to serve a connection has raised an exception.
        """
        failure = Failure()
        self.log.failure(
            "{service}: serving {peer} failed",
            failure,
            service=record.service,
            peer=record.peer,
        )
        connection.close()
        if self._door.isInside(record):
            error = failure.value
            self._door.fail(record, f"{type(error).__name__}: {error}")
