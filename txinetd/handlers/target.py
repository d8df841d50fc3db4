# -*- test-case-name: tests.test_handlers_multiplexer -*-
"""
A service that has no socket of its own: what comes to it is a connection that
another service has accepted.  From there on everything is its own: its door, its
user and its record.
"""

from __future__ import annotations

import socket

import attrs

from txinetd.handlers.answering import Answering, isAnswered
from txinetd.handlers.banners import say
from txinetd.handlers.collaborators import Collaborators
from txinetd.handlers.door import Door
from txinetd.handlers.execute import Executor
from txinetd.handlers.reception import Reception
from txinetd.handlers.targets import UNAVAILABLE
from txinetd.process.facts import ConnectionFacts
from txinetd.record import ConnectionRecord
from txinetd.spec import Program, ServiceSpec

__all__ = ["Target", "hindrance"]

#: What txinetd itself says for a service that is not to say so (RFC 1078).
_GO = b"+Go\r\n"


def hindrance(spec: ServiceSpec) -> str | None:
    """
    Why a service cannot be served a connection at a time that another has accepted.

    @param spec: the service.
    @return: the reason, or C{None} where it can.
    """
    if not spec.socketType.accepts or spec.wait:
        return "only a stream service with nowait gets connections"
    if not isinstance(spec.server, Program) and not isAnswered(spec.server):
        return "its server takes no connections"
    return None


class _TargetReception(Reception):
    """
    Who is refused is told so in RFC 1078's way, if no banner says anything else; in
    the same words as who has asked for what there is not.
    """

    def alter(self, spec: ServiceSpec) -> None:
        """
        Receive by a changed spec from the next connection on.
        """
        super().alter(spec)
        if not self._banners.fail:
            self._banners = attrs.evolve(self._banners, fail=UNAVAILABLE)


class Target:
    """
    Serves the connections of one such service.
    """

    def __init__(self, spec: ServiceSpec, door: Door, collaborators: Collaborators) -> None:
        """
        @param spec: the service, for which there is no L{hindrance}.
        @param door: its way in and out.
        @param collaborators: what all services share.
        """
        self._spec = spec
        self._door = door
        self._closer = collaborators.closer
        self._exhausted = False
        self._server: Executor | Answering
        if isinstance(spec.server, Program):
            self._server = Executor(spec, door, collaborators, self._cannotStart, self._startsAgain)
        else:
            self._server = Answering(spec, door, collaborators)
        self._reception = _TargetReception(spec, door, collaborators, self._serve)

    def alter(self, spec: ServiceSpec) -> bool:
        """
        Serve by a changed spec from the next connection on.

        @param spec: the service, for which there is no L{hindrance}.
        @return: whether that can be done; else another target is to take the place of
            this one.
        """
        if isinstance(spec.server, Program) != isinstance(self._spec.server, Program):
            return False
        self._spec = spec
        self._server.alter(spec)
        self._reception.alter(spec)
        return True

    def stop(self) -> None:
        """
        Take no more; what is being served goes on.
        """
        self._reception.stop()
        self._server.stop()

    def _cannotStart(self, number: int) -> None:
        """
        There can be no process.
        """
        self._exhausted = True

    def _startsAgain(self) -> None:
        """
        There can.
        """
        self._exhausted = False

    def take(self, connection: socket.socket, facts: ConnectionFacts) -> None:
        """
        See L{txinetd.handlers.targets.Takes.take}.
        """
        self._reception.accepted(connection, None, facts)

    def _serve(
        self,
        record: ConnectionRecord,
        facts: ConnectionFacts,
        connection: socket.socket,
        environment: list[bytes],
    ) -> None:
        """
        Serve somebody who has been let in.
        """
        if self._exhausted:
            # There is no queue of the kernel's in which it could wait.
            say(connection, UNAVAILABLE)
            self._door.fail(record, "fork: others are waiting already")
            self._closer.close(connection)
            return
        if self._spec.multiplexed is not None and self._spec.multiplexed.ready:
            # If the client is gone already, its server will notice that.
            say(connection, _GO)
        if isinstance(self._server, Answering):
            self._server.serve(record, facts, connection, environment)
            return

        def ended(ran: bool) -> None:
            if not ran:
                self._closer.close(connection)

        self._server.start(record, facts, connection, connection.close, ended, environment)
