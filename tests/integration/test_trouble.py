"""
What goes wrong around the daemon, and how it comes back.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.integration.support import (
    PATIENCE,
    DaemonTestCase,
    needCommand,
    needOrdinaryUser,
    needRoot,
    readAll,
    userEntry,
    waitFor,
)


class BindTests(DaemonTestCase):
    """
    Addresses that cannot be bound.
    """

    def test_taken(self) -> None:
        """
        A port that another process has costs that service, and is taken as soon
        as it is free.
        """
        taken, free = self.freePort(), self.freePort()
        with socket.create_server(("127.0.0.1", taken)):
            daemon = self.start(
                f"127.0.0.1:{taken} stream tcp nowait - /bin/echo echo taken\n"
                f"127.0.0.1:{free} stream tcp nowait - /bin/echo echo free\n"
            )
            self.assertEqual(self.ask(free), b"free\n")
            daemon.waitForLog(f"cannot listen: 127.0.0.1:{taken}: bind: Address already in use")
        daemon.waitForLog("listens on .* after all")
        self.assertEqual(self.ask(taken), b"taken\n")

    def test_takenDatagram(self) -> None:
        """
        So it is for datagrams: no port is shared with its owner.
        """
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as owner:
            owner.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            owner.bind(("127.0.0.1", 0))
            port = owner.getsockname()[1]
            daemon = self.start(f"127.0.0.1:{port} dgram udp wait - internal echo\n")
            daemon.waitForLog("cannot listen")
        daemon.waitForLog("after all")
        self.assertEqual(self.askDatagram(port, b"hello"), b"hello")

    def test_foreignAddress(self) -> None:
        """
        An address that no interface has is reported with its reason.
        """
        port = self.freePort()
        daemon = self.start(f"192.0.2.1:{port} stream tcp nowait - /bin/true true\n")
        daemon.waitForLog("no interface of this machine has that address")

    def test_privilegedPort(self) -> None:
        """
        An ordinary user is told why a low port cannot be had.
        """
        needOrdinaryUser()
        start = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()
        if int(start) <= 1:
            self.skipTest("here anybody may bind any port")
        daemon = self.start(
            "127.0.0.1:1 stream tcp nowait - /bin/true true\n",
        )
        daemon.waitForLog("ports below 1024 are for root")


class UnixFileTests(DaemonTestCase):
    """
    What is in the way of a unix socket.
    """

    def setUp(self) -> None:
        super().setUp()
        self.path = self.directory / "socket"
        self.line = f"{self.path} stream unix nowait - /bin/echo echo ours\n"

    def ask_(self) -> bytes:
        """
        What the socket's server says.
        """
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(str(self.path))
            return readAll(client)

    def test_stale(self) -> None:
        """
        The file of a server that has gone is replaced.
        """
        with socket.socket(socket.AF_UNIX) as gone:
            gone.bind(str(self.path))
        self.start(self.line)
        self.assertEqual(self.ask_(), b"ours\n")

    def test_live(self) -> None:
        """
        The file of a server that runs is left alone.
        """
        with socket.socket(socket.AF_UNIX) as live:
            live.bind(str(self.path))
            live.listen()
            before = self.path.stat().st_ino
            daemon = self.start(self.line)
            daemon.waitForLog("a running server has that socket")
            self.assertEqual(self.path.stat().st_ino, before)

    def test_liveOfAnotherType(self) -> None:
        """
        So is that of a server of datagrams.
        """
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as live:
            live.bind(str(self.path))
            daemon = self.start(self.line)
            daemon.waitForLog("a running server has that socket")
            self.assertTrue(self.path.exists())

    def test_ordinaryFile(self) -> None:
        """
        A file that is no socket is left alone.
        """
        self.path.write_text("precious")
        daemon = self.start(self.line)
        daemon.waitForLog("what is there is not a socket")
        self.assertEqual(self.path.read_text(), "precious")

    def test_link(self) -> None:
        """
        So is a symbolic link, wherever it leads.
        """
        target = self.directory / "target"
        with socket.socket(socket.AF_UNIX) as gone:
            gone.bind(str(target))
        self.path.symlink_to(target)
        daemon = self.start(self.line)
        daemon.waitForLog("what is there is not a socket")
        self.assertTrue(target.exists())


class ExhaustionTests(DaemonTestCase):
    """
    Running out of descriptors and processes.
    """

    def test_descriptors(self) -> None:
        """
        Without descriptors the daemon waits, says so once, and serves everybody
        when there are some again.
        """
        needCommand("prlimit")
        port = self.freePort()
        daemon = self.start(
            f"127.0.0.1:{port} stream tcp nowait - /bin/echo echo ok\n"
            f"127.0.0.1:{self.freePort()} stream tcp nowait - /bin/echo echo other\n"
        )
        self.assertEqual(self.ask(port), b"ok\n")
        daemon.records(1)
        used = set(map(int, os.listdir(f"/proc/{daemon.pid}/fd")))
        free = min(set(range(len(used) + 1)) - used)
        limit = ["prlimit", "--pid", str(daemon.pid)]
        subprocess.run([*limit, f"--nofile={free}:"], check=True)
        waiting = [self.connect(port) for _ in range(5)]
        daemon.waitForLog("cannot accept: Too many open files")
        before = daemonSeconds(daemon.pid)
        # Long enough for a loop without a pause to show.
        time.sleep(1)
        self.assertLess(daemonSeconds(daemon.pid) - before, 0.3)
        subprocess.run([*limit, "--nofile=1024:"], check=True)
        for connection in waiting:
            self.assertEqual(readAll(connection), b"ok\n")
        daemon.waitForLog("accepts again")
        self.assertEqual(daemon.log().count("cannot accept"), 1)

    def test_processes(self) -> None:
        """
        Where no process can be started, clients wait, the log says so once, and
        they are served when one can.
        """
        needOrdinaryUser()  # to root this limit does not apply
        needCommand("prlimit")
        port = self.freePort()
        daemon = self.start(f"127.0.0.1:{port} stream tcp nowait - /bin/echo echo ok\n")
        self.assertEqual(self.ask(port), b"ok\n")
        limit = ["prlimit", "--pid", str(daemon.pid)]
        subprocess.run([*limit, "--nproc=1:"], check=True)
        waiting = [self.connect(port) for _ in range(5)]
        daemon.waitForLog("cannot start servers: Resource temporarily unavailable")
        subprocess.run([*limit, "--nproc=4000:"], check=True)
        for connection in waiting:
            self.assertEqual(readAll(connection), b"ok\n")
        daemon.waitForLog("starts servers again")
        self.assertEqual(daemon.log().count("cannot start"), 1)


def daemonSeconds(pid: int) -> float:
    """
    Processor time that a process has used.
    """
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class RateTests(DaemonTestCase):
    """
    A service that is used more often than its line allows.
    """

    def test_over(self) -> None:
        """
        Whoever is over the limit is accepted and closed without a byte and
        without a reset; the log says so once; other services go on.
        """
        limited, other = self.freePort(), self.freePort()
        daemon = self.start(
            f"127.0.0.1:{limited} stream tcp nowait.3 - /bin/sh sh -c 'read word; echo yes'\n"
            f"127.0.0.1:{other} stream tcp nowait - /bin/echo echo other\n"
        )
        answers = [self.ask(limited, b"request") for _ in range(6)]
        self.assertEqual(answers, [b"yes\n"] * 3 + [b""] * 3)
        self.assertEqual(self.ask(other), b"other\n")
        daemon.records(3, verdict="refused", reason="starts-per-minute")
        self.assertEqual(daemon.log().count("over its limit"), 1)

    def test_default(self) -> None:
        """
        A line that says nothing allows 256 a minute.
        """
        port = self.freePort()
        daemon = self.start(f"127.0.0.1:{port} stream tcp nowait - /bin/true true\n")
        for _ in range(257):
            self.ask(port)
        daemon.records(256, verdict="served")
        self.assertEqual(len(daemon.records(1, verdict="refused")), 1)


class OrdinaryUserTests(DaemonTestCase):
    """
    A daemon that an ordinary user runs.
    """

    def test_otherUser(self) -> None:
        """
        A line for another user is an error when it is read, and makes no service.
        """
        needOrdinaryUser()
        me = pwd.getpwuid(os.getuid()).pw_name
        mine, theirs = self.freePort(), self.freePort()
        daemon = self.start(
            f"127.0.0.1:{mine} stream tcp nowait {me} /bin/echo echo mine\n"
            f"127.0.0.1:{theirs} stream tcp nowait root /bin/echo echo theirs\n"
        )
        self.assertRegex(daemon.log(), r"inetd.conf:2:\d+: error: found .*root.*\[other-user\]")
        self.assertEqual(self.ask(mine), b"mine\n")
        self.assertRaises(ConnectionRefusedError, self.connect, theirs)


class ShedTests(DaemonTestCase):
    """
    A daemon that root starts and that gives up its privileges (C{twistd --uid}).
    """

    def test_uid(self) -> None:
        """
        It has bound what only root may bind; it serves lines for the user that it
        is now; and those for others are errors when they are read.
        """
        needRoot()
        entry = userEntry("nobody")
        lines = [
            f"127.0.0.1:{{}} stream tcp nowait {user} /usr/bin/id id -u\n"
            for user in ("-", "nobody", "root")
        ]
        low = self.lowPort()
        mine, theirs = self.freePort(), self.freePort()
        ports = (low, mine, theirs)
        daemon = self.start(
            "".join(line.format(port) for line, port in zip(lines, ports, strict=True)),
            twistd=[f"--uid={entry.pw_uid}", f"--gid={entry.pw_gid}"],
        )
        self.assertRegex(daemon.log(), r"inetd.conf:3:\d+: error: .*\[other-user\]")
        expected = b"%d\n" % entry.pw_uid
        self.assertEqual([self.ask(port) for port in ports[:2]], [expected] * 2)

    def lowPort(self) -> int:
        """
        A port that only root may bind and nobody has.
        """
        for port in range(1023, 600, -1):
            with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
                return port
        self.skipTest("every low port is taken")


class InitTests(DaemonTestCase):
    """
    The daemon as the first process of a container.
    """

    def test_orphans(self) -> None:
        """
        It reaps the orphans of its servers.
        """
        needRoot()
        unshare = needCommand("unshare")
        probe = subprocess.run(
            [unshare, "--pid", "--fork", "--mount-proc", "true"], capture_output=True
        )
        if probe.returncode != 0:
            self.skipTest("there are no process namespaces here")
        port, other = self.freePort(), self.freePort()
        daemon = self.start(
            f"127.0.0.1:{port} stream tcp nowait - /bin/sh sh -c"
            " '(sleep 0.1 & ) ; echo started'\n"
            f"127.0.0.1:{other} stream tcp nowait -"
            " /bin/sh sh -c 'cat /proc/[0-9]*/stat | grep -c \" Z \"'\n",
            command=[unshare, "--pid", "--fork", "--kill-child", "--mount-proc"],
        )
        # unshare itself takes no signals.
        (init,) = daemon.children()
        self.addCleanup(os.kill, init, signal.SIGTERM)
        for _ in range(3):
            self.assertEqual(self.ask(port), b"started\n")
        daemon.records(3)
        waitFor(lambda: self.ask(other) == b"0\n", "the orphans to be reaped")
