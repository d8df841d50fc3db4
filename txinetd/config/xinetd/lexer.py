# -*- test-case-name: tests.test_config_xinetd_blocks -*-
"""
From the text of an xinetd.conf(5) to lines of words.

 - Blanks part words: spaces, tabs, form feeds and vertical tabs.  There are no
   quotes, no escapes and no continuation lines.
 - A line whose first word begins with C{#} is a comment; a C{#} further on is not.
 - Lines end with LF; a CR before it is left out, as are lines of blanks.

The time taken is linear in the size of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from txinetd.config.lexer import Token

__all__ = ["MAXIMUM_LINE", "Words", "lines"]

#: The characters of the longest line that xinetd reads.
MAXIMUM_LINE = 16384

#: How much of a longer one is looked at, to say which it is.
_BEGINNING = 256

#: The words of one line, of which there is at least one.
Words = tuple[Token, ...]

_WORD = re.compile(r"[^ \t\f\v]+")


def lines(text: str) -> Iterator[Words]:
    """
    Split a file.

    @param text: from L{txinetd.config.lexer.decoded}.
    @return: the words of each line that has some and is no comment; of one that is
        too long, the first few and the whole line as one more.
    """
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        tooLong = len(line) > MAXIMUM_LINE
        words = tuple(
            Token(match.group(), number, match.start() + 1)
            for match in _WORD.finditer(line, 0, _BEGINNING if tooLong else len(line))
        )
        if not words or words[0].text.startswith("#"):
            continue
        yield (*words[:2], Token(line, number, 1)) if tooLong else words
