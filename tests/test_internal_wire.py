# -*- test-case-name: tests.test_internal_wire -*-
"""
Tests for L{txinetd.internal.wire}.
"""

from __future__ import annotations

import calendar
import locale
import os
import struct
import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from txinetd.internal.wire import (
    CHARGEN_CYCLE,
    chargenLine,
    daytimeAnswer,
    timeAnswer,
)


def unix(*moment: int) -> int:
    """
    Seconds since 1970 of a moment in UTC: year, month, day, hour, ...
    """
    return calendar.timegm((*moment, 0, 0, 0))


class ChargenTests(SynchronousTestCase):
    """
    Tests for the pattern of RFC 864.
    """

    def test_firstLine(self) -> None:
        """
        The first line is the one that the RFC prints.
        """
        self.assertEqual(
            chargenLine(0),
            b" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg\r\n",
        )

    def test_secondLine(self) -> None:
        """
        The next is one character further along.
        """
        self.assertEqual(chargenLine(1)[:-2], chargenLine(0)[1:-2] + b"h")

    def test_wraps(self) -> None:
        """
        After the tilde comes the space again.
        """
        self.assertEqual(chargenLine(94)[:5], b'~ !"#')

    def test_repeats(self) -> None:
        """
        The line after the last is the first.
        """
        self.assertEqual(chargenLine(95), chargenLine(0))

    def test_cycle(self) -> None:
        """
        A client that reads the stream reads these lines in order.
        """
        lines = CHARGEN_CYCLE.splitlines(keepends=True)
        self.assertEqual(lines, [chargenLine(number) for number in range(95)])

    @given(st.integers(min_value=0))
    def test_everyLine(self, number: int) -> None:
        """
        Each line is 72 printing characters that follow one another on the
        ring, and an end of line.
        """
        line = chargenLine(number)
        self.assertEqual((len(line), line[72:]), (74, b"\r\n"))
        for here, following in pairwise(line[:72]):
            self.assertEqual(following, 0x20 if here == 0x7E else here + 1)


class TimeTests(SynchronousTestCase):
    """
    Tests for the answer of RFC 868.
    """

    def test_rfcExamples(self) -> None:
        """
        The moments that the RFC lists have the numbers that it gives them.
        """
        moments = {
            2208988800: (1970, 1, 1),
            2398291200: (1976, 1, 1),
            2524521600: (1980, 1, 1),
            2629584000: (1983, 5, 1),
        }
        for number, moment in moments.items():
            self.assertEqual(timeAnswer(unix(*moment, 0, 0, 0)), struct.pack("!I", number))

    def test_beforeWrap(self) -> None:
        """
        The last second of the first era has all bits set.
        """
        self.assertEqual(timeAnswer(unix(2036, 2, 7, 6, 28, 15) + 0.999), b"\xff\xff\xff\xff")

    def test_wrap(self) -> None:
        """
        The second after it the count is 0.
        """
        self.assertEqual(timeAnswer(unix(2036, 2, 7, 6, 28, 16)), b"\0\0\0\0")

    def test_afterWrap(self) -> None:
        """
        After 2036 the count goes on from there.
        """
        self.assertEqual(timeAnswer(unix(2036, 2, 7, 6, 29, 18)), b"\0\0\0\x3e")

    def test_fractions(self) -> None:
        """
        A second that has begun is not over, also before 1970.
        """
        self.assertEqual(timeAnswer(-0.5), timeAnswer(-1))

    @given(st.floats(min_value=-1e11, max_value=1e12))
    def test_fourBytes(self, now: float) -> None:
        """
        Whatever the clock says, the answer is four bytes.
        """
        self.assertEqual(len(timeAnswer(now)), 4)


class DaytimeTests(SynchronousTestCase):
    """
    Tests for the answer of RFC 867.
    """

    def zone(self, name: str) -> None:
        """
        Have the local time be that of a zone, given as in POSIX's C{TZ}.
        """
        before = os.environ.get("TZ")

        def restore() -> None:
            if before is None:
                os.environ.pop("TZ", None)
            else:
                os.environ["TZ"] = before
            time.tzset()

        self.addCleanup(restore)
        os.environ["TZ"] = name
        time.tzset()

    def test_form(self) -> None:
        """
        The answer is ctime(3)'s line with the network's end of line.
        """
        self.zone("UTC0")
        self.assertEqual(
            daytimeAnswer(unix(2026, 11, 23, 21, 53, 53)), b"Mon Nov 23 21:53:53 2026\r\n"
        )

    def test_shortDay(self) -> None:
        """
        A day of one digit is filled with a space, so that the length is always
        the same.
        """
        self.zone("UTC0")
        self.assertEqual(daytimeAnswer(unix(2026, 2, 1, 3, 4, 5)), b"Sun Feb  1 03:04:05 2026\r\n")

    def test_localTime(self) -> None:
        """
        The time is that of the machine's zone.
        """
        self.zone("XXX-5:30")
        self.assertEqual(
            daytimeAnswer(unix(2026, 11, 23, 21, 53, 53)), b"Tue Nov 24 03:23:53 2026\r\n"
        )

    def test_otherLocale(self) -> None:
        """
        The names stay English where the daemon's locale is not.
        """
        self.addCleanup(locale.setlocale, locale.LC_TIME, locale.setlocale(locale.LC_TIME))
        for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "es_ES.UTF-8", "ja_JP.UTF-8"):
            try:
                locale.setlocale(locale.LC_TIME, name)
            except locale.Error:
                continue
            break
        else:
            raise SkipTest("no locale with other names is installed")
        self.zone("UTC0")
        self.assertEqual(daytimeAnswer(unix(2026, 5, 12, 0, 0, 0)), b"Tue May 12 00:00:00 2026\r\n")
