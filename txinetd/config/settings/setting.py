# -*- test-case-name: tests.test_config_settings -*-
"""
What a setting is: a name, the words that may stand after it, and the place in a
spec where they end up.

A setting works in both directions: its converter reads words and writes them, and
its place gets a value and gives it back.  That is all that a format of key=value
pairs needs to know about most keys, and all that a dump of a spec needs to know.
"""

from __future__ import annotations

import abc
import enum
from collections.abc import Sequence
from typing import Any

import attrs

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.values import LoadOptions
from txinetd.interfaces import INames
from txinetd.spec import ServiceSpec

__all__ = ["At", "BadValue", "Context", "Converter", "Owner", "Place", "Setting", "Words"]


class BadValue(Exception):
    """
    What stands after a key is not what the key takes.

    @ivar token: where.
    @ivar found: what stands there.
    @ivar expected: what should.
    @ivar hint: what to do, or empty.
    @ivar code: the name of this kind of problem.
    """

    def __init__(
        self, token: Token, found: str, expected: str, hint: str = "", code: str = "bad-value"
    ) -> None:
        super().__init__(found, expected)
        self.token = token
        self.found = found
        self.expected = expected
        self.hint = hint
        self.code = code


@attrs.frozen
class Words:
    """
    One key and what stands after it.

    @ivar key: the key.
    @ivar values: the words after it, perhaps none.
    """

    key: Token
    values: tuple[Token, ...]

    def one(self, expected: str) -> Token:
        """
        The only word.

        @raise BadValue: there is none, or more than one.
        """
        if not self.values:
            raise BadValue(self.key, "nothing", expected)
        if len(self.values) > 1:
            extra = self.values[1]
            raise BadValue(extra, "more than one value", expected, _comma(extra))
        return self.values[0]

    def some(self, expected: str, most: int | None = None) -> tuple[Token, ...]:
        """
        All words.

        @raise BadValue: there are none, or more than C{most}.
        """
        if not self.values:
            raise BadValue(self.key, "nothing", expected)
        if most is not None and len(self.values) > most:
            extra = self.values[most]
            found = f"more than {most} values"
            raise BadValue(extra, found, expected, _comma(extra))
        return self.values


def _comma(token: Token) -> str:
    """
    A hint for where a word too many looks like the next key.
    """
    return "is a comma missing before it?" if "=" in token.text and not token.quoted else ""


@attrs.frozen
class Context:
    """
    What converters may look at.

    @ivar names: where users, groups and hosts are looked up.
    @ivar options: how files are read.
    @ivar reporter: takes warnings; what is wrong is raised.
    """

    names: INames
    options: LoadOptions
    reporter: Reporter


class Converter(abc.ABC):
    """
    From words to a value and back.
    """

    @abc.abstractmethod
    def read(self, words: Words, context: Context) -> Any:
        """
        The value of some words.

        @raise BadValue: they have none.
        """

    @abc.abstractmethod
    def write(self, value: Any) -> Sequence[str | bytes]:
        """
        Words that L{read} makes the same value of.
        """


class Place(abc.ABC):
    """
    Where in a spec a value is.
    """

    @property
    @abc.abstractmethod
    def part(self) -> str:
        """
        The attribute of the spec that it is in.
        """

    @abc.abstractmethod
    def get(self, spec: ServiceSpec) -> Any:
        """
        The value, or C{None} where there is nothing to say.
        """

    @abc.abstractmethod
    def put(self, spec: ServiceSpec, value: Any) -> ServiceSpec:
        """
        The spec with the value in it.
        """


@attrs.frozen
class At(Place):
    """
    A value that stands by itself.

    @ivar path: the attributes that lead to it, such as C{limits.instances}.
    """

    path: str

    @property
    def part(self) -> str:
        """
        The first attribute of the path.
        """
        return self.path.partition(".")[0]

    def get(self, spec: ServiceSpec) -> Any:
        """
        Follow the path.
        """
        found: Any = spec
        for name in self.path.split("."):
            found = getattr(found, name)
        return found

    def put(self, spec: ServiceSpec, value: Any) -> ServiceSpec:
        """
        Make everything along the path anew.
        """
        changed: ServiceSpec = _evolved(spec, self.path.split("."), value)
        return changed


def _evolved(thing: Any, path: Sequence[str], value: Any) -> Any:
    """
    C{thing} with another value at the end of a path.
    """
    if len(path) > 1:
        value = _evolved(getattr(thing, path[0]), path[1:], value)
    return attrs.evolve(thing, **{path[0]: value})


class Owner(enum.Enum):
    """
    Whose word a key is.
    """

    #: The key=value entries of NetBSD's inetd.conf(5).
    NETBSD = "NetBSD"
    #: xinetd.conf(5).
    XINETD = "xinetd"
    #: Nobody else's.
    OURS = "txinetd"


@attrs.frozen
class Setting:
    """
    One row of the table.

    @ivar name: the key.
    @ivar owner: whose word it is.
    @ivar converter: what may stand after it.
    @ivar place: where that ends up.
    @ivar protocols: the transports (C{tcp}, C{udp}, C{unix}, C{vsock}) of services that
        may have it.
    @ivar repeats: whether it may be given more than once, for a list that grows.
    @ivar alias: whether it is only read: another row writes what is in its place.
    """

    name: str
    owner: Owner
    converter: Converter
    place: Place
    protocols: frozenset[str] = frozenset({"tcp", "udp", "unix", "vsock"})
    repeats: bool = False
    alias: bool = False

    @property
    def boxes(self) -> bool:
        """
        Whether it is about the process of a program.
        """
        return self.place.part == "box"
