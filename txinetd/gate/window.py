# -*- test-case-name: tests.test_gate_window -*-
"""
At most so many starts in any so many seconds.

The window slides: each start is remembered until it is C{seconds} old.  A
bucket that refills would be smaller, but one that holds 256 lets 512 through
within its first minute, and a counter that is reset every minute does the same
around each reset.
"""

from __future__ import annotations

from collections import deque

from zope.interface import Interface, implementer

__all__ = ["IWindow", "SlidingWindow", "Unlimited"]


class IWindow(Interface):
    """
    A limit on how often something may start.
    """

    def admit(now: float) -> bool:
        """
        Ask for one start.

        @param now: the time, on any clock that counts seconds.
        @return: whether it may start; if so, it has been counted.
        """

    def hasRoom(now: float) -> bool:
        """
        Whether one would be admitted, without counting it.
        """

    def note(now: float) -> None:
        """
        Count one start, which is known to have been admitted.
        """

    def reopensAt(now: float) -> float:
        """
        When the next start would be admitted: C{now} if it would be already.
        """

    def fallsTo(count: int, now: float) -> float:
        """
        When no more than C{count} of the starts so far will be in the window:
        C{now} if that is so already.
        """

    def withLimit(limit: int | None) -> IWindow:
        """
        The window that has another limit and knows of the same starts.

        @param limit: starts, or C{None} for no limit.
        """


@implementer(IWindow)
class Unlimited:
    """
    The window without a limit.  It counts nothing and so needs no memory.

    @ivar seconds: the length of the window that a limit would have.
    """

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def admit(self, now: float) -> bool:
        """
        Yes.
        """
        return True

    def hasRoom(self, now: float) -> bool:
        """
        Always.
        """
        return True

    def note(self, now: float) -> None:
        """
        Nothing is counted.
        """

    def reopensAt(self, now: float) -> float:
        """
        It is never closed.
        """
        return now

    def fallsTo(self, count: int, now: float) -> float:
        """
        No start is remembered, so there are never more than C{count}.
        """
        return now

    def withLimit(self, limit: int | None) -> Unlimited | SlidingWindow:
        """
        This, or an empty window: the starts made while there was no limit
        have not been counted.
        """
        return self if limit is None else SlidingWindow(limit, self.seconds)


@implementer(IWindow)
class SlidingWindow:
    """
    No more than C{limit} starts in any half-open interval of C{seconds}.

    Asking takes constant time.  A start is forgotten when it has left the
    window or soon after, so there are never more of them in memory than the
    limit (the greatest limit of the last C{seconds}, where it was changed).

    A clock that goes back is taken to have stood still: what is in the window
    stays in it for the rest of its time, neither forgotten nor kept for ever.

    @ivar limit: starts.
    @ivar seconds: length of the interval.
    """

    __slots__ = ("_latest", "_starts", "limit", "seconds")

    def __init__(self, limit: int, seconds: float) -> None:
        """
        @raise ValueError: if C{limit} is less than one, or C{seconds} is not
            positive: "never" is not a rate, and no limit is L{Unlimited}.
        """
        if limit < 1:
            raise ValueError(f"a window admits at least one start, not {limit}")
        if not seconds > 0:
            raise ValueError(f"a window is longer than {seconds} seconds")
        self.limit = limit
        self.seconds = seconds
        self._starts: deque[float] = deque()
        self._latest = float("-inf")

    def __len__(self) -> int:
        """
        How many starts are in memory.
        """
        return len(self._starts)

    def admit(self, now: float) -> bool:
        """
        Count one start, if there is room for it.
        """
        if not self.hasRoom(now):
            return False
        self.note(now)
        return True

    def hasRoom(self, now: float) -> bool:
        """
        Whether there is room for one more.
        """
        self._advance(now)
        starts = self._starts
        # One leaves for each that comes, as a rule; more than one only after
        # the limit was lowered.
        while len(starts) >= self.limit:
            if not self._gone(starts[0], now):
                return False
            starts.popleft()
        return True

    def note(self, now: float) -> None:
        """
        Count one start.
        """
        self._advance(now)
        starts = self._starts
        # Two out for one in, so that a burst's memory is given back without
        # any single call having to do all of it.
        if starts and self._gone(starts[0], now):
            starts.popleft()
            if starts and self._gone(starts[0], now):
                starts.popleft()
        starts.append(now)

    def reopensAt(self, now: float) -> float:
        """
        When the oldest start leaves a full window.
        """
        return self.fallsTo(self.limit - 1, now)

    def fallsTo(self, count: int, now: float) -> float:
        """
        When the oldest starts, all but C{count}, will have left.
        """
        self._advance(now)
        excess = len(self._starts) - count
        if excess <= 0:
            return now
        return max(now, self._starts[excess - 1] + self.seconds)

    def withLimit(self, limit: int | None) -> Unlimited | SlidingWindow:
        """
        This window itself with another limit, which applies at once to the
        starts it has seen: they are kept even where they are more than the
        new limit, so that raising it again does not forgive them.
        """
        if limit is None:
            return Unlimited(self.seconds)
        changed = SlidingWindow(limit, self.seconds)
        changed._starts = self._starts
        changed._latest = self._latest
        return changed

    def _gone(self, start: float, now: float) -> bool:
        """
        Whether a start has left the window.  Said with a sum, as L{fallsTo}
        does: C{now - start >= seconds} can be false, by rounding, at the very
        moment that L{reopensAt} named.
        """
        return now >= start + self.seconds

    def _advance(self, now: float) -> None:
        """
        See whether the clock went back; if so, move what is remembered along
        with it.
        """
        if now < self._latest:
            behind = self._latest - now
            self._starts = deque(start - behind for start in self._starts)
        self._latest = now
