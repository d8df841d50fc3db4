"""
Tests for L{txinetd.config.systemd.words}: quotes and escapes.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txinetd.config.systemd.unitfile import Assignment, parseUnit
from txinetd.config.systemd.words import BadWords, quoted, words


def split(value: str) -> list[bytes]:
    """
    The words of a value.
    """
    (found,) = parseUnit("a", f"[S]\nA={value}\n".encode())
    assert isinstance(found, Assignment)
    return [word.value for word in words(found)]


class WordTests(SynchronousTestCase):
    """
    Tests for splitting.
    """

    def test_quotes(self) -> None:
        """
        Quotes keep blanks, may stand within a word, and keep each other.
        """
        found = split("a  \"b c\" d'e f'g \"it's\" ''")
        self.assertEqual(found, [b"a", b"b c", b"de fg", b"it's", b""])

    def test_escapes(self) -> None:
        """
        Escapes are those of C, and of Unicode; a byte may be any but NUL.
        """
        self.assertEqual(
            split(r'\x41\101\t\s\\ "\"\xff\u00e9\U0001f600" \; a\'b'),
            [b"AA\t \\", b'"\xff' + "\u00e9\U0001f600".encode(), b";", b"a'b"],
        )

    def test_bad(self) -> None:
        """
        An open quote and an escape that is none make no words, and say where.
        """
        for value, column in {
            '"a': 3,
            "a 'b c": 5,
            r"ab\q": 5,
            r"\x4": 3,
            r"\x00": 3,
            r"\777": 3,
            r"\ud800": 3,
            r"\U00110000": 3,
            r"x \;y": 5,
        }.items():
            bad = self.assertRaises(BadWords, split, value)
            self.assertEqual((bad.token.line, bad.token.column), (2, column), value)

    @given(st.binary().map(lambda data: data.replace(b"\0", b"")))
    def test_quoted(self, data: bytes) -> None:
        """
        What is written as one word in ASCII reads back as these bytes.
        """
        text = quoted(data, b"abc/")
        self.assertTrue(text.isascii() and text.isprintable())
        self.assertEqual(split(f"x {text}")[1:], [data])
