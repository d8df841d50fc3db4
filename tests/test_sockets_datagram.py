"""
Tests for L{txinetd.sockets.datagram}.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import error
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.interfaces import IUDPTransport
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from txinetd.process.facts import ConnectionFacts
from txinetd.sockets.datagram import DatagramPort, _arrival

reactor: Any = _reactor


class Echo(DatagramProtocol):
    """
    Sends back what comes.
    """

    noisy = False
    broken = False

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """
        Send it back, or fail.
        """
        if self.broken:
            raise ValueError("broken")
        assert self.transport is not None
        self.transport.write(datagram, addr)


class PortTests(TestCase):
    """
    Tests for L{DatagramPort}.
    """

    def setUp(self) -> None:
        self.facts: list[ConnectionFacts] = []
        self.many: list[bool] = []
        self.outcomes: list[Exception | None] = []
        self.verdict = True
        self.later: Deferred[Any] | None = None
        self.waiting: Deferred[None] | None = None

    def start(self, family: socket.AddressFamily, *name: Any) -> tuple[Echo, socket.socket]:
        """
        Start a port, and make a client for it.
        """
        server = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(server.close)
        try:
            server.bind(name if family != socket.AF_UNIX else name[0])
        except OSError as reason:
            raise SkipTest(f"cannot bind {name}: {reason}") from None
        server.setblocking(False)
        self.server = server
        protocol = Echo()
        self.port = DatagramPort(reactor, server, protocol, self.admit, self.served)
        self.port.start()
        self.addCleanup(self.port.stop)
        client = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(client.close)
        client.setblocking(False)
        return protocol, client

    def admit(self, facts: ConnectionFacts, toMany: bool) -> Any:
        """
        Judge as the test wants.
        """
        self.facts.append(facts)
        self.many.append(toMany)
        if not self.verdict:
            self.wake()
            return None
        if self.later is not None:
            return self.later
        return facts

    def served(self, admitted: Any, raised: Exception | None) -> None:
        """
        Note it.
        """
        self.assertIs(admitted, self.facts[-1])
        self.outcomes.append(raised)
        self.wake()

    def wake(self) -> None:
        """
        Tell the test.
        """
        waiting, self.waiting = self.waiting, None
        if waiting is not None:
            waiting.callback(None)

    def next(self) -> Deferred[None]:
        """
        Fires when a datagram has been dealt with.
        """
        self.waiting = Deferred()
        return self.waiting

    @inlineCallbacks
    def test_interface(self) -> Any:
        """
        To its protocol it is a transport for datagrams.
        """
        protocol, _ = self.start(socket.AF_INET, "127.0.0.1", 0)
        verifyObject(IUDPTransport, protocol.transport)
        yield None

    @inlineCallbacks
    def test_longest(self) -> Any:
        """
        The longest datagram that there can be comes through whole, both ways.
        """
        _, client = self.start(socket.AF_INET, "127.0.0.1", 0)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        client.connect(("127.0.0.1", self.port.getHost().port))  # type: ignore[union-attr]
        done = self.next()
        client.send(b"x" * 65507)
        yield done
        self.assertEqual(client.recv(70000), b"x" * 65507)

    @inlineCallbacks
    def test_sameAddress(self) -> Any:
        """
        An answer leaves from the address that the request was sent to, whatever
        others the machine has.
        """
        _, client = self.start(socket.AF_INET, "0.0.0.0", 0)
        client.bind(("127.0.0.1", 0))
        done = self.next()
        port = self.port.getHost().port  # type: ignore[union-attr]
        client.sendto(b"x", ("127.0.0.2", port))
        yield done
        self.assertEqual(client.recvfrom(10), (b"x", ("127.0.0.2", port)))
        self.assertEqual(self.facts[0].local.text, f"127.0.0.2:{port}")

    @inlineCallbacks
    def test_ipv6(self) -> Any:
        """
        So it is for IPv6.
        """
        _, client = self.start(socket.AF_INET6, "::", 0)
        done = self.next()
        port = self.port.getHost().port  # type: ignore[union-attr]
        client.sendto(b"x", ("::1", port))
        yield done
        self.assertEqual(client.recvfrom(10)[1][:2], ("::1", port))
        self.assertEqual(self.facts[0].local.text, f"[::1]:{port}")

    @inlineCallbacks
    def test_mapped(self) -> Any:
        """
        On a socket for both families, IPv4 peers are shown as such and answered.
        """
        server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.addCleanup(server.close)
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        try:
            server.bind(("::", 0))
        except OSError:
            raise SkipTest("no IPv6") from None
        server.setblocking(False)
        self.port = DatagramPort(reactor, server, Echo(), self.admit, self.served)
        self.port.start()
        self.addCleanup(self.port.stop)
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(client.close)
        client.setblocking(False)
        done = self.next()
        client.sendto(b"x", ("127.0.0.1", server.getsockname()[1]))
        yield done
        self.assertEqual(client.recv(10), b"x")
        self.assertTrue(self.facts[0].peerText.startswith("127.0.0.1:"))

    @inlineCallbacks
    def test_later(self) -> Any:
        """
        A datagram that is admitted only after a while is served then, and answered.
        """
        _, client = self.start(socket.AF_INET, "127.0.0.1", 0)
        self.later = Deferred()
        client.sendto(b"x", self.server.getsockname())
        while not self.facts:
            yield deferLater(reactor, 0.001)
        self.assertEqual(self.outcomes, [])
        self.later.callback(self.facts[0])
        self.assertEqual((self.outcomes, client.recv(10)), ([None], b"x"))

    @inlineCallbacks
    def test_tooLate(self) -> Any:
        """
        One that is admitted when the service has stopped is not served, and that is
        told.
        """
        _, client = self.start(socket.AF_INET, "127.0.0.1", 0)
        self.later = Deferred()
        client.sendto(b"x", self.server.getsockname())
        while not self.facts:
            yield deferLater(reactor, 0.001)
        self.port.stop()
        self.later.callback(self.facts[0])
        self.assertIsInstance(self.outcomes[0], ConnectionAbortedError)
        self.assertRaises(BlockingIOError, client.recv, 10)

    @inlineCallbacks
    def test_refused(self) -> Any:
        """
        A datagram that is not admitted does not reach the protocol.
        """
        _, client = self.start(socket.AF_INET, "127.0.0.1", 0)
        self.verdict = False
        done = self.next()
        client.sendto(b"x", self.server.getsockname())
        yield done
        self.assertEqual(self.outcomes, [])
        self.assertRaises(BlockingIOError, client.recv, 10)

    @inlineCallbacks
    def test_broken(self) -> Any:
        """
        A protocol that raises costs that datagram only.
        """
        protocol, client = self.start(socket.AF_INET, "127.0.0.1", 0)
        client.connect(("127.0.0.1", self.port.getHost().port))  # type: ignore[union-attr]
        protocol.broken = True
        done = self.next()
        client.send(b"x")
        yield done
        self.assertIsInstance(self.outcomes[0], ValueError)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        protocol.broken = False
        done = self.next()
        client.send(b"y")
        yield done
        self.assertEqual(client.recv(10), b"y")

    @inlineCallbacks
    def test_tooLong(self) -> Any:
        """
        To send what is too long is an error by name.
        """
        protocol, _ = self.start(socket.AF_INET, "127.0.0.1", 0)
        assert protocol.transport is not None
        self.assertRaises(
            error.MessageLengthError, protocol.transport.write, b"x" * 70000, ("127.0.0.1", 9)
        )
        yield None


class ArrivalTests(SynchronousTestCase):
    """
    Tests for what comes with a datagram.
    """

    def test_one(self) -> None:
        """
        A datagram whose address is this machine's was sent to one.
        """
        data = bytes(4) + bytes([192, 0, 2, 1]) * 2
        self.assertEqual(_arrival([(socket.IPPROTO_IP, 8, data)])[:2], ("192.0.2.1", False))

    def test_many(self) -> None:
        """
        One whose address is another, as with broadcast and multicast, was sent to
        many.
        """
        data = bytes(4) + bytes([192, 0, 2, 1]) + bytes([192, 0, 2, 255])
        self.assertEqual(_arrival([(socket.IPPROTO_IP, 8, data)])[:2], ("192.0.2.255", True))

    def test_multicast(self) -> None:
        """
        So it is for IPv6's groups, and answers to those leave from the machine's
        own address.
        """
        data = bytes([0xFF, 0x02]) + bytes(13) + b"\1" + bytes(4)
        found = _arrival([(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, data)])
        self.assertEqual(found, ("ff02::1", True, []))

    def test_nothing(self) -> None:
        """
        Without that, nothing is known.
        """
        self.assertEqual(_arrival([]), (None, False, []))
