"""
Tests for L{txinetd.handlers.multiplexer}, L{txinetd.handlers.target} and
L{txinetd.handlers.targets}, with real connections and real programs.
"""

from __future__ import annotations

import os
import socket
from ipaddress import IPv4Address
from typing import Any

import attrs
from twisted.internet.defer import inlineCallbacks
from twisted.internet.protocol import Factory
from twisted.internet.threads import deferToThread
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.test_server import ServerTestCase, Upper, saying, spec
from txinetd.config import registered
from txinetd.config.values import Configuration
from txinetd.handlers.multiplexer import MultiplexerPort
from txinetd.handlers.target import hindrance
from txinetd.handlers.targets import LONGEST_NAME, Targets
from txinetd.policy import Access, AddressRule, Network, Reaction
from txinetd.server import InetdService
from txinetd.spec import (
    Builtin,
    Identity,
    InProcess,
    Limits,
    Multiplexed,
    Program,
    Server,
    ServiceSpec,
    SocketType,
)

MUX = spec(Builtin("tcpmux"), name="tcpmux")


def multiplexed(name: str, server: Server, ready: bool = True, **changes: Any) -> ServiceSpec:
    """
    A service without a socket.
    """
    return attrs.evolve(
        spec(server, name=f"tcpmux/{name}"),
        addresses=(),
        multiplexed=Multiplexed(name, ready),
        **changes,
    )


def shell(script: str) -> Program:
    """
    A program.
    """
    return Program(b"/bin/sh", (b"sh", b"-c", script.encode()))


class MultiplexerTests(ServerTestCase):
    """
    Clients say what they want.
    """

    def setUp(self) -> None:
        super().setUp()
        self.events: list[LogEvent] = []
        observer: Any = self.events.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def server(self, *specs: ServiceSpec, **more: Any) -> InetdService:
        """
        A server whose programs have ended when it is stopped.
        """
        made = super().server(*specs, **more)
        self.addCleanup(self.until, lambda: not made.children)
        return made

    def said(self, part: str) -> int:
        """
        How many lines of the log contain something.
        """
        return sum(part in (formatEvent(event) or "") for event in self.events)

    @inlineCallbacks
    def test_go(self) -> Any:
        """
        A client gets the service that it names, in any case, and is told so.
        """
        server = self.server(
            MUX, multiplexed("one", saying(b"1")), multiplexed("two", saying(b"2"))
        )
        said = yield self.ask(self.port(server), b"TWO\r\n")
        self.assertEqual(said, b"+Go\r\n2")
        records = yield self.records(2)
        self.assertEqual(
            sorted((record.service, record.verdict) for record in records),
            [("tcpmux", "served"), ("tcpmux/two", "served")],
        )

    @inlineCallbacks
    def test_silent(self) -> Any:
        """
        A service that answers for itself does.
        """
        server = self.server(MUX, multiplexed("one", saying(b"+yes\r\n"), ready=False))
        said = yield self.ask(self.port(server), b"one\r\n")
        self.assertEqual(said, b"+yes\r\n")

    @inlineCallbacks
    def test_everyByte(self) -> Any:
        """
        What a client sends at once after the name is the server's, to the last byte.
        """
        server = self.server(MUX, multiplexed("cat", Program(b"/bin/cat", (b"cat",))))
        data = os.urandom(50000)

        def talk() -> bytes:
            with socket.create_connection(("127.0.0.1", self.port(server)), 20) as client:
                client.sendall(b"cat\r\n" + data)
                client.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: client.recv(65536), b""))

        said = yield deferToThread(talk)
        self.assertEqual(said, b"+Go\r\n" + data)

    @inlineCallbacks
    def test_inProcess(self) -> Any:
        """
        It may be a Twisted protocol or an internal service, too.
        """
        factory = InProcess(Factory.forProtocol(Upper))
        server = self.server(
            MUX, multiplexed("upper", factory), multiplexed("daytime", Builtin("daytime"))
        )
        said = yield self.ask(self.port(server), b"upper\r\nhello")
        self.assertEqual(said, b"+Go\r\nHELLO")
        said = yield self.ask(self.port(server), b"daytime\r\n")
        self.assertRegex(said, rb"^\+Go\r\n.*\r\n$")
        records = yield self.records(4)
        self.assertEqual({record.verdict for record in records}, {"served"})

    @inlineCallbacks
    def test_help(self) -> Any:
        """
        The list of services is to be had for the asking.
        """
        server = self.server(MUX, multiplexed("One", saying(b"")), multiplexed("two", saying(b"")))
        said = yield self.ask(self.port(server), b"Help\r\n")
        self.assertEqual(said, b"One\r\ntwo\r\n")

    @inlineCallbacks
    def test_unknown(self) -> Any:
        """
        What there is not is not available, and neither is anything by a name that no
        service can have.
        """
        server = self.server(MUX, multiplexed("one", saying(b"1")))
        for name in (b"three", b"", b"tcpmux", b"one\0", b"\xff\xfe", b"../one", b"n" * 64):
            said = yield self.ask(self.port(server), name + b"\r\n")
            self.assertEqual(said, b"-Service not available\r\n")
        records = yield self.records(7)
        self.assertEqual({record.verdict for record in records}, {"refused"})
        self.assertEqual(records[0].reason, "no service 'three'")

    @inlineCallbacks
    def test_tooLong(self) -> Any:
        """
        A name without an end is not read to it.
        """
        server = self.server(MUX)
        said = yield self.ask(self.port(server), b"n" * 5000)
        self.assertEqual(said, b"-Error reading service name\r\n")
        (record,) = yield self.records(1)
        self.assertEqual((record.verdict, record.reason), ("failed", "no service name: too long"))

    @inlineCallbacks
    def test_slow(self) -> Any:
        """
        Who says nothing is let go.
        """
        self.patch(MultiplexerPort, "patience", 0.05)
        server = self.server(MUX)
        said = yield self.ask(self.port(server), b"nam")
        self.assertEqual(said, b"-Error reading service name\r\n")
        (record,) = yield self.records(1)
        self.assertEqual(record.reason, "no service name: time-out")

    @inlineCallbacks
    def test_many(self) -> Any:
        """
        There are only so many who have said nothing: the oldest makes room, and who
        says what it wants is served.
        """
        self.patch(MultiplexerPort, "most", 3)
        server = self.server(MUX, multiplexed("one", saying(b"1")))
        port = self.port(server)
        clients = []
        for _ in range(5):
            clients.append(socket.create_connection(("127.0.0.1", port)))
            self.addCleanup(clients[-1].close)
        records = yield self.records(2)
        self.assertEqual(
            {record.reason for record in records}, {"no service name: too many others"}
        )
        said = yield self.ask(port, b"one\r\n")
        self.assertEqual(said, b"+Go\r\n1")
        for client in clients:
            client.close()
        # The third has made room for the one who was served.
        yield self.records(7)

    @inlineCallbacks
    def test_itsOwnLimits(self) -> Any:
        """
        It is the service's own limit that counts, and who is refused by it learns no
        more than one who has asked for what there is not.
        """
        server = self.server(
            MUX,
            multiplexed("one", saying(b"1"), limits=Limits(startsPerMinute=1)),
            multiplexed("two", saying(b"2")),
        )
        port = self.port(server)
        answers = []
        for name in (b"one", b"one", b"two"):
            answers.append((yield self.ask(port, name + b"\r\n")))
        self.assertEqual(answers, [b"+Go\r\n1", b"-Service not available\r\n", b"+Go\r\n2"])
        records = yield self.records(6)
        refused = [record.service for record in records if record.verdict == "refused"]
        self.assertEqual(refused, ["tcpmux/one"])

    @inlineCallbacks
    def test_itsOwnRules(self) -> Any:
        """
        So it is with its own rules: who may ask for one service may not have another.
        """
        loopback = Network(4, int(IPv4Address("127.0.0.0")), int(IPv4Address("127.255.255.255")))
        rule = AddressRule(False, (loopback,), "127.0.0.0/8")
        server = self.server(
            MUX,
            multiplexed("one", saying(b"1"), access=Access(rules=(rule,))),
            multiplexed("two", saying(b"2")),
        )
        port = self.port(server)
        self.assertEqual((yield self.ask(port, b"one\r\n")), b"-Service not available\r\n")
        self.assertEqual((yield self.ask(port, b"two\r\n")), b"+Go\r\n2")
        records = yield self.records(4)
        self.assertEqual(
            sorted(record.service for record in records if record.verdict == "refused"),
            ["tcpmux/one"],
        )

    @inlineCallbacks
    def test_altered(self) -> Any:
        """
        A reload that changes a service changes who waits at its door to nobody's harm:
        a queue that it had goes on.
        """
        loaded: list[tuple[ServiceSpec, ...]] = []
        waiting = Limits(instances=1, reaction=Reaction.QUEUE, queueSeconds=20.0)
        cat = Program(b"/bin/cat", (b"cat",))
        one = multiplexed("one", cat, limits=waiting)
        server = self.server(MUX, one, loader=lambda: Configuration(loaded[-1], ()))
        port = self.port(server)
        with socket.create_connection(("127.0.0.1", port)) as first:
            first.sendall(b"one\r\n")
            yield self.until(lambda: server.children)
            asked = self.ask(port, b"one\r\n")
            yield self.until(lambda: server.counters.forService(one.name, "stream").queued)
            loaded.append((MUX, attrs.evolve(one, server=saying(b"new"))))
            yield server.reload()
            first.shutdown(socket.SHUT_WR)
            said = yield asked
        self.assertEqual(said, b"+Go\r\nnew")

    @inlineCallbacks
    def test_multiplexersLimits(self) -> Any:
        """
        And before it that of tcpmux.
        """
        server = self.server(
            attrs.evolve(MUX, limits=Limits(startsPerMinute=1)), multiplexed("one", saying(b"1"))
        )
        port = self.port(server)
        self.assertEqual((yield self.ask(port, b"one\r\n")), b"+Go\r\n1")
        self.assertEqual((yield self.ask(port, b"one\r\n")), b"")

    @inlineCallbacks
    def test_itsOwnUser(self) -> Any:
        """
        The server runs as the service's user, not as tcpmux's.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root can become another user")
        other = Identity("nobody", 65534, 65534)
        server = self.server(MUX, multiplexed("who", shell("id -u; id -g; id -G"), identity=other))
        said = yield self.ask(self.port(server), b"who\r\n")
        self.assertEqual(said, b"+Go\r\n65534\n65534\n65534\n")
        records = yield self.records(2)
        (record,) = [record for record in records if record.service == "tcpmux/who"]
        self.assertEqual(record.user, "nobody")
        yield server.stopService()
        yield self.until(lambda: not server.spawner.pids)

    @inlineCallbacks
    def test_cannotStart(self) -> Any:
        """
        If its program cannot be started the client sees the end.
        """
        server = self.server(
            MUX, multiplexed("one", Program(b"/no/such/program", (b"x",)), ready=False)
        )
        said = yield self.ask(self.port(server), b"one\r\n")
        self.assertEqual(said, b"")
        records = yield self.records(2)
        self.assertEqual(
            sorted(record.verdict for record in records if record.service != "tcpmux"), ["failed"]
        )

    @inlineCallbacks
    def test_reload(self) -> Any:
        """
        The services follow a reload, and one that is gone is not available.
        """
        loaded: list[tuple[ServiceSpec, ...]] = []
        one, two = multiplexed("one", saying(b"1")), multiplexed("two", saying(b"2"))
        server = self.server(MUX, one, loader=lambda: Configuration(loaded[-1], ()))
        port = self.port(server)
        loaded.append((MUX, two, attrs.evolve(one, server=saying(b"new"))))
        yield server.reload()
        self.assertEqual((yield self.ask(port, b"one\r\n")), b"+Go\r\nnew")
        self.assertEqual((yield self.ask(port, b"two\r\n")), b"+Go\r\n2")
        loaded.append((MUX, two))
        yield server.reload()
        self.assertEqual((yield self.ask(port, b"one\r\n")), b"-Service not available\r\n")
        self.assertEqual((yield self.ask(port, b"two\r\n")), b"+Go\r\n2")

    @inlineCallbacks
    def test_stop(self) -> Any:
        """
        Who has not said what it wants when tcpmux is stopped is told the end.
        """
        server = self.server(MUX)
        asked = self.ask(self.port(server), b"nam")
        port: Any = server.runningServices[0].endpoints[0]._port
        yield self.until(lambda: port._waiting)
        yield server.stopService()
        said = yield asked
        self.assertEqual(said, b"-Error reading service name\r\n")

    def test_none(self) -> None:
        """
        Where there is no tcpmux, its services are said to be out of reach.
        """
        self.server(multiplexed("one", saying(b"1")))
        self.assertEqual(self.said("tcpmux/one: cannot be reached"), 1)
        self.server(MUX, multiplexed("two", saying(b"1")))
        self.assertEqual(self.said("tcpmux/two: cannot be reached"), 0)

    def test_hindrance(self) -> None:
        """
        What cannot be served a connection at a time is not, and that is said.
        """
        wrong = [
            multiplexed("one", saying(b"1"), wait=True),
            multiplexed("one", saying(b"1"), socketType=SocketType.DGRAM),
            multiplexed("one", Builtin("tcpmux")),
        ]
        for each in wrong:
            self.assertIsNotNone(hindrance(each))
        self.server(MUX, *wrong)
        self.assertEqual(self.said("by way of tcpmux"), 3)


class FakeTarget:
    """
    Takes nothing.
    """

    def take(self, connection: socket.socket, facts: object) -> None:
        """
        Do nothing with it.
        """


class TargetsTests(SynchronousTestCase):
    """
    Tests for L{Targets}.
    """

    def test_longestName(self) -> None:
        """
        No file can name a service that no client can ask for.
        """
        self.assertEqual(registered.LONGEST_NAME, LONGEST_NAME)

    def test_same(self) -> None:
        """
        Of two with one name the first counts, until it goes.
        """
        targets, first, second = Targets(), FakeTarget(), FakeTarget()
        targets.add("Name", first)
        targets.add("name", second)
        self.assertIs(targets.find("NAME"), first)
        self.assertEqual(targets.names, ["Name"])
        targets.remove("Name", first)
        self.assertIs(targets.find("name"), second)
        targets.remove("name", second)
        self.assertIsNone(targets.find("name"))
        self.assertEqual(targets.names, [])

    def test_impossible(self) -> None:
        """
        A name that nobody can ask for is not there.
        """
        targets = Targets()
        targets.add("Help", FakeTarget())
        targets.add("n" * 65, FakeTarget())
        targets.add("n" * 64, FakeTarget())
        self.assertEqual(targets.names, ["n" * 64])
