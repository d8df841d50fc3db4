# -*- test-case-name: tests.test_internal_accounting -*-
"""
Tests for L{txinetd.internal.accounting}.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IFileDescriptorReceiver,
    IHalfCloseableProtocol,
    IHandshakeListener,
    IProtocol,
    IProtocolFactory,
    IPushProducer,
)
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from twisted.web.static import Data
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.test_internal_stream import Client, WithServer
from txinetd.internal.accounting import NoProtocolError, accounted
from txinetd.internal.stream import Discard, Echo, StreamFactory

reactor: Any = _reactor

DONE = Failure(ConnectionDone())


class Wrapped:
    """
    One connection to a protocol, with its account.

    @ivar accounts: what was told of connections that are over.
    """

    def __init__(self, protocol: Protocol) -> None:
        self.accounts: list[tuple[Failure, int, int]] = []
        factory = accounted(
            StreamFactory(lambda: protocol), lambda *account: self.accounts.append(account)
        )
        self.wrapper: Any = factory.buildProtocol(None)
        self.transport: Any = StringTransport()
        self.wrapper.makeConnection(self.transport)


@implementer(IHalfCloseableProtocol, IFileDescriptorReceiver, IHandshakeListener)
class Curious(Protocol):
    """
    Wants to be told everything.

    @ivar told: what it was told.
    """

    def __init__(self) -> None:
        self.told: list[object] = []

    def readConnectionLost(self) -> None:
        """
        See L{IHalfCloseableProtocol}.
        """
        self.told.append("read")

    def writeConnectionLost(self) -> None:
        """
        See L{IHalfCloseableProtocol}.
        """
        self.told.append("write")

    def fileDescriptorReceived(self, descriptor: int) -> None:
        """
        See L{IFileDescriptorReceiver}.
        """
        self.told.append(descriptor)

    def handshakeCompleted(self) -> None:
        """
        See L{IHandshakeListener}.
        """
        self.told.append("handshake")


class Broken(Protocol):
    """
    Fails where it is told to.
    """

    def __init__(self, where: str) -> None:
        self.where = where

    def connectionMade(self) -> None:
        """
        Perhaps fail.
        """
        if self.where == "connectionMade":
            raise ZeroDivisionError

    def connectionLost(self, reason: Failure = DONE) -> None:
        """
        Perhaps fail.
        """
        if self.where == "connectionLost":
            raise ZeroDivisionError


class Declining(Factory):
    """
    Makes no protocol.
    """

    noisy = False

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def buildProtocol(self, addr: object) -> None:
        """
        Do not serve.
        """
        if self.error is not None:
            raise self.error


class AccountedTests(SynchronousTestCase):
    """
    Tests for L{accounted}.
    """

    def test_interfaces(self) -> None:
        """
        The result is a factory of protocols.
        """
        factory = accounted(StreamFactory(Echo), lambda *account: None)
        self.assertTrue(verifyObject(IProtocolFactory, factory))
        self.assertTrue(verifyObject(IProtocol, factory.buildProtocol(None)))

    def test_counts(self) -> None:
        """
        When the connection is over the account says what went each way.
        """
        wrapped = Wrapped(protocol := Protocol())
        wrapped.wrapper.dataReceived(b"12345")
        wrapped.wrapper.dataReceived(b"67")
        transport: Any = protocol.transport
        transport.write(b"abc")
        transport.writeSequence(iter([b"de", b"f"]))
        wrapped.wrapper.connectionLost(DONE)
        self.assertEqual(wrapped.accounts, [(DONE, 7, 6)])
        self.assertEqual(wrapped.transport.value(), b"abcdef")

    def test_notBefore(self) -> None:
        """
        While the connection lasts nothing is told.
        """
        wrapped = Wrapped(Echo())
        wrapped.wrapper.dataReceived(b"x")
        wrapped.wrapper.readConnectionLost()
        self.assertEqual(wrapped.accounts, [])

    def test_open(self) -> None:
        """
        The connections that are open can be listed.
        """
        factory = accounted(StreamFactory(Echo), lambda *account: None)
        wrappers = [factory.buildProtocol(None) for _ in range(2)]
        for wrapper in wrappers:
            wrapper.makeConnection(StringTransport())
        wrappers[0].connectionLost(DONE)
        self.assertEqual(list(factory.protocols), wrappers[1:])

    def test_startAndStop(self) -> None:
        """
        The other factory is started and stopped with this one.
        """

        class Starting(StreamFactory):
            """
            Notes what it is told.
            """

            told: tuple[str, ...] = ()

            def startFactory(self) -> None:
                """
                Note it.
                """
                self.told += ("start",)

            def stopFactory(self) -> None:
                """
                Note it.
                """
                self.told += ("stop",)

        starting = Starting(Echo)
        factory = accounted(starting, lambda *account: None)
        factory.doStart()
        factory.doStop()
        self.assertEqual(starting.told, ("start", "stop"))

    def test_rareInterfaces(self) -> None:
        """
        What the protocol wants to be told the transport tells it.
        """
        wrapped = Wrapped(curious := Curious())
        IHalfCloseableProtocol(wrapped.wrapper).readConnectionLost()
        IHalfCloseableProtocol(wrapped.wrapper).writeConnectionLost()
        IFileDescriptorReceiver(wrapped.wrapper).fileDescriptorReceived(5)
        IHandshakeListener(wrapped.wrapper).handshakeCompleted()
        self.assertEqual(curious.told, ["read", "write", 5, "handshake"])

    def test_noRareInterfaces(self) -> None:
        """
        What it does not want to be told, the transport deals with by itself.
        """
        wrapper = Wrapped(Discard()).wrapper
        for interface in (IHalfCloseableProtocol, IFileDescriptorReceiver, IHandshakeListener):
            self.assertFalse(interface.providedBy(wrapper), interface)

    def test_transportInterfaces(self) -> None:
        """
        To the protocol it is a transport that can do what the real one can.
        """
        Wrapped(protocol := Protocol())
        self.assertTrue(IPushProducer.providedBy(protocol.transport))

    def test_disconnecting(self) -> None:
        """
        The protocol sees that its connection is being closed, also where that
        was not its own doing.
        """
        wrapped = Wrapped(protocol := Protocol())
        transport: Any = protocol.transport
        before = transport.disconnecting
        wrapped.transport.loseConnection()
        self.assertEqual((before, transport.disconnecting), (False, True))

    def test_loseConnection(self) -> None:
        """
        The protocol can close its connection.
        """
        wrapped = Wrapped(protocol := Protocol())
        transport: Any = protocol.transport
        transport.loseConnection()
        self.assertTrue(wrapped.transport.disconnecting)

    def test_logPrefix(self) -> None:
        """
        In the log the connection has the protocol's name.
        """
        self.assertEqual(Wrapped(Echo()).wrapper.logPrefix(), "Echo")

    def handOver(self, name: str) -> None:
        """
        A protocol hands its connection to another.

        @param name: the attribute of its transport that it sets.
        """
        wrapped = Wrapped(first := Protocol())
        setattr(first.transport, name, second := Curious())
        second.makeConnection(wrapped.wrapper)
        received: list[bytes] = []
        second.dataReceived = received.append  # type: ignore[method-assign, assignment]
        wrapped.wrapper.dataReceived(b"data")
        IHalfCloseableProtocol(wrapped.wrapper).readConnectionLost()
        wrapped.wrapper.connectionLost(DONE)
        self.assertEqual(
            (received, second.told, wrapped.accounts), ([b"data"], ["read"], [(DONE, 4, 0)])
        )

    def test_handOver(self) -> None:
        """
        A protocol that takes this for its transport may hand its connection to
        another protocol, and the account goes on.
        """
        self.handOver("protocol")

    def test_handOverWrapped(self) -> None:
        """
        So may one that knows Twisted's wrappers.
        """
        self.handOver("wrappedProtocol")

    def test_connectionLostFails(self) -> None:
        """
        A protocol that fails at the end has its account all the same, and its
        error goes where such errors go.
        """
        wrapped = Wrapped(Broken("connectionLost"))
        self.assertRaises(ZeroDivisionError, wrapped.wrapper.connectionLost, DONE)
        self.assertEqual(wrapped.accounts, [(DONE, 0, 0)])

    def test_connectionMadeFails(self) -> None:
        """
        A protocol that fails at the beginning loses its connection, and the
        account says that this was why.
        """
        wrapped = Wrapped(Broken("connectionMade"))
        aborted = wrapped.transport.disconnected or wrapped.transport.disconnecting
        wrapped.wrapper.connectionLost(Failure(ConnectionAborted()))
        self.assertTrue(aborted)
        self.assertEqual([account[0].type for account in wrapped.accounts], [ZeroDivisionError])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_noProtocol(self) -> None:
        """
        Where the factory makes no protocol the connection is over at once.
        """
        accounts: list[tuple[Failure, int, int]] = []
        factory = accounted(Declining(), lambda *account: accounts.append(account))
        self.assertIsNone(factory.buildProtocol(None))
        self.assertEqual([account[0].type for account in accounts], [NoProtocolError])

    def test_factoryFails(self) -> None:
        """
        A factory that fails costs that one connection.
        """
        accounts: list[tuple[Failure, int, int]] = []
        factory = accounted(
            Declining(ZeroDivisionError()), lambda *account: accounts.append(account)
        )
        self.assertIsNone(factory.buildProtocol(None))
        self.assertEqual([account[0].type for account in accounts], [ZeroDivisionError])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class Slow(Resource):
    """
    A page that is never finished.

    @ivar asked: fires when somebody wants it.
    """

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.asked: Deferred[None] = Deferred()

    def render_GET(self, request: Any) -> int:
        """
        Begin and do not end.
        """
        request.notifyFinish().addErrback(lambda reason: None)
        self.asked.callback(None)
        return NOT_DONE_YET


class Getting(Client):
    """
    A client that asks and keeps its half open.
    """

    def connectionMade(self) -> None:
        """
        Ask.
        """
        assert self.transport is not None
        self.transport.write(self.data)


def site(resource: Resource) -> Site:
    """
    A web site with one page.
    """
    made = Site(resource, reactor=reactor)
    made.noisy = False
    return made


class TCPTests(WithServer, TestCase):
    """
    Accounts of real connections.  Those of half-closed ones are with the
    services, in L{tests.test_internal_stream}.
    """

    timeout = 60

    async def test_web(self) -> None:
        """
        A web site is served, its large page whole, and accounted for.
        """
        page = bytes(range(256)) * 8000
        data = Data(page, "application/octet-stream")
        data.isLeaf = True
        port, ended = self.serve(site(data))
        request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        self.visit(port, client := Getting(request))
        await client.over
        reason, bytesIn, bytesOut = await ended
        head, _, body = client.received.partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 200 ") and body == page, head)
        self.assertEqual(
            (reason.type, bytesIn, bytesOut),
            (ConnectionDone, len(request), len(client.received)),
        )

    async def test_webHalfClose(self) -> None:
        """
        A web site, which does not ask about half-closed connections, loses them
        as it does without an account.
        """
        port, ended = self.serve(site(Slow()))
        self.visit(port, client := Client(b"GET / HTTP/1.0\r\n\r\n"))
        await client.over
        reason, *_ = await ended
        self.assertEqual(reason.type, ConnectionDone)

    async def test_clientGoesAway(self) -> None:
        """
        A client that breaks the connection is the reason that the account has.
        """
        port, ended = self.serve(site(slow := Slow()))
        self.visit(port, client := Getting(b"GET / HTTP/1.0\r\n\r\n"))
        await slow.asked
        transport: Any = client.transport
        transport.abortConnection()
        await client.over
        reason, *_ = await ended
        self.assertEqual(reason.type, ConnectionLost)

    async def test_beginningFails(self) -> None:
        """
        A client whose protocol fails at the beginning sees its connection end.
        """
        port, ended = self.serve(StreamFactory(lambda: Broken("connectionMade")))
        self.visit(port, client := Getting())
        await client.over
        reason, *_ = await ended
        self.assertEqual((reason.type, client.received), (ZeroDivisionError, b""))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    async def test_adopted(self) -> None:
        """
        A connection that was accepted elsewhere is closed, and accounted for,
        where the factory makes no protocol for it.
        """
        accounts: list[tuple[Failure, int, int]] = []
        factory = accounted(Declining(), lambda *account: accounts.append(account))
        with socket.create_server(("127.0.0.1", 0)) as listening:
            client = socket.create_connection(listening.getsockname())
            self.addCleanup(client.close)
            accepted, _ = listening.accept()
        reactor.adoptStreamConnection(accepted.fileno(), socket.AF_INET, factory)
        accepted.close()
        client.settimeout(30)
        self.assertEqual(client.recv(1), b"")
        self.assertEqual(len(accounts), 1)
