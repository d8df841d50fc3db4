"""
Tests for L{txinetd.consistency}: nothing is found where all is well, whatever happens, and
everything that is broken on purpose.
"""

from __future__ import annotations

import gc
import os
import socket
from typing import Any

import attrs
from twisted.internet.defer import inlineCallbacks

from tests.test_server import ServerTestCase, spec
from txinetd.gate.rule import NOBODY
from txinetd.policy import Limits, Policy
from txinetd.server import InetdService
from txinetd.spec import InetAddress, Program, ServiceSpec, SocketType

CAT = Program(b"/bin/cat", (b"cat",))


class CheckTests(ServerTestCase):
    """
    Tests for L{InetdService.check}.
    """

    @inlineCallbacks
    def served(self, *more: ServiceSpec, **options: Any) -> Any:
        """
        Have a server with one running program.
        """
        self.inetd = server = self.server(spec(CAT), *more, **options)
        self.client = socket.create_connection(("127.0.0.1", self.port(server)))
        self.addCleanup(self.client.close)
        yield self.until(lambda: any(each.pid for each in server.children.records))
        return server

    @inlineCallbacks
    def gone(self, server: InetdService) -> Any:
        """
        Wait until nobody is served.
        """
        self.client.close()
        yield self.until(lambda: not server.children)

    @inlineCallbacks
    def test_well(self) -> Any:
        """
        There is nothing to find in a server that stands, serves, has served, and has
        stopped.
        """
        datagrams = spec(CAT, name="wait", socketType=SocketType.DGRAM, protocol="udp", wait=True)
        policy = Policy(limits=Limits(startsPerMinute=None, instances=9))
        server = yield self.served(datagrams, policy=policy)
        self.assertEqual(server.check(), [])
        yield self.gone(server)
        self.assertEqual(server.check(), [])
        yield server.stopService()
        self.assertEqual(server.check(), [])

    @inlineCallbacks
    def test_retired(self) -> Any:
        """
        A server whose service has gone serves somebody who is in all the same.
        """
        found: list[ServiceSpec] = []

        class Nothing:
            """
            An empty configuration.
            """

            services = found
            diagnostics = ()
            unreadable = ()

        policy = Policy(limits=Limits(startsPerMinute=None, instances=9))
        server = yield self.served(loader=Nothing, policy=policy)
        yield server.reload()
        gc.collect()
        self.assertEqual((len(server.specs), len(server.children)), (0, 1))
        self.assertEqual(server.check(), [])
        yield self.gone(server)
        self.assertEqual(server.check(), [])

    @inlineCallbacks
    def test_counts(self) -> Any:
        """
        Counts that are not those of who is in are found, and servers of nobody.
        """
        policy = Policy(limits=Limits(startsPerMinute=None, instances=9))
        server = yield self.served(policy=policy)
        door = server.runningServices[0].door
        door.gate._running.add(NOBODY)
        self.assertEqual(
            server.check(),
            [
                "test: 1 are in, and 2 count for its limits",
                "2 are in, and 1 count for the whole server",
            ],
        )
        door.gate._running.remove(NOBODY)
        inside, door._inside = door._inside, {}
        (record,) = server.children.records
        self.assertIn(f"test: process {record.pid} serves nobody who is in", server.check())
        door._inside = inside
        self.assertEqual(server.check(), [])
        yield self.gone(server)

    @inlineCallbacks
    def test_processes(self) -> Any:
        """
        Servers that are no processes, or one process for two, are found.
        """
        server = yield self.served()
        (record,) = server.children.records
        pid = record.pid
        ended = os.fork()
        if ended == 0:
            os._exit(0)
        os.waitpid(ended, 0)
        record.pid = ended
        self.assertEqual(server.check(), [f"test: there is no process {ended}"])
        record.pid = pid
        server.children.add(object(), attrs.evolve(record))
        self.assertEqual(server.check(), 2 * [f"test: process {pid} is there 2 times"])
        server.children.remove(next(each for each in server.children if type(each) is object))
        self.assertEqual(server.check(), [])
        yield self.gone(server)

    @inlineCallbacks
    def test_sockets(self) -> Any:
        """
        A descriptor that is closed, no socket, or another one, is found.
        """
        server = self.server(spec(CAT, addresses=(InetAddress("127.0.0.1", 0),)))
        (endpoint,) = server.runningServices[0].endpoints
        number = endpoint.descriptor
        assert number is not None
        kept = os.dup(number)
        try:
            os.close(number)
            self.assertEqual(
                server.check(), [f"test: 127.0.0.1:0: descriptor {number}: Bad file descriptor"]
            )
            for make, problem in (
                (lambda: os.open("/dev/null", os.O_RDONLY), "is no socket"),
                (lambda: socket.socket().detach(), "does not listen"),
                (lambda: socket.socket(socket.AF_UNIX).detach(), "is of another family"),
            ):
                made = make()
                os.dup2(made, number)
                if made != number:
                    os.close(made)
                self.assertEqual(
                    server.check(), [f"test: 127.0.0.1:0: descriptor {number} {problem}"]
                )
        finally:
            os.dup2(kept, number)
            os.close(kept)
        self.assertEqual(server.check(), [])
        yield server.stopService()
