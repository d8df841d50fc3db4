"""
Tests for L{txinetd.config.systemd.values}, L{txinetd.config.systemd.specifiers} and
L{txinetd.config.systemd.tables}.
"""

from __future__ import annotations

import math
import shutil
import subprocess

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from txinetd.config.settings.resources import RESOURCES
from txinetd.config.systemd.specifiers import Names, UnknownSpecifier
from txinetd.config.systemd.tables import LIMITS, NAMED_NETWORKS
from txinetd.config.systemd.values import boolean, bytesOf, integer, span
from txinetd.gate.networks import networks

#: Times, with their microseconds.
TIMES = {
    "5": 5_000_000,
    "1.5s": 1_500_000,
    "2min 200ms": 120_200_000,
    "1h30min": 5_400_000_000,
    "300ms20s 5day": 432_020_300_000,
    "1y": 31_557_600_000_000,
    "1M": 2_629_800_000_000,
    "7us": 7,
    "1w": 604_800_000_000,
}


class ValueTests(SynchronousTestCase):
    """
    Tests for single values.
    """

    def test_booleans(self) -> None:
        """
        There are several words for yes and no, and all others are neither.
        """
        self.assertEqual([boolean(each) for each in ("Yes", "on", "1", "t")], [True] * 4)
        self.assertEqual([boolean(each) for each in ("no", "OFF", "0", "f")], [False] * 4)
        self.assertIsNone(boolean("maybe"))

    def test_numbers(self) -> None:
        """
        A number is whole and within bounds.
        """
        self.assertEqual(integer("7", 0, 9), 7)
        self.assertEqual([integer(each, 0, 9) for each in ("10", "-1", "7x", "")], [None] * 4)

    def test_sizes(self) -> None:
        """
        Letters are powers of 1024.
        """
        sizes = [bytesOf(each) for each in ("7", "2K", "1M", "1G")]
        self.assertEqual(sizes, [7, 2**11, 2**20, 2**30])
        self.assertEqual([bytesOf(each) for each in ("x", "1k", "99E", "")], [None] * 4)

    def test_times(self) -> None:
        """
        A time is a sum of numbers with units.
        """
        for text, microseconds in TIMES.items():
            self.assertEqual(span(text), microseconds / 10**6, text)
        self.assertEqual(span("12", "us"), 12 / 10**6)
        self.assertEqual(span("infinity"), math.inf)
        self.assertEqual([span(each) for each in ("", "x", "5 parsecs", "-1")], [None] * 4)

    def test_asSystemd(self) -> None:
        """
        systemd reads the same times.
        """
        program = shutil.which("systemd-analyze")
        if program is None:
            raise SkipTest("systemd-analyze is not installed")
        done = subprocess.run(
            [program, "timespan", *TIMES],
            capture_output=True,
            text=True,
            check=True,
            env={"LC_ALL": "C.UTF-8"},
        )
        found = [
            int(line.partition(":")[2])
            for line in done.stdout.splitlines()
            if line.strip().startswith("\u03bcs:")
        ]
        self.assertEqual(found, list(TIMES.values()), done.stdout)

    def test_tables(self) -> None:
        """
        Every resource limit that there is has a name of systemd's, and what systemd has
        names for are networks.
        """
        self.assertEqual({which for which, _ in LIMITS.values()}, set(RESOURCES))
        for texts in NAMED_NETWORKS.values():
            for text in texts:
                self.assertEqual(len(networks(text)), 1)


class SpecifierTests(SynchronousTestCase):
    """
    Tests for C{%}.
    """

    def test_unit(self) -> None:
        """
        The parts of a unit's name are known, and what is the same everywhere.
        """
        names = Names("a-b@c-d.service")
        text = names.resolved("%n %N %p %P %i %I %j %% %t %u 5%")
        expected = "a-b@c-d.service a-b@c-d a-b a/b c-d c/d b % /run root 5%"
        self.assertEqual(text, expected)

    def test_template(self) -> None:
        """
        Of a template only the prefix is known; others say where they stand.
        """
        names = Names("a@.service")
        self.assertEqual(names.resolved("/%p%%i"), "/a%i")
        for text, offset in {"x%i": 1, "%n": 0, "%%%I": 2, "%H": 0, "%q": 0}.items():
            problem = self.assertRaises(UnknownSpecifier, names.resolved, text)
            self.assertEqual(problem.offset, offset)
