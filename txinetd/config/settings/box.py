# -*- test-case-name: tests.test_config_settings -*-
"""
The settings that L{txinetd.spec.Box} is made of: what a program is kept in.
"""

from __future__ import annotations

import re
import resource
from collections.abc import Sequence

import attrs

from txinetd.config.lexer import Token
from txinetd.config.settings.capabilities import CAPABILITIES, HIGHEST
from txinetd.config.settings.scalars import (
    UNLIMITED,
    Number,
    Octal,
    PathName,
    Seconds,
    Switch,
    natural,
    size,
)
from txinetd.config.settings.setting import (
    At,
    BadValue,
    Context,
    Converter,
    Owner,
    Place,
    Setting,
    Words,
)
from txinetd.config.text import shown
from txinetd.spec import ServiceSpec

__all__ = ["BOX", "RESOURCES"]

#: More processors than the kernel can be built for.
_PROCESSORS = 8192

_CLASSES = ("none", "realtime", "best-effort", "idle")

#: By key: which limit, whether it is in bytes, whether xinetd has it.
_RESOURCES = {
    "rlimit_as": (resource.RLIMIT_AS, True, True),
    "rlimit_core": (resource.RLIMIT_CORE, True, False),
    "rlimit_cpu": (resource.RLIMIT_CPU, False, True),
    "rlimit_data": (resource.RLIMIT_DATA, True, True),
    "rlimit_files": (resource.RLIMIT_NOFILE, False, True),
    "rlimit_fsize": (resource.RLIMIT_FSIZE, True, False),
    "rlimit_memlock": (resource.RLIMIT_MEMLOCK, True, False),
    "rlimit_msgqueue": (resource.RLIMIT_MSGQUEUE, True, False),
    "rlimit_nice": (resource.RLIMIT_NICE, False, False),
    "rlimit_nproc": (resource.RLIMIT_NPROC, False, False),
    "rlimit_rss": (resource.RLIMIT_RSS, True, True),
    "rlimit_rtprio": (resource.RLIMIT_RTPRIO, False, False),
    "rlimit_rttime": (resource.RLIMIT_RTTIME, False, False),
    "rlimit_sigpending": (resource.RLIMIT_SIGPENDING, False, False),
    "rlimit_stack": (resource.RLIMIT_STACK, True, True),
}

_VARIABLE = re.compile(r"[^=\0]+")


class Resource(Converter):
    """
    A resource limit.
    """

    def __init__(self, bytes: bool) -> None:
        self._bytes = bytes

    def read(self, words: Words, context: Context) -> tuple[int, int]:
        """
        The soft and the hard limit, or one number for both.
        """
        what = "sizes such as 64m" if self._bytes else "numbers"
        expected = f"one or two {what} (soft and hard), or {UNLIMITED}"
        numbers = [self._number(each, expected) for each in words.some(expected, most=2)]
        soft, hard = numbers[0], numbers[-1]
        if hard != resource.RLIM_INFINITY and not 0 <= soft <= hard:
            raise BadValue(words.values[0], "a soft limit over the hard one", expected)
        return soft, hard

    def _number(self, token: Token, expected: str) -> int:
        """
        One of them.
        """
        if token.text.upper() == UNLIMITED:
            return resource.RLIM_INFINITY
        most = 2**63 - 1
        if self._bytes:
            return size(token, 0, most, expected)
        return natural(token, 0, most, expected)

    def write(self, value: tuple[int, int]) -> Sequence[str]:
        """
        The same.
        """
        numbers = value[:1] if value[0] == value[1] else value
        return tuple(UNLIMITED if each == resource.RLIM_INFINITY else str(each) for each in numbers)


@attrs.frozen
class ResourcePlace(Place):
    """
    Where a resource limit ends up: after those that are there.

    @ivar which: which one.
    """

    which: int

    @property
    def part(self) -> str:
        """
        The box.
        """
        return "box"

    def get(self, spec: ServiceSpec) -> None:
        """
        Nothing: limits are written in the order in which they are set.
        """

    def put(self, spec: ServiceSpec, value: tuple[int, int]) -> ServiceSpec:
        """
        Add it.
        """
        limits = (*spec.box.limits, (self.which, *value))
        return attrs.evolve(spec, box=attrs.evolve(spec.box, limits=limits))


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


def _resource(name: str) -> Setting:
    """
    A row for a resource limit.
    """
    which, inBytes, xinetds = _RESOURCES[name]
    owner = Owner.XINETD if xinetds else Owner.OURS
    return Setting(name, owner, Resource(inBytes), ResourcePlace(which))


#: By which key a resource limit is written.
RESOURCES: dict[int, Setting] = {_RESOURCES[name][0]: _resource(name) for name in _RESOURCES}


def _ours(name: str, converter: Converter, attribute: str) -> Setting:
    """
    A row of ours.
    """
    return Setting(name, Owner.OURS, converter, At(f"box.{attribute}"))


def _xinetds(name: str, converter: Converter, attribute: str) -> Setting:
    """
    A row that xinetd has, too.
    """
    return Setting(name, Owner.XINETD, converter, At(f"box.{attribute}"))


BOX: tuple[Setting, ...] = (
    _xinetds("umask", Octal(), "umask"),
    _ours("directory", PathName(), "directory"),
    _ours("chroot", PathName(), "chroot"),
    _xinetds("groups", Groups(), "groups"),
    *RESOURCES.values(),
    _xinetds("nice", Number(-20, 19), "nice"),
    _ours("ioprio", Priority(), "ioPriority"),
    _ours("oom_score_adj", Number(-1000, 1000), "outOfMemory"),
    _ours("cpu_affinity", Processors(), "affinity"),
    _ours("no_new_privs", Switch(), "noNewPrivileges"),
    _ours("capabilities", Capabilities(), "bounding"),
    _ours("ambient_capabilities", Capabilities(), "ambient"),
    _ours("session_time", Seconds(), "seconds"),
    _ours("session_grace", Seconds(zero=True), "grace"),
    _xinetds("passenv", VariableNames(), "passed"),
    _xinetds("env", Variables(), "environment"),
)
