# -*- test-case-name: tests.test_internal_wire -*-
"""
What the small services say, byte for byte.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

__all__ = [
    "CHARGEN_CYCLE",
    "CHARGEN_LINES",
    "Now",
    "chargenLine",
    "daytimeAnswer",
    "timeAnswer",
]

#: A wall clock: seconds since 1970.
Now = Callable[[], float]

_WIDTH = 72
_RING = bytes(range(0x20, 0x7F))

#: How many different lines there are, after which they come again.
CHARGEN_LINES = len(_RING)


def chargenLine(number: int) -> bytes:
    """
    One line of RFC 864's pattern: 72 of the 95 printing characters, from the
    space on, and each line one character further along.

    @param number: which line, from 0.
    """
    first = number % CHARGEN_LINES
    return (_RING + _RING)[first : first + _WIDTH] + b"\r\n"


#: All the lines once.  Every client is sent this same object again and again,
#: so that serving one costs neither copies nor a look at single lines.
CHARGEN_CYCLE = b"".join(map(chargenLine, range(CHARGEN_LINES)))

#: From the beginning of 1900, where RFC 868 counts from, to that of 1970.
_EPOCH = 2208988800


def timeAnswer(now: float) -> bytes:
    """
    RFC 868's time: seconds since 1900 in 32 bits, most significant byte first.

    The number has only these bits: in February 2036 it begins again at 0, and
    a client that knows the century adds it back.

    @param now: seconds since 1970.
    """
    return ((math.floor(now) + _EPOCH) % 2**32).to_bytes(4, "big")


def daytimeAnswer(now: float) -> bytes:
    """
    RFC 867 leaves the form open; this is what the BSD inetds say: the local
    time as ctime(3) writes it, English in every locale.

    @param now: seconds since 1970.
    """
    return time.asctime(time.localtime(now)).encode("ascii") + b"\r\n"
