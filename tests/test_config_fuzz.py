"""
Tests for all dialects with files that nobody would write: nothing breaks, and the work
grows no faster than the file.
"""

from __future__ import annotations

import random
import sys
from types import FrameType
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import NAMES
from tests.fuzz_dialects import PATH, SERVING, check, document
from txinetd.config import DIALECTS, POSITIONAL

_WORDS = st.lists(
    st.sampled_from(
        [" ", "\t", "\n", "\r", "\\", '"', "'", "#", "#@", ":", ",", "/", ".", "-", "=", ";", "{",
         "\0", "tcp", "udp", "rpc/", "stream", "dgram", "wait", "nowait", "root", "/bin/cat",
         "internal", "echo", "ftp", "tcpmux/", ".include", "unix", "on", "127.0.0.1", "[::1]", "*",
         "7", "46", "\u00e9"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


class FuzzTests(SynchronousTestCase):
    """
    Tests with made-up files.
    """

    @settings(max_examples=150, deadline=None)
    @given(st.sampled_from(sorted(POSITIONAL)), st.binary(max_size=200))
    def test_bytes(self, dialect: str, data: bytes) -> None:
        """
        Any bytes at all do no harm.
        """
        check(dialect, data)

    @settings(max_examples=300, deadline=None)
    @given(st.sampled_from(sorted(POSITIONAL)), _WORDS)
    @example("netbsd", ".include /dev/null/x\n")
    def test_words(self, dialect: str, text: str) -> None:
        """
        Neither do the words of the formats in any order.
        """
        check(dialect, text.encode())

    @settings(max_examples=200, deadline=None)
    @given(st.sampled_from(sorted(POSITIONAL)), st.integers(0, 2**32))
    def test_lines(self, dialect: str, seed: int) -> None:
        """
        Nor do lines with a right or wrong word in each field.
        """
        check(dialect, document(random.Random(seed)))


def operations(dialect: str, text: str) -> int:
    """
    How many functions are called, Python's and C's, to read a text.
    """
    count = 0

    def counted(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        if event in ("call", "c_call"):
            count += 1

    previous = sys.getprofile()
    sys.setprofile(counted)
    try:
        DIALECTS[dialect].parse("f", text.encode(), NAMES, SERVING)
    finally:
        sys.setprofile(previous)
    return count


_LINE = "ftp stream tcp nowait root /bin/cat cat {}\n"


class DocumentTests(SynchronousTestCase):
    """
    Tests for L{document}.
    """

    def test_kinds(self) -> None:
        """
        It makes files with services and files with none, in every dialect.
        """
        source = random.Random(1)
        documents = [document(source) for _ in range(300)]
        for dialect in (DIALECTS[name] for name in POSITIONAL):
            counts = [len(dialect.parse(PATH, each, NAMES, SERVING).services) for each in documents]
            self.assertGreater(sum(map(bool, counts)), 30)
            self.assertGreater(counts.count(0), 30)


class LinearTests(SynchronousTestCase):
    """
    Tests for the work that a file makes.
    """

    #: What a file of some size looks like.  Each is of a kind that has been slow
    #: somewhere: many lines, words, pieces of words, things to say.
    SHAPES = (
        lambda size: _LINE.format("x") * size,
        lambda size: _LINE.format("x " * size),
        lambda size: _LINE.format('"a b" ' * size),
        lambda size: _LINE.format("a\"b\"'c'" * size),
        lambda size: _LINE.format("\n x" * size),
        lambda size: _LINE.format("\\\n" * size),
        lambda size: _LINE.format("#" * size),
        lambda size: "# x\n" * size,
        lambda size: "x y z\n" * size,
        lambda size: "127.0.0.1:\n" * size,
        lambda size: f"{'127.0.0.1,' * size}127.0.0.1:{_LINE}",
        lambda size: f"{'a.' * size} {_LINE}",
        lambda size: _LINE.replace("root", "a." * size),
        lambda size: _LINE.replace("root", "a:" * size),
        lambda size: _LINE.replace("nowait", "nowait/" + "1/" * size),
        lambda size: _LINE.replace("tcp", "tcp" + ",sndbuf=1" * size),
        lambda size: _LINE.replace("ftp", "rstatd/" + "1," * size).replace("tcp", "rpc/tcp"),
        lambda size: _LINE.replace("tcp", "rpc/" + "tcp," * size),
        lambda size: _LINE.replace("ftp", "rstatd/1-" + "9" * size).replace("tcp", "rpc/tcp"),
    )

    def test_doubling(self) -> None:
        """
        Twice the file is at most a little more than twice the operations.
        """
        for dialect in POSITIONAL:
            for number, shape in enumerate(self.SHAPES):
                once = operations(dialect, shape(100))
                twice = operations(dialect, shape(200))
                self.assertLess(twice, 2.3 * once + 500, (dialect, number))

    def test_longWords(self) -> None:
        """
        Each field may be as long as an entry: what took the square of that would never
        end.
        """
        for dialect in POSITIONAL:
            for piece in (",", ":", ".", "/", "a,", "a:", "a.", '"', ">", "$("):
                long = piece * (40_000 // len(piece))
                for field in (0, 1, 2, 3, 4, 5, 7):
                    words = ["ftp", "stream", "tcp", "nowait", "root", "/bin/cat", "cat", "x"]
                    words[field] = long
                    check(dialect, (" ".join(words) + "\n").encode())
