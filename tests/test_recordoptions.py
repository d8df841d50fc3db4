"""
Tests for L{txinetd.recordoptions}.
"""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from txinetd import metrics
from txinetd.errors import UsageProblem
from txinetd.recording import (
    LogFileDestination,
    RecordFormat,
    Recording,
    SyslogDestination,
    TwistedLog,
)
from txinetd.recordoptions import metricsAddress, recordingFor


class RecordingTests(SynchronousTestCase):
    """
    Tests for L{recordingFor}.
    """

    def test_destinations(self) -> None:
        """
        The daemon's log, the system's logger, or a file.
        """
        for to, destination in (
            ("log", TwistedLog()),
            ("syslog", SyslogDestination("daemon", "info")),
            ("syslog:local3", SyslogDestination("local3", "info")),
            ("syslog:auth.notice", SyslogDestination("auth", "notice")),
            ("/var/log/x", LogFileDestination("/var/log/x")),
            ("x", LogFileDestination(os.path.abspath("x"))),
            ("./syslog", LogFileDestination(os.path.abspath("syslog"))),
        ):
            self.assertEqual(recordingFor("json", to), Recording(RecordFormat.JSON, destination))

    def test_wrong(self) -> None:
        """
        What there is not is named.
        """
        for format_, to, word in (
            ("yaml", "log", "yaml"),
            ("text", "", "--record-to"),
            ("text", "syslog:moon", "moon"),
            ("text", "syslog:", "facility"),
            ("text", "syslog:daemon.loud", "loud"),
        ):
            error = self.assertRaises(UsageProblem, recordingFor, format_, to)
            self.assertIn(word, str(error))


class MetricsTests(SynchronousTestCase):
    """
    Tests for L{metricsAddress}.
    """

    def test_addresses(self) -> None:
        """
        An address in numbers and a port.
        """
        self.patch(metrics, "haveClient", lambda: True)
        self.assertEqual(metricsAddress("127.0.0.1:9100"), ("127.0.0.1", 9100))
        self.assertEqual(metricsAddress("[::1]:9100"), ("::1", 9100))

    def test_wrong(self) -> None:
        """
        Anything else is none.
        """
        self.patch(metrics, "haveClient", lambda: True)
        for text in (
            "9100",
            ":9100",
            "host:9100",
            "::1:9100",
            "[127.0.0.1]:1",
            "1.2.3.4:0",
            "1.2.3.4:x",
        ):
            self.assertRaises(UsageProblem, metricsAddress, text)

    def test_missing(self) -> None:
        """
        Without prometheus_client the extra is named.
        """
        self.patch(metrics, "haveClient", lambda: False)
        error = self.assertRaises(UsageProblem, metricsAddress, "127.0.0.1:9100")
        self.assertIn("txinetd[metrics]", str(error))
