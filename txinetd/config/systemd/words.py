# -*- test-case-name: tests.test_config_systemd_words -*-
"""
Words of a value, quoted as systemd.syntax(7) and systemd.service(5) have it.

Blanks separate words; between C{'} or C{"}, anywhere in a word, they do not.  A
backslash begins an escape as in C, in and out of quotes: C{\\a \\b \\f \\n \\r \\t \\v
\\\\ \\" \\' \\s}, C{\\xHH}, C{\\NNN} in octal, C{\\uHHHH} and C{\\UHHHHHHHH}.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from txinetd.config.lexer import Token
from txinetd.config.systemd.unitfile import Assignment

__all__ = ["BadWords", "Word", "quoted", "words"]

_SIMPLE = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
    "'": "'",
    "s": " ",
}
#: A word by itself that does not separate commands.
_SEMICOLON = re.compile(r"\\;(?=[ \t\n\r]|$)")
_DIGITS = {"x": (2, 16), "u": (4, 16), "U": (8, 16)}
_WRITTEN = {0x5C: "\\\\", 0x22: '\\"', 0x0A: "\\n", 0x09: "\\t", 0x0D: "\\r"}


class BadWords(Exception):
    """
    A value that has no words.

    @ivar token: where.
    @ivar found: what stands there.
    @ivar expected: what should.
    """

    def __init__(self, token: Token, found: str, expected: str) -> None:
        super().__init__(found)
        self.token = token
        self.found = found
        self.expected = expected


@attrs.frozen
class Word:
    """
    One word.

    @ivar token: as it stands, and where.
    @ivar text: what it says; a byte that is not UTF-8 is a lone surrogate.
    """

    token: Token
    text: str

    @property
    def value(self) -> bytes:
        """
        The bytes that it says.
        """
        return self.text.encode("utf-8", "surrogateescape")


def words(assignment: Assignment) -> Iterator[Word]:
    """
    The words of a value.

    @raise BadWords: a quote is not closed, or an escape is none.
    """
    text = assignment.value
    position, end = 0, len(text)
    while True:
        while position < end and text[position] in " \t\n\r":
            position += 1
        if position == end:
            return
        start = position
        if _SEMICOLON.match(text, position):
            position += 2
            yield Word(assignment.token(start, position), ";")
            continue
        said: list[bytes] = []
        quote = ""
        while position < end:
            character = text[position]
            if character == "\\":
                piece, position = _escape(assignment, position)
                said.append(piece)
                continue
            position += 1
            if quote:
                if character == quote:
                    quote = ""
                    continue
            elif character in "'\"":
                quote = character
                continue
            elif character in " \t\n\r":
                position -= 1
                break
            said.append(character.encode("utf-8", "surrogateescape"))
        token = assignment.token(start, position)
        if quote:
            raise BadWords(token, "a quote that is not closed", f"a closing {quote}")
        yield Word(token, b"".join(said).decode("utf-8", "surrogateescape"))


def _escape(assignment: Assignment, position: int) -> tuple[bytes, int]:
    """
    What an escape stands for, and where it ends.
    """
    text = assignment.value
    character = text[position + 1 : position + 2]
    if character in _SIMPLE and character:
        return _SIMPLE[character].encode(), position + 2
    start = position + 2
    length, base = _DIGITS.get(character, (3, 8))
    if character not in _DIGITS:
        start = position + 1
    digits = text[start : start + length]
    allowed = "01234567" if base == 8 else "0123456789abcdefABCDEF"
    token = assignment.token(position, start + length)
    if len(digits) < length or set(digits) - set(allowed):
        raise BadWords(token, "an escape that is none", "an escape of systemd.syntax(7)")
    number = int(digits, base)
    if not number:
        raise BadWords(token, "a NUL character", "text")
    if character in ("u", "U"):
        if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
            raise BadWords(token, "no character", "a character of Unicode")
        return chr(number).encode(), start + length
    if number > 0xFF:
        raise BadWords(token, "an escape for more than a byte", "\\000 to \\377")
    return bytes((number,)), start + length


def quoted(data: bytes, plain: bytes) -> str:
    """
    Some bytes as one word, in ASCII.

    @param plain: the bytes that need no quotes.
    """
    if data and not set(data) - set(plain):
        return data.decode("ascii")
    text = "".join(
        _WRITTEN.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}")
        for byte in data
    )
    return f'"{text}"'
