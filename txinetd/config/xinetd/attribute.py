# -*- test-case-name: tests.test_config_xinetd_attributes -*-
"""
What is known about one attribute of xinetd.conf(5): how it is written and what to
do where it is wrong.  The attributes themselves are in
L{txinetd.config.xinetd.attributes}.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.values import LoadOptions
from txinetd.interfaces import INames

__all__ = ["ANY_NUMBER", "Attribute", "Convert", "Place", "Scope"]

#: As many words as somebody likes.
ANY_NUMBER = 2**31


class Place(enum.Flag):
    """
    Which sections may have an attribute.
    """

    SERVICE = enum.auto()
    DEFAULTS = enum.auto()
    BOTH = SERVICE | DEFAULTS


@attrs.frozen
class Scope:
    """
    What it takes to understand words.

    @ivar reporter: where to say what is wrong with them.  After a C{drop} the value
        is not used.
    """

    names: INames
    options: LoadOptions
    reporter: Reporter


#: From the attribute's name, where it stands, and its words to its value.  For a list
#: the value is a tuple.
Convert = Callable[[Token, Sequence[Token], Scope], Any]


@attrs.frozen
class Attribute:
    """
    One attribute.

    @ivar name: in small letters.
    @ivar field: which field of L{txinetd.config.xinetd.draft.Draft} it becomes.
    @ivar convert: reads its words.
    @ivar least: how many it needs.
    @ivar most: how many it may have.
    @ivar place: where it may stand.
    @ivar key: for a list, to which C{+=} adds: by what C{-=} finds its items again;
        else C{None}.
    @ivar removes: whether C{-=} is possible.
    @ivar guards: whether somebody is less protected without it, so that it is never
        just left out: what is wrong with it costs the service, or all services that
        would have inherited it.
    @ivar opens: whether more items of a list let in more: one that is to be taken away
        and is not found is then an error.
    @ivar comment: whether a word that begins with C{#} ends it.
    """

    name: str
    field: str
    convert: Convert
    least: int = 1
    most: int = 1
    place: Place = Place.SERVICE
    key: Callable[[Any], str] | None = None
    removes: bool = True
    guards: bool = True
    opens: bool = False
    comment: bool = True

    @property
    def operators(self) -> tuple[str, ...]:
        """
        How it may be assigned.
        """
        if self.key is None:
            return ("=",)
        return ("=", "+=", "-=") if self.removes else ("=", "+=")

    @property
    def arity(self) -> str:
        """
        How many words it has, in words.
        """
        if self.most == ANY_NUMBER:
            return "any number of values" if self.least == 0 else "at least one value"
        if self.least != self.most:
            return f"{self.least} to {self.most} values"
        return "1 value" if self.least == 1 else f"{self.least} values"
