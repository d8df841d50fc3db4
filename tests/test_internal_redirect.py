"""
Tests for L{txinetd.internal.redirect}, over real connections.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet import reactor as _reactor
from twisted.internet import tcp
from twisted.internet.defer import inlineCallbacks
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SkipTest, TestCase

from txinetd.internal.redirect import RedirectFactory
from txinetd.policy import Limits
from txinetd.record import ConnectionRecord
from txinetd.server import InetdService
from txinetd.spec import Identity, InetAddress, Redirect, ServiceSpec, SocketType

reactor: Any = _reactor

SELF = Identity("self", 0, 0, keep=True)


@attrs.frozen
class Keeper:
    """
    Keeps records.
    """

    records: list[ConnectionRecord]

    def record(self, record: ConnectionRecord) -> None:
        """
        Keep one.
        """
        self.records.append(record)


class RedirectTests(TestCase):
    """
    A service that passes connections on, and a server of the test's own.
    """

    def setUp(self) -> None:
        self.records: list[ConnectionRecord] = []

    def serve(self, family: socket.AddressFamily, script: Callable[[socket.socket], None]) -> Any:
        """
        A server for one connection, in a thread.

        @return: its address.
        """
        host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
        try:
            listener = socket.create_server((host, 0), family=family)
        except OSError:
            raise SkipTest(f"this machine has no {host}") from None
        listener.settimeout(30)

        def run() -> None:
            with listener:
                connection, _ = listener.accept()
            with connection:
                connection.settimeout(30)
                script(connection)

        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(deferToThread, thread.join)
        return listener.getsockname()[:2]

    def start(self, *addresses: tuple[str, int]) -> tuple[str, int]:
        """
        Start the service.

        @return: where it listens.
        """
        spec = ServiceSpec(
            "redirected",
            SocketType.STREAM,
            "tcp",
            (InetAddress("127.0.0.1", 0),),
            False,
            Redirect(addresses, "elsewhere"),
            SELF,
            Limits(None),
        )
        service = InetdService(reactor, [spec], recorder=Keeper(self.records))
        service.startService()
        self.addCleanup(service.stopService)
        (running,) = service.runningServices
        name: Any = running.endpoints[0].bound
        return name[0], name[1]

    def ask(self, where: tuple[str, int], *pieces: bytes) -> Any:
        """
        Send something, half-close, and read to the end, in a thread.
        """

        def run() -> bytes:
            with socket.create_connection(where, 30) as client:
                for piece in pieces:
                    client.sendall(piece)
                client.shutdown(socket.SHUT_WR)
                got = b""
                while piece := client.recv(65536):
                    got += piece
            return got

        return deferToThread(run)

    @inlineCallbacks
    def test_halfClosed(self) -> Any:
        """
        A client that has closed its half gets the whole answer to what it has said; both
        families, and the bytes are counted.
        """
        for family in (socket.AF_INET, socket.AF_INET6):

            def script(connection: socket.socket) -> None:
                heard = b""
                while piece := connection.recv(65536):
                    heard += piece
                connection.sendall(heard.upper())

            where = self.serve(family, script)
            got = yield self.ask(self.start(where), b"hello ", b"there")
            self.assertEqual(got, b"HELLO THERE")
            while not self.records:
                yield deferToThread(lambda: None)
            record = self.records.pop()
            self.assertEqual((record.verdict, record.received, record.sent), ("served", 11, 11))

    @inlineCallbacks
    def test_serverFirst(self) -> Any:
        """
        A server that closes its half first still hears what the client says.
        """
        heard: list[bytes] = []

        def script(connection: socket.socket) -> None:
            connection.sendall(b"greeting")
            connection.shutdown(socket.SHUT_WR)
            got = b""
            while piece := connection.recv(65536):
                got += piece
            heard.append(got)

        where = self.start(self.serve(socket.AF_INET, script))

        def run() -> bytes:
            with socket.create_connection(where, 30) as client:
                got = b""
                while piece := client.recv(65536):
                    got += piece
                client.sendall(b"late")
            return got

        got = yield deferToThread(run)
        while not heard:
            yield deferToThread(lambda: None)
        self.assertEqual((got, heard), (b"greeting", [b"late"]))

    @inlineCallbacks
    def test_pressure(self) -> Any:
        """
        Much is passed on whole, also to one who reads it late: it is not kept here.
        """
        data = bytes(range(256)) * 40_000
        reading = threading.Event()
        sizes: list[int] = []

        def script(connection: socket.socket) -> None:
            reading.wait(30)
            heard = 0
            while piece := connection.recv(1 << 20):
                heard += len(piece)
            sizes.append(heard)

        where = self.start(self.serve(socket.AF_INET, script))
        asked = self.ask(where, data)
        written = 0
        while True:
            # What the reactor's transports hold stands still when the server's is full.
            held = sum(
                len(each.dataBuffer) + each._tempDataLen
                for each in reactor.getWriters() + reactor.getReaders()
                if hasattr(each, "_tempDataLen")
            )
            if held and held == written:
                break
            written = held
            yield deferToThread(reading.wait, 0.05)
        self.assertLess(held, 2 << 20)
        reading.set()
        yield asked
        while not sizes:
            yield deferToThread(lambda: None)
        self.assertEqual(sizes, [len(data)])

    @inlineCallbacks
    def test_next(self) -> Any:
        """
        Where one address does not answer the next one is tried.
        """
        with socket.create_server(("127.0.0.1", 0)) as closed:
            dead = closed.getsockname()
        where = self.serve(socket.AF_INET, lambda connection: connection.sendall(b"second"))
        got = yield self.ask(self.start(dead, where))
        self.assertEqual(got, b"second")

    @inlineCallbacks
    def test_nobody(self) -> Any:
        """
        Where none answers the client sees the end.
        """
        with socket.create_server(("127.0.0.1", 0)) as closed:
            dead = closed.getsockname()
        got = yield self.ask(self.start(dead))
        self.assertEqual(got, b"")

    @inlineCallbacks
    def test_slow(self) -> Any:
        """
        A server that does not answer is waited for only so long, also when the client
        has gone meanwhile, and then nothing is left behind.
        """
        self.patch(RedirectFactory, "patience", 0.3)
        # An address that nobody answers for: the queue of a listener that is full.
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            fillers = []
            for _ in range(4):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(full.getsockname())
                fillers.append(filler)
            where = self.start(full.getsockname())
            with socket.create_connection(where, 30):
                while not any(isinstance(each, tcp.Client) for each in reactor.getWriters()):
                    yield deferToThread(lambda: None)
            while not self.records:
                yield deferToThread(lambda: None)
            for filler in fillers:
                filler.close()
        self.assertFalse([each for each in reactor.getWriters() if isinstance(each, tcp.Client)])
