# -*- test-case-name: tests.test_server -*-
"""
Services answered in this process: the internal ones and whatever Twisted
protocol a program brings, behind the same door as server programs.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.protocol import DatagramProtocol
from twisted.python.failure import Failure

from txinetd.handlers.collaborators import Collaborators
from txinetd.handlers.port import Port
from txinetd.internal.accounting import accounted
from txinetd.internal.table import BUILTINS
from txinetd.process.facts import ConnectionFacts
from txinetd.record import ConnectionRecord
from txinetd.sockets.datagram import DatagramPort
from txinetd.sockets.peers import connectionFacts
from txinetd.sockets.stream import StreamListener
from txinetd.spec import Builtin, InProcess, Server, ServiceSpec

__all__ = ["InProcessDatagramPort", "InProcessStreamPort", "isServed", "servedFactory"]


def isServed(server: Server) -> bool:
    """
    Whether connections to a server can be served in this process.
    """
    if isinstance(server, Builtin):
        return server.name in BUILTINS
    return isinstance(server, InProcess) and not isinstance(server.factory, DatagramProtocol)


def servedFactory(server: Server, collaborators: Collaborators) -> IProtocolFactory:
    """
    The factory that serves connections in this process, not started yet.

    @param server: one that L{isServed}.
    @param collaborators: what all services share.
    """
    if isinstance(server, Builtin):
        return BUILTINS[server.name].streamFactory(
            time.time, collaborators.reactor, server.arguments, collaborators.view
        )
    assert isinstance(server, InProcess)
    return IProtocolFactory(server.factory)


class InProcessStreamPort(Port):
    """
    Accepts connections and gives each to a protocol of a Twisted factory.
    """

    def start(self) -> None:
        """
        Begin to accept.
        """
        self._factory = self._makeFactory()
        self._listener = StreamListener(
            self.reactor,
            self.socket,
            self._accepted,
            exhausted=self.exhausted,
            recovered=self.recovered,
        )
        self._listener.start()

    def stop(self) -> None:
        """
        Cease to accept; connections go on.
        """
        self._listener.stop()
        self._factory.doStop()

    def alter(self, spec: ServiceSpec) -> None:
        """
        Serve by a changed spec from the next connection on.
        """
        before, self.spec = self.spec, spec
        if before.server != spec.server:
            self._factory.doStop()
            self._factory = self._makeFactory()

    def _makeFactory(self) -> IProtocolFactory:
        """
        The factory that the spec asks for, started.
        """
        server = self.spec.server
        self._says: Callable[[float], bytes] | None = None
        if isinstance(server, Builtin):
            self._says = BUILTINS[server.name].says
        factory = servedFactory(server, self.collaborators)
        factory.doStart()
        return factory

    def _accepted(self, connection: socket.socket, peer: Any) -> None:
        """
        Someone knocked.
        """
        record = self.door.admit(connectionFacts(connection, peer))
        if record is None:
            self.collaborators.closer.close(connection)
            return
        if self._says is not None:
            self._say(connection, record, self._says(time.time()))
            return
        over = False

        def ended(reason: Failure, received: int, sent: int) -> None:
            nonlocal over
            if not over:
                over = True
                self.door.finish(record)

        connection.setblocking(False)
        try:
            # The reactor works on a duplicate of its own.
            self.reactor.adoptStreamConnection(
                connection.fileno(), connection.family, accounted(self._factory, ended)
            )
        except OSError as error:
            # Most often a client that has gone again already.
            if not over:
                over = True
                self.door.fail(record, f"adopt: {error.strerror}")
        finally:
            connection.close()

    def _say(self, connection: socket.socket, record: ConnectionRecord, text: bytes) -> None:
        """
        Say one thing and close.  It fits into the buffer of any new connection.

        @param connection: the connection; it is closed.
        @param record: its record; it is finished.
        @param text: what to say.
        """
        try:
            connection.send(text, socket.MSG_DONTWAIT)
            # What is left unread would make the end a reset.
            connection.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass  # nothing is, as with most clients
        except OSError as error:
            # A client that has gone again already.
            self.door.fail(record, f"send: {error.strerror}")
            return
        finally:
            connection.close()
        self.door.finish(record)


class InProcessDatagramPort(Port):
    """
    Gives datagrams to an internal service or to a L{DatagramProtocol}.
    """

    def start(self) -> None:
        """
        Begin to read.
        """
        self._record: ConnectionRecord | None = None
        self._refusal = ""
        self._listen()

    def _listen(self) -> None:
        """
        Read for the protocol that the spec asks for.
        """
        self._port = DatagramPort(
            self.reactor, self.socket, self._makeProtocol(), self._admit, self._served
        )
        self._port.start()

    def stop(self) -> None:
        """
        Cease to read.
        """
        self._port.stop()

    def alter(self, spec: ServiceSpec) -> None:
        """
        Serve by a changed spec from the next datagram on.
        """
        before, self.spec = self.spec, spec
        if before.server != spec.server:
            self._port.stop()
            self._listen()

    def _makeProtocol(self) -> DatagramProtocol:
        """
        The protocol that the spec asks for.
        """
        server = self.spec.server
        if isinstance(server, Builtin):
            return BUILTINS[server.name].datagramProtocol(
                time.time, self.collaborators.guard, self._refused
            )
        assert isinstance(server, InProcess)
        assert isinstance(server.factory, DatagramProtocol)
        return server.factory

    def _admit(self, facts: ConnectionFacts, toMany: bool) -> bool:
        """
        A datagram has come.
        """
        record = self.door.admit(facts)
        if record is None:
            return False
        if toMany and isinstance(self.spec.server, Builtin):
            # One forged request, and every machine of the network answers.
            record.verdict, record.reason = "refused", "sent to many machines"
            self.door.finish(record)
            return False
        self._record = record
        return True

    def _refused(self, peer: object, reason: str) -> None:
        """
        The service does not answer the datagram that it has before it.
        """
        self._refusal = reason

    def _served(self, raised: Exception | None) -> None:
        """
        The protocol is done with a datagram.
        """
        record, self._record = self._record, None
        refusal, self._refusal = self._refusal, ""
        if record is None:
            return
        if raised is not None:
            self.door.fail(record, f"{type(raised).__name__}: {raised}")
            return
        if refusal:
            record.verdict, record.reason = "refused", refusal
        self.door.finish(record)
