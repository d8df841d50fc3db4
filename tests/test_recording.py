"""
Tests for L{txinetd.recording}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txinetd.recording import RecordFormat, Recording, SyslogDestination, defaultHardLimit


class RecordingTests(SynchronousTestCase):
    """
    Tests for the values.
    """

    def test_hardLimit(self) -> None:
        """
        A hundredth more than the soft one, within bounds.
        """
        for soft, hard in ((1000, 6120), (1_000_000, 1_010_000), (10**9, 10**9 + 20480)):
            self.assertEqual(defaultHardLimit(soft), hard)

    def test_words(self) -> None:
        """
        What xinetd.conf(5) does not know is no value.
        """
        self.assertRaises(ValueError, Recording, onSuccess=frozenset({"ATTEMPT"}))
        self.assertRaises(ValueError, Recording, onFailure=frozenset({"PID"}))
        self.assertRaises(ValueError, SyslogDestination, facility="nonsense")
        self.assertRaises(ValueError, SyslogDestination, priority="nonsense")

    def test_starts(self) -> None:
        """
        Starts are written when asked for, and in xinetd's format, unless nothing is to
        be written of who is served.
        """
        self.assertFalse(Recording().wantsStarts)
        self.assertTrue(Recording(starts=True).wantsStarts)
        self.assertTrue(Recording(RecordFormat.XINETD).wantsStarts)
        self.assertFalse(Recording(starts=True, onSuccess=frozenset()).wantsStarts)
