# -*- test-case-name: tests.test_gate_gate -*-
"""
The one gate that every arrival of a service passes, whatever serves it.
"""

from __future__ import annotations

from txinetd.gate.verdict import ALLOWED, Turn, Verdict
from txinetd.gate.window import IWindow, Unlimited
from txinetd.spec import Limits

__all__ = ["STARTS_RULE", "Gate"]

#: The rule of L{Limits.startsPerMinute}, as it stands in logs.
STARTS_RULE = "starts-per-minute"

_MINUTE = 60.0


class Gate:
    """
    Decides for one service who may come in.

    Being B{over} is not the same as refusing: under a steady flood a full
    window frees one place after the other, each is taken at once, and a log
    that called each of these a return would be as long as the flood.  A
    service is over from its first refusal until a quarter of its window is
    free, so that it says so a few times a minute at the very most.

    The caller logs where a verdict's C{turn} is not C{Turn.NONE}, and, to hear
    of the return of a service that nobody asks for any more, calls L{recover}
    at the time L{returnsAt} names, until it says C{True}.

    @ivar limits: what is in force.
    @ivar over: whether this service is over its limit.
    @ivar refused: arrivals refused since it was last not over.
    """

    __slots__ = ("_window", "limits", "over", "refused")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.over = False
        self.refused = 0
        self._window: IWindow = Unlimited(_MINUTE).withLimit(limits.startsPerMinute)

    def judge(self, peer: object, now: float) -> Verdict:
        """
        Decide about one arrival; if it is allowed, it has been counted.

        @param peer: the client's address, for rules that look at it.  How many
            starts a service has had is the same for all.
        @param now: the time on a clock that only goes forward.
        """
        returned = self.recover(now)
        if self._window.admit(now):
            return Verdict(allowed=True, turn=Turn.RETURNED) if returned else ALLOWED
        tripped = not self.over
        self.over = True
        self.refused += 1
        return Verdict(
            allowed=False,
            rule=STARTS_RULE,
            reason=f"more than {self.limits.startsPerMinute} starts in {_MINUTE:.0f} seconds",
            until=self._window.reopensAt(now),
            turn=Turn.TRIPPED if tripped else Turn.NONE,
        )

    def recover(self, now: float) -> bool:
        """
        See whether a service that was over is so no longer.

        @return: C{True} once for each time it returns; C{False} if it is still
            over and if it was not.
        """
        if not self.over or self.returnsAt(now) > now:
            return False
        self.over = False
        self.refused = 0
        return True

    def returnsAt(self, now: float) -> float:
        """
        When L{recover} will say C{True} if nobody is let in until then.
        """
        limit = self.limits.startsPerMinute
        return now if limit is None else self._window.fallsTo(limit * 3 // 4, now)

    def replaceLimits(self, limits: Limits, now: float) -> bool:
        """
        Go on under other limits.  The starts of the last minute still count,
        so a reload neither forgives a flood nor forgets what it lets through.

        @return: whether the service was over and, with the new limits, is not.
        """
        self.limits = limits
        self._window = self._window.withLimit(limits.startsPerMinute)
        return self.recover(now)
