"""
Launchers that are killed, stopped and starved while clients come.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
import time
from typing import Any

from tests.integration.support import (
    PATIENCE,
    Daemon,
    DaemonTestCase,
    isLauncher,
    needRoot,
    readAll,
    userEntry,
    waitFor,
)


class HarmTests(DaemonTestCase):
    """
    Services of another user, whose launchers come to harm.
    """

    def setUp(self) -> None:
        needRoot()
        userEntry("nobody")
        super().setUp()

    def start(self, configuration: str, *options: str, **given: Any) -> Daemon:
        """
        See L{DaemonTestCase}; where another road would do as well launchers are not used by
        themselves.
        """
        return super().start(configuration, "--road", "launcher", *options, **given)

    def test_killed(self) -> None:
        """
        While eight clients come without pause, launchers are killed fifty times:
        every client gets its answer or the end of file, none waits for long, and
        every connection has one record.
        """
        port = self.freePort()
        daemon = self.start(
            f"127.0.0.1:{port} stream tcp nowait.0 nobody /bin/echo echo ok\n",
            "--backlog",
            "1000",
        )
        stop = threading.Event()
        answers: list[bytes] = []
        slow: list[float] = []
        failures: list[object] = []

        def client() -> None:
            while not stop.is_set():
                begun = time.monotonic()
                try:
                    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
                        answers.append(readAll(connection))
                except OSError as error:
                    failures.append(error)
                if time.monotonic() - begun > 2:
                    slow.append(time.monotonic() - begun)

        threads = [threading.Thread(target=client) for _ in range(8)]
        for thread in threads:
            thread.start()
        # The same in every run.
        chance = random.Random(4)
        killed = 0
        try:
            deadline = time.monotonic() + PATIENCE
            while killed < 50 and time.monotonic() < deadline:
                launchers = daemon.launchers()
                if launchers:
                    os.kill(chance.choice(launchers), signal.SIGKILL)
                    killed += 1
                time.sleep(chance.uniform(0.0, 0.05))
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual((killed, failures, slow), (50, [], []))
        self.assertLessEqual(set(answers), {b"ok\n", b""})
        records = daemon.records(len(answers))
        self.assertEqual(len(records), len(answers))
        served = [record for record in records if record["verdict"] == "served"]
        lost = [record for record in records if record["verdict"] == "failed"]
        self.assertEqual(len(served) + len(lost), len(answers))
        self.assertLessEqual({record["reason"] for record in lost}, {'"launcher-lost: refused"'})
        # A server that was begun may have answered before its launcher was killed.
        self.assertGreaterEqual(answers.count(b"ok\n"), len(served))
        self.assertLessEqual(answers.count(b""), len(lost))
        # How many are served between two kills depends on the machine; but some are, and
        # afterwards all.
        self.assertTrue(served)
        self.assertEqual(self.ask(port), b"ok\n")

    def test_accounted(self) -> None:
        """
        A server outlives its launcher, and how it ends is recorded all the same.
        """
        port = self.freePort()
        daemon = self.start(
            f"127.0.0.1:{port} stream tcp nowait nobody /bin/sh sh -c 'read word; exit 7'\n"
        )
        self.ask(port, b"go\n")
        daemon.records(1)
        (launcher,) = waitFor(daemon.launchers, "the launcher")
        before = daemon.descriptors()
        connection = self.connect(port)
        waitFor(daemon.children, "the server")
        # That it has been told of, too: the daemon lets go of the connection then.
        waitFor(lambda: daemon.descriptors() == before, "the hand-over")
        os.kill(launcher, signal.SIGKILL)
        waitFor(lambda: not daemon.launchers(), "the launcher's end")
        connection.sendall(b"go\n")
        record = daemon.records(2)[1]
        self.assertEqual((record["verdict"], record["exit"]), ("served", "7"))

    def test_fromAChild(self) -> None:
        """
        A server can stop its own launcher, being of the same user; clients that
        come then are served all the same.
        """
        port = self.freePort()
        line = (
            f"127.0.0.1:{port} stream tcp nowait nobody /bin/sh sh -c 'kill -STOP $PPID; echo ok'\n"
        )
        daemon = self.start(line)
        self.assertEqual(self.ask(port), b"ok\n")
        # The launcher does not answer; that is noticed, and another takes over.
        self.assertEqual(self.ask(port), b"ok\n")
        daemon.waitForLog("does not answer")
        # The last one has been stopped as well, and still does not stay behind.
        launchers = daemon.launchers()
        daemon.stop()
        waitFor(lambda: not any(map(isLauncher, launchers)), "the launchers' end")

    def test_daemonKilled(self) -> None:
        """
        Nor does a stopped one outlive a daemon that is killed.
        """
        port = self.freePort()
        script = "kill -STOP $PPID; echo ok"
        daemon = self.start(f"127.0.0.1:{port} stream tcp nowait nobody /bin/sh sh -c '{script}'\n")
        self.assertEqual(self.ask(port), b"ok\n")
        launchers = daemon.launchers()
        daemon.send(signal.SIGKILL)
        daemon.process.wait()
        waitFor(lambda: not any(map(isLauncher, launchers)), "the launchers' end")

    def test_noDescriptors(self) -> None:
        """
        A server can take its launcher's descriptors away; connections are lost by
        name or served, and later ones are served.
        """
        port = self.freePort()
        script = "prlimit --pid $PPID --nofile=5:5; echo ok"
        daemon = self.start(f"127.0.0.1:{port} stream tcp nowait nobody /bin/sh sh -c '{script}'\n")
        self.assertEqual(self.ask(port), b"ok\n")
        seen = [self.ask(port) for _ in range(4)]
        self.assertLessEqual(set(seen), {b"ok\n", b""})
        self.assertEqual(len(daemon.records(5)), 5)
        self.assertNotIn("Traceback", daemon.log())
