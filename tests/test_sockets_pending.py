"""
Tests for L{txinetd.sockets.pending}.
"""

from __future__ import annotations

import array
import os
import socket
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txinetd.sockets.pending import drop, head


class PendingTests(SynchronousTestCase):
    """
    Tests for L{head} and L{drop}: the same for both kinds of datagram socket.
    """

    def setUp(self) -> None:
        directory = Path(self.mktemp())
        directory.mkdir()
        # Paths of sockets are short.
        self.pairs = [
            self.pair(socket.AF_INET, ("127.0.0.1", 0)),
            self.pair(socket.AF_UNIX, os.path.relpath(directory / "socket")),
        ]

    def pair(
        self, family: socket.AddressFamily, name: object
    ) -> tuple[socket.socket, socket.socket]:
        """
        A client and the server that it sends to.
        """
        server = socket.socket(family, socket.SOCK_DGRAM)
        client = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(server.close)
        self.addCleanup(client.close)
        server.bind(name)  # type: ignore[arg-type]
        client.connect(server.getsockname())
        return client, server

    def test_nothing(self) -> None:
        """
        An empty queue has no head, and nothing is dropped from it.
        """
        for _, server in self.pairs:
            self.assertIsNone(head(server))
            self.assertIsNone(drop(server))

    def test_stays(self) -> None:
        """
        To look takes nothing, and what one sees is the same as before.
        """
        for client, server in self.pairs:
            client.send(b"one")
            self.assertEqual(head(server), head(server))
            self.assertEqual(server.recv(100), b"one")

    def test_equalDatagrams(self) -> None:
        """
        Two datagrams of one peer that are equal are still two.
        """
        for client, server in self.pairs:
            client.send(b"same")
            first = head(server)
            client.send(b"same")
            self.assertEqual(head(server), first)
            drop(server)
            self.assertNotEqual(head(server), first)
            self.assertIsNotNone(head(server))

    def test_empty(self) -> None:
        """
        A datagram without data is one.
        """
        for client, server in self.pairs:
            client.send(b"")
            self.assertIsNotNone(head(server))

    def test_peer(self) -> None:
        """
        Both tell where it came from.
        """
        client, server = self.pairs[0]
        client.send(b"one")
        found = head(server)
        assert found is not None
        self.assertEqual(found.peer, client.getsockname())
        self.assertEqual(drop(server), client.getsockname())

    def test_descriptors(self) -> None:
        """
        Descriptors that a client sends along do not become ours by a look.
        """
        client, server = self.pairs[1]
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.addCleanup(os.close, write)
        passed = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [read, write]))
        client.sendmsg([b"x"], [passed])
        before = len(os.listdir("/proc/self/fd"))
        self.assertIsNotNone(head(server))
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)

    def test_leavesNoTrace(self) -> None:
        """
        The socket is as it was: a server is not sent time stamps that it did not
        ask for.
        """
        for client, server in self.pairs:
            client.send(b"one")
            head(server)
            self.assertEqual(server.recvmsg(100, 256)[1], [])
