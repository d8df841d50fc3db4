# -*- test-case-name: tests.test_config_settings -*-
"""
Values that are one word and no number: yes or no, a word of a list, a path, a name.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from txinetd.config.settings.setting import (
    BadValue,
    Context,
    Converter,
    Words,
)
from txinetd.config.text import shown

__all__ = ["Choice", "PathName", "Switch", "Text"]


class Switch(Converter):
    """
    Yes or no.
    """

    def read(self, words: Words, context: Context) -> bool:
        """
        One of the two words.
        """
        token = words.one("yes or no")
        if token.text not in ("yes", "no"):
            raise BadValue(token, shown(token.text), "yes or no")
        return token.text == "yes"

    def write(self, value: bool) -> Sequence[str]:
        """
        The same.
        """
        return ("yes" if value else "no",)


@attrs.frozen
class Choice(Converter):
    """
    One word of a few.

    @ivar words: what each means.
    """

    words: Mapping[str, Any]

    @classmethod
    def of(cls, kind: type[enum.Enum]) -> Choice:
        """
        The values of an enumeration.
        """
        return cls({each.value: each for each in kind})

    def read(self, words: Words, context: Context) -> Any:
        """
        One of them.
        """
        expected = f"one of {', '.join(self.words)}"
        token = words.one(expected)
        if token.text not in self.words:
            raise BadValue(token, shown(token.text), expected)
        return self.words[token.text]

    def write(self, value: Any) -> Sequence[str]:
        """
        The word for it.
        """
        return tuple(word for word, meaning in self.words.items() if meaning == value)


class PathName(Converter):
    """
    The whole path of a file or a directory.
    """

    def read(self, words: Words, context: Context) -> bytes:
        """
        A path from the root.
        """
        expected = "a path that begins with /"
        token = words.one(expected)
        if not token.text.startswith("/"):
            raise BadValue(token, shown(token.text), expected)
        return token.value

    def write(self, value: bytes) -> Sequence[bytes]:
        """
        The same.
        """
        return (value,)


@attrs.frozen
class Text(Converter):
    """
    A name.

    @ivar expected: what it is.
    @ivar longest: how many bytes it may have.
    @ivar without: the characters that it may not have.
    """

    expected: str
    longest: int = 255
    without: str = " /"

    def read(self, words: Words, context: Context) -> str:
        """
        A word without these, or characters that cannot be seen.
        """
        token = words.one(self.expected)
        text = token.text
        fits = 0 < len(token.value) <= self.longest and text.isprintable()
        if not fits or set(text) & set(self.without):
            raise BadValue(token, shown(text), self.expected)
        return text

    def write(self, value: str) -> Sequence[str]:
        """
        The same.
        """
        return (value,)
