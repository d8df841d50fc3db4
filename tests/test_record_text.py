"""
Tests for L{txinetd.record.text} and L{txinetd.record.event}.
"""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.record_support import record
from txinetd.record import formatRecord, safe
from txinetd.record.event import hostOf
from txinetd.record.refusals import MoreRefused
from txinetd.record.text import formatJson, formatJsonMore, formatMore


class FormatTests(SynchronousTestCase):
    """
    Tests for L{formatRecord} and L{safe}.
    """

    def test_served(self) -> None:
        """
        A connection that a program served shows the program's end.
        """
        ended = record(
            pid=12,
            user="nobody",
            uid=65534,
            waited=0.25,
            duration=1.5,
            status=3,
            userTime=0.003,
            systemTime=0.001,
            maxRss=2048,
        )
        line = formatRecord(ended)
        self.assertEqual(
            line,
            "service=ftp protocol=tcp peer=192.0.2.1:4000 local=127.0.0.1:21 verdict=served"
            " pid=12 user=nobody uid=65534 waited=0.250 duration=1.500 exit=3"
            " cpu=0.004 utime=0.003 stime=0.001 maxrss=2048 id=7",
        )

    def test_signal(self) -> None:
        """
        A program that a signal ended shows the signal instead of a status.
        """
        line = formatRecord(record(pid=12, signal=9))
        self.assertIn(" signal=9 ", line)
        self.assertNotIn("exit=", line)

    def test_refused(self) -> None:
        """
        A refused connection shows why and has no process.
        """
        line = formatRecord(record(verdict="refused", reason="starts-per-minute"))
        self.assertIn(" verdict=refused reason=starts-per-minute duration=", line)
        self.assertNotIn("pid=", line)

    def test_rule(self) -> None:
        """
        It shows the rule, and where that was written.
        """
        refused = record(verdict="refused", reason="kept out", rule="address", origin="/x y:3")
        self.assertIn(
            ' reason="kept out" rule=address origin="/x y:3" duration=', formatRecord(refused)
        )

    def test_started(self) -> None:
        """
        What has only started has no duration yet.
        """
        line = formatRecord(record(verdict="started", pid=12))
        self.assertIn(" verdict=started pid=12 ", line)
        self.assertNotIn("duration=", line)

    def test_bytes(self) -> None:
        """
        What was answered in this process shows the bytes both ways.
        """
        self.assertIn(" in=3 out=5 ", formatRecord(record(received=3, sent=5)))

    def test_more(self) -> None:
        """
        Refusals that were only counted are one line that says how many, whose and
        why.
        """
        self.assertEqual(
            formatMore(MoreRefused("ftp", "address", "203.0.113.0/24", 12, 10.0)),
            "12 more refused from 203.0.113.0/24 in 10 s: service=ftp rule=address",
        )

    def test_harmlessTextIsUnchanged(self) -> None:
        """
        Ordinary names and addresses stand as they are.
        """
        self.assertEqual(safe("[::1]:80"), "[::1]:80")

    def test_lineBreakCannotForgeARecord(self) -> None:
        """
        A line break in a name stays within its field, as an escape.
        """
        self.assertEqual(safe('x\nservice="y"'), '"x\\nservice=\\"y\\""')

    def test_emptyTextIsVisible(self) -> None:
        """
        An empty value is shown as such.
        """
        self.assertEqual(safe(""), '""')

    @given(st.text())
    def test_alwaysOnePrintableField(self, text: str) -> None:
        """
        Whatever the text, the field is printable ASCII on one line, and blanks
        stand only between quotes.
        """
        result = safe(text)
        self.assertTrue(result.isascii() and result.isprintable())
        self.assertTrue(" " not in result or (result[0] == result[-1] == '"'))


class JsonTests(SynchronousTestCase):
    """
    Tests for L{formatJson}.
    """

    def test_fields(self) -> None:
        """
        Numbers are numbers, and what does not apply is left out.
        """
        ended = record(
            pid=12,
            user="nobody",
            uid=9,
            waited=0.5,
            duration=1.5,
            status=0,
            userTime=0.25,
            systemTime=0.5,
            maxRss=2048,
            received=1,
            sent=2,
        )
        self.assertEqual(
            json.loads(formatJson(ended, 1.25)),
            {
                "time": 1.25,
                "service": "ftp",
                "protocol": "tcp",
                "peer": "192.0.2.1:4000",
                "local": "127.0.0.1:21",
                "verdict": "served",
                "pid": 12,
                "user": "nobody",
                "uid": 9,
                "waited": 0.5,
                "duration": 1.5,
                "exit": 0,
                "utime": 0.25,
                "stime": 0.5,
                "maxrss": 2048,
                "in": 1,
                "out": 2,
                "id": 7,
            },
        )

    def test_refused(self) -> None:
        """
        A refusal has its rule and where that was written.
        """
        refused = record(verdict="refused", reason="x", rule="address", origin="/x:3")
        found = json.loads(formatJson(refused, 0.0))
        self.assertEqual((found["rule"], found["origin"]), ("address", "/x:3"))

    def test_more(self) -> None:
        """
        Refusals that were only counted are an object, too.
        """
        found = json.loads(formatJsonMore(MoreRefused("ftp", "address", "::/64", 12, 10.0), 2.0))
        self.assertEqual((found["count"], found["source"], found["seconds"]), (12, "::/64", 10.0))

    @given(st.text(alphabet=st.characters()), st.binary())
    def test_anything(self, text: str, raw: bytes) -> None:
        """
        Whatever the text, it is one line of printable ASCII, and valid JSON.
        """
        for value in (text, raw.decode("utf-8", "surrogateescape"), "\u202e\u2066\x1b[2J"):
            line = formatJson(record(peer=value, reason=value), 0.0)
            self.assertTrue(line.isascii() and line.isprintable(), line)
            json.loads(line)["peer"].encode("utf-8")


class HostTests(SynchronousTestCase):
    """
    Tests for L{hostOf}.
    """

    def test_each(self) -> None:
        """
        Only an internet address is a host.
        """
        for peer, host in (
            ("192.0.2.1:25", "192.0.2.1"),
            ("[2001:db8::1]:25", "2001:db8::1"),
            ("-", ""),
            ("uid:1000", ""),
            ("/run/x:25", ""),
            ("[half:25", ""),
        ):
            self.assertEqual(hostOf(peer), host)
