"""
Tests for L{txinetd.sockets.private}.
"""

from __future__ import annotations

import socket

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txinetd.sockets.private import Private, privateSocket


class Shared:
    """
    A socket that several clients send to.
    """

    def __init__(self, clients: int) -> None:
        self.server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.server.bind(("127.0.0.1", 0))
        self.name = self.server.getsockname()
        self.clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(clients)]
        for client in self.clients:
            client.connect(self.name)
            client.settimeout(10)
        self.made: list[Private] = []

    def part(self) -> Private:
        """
        Make the server one client's own.
        """
        private = privateSocket(self.server)
        self.made.append(private)
        self.server = private.replacement
        return private

    def close(self) -> None:
        """
        Close everything.
        """
        for one in (self.server, *self.clients):
            one.close()
        for private in self.made:
            private.own.close()
            private.replacement.close()


def drain(sock: socket.socket) -> list[bytes]:
    """
    What is in a queue.
    """
    sock.setblocking(False)
    found = []
    while True:
        try:
            found.append(sock.recv(65535))
        except BlockingIOError:
            return found


class PrivateTests(SynchronousTestCase):
    """
    Tests for L{privateSocket}.
    """

    def shared(self, clients: int = 2) -> Shared:
        """
        A shared socket.
        """
        made = Shared(clients)
        self.addCleanup(made.close)
        return made

    def test_own(self) -> None:
        """
        A peer's own socket has its datagrams and is connected to it.
        """
        shared = self.shared()
        shared.clients[0].send(b"one")
        shared.clients[0].send(b"two")
        private = shared.part()
        self.assertEqual(private.peer, shared.clients[0].getsockname())
        self.assertEqual(private.own.getpeername(), private.peer)
        self.assertEqual((drain(private.own), private.dropped), ([b"one", b"two"], ()))

    def test_later(self) -> None:
        """
        What the peer sends later goes there too, and what others send goes to
        the one in its place.
        """
        shared = self.shared()
        shared.clients[0].send(b"one")
        private = shared.part()
        shared.clients[0].send(b"two")
        shared.clients[1].send(b"other")
        self.assertEqual(drain(private.own), [b"one", b"two"])
        self.assertEqual(drain(shared.server), [b"other"])

    def test_answer(self) -> None:
        """
        Its answers come from where the peer had sent to.
        """
        shared = self.shared()
        shared.clients[0].send(b"one")
        shared.part().own.send(b"answer")
        self.assertEqual(shared.clients[0].recv(100), b"answer")

    def test_several(self) -> None:
        """
        There can be one for each peer, all at the same time.
        """
        shared = self.shared(10)
        for number, client in enumerate(shared.clients):
            client.send(b"%d" % number)
            self.assertEqual(drain(shared.part().own), [b"%d" % number])
        for number, client in enumerate(shared.clients):
            client.send(b"again %d" % number)
            self.assertEqual(drain(shared.made[number].own), [b"again %d" % number])

    def test_othersPort(self) -> None:
        """
        The port is not to be had by others meanwhile.
        """
        shared = self.shared()
        shared.clients[0].send(b"one")
        shared.part()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
            thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.assertRaises(OSError, thief.bind, shared.name)

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.integers(0, 3), min_size=1, max_size=12))
    def test_mixed(self, senders: list[int]) -> None:
        """
        However the datagrams of several peers are mixed, one's own socket never
        holds another's; what it cannot hold is dropped and counted; and the last
        datagram is always served.
        """
        shared = Shared(4)
        try:
            for number, sender in enumerate(senders):
                shared.clients[sender].send(b"%d" % number)
            private = shared.part()
            held = [int(data) for data in drain(private.own)]
            self.assertEqual({senders[number] for number in held}, {senders[-1]})
            self.assertIn(len(senders) - 1, held)
            self.assertEqual(len(held) + len(private.dropped), len(senders))
        finally:
            shared.close()

    @given(st.lists(st.booleans(), min_size=1, max_size=6))
    def test_emptyDatagrams(self, empty: list[bool]) -> None:
        """
        Datagrams without data are looked at like any others.
        """
        shared = Shared(2)
        try:
            for number, nothing in enumerate(empty):
                shared.clients[number % 2].send(b"" if nothing else b"x")
            private = shared.part()
            self.assertEqual(len(drain(private.own)) + len(private.dropped), len(empty))
            self.assertEqual(private.peer, shared.clients[(len(empty) - 1) % 2].getsockname())
        finally:
            shared.close()
