# -*- test-case-name: tests.test_gate_gate -*-
"""
Which limits a gate has, in the order in which they are asked.
"""

from __future__ import annotations

from txinetd.gate.bucket import Rate, SourceRate
from txinetd.gate.cps import ArrivalsPerSecond
from txinetd.gate.instances import Instances, InstancesPerSource
from txinetd.gate.limit import Limit, Shared
from txinetd.gate.loadlimits import Load, Strain
from txinetd.gate.starts import StartsPerMinute, StartsPerSource
from txinetd.policy import Limits

__all__ = ["LIMIT_NAMES", "limitsOf"]

#: Those for single sources first, so that one of them cannot shut a service for all.
_KINDS: tuple[type[Limit], ...] = (
    StartsPerSource,
    SourceRate,
    InstancesPerSource,
    ArrivalsPerSecond,
    StartsPerMinute,
    Rate,
    Instances,
    Load,
    Strain,
)

#: Their names, in the same order.
LIMIT_NAMES = tuple(kind.name for kind in _KINDS)


def limitsOf(
    limits: Limits, shared: Shared, before: tuple[Limit, ...], now: float
) -> tuple[Limit, ...]:
    """
    The limits that are set; those that were there before are the same objects, and
    know what they knew.

    @param limits: what is set.
    @param shared: what they share.
    @param before: the limits until now.
    @param now: the time.
    @raise ValueError: if a value cannot be meant.  Then nothing has been changed that
        was there before.
    """
    kinds = [kind for kind in _KINDS if kind.isSet(limits)]
    # Made anew once, so that whatever is wrong is found before anything is altered.
    fresh = {kind: kind(limits, shared) for kind in kinds}
    old = {type(limit): limit for limit in before}
    for kind in kinds:
        if kind in old:
            old[kind].alter(limits, now)
    return tuple(old.get(kind, fresh[kind]) for kind in kinds)
