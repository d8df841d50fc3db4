# -*- test-case-name: tests.test_config_systemd_dialect -*-
"""
Resource limits: C{LimitCPU} and its like of systemd.exec(5), one number for both limits
or C{SOFT:HARD}.
"""

from __future__ import annotations

import math
import resource

from txinetd.config.systemd.scope import Scope
from txinetd.config.systemd.tables import LIMITS
from txinetd.config.systemd.values import bytesOf, integer, span

__all__ = ["resources"]

_SECTION = "Service"
_MOST = 2**63 - 1


def resources(scope: Scope) -> tuple[tuple[int, int, int], ...]:
    """
    All limits, in the order in which they stand.
    """
    order: dict[str, None] = {}
    for each in scope.pair.found:
        if each.section == _SECTION and each.key.text in LIMITS:
            order.pop(each.key.text, None)
            order[each.key.text] = None
    found = []
    for key in order:
        at = scope.last(_SECTION, key)
        if at is None:
            continue
        which, unit = LIMITS[key]
        first, colon, second = at.value.partition(":")
        soft = _number(first.strip(), unit)
        hard = _number(second.strip(), unit) if colon else soft
        if soft is None or hard is None or not _ordered(soft, hard):
            scope.bad(at, "a limit, or SOFT:HARD, or infinity")
            continue
        found.append((which, soft, hard))
    return tuple(found)


def _ordered(soft: int, hard: int) -> bool:
    """
    Whether the soft limit is not over the hard one.
    """
    return hard == resource.RLIM_INFINITY or 0 <= soft <= hard


def _number(text: str, unit: str) -> int | None:
    """
    One number, or C{None} where it is none.
    """
    if text == "infinity":
        return resource.RLIM_INFINITY
    if unit == "bytes":
        return bytesOf(text)
    if unit == "nice":
        if text[:1] in ("+", "-"):
            nice = integer(text, -20, 19)
            return None if nice is None else 20 - nice
        return integer(text, 0, 40)
    if unit == "number":
        return integer(text, 0, _MOST)
    # What has no unit of its own counts seconds, or microseconds.
    micro = unit == "microseconds"
    seconds = span(text, "us" if micro else "s")
    return None if seconds is None else math.ceil(round(seconds * 10**6) if micro else seconds)
