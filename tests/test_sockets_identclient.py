"""
Tests for L{txinetd.sockets.identclient}: real servers on the loopback interface, good
and bad ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import reactor as _reactor
from twisted.internet.defer import CancelledError, Deferred, gatherResults, inlineCallbacks
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from txinetd.internal.ident.query import NO_USER, Query, errorAnswer, userAnswer
from txinetd.process.facts import ConnectionFacts, End
from txinetd.sockets.identclient import PORT, IdentClient, Identified, readAnswer

reactor = cast(Any, _reactor)

PORTS = (4000, 7)
BAD = Identified(reason="bad response")


def facts(port: int = 7) -> ConnectionFacts:
    """
    A connection within this machine.
    """
    return ConnectionFacts("tcp", End("127.0.0.1", port), End("127.0.0.1", 4000))


class AnswerTests(SynchronousTestCase):
    """
    Tests for L{readAnswer}.
    """

    def test_ours(self) -> None:
        """
        What this project's own service answers is understood.
        """
        query = Query(*PORTS)
        answer = userAnswer(query, "UNIX", "alice").removesuffix(b"\r\n")
        self.assertEqual(readAnswer(answer, PORTS), Identified("alice", "UNIX"))
        answer = errorAnswer(query, NO_USER).removesuffix(b"\r\n")
        self.assertEqual(readAnswer(answer, PORTS), Identified(reason="NO-USER"))

    def test_forms(self) -> None:
        """
        Blanks may stand anywhere or nowhere; a user may hold blanks and colons.
        """
        for line, user, system in (
            (b"4000,7:USERID:UNIX:alice", "alice", "UNIX"),
            (b" 4000 , 7 : USERID : OTHER,UTF-8 :  a b:c ", "a b:c", "OTHER,UTF-8"),
            (b"4000,7:USERID:UNIX:\xff", "\\xff", "UNIX"),
        ):
            self.assertEqual(readAnswer(line, PORTS), Identified(user, system))

    def test_bad(self) -> None:
        """
        What is no answer, or one to another question, names nobody.
        """
        for line in (
            b"",
            b"4000,8:USERID:UNIX:alice",
            b"7,4000:USERID:UNIX:alice",
            b"4000,7:USERID:UNIX:",
            b"4000,7:USERID:UNIX:  ",
            b"4000,7:USERID:alice",
            b"4000,7:userid:UNIX:alice",
            b"4000,7:ERROR:",
            b"4000,7:USERID:U X:alice",
        ):
            self.assertEqual(readAnswer(line, PORTS), BAD, line)

    @given(st.binary(max_size=2000))
    def test_anything(self, data: bytes) -> None:
        """
        Whatever is said, a name is short, and there is a reason where there is none.
        """
        for line in (data, b"4000,7:USERID:UNIX:" + data, b"4000,7:ERROR:" + data):
            found = readAnswer(line, PORTS)
            self.assertLessEqual(len(found.user), 512)
            self.assertEqual(bool(found.user), not found.reason)


class Server(Protocol):
    """
    Answers as it was told to.
    """

    def __init__(self, factory: ServerFactory) -> None:
        self._factory = factory

    def dataReceived(self, data: bytes) -> None:
        """
        Answer.
        """
        self._factory.asked.append(data)
        assert self.transport is not None
        self._factory.answer(self.transport)
        self._factory.wasAsked.callback(None)

    def connectionLost(self, reason: object = None) -> None:
        """
        Note the end.
        """
        self._factory.left.callback(None)


class ServerFactory(Factory):
    """
    Keeps what was asked.
    """

    def __init__(self, answer: Callable[[Any], None]) -> None:
        self.answer = answer
        self.asked: list[bytes] = []
        self.wasAsked: Deferred[None] = Deferred()
        self.left: Deferred[None] = Deferred()

    def buildProtocol(self, addr: object) -> Server:
        """
        One for each.
        """
        return Server(self)


class ClientTests(TestCase):
    """
    Tests for L{IdentClient}.
    """

    def serve(self, answer: Callable[[Any], None], **options: Any) -> IdentClient:
        """
        Have a server, and a client that asks it.
        """
        self.factory = ServerFactory(answer)
        port = reactor.listenTCP(0, self.factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        return IdentClient(options.pop("clock", reactor), port=port.getHost().port, **options)

    def ask(self, client: IdentClient) -> Deferred[Identified]:
        """
        Ask.
        """
        asked = client.ask(facts())
        assert asked is not None
        return asked

    @inlineCallbacks
    def answers(self, answer: Callable[[Any], None]) -> Any:
        """
        What comes of asking a server that answers so; it is left then.
        """
        client = self.serve(answer)
        asked = self.ask(client)
        self.assertEqual(client.asking, 1)
        found = yield asked
        self.assertEqual(client.asking, 0)
        yield self.factory.left
        return found

    @inlineCallbacks
    def test_named(self) -> Any:
        """
        The question has the client's port first, and its answer names the user.
        """
        found = yield self.answers(lambda to: to.write(b"4000, 7 : USERID : UNIX : bob\r\nmore"))
        self.assertEqual(found, Identified("bob", "UNIX"))
        self.assertEqual(self.factory.asked, [b"4000,7\r\n"])

    @inlineCallbacks
    def test_endless(self) -> Any:
        """
        An answer without an end is left when it is longer than any may be.
        """
        found = yield self.answers(lambda to: to.write(b"x" * 100_000))
        self.assertEqual(found, BAD)

    @inlineCallbacks
    def test_closed(self) -> Any:
        """
        A server that closes has not answered, whatever it began to say.
        """

        def half(to: Any) -> None:
            to.write(b"4000, 7 : USERID : UNIX : bob")
            to.loseConnection()

        found = yield self.answers(half)
        self.assertEqual(found, Identified(reason="no response"))

    @inlineCallbacks
    def test_nobodyListens(self) -> Any:
        """
        Where there is no server, that is the answer.
        """
        port = reactor.listenTCP(0, Factory(), interface="127.0.0.1")
        client = IdentClient(reactor, port=port.getHost().port)
        yield port.stopListening()
        found = yield self.ask(client)
        self.assertEqual(found, Identified(reason="cannot connect"))
        self.assertEqual(client.asking, 0)

    @inlineCallbacks
    def test_silent(self) -> Any:
        """
        A server that says nothing is waited for so long, and left.
        """
        client = self.serve(lambda to: None, seconds=0.05)
        found = yield self.ask(client)
        self.assertEqual(found, Identified(reason="timeout"))
        self.assertEqual(client.asking, 0)
        yield self.factory.left

    @inlineCallbacks
    def test_cancelled(self) -> Any:
        """
        Who waits no more leaves the server.
        """
        client = self.serve(lambda to: None)
        asked = self.ask(client)
        yield self.factory.wasAsked
        asked.cancel()
        yield self.assertFailure(asked, CancelledError)
        self.assertEqual(client.asking, 0)
        yield self.factory.left

    @inlineCallbacks
    def test_many(self) -> Any:
        """
        So many questions are open at a time, and no more.
        """
        client = self.serve(lambda to: None, most=2)
        first = self.ask(client)
        fewer = client.ask(facts(), 1)
        assert fewer is not None
        self.assertEqual(self.successResultOf(fewer), Identified(reason="too many are being asked"))
        yield self.factory.wasAsked
        self.assertEqual(client.asking, 1)
        first.cancel()
        yield gatherResults([self.assertFailure(first, CancelledError), self.factory.left])

    def test_bounded(self) -> None:
        """
        One number can be given for those who are let in and those who are refused.
        """
        usual, few = (
            IdentClient.bounded(Clock(), None),
            IdentClient.bounded(MemoryReactorClock(), 1),
        )
        self.assertEqual((usual.mostRefused, few.mostRefused), (15, 1))
        open_ = few.ask(facts())
        assert open_ is not None
        self.assertNoResult(open_)
        refused = few.ask(facts(), few.mostRefused)
        assert refused is not None
        self.assertEqual(
            self.successResultOf(refused), Identified(reason="too many are being asked")
        )

    def test_nobody(self) -> None:
        """
        Nobody is asked about a client without an address, nor about one that asks the
        like itself.
        """
        client = IdentClient(Clock())
        self.assertIsNone(client.ask(ConnectionFacts("unix", End(path=b"/x"))))
        self.assertIsNone(client.ask(facts(PORT)))
