# -*- test-case-name: tests.test_config_xinetd_attributes -*-
"""
Reads the words of attributes that need nothing but themselves: numbers, sizes,
C{yes} and C{no}, words of a list, paths.

Each function here makes a L{txinetd.config.xinetd.attribute.Convert}, or is one.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Sequence

from txinetd.config.lexer import Token
from txinetd.config.text import shown
from txinetd.config.xinetd.attribute import Convert, Scope

__all__ = [
    "UNLIMITED",
    "absolutePath",
    "choice",
    "choices",
    "count",
    "decimal",
    "firstWord",
    "octal",
    "similar",
    "size",
    "texts",
    "words",
    "yesOrNo",
]

UNLIMITED = "UNLIMITED"

_SIGNED = re.compile(r"-?[0-9]{1,9}")
_OCTAL = re.compile(r"[0-7]{1,6}")
_DECIMAL = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9}")
_SIZE = re.compile(r"([0-9]{1,15})([kKmM]?)")
_FACTORS = {"": 1, "K": 1024, "M": 1024 * 1024}


def _bad(token: Token, scope: Scope, expected: str, hint: str = "") -> None:
    """
    A word has no meaning.
    """
    scope.reporter.drop("bad-value", token, shown(token.text), expected, hint)


def similar(text: str, known: Iterable[str]) -> str:
    """
    A hint at the word that was probably meant.
    """
    if len(text) > 20:
        return ""
    near = difflib.get_close_matches(text.lower(), {each.lower() for each in known}, n=1)
    meant = next((each for each in known if near and each.lower() == near[0]), None)
    return f"did you mean {meant}?" if meant else ""


def count(least: int, most: int, unlimited: bool = False) -> Convert:
    """
    A whole number.

    @param unlimited: whether C{UNLIMITED} may stand there, which is C{math.inf}.
    """
    expected = f"a number from {least} to {most}" + (f", or {UNLIMITED}" if unlimited else "")

    def convert(attribute: Token, tokens: Sequence[Token], scope: Scope) -> float | int | None:
        """
        Read the number.
        """
        text = tokens[0].text
        if unlimited and text.upper() == UNLIMITED:
            return math.inf
        if _SIGNED.fullmatch(text) and least <= int(text) <= most:
            return int(text)
        _bad(tokens[0], scope, expected)
        return None

    return convert


def size(attribute: Token, tokens: Sequence[Token], scope: Scope) -> float | int | None:
    """
    Bytes, perhaps with C{K} or C{M} after them; C{math.inf} for C{UNLIMITED}.
    """
    if tokens[0].text.upper() == UNLIMITED:
        return math.inf
    match = _SIZE.fullmatch(tokens[0].text)
    if match is None:
        expected = f"a number of bytes, with K or M after it for more, or {UNLIMITED}"
        _bad(tokens[0], scope, expected)
        return None
    return int(match[1]) * _FACTORS[match[2].upper()]


def octal(most: int) -> Convert:
    """
    A number to the base of 8.
    """

    def convert(attribute: Token, tokens: Sequence[Token], scope: Scope) -> int | None:
        """
        Read the number.
        """
        text = tokens[0].text
        if _OCTAL.fullmatch(text) and int(text, 8) <= most:
            return int(text, 8)
        _bad(tokens[0], scope, f"an octal number from 0 to {most:o}")
        return None

    return convert


def decimal(attribute: Token, tokens: Sequence[Token], scope: Scope) -> float | None:
    """
    A number above 0, perhaps with a fraction.
    """
    text = tokens[0].text
    if _DECIMAL.fullmatch(text) and float(text) > 0:
        return float(text)
    _bad(tokens[0], scope, "a number above 0, such as 2.5")
    return None


def yesOrNo(attribute: Token, tokens: Sequence[Token], scope: Scope) -> bool | None:
    """
    C{yes} or C{no}.
    """
    text = tokens[0].text.lower()
    if text in ("yes", "no"):
        return text == "yes"
    _bad(tokens[0], scope, "yes or no")
    return None


def choice(known: Sequence[str]) -> Convert:
    """
    One of some words.
    """

    def convert(attribute: Token, tokens: Sequence[Token], scope: Scope) -> str | None:
        """
        Look the word up.
        """
        if tokens[0].text in known:
            return tokens[0].text
        _bad(tokens[0], scope, " or ".join(known), similar(tokens[0].text, known))
        return None

    return convert


def choices(known: Sequence[str]) -> Convert:
    """
    Some of some words.  One that is almost as it should be, in capitals or not, is
    taken for what it is.
    """
    folded = {each.lower(): each for each in known}

    def convert(attribute: Token, tokens: Sequence[Token], scope: Scope) -> tuple[str, ...]:
        """
        Look the words up.
        """
        found = []
        for token in tokens:
            word = folded.get(token.text.lower())
            if word is None:
                _bad(token, scope, f"some of {', '.join(known)}", similar(token.text, known))
                continue
            if word != token.text:
                hint = "xinetd would not know it"
                scope.reporter.warn("word-case", token, shown(token.text), word, hint)
            found.append(word)
        return tuple(found)

    return convert


def firstWord(attribute: Token, tokens: Sequence[Token], scope: Scope) -> Token:
    """
    One word, to be understood later.
    """
    return tokens[0]


def words(attribute: Token, tokens: Sequence[Token], scope: Scope) -> tuple[Token, ...]:
    """
    Words, to be understood later.
    """
    return tuple(tokens)


def texts(attribute: Token, tokens: Sequence[Token], scope: Scope) -> tuple[str, ...]:
    """
    Words that are what they are.
    """
    return tuple(token.text for token in tokens)


def absolutePath(attribute: Token, tokens: Sequence[Token], scope: Scope) -> Token | None:
    """
    A path from the root.
    """
    token = tokens[0]
    if token.text.startswith("/") and not token.text.endswith("/"):
        return token
    scope.reporter.drop("relative-path", token, shown(token.text), "an absolute path of a file")
    return None
