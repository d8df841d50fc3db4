# -*- test-case-name: tests.test_gate_gate -*-
"""
What the gate says about one arrival.
"""

from __future__ import annotations

import enum

import attrs

__all__ = ["ALLOWED", "Turn", "Verdict"]


class Turn(enum.Enum):
    """
    What an arrival changed about its service, for whoever writes the log: a
    service that is over its limit says so once, not once for each refusal.
    """

    NONE = "none"
    TRIPPED = "tripped"
    RETURNED = "returned"


@attrs.frozen
class Verdict:
    """
    Whether one arrival may be served, and why not.

    @ivar allowed: whether it may.
    @ivar rule: the stable name of the rule that refused it; empty when allowed.
    @ivar reason: that rule's words for the log; empty when allowed.
    @ivar until: when this rule will next let somebody in, on the clock that
        the gate was asked with; C{None} when allowed, or when time alone will
        not help.
    @ivar turn: whether the service went over its limit, or returned, with this
        very arrival.
    """

    allowed: bool
    rule: str = ""
    reason: str = ""
    until: float | None = None
    turn: Turn = Turn.NONE


#: What nearly every arrival gets; shared, because it says nothing particular.
ALLOWED = Verdict(allowed=True)
