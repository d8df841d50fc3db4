# -*- test-case-name: tests.test_gate_times -*-
"""
At which times of the day somebody may come in.

C{access_times} of xinetd.conf(5): C{hour:minute-hour:minute}, in local time, with the
whole of the last minute in it.  Here an interval may go past midnight
(C{22:00-6:00}), end with the day (C{12:00-24:00}) or last one minute (C{8:00-8:00}),
which xinetd refuses.
"""

from __future__ import annotations

import re
from typing import Protocol

from txinetd.gate.rule import Refusal, Rule, Source

__all__ = ["DAY", "AccessTimes", "LocalTime", "TimesProblem", "parseTimes", "timesText"]

#: Minutes of a day.
DAY = 24 * 60

_INTERVAL = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")
_EXPECTED = "hour:minute-hour:minute, such as 8:00-17:00"


class TimesProblem(ValueError):
    """
    A text that stands for no times of the day.

    @ivar found: what is wrong in it.
    @ivar expected: what could stand there.
    @ivar hint: what to write, or empty.
    """

    def __init__(self, found: str, expected: str = _EXPECTED, hint: str = "") -> None:
        text = f"found {found}; expected {expected}"
        super().__init__(f"{text}; {hint}" if hint else text)
        self.found = found
        self.expected = expected
        self.hint = hint


def parseTimes(text: str, *, xinetd: bool = False) -> tuple[tuple[int, int], ...]:
    """
    Read intervals with blanks between them.

    @param xinetd: refuse what xinetd refuses.
    @return: for each the minute of the day from which, and that until before which,
        it lasts; the second may be the lower one.
    @raise TimesProblem: one of them is none, or there are none at all.
    """
    intervals = tuple(_interval(word, xinetd) for word in text.split())
    if not intervals:
        raise TimesProblem("no times")
    return intervals


def _interval(word: str, xinetd: bool) -> tuple[int, int]:
    """
    Read one interval.
    """
    match = _INTERVAL.fullmatch(word) if word.isascii() else None
    if match is None:
        hint = "put blanks between intervals" if "," in word else ""
        raise TimesProblem(f"{word!a}", hint=hint)
    hours, minutes, lastHours, lastMinutes = map(int, match.groups())
    endsDay = (lastHours, lastMinutes) == (24, 0)
    if hours > 23 or (lastHours > 23 and not endsDay) or minutes > 59 or lastMinutes > 59:
        raise TimesProblem(f"{word!a}", "hours from 0 to 23 and minutes from 0 to 59")
    if endsDay and xinetd:
        hint = "write 23:59: all of that minute is in it"
        raise TimesProblem(f"{word!a}", "hours from 0 to 23", hint)
    first = hours * 60 + minutes
    last = lastHours * 60 + lastMinutes
    if first == last and xinetd:
        hint = "for all day write 0:00-23:59"
        raise TimesProblem(f"{word!a}", "an end that is not the beginning", hint)
    if first > last and xinetd:
        hint = f"write {_clock(first)}-23:59 0:00-{_clock(last)}"
        raise TimesProblem(f"{word!a}", "an end after the beginning", hint)
    if (last + 1) % DAY == first:
        return 0, DAY  # All the way round the clock.
    return first, min(last + 1, DAY)


def _clock(minute: int) -> str:
    """
    A minute of the day as it is written.
    """
    return f"{minute // 60 % 24}:{minute % 60:02}"


def timesText(times: tuple[tuple[int, int], ...]) -> str:
    """
    Intervals as L{parseTimes} reads them.
    """
    return " ".join(f"{_clock(first)}-{_clock((end - 1) % DAY)}" for first, end in times)


class LocalTime(Protocol):
    """
    The clock on the wall.
    """

    def minute(self) -> int:
        """
        Which minute of the local day it is, from 0.
        """

    def secondsTo(self, minute: int) -> float:
        """
        How long until that minute of the local day begins next, whatever the zone
        does in between.
        """


class AccessTimes(Rule):
    """
    Lets somebody in during some minutes of the day only.

    It looks at the clock on the wall each time it is asked, so that a clock that is
    put right, or a zone that changes, counts at once.

    @ivar times: the intervals.
    """

    name = "access-times"

    def __init__(self, times: tuple[tuple[int, int], ...], local: LocalTime) -> None:
        """
        @param times: as in L{txinetd.policy.Access}: none for all day; one that ends
            before it begins goes past midnight.
        @param local: what time it is.
        """
        self.times = times
        self._local = local
        self._open = bytes(
            not times or any(_within(minute, each) for each in times) for minute in range(DAY)
        )

    def check(self, source: Source, now: float) -> Refusal | None:
        """
        See L{Rule.check}.
        """
        minute = self._local.minute()
        if self._open[minute]:
            return None
        # It opens where an interval begins; where none has a minute in it, never.
        opening = self._open.find(1, minute)
        if opening < 0:
            opening = self._open.find(1)
        until = None if opening < 0 else now + self._local.secondsTo(opening)
        return Refusal(self.name, f"open only at {timesText(self.times)}", until)


def _within(minute: int, interval: tuple[int, int]) -> bool:
    """
    Whether a minute is in an interval.
    """
    first, end = interval
    if first < end:
        return first <= minute < end
    return first != end and (minute >= first or minute < end)
