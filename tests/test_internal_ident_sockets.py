"""
Tests for L{txinetd.internal.ident.sockets}, with real connections.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from txinetd.internal.ident import sockets
from txinetd.internal.ident.sockets import Connection, connectionOf, ownerOf

#: Connects to a port of loopback, says which port it has, and waits.
CLIENT = """\
import socket, sys
client = socket.create_connection((sys.argv[1], int(sys.argv[2])))
print(client.getsockname()[1], flush=True)
sys.stdin.read()
"""


def between(local: socket.socket) -> Connection:
    """
    What a socket's connection is.
    """
    here, there = local.getsockname(), local.getpeername()
    made = connectionOf(here[0], here[1], there[0], there[1])
    assert made is not None
    return made


class ConnectionTests(SynchronousTestCase):
    """
    Tests for L{connectionOf}.
    """

    def test_mapped(self) -> None:
        """
        IPv4 within IPv6 is IPv4.
        """
        self.assertEqual(
            connectionOf("::ffff:127.0.0.1", 1, "::ffff:192.0.2.1", 2),
            Connection(IPv4Address("127.0.0.1"), 1, IPv4Address("192.0.2.1"), 2),
        )

    def test_scope(self) -> None:
        """
        A scope is an interface; one that is not there is none.
        """
        index = socket.if_nametoindex("lo")
        for host, interface in (("fe80::1%lo", index), ("fe80::1%7", 7), ("fe80::1%no", 0)):
            self.assertEqual(
                connectionOf(host, 1, host, 2),
                Connection(IPv6Address("fe80::1"), 1, IPv6Address("fe80::1"), 2, interface),
            )

    def test_none(self) -> None:
        """
        There is no connection between what are no addresses, or addresses of two kinds.
        """
        self.assertIsNone(connectionOf("127.0.0.1", 1, "::1", 2))
        self.assertIsNone(connectionOf("/tmp/socket", 1, "127.0.0.1", 2))


class OwnerTests(SynchronousTestCase):
    """
    Tests for L{ownerOf}, by netlink.
    """

    def listen(self, host: str, dualStack: bool = False) -> socket.socket:
        """
        A socket that listens.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listener = socket.create_server((host, 0), family=family, dualstack_ipv6=dualStack)
        except OSError as error:
            raise SkipTest(f"no {host}") from error
        self.addCleanup(listener.close)
        return listener

    def pair(self, listener: socket.socket, host: str) -> tuple[socket.socket, socket.socket]:
        """
        Both ends of a connection.
        """
        client = socket.create_connection((host, listener.getsockname()[1]))
        self.addCleanup(client.close)
        server, _ = listener.accept()
        self.addCleanup(server.close)
        return client, server

    def owner(self, connection: Connection, known: Connection) -> int | None:
        """
        Whose a connection is.
        """
        return ownerOf(connection, known, Path("/no/such/directory"))

    def test_mine(self) -> None:
        """
        Both ends of a connection within this process are this user's, over IPv4 and
        IPv6.
        """
        for host in ("127.0.0.1", "::1"):
            for end in self.pair(self.listen(host), host):
                self.assertEqual(self.owner(between(end), between(end)), os.geteuid())

    def test_mapped(self) -> None:
        """
        So they are where one end is a socket for both families.
        """
        for end in self.pair(self.listen("::", dualStack=True), "127.0.0.1"):
            self.assertEqual(self.owner(between(end), between(end)), os.geteuid())

    def test_another(self) -> None:
        """
        Another user's are that user's.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root can become another user")
        python = shutil.which("python3", path="/usr/bin:/bin")
        if python is None:
            raise SkipTest("no Python that everybody may run")
        for host in ("127.0.0.1", "::1"):
            listener = self.listen(host)
            with subprocess.Popen(
                [python, "-I", "-c", CLIENT, host, str(listener.getsockname()[1])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                user=60001,
                group=60002,
                extra_groups=[],
                cwd="/",
            ) as client:
                assert client.stdin is not None and client.stdout is not None
                self.assertNotEqual(client.stdout.readline(), b"")
                server, _ = listener.accept()
                with server:
                    here = between(server)
                    there = Connection(here.remote, here.remotePort, here.local, here.localPort)
                    self.assertEqual(self.owner(there, here), 60001)
                    self.assertEqual(self.owner(here, here), 0)
                client.stdin.close()

    def test_none(self) -> None:
        """
        What there is not is nobody's; nor is a socket that only listens there.
        """
        listener = self.listen("127.0.0.1")
        client, _ = self.pair(listener, "127.0.0.1")
        known = between(client)
        loopback = IPv4Address("127.0.0.1")
        port = listener.getsockname()[1]
        self.assertIsNone(self.owner(Connection(loopback, port, loopback, 1), known))
        self.assertIsNone(self.owner(Connection(loopback, 1, loopback, port), known))

    def test_closed(self) -> None:
        """
        What is closed already is nobody's, and not root's.
        """
        listener = self.listen("127.0.0.1")
        client, _ = self.pair(listener, "127.0.0.1")
        gone = between(client)
        # Not read by the other end, which keeps the kernel's half of it there.
        client.close()
        other = self.pair(listener, "127.0.0.1")[0]
        self.assertIsNone(self.owner(gone, between(other)))

    def test_halfClosed(self) -> None:
        """
        What is closed by the other end only is still somebody's.
        """
        client, server = self.pair(self.listen("127.0.0.1"), "127.0.0.1")
        server.shutdown(socket.SHUT_WR)
        for end in (client, server):
            self.assertEqual(self.owner(between(end), between(end)), os.geteuid())


class TableTests(OwnerTests):
    """
    The same without netlink, by reading.
    """

    def setUp(self) -> None:
        def refuse(connection: Connection) -> None:
            raise OSError(93, "Protocol not supported")

        self.patch(sockets, "_byNetlink", refuse)

    def owner(self, connection: Connection, known: Connection) -> int | None:
        """
        Whose a connection is.
        """
        return ownerOf(connection, known)

    def test_noTables(self) -> None:
        """
        Without those tables either it cannot be found out.
        """
        client, _ = self.pair(self.listen("127.0.0.1"), "127.0.0.1")
        empty = Path(self.mktemp())
        empty.mkdir()
        self.assertRaises(OSError, ownerOf, between(client), between(client), empty)


class UselessNetlinkTests(TableTests):
    """
    The same where netlink is there and finds nothing, as without the kernel's module.
    """

    def setUp(self) -> None:
        self.patch(sockets, "_byNetlink", lambda connection: None)
