# -*- test-case-name: tests.test_config_settings -*-
"""
Values that are about a process: its groups, capabilities, processors, priority and
variables.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from txinetd.config.lexer import Token
from txinetd.config.settings.capabilities import CAPABILITIES, HIGHEST
from txinetd.config.settings.scalars import natural
from txinetd.config.settings.setting import (
    BadValue,
    Context,
    Converter,
    Words,
)
from txinetd.config.text import shown

__all__ = ["Capabilities", "Groups", "Priority", "Processors", "VariableNames", "Variables"]


#: More processors than the kernel can be built for.
_PROCESSORS = 8192


_CLASSES = ("none", "realtime", "best-effort", "idle")


_VARIABLE = re.compile(r"[^=\0]+")


class Groups(Converter):
    """
    Supplementary groups.
    """

    def read(self, words: Words, context: Context) -> tuple[int, ...] | None:
        """
        C{yes} for the user's, C{no} for none, or their names.
        """
        expected = "yes, no, or groups that exist"
        tokens = words.some(expected)
        if len(tokens) == 1 and tokens[0].text in ("yes", "no"):
            return None if tokens[0].text == "yes" else ()
        found: list[int] = []
        for token in tokens:
            gid = context.names.group(token.text)
            if gid is None:
                raise BadValue(token, shown(token.text), expected, code="unknown-group")
            found.append(gid)
        return tuple(found)

    def write(self, value: tuple[int, ...] | None) -> Sequence[str]:
        """
        Their ids.
        """
        if value is None:
            return ("yes",)
        return tuple(str(each) for each in value) or ("no",)


class Capabilities(Converter):
    """
    Capabilities by name.
    """

    def read(self, words: Words, context: Context) -> frozenset[int]:
        """
        Names with or without C{cap_}, or C{none}.
        """
        expected = "names of capabilities(7) such as net_bind_service, or none"
        tokens = words.some(expected)
        if len(tokens) == 1 and tokens[0].text == "none":
            return frozenset()
        return frozenset(self._number(each, expected) for each in tokens)

    def _number(self, token: Token, expected: str) -> int:
        """
        One of them.
        """
        name = token.text.lower().removeprefix("cap_")
        if name in CAPABILITIES:
            return CAPABILITIES.index(name)
        return natural(token, 0, HIGHEST, expected)

    def write(self, value: frozenset[int]) -> Sequence[str]:
        """
        Names, and numbers of those that have none.
        """
        known = len(CAPABILITIES)
        return tuple(
            CAPABILITIES[each] if each < known else str(each) for each in sorted(value)
        ) or ("none",)


class Processors(Converter):
    """
    Processors by number.
    """

    def read(self, words: Words, context: Context) -> frozenset[int]:
        """
        Numbers and ranges.
        """
        expected = "numbers of processors, or ranges of them, such as 0 2-5"
        found: set[int] = set()
        for token in words.some(expected):
            first, dash, last = token.text.partition("-")
            low = natural(token, 0, _PROCESSORS - 1, expected, first)
            high = natural(token, low, _PROCESSORS - 1, expected, last) if dash else low
            found.update(range(low, high + 1))
        return frozenset(found)

    def write(self, value: frozenset[int]) -> Sequence[str]:
        """
        Numbers.
        """
        return tuple(str(each) for each in sorted(value))


class Priority(Converter):
    """
    The class and level of ioprio_set(2).
    """

    def read(self, words: Words, context: Context) -> tuple[int, int]:
        """
        A class, and a level for those that have them.
        """
        expected = "realtime or best-effort with a level from 0 to 7, idle, or none"
        tokens = words.some(expected, most=2)
        if tokens[0].text not in _CLASSES:
            raise BadValue(tokens[0], shown(tokens[0].text), expected)
        kind = _CLASSES.index(tokens[0].text)
        if len(tokens) == 2:
            return kind, natural(tokens[1], 0, 7, expected)
        if kind in (1, 2):
            raise BadValue(tokens[0], f"{tokens[0].text} without a level", expected)
        return kind, 0

    def write(self, value: tuple[int, int]) -> Sequence[str]:
        """
        The same.
        """
        return (_CLASSES[value[0]], str(value[1]))


class Variables(Converter):
    """
    Variables to set.
    """

    def read(self, words: Words, context: Context) -> tuple[tuple[bytes, bytes], ...]:
        """
        C{NAME=VALUE} each.
        """
        expected = "NAME=VALUE, each between quotes where it has blanks"
        found: dict[bytes, bytes] = {}
        for token in words.some(expected):
            name, equals, value = token.value.partition(b"=")
            if not equals or not name or name in found:
                raise BadValue(token, shown(token.text), expected)
            found[name] = value
        return tuple(found.items())

    def write(self, value: tuple[tuple[bytes, bytes], ...]) -> Sequence[bytes]:
        """
        The same.
        """
        return tuple(name + b"=" + each for name, each in value)


class VariableNames(Converter):
    """
    Names of variables, perhaps none.
    """

    def read(self, words: Words, context: Context) -> frozenset[bytes]:
        """
        Names.
        """
        for token in words.values:
            if _VARIABLE.fullmatch(token.text) is None:
                raise BadValue(token, shown(token.text), "names of variables")
        return frozenset(token.value for token in words.values)

    def write(self, value: frozenset[bytes]) -> Sequence[bytes]:
        """
        The same, in order.
        """
        return sorted(value)
