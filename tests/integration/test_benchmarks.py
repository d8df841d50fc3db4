"""
The benchmarks: that they run, and not what they find.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.integration.support import DaemonTestCase, needCommand, needRoot

ROOT = Path(__file__).parents[2]


class BenchmarkTests(DaemonTestCase):
    """
    C{python -m benchmarks}.
    """

    def setUp(self) -> None:
        super().setUp()
        needRoot()
        needCommand("cc")
        if not (ROOT / "benchmarks").is_dir():
            self.skipTest("the benchmarks are in the checkout only")
        self.samples = self.directory / "samples.json"

    def benchmarks(self, *words: str, expected: int = 0) -> str:
        """
        Run the command.

        @param expected: its exit status.
        @return: what it printed.
        """
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, expected, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def measure(self, peers: str, *words: str) -> dict[str, Any]:
        """
        Run one short round.

        @param words: scenarios and options.
        @return: what it wrote as JSON.
        """
        self.printed = self.benchmarks(
            "--rounds", "1", "--seconds", "0.1", "--peers", peers,
            "--json", str(self.samples), *words,
        )  # fmt: skip
        results: dict[str, Any] = json.loads(self.samples.read_text())
        return results

    def test_rates(self) -> None:
        """
        Rates are printed with their ratio, and written as samples and as a chart; a
        peer that cannot serve a scenario has a row that says why.
        """
        drawn = self.directory / "chart.svg"
        results = self.measure("txinetd,C loop", "--svg", str(drawn), "one", "bare", "echo", "udp")
        peers = [sample["peer"] for sample in results["one"]["samples"]]
        self.assertEqual(peers, ["txinetd", "C loop"])
        for result in results.values():
            self.assertEqual(result["samples"][0]["values"]["failed"], 0)
            self.assertGreater(result["samples"][0]["values"]["rate"], 0)
        self.assertRegex(self.printed, r"\n  C loop .* 0  \d+\.\d\d, \d+\.\d\d\n")
        self.assertEqual(results["echo"]["cannot"][0]["reason"], "has no internal services")
        self.assertIn("C loop                   cannot: has no internal services", self.printed)
        self.assertTrue(drawn.read_text().startswith("<svg "))

    def test_sizes(self) -> None:
        """
        With several sizes each is measured, and compared with the first.
        """
        results = self.measure("txinetd", "--sizes", "1,3", "services", "alive")
        for name in ("services", "alive"):
            samples = results[name]["samples"]
            self.assertEqual([sample["size"] for sample in samples], [1, 3])
            self.assertEqual([sample["values"]["failed"] for sample in samples], [0, 0])
        self.assertRegex(self.printed, r"  txinetd +3 .*; \d+\.\d\d, \d+\.\d\d\n")

    def test_memory(self) -> None:
        """
        Memory is measured while nobody is there, and for each live connection.
        """
        results = self.measure("txinetd", "--sizes", "20", "memory", "live")
        (idle,), (live,) = results["memory"]["samples"], results["live"]["samples"]
        self.assertGreater(idle["values"]["pss"], 1000)
        self.assertGreaterEqual(idle["values"]["processes"], 1)
        self.assertGreater(live["values"]["idle"], 1000)
        # No server of 20 is among what was counted.
        self.assertLess(live["values"]["processes"], 20)

    def test_moments(self) -> None:
        """
        A start and a reload are timed, and no client of a service that stays as it is
        is lost in the reload.
        """
        results = self.measure("txinetd", "--sizes", "3", "start", "reload")
        (start,), (reload,) = results["start"]["samples"], results["reload"]["samples"]
        self.assertGreater(start["values"]["start"], 0)
        self.assertGreater(reload["values"]["took"], 0)
        self.assertGreater(reload["values"]["pause"], 0)
        self.assertEqual(reload["values"]["failed"], 0)

    def test_floods(self) -> None:
        """
        A client of a service that is flooded, or whose neighbour is, is measured without
        and with the flood, which comes from elsewhere: where sources have limits most of
        it is refused, and elsewhere none.
        """
        results = self.measure("txinetd,C loop", "--seconds", "1", "flood", "fairness")
        for name in ("flood", "fairness"):
            (sample,) = results[name]["samples"]
            values = sample["values"]
            self.assertEqual(values["failed"], 0)
            self.assertAlmostEqual(values["ratio"], values["loaded"] / values["idle"])
            self.assertGreater(values["flood"], 20)
            self.assertEqual(values["answered"] == 1.0, name == "fairness")
        reasons = [results[name]["cannot"][0]["reason"] for name in ("flood", "fairness")]
        self.assertEqual(reasons, ["has no such limits", "serves one service only"])

    def test_rules(self) -> None:
        """
        The same is measured with rules and all limits.
        """
        results = self.measure("txinetd", "gate")
        samples = results["gate"]["samples"]
        self.assertEqual([sample["size"] for sample in samples], [0, 10])
        self.assertEqual([sample["values"]["failed"] for sample in samples], [0, 0])

    def test_switched(self) -> None:
        """
        A server is measured as another user, too.
        """
        needRoot()
        results = self.measure("txinetd,C loop", "one-switched")
        samples = results["one-switched"]["samples"]
        self.assertEqual([sample["peer"] for sample in samples], ["txinetd", "C loop"])

    def test_systemd(self) -> None:
        """
        systemd's socket activation serves what it can.
        """
        needCommand("systemd-socket-activate")
        results = self.measure("systemd-socket-activate", "one", "switched")
        self.assertEqual(results["one"]["samples"][0]["values"]["failed"], 0)
        if os.geteuid() == 0:
            self.assertEqual(results["switched"]["samples"], [])

    def test_twisted(self) -> None:
        """
        Twisted's own inetd is measured up to the answer, and no further.
        """
        results = self.measure("twisted-inetd", "one", "answer")
        self.assertEqual(results["one"]["samples"], [])
        self.assertIn("no client sees the end", results["one"]["cannot"][0]["reason"])
        self.assertGreater(results["answer"]["samples"][0]["values"]["rate"], 0)

    def test_xinetd(self) -> None:
        """
        xinetd serves connections and datagrams.
        """
        needCommand("xinetd")
        results = self.measure("xinetd", "one", "udp")
        self.assertEqual(results["one"]["samples"][0]["values"]["failed"], 0)
        self.assertGreater(results["udp"]["samples"][0]["values"]["rate"], 0)

    def test_list(self) -> None:
        """
        The scenarios can be listed, and one that is not among them is an error.
        """
        self.assertRegex(self.benchmarks("--list"), r"(?m)^reload +reload +a reload")
        self.assertIn("'nonsense'", self.benchmarks("nonsense", expected=2))
        self.assertIn("'nobody'", self.benchmarks("--peers", "nobody", expected=2))
