# -*- test-case-name: tests.test_handlers_door -*-
"""
What becomes of those who misbehave at one service: the penalties that they collect,
and being barred for touching a trap.
"""

from __future__ import annotations

from twisted.logger import Logger

from txinetd.counters import Counters
from txinetd.gate.penalties import Offence, PenaltyBook
from txinetd.gate.rule import Rule, Source
from txinetd.handlers.collaborators import ServerRules
from txinetd.policy import NO_PENALTIES, Sensor
from txinetd.spec import ServiceSpec

__all__ = ["Offences"]


class Offences:
    """
    Notes offences, in the server's book and in the service's own if it has one.
    """

    log = Logger()

    def __init__(
        self, spec: ServiceSpec, rules: ServerRules, counters: Counters, now: float
    ) -> None:
        """
        @param spec: the service.
        @param rules: the books of all services.
        @param counters: the numbers of the server.
        @param now: the time on the gate's clock.
        """
        self._rules = rules
        self._counters = counters
        self._own: PenaltyBook | None = None
        self.alter(spec, now)

    def alter(self, spec: ServiceSpec, now: float) -> None:
        """
        Go by a changed spec; what has been collected is not forgiven.
        """
        self._name = spec.name
        own = spec.access.penalties
        if own == NO_PENALTIES:
            self._own = None
        elif self._own is None:
            self._own = PenaltyBook(own, spec.limits.prefixes)
        else:
            self._own.alter(own, spec.limits.prefixes, now)
        shared = self._rules.penalties
        self._books = (shared,) if self._own is None else (shared, self._own)

    @property
    def gateRules(self) -> tuple[Rule, ...]:
        """
        The rules that keep out whoever has done enough.
        """
        return (self._rules.barred, *self._books)

    def collect(self, source: Source, offence: Offence, now: float) -> None:
        """
        Note what somebody has done.
        """
        for book in self._books:
            for penalty in book.collect(source, offence, now):
                if penalty.begins:
                    self._counters.penalised += 1
                    self.log.warn(
                        "{prefix} {offence} too often and is kept out for {seconds:.0f} s",
                        prefix=penalty.prefix,
                        offence=penalty.offence.value,
                        seconds=penalty.until - now,
                    )

    def bar(self, source: Source, sensor: Sensor, now: float) -> None:
        """
        Keep somebody out of every service who has touched a trap.
        """
        seconds = sensor.seconds
        if self._rules.barred.bar(source, seconds, now, f"touched {self._name}"):
            self._counters.barred += 1
            self.log.warn(
                "{service}: {source} has touched a trap and is barred {period}",
                service=self._name,
                source=source.text,
                period="for ever" if seconds is None else f"for {seconds:g} s",
            )
