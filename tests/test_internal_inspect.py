"""
Tests for L{txinetd.internal.inspect}.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from txinetd.interfaces import IServerView
from txinetd.internal.inspect import inspectorFactory, isNear
from txinetd.overview import Place, RunningServer, ServiceView

NEAR = IPv4Address("TCP", "127.0.0.1", 40000)
FAR = IPv4Address("TCP", "192.0.2.1", 40000)


@implementer(IServerView)
class MemoryView:
    """
    A server with three services.

    @ivar looked: how often it was looked at.
    """

    def __init__(self) -> None:
        self.looked = 0

    def services(self) -> Iterable[ServiceView]:
        """
        The services.
        """
        self.looked += 1
        return (
            ServiceView(
                "ftp",
                "tcp",
                "root",
                (Place("0.0.0.0", 21, "listening"), Place("::", 21, "retrying")),
            ),
            ServiceView("/run/x", "unix", "news", (Place("/run/x", None, "running"),)),
            ServiceView("tcpmux/who", "tcp", "nobody", ()),
        )

    def servers(self) -> Iterable[RunningServer]:
        """
        The servers.
        """
        self.looked += 1
        return (
            RunningServer("ftp", 100, "root", "192.0.2.1:4000", "192.0.2.2:21", 0.0),
            RunningServer("ftp", 101, "root", "192.0.2.1:4001", "192.0.2.2:21", 0.0),
            RunningServer("/run/x", 102, "news", "-", "/run/x", 0.0),
        )


class InspectorTests(SynchronousTestCase):
    """
    Tests for L{inspectorFactory}.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.view = MemoryView()

    def client(self, name: str, peer: IAddress = NEAR, *arguments: bytes) -> Any:
        """
        A client of one of the services.
        """
        factory = inspectorFactory(name, self.clock, arguments, self.view)
        protocol: Any = factory.buildProtocol(peer)
        self.transport = StringTransport(peerAddress=peer)
        protocol.makeConnection(self.transport)
        return protocol

    def say(self, protocol: Any, line: bytes) -> str:
        """
        What is answered to a line.
        """
        self.transport.clear()
        protocol.dataReceived(line)
        said: bytes = self.transport.value()
        return said.decode()

    def test_view(self) -> None:
        """
        These tests' server can be looked at like any other.
        """
        verifyObject(IServerView, self.view)

    def test_services(self) -> None:
        """
        C{services} lists each service with its protocol and port, and once.
        """
        self.client("services")
        self.assertEqual(self.transport.value(), b"ftp tcp 21\n/run/x unix /run/x\n")
        self.assertTrue(self.transport.disconnecting)

    def test_servers(self) -> None:
        """
        C{servers} lists each server with its client.
        """
        self.client("servers")
        text = self.transport.value().decode()
        self.assertEqual(text.count(" server\n"), 3)
        self.assertIn("ftp server\n\tpid = 101\n", text)
        self.assertIn("\tremote_address = 192.0.2.1:4001\n", text)
        self.assertTrue(self.transport.disconnecting)

    def test_run(self) -> None:
        """
        C{show run} counts the servers of each service.
        """
        protocol = self.client("xadmin")
        self.assertEqual(self.transport.value(), b"> ")
        lines = self.say(protocol, b"show run\r\n").splitlines()
        self.assertEqual(lines[1].split(), ["ftp", "2", "100", "101"])
        self.assertEqual(lines[2].split(), ["/run/x", "1", "102"])
        self.assertEqual(lines[-1], "> ")

    def test_available(self) -> None:
        """
        C{show avail} tells where each service is served, and whether it is.
        """
        lines = self.say(self.client("xadmin"), b"show avail\n").splitlines()
        self.assertEqual(
            [line.split() for line in lines[1:3]],
            [
                ["ftp", "tcp", "21", "listening", "root", "0.0.0.0"],
                ["ftp", "tcp", "21", "retrying", "root", "::"],
            ],
        )
        self.assertIn("by way of tcpmux", lines[4])

    def test_end(self) -> None:
        """
        C{bye} and C{exit} end it, and nothing is answered after that.
        """
        for word in (b"bye", b"exit"):
            protocol = self.client("xadmin")
            self.assertEqual(self.say(protocol, word + b"\nshow run\n"), "")
            self.assertTrue(self.transport.disconnecting)
            self.assertIsNone(self.transport.producer)
            self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_other(self) -> None:
        """
        There is help, and other words are not commands.
        """
        protocol = self.client("xadmin")
        self.assertIn("show avail", self.say(protocol, b"help\n"))
        self.assertEqual(self.say(protocol, b"reconfig\n"), "unknown command; try help\n> ")
        self.assertEqual(self.say(protocol, b"\xff\n"), "unknown command; try help\n> ")
        self.assertEqual(self.say(protocol, b"\n"), "> ")

    def test_long(self) -> None:
        """
        A line without an end ends the connection.
        """
        self.say(self.client("xadmin"), b"x" * 300)
        self.assertTrue(self.transport.disconnecting)

    def test_idle(self) -> None:
        """
        So does saying nothing for long.
        """
        protocol = self.client("xadmin")
        self.clock.advance(299)
        self.say(protocol, b"help\n")
        self.clock.advance(299)
        self.assertFalse(self.transport.disconnecting)
        self.clock.advance(1)
        self.assertTrue(self.transport.disconnecting)

    def test_unread(self) -> None:
        """
        A client that does not read what it is told is told no more.
        """
        protocol = self.client("xadmin")
        protocol.dataReceived(b"show run\n")
        protocol.pauseProducing()
        protocol.dataReceived(b"show run\n" * 5000)
        self.assertEqual(self.view.looked, 1)
        protocol.resumeProducing()
        self.assertEqual(self.view.looked, 5001)

    def test_serversClose(self) -> None:
        """
        A server that closes the connection does not wait for its client.
        """
        protocol = self.client("xadmin")
        self.transport.disconnecting = True
        protocol.resumeProducing()
        self.assertIsNone(self.transport.producer)

    def test_far(self) -> None:
        """
        Other machines are told nothing unless that is asked for; what is no option asks
        for nothing.
        """
        for name in ("services", "servers", "xadmin"):
            for arguments in ((), (b"-x",), (b"-r", b"-r")):
                self.client(name, FAR, *arguments)
                self.assertEqual(self.transport.value(), b"")
                self.assertTrue(self.transport.disconnecting)
            self.client(name, FAR, b"-r").connectionLost()
            self.assertNotEqual(self.transport.value(), b"")

    def test_near(self) -> None:
        """
        Loopback and unix sockets are on this machine.
        """
        for host, near in (
            ("127.0.0.1", True),
            ("127.8.8.8", True),
            ("10.0.0.1", False),
        ):
            self.assertEqual(isNear(IPv4Address("TCP", host, 1)), near)
        for host, near in (
            ("::1", True),
            ("::ffff:127.0.0.1", True),
            ("::ffff:192.0.2.1", False),
            ("fe80::1%lo", False),
            ("::", False),
        ):
            self.assertEqual(isNear(IPv6Address("TCP", host, 1)), near)
        self.assertTrue(isNear(UNIXAddress(b"")))
