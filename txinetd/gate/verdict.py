# -*- test-case-name: tests.test_gate_gate -*-
"""
What the gate says about one arrival.
"""

from __future__ import annotations

import enum

import attrs

from txinetd.gate.rule import Refusal
from txinetd.origin import Origin

__all__ = ["ALLOWED", "RETURNED", "Turn", "Verdict"]


class Turn(enum.Enum):
    """
    What an arrival changed about its service, for whoever writes the log: a
    service that is over its limits says so once, not once for each refusal.
    Limits of single sources have no part in it.
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
    @ivar turn: whether the service went over its limits, or returned, with this
        very arrival.
    @ivar perSource: whether it was refused for where it came from, so that others
        may well be let in.
    @ivar origin: where the rule was written, where that is known.
    @ivar shadowed: what rules that only say so would have refused it for.
    @ivar full: whether it was refused by a limit for all: there is no room for anybody,
        and will be.
    """

    allowed: bool
    rule: str = ""
    reason: str = ""
    until: float | None = None
    turn: Turn = Turn.NONE
    perSource: bool = False
    origin: Origin | None = None
    shadowed: tuple[Refusal, ...] = ()
    full: bool = False


#: What nearly every arrival gets; shared, because it says nothing particular.
ALLOWED = Verdict(allowed=True)

#: What the first one gets that finds its service within its limits again.
RETURNED = Verdict(allowed=True, turn=Turn.RETURNED)
