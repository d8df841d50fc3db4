# -*- test-case-name: tests.test_server -*-
"""
Services answered in this process: the internal ones and whatever Twisted
protocol a program brings, behind the same door as server programs.
"""

from __future__ import annotations

import time

from twisted.internet import defer
from twisted.internet.protocol import DatagramProtocol

from txinetd.gate.penalties import Offence
from txinetd.handlers.accepting import AcceptingPort
from txinetd.handlers.answering import Answering
from txinetd.handlers.port import Port
from txinetd.handlers.wrapping import ask
from txinetd.internal.table import BUILTINS
from txinetd.process.facts import ConnectionFacts
from txinetd.record import ConnectionRecord
from txinetd.sockets.datagram import DatagramPort
from txinetd.spec import Builtin, InProcess, ServiceSpec
from txinetd.wrap import Answer

__all__ = ["InProcessDatagramPort", "InProcessStreamPort"]


#: What stands for a datagram that was let in.
_Admitted = ConnectionRecord


class InProcessStreamPort(AcceptingPort):
    """
    Accepts connections and gives each to a protocol of a Twisted factory.
    """

    staysAwake = True

    def start(self) -> None:
        """
        Begin to accept.
        """
        self._answering = Answering(self.spec, self.door, self.collaborators)
        self.accept(self._answering.serve)

    def stop(self) -> None:
        """
        Cease to accept; connections go on.
        """
        super().stop()
        self._answering.stop()

    def alter(self, spec: ServiceSpec) -> None:
        """
        Serve by a changed spec from the next connection on.
        """
        super().alter(spec)
        self._answering.alter(spec)


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
