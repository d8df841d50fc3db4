"""
Tests for L{txinetd.process.launch.turns}.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

import txinetd

#: Says the turns before, whether the wish was taken, and the turns afterwards, here
#: and in a child.
PROGRAM = """
import os, subprocess, sys
from txinetd.process.launch.turns import shortTurns, turns
os.nice({nice})
print(turns(), shortTurns(), turns(), sep=";", flush=True)
subprocess.run([sys.executable, "-c",
    "from txinetd.process.launch.turns import turns; print(turns())"])
"""


class TurnsTests(SynchronousTestCase):
    """
    Tests for L{txinetd.process.launch.turns.shortTurns}.
    """

    def look(self, nice: int = 0) -> tuple[str, str, str, str]:
        """
        What a process says that wishes for short turns.
        """
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(nice=nice)],
            cwd=Path(txinetd.__file__).parents[1],
            capture_output=True,
            text=True,
            check=True,
        )
        first, second = done.stdout.splitlines()
        before, taken, after = first.split(";")
        if taken == "False" and nice >= 0:
            raise SkipTest("this system has no such wish")
        return before, taken, after, second

    def test_short(self) -> None:
        """
        The turns are short afterwards.
        """
        before, _, after, _ = self.look()
        if before.startswith("(0,"):
            raise SkipTest("this kernel does not say how long turns are")
        self.assertEqual(after, "(100000, 1)")

    def test_children(self) -> None:
        """
        Children have ordinary ones.
        """
        before, _, _, child = self.look()
        self.assertEqual(child, before)

    def test_nice(self) -> None:
        """
        Whose niceness children would not inherit then does without.
        """
        try:
            before, taken, after, child = self.look(nice=-3)
        except subprocess.CalledProcessError:
            raise SkipTest("only root may be that little nice") from None
        self.assertEqual((taken, after, child), ("False", before, before))
