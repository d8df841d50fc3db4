# -*- test-case-name: tests.test_config_text -*-
"""
Text of unknown origin, made fit to be shown to an administrator.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["shown", "similar", "visible"]

#: How much of a text a message quotes.
QUOTED = 60


def _escaped(character: str) -> str:
    """
    A character that would not be seen, or would do something to a terminal,
    as an escape; a byte that is not UTF-8 (a lone surrogate here) as that byte.
    """
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:
        return f"\\x{number - 0xDC00:02x}"
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def visible(text: str) -> str:
    """
    C{text} with everything that is not printable escaped: control characters,
    line ends, characters that turn the direction of writing, invalid bytes.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def shown(text: str) -> str:
    """
    C{text} between quotes, escaped, and cut if it is long.
    """
    if len(text) > QUOTED:
        return f"'{visible(text[:QUOTED])}...'"
    return f"'{visible(text)}'"


def similar(text: str, words: Iterable[str]) -> str:
    """
    A hint at the word that was probably meant.
    """
    if len(text) > 20:
        return ""
    near = difflib.get_close_matches(text.lower(), list(words), n=1)
    return f"did you mean {near[0]}?" if near else ""
