# -*- test-case-name: tests.test_internal_stream -*-
"""
Tests for L{txinetd.internal.stream}.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.abstract import FileDescriptor
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactor
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from txinetd.internal.accounting import accounted
from txinetd.internal.stream import Answer, Chargen, Discard, Echo, StreamFactory
from txinetd.internal.wire import CHARGEN_CYCLE, timeAnswer

# Which interfaces the reactor has is known only when it runs.
reactor: Any = _reactor


class NarrowTransport(FileDescriptor):
    """
    Twisted's own transport, with its buffer and its producers, but for the
    socket: how much the client takes is decided by the test.

    @ivar room: how many bytes the client will still take.
    @ivar sent: what it has taken.
    """

    def __init__(self) -> None:
        super().__init__(reactor=MemoryReactor())
        self.connected = 1
        self.room = 0
        self.sent = b""
        self.startReading()

    def writeSomeData(self, data: bytes) -> int:
        """
        Take as much as there is room for.
        """
        taken = bytes(data[: self.room])
        self.room -= len(taken)
        self.sent += taken
        return len(taken)

    @property
    def reading(self) -> bool:
        """
        Whether the transport reads from the client.
        """
        return self in self.reactor.getReaders()

    @property
    def writing(self) -> bool:
        """
        Whether the transport has something to do when the client takes more.
        """
        return self in self.reactor.getWriters()

    @property
    def held(self) -> int:
        """
        How many bytes wait in memory.
        """
        return len(self.dataBuffer) - self.offset + self._tempDataLen

    def turn(self) -> object:
        """
        What the reactor does when the client can take more.

        @return: why the connection is over, or C{None}.
        """
        return self.doWrite() if self.writing else None


def served(protocol: Protocol) -> NarrowTransport:
    """
    A connection to a protocol whose client takes nothing for now.
    """
    transport = NarrowTransport()
    protocol.makeConnection(transport)
    return transport


def turns(transport: NarrowTransport, number: int) -> object:
    """
    Let the reactor turn, until the connection is over.
    """
    for _ in range(number):
        over = transport.turn()
        if over is not None:
            return over
    return None


class EchoTests(SynchronousTestCase):
    """
    Tests for L{Echo}.
    """

    def test_interface(self) -> None:
        """
        It wants to be told when its client has closed its half.
        """
        self.assertTrue(verifyObject(IHalfCloseableProtocol, Echo()))

    def test_echoes(self) -> None:
        """
        What was sent comes back, bytes of all kinds.
        """
        transport = served(echo := Echo())
        transport.room = 1000
        echo.dataReceived(b"\0hello\r\n")
        echo.dataReceived(b"\xff")
        turns(transport, 10)
        self.assertEqual(transport.sent, b"\0hello\r\n\xff")

    def test_clientDoesNotRead(self) -> None:
        """
        From a client that does not read no more is read than a few buffers
        full, and that is all the memory it costs.
        """
        transport = served(echo := Echo())
        received = 0
        while transport.reading:
            self.assertLess(received, 10**7, "it reads on and on")
            echo.dataReceived(bytes(transport.bufferSize))
            received += transport.bufferSize
            transport.turn()
        self.assertLessEqual(transport.held, 2 * transport.bufferSize)

    def test_clientReadsAgain(self) -> None:
        """
        Once the client has read what there was, it is read from again.
        """
        transport = served(echo := Echo())
        echo.dataReceived(bytes(transport.bufferSize + 1))
        stopped = transport.reading
        transport.room = 10**6
        turns(transport, 10)
        self.assertEqual((stopped, transport.reading), (False, True))

    def test_halfClose(self) -> None:
        """
        A client that has closed its half gets everything back, slowly if it
        reads slowly, and then the connection is closed.
        """
        transport = served(echo := Echo())
        data = bytes(range(256)) * 200
        echo.dataReceived(data)
        echo.readConnectionLost()
        over = None
        while over is None:
            self.assertLess(len(transport.sent), len(data) + 1)
            transport.room = 1000
            over = transport.turn()
        self.assertIsInstance(over, ConnectionDone)
        self.assertEqual(transport.sent, data)

    def test_halfCloseNothingSent(self) -> None:
        """
        A client that has sent nothing is closed at once.
        """
        transport = served(echo := Echo())
        echo.readConnectionLost()
        self.assertIsInstance(turns(transport, 2), ConnectionDone)

    def test_serverCloses(self) -> None:
        """
        When the server ends a connection whose client was not reading, it does
        end as soon as the client has read.
        """
        transport = served(echo := Echo())
        echo.dataReceived(bytes(transport.bufferSize + 1))
        transport.loseConnection()
        transport.room = 10**6
        self.assertIsInstance(turns(transport, 10), ConnectionDone)


class DiscardTests(SynchronousTestCase):
    """
    Tests for L{Discard}.
    """

    def test_silent(self) -> None:
        """
        Nothing is sent, however much is received.
        """
        transport = served(discard := Discard())
        for _ in range(100):
            discard.dataReceived(bytes(65536))
        self.assertEqual((transport.held, transport.reading), (0, True))


class ChargenTests(SynchronousTestCase):
    """
    Tests for L{Chargen}.
    """

    def test_interface(self) -> None:
        """
        It wants to be told when its client has closed its half.
        """
        self.assertTrue(verifyObject(IHalfCloseableProtocol, Chargen()))

    def test_pattern(self) -> None:
        """
        The pattern goes on without a break from round to round.
        """
        transport = served(Chargen())
        transport.room = 3 * len(CHARGEN_CYCLE)
        turns(transport, 20)
        self.assertEqual(transport.sent, 3 * CHARGEN_CYCLE)

    def test_clientDoesNotRead(self) -> None:
        """
        For a client that does not read one round is kept, and no more.
        """
        transport = served(Chargen())
        turns(transport, 1000)
        self.assertEqual(transport.held, len(CHARGEN_CYCLE))

    def test_slowClient(self) -> None:
        """
        Nor is more kept for one that reads a little at a time, or anything
        left out.
        """
        transport = served(Chargen())
        for _ in range(2000):
            transport.room = 17
            transport.turn()
            self.assertLessEqual(transport.held, len(CHARGEN_CYCLE))
        self.assertGreater(len(transport.sent), 4 * len(CHARGEN_CYCLE))
        self.assertEqual(transport.sent, (CHARGEN_CYCLE * 5)[: len(transport.sent)])

    def test_input(self) -> None:
        """
        What the client sends makes no difference.
        """
        transport = served(chargen := Chargen())
        chargen.dataReceived(b"stop\r\n")
        self.assertEqual((transport.held, transport.reading), (len(CHARGEN_CYCLE), True))

    def test_halfClose(self) -> None:
        """
        A client that closes its half at once still gets what it came for.
        """
        transport = served(chargen := Chargen())
        chargen.readConnectionLost()
        transport.room = 2 * len(CHARGEN_CYCLE)
        turns(transport, 20)
        self.assertEqual(transport.sent, 2 * CHARGEN_CYCLE)

    def test_serverCloses(self) -> None:
        """
        When the server ends the connection, the pattern has an end.
        """
        transport = served(Chargen())
        transport.loseConnection()
        transport.room = 10**6
        self.assertIsInstance(turns(transport, 10), ConnectionDone)


class AnswerTests(SynchronousTestCase):
    """
    Tests for L{Answer}.
    """

    def test_answers(self) -> None:
        """
        The answer is sent, and then the connection is closed.
        """
        transport = served(Answer(timeAnswer, lambda: 0.0))
        transport.room = 100
        self.assertIsInstance(turns(transport, 2), ConnectionDone)
        self.assertEqual(transport.sent, b"\x83\xaa\x7e\x80")

    def test_input(self) -> None:
        """
        Nothing is read from a client that has its answer coming.
        """
        self.assertFalse(served(Answer(timeAnswer, lambda: 0.0)).reading)


class StreamFactoryTests(SynchronousTestCase):
    """
    Tests for L{StreamFactory}.
    """

    def test_interface(self) -> None:
        """
        It is a factory.
        """
        self.assertTrue(verifyObject(IProtocolFactory, StreamFactory(Echo)))

    def test_oneEach(self) -> None:
        """
        Each client has a protocol of its own.
        """
        factory = StreamFactory(Echo)
        self.assertIsNot(factory.buildProtocol(None), factory.buildProtocol(None))

    def test_factory(self) -> None:
        """
        A protocol knows its factory, as Twisted's do.
        """
        factory = StreamFactory(Echo)
        self.assertIs(factory.buildProtocol(None).factory, factory)


class Client(Protocol):
    """
    A client as C{nc -N}: it sends what it has, closes its half, and reads.

    @ivar received: what it has read.
    @ivar enough: if set, how much it wants to read before it goes away.
    @ivar over: fires with the kind of reason when the connection is over.
    """

    def __init__(self, data: bytes = b"", enough: int | None = None) -> None:
        self.data = data
        self.enough = enough
        self.received = b""
        self.over: Deferred[object] = Deferred()

    def connectionMade(self) -> None:
        """
        Send all, and say that it was all.
        """
        transport: Any = self.transport
        transport.write(self.data)
        transport.loseWriteConnection()

    def dataReceived(self, data: bytes) -> None:
        """
        Keep it.
        """
        self.received += data
        transport: Any = self.transport
        if self.enough is not None and len(self.received) >= self.enough:
            transport.abortConnection()

    def connectionLost(self, reason: Failure = Failure(ConnectionDone())) -> None:  # noqa: B008
        """
        The server has closed, or this has.
        """
        self.over.callback(reason.type)


class WithServer:
    """
    Serves a factory on loopback for one test.
    """

    def serve(self: Any, factory: Any) -> tuple[Any, Deferred[tuple[Failure, int, int]]]:
        """
        Listen.

        @return: where, and what fires with reason, bytes in and bytes out when
            the first connection is over.
        """
        ended: Deferred[tuple[Failure, int, int]] = Deferred()
        wrapped = accounted(factory, lambda *account: ended.callback(account))
        port = reactor.listenTCP(0, wrapped, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        return port, ended

    def visit(self: Any, port: Any, client: Protocol) -> None:
        """
        Have a client connect.
        """
        factory = Factory.forProtocol(lambda: client)
        factory.noisy = False
        host = port.getHost()
        connection = socket.create_connection((host.host, host.port))
        self.addCleanup(connection.close)
        connection.setblocking(False)
        reactor.adoptStreamConnection(connection.fileno(), socket.AF_INET, factory)
        connection.close()


class TCPTests(WithServer, TestCase):
    """
    The services with real connections whose client closes its half early.
    """

    timeout = 60

    async def test_echo(self) -> None:
        """
        A client that sends megabytes and closes its half gets all of them
        back, then a clean end.
        """
        port, ended = self.serve(StreamFactory(Echo))
        client = Client(bytes(range(256)) * 20000)
        self.visit(port, client)
        reason = await client.over
        account = await ended
        self.assertTrue(client.received == client.data, "not what was sent")
        self.assertEqual(
            (reason, account[0].type, account[1:]),
            (ConnectionDone, ConnectionDone, (5120000, 5120000)),
        )

    async def test_discard(self) -> None:
        """
        Discard takes everything, says nothing, and closes when there is no more.
        """
        port, ended = self.serve(StreamFactory(Discard))
        client = Client(bytes(3000000))
        self.visit(port, client)
        reason = await client.over
        account = await ended
        self.assertEqual((reason, client.received), (ConnectionDone, b""))
        self.assertEqual(account[1:], (3000000, 0))

    async def test_answer(self) -> None:
        """
        The answer reaches a client that closed its half before it came.
        """
        port, ended = self.serve(StreamFactory(lambda: Answer(timeAnswer, lambda: 0.0)))
        client = Client()
        self.visit(port, client)
        reason = await client.over
        await ended
        self.assertEqual((reason, client.received), (ConnectionDone, b"\x83\xaa\x7e\x80"))

    async def test_chargen(self) -> None:
        """
        Chargen goes on for a client that has closed its half, until it is gone.
        """
        port, ended = self.serve(StreamFactory(Chargen))
        client = Client(enough=10 * len(CHARGEN_CYCLE))
        self.visit(port, client)
        await client.over
        await ended
        self.assertTrue(client.received.startswith(10 * CHARGEN_CYCLE))
