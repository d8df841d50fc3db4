# -*- test-case-name: tests.test_config_inetd -*-
"""
What C{wait} and C{nowait} can mean for a service, by what serves it.
"""

from __future__ import annotations

import attrs

from txinetd.config import fields
from txinetd.config.reporter import Reporter
from txinetd.config.rules import Protocol, Rules
from txinetd.config.values import LoadOptions
from txinetd.config.waiting import defaultLimits
from txinetd.spec import SocketType

__all__ = ["internalWaiting", "privateSocket"]


def privateSocket(
    kind: SocketType, known: Protocol, waits: fields.Waiting | None, reporter: Reporter
) -> None:
    """
    For nowait, each peer of a datagram service has a socket of its own; a unix
    socket cannot be parted like that.
    """
    if waits is None or waits.wait or kind is not SocketType.DGRAM:
        return
    if known.families is fields.Families.UNIX:
        hint = "its program gets the socket itself, for the datagrams of all"
        found = "nowait for datagrams of a unix socket"
        reporter.drop("unix-dgram-nowait", waits.token, found, "wait", hint)


def internalWaiting(
    kind: SocketType,
    waits: fields.Waiting | None,
    rules: Rules,
    options: LoadOptions,
    reporter: Reporter,
) -> fields.Waiting | None:
    """
    An internal service knows itself how it takes its socket.
    """
    if waits is None:
        return None
    wait = kind is SocketType.DGRAM
    if waits.wait != wait:
        word = "wait" if wait else "nowait"
        found = f"{'wait' if waits.wait else 'nowait'} for an internal {kind.value} service"
        if rules.strictInternal:
            hint = f"{rules.title} refuses the line"
            reporter.drop("internal-wait", waits.token, found, word, hint)
            return None
        hint = f"it is served as {word}"
        reporter.warn("internal-wait", waits.token, found, word, hint)
    limits = waits.limits
    if not waits.explicit and wait != waits.wait:
        limits = defaultLimits(rules, wait, options.limits)
    if not waits.explicit and wait and "startsPerMinute" not in dict(options.limits):
        # To answer a datagram starts nothing, and the clients of time and daytime
        # are many: there is no limit that nobody asked for.
        limits = attrs.evolve(limits, startsPerMinute=None, instances=None)
    return attrs.evolve(waits, wait=wait, limits=limits)
