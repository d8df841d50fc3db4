"""
Tests for L{txinetd.sockets.firstbyte}.
"""

from __future__ import annotations

import socket
import struct
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txinetd.sockets.firstbyte import FirstByte


class WatchingClock(Clock):
    """
    A clock that also keeps readers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.readers: set[Any] = set()

    def addReader(self, reader: Any) -> None:
        """
        Watch.
        """
        self.readers.add(reader)

    def removeReader(self, reader: Any) -> None:
        """
        Watch no more.
        """
        self.readers.discard(reader)

    def read(self) -> None:
        """
        Tell all that they are readable, be it true or not.
        """
        for reader in tuple(self.readers):
            reader.doRead()


class FirstByteTests(SynchronousTestCase):
    """
    Tests for L{FirstByte}.
    """

    def setUp(self) -> None:
        self.clock = WatchingClock()
        self.client, self.server = socket.socketpair()
        self.addCleanup(self.client.close)
        self.addCleanup(self.server.close)
        self.said: list[str] = []
        self.waiting = FirstByte(
            self.clock,
            self.server,
            5.0,
            lambda: self.said.append("came"),
            lambda: self.said.append("closed"),
            lambda: self.said.append("late"),
        )

    def assertOver(self, said: list[str]) -> None:
        """
        It has said so, and is not watching any more.
        """
        self.assertEqual(self.said, said)
        self.assertEqual((self.clock.readers, self.clock.getDelayedCalls()), (set(), []))

    def test_came(self) -> None:
        """
        What the client has sent is there for whoever reads it.
        """
        self.client.send(b"hello")
        self.clock.read()
        self.assertOver(["came"])
        self.assertEqual(self.server.recv(10), b"hello")

    def test_nothing(self) -> None:
        """
        A false alarm is none, and does not block.
        """
        self.clock.read()
        self.assertEqual(self.said, [])
        self.assertEqual(len(self.clock.readers), 1)

    def test_closed(self) -> None:
        """
        A client that closes is told apart from one that sends.
        """
        self.client.close()
        self.clock.read()
        self.assertOver(["closed"])

    def test_reset(self) -> None:
        """
        So is one whose connection breaks.
        """
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            server, _ = listener.accept()
            self.addCleanup(server.close)
            said: list[str] = []
            FirstByte(
                self.clock,
                server,
                5.0,
                lambda: said.append("came"),
                lambda: said.append("closed"),
                lambda: said.append("late"),
            )
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            self.clock.read()
        self.assertEqual(said, ["closed"])

    def test_late(self) -> None:
        """
        When the time is over it says so.
        """
        self.clock.advance(4.9)
        self.assertEqual(self.said, [])
        self.clock.advance(0.2)
        self.assertOver(["late"])

    def test_cancelled(self) -> None:
        """
        Nothing is said after it has been cancelled.
        """
        self.waiting.cancel()
        self.client.send(b"x")
        self.clock.read()
        self.clock.advance(10)
        self.assertOver([])
