# -*- test-case-name: tests.test_record_xinetd -*-
"""
Times as xinetd's files and the system's logger have them, made once for each second.
"""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Stamp", "syslogTime", "xinetdTime"]

#: English whatever the locale is, which is what strftime(3) goes by.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def xinetdTime(when: time.struct_time) -> str:
    """
    C{26/1/5@09:30:00}: month and day are not padded.

    @param when: local time.
    """
    return (
        f"{when.tm_year % 100:02}/{when.tm_mon}/{when.tm_mday}"
        f"@{when.tm_hour:02}:{when.tm_min:02}:{when.tm_sec:02}"
    )


def syslogTime(when: time.struct_time) -> str:
    """
    C{Jan  5 09:30:00} (RFC 3164, 4.1.2).

    @param when: local time.
    """
    return (
        f"{_MONTHS[when.tm_mon - 1]} {when.tm_mday:2}"
        f" {when.tm_hour:02}:{when.tm_min:02}:{when.tm_sec:02}"
    )


class Stamp:
    """
    One form of time, remembered for as long as the second lasts.
    """

    def __init__(self, form: Callable[[time.struct_time], str]) -> None:
        """
        @param form: how local time is written.
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
            self._second, self._text = second, self._form(time.localtime(second))
        return self._text
