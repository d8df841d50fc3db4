# -*- test-case-name: tests.test_config_keyvalue_lexer -*-
"""
Files in which both forms of entries stand: parts the definitions from the lines.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator

from txinetd.config.keyvalue.definition import Definition, Problem
from txinetd.config.keyvalue.lexer import Reader
from txinetd.config.keyvalue.shapes import BLANKS, isStart
from txinetd.config.lexer import Entry, Token
from txinetd.config.text import shown

__all__ = ["merged", "parted"]

#: Something that is no comment.
_FOLLOWING = re.compile(r"[ \t\r\f\v]*([^ \t\r\f\v#].{0,100})")
_COMMENT = re.compile(r"(?:^|[ \t])#")


def parted(text: str, keys: frozenset[str]) -> tuple[str, list[Definition]]:
    """
    Take the definitions out of a file.

    @param keys: what a key may be called.
    @return: the text with blank lines where they stood, so that all else is on the
        lines that it was on; and the definitions, in order.
    """
    lines = text.split("\n")
    found: list[Definition] = []
    # A line that continues another is none that something begins on.
    index, continues, joined = 0, False, False
    while index < len(lines):
        line = lines[index]
        inner = joined or (continues and line[:1] in (" ", "\t"))
        if not inner and isStart(line, keys):
            end = _definitions(lines, index, keys, found)
            lines[index:end] = [""] * (end - index)
            index, continues, joined = end, False, False
            continue
        bare = line.strip(BLANKS)
        comment = bare.startswith("#")
        continues = bool(bare) and (not comment or (continues and line[:1] in (" ", "\t")))
        joined = line.removesuffix("\r").endswith("\\") and not _COMMENT.search(line)
        index += 1
    return "\n".join(lines), found


def _definitions(
    lines: list[str], index: int, keys: frozenset[str], found: list[Definition]
) -> int:
    """
    Read the definitions that begin on one line, each behind the one before.

    @return: the index of the line after them.
    """
    reader = Reader(lines, index)
    while True:
        found.append(reader.definition())
        if reader.column == 0:
            # The last one had no end, and something else begins here.
            return reader.line
        line = lines[reader.line]
        following = _FOLLOWING.match(line, reader.column)
        if following is None:
            return reader.line + 1
        if not isStart(line, keys, reader.column):
            rest = following.group(1)
            token = Token(rest, reader.line + 1, following.start(1) + 1)
            expected = "the end of the line, or NAME on KEY = VALUE, ...;"
            problem = Problem(
                "text-after-entry", token, shown(rest), expected, "what follows ; is left out"
            )
            found.append(Definition(token, True, (), problem))
            return reader.line + 1


def merged(
    entries: Iterable[Entry], definitions: Iterable[Definition]
) -> Iterator[Entry | Definition]:
    """
    Both, by the lines that they begin on.
    """

    def line(each: Entry | Definition) -> int:
        """
        Where something begins.
        """
        if isinstance(each, Definition):
            return each.name.line
        if each.tokens:
            return each.tokens[0].line
        if each.comment is not None:
            return each.comment.line
        return each.flaws[0].token.line if each.flaws else 0

    both: tuple[Iterable[Entry | Definition], ...] = (entries, definitions)
    yield from heapq.merge(*both, key=line)
