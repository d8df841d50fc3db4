"""
Tests for L{txinetd.server}, L{txinetd.service} and L{txinetd.endpoint} as a library:
real sockets and real programs in this process.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import struct
import threading
from pathlib import Path
from typing import Any

import attrs
from twisted.application.service import IService, MultiService
from twisted.internet import protocol
from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SkipTest, TestCase
from zope.interface.verify import verifyObject

from tests.process_support import SELF, reactor
from txinetd.config.values import Configuration
from txinetd.endpoint import State
from txinetd.errors import Diagnostic, Severity
from txinetd.record import ConnectionRecord
from txinetd.recording import LogFileDestination, RecordFormat, Recording
from txinetd.server import InetdService
from txinetd.sockets.busypoll import BusyPoll
from txinetd.sockets.directwait import DirectWait
from txinetd.sockets.reactorpoll import epollOf
from txinetd.spec import (
    Builtin,
    Identity,
    InetAddress,
    InProcess,
    Limits,
    Origin,
    Program,
    Server,
    ServiceSpec,
    SocketOptions,
    SocketType,
)


class Recorder:
    """
    Keeps records.
    """

    def __init__(self) -> None:
        self.records: list[ConnectionRecord] = []

    def record(self, record: ConnectionRecord) -> None:
        """
        Keep it.
        """
        self.records.append(record)


def spec(server: Server, port: int = 0, name: str = "test", **changes: Any) -> ServiceSpec:
    """
    A service on loopback.
    """
    made = ServiceSpec(
        name=name,
        socketType=SocketType.STREAM,
        protocol="tcp",
        addresses=(InetAddress("127.0.0.1", port),),
        wait=False,
        server=server,
        identity=SELF,
        origin=Origin("conf", 1, 1, name),
    )
    return attrs.evolve(made, **changes)


def saying(word: bytes) -> Program:
    """
    A program that says a word.
    """
    return Program(b"/bin/echo", (b"echo", b"-n", word))


class Upper(protocol.Protocol):
    """
    Answers in capitals, once.
    """

    def dataReceived(self, data: bytes) -> None:
        """
        Answer.
        """
        assert self.transport is not None
        self.transport.write(data.upper())
        self.transport.loseConnection()


class ServerTestCase(TestCase):
    """
    Makes servers.
    """

    def setUp(self) -> None:
        self.recorder = Recorder()

    def server(self, *specs: ServiceSpec, **more: Any) -> InetdService:
        """
        A server, started, and stopped again when the test is over.
        """
        made = InetdService(reactor, specs, recorder=self.recorder, **more)
        made.startService()

        def stop() -> Any:
            return made.stopService() if made.running else None

        self.addCleanup(stop)
        return made

    def port(self, server: InetdService, index: int = 0) -> int:
        """
        The port that the kernel chose for a service.
        """
        name: Any = server.runningServices[index].endpoints[0].bound
        return int(name[1])

    def ask(self, port: int, request: bytes = b"") -> Deferred[bytes]:
        """
        Ask, in a thread: nothing here may depend on the reactor's clients.
        """

        def talk() -> bytes:
            with socket.create_connection(("127.0.0.1", port), 20) as connection:
                if request:
                    connection.sendall(request)
                pieces = []
                while piece := connection.recv(65536):
                    pieces.append(piece)
                return b"".join(pieces)

        return deferToThread(talk)

    @inlineCallbacks
    def until(self, condition: Any) -> Any:
        """
        Let the reactor run until something is so.
        """
        while not condition():
            yield deferLater(reactor, 0.001)

    @inlineCallbacks
    def records(self, count: int) -> Any:
        """
        Wait for so many records.
        """
        yield self.until(lambda: len(self.recorder.records) >= count)
        return self.recorder.records


class ServiceTests(ServerTestCase):
    """
    It is a service.
    """

    def test_interface(self) -> None:
        """
        It is one like any other.
        """
        verifyObject(IService, InetdService(reactor, recorder=self.recorder))

    @inlineCallbacks
    def test_parent(self) -> Any:
        """
        Under another service it starts and stops with that.
        """
        parent = MultiService()
        child = InetdService(reactor, [spec(saying(b"hello"))], recorder=self.recorder)
        child.setServiceParent(parent)
        parent.privilegedStartService()
        parent.startService()
        said = yield self.ask(self.port(child))
        self.assertEqual(said, b"hello")
        yield self.records(1)
        yield parent.stopService()
        self.assertIsNone(child.runningServices[0].endpoints[0].bound)

    @inlineCallbacks
    def test_awake(self) -> Any:
        """
        After each connection alone to a service inside of this process it is asked whether
        to wait for the next awake; not where a program needs the processor.
        """
        asked: list[BusyPoll] = []

        def awaits(busyPoll: BusyPoll, *given: object) -> int:
            asked.append(busyPoll)
            return 0

        self.patch(BusyPoll, "awaits", awaits)
        inside = [spec(Builtin(name), name=name) for name in ("daytime", "time")]
        server = self.server(spec(saying(b"hello")), *inside)
        found = []
        for index in range(3):
            yield self.ask(self.port(server, index))
            found.append(len(asked))
        self.assertEqual(found, [0, 1, 2])
        self.assertEqual(len(set(asked)), 1)
        yield self.records(3)

    @inlineCallbacks
    def test_direct(self) -> Any:
        """
        For a program it is asked whether to wait for the next at that service's own socket.
        """
        asked: list[int] = []

        def awaits(wait: DirectWait, *given: object) -> int:
            with socket.socket(fileno=os.dup(wait._descriptor)) as sock:
                asked.append(sock.getsockname()[1])
            return 0

        self.patch(DirectWait, "awaits", awaits)
        server = self.server(*(spec(saying(b"hello"), name=name) for name in ("one", "two")))
        ports = [self.port(server, index) for index in (1, 0)]
        for port in ports:
            yield self.ask(port)
        self.assertEqual(asked, ports)
        yield self.records(2)

    @inlineCallbacks
    def test_oneAfterTheOther(self) -> Any:
        """
        A client that makes one connection after the other is waited for like that, and served
        each time; and the reactor goes on with what it has to do besides.
        """
        if epollOf(reactor) is None:
            raise SkipTest("not with this reactor")
        # However slow this machine is.
        self.patch(DirectWait, "longest", 1.0)
        awaits, found = DirectWait.awaits, []

        def noting(wait: DirectWait, *given: Any) -> int:
            found.append(awaits(wait, *given))
            return found[-1]

        self.patch(DirectWait, "awaits", noting)
        port = self.port(self.server(spec(saying(b"hello"), limits=Limits(None))))
        count = 3 * DirectWait.mostInARow

        def converse() -> list[bytes]:
            said = []
            for _ in range(count):
                with socket.create_connection(("127.0.0.1", port), 30) as sock:
                    said.append(b"".join(iter(lambda: sock.recv(100), b"")))
            return said

        # Which tells the reactor of its end from another thread.
        said = yield deferToThread(converse)
        self.assertEqual(said, [b"hello"] * count)
        self.assertIn(1, found)
        yield self.records(count)

    @inlineCallbacks
    def test_twice(self) -> Any:
        """
        It can be started again after it was stopped.
        """
        server = self.server(spec(saying(b"hello")))
        for count in (1, 2):
            said = yield self.ask(self.port(server))
            self.assertEqual(said, b"hello")
            yield self.records(count)
            yield server.stopService()
            server.startService()

    @inlineCallbacks
    def test_twiceForOthers(self) -> Any:
        """
        So it can with servers for others, and leaves no launcher behind.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root can become another user")
        other = Identity("other", 60001, 60002, (60002,))
        server = self.server(spec(saying(b"hello"), identity=other))
        for count in (1, 2):
            said = yield self.ask(self.port(server))
            self.assertEqual(said, b"hello")
            yield self.records(count)
            yield server.stopService()
            yield self.until(lambda: not server.spawner.pids)
            server.startService()

    @inlineCallbacks
    def test_two(self) -> Any:
        """
        There may be several in one process.
        """
        servers = [self.server(spec(saying(word))) for word in (b"one", b"two")]
        said = yield DeferredList([self.ask(self.port(server)) for server in servers])
        self.assertEqual([result for _, result in said], [b"one", b"two"])
        yield self.records(2)

    @inlineCallbacks
    def test_kinds(self) -> Any:
        """
        Programs, internal services and protocols of the caller stand side by side,
        and leave the same records.
        """
        factory = protocol.Factory.forProtocol(Upper)
        factory.noisy = False
        server = self.server(
            spec(saying(b"program"), name="one"),
            spec(Builtin("time"), name="two"),
            spec(InProcess(factory), name="three"),
        )
        said = yield self.ask(self.port(server, 0))
        self.assertEqual(said, b"program")
        said = yield self.ask(self.port(server, 1))
        self.assertEqual(len(said), 4)
        said = yield self.ask(self.port(server, 2), b"factory")
        self.assertEqual(said, b"FACTORY")
        records = yield self.records(3)
        self.assertEqual({record.service for record in records}, {"one", "two", "three"})
        self.assertEqual({record.verdict for record in records}, {"served"})

    @inlineCallbacks
    def test_saysOneThing(self) -> Any:
        """
        daytime and time are said to clients that send something, too.
        """
        server = self.server(spec(Builtin("daytime")), spec(Builtin("time")))
        for index, length in ((0, 26), (1, 4)):
            said = yield self.ask(self.port(server, index))
            self.assertEqual(len(said), length)
        with socket.create_connection(("127.0.0.1", self.port(server, 1)), 20) as client:
            client.sendall(b"x" * 100)
            said = yield deferToThread(client.recv, 100)
            self.assertEqual(len(said), 4)
        yield self.records(3)
        self.assertEqual({record.verdict for record in self.recorder.records}, {"served"})

    @inlineCallbacks
    def test_onePacket(self) -> Any:
        """
        What they say and the end of the connection come in one packet, as far as the kernel
        counts them: besides it there is but the one that answers the connection.
        """
        if not hasattr(socket, "MSG_MORE"):
            raise SkipTest("this system sends at once what there is to send")
        server = self.server(spec(Builtin("daytime")))

        def talk() -> int:
            with socket.create_connection(("127.0.0.1", self.port(server)), 20) as client:
                while client.recv(100):
                    pass
                # tcp_info, tcpi_segs_in.
                told = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 144)
                return int(struct.unpack_from("=I", told, 140)[0])

        counts = []
        for _ in range(5):
            counts.append((yield deferToThread(talk)))
        # Whoever is kept from going on in between for long may need two after all.
        self.assertEqual(min(counts), 2)
        yield self.records(5)

    @inlineCallbacks
    def test_sameGate(self) -> Any:
        """
        The limit holds for protocols as for programs.
        """
        for kind in (saying(b"x"), Builtin("daytime")):
            self.recorder.records.clear()
            server = self.server(spec(kind, limits=Limits(1)))
            first = yield self.ask(self.port(server))
            second = yield self.ask(self.port(server))
            self.assertTrue(first)
            self.assertEqual(second, b"")
            yield self.records(2)
            verdicts = sorted(record.verdict for record in self.recorder.records)
            self.assertEqual(verdicts, ["refused", "served"])

    @inlineCallbacks
    def test_record(self) -> Any:
        """
        A record tells all there is to tell.
        """
        server = self.server(spec(Program(b"/bin/sh", (b"sh", b"-c", b"exit 5"))))
        yield self.ask(self.port(server))
        (record,) = yield self.records(1)
        self.assertEqual((record.status, record.signal, record.user), (5, None, "self"))
        self.assertIsNotNone(record.pid)
        self.assertIsNotNone(record.cpu)
        self.assertEqual(record.local, f"127.0.0.1:{self.port(server)}")

    @inlineCallbacks
    def test_bytes(self) -> Any:
        """
        The record of what is answered in this process tells the bytes both ways.
        """
        factory = protocol.Factory.forProtocol(Upper)
        server = self.server(spec(InProcess(factory)), spec(Builtin("daytime")))
        yield self.ask(self.port(server), b"hello")
        answer = yield self.ask(self.port(server, 1))
        found = yield self.records(2)
        self.assertEqual(
            [(record.received, record.sent) for record in found], [(5, 5), (0, len(answer))]
        )

    @inlineCallbacks
    def test_counters(self) -> Any:
        """
        The server counts by itself.
        """
        server = self.server(spec(Program(b"/bin/sh", (b"sh", b"-c", b"exit 5"))))
        yield self.ask(self.port(server))
        yield self.records(1)
        (found,) = server.snapshot()["services"]
        self.assertEqual((found["accepted"], found["running"], found["exits"]), (1, 0, {"5": 1}))

    @inlineCallbacks
    def test_recordings(self) -> Any:
        """
        Each service's records are written as its spec says, the others as the server's
        default says; what is asked of all of them goes through one writer.
        """
        paths = [Path(self.mktemp()).absolute() for _ in range(2)]
        own = Recording(RecordFormat.XINETD, LogFileDestination(str(paths[0])))
        default = Recording(RecordFormat.JSON, LogFileDestination(str(paths[1])))
        server = InetdService(
            reactor,
            [spec(saying(b"a"), name="one", recording=own), spec(saying(b"b"), name="two")],
            recording=default,
        )
        server.startService()
        for number in range(2):
            yield self.ask(self.port(server, number))
        yield self.until(lambda: not server.children)
        yield server.stopService()
        self.assertRegex(
            paths[0].read_text(),
            r"^\S+: START: one pid=(\d+) from=127\.0\.0\.1\n"
            r"\S+: EXIT: one status=0 pid=\1 duration=\d\(sec\)\n$",
        )
        found = json.loads(paths[1].read_text())
        self.assertEqual((found["service"], found["exit"]), ("two", 0))

    @inlineCallbacks
    def test_reloadReopens(self) -> Any:
        """
        A reload counts, counts bad lines, forgets services that are no more, and opens
        files anew.
        """
        path = Path(self.mktemp()).absolute()
        bad = Diagnostic(Severity.ERROR, "x", Origin("conf", 9, 1, "x"), "x", "y", dropped=True)
        only = spec(Builtin("daytime"), name="two")
        server = InetdService(
            reactor,
            [spec(Builtin("daytime"), name="one"), only],
            loader=lambda: Configuration((only,), (bad,), ()),
            recording=Recording(destination=LogFileDestination(str(path))),
        )
        server.startService()
        yield self.ask(self.port(server))
        yield server.reload()
        yield self.until(path.exists)
        yield server.stopService()
        found = server.snapshot()
        self.assertEqual((found["reloads"], found["bad_lines"]), (1, 1))
        self.assertEqual(len(path.read_text().splitlines()), 1)


class GarbageTests(ServerTestCase):
    """
    What connections leave behind.
    """

    @inlineCallbacks
    def leftovers(self, server: InetdService) -> Any:
        """
        What the garbage collector finds of a few connections.
        """
        yield self.ask(self.port(server))
        yield self.records(1)
        gc.collect()
        gc.disable()
        try:
            gc.set_debug(gc.DEBUG_SAVEALL)
            for _ in range(5):
                yield self.ask(self.port(server))
            yield self.records(6)
            gc.collect()
            # The clients here are this test's own.
            return [
                thing
                for thing in gc.garbage
                if isinstance(thing, socket.socket | ConnectionRecord)
                or type(thing).__module__.startswith("txinetd.")
            ]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()

    @inlineCallbacks
    def test_program(self) -> Any:
        """
        A program's connection leaves nothing to the garbage collector, which comes
        so rarely that memory would grow.
        """
        found = yield self.leftovers(self.server(spec(saying(b"x"), limits=Limits(None))))
        self.assertEqual(found, [])

    @inlineCallbacks
    def test_protocol(self) -> Any:
        """
        Nor does that of an internal service.
        """
        found = yield self.leftovers(self.server(spec(Builtin("daytime"), limits=Limits(None))))
        self.assertEqual(found, [])


class RetryTests(ServerTestCase):
    """
    Addresses that are taken.
    """

    @inlineCallbacks
    def test_retry(self) -> Any:
        """
        A service whose address is taken says so, and listens when it is free.
        """
        owner = socket.create_server(("127.0.0.1", 0))
        server = self.server(spec(saying(b"taken"), owner.getsockname()[1]), spec(saying(b"free")))
        endpoint = server.runningServices[0].endpoints[0]
        self.assertIs(endpoint.state, State.RETRYING)
        said = yield self.ask(self.port(server, 1))
        self.assertEqual(said, b"free")
        owner.close()
        yield self.until(lambda: endpoint.state is State.LISTENING)
        said = yield self.ask(self.port(server))
        self.assertEqual(said, b"taken")
        yield self.records(2)

    @inlineCallbacks
    def test_stopped(self) -> Any:
        """
        Once stopped it tries no more.
        """
        with socket.create_server(("127.0.0.1", 0)) as owner:
            server = self.server(spec(saying(b"x"), owner.getsockname()[1]))
            yield server.stopService()
            self.assertIs(server.runningServices[0].endpoints[0].state, State.CLOSED)


class ReloadTests(ServerTestCase):
    """
    Changing what is served.
    """

    def setUp(self) -> None:
        super().setUp()
        self.next = Configuration()
        self.reads = 0
        self.hold = threading.Event()
        self.hold.set()

    def load(self) -> Configuration:
        """
        Read, for as long as the test wants.
        """
        self.reads += 1
        self.hold.wait(20)
        return self.next

    @inlineCallbacks
    def test_noLoader(self) -> Any:
        """
        Without a loader there is nothing to reload.
        """
        yield self.assertFailure(self.server().reload(), ValueError)

    @inlineCallbacks
    def test_equal(self) -> Any:
        """
        What is equal keeps its socket.
        """
        served = spec(saying(b"x"))
        server = self.server(served, loader=self.load)
        before = self.port(server)
        self.next = Configuration((attrs.evolve(served, origin=Origin("conf", 9)),))
        yield server.reload()
        self.assertEqual(self.port(server), before)
        self.assertEqual(server.specs[0].origin.line, 9)

    @inlineCallbacks
    def test_altered(self) -> Any:
        """
        What has changed keeps its socket, and serves otherwise.
        """
        served = spec(saying(b"old"))
        server = self.server(served, loader=self.load)
        before = self.port(server)
        for kind, answer in (
            (saying(b"new"), b"new"),
            (Builtin("discard"), b""),
            (saying(b"back"), b"back"),
        ):
            self.next = Configuration((attrs.evolve(served, server=kind),))
            yield server.reload()
            asked = self.ask(before) if answer else None
            if asked is not None:
                said = yield asked
                self.assertEqual(said, answer)
        self.assertEqual(self.port(server), before)
        yield self.records(2)

    @inlineCallbacks
    def test_socketOptions(self) -> Any:
        """
        A service of whose socket something else is asked gets a new one, at the same
        address, and serves on.
        """
        served = spec(saying(b"x"))
        server = self.server(served, loader=self.load)
        port = self.port(server)
        fixed = attrs.evolve(served, addresses=(InetAddress("127.0.0.1", port),))
        for options in (SocketOptions(keepAlive=True), SocketOptions()):
            self.next = Configuration((attrs.evolve(fixed, socketOptions=options),))
            yield server.reload()
            (endpoint,) = server.runningServices[0].endpoints
            sock = endpoint._socket
            assert sock is not None
            found = sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            self.assertEqual(bool(found), options.keepAlive)
            said = yield self.ask(port)
            self.assertEqual(said, b"x")
        yield self.records(2)

    @inlineCallbacks
    def test_newAddress(self) -> Any:
        """
        A service that gets another address keeps those that it had.
        """
        served = spec(saying(b"x"))
        server = self.server(served, loader=self.load)
        before = self.port(server)
        more = attrs.evolve(served, addresses=(*served.addresses, InetAddress("127.0.0.2", 0)))
        self.next = Configuration((more,))
        yield server.reload()
        self.assertEqual(self.port(server), before)
        self.assertEqual(len(server.runningServices[0].endpoints), 2)
        self.next = Configuration((served,))
        yield server.reload()
        self.assertEqual(len(server.runningServices[0].endpoints), 1)

    @inlineCallbacks
    def test_stopped(self) -> Any:
        """
        What is gone does not listen any more.
        """
        server = self.server(spec(saying(b"x")), loader=self.load)
        port = self.port(server)
        yield server.reload()
        self.assertEqual(server.specs, ())
        yield self.assertFailure(self.ask(port), ConnectionRefusedError)

    @inlineCallbacks
    def test_broken(self) -> Any:
        """
        What could not be read stays as it was.
        """
        server = self.server(spec(saying(b"x"), name="ftp"), loader=self.load)
        said = Diagnostic(
            Severity.ERROR, "bad", Origin("conf", 1, 1, "ftp"), "x", "y", dropped=True
        )
        self.next = Configuration((), (said,), ("conf",))
        yield server.reload()
        self.assertEqual([each.name for each in server.specs], ["ftp"])

    @inlineCallbacks
    def test_slow(self) -> Any:
        """
        While a slow configuration is read, clients are served.
        """
        server = self.server(spec(saying(b"x")), loader=self.load)
        self.hold.clear()
        done = server.reload()
        said = yield self.ask(self.port(server))
        self.assertEqual(said, b"x")
        self.assertFalse(done.called)
        self.hold.set()
        yield done
        yield self.records(1)

    @inlineCallbacks
    def test_together(self) -> Any:
        """
        However many ask while one reload is under way, one more answers them all.
        """
        server = self.server(loader=self.load)
        self.hold.clear()
        asked = [server.reload() for _ in range(10)]
        self.hold.set()
        yield DeferredList(asked)
        self.assertEqual(self.reads, 2)

    @inlineCallbacks
    def test_loaderFails(self) -> Any:
        """
        A loader that raises changes nothing, and the next reload works.
        """

        def fail() -> Configuration:
            raise ValueError("broken")

        server = self.server(spec(saying(b"x")), loader=fail)
        yield server.reload()
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(len(server.specs), 1)
        server._loader = self.load
        yield server.reload()
        self.assertEqual(server.specs, ())
