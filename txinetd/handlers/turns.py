# -*- test-case-name: tests.test_handlers_door -*-
"""
Saying that a service has gone over its limits, and that it is back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from txinetd.counters import ServiceCounters
from txinetd.gate.gate import Gate
from txinetd.gate.verdict import Turn, Verdict
from txinetd.policy import Reaction

__all__ = ["Turns"]

#: What happens to those who come while there is no room.
_DOING = {
    Reaction.CLOSE: "closing connections",
    Reaction.PAUSE: "accepting nobody",
    Reaction.QUEUE: "letting connections wait",
}


class Turns:
    """
    Watches one service's gate, also while nobody asks it.

    @ivar name: the service's name.
    @ivar counters: the service's numbers, of which one says whether it is over.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        clock: Callable[[], float],
        gate: Gate,
        name: str,
        counters: ServiceCounters,
    ) -> None:
        """
        @param reactor: its timer tells of the return.
        @param clock: the gate's.
        @param gate: the service's.
        """
        self._reactor = reactor
        self._clock = clock
        self._gate = gate
        self.name = name
        self.counters = counters
        self._timer: IDelayedCall | None = None

    def judged(self, verdict: Verdict, now: float) -> None:
        """
        Somebody has been judged.
        """
        if verdict.turn is Turn.RETURNED:
            self.returned()
        elif verdict.turn is Turn.TRIPPED:
            self.counters.paused = True
            self._sayOver(verdict, now)
            self._lookLater(now)

    def left(self) -> None:
        """
        Somebody has gone, which may be what the service's return depends on.
        """
        # A service whose timer runs is told by that.
        if self._gate.over and self._timer is None:
            self._look()

    def returned(self) -> None:
        """
        The service is within its limit again.
        """
        self.forget()
        self.counters.paused = False
        self.log.info("{service}: within its limit again", service=self.name)

    def forget(self) -> None:
        """
        Say no more of it.
        """
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _sayOver(self, verdict: Verdict, now: float) -> None:
        """
        The service is over its limits.
        """
        doing = _DOING[self._gate.limits.reaction]
        if verdict.until is None:
            self.log.warn(
                "{service}: over its limit, {reason}; {doing} until there is room",
                service=self.name,
                reason=verdict.reason,
                rule=verdict.rule,
                doing=doing,
            )
            return
        self.log.warn(
            "{service}: over its limit, {reason}; {doing}, and accepting the"
            " next one in {seconds:.1f} s",
            service=self.name,
            reason=verdict.reason,
            rule=verdict.rule,
            doing=doing,
            seconds=verdict.until - now,
        )

    def _lookLater(self, now: float) -> None:
        """
        Notice the service's return also when nobody asks for it any more.
        """
        self.forget()
        due = self._gate.returnsAt(now)
        # Where it is up to those who are in, L{left} looks.
        if due is not None:
            self._timer = self._reactor.callLater(max(due - now, 0.0), self._look)

    def _look(self) -> None:
        """
        See whether the service is back.
        """
        self._timer = None
        now = self._clock()
        if self._gate.recover(now):
            self.returned()
        elif self._gate.over:
            self._lookLater(now)
