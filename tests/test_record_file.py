"""
Tests for L{txinetd.record.file}.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from twisted.trial.unittest import TestCase

from tests.record_support import heard
from txinetd.record.file import FilePlace
from txinetd.record.places import Line
from txinetd.recording import LogFileDestination


def lines(*texts: str) -> list[Line]:
    """
    Lines that say the time themselves.
    """
    return [Line(0.0, text, dated=True) for text in texts]


class FileTests(TestCase):
    """
    Tests for L{FilePlace}.
    """

    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()
        self.said = heard(self, "txinetd.record.trouble.Trouble")
        #: Bytes that fit onto the disk.
        self.room = 10**6

    def place(self, soft: int | None = None, hard: int | None = None) -> FilePlace:
        """
        A file on a disk of that size.
        """
        place = FilePlace(LogFileDestination(str(self.path), soft, hard), self.write)
        self.addCleanup(place.close)
        return place

    def write(self, descriptor: int, data: bytes) -> int:
        """
        write(2) on that disk.
        """
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = os.write(descriptor, data[: self.room])
        self.room -= done
        return done

    def test_appends(self) -> None:
        """
        Lines are appended to what is there, each with its time unless it has one.
        """
        self.path.write_text("old\n")
        place = self.place()
        self.assertEqual(place.write([*lines("a"), Line(0.0, "b")]), 0)
        found = self.path.read_text().splitlines()
        self.assertEqual(found[:2], ["old", "a"])
        self.assertRegex(found[2], r"^\d\d/\d+/\d+@\d\d:\d\d:\d\d: b$")

    def test_permissions(self) -> None:
        """
        Not everybody may read a new file.
        """
        self.place().write(lines("a"))
        self.assertEqual(self.path.stat().st_mode & 0o007, 0)

    def test_rotated(self) -> None:
        """
        When the file has been moved away, there is a new one.
        """
        place = self.place()
        place.write(lines("a"))
        moved = self.path.rename(f"{self.path}.1")
        place.write(lines("b"))
        self.assertEqual((moved.read_text(), self.path.read_text()), ("a\n", "b\n"))

    def test_hardLimit(self) -> None:
        """
        The file never exceeds its hard limit: what does not fit is dropped and counted,
        that is said once, and it goes on when the file has been emptied.
        """
        place = self.place(hard=12)
        self.assertEqual(place.write(lines("four", "four", "four")), 1)
        for short in ("x", "y"):
            self.assertEqual(place.write(lines(short)), 1)
        self.assertEqual(self.path.stat().st_size, 10)
        self.assertEqual(len(self.said), 1)
        self.assertIn("12 bytes", self.said[0])
        os.truncate(self.path, 0)
        self.assertEqual(place.write(lines("more")), 0)
        self.assertEqual(self.path.read_text(), "more\n")
        self.assertIn("again; 3 were dropped", self.said[1])

    def test_softLimit(self) -> None:
        """
        Above its soft limit, that is said, once.
        """
        said = heard(self, "txinetd.record.file.FilePlace")
        place = self.place(soft=4)
        for _ in range(3):
            self.assertEqual(place.write(lines("abc")), 0)
        self.assertEqual(said, [f"{self.path} is larger than 4 bytes"])

    def test_full(self) -> None:
        """
        On a full disk lines are dropped and counted, that is said once, and when there
        is room it goes on, on a line of its own.
        """
        self.room = 7
        place = self.place()
        self.assertEqual(place.write(lines("four", "torn", "lost")), 2)
        self.assertEqual(place.write(lines("lost")), 1)
        self.assertEqual(len(self.said), 1)
        self.assertIn("No space left on device", self.said[0])
        self.room = 10**6
        self.assertEqual(place.write(lines("good")), 0)
        self.assertEqual(self.path.read_text(), "four\nto\ngood\n")
        self.assertIn("again; 3 were dropped", self.said[1])

    def test_reallyFull(self) -> None:
        """
        So it is with the device that is always full.
        """
        place = FilePlace(LogFileDestination("/dev/full"))
        self.addCleanup(place.close)
        self.assertEqual(place.write(lines("a", "b")), 2)
        self.assertEqual(len(self.said), 1)

    def test_noDirectory(self) -> None:
        """
        Where no file can be made, too, and it goes on once it can.
        """
        self.path = self.path / "below" / "file"
        place = self.place()
        self.assertEqual(place.write(lines("a")), 1)
        self.path.parent.mkdir(parents=True)
        self.assertEqual(place.write(lines("b")), 0)
        self.assertEqual(self.path.read_text(), "b\n")
        self.assertEqual(len(self.said), 2)

    def test_nobodyReads(self) -> None:
        """
        A fifo that nobody reads does not block.
        """
        os.mkfifo(self.path)
        self.assertEqual(self.place().write(lines("a")), 1)
