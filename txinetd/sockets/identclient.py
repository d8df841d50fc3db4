# -*- test-case-name: tests.test_sockets_identclient -*-
"""
Asking the machine that a connection comes from whose it is there (RFC 1413).

Whatever is answered is what that machine says, and worth as much as the machine.  It
is asked from the address that the connection came to, because that is where its
identd looks the connection up.

Endpoints of Twisted are not used: to import them takes the variables of sd_listen_fds(3)
out of the environment (see L{txinetd.sockets.inherited}).
"""

from __future__ import annotations

import re
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred, TimeoutError, succeed
from twisted.internet.interfaces import IAddress, IConnector, ITCPTransport
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.python.failure import Failure

from txinetd.process.facts import ConnectionFacts

__all__ = ["PORT", "IdentClient", "Identified", "readAnswer"]

#: Where such a server listens (RFC 1413).
PORT = 113

#: Bytes of an answer that are read (RFC 1413, 6).
_LONGEST = 1000

#: Characters of a user that are kept.
_LONGEST_USER = 512

_ANSWER = re.compile(
    rb"[ \t]*([0-9]{1,5})[ \t]*,[ \t]*([0-9]{1,5})[ \t]*:[ \t]*(USERID|ERROR)[ \t]*:(.*)"
)
_USER = re.compile(rb"[ \t]*([!-9;-~]{1,128})[ \t]*:[ \t]*(.*?)[ \t]*")
_ERROR = re.compile(rb"[ \t]*([A-Za-z0-9-]{1,64})[ \t]*")


@attrs.frozen
class Identified:
    """
    What has come of a question.

    @ivar user: who it is; empty where that has not been said.
    @ivar system: the operating system that the answer names, with its character set.
    @ivar reason: why nobody has been named.
    """

    user: str = ""
    system: str = ""
    reason: str = ""


_BAD = Identified(reason="bad response")


def readAnswer(line: bytes, ports: tuple[int, int]) -> Identified:
    """
    Read an answer.

    @param line: the line without its end.
    @param ports: those that were asked about: the client's and this side's.
    """
    match = _ANSWER.fullmatch(line)
    if match is None or (int(match[1]), int(match[2])) != ports:
        return _BAD
    pattern = _ERROR if match[3] == b"ERROR" else _USER
    found = pattern.fullmatch(match[4])
    if found is None:
        return _BAD
    if pattern is _ERROR:
        return Identified(reason=found[1].decode("ascii"))
    user = found[2].decode("utf-8", "backslashreplace")[:_LONGEST_USER]
    return Identified(user, found[1].decode("ascii")) if user else _BAD


class _Question(Protocol):
    """
    One question, once there is a connection.
    """

    def __init__(self, ports: tuple[int, int], answer: Deferred[Identified]) -> None:
        self._answer = answer
        self._ports = ports
        self._received = b""

    def connectionMade(self) -> None:
        """
        Ask.
        """
        assert self.transport is not None
        self.transport.write(b"%d,%d\r\n" % self._ports)

    def dataReceived(self, data: bytes) -> None:
        """
        Take a line, and no more than one may be long.
        """
        self._received += data[:_LONGEST]
        line, end, _ = self._received.partition(b"\n")
        if end:
            self._say(readAnswer(line.removesuffix(b"\r"), self._ports))
        elif len(self._received) >= _LONGEST:
            self._say(_BAD)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """
        There will be no answer, if there was none.
        """
        self._say(Identified(reason="no response"))

    def _say(self, answer: Identified) -> None:
        """
        Be done.
        """
        if not self._answer.called:
            self.leave()
            self._answer.callback(answer)

    def leave(self) -> None:
        """
        Read no more.
        """
        if self.transport is not None:
            ITCPTransport(self.transport).abortConnection()


class _Asking(ClientFactory):
    """
    One question, from the attempt to connect on.

    @ivar answer: fires with what comes of it; to be cancelled by whoever has waited
        long enough.
    """

    noisy = False

    def __init__(self, ports: tuple[int, int]) -> None:
        self.answer: Deferred[Identified] = Deferred(self._cancel)
        self._ports = ports
        self._question: _Question | None = None
        self._connector: IConnector | None = None

    def startedConnecting(self, connector: IConnector) -> None:
        """
        Remember what to stop.
        """
        self._connector = connector

    def buildProtocol(self, addr: IAddress | None) -> _Question:
        """
        There is a connection.
        """
        self._question = _Question(self._ports, self.answer)
        return self._question

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        """
        There is none.
        """
        if not self.answer.called:
            self.answer.callback(Identified(reason="cannot connect"))

    def _cancel(self, answer: Deferred[Identified]) -> None:
        """
        Nobody waits any more.
        """
        answer.errback(CancelledError())
        if self._question is not None:
            self._question.leave()
        elif self._connector is not None:
            self._connector.stopConnecting()


class IdentClient:
    """
    Asks about connections, so many at a time.

    @ivar asking: how many questions are open.
    @ivar mostRefused: with how many open somebody who is refused is still asked about:
        each of them keeps a connection until then.
    """

    def __init__(
        self,
        reactor: Any,
        *,
        port: int = PORT,
        seconds: float = 30.0,
        most: int = 256,
        mostRefused: int = 15,
    ) -> None:
        """
        @param reactor: connects, and knows the time.
        @param port: where to ask.
        @param seconds: how long a question may take.
        @param most: questions at a time; who comes then is not asked about.
        @param mostRefused: the same for those who are refused; what C{-logprocs} of
            xinetd(8) is where it says nothing.
        """
        self._reactor = reactor
        self._port = port
        self._seconds = seconds
        self._most = most
        self.mostRefused = mostRefused
        self.asking = 0

    @classmethod
    def bounded(cls, reactor: Any, most: int | None, **options: Any) -> IdentClient:
        """
        One that asks so many questions at a time, whoever they are about, as with
        C{-logprocs} of xinetd(8).

        @param most: how many, or C{None} for what is usual.
        """
        if most is None:
            return cls(reactor, **options)
        return cls(reactor, most=most, mostRefused=most, **options)

    def ask(self, facts: ConnectionFacts, most: int | None = None) -> Deferred[Identified] | None:
        """
        Ask whose a connection is.

        @param facts: both of its ends.
        @param most: the same as for the whole, where fewer are to be open.
        @return: fires with what has come of it, and never fails but by being cancelled;
            C{None} where there is nobody to ask.
        """
        peer, local = facts.peer, facts.local
        # An identd that is asked for whom it answers, and asks in turn, never ends.
        if peer.host is None or local.host is None or local.port == PORT:
            return None
        if self.asking >= min(self._most, self._most if most is None else most):
            return succeed(Identified(reason="too many are being asked"))
        asking = _Asking((peer.port or 0, local.port or 0))
        self.asking += 1
        asking.answer.addTimeout(self._seconds, self._reactor)
        asking.answer.addBoth(self._over)
        self._reactor.connectTCP(
            peer.host, self._port, asking, timeout=self._seconds, bindAddress=(local.host, 0)
        )
        return asking.answer

    def _over(self, result: Identified | Failure) -> Identified | Failure:
        """
        A question has been answered, or will not be.
        """
        self.asking -= 1
        if isinstance(result, Failure) and result.check(TimeoutError):
            return Identified(reason="timeout")
        return result
