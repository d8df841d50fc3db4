"""
What the tests of limits share: a real server, real clients from several addresses, and
time that can be made to pass.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import Clock, LoopingCall, deferLater
from twisted.trial.unittest import TestCase

from tests.integration.support import sayNoMore
from tests.process_support import SELF, reactor
from txinetd.policy import Access, Limits
from txinetd.record import ConnectionRecord
from txinetd.server import InetdService
from txinetd.spec import InetAddress, Origin, Program, Server, ServiceSpec, SocketType

__all__ = ["CAT", "LimitsTestCase", "spec"]

#: Says what it hears; whoever does not close his side keeps it.
CAT = Program(b"/bin/cat", (b"cat",))


def spec(
    limits: Limits | None = None,
    access: Access | None = None,
    server: Server = CAT,
    name: str = "test",
    **changes: Any,
) -> ServiceSpec:
    """
    A service on loopback.
    """
    given: dict[str, Any] = {
        "name": name,
        "socketType": SocketType.STREAM,
        "protocol": "tcp",
        "addresses": (InetAddress("127.0.0.1", 0),),
        "wait": False,
        "server": server,
        "identity": SELF,
        "limits": limits or Limits(None),
        "access": access or Access(),
        "origin": Origin("conf", 1, 1, name),
    }
    return ServiceSpec(**{**given, **changes})


class Hurried:
    """
    The real reactor, with timers that go by a clock which can be put forward.
    """

    def __init__(self) -> None:
        self._clock = Clock()
        self._clock.rightNow = time.monotonic()
        self._ahead = 0.0
        self.callLater = self._clock.callLater
        self.seconds = self._clock.seconds
        self._pump = LoopingCall(self.pump)
        self._pump.clock = reactor
        self._pump.start(0.001)

    def __getattr__(self, name: str) -> Any:
        return getattr(reactor, name)

    def pump(self) -> None:
        """
        Call who is due.
        """
        self._clock.advance(max(time.monotonic() + self._ahead - self._clock.seconds(), 0.0))

    def jump(self, seconds: float) -> None:
        """
        Put the clock forward.
        """
        self._ahead += seconds
        self.pump()

    def stop(self) -> list[object]:
        """
        Stand still.

        @return: the timers that are left.
        """
        self._pump.stop()
        return list(self._clock.getDelayedCalls())


class LimitsTestCase(TestCase):
    """
    Makes servers.
    """

    timeout = 60

    def setUp(self) -> None:
        self.records: list[ConnectionRecord] = []
        self.time = Hurried()
        self.servers: list[InetdService] = []
        self.addCleanup(self._finish)

    def record(self, record: ConnectionRecord) -> None:
        """
        Keep a record: this is the recorder of all servers.
        """
        self.records.append(record)

    @inlineCallbacks
    def answer(self, client: socket.socket) -> Any:
        """
        Wait for an answer.
        """
        found: list[bytes] = []

        def came() -> bool:
            try:
                found.append(client.recv(1000))
            except BlockingIOError:
                return False
            return True

        yield self.until(came)
        return found[0]

    def make(self, *specs: ServiceSpec, **more: Any) -> InetdService:
        """
        Have a server that is not started yet.
        """
        made = InetdService(self.time, specs, recorder=self, clock=self.time.seconds, **more)
        self.servers.append(made)
        return made

    def start(self, *specs: ServiceSpec, **more: Any) -> InetdService:
        """
        Have a server.
        """
        made = self.make(*specs, **more)
        made.startService()
        return made

    @inlineCallbacks
    def _finish(self) -> Any:
        """
        Stop all servers, and see that nothing is left of them: each arrival has one record,
        nobody is inside or waits, no timer runs.
        """
        for server in self.servers:
            if server.running:
                yield server.stopService()
            server.children.signal("KILL")
            yield self.until(lambda server=server: not server.children)
            for running in server.runningServices:
                door = running._door
                self.assertEqual((door.gate.running, len(door.lobby)), (0, 0))
            yield self.until(lambda server=server: not server._surroundings._reaper.pids)
            yield self.until(lambda server=server: not server.spawner.pids)
        numbers = [record.identifier for record in self.records]
        self.assertEqual(len(numbers), len(set(numbers)))
        self.assertEqual(self.time.stop(), [])

    @inlineCallbacks
    def until(self, condition: Any) -> Any:
        """
        Let the reactor run until something is so.
        """
        while not condition():
            yield deferLater(reactor, 0.001)

    @inlineCallbacks
    def turns(self) -> Any:
        """
        Let the reactor do all that it would do at once.
        """
        for _ in range(30):
            yield deferLater(reactor, 0.001)

    def port(self, server: InetdService, index: int = 0) -> int:
        """
        The port that the kernel chose for a service.
        """
        name: Any = server.runningServices[index].endpoints[0].bound
        return int(name[1])

    def connect(
        self, server: InetdService, source: str = "127.0.0.1", index: int = 0
    ) -> socket.socket:
        """
        A client that says nothing yet.
        """
        client = socket.create_connection(
            ("127.0.0.1", self.port(server, index)), 30, source_address=(source, 0)
        )
        self.addCleanup(client.close)
        return client

    @inlineCallbacks
    def finish(self, client: socket.socket, request: bytes = b"x") -> Any:
        """
        Say something, close that side, and read what comes.  Whoever has been sent away
        may find out at any of the three.
        """
        client.setblocking(False)
        pieces = []
        try:
            client.sendall(request)
            sayNoMore(client)
            while True:
                try:
                    piece = client.recv(65536)
                except BlockingIOError:
                    yield deferLater(reactor, 0.001)
                    continue
                if not piece:
                    break
                pieces.append(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            client.close()
        return b"".join(pieces)

    def ask(
        self, server: InetdService, source: str = "127.0.0.1", index: int = 0
    ) -> Deferred[bytes]:
        """
        All of that.
        """
        return self.finish(self.connect(server, source, index))

    @inlineCallbacks
    def recorded(self, count: int) -> Any:
        """
        Wait for so many records.

        @return: verdict and reason of each.
        """
        yield self.until(lambda: len(self.records) >= count)
        self.assertEqual(len(self.records), count)
        return [(record.verdict, record.reason) for record in self.records]

    def loaded(self, server: InetdService, load: float, pressure: float = 0.0) -> None:
        """
        Have the machine be as loaded as this, for a server.
        """
        proc = Path(self.mktemp())
        (proc / "pressure").mkdir(parents=True)
        (proc / "loadavg").write_text(f"{load:.2f} 0.00 0.00 1/100 1000\n")
        for resource in ("cpu", "io", "memory"):
            (proc / "pressure" / resource).write_text(f"some avg10={pressure:.2f} total=0\n")
        server._surroundings.rules.readings._proc = str(proc)
