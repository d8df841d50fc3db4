# -*- test-case-name: tests.test_config_systemd_unitfile -*-
"""
From the bytes of a unit file to its assignments, as systemd.syntax(7) has it.

 - Lines end with LF; a CR before it, and blanks around a line, are left out.
 - A line that begins with C{#} or C{;} is a comment, also between a line and its
   continuation.
 - A backslash at the very end of a line continues it on the next; the two are joined
   by a blank.
 - C{[NAME]} begins a section, C{NAME=VALUE} is an assignment in it; blanks around
   either side are left out.

Names and values that are not UTF-8 make no assignment, as with systemd.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

import attrs

from txinetd.config.lexer import Token, decoded

__all__ = ["Assignment", "Fault", "parseUnit"]

_BLANKS = " \t\r"


@attrs.frozen
class Assignment:
    """
    One setting and what stands after it.

    @ivar path: the file.
    @ivar section: the name of its section.
    @ivar key: the setting, where it stands.
    @ivar value: the text after it, continuation lines joined.
    @ivar pieces: where in the text the pieces of the value begin: offset, line and
        column of each.
    """

    path: str
    section: str
    key: Token
    value: str
    pieces: tuple[tuple[int, int, int], ...]

    def token(self, start: int = 0, end: int | None = None) -> Token:
        """
        A part of the value, and where it stands.

        @param start: its offset.
        @param end: the offset after it, or C{None} for all that follows.
        """
        number = bisect_right(self.pieces, (start, 2**62, 0)) - 1
        offset, line, column = self.pieces[max(number, 0)]
        return Token(self.value[start:end], line, column + start - offset)


@attrs.frozen
class Fault:
    """
    A line that is neither a section nor an assignment.

    @ivar path: the file.
    @ivar token: where, and what stands there.
    """

    path: str
    token: Token
    found: str
    expected: str


@attrs.frozen
class _Line:
    """
    A logical line.
    """

    text: str
    pieces: tuple[tuple[int, int, int], ...]


def _logical(text: str) -> Iterator[_Line]:
    """
    Join lines that are continued.
    """
    joined = ""
    pieces: list[tuple[int, int, int]] = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip(_BLANKS)
        if line[:1] in ("#", ";"):
            continue
        column = len(raw) - len(raw.lstrip(_BLANKS)) + 1
        if pieces or line:
            pieces.append((len(joined), number, column))
        if line.endswith("\\"):
            joined += line[:-1] + " "
            continue
        if pieces:
            yield _Line(joined + line, tuple(pieces))
        joined, pieces = "", []
    if pieces:
        yield _Line(joined, tuple(pieces))


def parseUnit(path: str, data: bytes) -> Iterator[Assignment | Fault]:
    """
    Read a file.

    @param path: its name.
    """
    section = ""
    for line in _logical(decoded(data)):
        whole = Assignment(path, section, Token("", 0, 0), line.text, line.pieces)
        start = whole.token()
        if not line.text.strip(_BLANKS):
            continue
        if not line.text.isprintable() and any("\udc80" <= each <= "\udcff" for each in line.text):
            yield Fault(path, start, "bytes that are not UTF-8", "UTF-8")
        elif "\0" in line.text:
            yield Fault(path, start, "a NUL character", "text")
        elif line.text.startswith("["):
            name = line.text.strip(_BLANKS)
            if not name.endswith("]"):
                yield Fault(path, start, "a section without its closing ]", "[SECTION]")
                # What follows belongs to no section that is known.
                section = ""
            else:
                section = name[1:-1]
        else:
            key, equals, _ = line.text.partition("=")
            if not equals:
                yield Fault(path, start, "a line without =", "SETTING=VALUE")
            elif not section:
                yield Fault(path, start, "a setting in no section", "a [SECTION] before it")
            else:
                yield _assignment(whole, section, key)


def _assignment(line: Assignment, section: str, key: str) -> Assignment:
    """
    An assignment of a logical line.
    """
    name = key.rstrip(_BLANKS)
    start = len(key) + 1
    value = line.value[start:]
    start += len(value) - len(value.lstrip(_BLANKS))
    value = value.strip(_BLANKS)
    first = line.token(start)
    pieces = [(0, first.line, first.column)]
    for offset, number, column in line.pieces:
        if offset > start:
            pieces.append((offset - start, number, column))
    return Assignment(
        line.path, section, attrs.evolve(line.token(), text=name), value, tuple(pieces)
    )
