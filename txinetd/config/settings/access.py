# -*- test-case-name: tests.test_config_settings -*-
"""
The settings that L{txinetd.policy.Access} is made of: who may come in.

C{only_from} and C{no_access} are xinetd's rules, of which the narrowest counts;
C{allow} and C{deny} are ours, of which the first that fits counts.  Both are lists
that may be given several times, and their order stays.  Who fits none is let in only
where no rule says whom to let in: C{only_from} and C{allow} do, unless
C{access_default} says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import attrs

from txinetd.config.settings.networks import network, networkText, timeOfDay, timeText
from txinetd.config.settings.scalars import (
    Choice,
    PathName,
    Seconds,
    Text,
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
    Place,
    Setting,
    Words,
)
from txinetd.config.text import shown
from txinetd.policy import AddressRule, Network, Order, Penalties, Sensor
from txinetd.spec import ServiceSpec

__all__ = ["ACCESS", "RULES", "RulesPlace"]

_ADDRESSES = "addresses, address/length, address-address, or host names"

_HOST = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
#: What inet_aton(3) takes for a number; a name never ends in one.
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")

_RULE_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


@attrs.frozen
class Rules(Converter):
    """
    Rules by address.

    @ivar allow: whether they let in.
    """

    allow: bool

    def read(self, words: Words, context: Context) -> tuple[AddressRule, ...]:
        """
        One rule a word.  No word is a rule that fits nobody, for a list of whom to let
        in: then nobody is.
        """
        if not words.values:
            if not self.allow:
                raise BadValue(words.key, "nothing", _ADDRESSES)
            hint = "nobody can use the service"
            context.reporter.warn("empty-rule", words.key, "nothing", _ADDRESSES, hint)
            return ()
        return tuple(self._rule(token, context) for token in words.values)

    def _rule(self, token: Any, context: Context) -> AddressRule:
        """
        One word.
        """
        text = token.text
        origin = context.reporter.origin(token)
        found = network(text)
        if found is not None:
            return AddressRule(self.allow, (found,), text, None, origin)
        if not _HOST.fullmatch(text) or _NUMBER.fullmatch(text.rstrip(".").rpartition(".")[2]):
            raise BadValue(token, shown(text), _ADDRESSES)
        networks = tuple(
            each
            for address in context.names.addresses(text)
            if (each := network(address.partition("%")[0])) is not None
        )
        if not networks:
            if not self.allow:
                hint = "nobody could be kept out"
                raise BadValue(token, shown(text), _ADDRESSES, hint, "unknown-host")
            hint = "it lets nobody in until it can be resolved"
            context.reporter.defect("unknown-host", token, shown(text), _ADDRESSES, hint)
        return AddressRule(self.allow, networks, text, text, origin)

    def write(self, value: Sequence[AddressRule]) -> Sequence[str]:
        """
        The rules as they were written.
        """
        return tuple(rule.text for rule in value)


@attrs.frozen
class RulesPlace(Place):
    """
    Where rules end up: after those that are there.

    @ivar allow: which of the rules.
    @ivar order: which of them counts.
    """

    allow: bool
    order: Order

    @property
    def part(self) -> str:
        """
        The access rules.
        """
        return "access"

    def get(self, spec: ServiceSpec) -> None:
        """
        Nothing: rules that let in and rules that keep out are written in turns.
        """

    def put(self, spec: ServiceSpec, value: Sequence[AddressRule]) -> ServiceSpec:
        """
        Add rules.
        """
        access = spec.access
        access = attrs.evolve(
            access,
            rules=(*access.rules, *value),
            order=self.order,
            default=access.default and not self.allow,
        )
        return attrs.evolve(spec, access=access)


class Times(Converter):
    """
    Times of the day.
    """

    def read(self, words: Words, context: Context) -> tuple[tuple[int, int], ...]:
        """
        Intervals.
        """
        expected = "hour:minute-hour:minute, such as 8:00-17:00"
        found: list[tuple[int, int]] = []
        for token in words.some(expected):
            interval = timeOfDay(token.text)
            if interval is None:
                raise BadValue(token, shown(token.text), expected)
            found.append(interval)
        return tuple(found)

    def write(self, value: tuple[tuple[int, int], ...]) -> Sequence[str]:
        """
        The same.
        """
        return tuple(timeText(each) for each in value)


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
            each = network(token.text)
            if each is None:
                raise BadValue(token, shown(token.text), expected)
            found.append(each)
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


def _rules(name: str, owner: Owner, allow: bool, order: Order) -> Setting:
    """
    A row for rules.
    """
    return Setting(name, owner, Rules(allow), RulesPlace(allow, order), repeats=True)


#: By which key a rule is written: order, and whether it lets in.
RULES = {
    (Order.LONGEST, True): _rules("only_from", Owner.XINETD, True, Order.LONGEST),
    (Order.LONGEST, False): _rules("no_access", Owner.XINETD, False, Order.LONGEST),
    (Order.FIRST, True): _rules("allow", Owner.OURS, True, Order.FIRST),
    (Order.FIRST, False): _rules("deny", Owner.OURS, False, Order.FIRST),
}

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
    Setting("libwrap", Owner.XINETD, Text("a daemon's name"), At("access.wrap")),
    Setting("deny_time", Owner.XINETD, DenyTime(), At("access.sensor")),
    Setting(
        "first_byte", Owner.OURS, Seconds(), At("access.firstByte"), frozenset({"tcp", "unix"})
    ),
    Setting("start_within", Owner.OURS, Seconds(), At("access.startWithin")),
    Setting("penalties", Owner.OURS, PenaltySeconds(), PenaltyPlace("access.penalties")),
    Setting("penalty_exempt", Owner.OURS, Networks(), At("access.penalties.exempt")),
    Setting("banner", Owner.XINETD, PathName(), At("access.banner")),
    Setting("banner_success", Owner.XINETD, PathName(), At("access.bannerSuccess")),
    Setting("banner_fail", Owner.XINETD, PathName(), At("access.bannerFail")),
    Setting("shadow", Owner.OURS, RuleNames(), At("access.shadow")),
)
