# -*- test-case-name: tests.test_handlers_lobby -*-
"""
Where those wait whom a service has no room for now, where it says C{pause} or
C{queue} to that: in the kernel's queue, or here, in turns by source.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from txinetd.gate.fairqueue import FairQueue
from txinetd.gate.gate import Gate
from txinetd.gate.rule import Source
from txinetd.policy import Limits, Reaction

__all__ = ["Lobby", "Pausable", "Visitor"]


class Pausable(Protocol):
    """
    Something that brings arrivals.
    """

    def pause(self, why: object) -> None:
        """
        Bring nobody until L{resume} is called with the same reason.
        """

    def resume(self, why: object) -> None:
        """
        Bring them again.
        """


class Visitor(Protocol):
    """
    Somebody who waits.
    """

    source: Source

    def proceed(self) -> None:
        """
        Try again.
        """

    def giveUp(self, rule: str, reason: str) -> None:
        """
        It is no use.
        """


class Lobby:
    """
    The lobby of one service, over all of its sockets.

    @ivar isPaused: whether nobody is brought at present.
    @ivar isQuiet: whether L{look} would do nothing, as nearly always.
    """

    log = Logger()

    #: Those accepted in one go, of whom some may be too many, with
    #: L{Reaction.PAUSE}.
    spare = 64

    def __init__(self, reactor: Any, clock: Callable[[], float], gate: Gate) -> None:
        """
        @param reactor: its timers.
        @param clock: the gate's.
        @param gate: says whether there is room.
        """
        self._reactor = reactor
        self._clock = clock
        self._gate = gate
        self._entries: set[Pausable] = set()
        self.isPaused = False
        self.isQuiet = True
        self._looking = False
        self._timer: IDelayedCall | None = None
        self._queue: FairQueue[Visitor] = FairQueue(*self._size(gate.limits), gate.limits.prefixes)

    def __len__(self) -> int:
        """
        How many wait here.
        """
        return len(self._queue)

    def _size(self, limits: Limits) -> tuple[int, float]:
        """
        How many may wait, and for how long each.
        """
        if limits.reaction is Reaction.QUEUE:
            return limits.queue, limits.queueSeconds
        # Nobody is accepted to wait; these are there already.
        return self.spare, limits.queueSeconds

    def attach(self, entry: Pausable) -> None:
        """
        Have somebody bring arrivals.
        """
        self._entries.add(entry)
        if self.isPaused:
            entry.pause(self)

    def detach(self, entry: Pausable) -> None:
        """
        It brings nobody any more.
        """
        self._entries.discard(entry)

    def alter(self) -> None:
        """
        The gate has other limits.
        """
        for visitor in self._queue.resize(*self._size(self._gate.limits)):
            visitor.giveUp("queue", "the queue has become shorter")
        self.look()

    @property
    def holds(self) -> bool:
        """
        Whether who comes now is to wait: there is no room, and the service does not
        refuse for that.
        """
        return self._gate.limits.reaction is not Reaction.CLOSE and self._gate.isFull(self._clock())

    def wait(self, visitor: Visitor) -> None:
        """
        Let somebody wait, or somebody else give up for it.
        """
        self.isQuiet = False
        most = self._queue.capacity
        for displaced in self._queue.push(visitor, visitor.source, self._clock()):
            displaced.giveUp("queue", f"more than {most} were waiting")
        self.filled()
        self._setTimer()

    def hold(self) -> None:
        """
        Have nobody brought until there is room.
        """
        self.isQuiet = False
        if not self.isPaused:
            self.isPaused = True
            for entry in tuple(self._entries):
                entry.pause(self)
        self._setTimer()

    def filled(self) -> None:
        """
        Somebody has been let in: see whether there is room for more.
        """
        if self._gate.limits.reaction is Reaction.PAUSE and self._gate.isFull(self._clock()):
            self.hold()

    def look(self) -> None:
        """
        See whether there is room now, and let in as many as there is room for.
        """
        if self._looking:
            return  # who is let in may leave at once, and call this
        if self._timer is None and not self.isPaused and not self._queue:
            self.isQuiet = True
            return
        self._looking = True
        try:
            self._serve()
        finally:
            self._looking = False
        if not self.isPaused and not self._queue:
            self._forgetTimer()
            return
        if not self._queue and not self.holds:
            self.isPaused = False
            for entry in tuple(self._entries):
                entry.resume(self)
            self._forgetTimer()
            return
        self._setTimer()

    def _serve(self) -> None:
        """
        Let in who waits.
        """
        now = self._clock()
        for visitor in self._queue.expired(now):
            seconds = self._queue.seconds
            visitor.giveUp("queue-time", f"waited for more than {seconds:g} seconds")
        # As many as are here now at most: who is sent back waits for the next time.
        for _ in range(len(self._queue)):
            if self._gate.isFull(now):
                return
            next_ = self._queue.pop(now)
            if next_ is None:
                return
            try:
                next_.proceed()
            except Exception:
                # Whoever has made room has nothing to do with it.
                self.log.failure("somebody who has waited could not be let in")

    def _setTimer(self) -> None:
        """
        Look again when there may be room, or when somebody has waited long enough.
        """
        now = self._clock()
        times = [
            due for due in (self._gate.whenRoom(now), self._queue.nextExpiry()) if due is not None
        ]
        self._forgetTimer()
        if times:
            self._timer = self._reactor.callLater(max(min(times) - now, 0.0), self._timeIsUp)

    def _timeIsUp(self) -> None:
        """
        Look.
        """
        self._timer = None
        self.look()

    def _forgetTimer(self) -> None:
        """
        Do not look by time.
        """
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """
        The service stops: nobody needs to wait any more.
        """
        self._forgetTimer()
        self.isPaused = False
        for visitor in self._queue.clear():
            visitor.giveUp("stopped", "the service has been stopped")
