"""
Tests for L{txinetd.config.systemd.unitfile}: from text to assignments.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txinetd.config.systemd.unitfile import Assignment, Fault, parseUnit


def assignments(text: str) -> list[tuple[str, str, str]]:
    """
    Section, setting and value of each.
    """
    found = []
    for each in parseUnit("a.socket", text.encode()):
        assert isinstance(each, Assignment), each
        found.append((each.section, each.key.text, each.value))
    return found


class LineTests(SynchronousTestCase):
    """
    Tests for what lines say.
    """

    def test_lines(self) -> None:
        """
        Comments, blank lines and blanks around things say nothing.
        """
        text = "# a\n; b\n\n[Socket]\n  ListenStream =  22 \r\nAccept=yes=no\nBacklog=\n"
        self.assertEqual(
            assignments(text),
            [
                ("Socket", "ListenStream", "22"),
                ("Socket", "Accept", "yes=no"),
                ("Socket", "Backlog", ""),
            ],
        )

    def test_continuation(self) -> None:
        """
        A backslash joins lines by a blank, comments between them left out, and a
        comment is not continued.
        """
        text = "[S]\nA=b\\\n# c\n; d\n  e\\\n\\\nf\n# x\\\nB=c\\"
        self.assertEqual(assignments(text), [("S", "A", "b e  f"), ("S", "B", "c")])

    def test_places(self) -> None:
        """
        A part of a value stands where it is in the file, also after continuations.
        """
        (found,) = parseUnit("a.socket", b"[S]\n A = one \\\n   two three\n")
        assert isinstance(found, Assignment)
        self.assertEqual((found.key.line, found.key.column), (2, 2))
        for word, place in {"one": (2, 6), "two": (3, 4), "three": (3, 8)}.items():
            start = found.value.index(word)
            token = found.token(start, start + len(word))
            self.assertEqual((token.text, token.line, token.column), (word, *place))

    def test_faults(self) -> None:
        """
        What is no assignment is a fault, with its place, and the rest is read.
        """
        text = b"A=1\n[S\nB=2\n[S]\nno\nC=\xff\nD=\x00\nE=3\n"
        found = list(parseUnit("a", text))
        faults = [each for each in found if isinstance(each, Fault)]
        self.assertEqual([each.token.line for each in faults], [1, 2, 3, 5, 6, 7])
        (last,) = (each for each in found if isinstance(each, Assignment))
        self.assertEqual((last.section, last.key.text, last.value), ("S", "E", "3"))

    @given(st.binary(max_size=200) | st.text("[]=#;\\\n a\t", max_size=60).map(str.encode))
    def test_anything(self, data: bytes) -> None:
        """
        Every text is read to its end, and everything found in it has a place in it.
        """
        lines = data.count(b"\n") + 1
        for each in parseUnit("a", data):
            token = each.token if isinstance(each, Fault) else each.key
            self.assertTrue(1 <= token.line <= lines)
            if isinstance(each, Assignment):
                self.assertNotIn("\n", each.value)
