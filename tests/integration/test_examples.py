"""
The examples, run.
"""

from __future__ import annotations

import configparser
import os
import socket
import subprocess
import sys
from pathlib import Path

from tests.integration.support import (
    PATIENCE,
    Daemon,
    DaemonTestCase,
    needCommand,
    readAll,
    waitFor,
)

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


class TacTests(DaemonTestCase):
    """
    C{inetd_and_web.tac}.
    """

    def freePorts(self, count: int) -> int:
        """
        The first of some ports in a row that are free.
        """
        while True:
            first = self.freePort()
            others = range(first + 1, min(first + count, 65536))
            if len(others) == count - 1 and all(map(self.reserve, others)):
                return first

    def test_allAnswer(self) -> None:
        """
        Site, program, internal service and protocol are all served, and all but
        the site leave records.
        """
        curl = needCommand("curl")
        first = self.freePorts(4)
        log = self.directory / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [
                    sys.executable, "-c", "from twisted.scripts.twistd import run; run()",
                    "--nodaemon", "--pidfile=", "--python", str(EXAMPLES / "inetd_and_web.tac"),
                ],
                env={**os.environ, "FIRST_PORT": str(first)},
                cwd=ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
        daemon = Daemon(process, log)
        self.addCleanup(daemon.stop)
        daemon.waitForLog("serving 3 services")
        url = f"http://127.0.0.1:{first}/"
        page = subprocess.run([curl, "-sS", url], capture_output=True, timeout=PATIENCE)
        self.assertEqual(page.stdout, b"a page\n")
        self.assertIn(b"TCPREMOTEIP=127.0.0.1\n", self.ask(first + 1))
        self.assertRegex(self.ask(first + 2), rb"\A\w{3} \w{3} .*\r\n\Z")
        with self.connect(first + 3) as connection:
            connection.sendall(b"abc\n")
            self.assertEqual(connection.makefile("rb").readline(), b"cba\n")
        served = {record["service"] for record in daemon.records(3, verdict="served")}
        self.assertEqual(served, {"environment", "daytime", "reverse"})


class ConfigurationTests(DaemonTestCase):
    """
    The configuration files.
    """

    def check(self, name: str) -> str:
        """
        What C{--check} says about one.
        """
        done = subprocess.run(
            [sys.executable, "-c", "from twisted.scripts.twistd import run; run()",
             "inetd", "-f", str(EXAMPLES / name), "--check"],
            capture_output=True, text=True, cwd=ROOT,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_noFaults(self) -> None:
        """
        There is nothing to be said about them.
        """
        for name in ("inetd.conf", "container.conf"):
            self.assertIn(": 0 errors, 0 warnings", self.check(name))

    def test_answers(self) -> None:
        """
        What README and the file itself say to type is answered: on other ports,
        lest they be taken.
        """
        text = (EXAMPLES / "inetd.conf").read_text()
        ports = {number: self.freePort() for number in (8001, 8002, 8009, 8013, 8019, 8037)}
        ports.update({number: self.freePort(socket.SOCK_DGRAM) for number in (8003, 8007)})
        for number, port in ports.items():
            text = text.replace(f"\n{number} ", f"\n{port} ")
        path = self.directory / "socket"
        daemon = self.start(text.replace("/tmp/txinetd-example.sock", str(path)))
        self.assertNotIn("cannot listen", daemon.log())
        self.assertIn(b"REMOTE_ADDR=127.0.0.1\n", self.ask(ports[8001]))
        self.assertEqual(self.ask(ports[8002], b"hello\n"), b"HELLO\n")
        self.assertEqual(self.askDatagram(ports[8003], b"hello"), b"hello")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(str(path))
            client.sendall(b"hello")
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(readAll(client), b"hello")
        self.assertEqual(self.ask(ports[8007], b"hello"), b"hello")
        self.assertEqual(self.askDatagram(ports[8007], b"hello"), b"hello")
        self.assertEqual(len(self.ask(ports[8037])), 4)
        waitFor(lambda: daemon.records(7, verdict="served"), "the records")


class UnitTests(DaemonTestCase):
    """
    The unit for systemd.
    """

    def test_keys(self) -> None:
        """
        It has the daemon notify, reload by SIGHUP, and leave its servers alone,
        and calls it with options that exist.
        """
        unit = configparser.ConfigParser(interpolation=None, strict=False)
        unit.optionxform = str  # type: ignore[assignment, method-assign]
        unit.read(EXAMPLES / "txinetd.service")
        found = unit["Service"]
        self.assertEqual((found["Type"], found["KillMode"]), ("notify", "process"))
        self.assertIn("-HUP $MAINPID", found["ExecReload"])
        words = found["ExecStart"].split()
        self.assertEqual(words[1:4], ["--nodaemon", "--pidfile=", "inetd"])


class DockerfileTests(DaemonTestCase):
    """
    The container.
    """

    def test_command(self) -> None:
        """
        What it runs is a command that serves its file.
        """
        text = (EXAMPLES / "Dockerfile").read_text()
        self.assertIn("COPY examples/container.conf /etc/inetd.conf", text)
        entry = text.partition("CMD [")[2].partition("]")[0]
        options = [word.strip().strip('"') for word in entry.split(",")]
        self.assertEqual(options[:2], ["-f", "/etc/inetd.conf"])
        configuration = (EXAMPLES / "container.conf").read_text()
        tcp, udp = self.freePort(), self.freePort(socket.SOCK_DGRAM)
        configuration = configuration.replace("8001 ", f"{tcp} ").replace("8007 ", f"{udp} ")
        self.start(configuration, *options[2:])
        self.assertIn(b"PROTO=TCP\n", self.ask(tcp))
        self.assertEqual(self.askDatagram(udp, b"hello"), b"hello")
