# -*- test-case-name: tests.test_server -*-
"""
Services answered in this process: the internal ones and whatever Twisted
protocol a program brings, behind the same door as server programs.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from twisted.internet import defer
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.protocol import DatagramProtocol
from twisted.python.failure import Failure

from txinetd.gate.penalties import Offence
from txinetd.handlers.port import Port
from txinetd.handlers.reception import Reception
from txinetd.handlers.wrapping import ask
from txinetd.internal.accounting import accounted
from txinetd.internal.redirect import RedirectFactory
from txinetd.internal.table import BUILTINS
from txinetd.process.facts import ConnectionFacts
from txinetd.record import ConnectionRecord
from txinetd.sockets.datagram import DatagramPort
from txinetd.sockets.stream import StreamListener
from txinetd.spec import Builtin, InProcess, Redirect, ServiceSpec
from txinetd.wrap import Answer

__all__ = ["InProcessDatagramPort", "InProcessStreamPort"]

#: What stands for a datagram that was let in.
_Admitted = ConnectionRecord


class InProcessStreamPort(Port):
    """
    Accepts connections and gives each to a protocol of a Twisted factory.
    """

    def start(self) -> None:
        """
        Begin to accept.
        """
        self._factory = self._makeFactory()
        self._reception = Reception(self.spec, self.door, self.collaborators, self._serve)
        self._listener = StreamListener(
            self.reactor,
            self.socket,
            self._reception.accepted,
            exhausted=self.exhausted,
            recovered=self.recovered,
        )
        self._listener.start()
        self.door.lobby.attach(self._listener)

    def stop(self) -> None:
        """
        Cease to accept; connections go on.
        """
        self.door.lobby.detach(self._listener)
        self._listener.stop()
        self._reception.stop()
        self._factory.doStop()

    def alter(self, spec: ServiceSpec) -> None:
        """
        Serve by a changed spec from the next connection on.
        """
        before, self.spec = self.spec, spec
        self._reception.alter(spec)
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
            factory: IProtocolFactory = BUILTINS[server.name].streamFactory(time.time)
        elif isinstance(server, Redirect):
            factory = RedirectFactory(self.reactor, server.addresses)
        else:
            assert isinstance(server, InProcess)
            factory = IProtocolFactory(server.factory)
        factory.doStart()
        return factory

    def _serve(
        self,
        record: ConnectionRecord,
        facts: ConnectionFacts,
        connection: socket.socket,
        environment: list[bytes],
    ) -> None:
        """
        Answer somebody who has been let in.
        """
        if self._says is not None:
            self._say(connection, record, self._says(time.time()))
            return
        over = False

        def ended(reason: Failure, received: int, sent: int) -> None:
            nonlocal over
            if not over:
                over = True
                record.received, record.sent = received, sent
                self.door.finish(record)

        self.door.began(record)
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
        self.door.began(record)
        record.received = record.sent = 0
        try:
            record.sent = connection.send(text, socket.MSG_DONTWAIT)
            # What is left unread would make the end a reset.
            record.received = len(connection.recv(65536, socket.MSG_DONTWAIT))
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
        self.door.lobby.attach(self._port)

    def stop(self) -> None:
        """
        Cease to read.
        """
        self.door.lobby.detach(self._port)
        self._port.stop()

    def alter(self, spec: ServiceSpec) -> None:
        """
        Serve by a changed spec from the next datagram on.
        """
        before, self.spec = self.spec, spec
        if before.server != spec.server:
            self.stop()
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

    def _admit(
        self, facts: ConnectionFacts, toMany: bool
    ) -> _Admitted | defer.Deferred[_Admitted | None] | None:
        """
        A datagram has come.
        """
        if self.door.lobby.holds:
            # This one has been read already; the others wait.
            self.door.lobby.hold()
        record = self.door.admit(facts)
        if record is None:
            return None
        source = self.door.whose(record)
        if toMany and isinstance(self.spec.server, Builtin):
            # One forged request, and every machine of the network answers.
            self.door.turnAway(record, source, "sent to many machines", "it is forged", None)
            return None
        wrap = self.spec.access.wrap
        asked = None if wrap is None else ask(self.collaborators.wrapper, wrap, facts)
        if asked is None:
            self.door.began(record)
            return record

        def answered(answer: Answer) -> _Admitted | None:
            if not answer.allowed:
                self.door.turnAway(record, source, "tcp-wrappers", answer.reason, Offence.REFUSED)
                return None
            self.door.began(record)
            return record

        return asked.addCallback(answered)

    def _refused(self, peer: object, reason: str) -> None:
        """
        The service does not answer the datagram that it has before it.
        """
        self._refusal = reason

    def _served(self, record: _Admitted, raised: Exception | None) -> None:
        """
        The protocol is done with a datagram.
        """
        refusal, self._refusal = self._refusal, ""
        if raised is not None:
            self.door.fail(record, f"{type(raised).__name__}: {raised}")
            return
        if refusal:
            record.verdict = "refused"
            record.reason = record.rule = refusal
        self.door.finish(record)
