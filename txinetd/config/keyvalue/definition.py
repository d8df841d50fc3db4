# -*- test-case-name: tests.test_config_keyvalue_lexer -*-
"""
What a definition is, once its words are known.
"""

from __future__ import annotations

import attrs

from txinetd.config.lexer import Token

__all__ = ["Definition", "Pair", "Problem"]


@attrs.frozen
class Problem:
    """
    What keeps a definition from being read.

    @ivar code: its name.
    @ivar token: where, and what stands there.
    """

    code: str
    token: Token
    found: str
    expected: str
    hint: str = ""


@attrs.frozen
class Pair:
    """
    A key and its values.
    """

    key: Token
    values: tuple[Token, ...]


@attrs.frozen
class Definition:
    """
    One entry.

    @ivar name: its first word.
    @ivar enabled: whether the second is C{on}.
    @ivar pairs: its keys, in order.
    @ivar problem: what is wrong with its words, or C{None}; then not all of its pairs
        are here.
    """

    name: Token
    enabled: bool
    pairs: tuple[Pair, ...] = ()
    problem: Problem | None = None
