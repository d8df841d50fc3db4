"""
Tests for L{txinetd.config.xinetd.includes}: the files that a file brings with it.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import NAMES, OPTIONS
from tests.xinetd_support import WHOLE, defaults, entry
from txinetd.config import Configuration, load
from txinetd.config.interfaces import ParsedFile
from txinetd.config.xinetd.includes import MAXIMUM_DEPTH
from txinetd.errors import Severity


class IncludeTests(SynchronousTestCase):
    """
    Tests for C{include} and C{includedir}.
    """

    def setUp(self) -> None:
        self.place = Path(self.mktemp()).absolute()
        self.place.mkdir()
        self.main = self.place / "xinetd.conf"

    def read(self, text: str) -> ParsedFile:
        """
        Read a text as the file that everything begins with.
        """
        self.main.write_text(text)
        return WHOLE.parse(str(self.main), text.encode(), NAMES, OPTIONS)

    def codes(self, found: ParsedFile) -> list[str]:
        """
        What is said.
        """
        return [each.code for each in found.diagnostics]

    def write(self, name: str, text: str) -> Path:
        """
        Make another file.
        """
        path = self.place / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def test_file(self) -> None:
        """
        The services of another file are its own, under C{defaults} of any of them.
        """
        other = self.write("other.conf", defaults("instances = 5") + entry())
        found = self.read(f"{entry(name='telnet')}include {other}\n")
        self.assertEqual([spec.name for spec in found.services], ["telnet", "ftp"])
        self.assertEqual([spec.limits.instances for spec in found.services], [5, 5])
        self.assertEqual(found.services[1].origin.path, str(other))
        self.assertEqual(found.files, (str(other),))

    def test_directory(self) -> None:
        """
        Of a directory the files are read by name, without those that have a dot in
        their name or ~ at its end, and without directories; and each of these is said.
        """
        for name in ("b", "a", "c.rpmsave", ".hidden", "d~"):
            self.write(
                f"d/{name}", entry(f"type = UNLISTED\nport = {100 + len(name)}\nid = {name}")
            )
        self.write("d/e/f", entry())
        found = self.read(f"includedir {self.place}/d\n")
        self.assertEqual([spec.name for spec in found.services], ["a", "b"])
        skipped = [each for each in found.diagnostics if each.code == "skipped-fragment"]
        self.assertEqual(len(skipped), 4)
        for each in skipped:
            self.assertEqual((each.severity, each.origin.path), (Severity.NOTE, str(self.main)))
            self.assertEqual((each.origin.line, each.origin.column), (1, 12))
        self.assertEqual(
            {each.hint.rpartition("/")[2] for each in skipped}, {"c.rpmsave", ".hidden", "d~", "e"}
        )

    def test_missing(self) -> None:
        """
        What cannot be read is an error where it is named, and a reload keeps what ran
        from there.
        """
        for line in ("include /nonexistent/x", "includedir /nonexistent"):
            found = self.read(f"{entry()}{line}\n")
            (problem,) = found.diagnostics
            self.assertEqual((problem.code, problem.severity), ("unreadable-file", Severity.ERROR))
            self.assertEqual((problem.origin.line, problem.dropped), (9, False))
            self.assertEqual(found.unreadable, (line.split()[1],))
            self.assertEqual(len(found.services), 1)

    def test_kinds(self) -> None:
        """
        A directory is no file, a file no directory, and a fifo neither: nobody waits
        for a writer.
        """
        os.mkfifo(self.place / "fifo")
        for line in (
            f"include {self.place}",
            f"includedir {self.main}",
            f"include {self.place}/fifo",
        ):
            self.assertEqual(self.codes(self.read(f"{line}\n")), ["unreadable-file"], line)

    def test_loop(self) -> None:
        """
        Files that name each other are read once.
        """
        other = self.write("other", f"include {self.main}\n{entry()}")
        found = self.read(f"include {other}\ninclude {other}\n")
        self.assertEqual(self.codes(found), ["file-twice"] * 2)
        self.assertEqual(
            [each.origin.path for each in found.diagnostics], [str(other), str(self.main)]
        )
        self.assertEqual(len(found.services), 1)

    def test_deep(self) -> None:
        """
        So many files may each name the next, and no more.
        """
        for number in range(MAXIMUM_DEPTH + 1):
            self.write(f"f{number}", f"include {self.place}/f{number + 1}\n")
        found = self.read(f"include {self.place}/f0\n")
        self.assertEqual(self.codes(found), ["include-depth"])
        self.assertEqual(len(found.files), MAXIMUM_DEPTH)

    def test_relative(self) -> None:
        """
        A relative path begins where the file is.
        """
        self.write("other", entry())
        found = self.read("include other\n")
        self.assertEqual(self.codes(found), ["relative-path"])
        self.assertEqual(len(found.services), 1)

    def test_nul(self) -> None:
        """
        A path with a NUL is none.
        """
        self.assertEqual(self.codes(self.read("include /a\0b\n")), ["nul-byte"])

    def test_loaded(self) -> None:
        """
        A configuration knows all files, and those that could not be read.
        """
        other = self.write("d/a", entry())
        self.main.write_text(f"includedir {other.parent}\ninclude /nonexistent/x\n")
        found = load([f"xinetd:{self.main}"], NAMES, OPTIONS)
        self.assertIsInstance(found, Configuration)
        self.assertEqual(found.files, (str(self.main), str(other)))
        self.assertEqual(found.unreadable, ("/nonexistent/x",))
