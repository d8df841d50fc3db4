"""
Tests for L{txinetd.internal.atonce}.
"""

from __future__ import annotations

import contextlib
import socket
import struct

from twisted.trial.unittest import SynchronousTestCase

from txinetd.internal.atonce import NOTHING, Begun, echoAtOnce


class EchoTests(SynchronousTestCase):
    """
    Tests for L{echoAtOnce}.
    """

    def setUp(self) -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        self.client = socket.create_connection(listening.getsockname(), 30)
        self.addCleanup(self.client.close)
        self.server, _ = listening.accept()
        self.addCleanup(self.server.close)

    def test_silent(self) -> None:
        """
        From a client that has said nothing yet there is nothing.
        """
        self.assertEqual(echoAtOnce(self.server), NOTHING)

    def test_whole(self) -> None:
        """
        Who has said everything gets all of it, and then it is over.
        """
        self.client.sendall(b"hello")
        self.client.shutdown(socket.SHUT_WR)
        self.assertEqual(echoAtOnce(self.server), Begun(5, over=True))
        self.assertEqual(self.client.recv(100), b"hello")

    def test_begun(self) -> None:
        """
        Who may go on gets what there is.
        """
        self.client.sendall(b"hello")
        self.assertEqual(echoAtOnce(self.server), Begun(5))
        self.assertEqual(self.client.recv(100), b"hello")

    def test_full(self) -> None:
        """
        Where the client does not read, what does not fit is left to be written.
        """
        # Over TCP nobody knows when the other side has taken what it can.
        client, server = socket.socketpair()
        self.addCleanup(client.close)
        self.addCleanup(server.close)
        for size in (65536, 1):
            with contextlib.suppress(BlockingIOError):
                while True:
                    server.send(bytes(size), socket.MSG_DONTWAIT)
        client.sendall(b"hello")
        self.assertEqual(echoAtOnce(server), Begun(5, rest=b"hello"))

    def test_endless(self) -> None:
        """
        Whoever says very much has others served in between.
        """
        self.client.sendall(bytes(200_000))
        begun = echoAtOnce(self.server)
        self.assertLessEqual(begun.carried, 65536)
        self.assertGreater(begun.carried, 0)

    def test_reset(self) -> None:
        """
        With a client that has broken off it is over.
        """
        linger = struct.pack("ii", 1, 0)
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.client.close()
        self.assertEqual(echoAtOnce(self.server), Begun(over=True))
