# -*- test-case-name: tests.test_internal_ident_options -*-
"""
The options of C{auth}, which are those of FreeBSD's inetd(8):

  - C{-d NAME}: the user to name where the real one cannot be told (with C{-r}), or
    always (without);
  - C{-f}: let users name another in C{~/.fakeid}, unless that one exists; C{-F}: even
    then;
  - C{-g}: name nobody: a word of random letters and digits each time;
  - C{-i}: the user's number in place of the name;
  - C{-n}: let users hide by a file C{~/.noident};
  - C{-o NAME}: the operating system's name to give in place of uname(1)'s;
  - C{-r}: look up real users; without it nobody is named, but for C{-d} and C{-g};
  - C{-t SECONDS[.MICROSECONDS]}: the time for a whole connection, by default 10.
"""

from __future__ import annotations

import getopt
import re
from collections.abc import Sequence
from typing import Any

import attrs

__all__ = ["IdentOptions", "parseOptions"]

#: Names go into one line, whose parts have a colon between them.
_NAME = re.compile(r"[!-9;-~]{1,512}")

_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")

_FLAGS = {
    "-f": "fake",
    "-F": "fakeAny",
    "-g": "garbled",
    "-i": "numeric",
    "-n": "hide",
    "-r": "real",
}


@attrs.frozen
class IdentOptions:
    """
    What C{auth} is to tell.

    @ivar real: whether real users are looked up.
    @ivar fallback: whom to name instead, or C{None}.
    @ivar fake: whether C{~/.fakeid} counts, if it names nobody who exists.
    @ivar fakeAny: whether it counts, whoever it names.
    @ivar garbled: whether random words are told.
    @ivar numeric: whether numbers are told.
    @ivar hide: whether C{~/.noident} counts.
    @ivar system: the operating system's name, or C{None} for uname(2)'s.
    @ivar seconds: how long a connection may last.
    """

    real: bool = False
    fallback: str | None = None
    fake: bool = False
    fakeAny: bool = False
    garbled: bool = False
    numeric: bool = False
    hide: bool = False
    system: str | None = None
    seconds: float = 10.0


def parseOptions(arguments: Sequence[bytes]) -> IdentOptions:
    """
    Read the options.

    @param arguments: the words that follow C{auth}.
    @raise ValueError: if they are not these; the text says why.
    """
    try:
        words = [word.decode("ascii") for word in arguments]
        pairs, rest = getopt.getopt(words, "d:fFgino:rt:")
    except UnicodeDecodeError as error:
        raise ValueError("not in ASCII") from error
    except getopt.GetoptError as error:
        raise ValueError(str(error)) from error
    if rest:
        raise ValueError(f"{rest[0]!r} is not an option")
    found: dict[str, Any] = {}
    for flag, value in pairs:
        if flag in _FLAGS:
            found[_FLAGS[flag]] = True
        elif flag == "-t":
            seconds = float(value) if _SECONDS.fullmatch(value) else 0.0
            if seconds <= 0.0:
                raise ValueError(f"-t: {value!r} is not a number of seconds")
            found["seconds"] = seconds
        else:
            if not _NAME.fullmatch(value):
                raise ValueError(f"{flag}: {value!r} cannot be told in an answer")
            found["fallback" if flag == "-d" else "system"] = value
    return IdentOptions(**found)
