"""
Tests for L{txinetd.sockets.peers}: this side of connections, where it is the same for
all of them.
"""

from __future__ import annotations

import socket

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from txinetd.process.facts import End
from txinetd.sockets.peers import connectionFacts, fixedEnd

#: C{IP_TRANSPARENT}, which L{socket} does not have everywhere.
IP_TRANSPARENT = 19


class FixedTests(SynchronousTestCase):
    """
    Tests for L{fixedEnd}.
    """

    def listen(self, family: socket.AddressFamily, address: object) -> socket.socket:
        """
        A socket that listens.
        """
        listener = socket.socket(family, socket.SOCK_STREAM)
        self.addCleanup(listener.close)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)  # type: ignore[arg-type]
        listener.listen()
        return listener

    def test_one(self) -> None:
        """
        A socket that is bound to one address has that.
        """
        for family, host, shown in (
            (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
            (socket.AF_INET6, "::1", "::1"),
            (socket.AF_INET6, "::ffff:127.0.0.1", "127.0.0.1"),
        ):
            listener = self.listen(family, (host, 0))
            port = listener.getsockname()[1]
            self.assertEqual(fixedEnd(listener), End(shown, port))

    def test_same(self) -> None:
        """
        It is what each of its connections says of itself.
        """
        listener = self.listen(socket.AF_INET, ("127.0.0.1", 0))
        with socket.create_connection(listener.getsockname()):
            connection, peer = listener.accept()
            with connection:
                self.assertEqual(
                    connectionFacts(connection, peer, fixedEnd(listener)),
                    connectionFacts(connection, peer),
                )

    def test_any(self) -> None:
        """
        Connections to any address have to be asked.
        """
        for family, host in (
            (socket.AF_INET, "0.0.0.0"),
            (socket.AF_INET6, "::"),
            (socket.AF_INET6, "::ffff:0.0.0.0"),
        ):
            self.assertIsNone(fixedEnd(self.listen(family, (host, 0))))

    def test_transparent(self) -> None:
        """
        So have those to a socket that takes what was for others.
        """
        listener = self.listen(socket.AF_INET, ("127.0.0.1", 0))
        try:
            listener.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)
        except PermissionError:
            raise SkipTest("only who may administer the network can have that") from None
        self.assertIsNone(fixedEnd(listener))

    def test_unix(self) -> None:
        """
        So have those of other kinds.
        """
        self.assertIsNone(fixedEnd(self.listen(socket.AF_UNIX, "")))
