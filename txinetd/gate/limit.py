# -*- test-case-name: tests.test_gate_gate -*-
"""
What those rules have in common that are limits: how many, and how often.
"""

from __future__ import annotations

import abc

import attrs

from txinetd.gate.load import Readings
from txinetd.gate.rule import NOBODY, Rule
from txinetd.gate.running import Running
from txinetd.gate.sources import Levels
from txinetd.policy import Limits

__all__ = ["Limit", "Shared"]


@attrs.define(eq=False)
class Shared:
    """
    What the limits of one gate share.

    @ivar levels: what one source is.
    @ivar running: who has been let in and has not gone.
    @ivar readings: how loaded the machine is.
    @ivar sources: how many prefixes each limit for single sources remembers.
    """

    levels: Levels
    running: Running
    readings: Readings
    sources: int


class Limit(Rule):
    """
    One limit.

    @cvar perSource: whether it is about single sources rather than about all.
    """

    perSource: bool = False

    @classmethod
    @abc.abstractmethod
    def isSet(cls, limits: Limits) -> bool:
        """
        Whether this limit is there at all.
        """

    @abc.abstractmethod
    def __init__(self, limits: Limits, shared: Shared) -> None:
        """
        @param limits: with this limit.
        @param shared: what it shares with the others.
        """

    @abc.abstractmethod
    def alter(self, limits: Limits, now: float) -> None:
        """
        Go on under another limit of the kind.  What was counted stays counted.

        @param limits: with this limit.
        @param now: the time.
        """

    def roomAt(self, now: float) -> float | None:
        """
        When it will next let somebody in: C{now} if it would already, and C{None} if
        not before somebody has gone.  Not for limits of single sources.
        """
        refusal = self.check(NOBODY, now)
        return now if refusal is None else refusal.until

    def calmAt(self, now: float) -> float | None:
        """
        The same for when the limit has room to spare: only then is a service that has
        been over it within it again, or it would come and go with each arrival.
        """
        return self.roomAt(now)
