# -*- test-case-name: tests.test_config_xinetd_logs -*-
"""
What is written about a service's arrivals: C{log_type}, C{log_on_success} and
C{log_on_failure}.

A service that says nothing about it is recorded as the whole server is, where xinetd
would write nothing.  With a C{log_type} of its own, its lines are those of
xinetd.log(5), which is what such files and their readers know; the words then say
which of them there are, and with none of the two lists all but C{USERID} are there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from txinetd.config.lexer import Token
from txinetd.config.text import shown
from txinetd.config.xinetd.attribute import Scope
from txinetd.config.xinetd.words import absolutePath, similar
from txinetd.recording import (
    DEFAULT_RECORDING,
    FACILITIES,
    FAILURE_WORDS,
    PRIORITIES,
    SUCCESS_WORDS,
    Destination,
    LogFileDestination,
    RecordFormat,
    Recording,
    SyslogDestination,
    TwistedLog,
    defaultHardLimit,
)

__all__ = ["FAILURES", "SUCCESSES", "logType", "recording"]

#: What the two lists may have, in the order in which messages name them.
SUCCESSES = tuple(sorted(SUCCESS_WORDS))
FAILURES = tuple(sorted(FAILURE_WORDS))

_SIZE = re.compile(r"([0-9]{1,12})([kKmM]?)")
_FACTORS = {"": 1, "K": 1024, "M": 1024 * 1024}
_EXPECTED = "SYSLOG FACILITY [LEVEL] or FILE PATH [SOFT [HARD]]"


def logType(attribute: Token, tokens: Sequence[Token], scope: Scope) -> Destination | None:
    """
    C{log_type}.
    """
    kind = tokens[0].text.upper()
    if kind == "SYSLOG" and 2 <= len(tokens) <= 3:
        return _syslog(tokens[1:], scope)
    if kind == "FILE" and 2 <= len(tokens) <= 4:
        return _file(tokens[1:], scope)
    found = " ".join(token.text for token in tokens)
    scope.reporter.drop("bad-value", tokens[0], shown(found), _EXPECTED)
    return None


def _syslog(tokens: Sequence[Token], scope: Scope) -> Destination | None:
    """
    What follows C{SYSLOG}.
    """
    for token, known in zip(tokens, (FACILITIES, PRIORITIES), strict=False):
        if token.text not in known:
            expected = f"one of {', '.join(known)}"
            hint = similar(token.text, known)
            scope.reporter.drop("bad-value", token, shown(token.text), expected, hint)
            return None
    priority = tokens[1].text if len(tokens) > 1 else "info"
    return SyslogDestination(tokens[0].text, priority)


def _file(tokens: Sequence[Token], scope: Scope) -> Destination | None:
    """
    What follows C{FILE}.
    """
    if absolutePath(tokens[0], tokens, scope) is None:
        return None
    limits = []
    for token in tokens[1:]:
        match = _SIZE.fullmatch(token.text)
        if match is None or not int(match[1]):
            expected = "a number of bytes above 0, with K or M after it for more"
            scope.reporter.drop("bad-value", token, shown(token.text), expected)
            return None
        limits.append(int(match[1]) * _FACTORS[match[2].upper()])
    path = tokens[0].text
    if not limits:
        return LogFileDestination(path)
    soft = limits[0]
    hard = limits[1] if len(limits) > 1 else defaultHardLimit(soft)
    if hard < soft:
        expected = f"at least the soft limit, {soft}"
        scope.reporter.drop("bad-value", tokens[2], shown(tokens[2].text), expected)
        return None
    return LogFileDestination(path, soft, hard)


def recording(
    destination: Destination | None,
    successes: tuple[str, ...] | None,
    failures: tuple[str, ...] | None,
) -> Recording | None:
    """
    What the three attributes come to.

    @param successes: C{None} where the attribute is not written at all.
    @param failures: likewise.
    """
    if destination is None and successes is None and failures is None:
        return None
    onSuccess, onFailure = DEFAULT_RECORDING.onSuccess, DEFAULT_RECORDING.onFailure
    return Recording(
        format=DEFAULT_RECORDING.format if destination is None else RecordFormat.XINETD,
        destination=TwistedLog() if destination is None else destination,
        onSuccess=onSuccess if successes is None else frozenset(successes),
        # Any other word brings ATTEMPT with it.
        onFailure=onFailure if failures is None else frozenset(failures),
    )
