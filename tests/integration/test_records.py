"""
Tests for records and numbers of a real daemon.
"""

from __future__ import annotations

import json
import re
import signal

from twisted.trial.unittest import SkipTest

from tests.integration.support import DaemonTestCase, needRoot, waitFor
from txinetd.metrics import haveClient


class RecordTests(DaemonTestCase):
    """
    What a daemon writes and says.
    """

    def line(self, program: str = "/bin/echo echo hello", user: str = "-", limit: str = "") -> str:
        """
        One service.
        """
        self.port = self.freePort()
        return f"127.0.0.1:{self.port} stream tcp nowait{limit} {user} {program}\n"

    def test_xinetdFile(self) -> None:
        """
        A file of xinetd's lines, with who was refused.
        """
        path = self.directory / "records"
        self.start(self.line(limit=".1"), "--record-format=xinetd", f"--record-to={path}")
        for expected in (b"hello\n", b""):
            self.assertEqual(self.ask(self.port), expected)
        lines = waitFor(
            lambda: (
                found if path.exists() and len(found := path.read_text().splitlines()) >= 3 else []
            ),
            "three lines",
        )
        found = sorted(re.sub(r"^\S+: |=\d+(?=\(sec| from|$| dur)", "", each) for each in lines)
        self.assertEqual(
            found,
            [
                f"EXIT: {self.port} status=0 pid duration(sec)",
                f"FAIL: {self.port} connections per second from=127.0.0.1",
                f"START: {self.port} pid from=127.0.0.1",
            ],
        )

    def test_peak(self) -> None:
        """
        A server's own peak of memory is told, by whichever road it was started; that of
        a small one is not known.
        """
        needRoot()
        large = "/bin/dd dd if=/dev/zero of=/dev/null bs=150M count=1 status=none"
        for user in ("-", "nobody"):
            small = self.line(user=user)
            smallPort = self.port
            daemon = self.start(small + self.line(large, user))
            self.ask(self.port)
            self.ask(smallPort)
            (dd,) = daemon.records(1, service=str(self.port))
            self.assertGreater(int(dd["maxrss"]), 140_000)
            (echo,) = daemon.records(1, service=str(smallPort))
            self.assertNotIn("maxrss", echo)
            daemon.stop()

    def test_state(self) -> None:
        """
        SIGUSR1 logs the state where twistd has no use for it.
        """
        daemon = self.start(self.line())
        self.ask(self.port)
        daemon.records(1)
        daemon.send(signal.SIGUSR1)
        daemon.waitForLog(r"STATE DUMP")
        daemon.waitForLog(rf"Service = '{self.port}'")
        daemon.waitForLog(r"exit status = 0 1")

    def test_stateTaken(self) -> None:
        """
        Where twistd rotates its log at SIGUSR1, it goes on doing so.
        """
        path = self.directory / "twistd.log"
        daemon = self.start(self.line(), ready="", twistd=("--logfile", str(path)))
        waitFor(lambda: path.exists() and "serving 1 services" in path.read_text(), "the log")
        daemon.send(signal.SIGUSR1)
        waitFor((self.directory / "twistd.log.1").exists, "the old log")
        self.ask(self.port)
        waitFor(lambda: "verdict=served" in path.read_text(), "a record")
        self.assertNotIn("STATE DUMP", path.read_text())

    def test_metrics(self) -> None:
        """
        The numbers are served at the address that was asked for.
        """
        if not haveClient():
            raise SkipTest("prometheus_client is not installed")
        line = self.line()
        service, metrics = self.port, self.freePort()
        daemon = self.start(line, f"--metrics=127.0.0.1:{metrics}")
        self.ask(service)
        daemon.records(1)
        page = self.ask(metrics, b"GET /metrics HTTP/1.0\r\n\r\n")
        self.assertIn(
            b'txinetd_service_accepted_total{service="%d",type="stream"} 1.0' % service, page
        )

    def test_json(self) -> None:
        """
        JSON lines in the daemon's own log are JSON.
        """
        daemon = self.start(self.line(), "--record-format=json")
        self.ask(self.port)
        (found,) = daemon.waitForLog(r"\{.*\}")
        self.assertEqual(json.loads(found[0])["exit"], 0)
