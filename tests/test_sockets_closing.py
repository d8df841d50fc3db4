"""
Tests for L{txinetd.sockets.closing}.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import inlineCallbacks
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from txinetd.sockets.closing import Closer

reactor: Any = _reactor


class CloserTests(TestCase):
    """
    Tests for L{Closer}.
    """

    def setUp(self) -> None:
        self.closer = Closer(reactor)
        self.addCleanup(self.closer.closeAll)

    def pair(self) -> tuple[socket.socket, socket.socket]:
        """
        Both ends of a connection.
        """
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            server, _ = listener.accept()
        self.addCleanup(client.close)
        # Before that, while its descriptor is still its own.
        self.addCleanup(self.closer.closeAll)
        client.settimeout(10)
        return client, server

    @inlineCallbacks
    def until(self, count: int) -> Any:
        """
        Wait until so many connections linger.
        """
        while len(self.closer) != count:
            yield deferLater(reactor, 0.001)

    @inlineCallbacks
    def test_unread(self) -> Any:
        """
        A client that has sent something sees the end of file and no reset.
        """
        client, server = self.pair()
        client.sendall(b"x" * 1000)
        self.closer.close(server)
        self.assertEqual(client.recv(10), b"")
        client.close()
        yield self.until(0)

    @inlineCallbacks
    def test_sendsLater(self) -> Any:
        """
        Nor does one that sends something afterwards.
        """
        client, server = self.pair()
        self.closer.close(server)
        client.sendall(b"x" * 1000)
        yield deferLater(reactor, 0)
        self.assertEqual(client.recv(10), b"")
        client.sendall(b"x" * 1000)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(client.recv(10), b"")
        yield self.until(0)

    @inlineCallbacks
    def test_gone(self) -> Any:
        """
        A connection whose client has closed is closed at once.
        """
        client, server = self.pair()
        client.shutdown(socket.SHUT_WR)
        self.closer.close(server)
        self.assertEqual((len(self.closer), server.fileno()), (0, -1))
        yield None

    @inlineCallbacks
    def test_patience(self) -> Any:
        """
        A client that does nothing is not waited for for ever.
        """
        self.closer.patience = 0.01
        _, server = self.pair()
        self.closer.close(server)
        yield self.until(0)
        self.assertEqual(server.fileno(), -1)

    @inlineCallbacks
    def test_tooMuch(self) -> Any:
        """
        Nor is one read for ever that sends and sends.
        """
        self.closer.longest = 10
        client, server = self.pair()
        self.closer.close(server)
        client.sendall(b"x" * 100)
        yield self.until(0)

    @inlineCallbacks
    def test_tooMany(self) -> Any:
        """
        Where many linger already, others are closed at once.
        """
        self.closer.most = 1
        _, one = self.pair()
        _, two = self.pair()
        self.closer.close(one)
        self.closer.close(two)
        self.assertEqual((len(self.closer), two.fileno()), (1, -1))
        yield None
