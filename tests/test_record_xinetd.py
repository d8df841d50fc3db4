"""
Tests for L{txinetd.record.xinetd} and L{txinetd.record.stamps}.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.record_support import record
from txinetd.record.file import FilePlace
from txinetd.record.places import Line
from txinetd.record.refusals import MoreRefused
from txinetd.record.stamps import Stamp, syslogTime, xinetdTime
from txinetd.record.xinetd import formatXinetd, formatXinetdMore
from txinetd.recording import (
    FAILURE_WORDS,
    SUCCESS_WORDS,
    LogFileDestination,
    RecordFormat,
    Recording,
)


def asking(*success: str, failure: tuple[str, ...] = ("HOST",)) -> Recording:
    """
    Lines of xinetd with certain words.
    """
    return Recording(
        RecordFormat.XINETD, onSuccess=frozenset(success), onFailure=frozenset(failure)
    )


class LineTests(SynchronousTestCase):
    """
    Tests for L{formatXinetd}: the lines are those of xinetd 2.3.15.3 itself.
    """

    def test_start(self) -> None:
        """
        PID and HOST show in the line of the start.
        """
        started = record(verdict="started", pid=30275)
        for words, line in (
            (("HOST", "PID"), "START: ftp pid=30275 from=192.0.2.1"),
            (("PID",), "START: ftp pid=30275"),
            (("DURATION",), "START: ftp"),
        ):
            started.recording = asking(*words)
            self.assertEqual(formatXinetd(started), [line])

    def test_end(self) -> None:
        """
        EXIT, PID and DURATION show in that of the end, and TRAFFIC before it.  PID alone
        makes none.
        """
        ended = record(pid=30275, status=3, duration=2.2, received=4, sent=5)
        for words, lines in (
            (("EXIT", "PID", "DURATION"), ["EXIT: ftp status=3 pid=30275 duration=2(sec)"]),
            (("EXIT",), ["EXIT: ftp status=3"]),
            (("DURATION",), ["EXIT: ftp duration=2(sec)"]),
            (("HOST",), []),
            (
                ("TRAFFIC", "PID"),
                ["TRAFFIC: ftp in=4(bytes) out=5(bytes)"],
            ),
        ):
            ended.recording = asking(*words)
            self.assertEqual(formatXinetd(ended), lines)

    def test_signal(self) -> None:
        """
        A signal shows in place of the status.
        """
        killed = record(pid=1, signal=9, recording=asking("EXIT"))
        self.assertEqual(formatXinetd(killed), ["EXIT: ftp signal=9"])

    def test_fail(self) -> None:
        """
        Who was not served is told by xinetd's word for the reason.
        """
        for verdict, rule, words, line in (
            ("refused", "address", ("HOST",), "FAIL: ftp address from=192.0.2.1"),
            ("refused", "instances", ("ATTEMPT",), "FAIL: ftp service_limit"),
            ("refused", "starts-per-minute", (), "FAIL: ftp connections per second"),
            ("refused", "a rule", (), "FAIL: ftp a\\x20rule"),
            ("failed", "", ("HOST",), "FAIL: ftp fork from=192.0.2.1"),
        ):
            failed = record(verdict=verdict, rule=rule, recording=asking(failure=words))
            self.assertEqual(formatXinetd(failed), [line])

    def test_noAddress(self) -> None:
        """
        A client that is not known has none.
        """
        failed = record(peer="-", verdict="refused", rule="load", recording=asking())
        self.assertEqual(formatXinetd(failed), ["FAIL: ftp load from=<no address>"])

    def test_user(self) -> None:
        """
        USERID says who the client is where that is known, with the identd's system.
        """
        started = record(verdict="started", remoteUser="1000", recording=asking("USERID"))
        self.assertEqual(formatXinetd(started), ["START: ftp", "USERID: ftp 1000"])
        started.remoteSystem = "UNIX"
        self.assertEqual(formatXinetd(started)[1], "USERID: ftp UNIX : 1000")
        started.remoteUser = ""
        self.assertEqual(formatXinetd(started), ["START: ftp"])
        refused = record(verdict="refused", rule="identified", recording=asking("USERID"))
        self.assertEqual(formatXinetd(refused), ["NOID: ftp 192.0.2.1 not identified"])

    def test_more(self) -> None:
        """
        Refusals that were only counted are not mistaken for one.
        """
        line = formatXinetdMore(MoreRefused("ftp", "address", "192.0.2.0/24", 3, 10.0))
        self.assertEqual(line, "NOTICE: 3 more refused from 192.0.2.0/24 in 10 s: ftp address")

    @given(st.text(), st.sampled_from(["started", "served", "refused", "failed"]))
    def test_anything(self, text: str, verdict: str) -> None:
        """
        Whatever the texts, lines are printable ASCII, and hold one address.
        """
        recording = asking(*SUCCESS_WORDS, failure=tuple(FAILURE_WORDS))
        for line in formatXinetd(
            record(
                service=text,
                peer=text,
                verdict=verdict,
                rule=text,
                remoteUser=text,
                remoteSystem=text,
                recording=recording,
            )
        ):
            self.assertTrue(line.isascii() and line.isprintable(), line)
            self.assertLessEqual(len(re.findall(r" from=", line)), 1)


class StampTests(SynchronousTestCase):
    """
    Tests for L{Stamp} and its forms.
    """

    def test_forms(self) -> None:
        """
        xinetd pads neither month nor day, the system's logger pads the day with a
        blank.
        """
        when = int(time.mktime((2026, 1, 5, 9, 3, 7, 0, 5, -1)))
        self.assertEqual(xinetdTime(when), "26/1/5@09:03:07")
        self.assertEqual(syslogTime(when), "Jan  5 09:03:07")

    def test_second(self) -> None:
        """
        Each second has its own text, whatever their order.
        """
        stamp = Stamp(xinetdTime)
        for when in (1e9, 1e9 + 0.5, 1e9 + 1, 1e9 - 3600):
            self.assertEqual(stamp(when), xinetdTime(int(when)))


class Fail2banTests(SynchronousTestCase):
    """
    Tests with fail2ban's own filter for xinetd.
    """

    def matches(self, path: Path) -> list[str]:
        """
        The hosts that the filter finds in a file.
        """
        program = shutil.which("fail2ban-regex")
        if program is None or not Path("/etc/fail2ban/filter.d/xinetd-fail.conf").exists():
            raise SkipTest("fail2ban is not installed")
        done = subprocess.run(
            [program, "-o", "ip", str(path), "xinetd-fail"], capture_output=True, text=True
        )
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def lines(self) -> list[Line]:
        """
        Two refusals by address or wrapper, two others, and what looks like one.
        """
        texts = []
        for peer, verdict, rule, service in (
            ("192.0.2.7:99", "refused", "address", "ftp"),
            ("[2001:db8::7]:99", "refused", "wrap", "ftp"),
            ("192.0.2.8:99", "refused", "load", "ftp"),
            ("192.0.2.9:99", "served", "", "ftp"),
            ("192.0.2.9:99", "failed", "", "x\nFAIL: ftp address from=198.51.100.1"),
        ):
            texts += formatXinetd(
                record(
                    peer=peer, verdict=verdict, rule=rule, service=service, recording=asking("PID")
                )
            )
        now = time.time()
        return [Line(now, text) for text in texts]

    def test_syslog(self) -> None:
        """
        The lines as the system's logger writes them are found with their hosts, and no
        others.
        """
        path = Path(self.mktemp()).absolute()
        path.write_text(
            "".join(
                f"{syslogTime(int(line.when))} host xinetd[12]: {line.text}\n"
                for line in self.lines()
            )
        )
        self.assertEqual(self.matches(path), ["192.0.2.7", "2001:db8::7"])

    def test_file(self) -> None:
        """
        So are those in a file of their own.
        """
        path = Path(self.mktemp()).absolute()
        place = FilePlace(LogFileDestination(str(path)))
        self.addCleanup(place.close)
        self.assertEqual(place.write(self.lines()), 0)
        self.assertEqual(self.matches(path), ["192.0.2.7", "2001:db8::7"])
