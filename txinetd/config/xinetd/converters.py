# -*- test-case-name: tests.test_config_xinetd_attributes -*-
"""
Reads the words of attributes that are more than a number or a word: rates, times,
addresses, environment, RPC versions.

Each function is a L{txinetd.config.xinetd.attribute.Convert}.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from txinetd.config import access
from txinetd.config.lexer import Token
from txinetd.config.text import shown
from txinetd.config.xinetd.attribute import Scope
from txinetd.config.xinetd.words import count
from txinetd.gate.times import TimesProblem, parseTimes
from txinetd.policy import AddressRule

__all__ = [
    "accessTimes",
    "denyTime",
    "environment",
    "mdns",
    "names",
    "noAccess",
    "onlyFrom",
    "rate",
    "versions",
]

#: Far more than a service has in a second, or seconds that it may be off.
_MOST = 2**31 - 1

_VERSIONS = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_number = count(1, _MOST)


def rate(attribute: Token, tokens: Sequence[Token], scope: Scope) -> tuple[int, int] | None:
    """
    C{cps}: connections a second, and seconds of rest after more.  With 0 connections
    there is no limit.
    """
    if tokens[0].text == "0":
        return 0, 0
    most, pause = (_number(attribute, [token], scope) for token in tokens)
    return None if most is None or pause is None else (most, pause)


def accessTimes(
    attribute: Token, tokens: Sequence[Token], scope: Scope
) -> tuple[tuple[int, int], ...] | None:
    """
    C{access_times}.
    """
    found: list[tuple[int, int]] = []
    good = True
    for token in tokens:
        try:
            found.extend(parseTimes(token.text, xinetd=scope.options.strictXinetd))
        except TimesProblem as problem:
            good = False
            expected = problem.expected
            scope.reporter.drop("bad-value", token, problem.found, expected, problem.hint)
    return tuple(found) if good else None


def denyTime(attribute: Token, tokens: Sequence[Token], scope: Scope) -> tuple[float | None] | None:
    """
    C{deny_time}: C{FOREVER}, C{NEVER} or minutes.

    @return: seconds, C{None} for ever, as the only item.
    """
    word = tokens[0].text.upper()
    if word == "FOREVER":
        return (None,)
    if word == "NEVER":
        return (0.0,)
    minutes = count(0, 10**7)(attribute, tokens, scope)
    return None if minutes is None else (60.0 * minutes,)


def onlyFrom(attribute: Token, tokens: Sequence[Token], scope: Scope) -> tuple[AddressRule, ...]:
    """
    C{only_from}.
    """
    return access.onlyFrom(attribute, tokens, scope.names, scope.reporter)


def noAccess(attribute: Token, tokens: Sequence[Token], scope: Scope) -> tuple[AddressRule, ...]:
    """
    C{no_access}.
    """
    return access.noAccess(tokens, scope.names, scope.reporter)


def environment(
    attribute: Token, tokens: Sequence[Token], scope: Scope
) -> tuple[tuple[bytes, bytes], ...]:
    """
    C{env}: variables with their values.
    """
    found = []
    for token in tokens:
        name, equals, value = token.value.partition(b"=")
        if equals and name:
            found.append((name, value))
        else:
            hint = "a value cannot hold blanks" if found else ""
            scope.reporter.drop("bad-value", token, shown(token.text), "NAME=VALUE", hint)
    return tuple(found)


def names(attribute: Token, tokens: Sequence[Token], scope: Scope) -> tuple[bytes, ...]:
    """
    C{passenv}: names of variables.
    """
    for token in tokens:
        if "=" in token.text:
            hint = "env sets a variable, passenv passes one on"
            scope.reporter.drop("bad-value", token, shown(token.text), "a name", hint)
    return tuple(token.value for token in tokens)


def versions(attribute: Token, tokens: Sequence[Token], scope: Scope) -> tuple[int, int] | None:
    """
    C{rpc_version}: one, or from one to another.
    """
    match = _VERSIONS.fullmatch(tokens[0].text)
    if match is not None:
        first, last = int(match[1]), int(match[2] or match[1])
        if first <= last:
            return first, last
    expected = "a version, or FIRST-LAST"
    scope.reporter.drop("bad-value", tokens[0], shown(tokens[0].text), expected)
    return None


def mdns(attribute: Token, tokens: Sequence[Token], scope: Scope) -> None:
    """
    C{mdns}, which xinetd itself has given up.
    """
    found = shown(attribute.text)
    hint = "services are not announced; xinetd itself no longer knows it"
    scope.reporter.warn("unsupported-mdns", attribute, found, "no such attribute", hint)
