"""
Tests for L{txinetd.process.launch.peak}.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txinetd.process.launch import peak
from txinetd.process.launch.peak import MARGIN, Peaks, ownPeak


def usage(maxRss: int) -> resource.struct_rusage:
    """
    A usage with that peak.
    """
    return resource.struct_rusage((1.5, 0.5, maxRss, *range(13)))


class PeakTests(SynchronousTestCase):
    """
    Tests for L{Peaks} and L{ownPeak}.
    """

    def test_cleaned(self) -> None:
        """
        What is more than this process's peak by a margin is the child's own; all else
        is not known.  The rest of the usage stays as it is.
        """
        self.patch(peak, "ownPeak", lambda: 50_000)
        peaks = Peaks()
        for given, found in (
            (100_000, 100_000),
            (50_000, 0),
            (50_000 + MARGIN, 0),
            (50_001 + MARGIN, 50_001 + MARGIN),
        ):
            cleaned = peaks.clean(usage(given))
            self.assertEqual(cleaned.ru_maxrss, found)
            self.assertEqual(cleaned[:2] + cleaned[3:], usage(given)[:2] + usage(given)[3:])

    def test_grown(self) -> None:
        """
        A peak that has grown since it was last looked at counts as it is now.
        """
        now = [1000]
        self.patch(peak, "ownPeak", lambda: now[0])
        peaks = Peaks()
        self.assertEqual(peaks.clean(usage(10_000)).ru_maxrss, 10_000)
        now[0] = 20_000
        self.assertEqual(peaks.clean(usage(10_000)).ru_maxrss, 0)

    def test_own(self) -> None:
        """
        This process's peak is no less than what it has now, and no more than the kernel
        says of it.
        """
        found = ownPeak()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.assertGreaterEqual(found + MARGIN, pages * resource.getpagesize() // 1024)
        self.assertLessEqual(found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + MARGIN)

    def test_real(self) -> None:
        """
        Of a small child nothing is known, of a large one its own peak.
        """
        for size, known in ((1, False), (ownPeak() + 40_000, True)):
            child = subprocess.Popen([sys.executable, "-c", f"x = b'x' * {size * 1024}"])
            _, status, spent = os.wait4(child.pid, 0)
            child.returncode = status
            self.assertEqual(Peaks().clean(spent).ru_maxrss > size, known)
