# -*- test-case-name: tests.test_config_keyvalue_lexer -*-
"""
What the words of a definition look like, and the lines that begin one.
"""

from __future__ import annotations

import re

__all__ = ["BLANKS", "KEY", "QUOTED", "START", "WORD", "beginsEntry", "isStart", "unescaped"]


#: Possessive, so that a quote that does not end is known after one look.
_DOUBLE = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'


_SINGLE = r"'[^'\\]*+(?:\\.[^'\\]*+)*+'"


_NAME = rf"""(?:{_DOUBLE}|{_SINGLE}|[^ \t\r\f\v"'#;][^ \t\r\f\v#;]*)"""


#: What parts words.  Not all that Unicode calls a space: most of that is invisible.
BLANKS = " \t\r\f\v"


_BLANK = r"[ \t\r\f\v]"


#: A name, C{on} or C{off}, and what follows.
START = re.compile(rf"{_BLANK}*({_NAME}){_BLANK}+(on|off)(?={_BLANK}|[;#]|$)")


#: The same with its first key: nothing else looks like that.
_CLEAR_START = re.compile(rf"{_NAME}{_BLANK}+(?:on|off){_BLANK}+[A-Za-z_][A-Za-z0-9_]*{_BLANK}*=")


_POSITIONAL = re.compile(
    rf"""[^ \t\r\f\v#"'=]+{_BLANK}+(?:stream|dgram|raw|rdm|seqpacket)\b[^ \t\r\f\v]*"""
    rf"{_BLANK}+(?:rpc/)?(?:tcp|udp|unix)"
)


#: Nothing more on the line, or something that prose has not.
_NO_PROSE = re.compile(rf"{_BLANK}*(?:$|#|[^=;]*+[=;])")


KEY = re.compile(r"[^ \t\r\f\v,;=#\"']+")


WORD = re.compile(r"[^ \t\r\f\v,;#\"'][^ \t\r\f\v,;#]*")


QUOTED = {'"': re.compile(_DOUBLE), "'": re.compile(_SINGLE)}


_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.|$)", re.DOTALL)


_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"\\": b"\\", b"'": b"'", b'"': b'"'}


def isStart(line: str, keys: frozenset[str], position: int = 0) -> bool:
    """
    Whether a line, or the rest of one, begins a definition: two words of which the
    second is C{on} or C{off}, and something that is no prose.

    @param keys: what a key may be called.
    @param position: where the rest begins.
    """
    match = START.match(line, position)
    if match is None:
        return False
    if _NO_PROSE.match(line, match.end()):
        return True
    key = KEY.search(line, match.end())
    return key is not None and key.group().lower() in keys


def beginsEntry(line: str) -> bool:
    """
    Whether a line within a definition begins another entry, of either form: only what
    can be nothing else counts.
    """
    return bool(_CLEAR_START.match(line) or _POSITIONAL.match(line))


def unescaped(text: str) -> str | None:
    """
    What stands between quotes, as it is meant.

    @return: C{None} where an escape is none.
    """
    if "\\" not in text:
        return text
    wrong = False

    def one(match: re.Match[bytes]) -> bytes:
        """
        One escape.
        """
        nonlocal wrong
        letter = match.group(1)
        if len(letter) == 3:
            return bytes([int(letter[1:], 16)])
        wrong = wrong or letter not in _ESCAPES
        return _ESCAPES.get(letter, b"")

    data = _ESCAPE.sub(one, text.encode("utf-8", "surrogateescape"))
    return None if wrong else data.decode("utf-8", "surrogateescape")
