# -*- test-case-name: tests.test_config_settings -*-
"""
The settings that L{txinetd.policy.Access} is made of: who may come in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from txinetd.config.settings.networks import networkText
from txinetd.config.settings.rules import RULES
from txinetd.config.settings.scalars import Seconds, natural, real, secondsText
from txinetd.config.settings.setting import (
    At,
    BadValue,
    Context,
    Converter,
    Owner,
    Setting,
    Words,
)
from txinetd.config.settings.terms import Choice, PathName, Switch, Text
from txinetd.config.text import shown
from txinetd.gate.networks import AddressProblem, networks
from txinetd.gate.times import TimesProblem, parseTimes, timesText
from txinetd.policy import Network, Order, Penalties, Sensor
from txinetd.spec import ServiceSpec

__all__ = ["ACCESS"]


_RULE_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


class Times(Converter):
    """
    Times of the day.
    """

    def read(self, words: Words, context: Context) -> tuple[tuple[int, int], ...]:
        """
        Intervals.
        """
        found: list[tuple[int, int]] = []
        for token in words.some("hour:minute-hour:minute, such as 8:00-17:00"):
            try:
                found += parseTimes(token.text)
            except TimesProblem as problem:
                raise BadValue(token, problem.found, problem.expected, problem.hint) from None
            first, end = found[-1]
            if end - first == 1:
                hint = "it is that minute, each day; all day is 0:00-23:59"
                expected = "an end that is not the beginning"
                context.reporter.note("one-minute", token, shown(token.text), expected, hint)
        return tuple(found)

    def write(self, value: tuple[tuple[int, int], ...]) -> Sequence[str]:
        """
        The same.
        """
        return timesText(value).split()


class DenyTime(Converter):
    """
    How long who touches a trap is kept out.
    """

    def read(self, words: Words, context: Context) -> Sensor:
        """
        xinetd's minutes, C{FOREVER} or C{NEVER}; or a time with a letter.
        """
        expected = "minutes, a time with a letter such as 90s or 2h, FOREVER or NEVER"
        token = words.one(expected)
        word = token.text.upper()
        if word == "FOREVER":
            return Sensor(None)
        if word == "NEVER":
            return Sensor(0.0)
        if word[-1:].isdigit():
            return Sensor(real(token, expected) * 60)
        return Sensor(Seconds().read(words, context))

    def write(self, value: Sensor) -> Sequence[str]:
        """
        Seconds.
        """
        if value.seconds is None:
            return ("FOREVER",)
        return (f"{secondsText(value.seconds)}s",) if value.seconds else ("NEVER",)


class PenaltySeconds(Converter):
    """
    What sources collect, and when they are kept out.
    """

    def read(self, words: Words, context: Context) -> Penalties:
        """
        Words of the form C{refused=SECONDS}.  What is not named costs nothing.
        """
        names = [each.name for each in attrs.fields(Penalties) if each.name != "exempt"]
        expected = f"NAME=SECONDS, where NAME is one of {', '.join(names)}"
        found: dict[str, float] = {}
        for token in words.some(expected):
            name, equals, text = token.text.partition("=")
            if not equals or name not in names or name in found:
                raise BadValue(token, shown(token.text), expected)
            if name == "sources":
                found[name] = natural(token, 1, 2**24, "a number from 1 to 16777216", text)
            else:
                found[name] = real(token, expected, text)
        made = Penalties(**found)  # type: ignore[arg-type]
        if made.least > made.most:
            raise BadValue(words.values[0], "least over most", "least and most in this order")
        return made

    def write(self, value: Penalties) -> Sequence[str]:
        """
        What is not the default.
        """
        return tuple(
            f"{each.name}={secondsText(getattr(value, each.name))}"
            for each in attrs.fields(Penalties)
            if each.name != "exempt" and getattr(value, each.name) != each.default
        )


class PenaltyPlace(At):
    """
    Where penalties end up, but for who is exempt.
    """

    def get(self, spec: ServiceSpec) -> Penalties:
        """
        The penalties.
        """
        return attrs.evolve(spec.access.penalties, exempt=())

    def put(self, spec: ServiceSpec, value: Penalties) -> ServiceSpec:
        """
        Set them, with who is exempt as it was.
        """
        return super().put(spec, attrs.evolve(value, exempt=spec.access.penalties.exempt))


class Networks(Converter):
    """
    Who is exempt.
    """

    def read(self, words: Words, context: Context) -> tuple[Network, ...]:
        """
        Networks; names would have to be looked up again and again.
        """
        expected = "addresses, address/length, or address-address"
        found: list[Network] = []
        for token in words.some(expected):
            try:
                found += networks(token.text)
            except AddressProblem as problem:
                raise BadValue(token, problem.found, problem.expected, problem.hint) from None
        return tuple(found)

    def write(self, value: tuple[Network, ...]) -> Sequence[str]:
        """
        The same.
        """
        return tuple(networkText(each) for each in value)


class RuleNames(Converter):
    """
    Names of rules and limits.
    """

    def read(self, words: Words, context: Context) -> frozenset[str]:
        """
        Names as they stand in the log.
        """
        expected = "names of rules and limits, such as starts-per-minute"
        for token in words.some(expected):
            if _RULE_NAME.fullmatch(token.text) is None:
                raise BadValue(token, shown(token.text), expected)
        return frozenset(token.text for token in words.values)

    def write(self, value: frozenset[str]) -> Sequence[str]:
        """
        The same, in order.
        """
        return sorted(value)


ACCESS = (
    *RULES.values(),
    Setting("access_order", Owner.OURS, Choice.of(Order), At("access.order")),
    Setting(
        "access_default",
        Owner.OURS,
        Choice({"allow": True, "deny": False}),
        At("access.default"),
    ),
    Setting("access_times", Owner.XINETD, Times(), At("access.times")),
    # Some dialects take whatever argv[0] is.
    Setting("libwrap", Owner.XINETD, Text("a daemon's name", 65536, "/"), At("access.wrap")),
    Setting("deny_time", Owner.XINETD, DenyTime(), At("access.sensor")),
    Setting(
        "first_byte",
        Owner.OURS,
        Seconds(),
        At("access.firstByte"),
        frozenset({"tcp", "unix", "vsock"}),
    ),
    Setting("start_within", Owner.OURS, Seconds(), At("access.startWithin")),
    Setting("identified", Owner.OURS, Switch(), At("access.identified")),
    Setting("penalties", Owner.OURS, PenaltySeconds(), PenaltyPlace("access.penalties")),
    Setting("penalty_exempt", Owner.OURS, Networks(), At("access.penalties.exempt")),
    Setting("banner", Owner.XINETD, PathName(), At("access.banner")),
    Setting("banner_success", Owner.XINETD, PathName(), At("access.bannerSuccess")),
    Setting("banner_fail", Owner.XINETD, PathName(), At("access.bannerFail")),
    Setting("shadow", Owner.OURS, RuleNames(), At("access.shadow")),
)
