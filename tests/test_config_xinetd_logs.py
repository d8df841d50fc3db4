"""
Tests for L{txinetd.config.xinetd.logs}: what is written about a service's arrivals.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.xinetd_support import defaults, entry, service
from txinetd.recording import (
    DEFAULT_RECORDING,
    LogFileDestination,
    RecordFormat,
    Recording,
    SyslogDestination,
    TwistedLog,
)


class RecordingTests(SynchronousTestCase):
    """
    Tests for C{log_type}, C{log_on_success} and C{log_on_failure}.
    """

    def recording(self, lines: str) -> Recording:
        """
        How a service is recorded.
        """
        found = service(entry(lines)).recording
        assert found is not None
        return found

    def test_nothing(self) -> None:
        """
        A service that says nothing is recorded as all are.
        """
        self.assertIsNone(service(entry()).recording)

    def test_syslog(self) -> None:
        """
        Syslog has a facility, and a level, C{info} where none is said.
        """
        found = self.recording("log_type = SYSLOG authpriv")
        self.assertEqual(found.destination, SyslogDestination("authpriv", "info"))
        self.assertIs(found.format, RecordFormat.XINETD)
        found = self.recording("log_type = syslog local4 debug")
        self.assertEqual(found.destination, SyslogDestination("local4", "debug"))

    def test_file(self) -> None:
        """
        A file may have limits; the hard one is a little over the soft one where only
        that is said.
        """
        for words, expected in (
            ("/x", LogFileDestination("/x")),
            ("/x 1000K", LogFileDestination("/x", 1024000, 1034240)),
            ("/x 1M 2M", LogFileDestination("/x", 2**20, 2**21)),
        ):
            self.assertEqual(self.recording(f"log_type = FILE {words}").destination, expected)

    def test_words(self) -> None:
        """
        The words choose what is written, and none at all that nothing is.
        """
        found = self.recording("log_on_success = PID HOST\nlog_on_failure =")
        self.assertEqual((found.onSuccess, found.onFailure), ({"PID", "HOST"}, frozenset()))
        self.assertEqual((found.format, found.destination), (RecordFormat.TEXT, TwistedLog()))

    def test_oneList(self) -> None:
        """
        The list that is not written is as it is without.
        """
        found = self.recording("log_on_success += USERID")
        self.assertEqual(found.onSuccess, {"USERID"})
        self.assertEqual(found.onFailure, DEFAULT_RECORDING.onFailure)

    def test_inherited(self) -> None:
        """
        A service adds to the lists of C{defaults}.
        """
        text = defaults("log_on_success = HOST PID\nlog_type = FILE /x")
        found = service(text + entry("log_on_success += USERID\nlog_on_success -= PID")).recording
        assert found is not None
        self.assertEqual(found.onSuccess, {"HOST", "USERID"})
        self.assertEqual(found.destination, LogFileDestination("/x"))
