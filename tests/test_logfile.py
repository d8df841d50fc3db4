"""
Tests for L{txinetd.logfile}.
"""

from __future__ import annotations

import io
import time
from typing import Any, cast

from twisted.logger import (
    ILogObserver,
    LogEvent,
    LogPublisher,
    formatTime,
    jsonFileLogObserver,
    textFileLogObserver,
)
from twisted.trial.unittest import SynchronousTestCase

from txinetd.logfile import textFile
from txinetd.record.stamps import Stamp, logTime


class TextFileTests(SynchronousTestCase):
    """
    Tests for L{textFile}.
    """

    def test_text(self) -> None:
        """
        The file of an only observer that writes text is found: should Twisted
        change what this looks at, this fails.
        """
        file = io.StringIO()
        self.assertIs(textFile(LogPublisher(textFileLogObserver(file))), file)

    def test_others(self) -> None:
        """
        Where there is another observer, one of another kind, or none, there is no
        such file: each has to get every event.
        """

        def observer(event: LogEvent) -> None:
            """
            Do nothing.
            """

        one = cast(ILogObserver, observer)
        text = textFileLogObserver(io.StringIO())
        for observers in ((), (one,), (text, one), (jsonFileLogObserver(io.StringIO()),)):
            self.assertIsNone(textFile(LogPublisher(*observers)))

    def test_unfamiliar(self) -> None:
        """
        Nor is there for what is not known here.
        """
        unknown: Any = object()
        self.assertIsNone(textFile(unknown))


class StampTests(SynchronousTestCase):
    """
    Tests for L{logTime}.
    """

    def test_times(self) -> None:
        """
        Times are as Twisted has them, whatever their order.
        """
        stamps = Stamp(logTime)
        now = time.time()
        for when in (now, now + 0.1, now + 5, now - 3600):
            self.assertEqual(stamps(when), formatTime(when))
