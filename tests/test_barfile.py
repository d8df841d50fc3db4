# -*- test-case-name: tests.test_barfile -*-
"""
Tests for L{txinetd.barfile}.
"""

from __future__ import annotations

import json
import os
import stat

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txinetd.barfile import load, save
from txinetd.gate.barred import Bar
from txinetd.gate.rule import sourceOf

#: When files are written.
WALL = 1_800_000_000.0


def bar(address: str, seconds: float | None, why: str = "touched a trap") -> Bar:
    """
    One source.
    """
    source = sourceOf(address)
    return Bar(source.version, source.number, seconds, why)


BARS = (
    bar("192.0.2.1", None),
    bar("192.0.2.2", 600.0, 'said "x"\n'),
    bar("2001:db8::", 60.0),
    bar("::1", 5.0),
)


class BarFileTests(SynchronousTestCase):
    """
    Tests for L{save} and L{load}.
    """

    def setUp(self) -> None:
        """
        Have a directory.
        """
        self.directory = self.mktemp()
        os.mkdir(self.directory)
        self.path = os.path.join(self.directory, "barred")

    def write(self, data: bytes) -> None:
        """
        Have a file of unknown origin.
        """
        with open(self.path, "wb") as file:
            file.write(data)

    def read(self) -> bytes:
        """
        The file.
        """
        with open(self.path, "rb") as file:
            return file.read()

    def test_roundTrip(self) -> None:
        """
        What is written is read, in that order.
        """
        save(self.path, BARS, WALL)
        loaded = load(self.path, WALL)
        self.assertEqual(loaded.bars, BARS)
        self.assertEqual(loaded.problem, "")
        save(self.path, (), WALL)
        self.assertEqual(load(self.path, WALL).bars, ())

    @given(st.lists(st.builds(bar, st.ip_addresses(v=4).map(str), st.none(), st.text(max_size=9))))
    def test_reasons(self, bars: list[Bar]) -> None:
        """
        Whatever a reason contains, each source has one line.
        """
        save(self.path, bars, WALL)
        self.assertEqual(load(self.path, WALL).bars, tuple(bars))
        self.assertEqual(self.read().count(b"\n"), max(len(bars), 1) + 2)
        json.loads(self.read())

    def test_timePasses(self) -> None:
        """
        The time between writing and reading counts, and who is through with it is not
        read.
        """
        save(self.path, BARS, WALL)
        loaded = load(self.path, WALL + 59)
        self.assertEqual([each.seconds for each in loaded.bars], [None, 541.0, 1.0])
        self.assertEqual([each.seconds for each in load(self.path, WALL + 600).bars], [None])
        self.assertEqual(loaded.problem, "")

    def test_clockBack(self) -> None:
        """
        A clock that was put back neither pardons nor prolongs.
        """
        save(self.path, BARS, WALL)
        self.assertEqual(load(self.path, WALL - 1e6).bars, BARS)

    def test_missing(self) -> None:
        """
        Before anything was written nobody is barred, and that is no problem.
        """
        loaded = load(self.path, WALL)
        self.assertEqual((loaded.bars, loaded.problem), ((), ""))

    def test_unreadable(self) -> None:
        """
        What cannot be read is told, and left where it is.
        """
        os.mkdir(self.path)
        self.assertIn(f"{self.path}: cannot be read: ", load(self.path, WALL).problem)
        self.assertTrue(os.path.isdir(self.path))

    def test_private(self) -> None:
        """
        Only its owner may read it, also where there was another before.
        """
        self.write(b"")
        os.chmod(self.path, 0o666)
        save(self.path, BARS, WALL)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)

    def test_linkReplaced(self) -> None:
        """
        A link that somebody has put in its place is replaced and not followed.
        """
        target = os.path.join(self.directory, "target")
        os.symlink("target", self.path)
        save(self.path, BARS, WALL)
        self.assertFalse(os.path.exists(target))
        self.assertFalse(os.path.islink(self.path))

    def test_failedWrite(self) -> None:
        """
        Where writing fails the old file is as it was, and nothing is left beside it.
        """
        save(self.path, BARS, WALL)
        before = self.read()

        def failing() -> object:
            yield BARS[0]
            raise ZeroDivisionError

        self.assertRaises(ZeroDivisionError, save, self.path, failing(), WALL)
        self.assertEqual(self.read(), before)
        blocked = os.path.join(self.directory, "blocked")
        os.mkdir(blocked)
        self.assertRaises(OSError, save, blocked, BARS, WALL)
        self.assertEqual(sorted(os.listdir(self.directory)), ["barred", "blocked"])
        self.assertRaises(OSError, save, os.path.join(self.path, "x"), BARS, WALL)

    def test_truncated(self) -> None:
        """
        Of a file that ends too soon every whole line counts; it is kept for whoever
        wants to see it.
        """
        save(self.path, BARS, WALL)
        whole = self.read()
        self.write(whole[:-25])
        loaded = load(self.path, WALL + 1)
        self.assertEqual([each.seconds for each in loaded.bars], [None, 599.0, 59.0])
        self.assertIn("3 sources in it stay barred", loaded.problem)
        self.assertEqual(os.listdir(self.directory), ["barred.damaged"])

    def test_withoutTime(self) -> None:
        """
        Where nobody knows when it was written, nobody's time has passed.
        """
        save(self.path, BARS, WALL)
        lines = self.read().splitlines(keepends=True)
        self.write(b"".join(lines[1:]))
        self.assertEqual(load(self.path, WALL + 1e6).bars, BARS)
        for saved in (b"NaN", b"null", b"true", b'"x"', b"1" + b"0" * 400):
            self.write(b'{"saved": ' + saved + b', "barred": [\n' + b"".join(lines[1:]))
            loaded = load(self.path, WALL + 1e6)
            self.assertEqual(loaded.bars, BARS)
            self.assertIn("without the time", loaded.problem)

    def test_badEntries(self) -> None:
        """
        An entry that is none does not harm the others.
        """
        good = {"address": "192.0.2.9", "left": 9, "why": "x"}
        bad: list[object] = [
            1,
            None,
            [],
            {},
            {**good, "address": 5},
            {**good, "address": "localhost"},
            {**good, "left": "9"},
            {**good, "left": True},
            {**good, "left": float("nan")},
            {**good, "left": 10**400},
            {**good, "why": None},
        ]
        self.write(json.dumps({"saved": WALL, "barred": [*bad, good]}).encode())
        loaded = load(self.path, WALL)
        self.assertEqual(loaded.bars, (bar("192.0.2.9", 9.0, "x"),))
        self.assertIn(f"{len(bad)} entries that are none", loaded.problem)

    def test_mapped(self) -> None:
        """
        An IPv6 address that stands for an IPv4 one bars that.
        """
        entry = {"address": "::ffff:192.0.2.9", "left": None, "why": "x"}
        self.write(json.dumps({"saved": WALL, "barred": [entry]}).encode())
        self.assertEqual(load(self.path, WALL).bars, (bar("192.0.2.9", None, "x"),))

    @given(st.binary(max_size=60) | st.sampled_from((b"[" * 100_000, b'{"a":' * 100_000)))
    def test_anything(self, data: bytes) -> None:
        """
        Whatever the file has in it, reading it raises nothing.
        """
        self.write(data)
        self.assertEqual(load(self.path, WALL).bars, ())
