# -*- test-case-name: tests.test_gate_cps -*-
"""
C{cps} of xinetd.conf(5): too many in a second, and the service is off for a while.

xinetd compares the average since a first arrival, over as many seconds as the
number says: who is quiet for 49 of 50 seconds may then come 2,500 times at once.
Here it is a bucket that holds one second's worth, so that a steady stream and a
crowd that comes at once are judged as there, and what was not used a while ago is
not saved up.
"""

from __future__ import annotations

import math

from txinetd.gate.bucket import Tokens
from txinetd.gate.limit import Limit, Shared
from txinetd.gate.rule import Refusal, Source
from txinetd.gate.steady import Steady
from txinetd.policy import Bucket, ConnectionsPerSecond, Limits

__all__ = ["ArrivalsPerSecond"]


class ArrivalsPerSecond(Limit):
    """
    L{Limits.perSecond}.  It counts arrivals: also those whom rules that come later
    refuse, but, as one source alone is not to turn a service off, not those whom
    rules before it have refused.
    """

    name = "cps"

    @classmethod
    def isSet(cls, limits: Limits) -> bool:
        """
        Whether there is such a limit.
        """
        return limits.perSecond is not None

    def __init__(self, limits: Limits, shared: Shared) -> None:
        self._steady = Steady()
        self._full = -math.inf
        self._offUntil = -math.inf
        self._use(limits)

    def _use(self, limits: Limits) -> None:
        """
        Have a limit.
        """
        assert limits.perSecond is not None
        if not 0 <= limits.perSecond.pause < math.inf:
            raise ValueError(f"a service is not off for {limits.perSecond.pause} seconds")
        self._tokens = Tokens(Bucket(limits.perSecond.most, float(limits.perSecond.most)))
        self._cps: ConnectionsPerSecond = limits.perSecond

    def alter(self, limits: Limits, now: float) -> None:
        """
        Have another limit.  A service that is off stays so for the rest of its time,
        or of the new one where that is less.
        """
        self._use(limits)
        steady = self._steady.at(now)
        self._offUntil = min(self._offUntil, steady + self._cps.pause)
        self._full = min(self._full, steady + self._tokens.whole)

    def check(self, source: Source, now: float) -> Refusal | None:
        """
        Whether the service is on, and would not be turned off by one more.
        """
        steady = self._steady.at(now)
        if steady < self._offUntil:
            return self._refusal(self._offUntil)
        if steady < self._tokens.due(self._full):
            return self._refusal(steady + self._cps.pause)
        return None

    def arrive(self, source: Source, now: float) -> Refusal | None:
        """
        Count one arrival; if it is one too many, it turns the service off.
        """
        steady = self._steady.at(now)
        if steady < self._offUntil:
            return self._refusal(self._offUntil)
        if steady < self._tokens.due(self._full):
            self._offUntil = steady + self._cps.pause
            return self._refusal(self._offUntil)
        self._full = self._tokens.after(self._full, steady)
        return None

    def _refusal(self, until: float) -> Refusal:
        """
        What is said.
        """
        return Refusal(
            self.name,
            f"more than {self._cps.most} connections per second",
            self._steady.shown(until),
        )

    def roomAt(self, now: float) -> float | None:
        """
        When the service is on and one more would not turn it off.
        """
        steady = self._steady.at(now)
        due = max(self._tokens.due(self._full), self._offUntil)
        return now if due <= steady else self._steady.shown(due)
