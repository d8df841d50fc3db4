# -*- test-case-name: tests.test_config_settings -*-
"""
Values that are one number: counts, sizes, times.

A number is never guessed: no octal, no sign where there can be none, nothing after
it; one that cannot be read is an error and never means "no limit".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

import attrs

from txinetd.config.lexer import Token
from txinetd.config.settings.setting import (
    BadValue,
    Context,
    Converter,
    Words,
)
from txinetd.config.text import shown

__all__ = [
    "UNLIMITED",
    "Count",
    "Number",
    "Octal",
    "Real",
    "Seconds",
    "Size",
    "natural",
    "real",
    "secondsText",
    "size",
]


#: xinetd's word for no limit.
UNLIMITED = "UNLIMITED"


#: More of anything than there is.
_MOST = 2**31 - 1


_INTEGER = re.compile(r"-?[0-9]{1,20}")


_REAL = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,400})?")


_SIZE = re.compile(r"([0-9]{1,19})([kmgKMG]?)[bB]?")


_TIME = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,400})?)([smhd]?)")


_OCTAL = re.compile(r"[0-7]{1,4}")


_UNITS = {"": 0, "k": 10, "m": 20, "g": 30}


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def natural(token: Token, least: int, most: int, expected: str, text: str | None = None) -> int:
    """
    A whole number.

    @param text: the part of the word that is meant, C{None} for all of it.
    @raise BadValue: it is none, or too small or too large.
    """
    text = token.text if text is None else text
    if _INTEGER.fullmatch(text) is None or not least <= int(text) <= most:
        raise BadValue(token, shown(token.text), expected)
    return int(text)


def real(token: Token, expected: str, text: str | None = None) -> float:
    """
    A number that is not negative, perhaps with a fraction.

    @raise BadValue: it is none.
    """
    text = token.text if text is None else text
    if _REAL.fullmatch(text) is None:
        raise BadValue(token, shown(token.text), expected)
    return float(text)


def secondsText(value: float) -> str:
    """
    A number of seconds, or of anything, as it is written.
    """
    if value == int(value):
        return str(int(value))
    return format(Decimal(repr(value)), "f")


@attrs.frozen
class Count(Converter):
    """
    How many, at most.

    @ivar zero: whether 0 means no limit, as it does after C{nowait.}
    """

    zero: bool = False

    def read(self, words: Words, context: Context) -> int | None:
        """
        A number, or C{UNLIMITED}.
        """
        least = 0 if self.zero else 1
        also = "0 (no limit)" if self.zero else "1"
        expected = f"a number from {also} to {_MOST}, or {UNLIMITED}"
        token = words.one(expected)
        if token.text.upper() == UNLIMITED:
            return None
        try:
            return natural(token, least, _MOST, expected) or None
        except BadValue as bad:
            if token.text == "0":
                bad.hint = f"for no limit write {UNLIMITED}"
            raise

    def write(self, value: int | None) -> Sequence[str]:
        """
        The same.
        """
        if value is None:
            return ("0",) if self.zero else (UNLIMITED,)
        return (str(value),)


@attrs.frozen
class Number(Converter):
    """
    A whole number.
    """

    least: int
    most: int

    def read(self, words: Words, context: Context) -> int:
        """
        A number within bounds.
        """
        expected = f"a number from {self.least} to {self.most}"
        return natural(words.one(expected), self.least, self.most, expected)

    def write(self, value: int) -> Sequence[str]:
        """
        The same.
        """
        return (str(value),)


class Real(Converter):
    """
    A number with a fraction, over 0.
    """

    def read(self, words: Words, context: Context) -> float:
        """
        A number.
        """
        expected = "a number over 0, such as 2.5"
        token = words.one(expected)
        value = real(token, expected)
        if not value:
            raise BadValue(token, shown(token.text), expected)
        return value

    def write(self, value: float) -> Sequence[str]:
        """
        The same.
        """
        return (secondsText(value),)


@attrs.frozen
class Seconds(Converter):
    """
    A length of time.

    @ivar zero: whether there may be none.
    """

    zero: bool = False

    def read(self, words: Words, context: Context) -> float:
        """
        Seconds, or minutes, hours or days by a letter after the number.
        """
        least = "" if self.zero else " over 0"
        expected = f"a time{least} in seconds, or with a letter: 90, 90s, 1.5m, 2h, 1d"
        token = words.one(expected)
        match = _TIME.fullmatch(token.text)
        if match is None:
            raise BadValue(token, shown(token.text), expected)
        number, unit = match.groups()
        value = float(number) * _SECONDS[unit or "s"]
        if not value and not self.zero:
            raise BadValue(token, shown(token.text), expected)
        return value

    def write(self, value: float) -> Sequence[str]:
        """
        Seconds.
        """
        return (secondsText(value),)


@attrs.frozen
class Size(Converter):
    """
    A number of bytes.
    """

    least: int = 1
    most: int = _MOST

    def read(self, words: Words, context: Context) -> int:
        """
        A number, perhaps with k, m or g after it, for 1024 each.
        """
        expected = f"a size from {self.least} to {self.most} bytes, such as 65536 or 64k"
        return size(words.one(expected), self.least, self.most, expected)

    def write(self, value: int) -> Sequence[str]:
        """
        Bytes.
        """
        return (str(value),)


def size(token: Token, least: int, most: int, expected: str) -> int:
    """
    A number of bytes.

    @raise BadValue: it is none, or too small or too large.
    """
    match = _SIZE.fullmatch(token.text)
    if match is not None:
        value = int(match[1]) << _UNITS[match[2].lower()]
        if least <= value <= most:
            return value
    raise BadValue(token, shown(token.text), expected)


@attrs.frozen
class Octal(Converter):
    """
    Permission bits.
    """

    most: int = 0o777

    def read(self, words: Words, context: Context) -> int:
        """
        An octal number.
        """
        expected = f"permissions in octal, 0 to {self.most:o}, such as 022"
        token = words.one(expected)
        if not _OCTAL.fullmatch(token.text) or int(token.text, 8) > self.most:
            raise BadValue(token, shown(token.text), expected)
        return int(token.text, 8)

    def write(self, value: int) -> Sequence[str]:
        """
        Three digits and a zero before them.
        """
        return (f"{value:04o}",)
