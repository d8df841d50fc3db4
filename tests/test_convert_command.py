"""
Tests for L{txinetd.convert.command} and what it writes with: C{--convert}.
"""

from __future__ import annotations

import os
from pathlib import Path

import attrs
from twisted.internet.protocol import Factory
from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import NAMES, OPTIONS, configure
from tests.systemd_support import writeText
from txinetd.config import Configuration, load
from txinetd.convert import canonical, convert, writeUnits
from txinetd.convert.directory import writeFiles
from txinetd.convert.units import HEADER
from txinetd.errors import Severity, UsageProblem
from txinetd.spec import InProcess

TEXT = (
    "# for files\n"
    "ftp stream tcp4 nowait.0 root /bin/cat cat\n"
    "echo stream tcp4 nowait root internal\n"
)


class CanonicalTests(SynchronousTestCase):
    """
    Tests for C{--convert txinetd}.
    """

    def test_text(self) -> None:
        """
        The file says what it was made of, and reads back to the same services, without
        the comments that were there.
        """
        configuration = configure(TEXT)
        text = canonical(configuration)
        self.assertTrue(text.startswith("# Written by txinetd"))
        self.assertIn("#   inetd.conf\n", text)
        self.assertNotIn("for files", text)
        self.assertEqual(configure(text).services, configuration.services)
        made = convert(configuration, "txinetd")
        self.assertEqual((made.text, made.files), (text, {}))
        self.assertEqual(made.status, Severity.NOTE)

    def test_leftOut(self) -> None:
        """
        What no file can have is a comment in it, and said.
        """
        (ftp, echo) = configure(TEXT).services
        spec = attrs.evolve(ftp, server=InProcess(Factory()))
        made = convert(Configuration((spec, echo)), "txinetd")
        self.assertIn("\n# ftp: not in this file, because Python code serves it", made.text)
        self.assertIn("inetd.conf:2:1: error: ", made.report)
        self.assertEqual(made.status, 2)

    def test_broken(self) -> None:
        """
        What is wrong with what was read is said too, and counts.
        """
        made = convert(configure("ftp stream tcp\n"), "txinetd")
        self.assertIn("too-few-fields", made.report)
        self.assertEqual(made.status, 2)


class SystemdTests(SynchronousTestCase):
    """
    Tests for C{--convert systemd}.
    """

    def test_status(self) -> None:
        """
        The exit status is that of the worst that is said; whoever does without a
        protection gets a warning instead.
        """
        line = TEXT.splitlines()[1]
        said = convert(configure(f"{line}\n"), "systemd")
        self.assertEqual(
            (said.status, list(said.files)), (0, ["inetd-ftp.socket", "inetd-ftp@.service"])
        )
        self.assertEqual(
            convert(configure(line.replace("nowait.0", "nowait")), "systemd").status, 1
        )
        self.assertEqual(convert(configure(TEXT), "systemd").status, 2)
        guarded = configure(
            "ftp on protocol = tcp4, wait = no, user = root, exec = /bin/cat, args = cat,"
            " service_max = 0, max_load = 5;\n"
        )
        made = convert(guarded, "systemd")
        self.assertEqual(made.status, 2)
        self.assertIn("AssertPathExists=!/", made.files["inetd-ftp.socket"])
        self.assertIn("--even-without max_load", made.report)
        made = convert(guarded, "systemd", ["max_load"])
        self.assertEqual(made.status, 1)
        self.assertNotIn("AssertPathExists", made.files["inetd-ftp.socket"])
        self.assertIn("max_load", made.files["inetd-ftp.socket"])

    def test_report(self) -> None:
        """
        Each loss is a line with the place of the service, the attribute and what becomes
        of it.
        """
        report = convert(configure(TEXT), "systemd").report.splitlines()
        self.assertIn(
            "inetd.conf:3:1: error: found internal of echo: systemd has no internal service"
            " echo; expected a counterpart in systemd; there are no units for it [left-out]",
            report,
        )

    def test_guardedStaysOff(self) -> None:
        """
        A socket that is kept from being started is not started here, either.
        """
        configuration = configure(
            "ftp on protocol = tcp4, wait = no, user = root, exec = /bin/cat, args = cat,"
            " access_times = 8:00-17:00;\n"
        )
        directory = self.mktemp()
        writeUnits(convert(configuration, "systemd"), directory)
        self.assertEqual(load([f"systemd:{directory}"], NAMES, OPTIONS).services, ())


class DirectoryTests(SynchronousTestCase):
    """
    Tests for L{writeFiles}.
    """

    def setUp(self) -> None:
        self.directory = self.mktemp()

    def test_written(self) -> None:
        """
        Files that txinetd has written are replaced, readable for everybody, and nothing
        else is left there.
        """
        writeFiles(self.directory, {"a": f"{HEADER} 1\n", "b": "x\n"}, HEADER)
        writeFiles(self.directory, {"a": f"{HEADER} 2\n"}, HEADER)
        self.assertEqual(sorted(os.listdir(self.directory)), ["a", "b"])
        path = Path(self.directory, "a")
        self.assertEqual(path.read_text(), f"{HEADER} 2\n")
        self.assertEqual(path.stat().st_mode & 0o777, 0o644)

    def test_others(self) -> None:
        """
        A file of somebody else stays, and then none is written.
        """
        os.mkdir(self.directory)
        writeText(self.directory, {"b": "mine\n"})
        problem = self.assertRaises(
            UsageProblem, writeFiles, self.directory, {"a": "x", "b": "y"}, HEADER
        )
        self.assertIn("not written by txinetd", str(problem))
        self.assertEqual(os.listdir(self.directory), ["b"])
        os.symlink("nowhere", os.path.join(self.directory, "c"))
        self.assertRaises(UsageProblem, writeFiles, self.directory, {"c": "x"}, HEADER)

    def test_impossible(self) -> None:
        """
        Where there can be no directory, that is said.
        """
        Path(self.directory).touch()
        self.assertRaises(UsageProblem, writeFiles, self.directory, {"a": "x"}, HEADER)
