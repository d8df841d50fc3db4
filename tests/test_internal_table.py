# -*- test-case-name: tests.test_internal_table -*-
"""
Tests for L{txinetd.internal.table}.
"""

from __future__ import annotations

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IProtocol, IProtocolFactory
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from txinetd.config import values
from txinetd.internal import ALIASES, BUILTINS, LoopGuard
from txinetd.internal.wire import CHARGEN_CYCLE

PEER = IPv4Address("TCP", "192.0.2.1", 40000)


def ignore(addr: object, reason: str) -> None:
    """
    What is refused does not matter here.
    """


#: The services that are served over connections only.
STREAM_ONLY = {"auth", "services", "servers", "xadmin"}

#: The one that gives connections away, and so is no protocol of this table.
MULTIPLEXER = {"tcpmux"}


class TableTests(SynchronousTestCase):
    """
    Tests for L{BUILTINS} and L{ALIASES}.
    """

    def test_names(self) -> None:
        """
        The five services of the classic inetd are there, FreeBSD's C{auth}, and those of
        xinetd that tell about the server.
        """
        self.assertEqual(
            set(BUILTINS),
            {"echo", "discard", "chargen", "daytime", "time", *STREAM_ONLY},
        )

    def test_configured(self) -> None:
        """
        Lines may ask for these and no others, and for these alone over datagrams.
        """
        self.assertEqual(values.BUILTINS, set(BUILTINS) | MULTIPLEXER)
        datagrams = {name for name, service in BUILTINS.items() if service.hasDatagrams}
        self.assertEqual(values.BUILTINS - values.STREAM_ONLY, datagrams)

    def test_ownNames(self) -> None:
        """
        Each is listed under its name.
        """
        self.assertEqual([service.name for service in BUILTINS.values()], list(BUILTINS))

    def test_aliases(self) -> None:
        """
        The other names that services(5) has for them mean the same.
        """
        words = ("sink", "null", "ttytst", "source", "timserver", "ident")
        self.assertEqual(
            [ALIASES[word] for word in words],
            ["discard", "discard", "chargen", "chargen", "time", "auth"],
        )

    def test_namesAmongAliases(self) -> None:
        """
        One look-up serves for names as well.
        """
        self.assertEqual({ALIASES[name] for name in BUILTINS}, set(BUILTINS))

    def test_streamInterfaces(self) -> None:
        """
        Each can be served over connections.
        """
        for service in BUILTINS.values():
            factory = service.streamFactory(lambda: 0.0)
            self.assertTrue(verifyObject(IProtocolFactory, factory))
            self.assertTrue(verifyObject(IProtocol, factory.buildProtocol(PEER)))

    def test_datagramProtocols(self) -> None:
        """
        Each of the classic ones can be served over datagrams.
        """
        for service in BUILTINS.values():
            if service.name in STREAM_ONLY:
                self.assertFalse(service.hasDatagrams)
                self.assertRaises(
                    ValueError, service.datagramProtocol, lambda: 0.0, LoopGuard(), ignore
                )
                continue
            self.assertTrue(service.hasDatagrams)
            protocol = service.datagramProtocol(lambda: 0.0, LoopGuard(), ignore)
            self.assertIsInstance(protocol, DatagramProtocol)

    def test_streamAnswers(self) -> None:
        """
        Each name says what its service says.
        """
        said = {}
        for name, service in BUILTINS.items():
            protocol = service.streamFactory(lambda: 0.0, Clock()).buildProtocol(PEER)
            transport = StringTransport()
            protocol.makeConnection(transport)
            if transport.producer is not None:
                # This transport asks for nothing by itself.
                transport.producer.resumeProducing()
            if not transport.disconnecting:
                protocol.dataReceived(b"x" if name != "auth" else b"1,2\n")
            said[name] = transport.value()
        # The epoch is Thursday or Wednesday, by the zone of this machine.
        self.assertRegex(said.pop("daytime"), rb"\A(Thu Jan  1|Wed Dec 31) .{13}\r\n\Z")
        self.assertEqual(
            said,
            {
                "echo": b"x",
                "discard": b"",
                "chargen": CHARGEN_CYCLE,
                "time": b"\x83\xaa\x7e\x80",
                "auth": b"1 , 2 : ERROR : HIDDEN-USER\r\n",
                # The client is on another machine.
                "services": b"",
                "servers": b"",
                "xadmin": b"",
            },
        )

    def test_clockAsked(self) -> None:
        """
        The clock is looked at for each client, not when the service starts.
        """
        times = iter([0.0, 1.0])
        factory = BUILTINS["time"].streamFactory(lambda: next(times))
        said = []
        for _ in range(2):
            transport = StringTransport()
            factory.buildProtocol(PEER).makeConnection(transport)
            said.append(transport.value())
        self.assertEqual(said, [b"\x83\xaa\x7e\x80", b"\x83\xaa\x7e\x81"])
