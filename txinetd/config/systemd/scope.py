# -*- test-case-name: tests.test_config_systemd_dialect -*-
"""
What it takes to understand the settings of a pair of units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import attrs

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.systemd.specifiers import Names, UnknownSpecifier
from txinetd.config.systemd.unitfile import Assignment
from txinetd.config.systemd.units import Pair
from txinetd.config.systemd.values import boolean, bytesOf, integer, span
from txinetd.config.systemd.words import BadWords, Word, words
from txinetd.config.text import shown
from txinetd.config.values import LoadOptions
from txinetd.interfaces import INames

__all__ = ["Scope"]

_T = TypeVar("_T")


@attrs.define
class Scope:
    """
    One pair being read.

    @ivar pair: its settings.
    @ivar used: sections and keys that have been asked for.
    """

    pair: Pair
    names: INames
    options: LoadOptions
    reporter: Reporter
    used: set[tuple[str, str]] = attrs.field(factory=set)

    def drop(
        self, at: Assignment, token: Token, code: str, found: str, expected: str, hint: str = ""
    ) -> None:
        """
        Say what leaves no service.
        """
        self.reporter.path = at.path
        self.reporter.drop(code, token, found, expected, hint)

    def warn(
        self, at: Assignment, token: Token, code: str, found: str, expected: str, hint: str = ""
    ) -> None:
        """
        Say what is done differently.
        """
        self.reporter.path = at.path
        self.reporter.warn(code, token, found, expected, hint)

    def bad(self, at: Assignment, expected: str, hint: str = "") -> None:
        """
        Say that a value is none.
        """
        found = f"{shown(at.value)} for {at.key.text}"
        self.drop(at, at.token(), "bad-value", found, expected, hint)

    def all(self, section: str, key: str) -> list[Assignment]:
        """
        The assignments to a setting that count.
        """
        self.used.add((section, key))
        return self.pair.all(section, key)

    def last(self, section: str, key: str) -> Assignment | None:
        """
        The one that counts.
        """
        given = self.all(section, key)
        return given[-1] if given else None

    def text(self, at: Assignment, text: str | None = None) -> str | None:
        """
        A value with its specifiers resolved.

        @param text: a part of the value, C{None} for all of it.
        @return: C{None} after having said that one is not known.
        """
        pair = self.pair
        unit = pair.service if at.section == "Service" else pair.socket
        try:
            return Names(unit).resolved(at.value if text is None else text)
        except UnknownSpecifier as problem:
            whole = at.value if text is None else text
            found = shown(whole[problem.offset : problem.offset + 2])
            hint = "it has no value before there is a connection, or another on each machine"
            start = max(at.value.find(whole), 0) + problem.offset
            expected = "a specifier that is known"
            self.drop(at, at.token(start), "unknown-specifier", found, expected, hint)
            return None

    def words(self, at: Assignment) -> list[Word] | None:
        """
        A value's words, without regard to specifiers.
        """
        try:
            return list(words(at))
        except BadWords as problem:
            self.drop(at, problem.token, "bad-value", problem.found, problem.expected)
            return None

    def resolvedWords(self, section: str, key: str) -> Iterator[tuple[Assignment, Word]]:
        """
        All words of a list, resolved, with where they stand.
        """
        for at in self.all(section, key):
            for word in self.words(at) or ():
                text = self.text(at, word.text)
                if text is not None:
                    yield at, Word(word.token, text)

    def value(
        self, section: str, key: str, read: Callable[[str], _T | None], expected: str
    ) -> _T | None:
        """
        A setting with one value.

        @param read: gives C{None} for a text that is none.
        @return: C{None} where the setting is not there, or has no value, after having
            said so.
        """
        at = self.last(section, key)
        if at is None:
            return None
        found = read(at.value)
        if found is None:
            self.bad(at, expected)
        return found

    def switch(self, section: str, key: str) -> bool:
        """
        Yes or no.
        """
        return bool(self.value(section, key, boolean, "yes or no"))

    def number(self, section: str, key: str, least: int, most: int) -> int | None:
        """
        A whole number.
        """
        expected = f"a number from {least} to {most}"
        return self.value(section, key, lambda text: integer(text, least, most), expected)

    def size(self, section: str, key: str, most: int) -> int | None:
        """
        A number of bytes, at least one.
        """
        expected = f"a size from 1 to {most}, such as 64K"
        return self.value(section, key, lambda text: bytesOf(text, most) or None, expected)

    def seconds(self, section: str, key: str) -> float | None:
        """
        A time; C{infinity} is an infinite one.
        """
        return self.value(section, key, span, "a time such as 90 or 1min 30s")
