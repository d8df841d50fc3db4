"""
Who may come in, with real servers and clients: shadow rules, traps, the first byte,
penalties, banners, deadlines, tcp wrappers, and services that their server has as a whole.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from twisted.internet.defer import inlineCallbacks
from twisted.logger import capturedLogs

from tests.integration.limit_support import CAT, LimitsTestCase, spec
from tests.wrap_support import needLibwrap
from txinetd.gate.networks import single
from txinetd.policy import Access, AddressRule, Limits, Penalties, Policy, Reaction, Sensor
from txinetd.server import InetdService
from txinetd.spec import Builtin, Program, SocketType
from txinetd.wrap import Wrapper

HERE, THERE = "127.0.0.2", "127.0.0.3"

KEEP_OUT = AddressRule(False, (single(HERE),), HERE)

#: Answers one datagram in capitals, and what comes with it is in the queue.
_UPPER = (
    "import socket; own = socket.socket(fileno=0); data, peer = own.recvfrom(1000); "
    "own.sendto(data.upper(), peer)"
)
UPPER = Program(sys.executable.encode(), (b"python", b"-S", b"-c", _UPPER.encode()))


def shell(command: str) -> Program:
    """
    A command.
    """
    return Program(b"/bin/sh", (b"sh", b"-c", command.encode()))


class AccessTests(LimitsTestCase):
    """
    Rules, and what they do to whom.
    """

    @inlineCallbacks
    def test_shadow(self) -> Any:
        """
        Rules and limits in shadow say whom they would have refused, and refuse nobody; the
        others do.
        """
        access = Access(rules=(KEEP_OUT,), shadow=frozenset({"access", "starts-per-minute"}))
        server = self.start(spec(Limits(1, startsPerSource=2), access))
        with capturedLogs() as events:
            for _ in range(2):
                said = yield self.ask(server, HERE)
                self.assertEqual(said, b"x")
            said = yield self.ask(server, HERE)
            self.assertEqual(said, b"")
        found = yield self.recorded(3)
        self.assertEqual(Counter(found), {("served", ""): 2, ("refused", "starts-per-source"): 1})
        would = [event["rule"] for event in events if "would have" in (event["log_format"] or "")]
        self.assertEqual(would, ["access", "access", "starts-per-minute", "access"])

    @inlineCallbacks
    def test_sensor(self) -> Any:
        """
        Who touches a trap is barred from all services, also after a restart, until his time
        is over; nobody else is.
        """
        path = self.mktemp()
        trap = spec(access=Access(sensor=Sensor(600.0)), name="trap")
        server = self.start(trap, spec(), spec(server=Builtin("daytime")), barFile=path)
        said = yield self.ask(server, HERE)
        self.assertEqual(said, b"")
        for index in (1, 2):
            said = yield self.ask(server, HERE, index)
            self.assertEqual(said, b"")
            said = yield self.ask(server, THERE, index)
            self.assertTrue(said)
        yield server.stopService()
        other = self.start(spec(), barFile=path)
        self.time.jump(500.0)
        said = yield self.ask(other, HERE)
        self.assertEqual(said, b"")
        self.time.jump(100.0)
        said = yield self.ask(other, HERE)
        self.assertEqual(said, b"x")
        refused = [record.reason for record in self.records if record.verdict == "refused"]
        self.assertEqual(refused, ["sensor"] + ["barred"] * 3)
        yield self.recorded(7)

    @inlineCallbacks
    def test_firstByte(self) -> Any:
        """
        A port scan starts no process, and nor does who only waits; when something comes the
        server finds it all.
        """
        server = self.start(spec(access=Access(firstByte=5.0)))
        for _ in range(10):
            self.connect(server).close()
        found = yield self.recorded(10)
        self.assertEqual(found, [("refused", "first-byte")] * 10)
        silent = self.connect(server)
        door = server.runningServices[0]._door
        yield self.until(lambda: door.gate.running)
        self.time.jump(5.0)
        yield self.recorded(11)
        self.assertEqual(silent.recv(10), b"")
        self.assertEqual([record.pid for record in self.records], [None] * 11)
        client = self.connect(server)
        yield self.until(lambda: door.gate.running)
        self.assertFalse(server.children)
        said = yield self.finish(client, b"all of this")
        self.assertEqual(said, b"all of this")
        found = yield self.recorded(12)
        self.assertEqual(found[-1], ("served", ""))

    @inlineCallbacks
    def test_startWithin(self) -> Any:
        """
        A server that would be started too late is not.
        """
        server = self.start(spec(access=Access(firstByte=10.0, startWithin=2.0)))
        client = self.connect(server)
        yield self.until(lambda: server.runningServices[0]._door.gate.running)
        self.time.jump(3.0)
        said = yield self.finish(client)
        self.assertEqual(said, b"")
        found = yield self.recorded(1)
        self.assertEqual(found, [("refused", "start-within")])
        said = yield self.ask(server)
        self.assertEqual(said, b"x")
        yield self.recorded(2)

    @inlineCallbacks
    def test_penalties(self) -> Any:
        """
        Who makes a server fail, or closes before the first byte, is kept out of all services
        for his penalty, and then is not.
        """
        policy = Policy(access=Access(penalties=Penalties(failed=20.0, early=40.0)))
        server = self.start(
            spec(server=shell("exit 3")),
            spec(name="other"),
            spec(access=Access(firstByte=5.0)),
            policy=policy,
        )
        count = 0
        for source, offend, seconds in ((HERE, 0, 20.0), (THERE, 2, 40.0)):
            if offend == 0:
                yield self.ask(server, source, 0)
            else:
                self.connect(server, source, 2).close()
            yield self.recorded(count + 1)
            said = yield self.ask(server, source, 1)
            self.assertEqual(said, b"")
            said = yield self.ask(server, "127.0.0.9", 1)
            self.assertEqual(said, b"x")
            self.time.jump(seconds)
            said = yield self.ask(server, source, 1)
            self.assertEqual(said, b"x")
            count += 4
            found = yield self.recorded(count)
            self.assertEqual(found[count - 3], ("refused", "penalty"))

    @inlineCallbacks
    def test_banners(self) -> Any:
        """
        Clients are told the banners, whatever serves them.
        """
        directory = Path(self.mktemp())
        directory.mkdir()
        texts = {}
        for name in ("banner", "bannerSuccess", "bannerFail"):
            path = directory / name
            path.write_text(f"{name}\n")
            texts[name] = bytes(path)
        access = Access(rules=(KEEP_OUT,), **texts)  # type: ignore[arg-type]
        for program, expected in ((CAT, b"x"), (Builtin("echo"), b"x")):
            self.records.clear()
            server = self.start(spec(access=access, server=program))
            said = yield self.ask(server, HERE)
            self.assertEqual(said, b"banner\nbannerFail\n")
            said = yield self.ask(server, THERE)
            self.assertEqual(said, b"banner\nbannerSuccess\n" + expected)
            yield self.recorded(2)


class WholeTests(LimitsTestCase):
    """
    Services where there is no way but in or out.
    """

    def datagram(self, server: InetdService, source: str, text: bytes) -> socket.socket:
        """
        Send one.
        """
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(client.close)
        client.bind((source, 0))
        client.setblocking(False)
        client.sendto(text, ("127.0.0.1", self.port(server)))
        return client

    @inlineCallbacks
    def test_waitStream(self) -> Any:
        """
        Where a server has the listening socket nobody knows who knocks: with rules by
        address everybody is refused, at once, each once, and without the server.
        """
        server = self.start(
            spec(access=Access(rules=(KEEP_OUT,)), server=shell("exit 0"), wait=True)
        )
        for number in range(3):
            said = yield self.ask(server, THERE)
            self.assertEqual(said, b"")
            yield self.recorded(number + 1)
        yield self.turns()
        found = yield self.recorded(3)
        self.assertEqual(found, [("refused", "access")] * 3)
        self.assertEqual({record.pid for record in self.records}, {None})

    @inlineCallbacks
    def test_waitDatagram(self) -> Any:
        """
        Who starts the server for datagrams is judged: who is kept out does not, and is in
        nobody's way.
        """
        for wait in (True, False):
            self.records.clear()
            server = self.start(
                spec(
                    access=Access(rules=(KEEP_OUT,)),
                    server=UPPER,
                    wait=wait,
                    socketType=SocketType.DGRAM,
                    protocol="udp",
                )
            )
            self.datagram(server, HERE, b"bad")
            found = yield self.recorded(1)
            self.assertEqual(found, [("refused", "access")])
            said = yield self.answer(self.datagram(server, THERE, b"good"))
            self.assertEqual(said, b"GOOD")
            yield self.recorded(2)
            peers = [record.peer.partition(":")[0] for record in self.records]
            self.assertEqual(peers, [HERE, THERE])

    @inlineCallbacks
    def test_pausedWait(self) -> Any:
        """
        A server that has been started often enough is started again by itself, for those
        who wait in its socket.
        """
        for reaction in (Reaction.PAUSE, Reaction.QUEUE):
            self.records.clear()
            server = self.start(
                spec(
                    Limits(1, reaction=reaction),
                    server=UPPER,
                    wait=True,
                    socketType=SocketType.DGRAM,
                    protocol="udp",
                )
            )
            said = yield self.answer(self.datagram(server, HERE, b"one"))
            self.assertEqual(said, b"ONE")
            yield self.recorded(1)
            client = self.datagram(server, HERE, b"two")
            yield self.turns()
            yield self.recorded(1)
            self.time.jump(60.0)
            said = yield self.answer(client)
            self.assertEqual(said, b"TWO")
            yield self.recorded(2)

    @inlineCallbacks
    def test_trap(self) -> Any:
        """
        A trap for datagrams serves nobody and bars nobody: their sources can be forged.
        """
        for server_ in (UPPER, Builtin("echo")):
            self.records.clear()
            server = self.start(
                spec(
                    access=Access(sensor=Sensor(60.0)),
                    server=server_,
                    wait=server_ is UPPER,
                    socketType=SocketType.DGRAM,
                    protocol="udp",
                ),
                spec(),
            )
            self.datagram(server, HERE, b"x")
            found = yield self.recorded(1)
            self.assertEqual(found, [("refused", "sensor")])
            said = yield self.ask(server, HERE, 1)
            self.assertEqual(said, b"x")
            yield self.recorded(2)


class WrapTests(LimitsTestCase):
    """
    libwrap itself.
    """

    def setUp(self) -> None:
        needLibwrap()
        super().setUp()
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()

    def wrapped(self, allow: str, *servers: Any) -> InetdService:
        """
        Services that libwrap is asked about, with rules of their own; what these do not
        allow is denied.
        """
        (self.directory / "allow").write_text(allow)
        (self.directory / "deny").write_text("ALL: ALL\n")
        server = self.make(*[spec(access=Access(wrap="in.test"), server=each) for each in servers])
        around = server._surroundings
        around._wrapper = Wrapper(
            self.time,
            around._reaper,
            around._limit,
            allowFile=bytes(self.directory / "allow"),
            denyFile=bytes(self.directory / "deny"),
        )
        server.startService()
        return server

    @inlineCallbacks
    def test_both(self) -> Any:
        """
        It is asked for programs as for internal services.
        """
        server = self.wrapped(f"in.test: {THERE}\n", CAT, Builtin("echo"))
        for index in (0, 1):
            for source, expected in ((HERE, b""), (THERE, b"x"), (THERE, b"x")):
                said = yield self.ask(server, source, index)
                self.assertEqual(said, expected)
        found = yield self.recorded(6)
        self.assertEqual(found.count(("refused", "tcp-wrappers")), 2)
        self.assertEqual(found.count(("served", "")), 4)

    @inlineCallbacks
    def test_setenv(self) -> Any:
        """
        What a rule puts into the environment the server finds there.
        """
        server = self.wrapped(
            f"in.test: {THERE}: setenv CLASS friend of %a\n", shell('echo "$CLASS"')
        )
        said = yield self.ask(server, THERE)
        self.assertEqual(said, f"friend of {THERE}\n".encode())
        yield self.recorded(1)

    @inlineCallbacks
    def test_twist(self) -> Any:
        """
        A rule's own program answers the client, who sees all of it and its end; the record
        tells of it.
        """
        server = self.wrapped(f"in.test: {THERE}: twist /bin/echo not you; exit 4\n", CAT)
        said = yield self.ask(server, THERE)
        self.assertIn(b"not you", said)
        yield self.recorded(1)
        (record,) = self.records
        self.assertIsNotNone(record.pid)
        self.assertEqual((record.verdict, record.status is not None), ("served", True))

    @inlineCallbacks
    def test_stop(self) -> Any:
        """
        Who is being asked about when the server stops is sent away, and the helper ends.
        """
        server = self.wrapped("in.test: ALL: spawn /bin/sleep 30\n", CAT)
        client = self.connect(server, THERE)
        yield self.until(lambda: server.runningServices[0]._door.gate.running)
        wrapper = server._surroundings._wrapper
        assert wrapper is not None
        yield self.until(lambda: any(each.pid for each in wrapper._asked.values()))
        yield server.stopService()
        said = yield self.finish(client)
        self.assertEqual(said, b"")
        found = yield self.recorded(1)
        self.assertEqual(found, [("refused", "stopped")])

    @inlineCallbacks
    def test_killed(self) -> Any:
        """
        When the helper is killed those who wait are refused, and the next one is served.
        """
        server = self.wrapped(f"in.test: {HERE}: spawn /bin/sleep 30\nin.test: {THERE}\n", CAT)
        asking = self.ask(server, HERE)
        wrapper = server._surroundings._wrapper
        assert wrapper is not None
        yield self.until(lambda: any(each.pid for each in wrapper._asked.values()))
        os.kill(wrapper.helperPid, signal.SIGKILL)
        said = yield asking
        self.assertEqual(said, b"")
        said = yield self.ask(server, THERE)
        self.assertEqual(said, b"x")
        found = yield self.recorded(2)
        self.assertEqual(found, [("refused", "tcp-wrappers"), ("served", "")])


class DescriptorTests(LimitsTestCase):
    """
    Where descriptors run out.
    """

    @inlineCallbacks
    def test_waitStream(self) -> Any:
        """
        A wait service that cannot even turn somebody away for want of a descriptor looks
        away for a while, and does not ask again and again.
        """
        server = self.start(
            spec(access=Access(rules=(KEEP_OUT,)), server=shell("exit 0"), wait=True)
        )
        port: Any = server.runningServices[0].endpoints[0]._port
        tries = 0

        class Exhausted:
            """
            The socket, with no descriptor left.
            """

            def __getattr__(self, name: str) -> Any:
                return getattr(real, name)

            def accept(self) -> Any:
                """
                As it is then.
                """
                nonlocal tries
                tries += 1
                raise OSError(24, "Too many open files")

        real = port.socket
        port.socket = Exhausted()
        client = self.connect(server)
        yield self.until(lambda: tries)
        yield self.turns()
        self.assertLess(tries, 3)
        port.socket = real
        self.time.jump(1.0)
        said = yield self.finish(client)
        self.assertEqual(said, b"")
        yield self.turns()
        yield self.recorded(1)
