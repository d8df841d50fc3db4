"""
The benchmarks: that they run, and not what they find.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.integration.support import DaemonTestCase, needCommand

ROOT = Path(__file__).parents[2]


class BenchmarkTests(DaemonTestCase):
    """
    C{python -m benchmarks}.
    """

    def test_runs(self) -> None:
        """
        It measures what it is told to, prints it, and writes samples and a chart.
        """
        needCommand("cc")
        if not (ROOT / "benchmarks").is_dir():
            self.skipTest("the benchmarks are in the checkout only")
        samples, drawn = self.directory / "samples.json", self.directory / "chart.svg"
        done = subprocess.run(
            [
                sys.executable, "-m", "benchmarks", "--rounds", "1", "--seconds", "0.1",
                "--peers", "txinetd,C loop", "--json", str(samples), "--svg", str(drawn),
                "one", "echo",
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("C loop", done.stdout)
        results = json.loads(samples.read_text())
        self.assertEqual(set(results["one"]), {"txinetd", "C loop"})
        self.assertEqual(results["one"]["txinetd"][0]["failed"], 0)
        self.assertEqual(results["echo"]["txinetd"][0]["failed"], 0)
        self.assertTrue(drawn.read_text().startswith("<svg "))
