# -*- test-case-name: tests.test_gate_gate -*-
"""
The one gate that every arrival of a service passes, whatever serves it.

All rules are asked first, and told of an arrival only when all of them let it in.
They are asked in this order: those that all services share (who is barred, who has a
penalty), the service's own about who may come and when, its limits for single
sources, its limits for all, the load, and then in the same order those of the gate
that the whole server has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set

from txinetd.gate.examination import Objections, Rules
from txinetd.gate.limit import Limit, Shared
from txinetd.gate.limiters import limitsOf
from txinetd.gate.load import Readings
from txinetd.gate.rule import Refusal, Rule, Source
from txinetd.gate.running import Running
from txinetd.gate.sources import SOURCES, Levels
from txinetd.gate.starts import StartsPerMinute
from txinetd.gate.verdict import ALLOWED, RETURNED, Turn, Verdict
from txinetd.origin import Origin
from txinetd.policy import Limits

__all__ = ["STARTS_RULE", "Gate"]

#: The rule of L{Limits.startsPerMinute}, as it stands in logs.
STARTS_RULE = StartsPerMinute.name

#: Seconds after which it is worth while to look whether the server has room, of
#: which a service does not hear.
_LOOK_AGAIN = 0.25


class Gate:
    """
    Decides for one service, or for a whole server, who may come in.

    Being B{over} is not the same as refusing: under a steady flood a full
    window frees one place after the other, each is taken at once, and a log
    that called each of these a return would be as long as the flood.  A
    service is over from the first refusal by one of its limits for all, or of the
    server's, until each of these has room to spare (of a window or of instances,
    a quarter), so that it says so a few times a minute at the very most.

    The caller logs where a verdict's C{turn} is not C{Turn.NONE}, and, to hear
    of the return of a service that nobody asks for any more, calls L{recover}
    at the time L{returnsAt} names and at each L{release}, until it says C{True}.

    @ivar limits: what is in force.
    @ivar over: whether this service is over its limits.
    @ivar refused: arrivals refused since it was last not over.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        shared: Iterable[Rule] = (),
        own: Iterable[Rule] = (),
        shadow: Set[str] = frozenset(),
        server: Gate | None = None,
        readings: Readings | None = None,
        sources: int = SOURCES,
    ) -> None:
        """
        @param limits: how often, and how many at a time.
        @param shared: rules that all services share.
        @param own: the service's own rules about who may come in, and when.
        @param shadow: the names of rules and limits that only say what they would
            have refused.
        @param server: the gate that all services share.
        @param readings: how loaded the machine is; somebody else refreshes them.
        @param sources: how many prefixes each limit for single sources remembers.
        @raise ValueError: if a limit cannot be meant, or is on the load and there are
            no readings.
        """
        self.limits = limits
        self.over = False
        self.refused = 0
        self._readings = readings
        self._running = Running()
        self._shared = Shared(
            Levels(limits.prefixes), self._running, readings or Readings(), sources
        )
        self._server = server
        self._lookedAt: tuple[tuple[Rule, ...], tuple[Rule, ...]] = tuple(shared), tuple(own)
        self._shadow = shadow
        self._limits: tuple[Limit, ...] = ()
        self._setLimits(limits, 0.0)

    @property
    def running(self) -> int:
        """
        How many have been let in and have not gone.
        """
        return self._running.total

    def judge(self, source: Source, now: float) -> Verdict:
        """
        Decide about one arrival; if it is allowed, it has been counted, and L{release}
        is to be called once when it has gone.

        @param source: where it comes from.
        @param now: the time on a clock that only goes forward.
        """
        returned = self.over and self.recover(now)
        objections = self._rules.ask(source, now)
        server = self._server
        if server is not None and (objections is None or objections.refusal is None):
            objections = server._rules.ask(source, now, objections)
        if objections is None:
            self._running.add(source)
            if self._rules.told or server is not None:
                self._tell(source, now, None)
            return RETURNED if returned else ALLOWED
        return self._settle(source, now, objections, returned)

    def _take(self, source: Source, now: float, objections: Objections | None) -> None:
        """
        Count an arrival, and tell all rules of it.
        """
        self._running.add(source)
        self._tell(source, now, objections)

    def _tell(self, source: Source, now: float, objections: Objections | None) -> None:
        """
        Tell all rules of an arrival.
        """
        if self._rules.told:
            self._rules.take(source, now, objections)
        if self._server is not None:
            self._server._take(source, now, objections)

    def _settle(
        self, source: Source, now: float, objections: Objections, returned: bool
    ) -> Verdict:
        """
        Decide where some rule has said no.
        """
        refusal = objections.refusal
        shadowed = tuple([each for _, each in objections.shadowed])
        if refusal is None:
            self._take(source, now, objections)
            return Verdict(True, turn=Turn.RETURNED if returned else Turn.NONE, shadowed=shadowed)
        turn = Turn.NONE
        full = isinstance(objections.rule, Limit) and not objections.rule.perSource
        if full:
            if not self.over:
                turn = Turn.TRIPPED
            self.over = True
            self.refused += 1
        elif returned:
            turn = Turn.RETURNED
        return Verdict(
            False,
            refusal.rule,
            refusal.reason,
            refusal.until,
            turn,
            refusal.perSource,
            refusal.origin,
            shadowed,
            full,
        )

    def release(self, source: Source, now: float) -> None:
        """
        Somebody has gone who had been let in.

        @param source: from where.
        @param now: the time.
        @raise ValueError: if nobody from there was in.
        """
        self._running.remove(source)
        if self._rules.released:
            self._rules.release(source, now)
        if self._server is not None:
            self._server.release(source, now)

    def recover(self, now: float) -> bool:
        """
        See whether a service that was over is so no longer.

        @return: C{True} once for each time it returns; C{False} if it is still
            over and if it was not.
        """
        if not self.over:
            return False
        due = self.returnsAt(now)
        if due is None or due > now:
            return False
        self.over = False
        self.refused = 0
        return True

    def returnsAt(self, now: float) -> float | None:
        """
        When L{recover} will say C{True} if nobody is let in until then; C{None} if not
        before a L{release}.
        """
        return self._latest(lambda limit: limit.calmAt(now), now)

    def isFull(self, now: float) -> bool:
        """
        Whether whoever came now would be refused, wherever from.
        """
        due = self.whenRoom(now)
        return due is None or due > now

    def whenRoom(self, now: float) -> float | None:
        """
        When the limits for all will next let somebody in; C{None} if not before a
        L{release}.  For what others of the server's services leave free, which this one
        does not hear of, it is a time at which to look again.
        """
        return self._latest(lambda limit: limit.roomAt(now), now)

    def _latest(self, of: Callable[[Limit], float | None], now: float) -> float | None:
        """
        The latest time that any limit for all says, or C{None} where one says that.
        """
        latest = now
        for limit in self._rules.forAll:
            due = of(limit)
            if due is None:
                return None
            latest = max(latest, due)
        if self._server is not None:
            due = self._server._latest(of, now)
            latest = max(latest, now + _LOOK_AGAIN if due is None else due)
        return latest

    def explain(self, source: Source, now: float) -> list[tuple[str, str, Origin | None]]:
        """
        What each rule says about a source, without counting anything.

        @return: for each rule, in their order, its name, its words and where the part
            of it that decides was written.  All are asked, also after one that refuses.
        """
        said = []
        for rule in self._rules.all:
            words, origin = rule.explain(source, now)
            if rule.name in self._shadow:
                words = f"{words} (only said: in shadow)"
            said.append((rule.name, words, origin))
        if self._server is not None:
            said += self._server.explain(source, now)
        return said

    def refusals(self, source: Source, now: float) -> list[Refusal]:
        """
        Why a source would be refused now, without counting anything: what each rule
        says that is more than said.  Empty if it would be let in.
        """
        found = [
            refusal
            for rule in self._rules.all
            if rule.name not in self._shadow and (refusal := rule.check(source, now)) is not None
        ]
        return found + (self._server.refusals(source, now) if self._server is not None else [])

    def replaceLimits(self, limits: Limits, now: float) -> bool:
        """
        Go on under other limits.  What has been counted still counts: a reload neither
        forgives a flood nor forgets what runs.

        @return: whether the service was over and, with the new limits, is not.
        @raise ValueError: if a limit cannot be meant; then the old ones stay.
        """
        self._setLimits(limits, now)
        return self.recover(now)

    def replaceRules(
        self,
        now: float,
        *,
        shared: Iterable[Rule] | None = None,
        own: Iterable[Rule] | None = None,
        shadow: Set[str] | None = None,
    ) -> bool:
        """
        Go on with other rules; what is C{None} stays as it is.  A rule that counts who
        comes and goes has to stay.

        @return: whether the service was over and is not any more.
        """
        before = self._lookedAt
        self._lookedAt = (
            before[0] if shared is None else tuple(shared),
            before[1] if own is None else tuple(own),
        )
        if shadow is not None:
            self._shadow = shadow
        self._arrange()
        return self.recover(now)

    def _setLimits(self, limits: Limits, now: float) -> None:
        """
        Have other limits.
        """
        if self._readings is None and (limits.load is not None or limits.pressure):
            raise ValueError("there is a limit on the load, and nobody who reads it")
        levels = self._shared.levels
        if limits.prefixes != levels.prefixes:
            self._shared.levels = Levels(limits.prefixes)
        try:
            self._limits = limitsOf(limits, self._shared, self._limits, now)
        except ValueError:
            self._shared.levels = levels
            raise
        self.limits = limits
        self._arrange()

    def _arrange(self) -> None:
        """
        Put all rules in their order.
        """
        shared, own = self._lookedAt
        self._rules = Rules((*shared, *own, *self._limits), self._shadow)
