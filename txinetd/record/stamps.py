# -*- test-case-name: tests.test_record_xinetd -*-
"""
Times as Twisted's log, xinetd's files and the system's logger have them, made once
for each second.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from twisted.logger import formatTime

__all__ = ["Stamp", "logTime", "syslogTime", "xinetdTime"]

#: English whatever the locale is, which is what strftime(3) goes by.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def logTime(when: int) -> str:
    """
    C{2026-01-05T09:30:00+0000}.

    @param when: seconds since the epoch.
    """
    return str(formatTime(when))


def xinetdTime(when: int) -> str:
    """
    C{26/1/5@09:30:00}: month and day are not padded.

    @param when: seconds since the epoch.
    """
    at = time.localtime(when)
    return (
        f"{at.tm_year % 100:02}/{at.tm_mon}/{at.tm_mday}"
        f"@{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    )


def syslogTime(when: int) -> str:
    """
    C{Jan  5 09:30:00} (RFC 3164, 4.1.2).

    @param when: seconds since the epoch.
    """
    at = time.localtime(when)
    return f"{_MONTHS[at.tm_mon - 1]} {at.tm_mday:2} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"


class Stamp:
    """
    One form of time, remembered for as long as the second lasts.
    """

    def __init__(self, form: Callable[[int], str]) -> None:
        """
        @param form: how a second since the epoch is written.
        """
        self._form = form
        self._second = -1
        self._text = ""

    def __call__(self, when: float) -> str:
        """
        A time as text.

        @param when: seconds since the epoch.
        """
        second = int(when)
        if second != self._second:
            self._second, self._text = second, self._form(second)
        return self._text
