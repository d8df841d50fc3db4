"""
How the daemon ends, and what becomes of the servers that run.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.integration.support import PATIENCE, Daemon, DaemonTestCase, readAll, waitFor


def isRunning(pid: int) -> bool:
    """
    Whether a process exists and is no zombie.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


class StopTests(DaemonTestCase):
    """
    SIGTERM and SIGINT.
    """

    def serveOne(self, *options: str, program: str = "/bin/cat cat") -> Daemon:
        """
        Start a daemon that has one server running, for one client.
        """
        self.port = self.freePort()
        daemon = self.start(f"127.0.0.1:{self.port} stream tcp nowait - {program}\n", *options)
        self.connection = self.connect(self.port)
        (self.server,) = waitFor(daemon.children, "the server")
        self.addCleanup(self.kill)
        return daemon

    def kill(self) -> None:
        """
        End the server, if it runs.
        """
        if isRunning(self.server):
            os.kill(self.server, signal.SIGKILL)

    def echoes(self) -> bool:
        """
        Whether the server serves.
        """
        self.connection.sendall(b"hello")
        return self.connection.recv(100) == b"hello"

    def test_leave(self) -> None:
        """
        Nobody is let in any more; the servers that run go on, and the daemon does
        not wait for them.
        """
        daemon = self.serveOne()
        daemon.stop()
        self.assertRaises(ConnectionRefusedError, self.connect, self.port)
        self.assertTrue(self.echoes())

    def test_interrupt(self) -> None:
        """
        SIGINT is as good as SIGTERM.
        """
        daemon = self.serveOne()
        daemon.stop(signal.SIGINT)
        self.assertTrue(self.echoes())

    def test_quit(self) -> None:
        """
        SIGQUIT leaves the servers that run, though the daemon is to end them or is
        just waiting for them.
        """
        for waits in (False, True):
            daemon = self.serveOne("--at-stop=end", "--grace=600")
            if waits:
                daemon.send(signal.SIGTERM)
                daemon.waitForLog("waiting for 1 servers")
            expected = -signal.SIGTERM if waits else 0
            self.assertEqual(daemon.stop(signal.SIGQUIT), expected)
            self.assertTrue(self.echoes())
            self.assertNotIn("Traceback", daemon.log())

    def test_check(self) -> None:
        """
        SIGIO has the daemon look whether its state is consistent.
        """
        daemon = self.serveOne()
        daemon.send(signal.SIGIO)
        daemon.waitForLog("consistency check: 0 problems")
        self.assertTrue(self.echoes())

    def test_wait(self) -> None:
        """
        On request the daemon waits until the servers have ended, and lets nobody
        in meanwhile.
        """
        daemon = self.serveOne("--at-stop", "wait")
        daemon.send(signal.SIGTERM)
        daemon.waitForLog("waiting for 1 servers to end")
        self.assertRaises(ConnectionRefusedError, self.connect, self.port)
        self.assertTrue(self.echoes())
        self.connection.shutdown(socket.SHUT_WR)
        self.assertEqual(readAll(self.connection), b"")
        daemon.process.wait(PATIENCE)
        self.assertIn("verdict=served", daemon.log())

    def test_waitWithGrace(self) -> None:
        """
        It waits for no longer than its grace.
        """
        daemon = self.serveOne("--at-stop", "wait", "--grace", "1")
        daemon.stop()
        self.assertIn("leaving 1 servers running", daemon.log())
        self.assertTrue(self.echoes())

    def test_end(self) -> None:
        """
        On request servers that outlast the grace are told to end.
        """
        daemon = self.serveOne("--at-stop", "end", "--grace", "0")
        daemon.stop()
        self.assertEqual(readAll(self.connection), b"")
        self.assertFalse(isRunning(self.server))
        self.assertIn("signal=15", daemon.log())

    def test_secondSignal(self) -> None:
        """
        A second SIGTERM ends the waiting.
        """
        daemon = self.serveOne("--at-stop", "wait")
        daemon.send(signal.SIGTERM)
        daemon.waitForLog("waiting for 1 servers")
        daemon.stop()
        self.assertTrue(self.echoes())
        self.assertNotIn("Traceback", daemon.log())

    def test_unixSockets(self) -> None:
        """
        Socket files are removed, but for one that has been replaced since.
        """
        ours, theirs = self.directory / "ours", self.directory / "theirs"
        daemon = self.start(
            f"{ours} stream unix nowait - /bin/cat cat\n"
            f"{theirs} stream unix nowait - /bin/cat cat\n"
        )
        theirs.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(theirs))
            daemon.stop()
            self.assertEqual((ours.exists(), theirs.exists()), (False, True))


class DaemoniseTests(DaemonTestCase):
    """
    twistd in the background, as it is without C{--nodaemon}.
    """

    def test_background(self) -> None:
        """
        It serves, reloads and stops; relative file names mean what they meant
        where they were typed.
        """
        port = self.freePort()
        self.write(f"127.0.0.1:{port} stream tcp nowait - /bin/echo echo one\n")
        pidFile = self.directory / "twistd.pid"
        started = subprocess.run(
            [
                sys.executable, "-c", "from twisted.scripts.twistd import run; run()",
                f"--pidfile={pidFile}", f"--logfile={self.directory}/log",
                "inetd", "-f", "inetd.conf",
            ],
            cwd=self.directory,
            capture_output=True,
            timeout=PATIENCE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
        self.assertEqual((started.returncode, started.stderr), (0, b""))
        pid = int(waitFor(lambda: pidFile.exists() and pidFile.read_text(), "the pid file"))
        try:
            log = self.directory / "log"
            waitFor(lambda: log.exists() and "serving 1 services" in log.read_text(), "it to serve")
            self.assertEqual(self.ask(port), b"one\n")
            self.write(f"127.0.0.1:{port} stream tcp nowait - /bin/echo echo two\n")
            os.kill(pid, signal.SIGHUP)
            waitFor(lambda: "reload: " in log.read_text(), "the reload")
            self.assertEqual(self.ask(port), b"two\n")
        finally:
            os.kill(pid, signal.SIGTERM)
            waitFor(lambda: not isRunning(pid), "its end")
        self.assertFalse(pidFile.exists())


class ServiceManagerTests(DaemonTestCase):
    """
    sd_notify(3).
    """

    def test_messages(self) -> None:
        """
        The service manager is told when the daemon is ready, reloads, is ready
        again and stops.
        """
        path = self.directory / "notify"
        port = self.freePort()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(path))
            manager.settimeout(PATIENCE)
            daemon = self.start(
                f"127.0.0.1:{port} stream tcp nowait - /bin/sh sh -c 'echo $NOTIFY_SOCKET'\n",
                environment={"NOTIFY_SOCKET": str(path)},
            )
            self.assertEqual(
                manager.recv(1000).decode().split("\n"), ["READY=1", f"MAINPID={daemon.pid}"]
            )
            self.assertEqual(self.ask(port), b"\n")
            daemon.send(signal.SIGHUP)
            self.assertTrue(manager.recv(1000).startswith(b"RELOADING=1\nMONOTONIC_USEC="))
            self.assertTrue(manager.recv(1000).startswith(b"READY=1"))
            daemon.stop()
            self.assertEqual(manager.recv(1000), b"STOPPING=1")
