"""
Services for virtual machines, over real sockets.

A client needs a machine that can speak to itself (C{modprobe vsock_loopback}).
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.integration.support import DaemonTestCase, needOrdinaryUser, readAll

#: The context id of a machine for itself.
LOCAL = 1


def needVsock() -> None:
    """
    Skip the test where there are no such sockets.
    """
    try:
        with socket.socket(socket.AF_VSOCK) as sock:
            sock.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
            sock.listen()
    except (AttributeError, OSError) as error:
        raise SkipTest(f"no sockets for virtual machines: {error}") from None


def needLoopback() -> None:
    """
    Skip the test where nobody can be connected to.
    """
    needVsock()
    if not Path("/sys/module/vsock_loopback").exists():
        raise SkipTest("no vsock_loopback in this kernel")


def freePort() -> int:
    """
    A port that nobody has.
    """
    with socket.socket(socket.AF_VSOCK) as sock:
        sock.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
        port: int = sock.getsockname()[1]
    return port


class ListenTests(DaemonTestCase):
    """
    Tests for listening.
    """

    def test_listens(self) -> None:
        """
        The daemon has the port, and nobody else can.
        """
        needVsock()
        port = freePort()
        daemon = self.start(f"{port} stream vsock nowait - /bin/cat cat\n")
        with socket.socket(socket.AF_VSOCK) as other:
            self.assertRaises(OSError, other.bind, (socket.VMADDR_CID_ANY, port))
        daemon.stop()
        with socket.socket(socket.AF_VSOCK) as other:
            other.bind((socket.VMADDR_CID_ANY, port))

    def test_elsewhere(self) -> None:
        """
        A context id that the machine does not have is tried again, and it is said why.
        """
        needVsock()
        daemon = self.start(f"77777:{freePort()} stream vsock nowait - /bin/cat cat\n")
        daemon.waitForLog("cannot listen: .*does not have that context id")

    def test_privileged(self) -> None:
        """
        An ordinary user is told which ports are not for him, whatever they are for TCP.
        """
        needVsock()
        needOrdinaryUser()
        daemon = self.start("99 stream vsock nowait - /bin/cat cat\n")
        daemon.waitForLog("cannot listen: .*ports below 1024 are for root")


class ServeTests(DaemonTestCase):
    """
    Tests for clients.
    """

    def askMachine(self, port: int, request: bytes = b"") -> bytes:
        """
        Send a request, half-close, and read everything.
        """
        with socket.socket(socket.AF_VSOCK) as client:
            client.settimeout(30)
            client.connect((LOCAL, port))
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            return readAll(client)

    def test_served(self) -> None:
        """
        A program has the connection, is told who it is from, and is recorded.
        """
        needLoopback()
        port = freePort()
        told = "echo $PROTO $VSOCKLOCALPORT $VSOCKREMOTECID $REMOTE_ADDR; cat"
        daemon = self.start(f"{port} stream vsock nowait - /bin/sh sh -c '{told}'\n")
        answer = self.askMachine(port, b"hello")
        self.assertEqual(answer, f"VSOCK {port} {LOCAL} vsock:{LOCAL}\nhello".encode())
        (record,) = daemon.records(1)
        self.assertEqual((record["protocol"], record["verdict"]), ("vsock", "served"))
        self.assertRegex(record["peer"], rf"^vsock:{LOCAL}:\d+$")
        self.assertRegex(record["local"], rf"^vsock:\d+:{port}$")

    def test_otherUser(self) -> None:
        """
        A program that runs as another user has it as well.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root can become another user")
        needLoopback()
        port = freePort()
        self.start(f"{port} stream vsock nowait nobody /usr/bin/id id -un\n")
        self.assertEqual(self.askMachine(port), b"nobody\n")

    def test_limit(self) -> None:
        """
        Each machine is counted as a source.
        """
        needLoopback()
        port = freePort()
        daemon = self.start(
            f"{port} on protocol = vsock, wait = no, user = -, exec = /bin/cat, args = cat,"
            " ip_max = 1;\n"
        )
        with socket.socket(socket.AF_VSOCK) as first:
            first.settimeout(30)
            first.connect((LOCAL, port))
            first.sendall(b"1")
            self.assertEqual(first.recv(1), b"1")
            self.assertEqual(self.askMachine(port), b"")
        (record,) = daemon.records(1, verdict="refused")
        self.assertRegex(record["peer"], rf"^vsock:{LOCAL}:")

    def test_wait(self) -> None:
        """
        A server can have the socket itself.
        """
        needLoopback()
        port = freePort()
        server = self.script(
            "server",
            f"#!{sys.executable}\n"
            "import socket\n"
            "listener = socket.socket(fileno=0)\n"
            "connection, peer = listener.accept()\n"
            "connection.sendall(b'%d\\n' % peer[0])\n",
        )
        daemon = self.start(f"{port} stream vsock wait - {server} server\n")
        self.assertEqual(self.askMachine(port), b"%d\n" % LOCAL)
        daemon.records(1, verdict="served")

    def test_inherited(self) -> None:
        """
        A socket that the daemon was started with is taken.
        """
        needLoopback()
        with socket.socket(socket.AF_VSOCK) as listener:
            listener.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
            listener.listen()
            port = listener.getsockname()[1]
            os.set_inheritable(listener.fileno(), True)
            number = listener.fileno()
            shell = f'exec 3<&{number} {number}<&-; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
            if number == 3:
                shell = 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
            self.start(
                f"{port} stream vsock nowait - /bin/cat cat\n",
                command=["/bin/sh", "-c", shell, "sh"],
                pass_fds=(number,),
            )
        self.assertEqual(self.askMachine(port, b"x"), b"x")

    def test_manyClients(self) -> None:
        """
        None of many at a time is lost.
        """
        needLoopback()
        port = freePort()
        daemon = self.start(f"{port} stream vsock nowait - /bin/cat cat\n")
        clients = []
        for _ in range(100):
            client = socket.socket(socket.AF_VSOCK)
            self.addCleanup(client.close)
            client.settimeout(30)
            client.connect((LOCAL, port))
            client.sendall(b"y")
            client.shutdown(socket.SHUT_WR)
            clients.append(client)
        self.assertEqual({readAll(each) for each in clients}, {b"y"})
        daemon.records(100, verdict="served")
