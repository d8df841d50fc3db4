# -*- test-case-name: tests.test_config_settings -*-
"""
The settings that L{txinetd.policy.Limits} is made of: how often, and how many at a
time.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from txinetd.config.settings.scalars import (
    Count,
    Number,
    Real,
    Seconds,
    natural,
    real,
    secondsText,
)
from txinetd.config.settings.setting import (
    At,
    BadValue,
    Context,
    Converter,
    Owner,
    Setting,
    Words,
)
from txinetd.config.settings.terms import Choice
from txinetd.config.text import shown
from txinetd.policy import Bucket, ConnectionsPerSecond, Pressure, Reaction

__all__ = ["LIMITS"]

_MOST = 2**31 - 1

#: What the kernel has pressure stall information about.
_RESOURCES = ("cpu", "io", "memory")


class Rate(Converter):
    """
    A token bucket.
    """

    def read(self, words: Words, context: Context) -> Bucket:
        """
        How many at once, and how many more a second.
        """
        expected = "two numbers: how many at once, and how many more a second"
        tokens = words.some(expected, most=2)
        if len(tokens) < 2:
            raise BadValue(tokens[0], "one number", expected)
        burst = natural(tokens[0], 1, _MOST, expected)
        refill = real(tokens[1], expected)
        if not refill:
            hint = "without any more, nobody would come in again"
            raise BadValue(tokens[1], shown(tokens[1].text), expected, hint)
        return Bucket(burst, refill)

    def write(self, value: Bucket) -> Sequence[str]:
        """
        The same.
        """
        return (str(value.burst), secondsText(value.refill))


class PerSecond(Converter):
    """
    xinetd's C{cps}.
    """

    def read(self, words: Words, context: Context) -> ConnectionsPerSecond:
        """
        How many in a second, and for how long it is off after too many.
        """
        expected = "two numbers: arrivals in a second, and seconds to be off after more"
        tokens = words.some(expected, most=2)
        if len(tokens) < 2:
            raise BadValue(tokens[0], "one number", expected)
        most = natural(tokens[0], 1, _MOST, expected)
        return ConnectionsPerSecond(most, real(tokens[1], expected))

    def write(self, value: ConnectionsPerSecond) -> Sequence[str]:
        """
        The same.
        """
        return (str(value.most), secondsText(value.pause))


@attrs.frozen
class PrefixLengths(Converter):
    """
    What counts as one source.

    @ivar bits: how long an address is.
    """

    bits: int

    def read(self, words: Words, context: Context) -> tuple[tuple[int, int], ...]:
        """
        Lengths of prefixes, the longest first; after each but the first, how many
        times the limit of one source all in it may have.
        """
        expected = (
            f"lengths of prefixes from {self.bits} to 0, the longest first, each perhaps"
            " with *N, so many times the limit of one source"
        )
        found: list[tuple[int, int]] = []
        for token in words.some(expected):
            length, star, factor = token.text.partition("*")
            number = natural(token, 0, self.bits, expected, length)
            times = natural(token, 1, _MOST, expected, factor) if star else 1
            if found and number >= found[-1][0]:
                hint = "it is no shorter than the one before it"
                raise BadValue(token, shown(token.text), expected, hint)
            found.append((number, times))
        return tuple(found)

    def write(self, value: tuple[tuple[int, int], ...]) -> Sequence[str]:
        """
        The same.
        """
        return tuple(str(length) if times == 1 else f"{length}*{times}" for length, times in value)


class Pressures(Converter):
    """
    Thresholds of pressure stall information.
    """

    def read(self, words: Words, context: Context) -> tuple[Pressure, ...]:
        """
        Pairs of a resource and a share.
        """
        expected = f"{', '.join(_RESOURCES)}, each with a percentage over 0, such as cpu 80"
        tokens = words.some(expected)
        found: dict[str, Pressure] = {}
        for position in range(0, len(tokens), 2):
            resource = tokens[position]
            if resource.text not in _RESOURCES or resource.text in found:
                raise BadValue(resource, shown(resource.text), expected)
            if position + 1 == len(tokens):
                raise BadValue(resource, f"{shown(resource.text)} alone", expected)
            share = tokens[position + 1]
            percent = real(share, expected, share.text.removesuffix("%"))
            if not 0 < percent <= 100:
                raise BadValue(share, shown(share.text), expected)
            found[resource.text] = Pressure(resource.text, percent)
        return tuple(found.values())

    def write(self, value: tuple[Pressure, ...]) -> Sequence[str]:
        """
        The same.
        """
        return tuple(word for each in value for word in (each.resource, secondsText(each.share)))


LIMITS = (
    Setting("service_max", Owner.NETBSD, Count(zero=True), At("limits.startsPerMinute")),
    Setting("ip_max", Owner.NETBSD, Count(), At("limits.startsPerSource")),
    Setting("instances", Owner.XINETD, Count(), At("limits.instances")),
    Setting("accept_max", Owner.NETBSD, Count(), At("limits.instances"), alias=True),
    Setting("per_source", Owner.XINETD, Count(), At("limits.instancesPerSource")),
    Setting("parallel", Owner.OURS, Number(1, 32767), At("limits.parallel")),
    Setting("cps", Owner.XINETD, PerSecond(), At("limits.perSecond")),
    Setting("rate", Owner.OURS, Rate(), At("limits.bucket")),
    Setting("source_rate", Owner.OURS, Rate(), At("limits.sourceBucket")),
    Setting("source_prefix4", Owner.OURS, PrefixLengths(32), At("limits.prefixes.ipv4")),
    Setting("source_prefix6", Owner.OURS, PrefixLengths(128), At("limits.prefixes.ipv6")),
    Setting("max_load", Owner.XINETD, Real(), At("limits.load")),
    Setting("max_pressure", Owner.OURS, Pressures(), At("limits.pressure")),
    Setting("over_limit", Owner.OURS, Choice.of(Reaction), At("limits.reaction")),
    Setting("closed_for", Owner.OURS, Seconds(), At("limits.closedFor")),
    Setting("queue_length", Owner.OURS, Number(1, 65536), At("limits.queue")),
    Setting("queue_time", Owner.OURS, Seconds(), At("limits.queueSeconds")),
)
