"""
Tests for L{txinetd.sockets.inherited}.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys

import attrs
from twisted.logger import capturedLogs
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from txinetd.errors import BindError
from txinetd.sockets.bind import inheritedSocket
from txinetd.sockets.inherited import Inherited, NamedSocket, fromEnvironment
from txinetd.spec import (
    Identity,
    InetAddress,
    Program,
    ServiceSpec,
    SocketType,
    UnixAddress,
)

SPEC = ServiceSpec(
    "web",
    SocketType.STREAM,
    "tcp",
    (InetAddress("127.0.0.1", 1),),
    False,
    Program(b"/bin/true", (b"true",)),
    Identity("nobody", 65534, 65534),
)


class TakeTests(SynchronousTestCase):
    """
    Tests for L{Inherited.take}.
    """

    def listener(
        self, name: object, family: socket.AddressFamily = socket.AF_INET
    ) -> socket.socket:
        """
        A bound socket.
        """
        sock = socket.socket(family, socket.SOCK_STREAM)
        self.addCleanup(sock.close)
        try:
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.bind(name)  # type: ignore[arg-type]
        except OSError as error:
            raise SkipTest(str(error)) from None
        return sock

    def take(
        self, sock: socket.socket, address: InetAddress | UnixAddress, name: str = ""
    ) -> socket.socket | None:
        """
        Take the only socket that there is.
        """
        taken = inheritedSocket(SPEC, address, Inherited([NamedSocket(name, sock)]))
        if taken is not None:
            self.addCleanup(taken.close)
        return taken

    def test_givenAway(self) -> None:
        """
        A socket for datagrams that would be given away to a server is not taken: its
        parent's copy would go on taking a peer's datagrams.  With wait it is.
        """
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.bind(("127.0.0.1", 0))
        address = InetAddress("127.0.0.1", sock.getsockname()[1])
        spec = attrs.evolve(SPEC, socketType=SocketType.DGRAM)
        inherited = Inherited([NamedSocket("", sock)])
        error = self.assertRaises(BindError, inheritedSocket, spec, address, inherited)
        self.assertIn("use wait", str(error))
        taken = inheritedSocket(attrs.evolve(spec, wait=True), address, inherited)
        assert taken is not None
        taken.close()

    def test_address(self) -> None:
        """
        The socket with the service's address is taken: a duplicate that listens, does not
        block and does not survive an execve(2).
        """
        sock = self.listener(("127.0.0.1", 0))
        taken = self.take(sock, InetAddress(*sock.getsockname()))
        assert taken is not None
        self.assertNotEqual(taken.fileno(), sock.fileno())
        self.assertEqual(taken.getsockname(), sock.getsockname())
        self.assertTrue(taken.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
        self.assertFalse(taken.getblocking() or taken.get_inheritable())

    def test_other(self) -> None:
        """
        One with another address, or of another type, is not.
        """
        sock = self.listener(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        self.assertIsNone(self.take(sock, InetAddress("127.0.0.2", port)))
        self.assertIsNone(self.take(sock, InetAddress("0.0.0.0", port)))
        spec = attrs.evolve(SPEC, socketType=SocketType.DGRAM)
        inherited = Inherited([NamedSocket("web", sock)])
        self.assertIsNone(inherited.take(spec, InetAddress("127.0.0.1", port)))

    def test_name(self) -> None:
        """
        Where no address fits, the name does, if there is only one of that name.
        """
        sock = self.listener(("127.0.0.1", 0))
        self.assertIsNotNone(self.take(sock, InetAddress("127.0.0.1", 9), "web"))
        self.assertIsNone(self.take(sock, InetAddress("127.0.0.1", 9), "other"))
        self.assertIsNone(self.take(sock, InetAddress("::1", 9), "web"))
        both = Inherited([NamedSocket("web", sock), NamedSocket("web", sock)])
        self.assertIsNone(both.take(SPEC, InetAddress("127.0.0.1", 9)))

    def test_bothFamilies(self) -> None:
        """
        One wildcard for both families is that of either.
        """
        sock = self.listener(("::", 0), socket.AF_INET6)
        port = sock.getsockname()[1]
        self.assertIsNotNone(self.take(sock, InetAddress("::", port)))
        self.assertIsNotNone(self.take(sock, InetAddress("0.0.0.0", port)))

    def test_path(self) -> None:
        """
        A unix socket is known by its path.
        """
        path = os.path.relpath(self.mktemp())
        sock = self.listener(path, socket.AF_UNIX)
        self.assertIsNotNone(self.take(sock, UnixAddress(path.encode(), 0, 0)))
        self.assertIsNone(self.take(sock, UnixAddress(b"/other", 0, 0)))

    def test_again(self) -> None:
        """
        What was taken and closed can be taken again.
        """
        sock = self.listener(("127.0.0.1", 0))
        inherited = Inherited([NamedSocket("", sock)])
        for _ in range(2):
            taken = inherited.take(SPEC, InetAddress(*sock.getsockname()))
            assert taken is not None
            taken.close()

    def test_unused(self) -> None:
        """
        What nobody takes is said, and nothing else.
        """
        one, two = self.listener(("127.0.0.1", 0)), self.listener(("127.0.0.1", 0))
        inherited = Inherited([NamedSocket("one", one), NamedSocket("two", two)])
        taken = inherited.take(SPEC, InetAddress(*one.getsockname()))
        assert taken is not None
        taken.close()
        with capturedLogs() as events:
            inherited.sayUnused()
        self.assertEqual([event["name"] for event in events], ["two"])


class EnvironmentTests(SynchronousTestCase):
    """
    Tests for L{fromEnvironment}.
    """

    def environment(self, **changed: str) -> dict[str, str]:
        """
        What a parent sets that passes one socket.
        """
        return {"LISTEN_PID": "42", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web", **changed}

    def test_taken(self) -> None:
        """
        The sockets are there by their names, and are not passed on by accident.
        """
        with socket.create_server(("127.0.0.1", 0)) as sock:
            first = fcntl.fcntl(sock.fileno(), fcntl.F_DUPFD, 100)
            name = sock.getsockname()
        os.set_inheritable(first, True)
        inherited = fromEnvironment(self.environment(), 42, first)
        self.assertEqual(len(inherited), 1)
        self.assertFalse(os.get_inheritable(first))
        taken = inherited.take(SPEC, InetAddress(*name))
        assert taken is not None
        taken.close()

    def test_forOthers(self) -> None:
        """
        What is meant for another process, or for none, is left alone.
        """
        self.assertEqual(len(fromEnvironment(self.environment(), 43)), 0)
        self.assertEqual(len(fromEnvironment({}, 42)), 0)

    def test_nonsense(self) -> None:
        """
        What is no number, and what is no socket, is said and does no harm.
        """
        with capturedLogs() as events:
            self.assertEqual(len(fromEnvironment(self.environment(LISTEN_FDS="x"), 42)), 0)
            with open(os.devnull) as file:
                first = file.fileno()
                self.assertEqual(len(fromEnvironment(self.environment(), 42, first)), 0)
        self.assertEqual(len(events), 2)


class ImportTests(SynchronousTestCase):
    """
    Tests for what becomes of the environment before anybody looks at it.
    """

    def seen(self, code: str) -> str:
        """
        What a process that was started with C{LISTEN_FDS} prints.
        """
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "LISTEN_FDS": "1"},
        )
        return done.stdout

    def test_kept(self) -> None:
        """
        To import the daemon takes nothing out of the environment, as some modules of
        Twisted do.
        """
        code = (
            "import os; os.environ['LISTEN_PID'] = str(os.getpid());"
            " import txinetd.tap, txinetd.daemon, txinetd.server;"
            " print(os.environ.get('LISTEN_FDS'))"
        )
        self.assertEqual(self.seen(code), "1\n")

    def test_takenBefore(self) -> None:
        """
        What a module of Twisted has taken out of the environment is known nevertheless.
        """
        code = (
            "import twisted.internet.endpoints;"
            " from txinetd.sockets.inherited import environmentAtStart;"
            " print(environmentAtStart().get('LISTEN_FDS'))"
        )
        self.assertEqual(self.seen(code), "1\n")
