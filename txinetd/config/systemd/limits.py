# -*- test-case-name: tests.test_config_systemd_dialect -*-
"""
The limits of systemd.socket(5): how many connections at a time, and how often.
"""

from __future__ import annotations

import math

from txinetd.config.systemd.scope import Scope
from txinetd.config.systemd.tables import UNLIMITED
from txinetd.policy import Bucket, Limits, Prefixes

__all__ = ["limits"]

_SECTION = "Socket"

#: What holds where C{MaxConnections} says nothing.
_CONNECTIONS = 64

#: What holds where nothing is said: in so many seconds, so many activations.
_INTERVAL = 2.0
_BURST_ACCEPT = 200
_BURST = 20

_MINUTE = 60.0


def limits(scope: Scope, accepts: bool) -> Limits:
    """
    The limits.  So many in an interval is a token bucket that is full again after the
    interval; for a minute, it is the limit of starts in any minute.  Each address is a
    source of its own.

    @param accepts: whether systemd would accept the connections.
    """
    most = scope.number(_SECTION, "MaxConnections", 0, 2**32 - 1)
    each = scope.number(_SECTION, "MaxConnectionsPerSource", 0, 2**32 - 1)
    instances, source = None, None
    if accepts:
        instances = _CONNECTIONS if most is None else most
        source = each or None
        if instances == 0:
            at = scope.last(_SECTION, "MaxConnections")
            assert at is not None
            scope.bad(at, "a number over 0")
            instances = 1
        instances = None if instances >= UNLIMITED else instances
    starts, bucket = _starts(scope, accepts)
    return Limits(
        startsPerMinute=starts,
        bucket=bucket,
        instances=instances,
        instancesPerSource=source,
        prefixes=Prefixes() if source is None else Prefixes(((32, 1),), ((128, 1),)),
    )


def _starts(scope: Scope, accepts: bool) -> tuple[int | None, Bucket | None]:
    """
    How often: starts in a minute, or a token bucket.
    """
    interval = scope.seconds(_SECTION, "TriggerLimitIntervalSec")
    burst = scope.number(_SECTION, "TriggerLimitBurst", 0, 2**32 - 1)
    if burst is None:
        burst = _BURST_ACCEPT if accepts else _BURST
    if interval is None:
        interval = _INTERVAL
    polled = _polled(scope)
    if not interval or not burst:
        # No time, or none at all, is no limit.
        return None, polled
    if math.isinf(interval):
        at = scope.last(_SECTION, "TriggerLimitIntervalSec")
        assert at is not None
        scope.bad(at, "a time that ends")
        return 1, None
    if interval == _MINUTE:
        return min(burst, UNLIMITED), polled
    if polled is not None:
        at = scope.last(_SECTION, "PollLimitBurst")
        assert at is not None
        expected = "TriggerLimitIntervalSec=0 with it, or a minute"
        scope.warn(at, at.key, "not-carried-over", "a second limit", expected)
    return None, Bucket(min(burst, UNLIMITED), burst / interval)


def _polled(scope: Scope) -> Bucket | None:
    """
    The limit by which newer versions of systemd slow down, where it is said.
    """
    interval = scope.seconds(_SECTION, "PollLimitIntervalSec")
    burst = scope.number(_SECTION, "PollLimitBurst", 0, 2**31 - 1)
    if not interval or not burst or math.isinf(interval):
        return None
    return Bucket(burst, burst / interval)
