"""
SIGHUP: what changes in the file changes, and nothing else.
"""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from pathlib import Path

from tests.integration.support import PATIENCE, Daemon, DaemonTestCase, readAll, waitFor


class ReloadTestCase(DaemonTestCase):
    """
    Changes a daemon's file.
    """

    def reload(self, daemon: Daemon, configuration: str | None = None) -> None:
        """
        Have a daemon read its file again, and wait until it has.
        """
        before = daemon.log().count("reload: ")
        if configuration is not None:
            self.write(configuration)
        daemon.send(signal.SIGHUP)
        daemon.waitForLog("reload: ", before + 1)

    def refuses(self, port: int) -> bool:
        """
        Whether nobody listens on a port.
        """
        try:
            self.connect(port).close()
        except ConnectionRefusedError:
            return True
        return False

    def inode(self, daemon: Daemon, port: int) -> str:
        """
        Which socket of a daemon listens on a port.
        """
        for line in Path(f"/proc/{daemon.pid}/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(f":{port:04X}") and fields[3] == "0A":
                return fields[9]
        raise AssertionError(f"nobody listens on {port}")


class ChangeTests(ReloadTestCase):
    """
    One change at a time.
    """

    def setUp(self) -> None:
        super().setUp()
        self.one, self.two = self.freePort(), self.freePort()

    def line(self, port: int, word: str, extra: str = "") -> str:
        """
        A service that says a word.
        """
        return f"127.0.0.1:{port} stream tcp nowait{extra} - /bin/echo echo {word}\n"

    def test_new(self) -> None:
        """
        A new line is a new service.
        """
        daemon = self.start(self.line(self.one, "one"))
        self.assertTrue(self.refuses(self.two))
        self.reload(daemon, self.line(self.one, "one") + self.line(self.two, "two"))
        self.assertEqual(self.ask(self.two), b"two\n")

    def test_removed(self) -> None:
        """
        A line that is gone is a service that is gone.
        """
        daemon = self.start(self.line(self.one, "one") + self.line(self.two, "two"))
        self.reload(daemon, self.line(self.one, "one"))
        self.assertTrue(self.refuses(self.two))
        self.assertEqual(self.ask(self.one), b"one\n")

    def test_left(self) -> None:
        """
        The servers of a service that is gone go on.
        """
        daemon = self.start(f"127.0.0.1:{self.one} stream tcp nowait - /bin/cat cat\n")
        with self.connect(self.one) as client:
            waitFor(daemon.children, "the server")
            self.reload(daemon, self.line(self.two, "two"))
            client.sendall(b"hello")
            self.assertEqual(client.recv(100), b"hello")

    def test_ended(self) -> None:
        """
        On request they end, and no others do.
        """
        cat = "127.0.0.1:{} stream tcp nowait - /bin/cat cat\n"
        daemon = self.start(cat.format(self.one) + cat.format(self.two), "--at-reload", "end")
        with self.connect(self.one) as one, self.connect(self.two) as two:
            waitFor(lambda: len(daemon.children()) == 2, "both servers")
            self.reload(daemon, cat.format(self.two))
            self.assertEqual(readAll(one), b"")
            (record,) = daemon.records(1, verdict="served")
            self.assertEqual((record["service"], record["signal"]), (str(self.one), "15"))
            two.sendall(b"hello")
            self.assertEqual(two.recv(100), b"hello")

    def test_stubborn(self) -> None:
        """
        Who does not heed SIGTERM gets SIGKILL.
        """
        deaf = "sh -c 'trap \"\" TERM; echo ready; exec cat'"
        daemon = self.start(
            f"127.0.0.1:{self.one} stream tcp nowait - /bin/sh {deaf}\n", "--at-reload", "end"
        )
        with self.connect(self.one) as client:
            self.assertEqual(client.recv(100), b"ready\n")
            self.reload(daemon, self.line(self.two, "two"))
            self.assertEqual(readAll(client), b"")
            (record,) = daemon.records(1, verdict="served")
            self.assertEqual(record["signal"], "9")

    def test_changed(self) -> None:
        """
        A changed line changes the service, which keeps its socket.
        """
        daemon = self.start(self.line(self.one, "one"))
        before = self.inode(daemon, self.one)
        self.reload(daemon, self.line(self.one, "other"))
        self.assertEqual(self.ask(self.one), b"other\n")
        self.assertEqual(self.inode(daemon, self.one), before)

    def test_queue(self) -> None:
        """
        Who waits in the queue while a service changes its kind is served by the
        new one.
        """
        program = self.write(
            "import socket, time\n"
            "sock = socket.socket(fileno=0)\n"
            "connection = sock.accept()[0]\n"
            "connection.recv(100)\n"
            "connection.sendall(b'old')\n",
            "server.py",
        )
        daemon = self.start(
            f"127.0.0.1:{self.one} stream tcp wait - {sys.executable} python {program}\n"
        )
        first = self.connect(self.one)
        waitFor(daemon.children, "the server")
        second = self.connect(self.one)
        self.reload(daemon, self.line(self.one, "new"))
        first.sendall(b"go")
        self.assertEqual(readAll(first), b"old")
        self.assertEqual(readAll(second), b"new\n")

    def test_broken(self) -> None:
        """
        A line that is broken leaves its service as it was; the others change.
        """
        daemon = self.start(self.line(self.one, "one") + self.line(self.two, "two"))
        broken = f"127.0.0.1:{self.one} stream tcp sometimes - /bin/echo echo new\n"
        self.reload(daemon, broken + self.line(self.two, "new"))
        self.assertEqual((self.ask(self.one), self.ask(self.two)), (b"one\n", b"new\n"))

    def test_missingFile(self) -> None:
        """
        A file that is gone leaves everything as it was.
        """
        daemon = self.start(self.line(self.one, "one"))
        (self.directory / "inetd.conf").unlink()
        self.reload(daemon)
        self.assertEqual(self.ask(self.one), b"one\n")

    def test_emptyFile(self) -> None:
        """
        An empty file is a configuration without services.
        """
        daemon = self.start(self.line(self.one, "one"))
        self.reload(daemon, "")
        self.assertTrue(self.refuses(self.one))

    def test_runningServers(self) -> None:
        """
        Servers that run go on when their service goes.
        """
        daemon = self.start(f"127.0.0.1:{self.one} stream tcp nowait - /bin/cat cat\n")
        connection = self.connect(self.one)
        waitFor(daemon.children, "the server")
        self.reload(daemon, "")
        connection.sendall(b"still there")
        self.assertEqual(connection.recv(100), b"still there")

    def test_waitOwner(self) -> None:
        """
        The server of a wait service keeps the socket through reloads; when it
        has ended, the next one is the changed one.
        """
        program = self.write(
            "import os, socket, sys\n"
            "sock = socket.socket(fileno=0)\n"
            "while True:\n"
            "    data, peer = sock.recvfrom(100)\n"
            "    sock.sendto(b'%s %d' % (sys.argv[1].encode(), os.getpid()), peer)\n"
            "    if data == b'end':\n"
            "        break\n",
            "server.py",
        )
        port = self.freePort(socket.SOCK_DGRAM)

        def line(word: str) -> str:
            return f"127.0.0.1:{port} dgram udp wait - {sys.executable} python {program} {word}\n"

        daemon = self.start(line("old"))
        first = self.askDatagram(port, b"hello")
        self.reload(daemon, line("new"))
        self.reload(daemon, line("newer"))
        self.assertEqual(self.askDatagram(port, b"hello"), first)
        self.assertEqual(self.askDatagram(port, b"end"), first)
        daemon.records(1)
        self.assertTrue(self.askDatagram(port, b"end").startswith(b"newer "))

    def test_limits(self) -> None:
        """
        A changed limit holds at once, for what was counted before, too.
        """
        daemon = self.start(self.line(self.one, "one", ".1"))
        self.assertEqual((self.ask(self.one), self.ask(self.one)), (b"one\n", b""))
        self.reload(daemon, self.line(self.one, "one", ".3"))
        answers = [self.ask(self.one) for _ in range(3)]
        self.assertEqual(answers, [b"one\n", b"one\n", b""])


class BusyTests(ReloadTestCase):
    """
    Reloads while clients come.
    """

    def test_underLoad(self) -> None:
        """
        Ten reloads a second for ten seconds, each with a change elsewhere, break
        or refuse no connection to a service that does not change.
        """
        kept, other = self.freePort(), self.freePort()
        line = f"127.0.0.1:{kept} stream tcp nowait.0 - /bin/echo echo ok\n"
        daemon = self.start(line)
        failures: list[object] = []
        served = [0, 0]
        stop = threading.Event()

        def client(number: int) -> None:
            while not stop.is_set():
                try:
                    with socket.create_connection(("127.0.0.1", kept), PATIENCE) as connection:
                        answer = readAll(connection)
                except OSError as error:
                    failures.append(error)
                    continue
                if answer != b"ok\n":
                    failures.append(answer)
                served[number] += 1

        threads = [threading.Thread(target=client, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        try:
            # The pace is part of what is claimed, not something to wait for.
            for turn in range(100):
                word = "odd" if turn % 2 else "even"
                self.write(line + f"127.0.0.1:{other} stream tcp nowait - /bin/echo echo {word}\n")
                daemon.send(signal.SIGHUP)
                time.sleep(0.1)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])
        self.assertGreater(min(served), 0)
        waitFor(lambda: self.ask(other) == b"odd\n", "the last change")
        daemon.records(sum(served), verdict="served", service=str(kept))
