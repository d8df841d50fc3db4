# -*- test-case-name: tests.test_config_xinetd_sections -*-
"""
Attributes that are lists, and how C{=}, C{+=} and C{-=} change them.
"""

from __future__ import annotations

from typing import Any

import attrs

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.text import shown, visible
from txinetd.config.xinetd.attribute import Attribute

__all__ = ["Edit", "edited"]


@attrs.frozen
class Edit:
    """
    One change of a list.

    @ivar operator: C{=}, C{+=} or C{-=}.
    @ivar items: what is put, added or taken away.
    @ivar words: the same as written.
    """

    token: Token
    operator: str
    items: tuple[Any, ...]
    words: tuple[Token, ...]


def edited(row: Attribute, items: dict[str, Any], edit: Edit, reporter: Reporter) -> None:
    """
    Change a list.

    @param items: the list, by L{Attribute.key}; it is changed.
    @param reporter: where to say what is odd.
    """
    assert row.key is not None
    for item in edit.items:
        # What is given again counts in its new place.
        items.pop(row.key(item), None)
        items[row.key(item)] = item
    if edit.operator != "-=":
        return
    for word in edit.words:
        if items.pop(visible(word.text), None) is None:
            found = f"{shown(word.text)}, which is not in {row.name}"
            say = reporter.drop if row.opens else reporter.warn
            say("not-in-list", word, found, "something that is in the list")
    if row.name == "only_from" and not items:
        hint = "this lets nobody in; xinetd would let everybody in"
        expected = "at least one address"
        reporter.warn("nobody-allowed", edit.token, "no address left", expected, hint)
