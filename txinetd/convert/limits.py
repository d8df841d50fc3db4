# -*- test-case-name: tests.test_convert_units -*-
"""
What becomes of limits: C{MaxConnections}, C{MaxConnectionsPerSource} and
C{TriggerLimitIntervalSec} with C{TriggerLimitBurst} of systemd.socket(5).
"""

from __future__ import annotations

from txinetd.config.settings.scalars import secondsText
from txinetd.config.systemd.tables import UNLIMITED
from txinetd.convert.draft import Draft
from txinetd.policy import Prefixes, Reaction
from txinetd.spec import InetAddress, Redirect, ServiceSpec

__all__ = ["carryLimits"]

#: systemd counts the connections of each address by itself.
_WHOLE = Prefixes(((32, 1),), ((128, 1),))


def carryLimits(draft: Draft, spec: ServiceSpec) -> None:
    """
    Write the limits that systemd has, and say which it has not.
    """
    limits = spec.limits
    _instances(draft, spec)
    _starts(draft, spec)
    if limits.startsPerSource is not None:
        draft.unprotect("ip_max", "systemd does not count the starts of each source")
    if limits.sourceBucket is not None:
        draft.unprotect("source_rate", "systemd does not count the starts of each source")
    if limits.load is not None:
        draft.unprotect("max_load", "systemd does not look at the load")
    if limits.pressure:
        draft.unprotect("max_pressure", "systemd does not look at the pressure for a socket")
    if limits.reaction is not Reaction.CLOSE:
        draft.change("over_limit", "over MaxConnections= systemd accepts and closes")


def _instances(draft: Draft, spec: ServiceSpec) -> None:
    """
    How many at a time.
    """
    limits = spec.limits
    if not draft.accepts:
        if limits.instancesPerSource is not None:
            draft.unprotect("per_source", "systemd counts only where it accepts itself")
        if limits.instances not in (None, 1) and not isinstance(spec.server, Redirect):
            draft.change("instances", "with Accept=no there is one server at a time")
        return
    most = UNLIMITED if limits.instances is None else limits.instances
    draft.socket.append(("MaxConnections", str(most)))
    if limits.instancesPerSource is None:
        return
    draft.socket.append(("MaxConnectionsPerSource", str(limits.instancesPerSource)))
    hosts = [each.host for each in spec.addresses if isinstance(each, InetAddress)]
    six = any(":" in host for host in hosts) and limits.prefixes.ipv6 != _WHOLE.ipv6
    four = any(":" not in host for host in hosts) and limits.prefixes.ipv4 != _WHOLE.ipv4
    if six or four:
        text = "to systemd each single address is a source of its own, not a network"
        draft.unprotect("source_prefix6" if six else "source_prefix4", text)


def _starts(draft: Draft, spec: ServiceSpec) -> None:
    """
    How often.  systemd has one limit on that, and any one of these can be it.
    """
    limits = spec.limits
    wanted: list[tuple[str, str, int]] = []
    if limits.startsPerMinute is not None:
        wanted.append(("service_max", "60s", limits.startsPerMinute))
    if limits.bucket is not None:
        seconds = round(limits.bucket.burst / limits.bucket.refill, 6)
        if 0 < seconds < 1e9:
            wanted.append(("rate", f"{secondsText(seconds)}s", limits.bucket.burst))
        else:
            draft.unprotect("rate", "systemd has no such interval")
    if limits.perSecond is not None:
        wanted.append(("cps", "1s", limits.perSecond.most))
    if isinstance(spec.server, Redirect):
        for name, _, _ in wanted:
            draft.unprotect(name, "systemd-socket-proxyd(8) does not count how often")
        wanted = []
    if not wanted:
        draft.socket.append(("TriggerLimitIntervalSec", "0"))
        return
    name, interval, burst = wanted[0]
    draft.socket += [("TriggerLimitIntervalSec", interval), ("TriggerLimitBurst", str(burst))]
    text = "over it the socket fails and stays so until somebody starts it again"
    draft.change(name, f"TriggerLimitIntervalSec={interval}, TriggerLimitBurst={burst}: {text}")
    for other, _, _ in wanted[1:]:
        draft.unprotect(other, f"systemd has one limit on starts, which {name} already is")
