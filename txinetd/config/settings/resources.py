# -*- test-case-name: tests.test_config_settings -*-
"""
Resource limits: xinetd's C{rlimit_} keys, and those of all other limits.
"""

from __future__ import annotations

import resource
from collections.abc import Sequence

import attrs

from txinetd.config.lexer import Token
from txinetd.config.settings.scalars import UNLIMITED, natural, size
from txinetd.config.settings.setting import (
    BadValue,
    Context,
    Converter,
    Owner,
    Place,
    Setting,
    Words,
)
from txinetd.spec import ServiceSpec

__all__ = ["RESOURCES"]


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


def _resource(name: str) -> Setting:
    """
    A row for a resource limit.
    """
    which, inBytes, xinetds = _RESOURCES[name]
    owner = Owner.XINETD if xinetds else Owner.OURS
    return Setting(name, owner, Resource(inBytes), ResourcePlace(which))


#: By which key a resource limit is written.
RESOURCES: dict[int, Setting] = {_RESOURCES[name][0]: _resource(name) for name in _RESOURCES}
