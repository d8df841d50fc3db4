# -*- test-case-name: tests.test_handlers_multiplexer -*-
"""
A service that has no socket of its own: what comes to it is a connection that
another service has accepted.  From there on everything is its own: its door, its
user and its record.
"""

from __future__ import annotations

import socket

from twisted.internet.interfaces import IProtocolFactory
from twisted.python.failure import Failure

from txinetd.handlers.collaborators import Collaborators
from txinetd.handlers.door import Door
from txinetd.handlers.execute import Executor
from txinetd.handlers.inprocess import isServed, servedFactory
from txinetd.internal.accounting import accounted
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
    if not isinstance(spec.server, Program) and not isServed(spec.server):
        return "its server takes no connections"
    return None


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
        self._door = door
        self._collaborators = collaborators
        self._ready = spec.multiplexed is not None and spec.multiplexed.ready
        self._executor: Executor | None = None
        self._factory: IProtocolFactory | None = None
        self._exhausted = False
        if isinstance(spec.server, Program):
            self._executor = Executor(
                spec, door, collaborators, self._cannotStart, self._startsAgain
            )
        else:
            self._factory = servedFactory(spec.server, collaborators)
            self._factory.doStart()

    def stop(self) -> None:
        """
        Take no more; what is being served goes on.
        """
        if self._executor is not None:
            self._executor.stop()
        if self._factory is not None:
            self._factory.doStop()

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

    def take(self, connection: socket.socket, facts: ConnectionFacts) -> bool:
        """
        See L{txinetd.handlers.targets.Takes.take}.
        """
        record = self._door.admit(facts)
        if record is None:
            return False
        if self._exhausted:
            # There is no queue of the kernel's in which it could wait.
            self._door.fail(record, "fork: others are waiting already")
            return False
        if self._ready:
            try:
                connection.send(_GO, socket.MSG_DONTWAIT)
            except OSError as error:
                self._door.fail(record, f"send: {error.strerror}")
                return False
        if self._executor is not None:
            self._start(record, facts, connection)
        else:
            self._adopt(record, connection)
        return True

    def _start(
        self, record: ConnectionRecord, facts: ConnectionFacts, connection: socket.socket
    ) -> None:
        """
        Start the program.
        """
        assert self._executor is not None

        def ended(ran: bool) -> None:
            if not ran:
                self._collaborators.closer.close(connection)

        self._executor.start(record, facts, connection, connection.close, ended)

    def _adopt(self, record: ConnectionRecord, connection: socket.socket) -> None:
        """
        Give the connection to a protocol.
        """
        assert self._factory is not None
        over = False

        def ended(reason: Failure, received: int, sent: int) -> None:
            nonlocal over
            if not over:
                over = True
                self._door.finish(record)

        connection.setblocking(False)
        try:
            # The reactor works on a duplicate of its own.
            self._collaborators.reactor.adoptStreamConnection(
                connection.fileno(), connection.family, accounted(self._factory, ended)
            )
        except OSError as error:
            if not over:
                over = True
                self._door.fail(record, f"adopt: {error.strerror}")
        finally:
            connection.close()
