# -*- test-case-name: tests.test_config_systemd_values -*-
"""
Values of settings as systemd reads them: booleans, numbers, sizes and times.
"""

from __future__ import annotations

import math
import re

from txinetd.config.systemd.tables import FALSE, TRUE

__all__ = ["boolean", "bytesOf", "integer", "span"]

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_SIZE = re.compile(r"([0-9]{1,20})\s*([KMGTPE]?)B?")
_PIECE = re.compile(r"\s*([0-9]{1,18})(?:\.([0-9]{1,18}))?\s*([A-Za-z\u00b5]*)\s*")

_SHIFTS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40, "P": 50, "E": 60}

#: Microseconds.
_UNITS = {
    **dict.fromkeys(("us", "usec", "\u00b5s"), 1),
    **dict.fromkeys(("ms", "msec"), 1000),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 10**6),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60 * 10**6),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600 * 10**6),
    **dict.fromkeys(("d", "day", "days"), 86400 * 10**6),
    **dict.fromkeys(("w", "week", "weeks"), 7 * 86400 * 10**6),
    **dict.fromkeys(("M", "month", "months"), 2629800 * 10**6),
    **dict.fromkeys(("y", "year", "years"), 31557600 * 10**6),
}


def boolean(text: str) -> bool | None:
    """
    Yes or no, or C{None} where it is neither.
    """
    word = text.lower()
    return True if word in TRUE else False if word in FALSE else None


def integer(text: str, least: int, most: int) -> int | None:
    """
    A whole number within bounds, or C{None}.
    """
    if _INTEGER.fullmatch(text) is None or not least <= int(text) <= most:
        return None
    return int(text)


def bytesOf(text: str, most: int = 2**63 - 1) -> int | None:
    """
    A size, with K, M, G and so on for powers of 1024; or C{None}.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    number = int(match[1]) << _SHIFTS[match[2]]
    return number if number <= most else None


def span(text: str, unit: str = "s") -> float | None:
    """
    A time in seconds, C{math.inf} for C{infinity}; or C{None}.

    @param unit: what a number without one counts.
    """
    if text.strip() == "infinity":
        return math.inf
    position, total = 0, 0
    while position < len(text) or not position:
        match = _PIECE.match(text, position)
        if match is None or (match[3] and match[3] not in _UNITS):
            return None
        scale = _UNITS[match[3] or unit]
        total += int(match[1]) * scale
        if match[2]:
            total += int(match[2]) * scale // 10 ** len(match[2])
        position = match.end()
    return total / 10**6
