# -*- test-case-name: tests.test_config_systems -*-
"""
The fourth field of an inetd.conf(5) line: C{wait} or C{nowait}, and the limits that
may follow.

A number that is not clear never means 'no limit'.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import attrs

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.rules import Misspelt, Rules, Zero
from txinetd.config.systems.ours import TXINETD
from txinetd.config.text import shown, similar
from txinetd.policy import Limits, Reaction

__all__ = ["MANY_CHILDREN", "Waiting", "defaultLimits", "waiting"]

#: More starts a minute than any machine makes; above it a number is a slip.
_MOST_STARTS = 2**31 - 1

#: The most that FreeBSD's max-child may be; as many as nobody reaches.
MANY_CHILDREN = 32767

_LEADING_NUMBER = re.compile(r"[0-9]+")
_ANY_BASE = re.compile(r"0[xX][0-9a-fA-F]{1,16}|0[0-7]{0,20}|[1-9][0-9]{0,19}")


@attrs.frozen
class Waiting:
    """
    The fourth field.

    @ivar token: where it stands.
    @ivar explicit: whether the limit is the line's own.
    """

    wait: bool
    limits: Limits
    token: Token
    explicit: bool = False


def defaultLimits(
    rules: Rules, wait: bool, limits: Sequence[tuple[str, int | None]] = ()
) -> Limits:
    """
    What holds for a service whose line says nothing.

    @param limits: what the command line says instead of the dialect, by the names of
        L{Limits}'s attributes.
    """
    base = rules.limitsFor(wait)
    given: dict[str, Any] = dict(limits)
    if wait and base.instances is not None:
        # How many connections a service may have is not about this.
        given.pop("instances", None)
    return attrs.evolve(base, **given) if given else base


def waiting(
    token: Token,
    reporter: Reporter,
    rules: Rules = TXINETD,
    limits: Sequence[tuple[str, int | None]] = (),
) -> Waiting | None:
    """
    The fourth field.

    @param limits: see L{defaultLimits}.
    """
    form = rules.waiting
    text = token.text
    expected = "wait or nowait"
    if form.slash:
        expected += ", perhaps with /max-child/max-connections-per-ip-per-minute/max-child-per-ip"
    elif form.separators:
        expected += f", perhaps with {form.separators[0]}N, the most starts a minute"
    stops = form.separators + ("/" if form.slash else "")
    word, rest = text, ""
    if stops:
        match = re.search(f"[{re.escape(stops)}]", text)
        if match is not None:
            word, rest = text[: match.start()], text[match.start() :]
    wait = _word(word, token, expected, reporter, rules)
    if wait is None:
        return None
    base = defaultLimits(rules, wait, limits)
    if not rest:
        return Waiting(wait, base, token)
    if form.slash:
        found = _slashes(rest[1:], wait, base, token, expected, reporter)
    else:
        found = _perMinute(rest[1:], base, token, reporter, rules)
    return None if found is None else Waiting(wait, found, token, explicit=True)


def _word(word: str, token: Token, expected: str, reporter: Reporter, rules: Rules) -> bool | None:
    """
    Whether it is C{wait}.
    """
    if word in ("wait", "nowait"):
        return word == "wait"
    misspelt = rules.waiting.misspelt
    if misspelt is Misspelt.PREFIX:
        for known in ("wait", "nowait"):
            if word.startswith(known):
                hint = f"{rules.title} sees {known} and no limit after it"
                reporter.warn("wait-ignored", token, shown(token.text), expected, hint)
                return known == "wait"
    elif misspelt is Misspelt.NOWAIT:
        hint = f"{rules.title} takes it for nowait, and so does this"
        reporter.warn("wait-ignored", token, shown(token.text), expected, hint)
        return False
    elif "/" in word and rules.waiting.separators and word.split("/")[0] in ("wait", "nowait"):
        hint = "the limits after / are those of --dialect freebsd"
        reporter.drop("unsupported-limit", token, shown(token.text), expected, hint)
        return None
    hint = similar(word, ("wait", "nowait"))
    reporter.drop("unknown-wait", token, shown(token.text), expected, hint)
    return None


def _perMinute(
    text: str, base: Limits, token: Token, reporter: Reporter, rules: Rules
) -> Limits | None:
    """
    C{.N}: starts a minute.
    """
    form = rules.waiting
    if form.anyBase:
        starts = _anyBase(text, base, form.zero, token, reporter)
    else:
        starts = _starts(token, text, reporter)
    if starts is None:
        return None
    if starts == 0 and form.zero is Zero.REFUSED:
        hint = f"0 is no limit to others; {rules.title} would serve nobody"
        reporter.drop("bad-limit", token, shown(token.text), "a number of at least 1", hint)
        return None
    most = starts or None
    if form.ceiling and base.startsPerMinute is not None:
        most = min(most or base.startsPerMinute, base.startsPerMinute)
    return attrs.evolve(base, startsPerMinute=most)


def _anyBase(text: str, base: Limits, zero: Zero, token: Token, reporter: Reporter) -> int | None:
    """
    A number as strtoul(3) reads it; the default where it is none.
    """
    expected = f"a number of starts a minute, 1 to {_MOST_STARTS}"
    number, octal = 0, False
    known = _ANY_BASE.fullmatch(text) is not None
    if known:
        octal = len(text) > 1 and text[0] == "0" and text[1] in "01234567"
        number = int(text, 8) if octal else int(text, 0)
    if not known or (number == 0 and zero is Zero.DEFAULT):
        default = base.startsPerMinute
        hint = "there is no limit" if default is None else f"{default} is used"
        reporter.warn("bad-limit", token, shown(token.text), expected, hint)
        # No limit only where the command line says so for every service.
        return default or 0
    if number > _MOST_STARTS:
        reporter.drop("bad-limit", token, shown(token.text), expected)
        return None
    if octal:
        hint = f"{number} is used: a leading 0 is octal"
        reporter.warn("octal-limit", token, shown(token.text), expected, hint)
    return number


def _slashes(
    text: str, wait: bool, base: Limits, token: Token, expected: str, reporter: Reporter
) -> Limits | None:
    """
    C{max-child/max-connections-per-ip-per-minute/max-child-per-ip}; 0 is no limit.
    """
    numbers: list[int] = []
    ceilings = (MANY_CHILDREN, _MOST_STARTS, _MOST_STARTS)
    parts = text.split("/", 3)
    for part, most in zip(parts, ceilings, strict=False):
        match = _LEADING_NUMBER.match(part)
        digits = match.group() if match is not None else ""
        number = int(digits) if 0 < len(digits) <= 20 else most + 1
        if number > most:
            found = f"{shown(token.text)}, with {shown(part)}"
            reporter.drop("bad-limit", token, found, f"a number from 0 to {most}")
            return None
        numbers.append(number)
        if len(digits) < len(part):
            hint = f"{number} is used, and what follows it is left out"
            reporter.warn("bad-limit", token, shown(token.text), expected, hint)
            break
    else:
        if len(parts) > len(ceilings):
            hint = "what follows the third number is left out"
            reporter.warn("bad-limit", token, shown(token.text), expected, hint)
    # A wait service always has a number of servers; as many as there can be is the
    # nearest to no limit that leaves it one of those that run in parallel.
    unlimited = MANY_CHILDREN if wait else None
    names = ("instances", "startsPerSource", "instancesPerSource")
    given: dict[str, Any] = dict(zip(names, (each or None for each in numbers), strict=False))
    given["instances"] = numbers[0] or unlimited
    return attrs.evolve(base, reaction=Reaction.PAUSE, **given)


def _starts(token: Token, text: str, reporter: Reporter) -> int | None:
    """
    The number of a limit.

    @return: the number, 0 for no limit, or C{None} where there is none.
    """
    match = _LEADING_NUMBER.match(text)
    expected = f"a number of starts a minute, 0 (no limit) to {_MOST_STARTS}"
    digits = match.group() if match is not None else ""
    rest = text[len(digits) :]
    # The length first: turning very many digits into an int is slow.
    number = int(digits) if 0 < len(digits) <= 20 else None
    if number is None or number > _MOST_STARTS or (rest and not number):
        reporter.drop("bad-limit", token, shown(token.text), expected)
        return None
    if rest:
        hint = f"{number} is used"
        reporter.warn("bad-limit", token, shown(token.text), expected, hint)
    elif len(digits) > 1 and digits.startswith("0"):
        hint = f"{number} is used; Debian's inetd reads a leading 0 as octal"
        reporter.warn("octal-limit", token, shown(token.text), expected, hint)
    return number
