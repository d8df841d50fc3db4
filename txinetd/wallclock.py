# -*- test-case-name: tests.test_wallclock -*-
"""
The local time of day, cheaply.
"""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["WallClock"]


class WallClock:
    """
    Says which minute of the local day it is.  The zone's rules are applied once a
    minute; then it is also seen whether the machine was given another zone.
    """

    def __init__(
        self,
        seconds: Callable[[], float] = time.time,
        readZone: Callable[[], None] = time.tzset,
    ) -> None:
        """
        @param seconds: seconds since the epoch.
        @param readZone: called before local time is asked for.
        """
        self._seconds = seconds
        self._readZone = readZone
        self._known = -1
        self._minute = 0

    def minute(self) -> int:
        """
        Which minute of the local day it is, from 0.
        """
        now = int(self._seconds()) // 60
        if now != self._known:
            self._readZone()
            local = time.localtime(now * 60)
            self._known, self._minute = now, local.tm_hour * 60 + local.tm_min
        return self._minute

    def secondsTo(self, minute: int) -> float:
        """
        How long until that minute of the local day begins next.  Where it is left out
        on the day that loses an hour, it is when it would have been.
        """
        now = self._seconds()
        today = time.localtime(now)
        for day in (0, 1, 2):
            # The C library knows how to count days past the end of a month, and with
            # -1 finds out by itself whether daylight saving time is in force.
            when = time.mktime(
                (today.tm_year, today.tm_mon, today.tm_mday + day, 0, minute, 0, 0, 0, -1)
            )
            if when > now:
                return when - now
        return 0.0
