# -*- test-case-name: tests.test_process_peak -*-
"""
How much memory a server had at most: known only where that is more than whoever
started it had, because the kernel passes that on through exec(2).
"""

from __future__ import annotations

import resource

__all__ = ["MARGIN", "Peaks", "ownPeak"]

#: Kilobytes: what a forked child may take, at most, before it becomes its program.
MARGIN = 1024


def ownPeak() -> int:
    """
    The most memory that this process has had at a time, in kilobytes; too much
    rather than too little.
    """
    try:
        with open("/proc/self/status", "rb") as file:
            for line in file:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1])
    except (OSError, ValueError, IndexError):
        pass  # another root directory, or another system
    # That of the process which became this one, too.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class Peaks:
    """
    Tells which peaks are the servers' own.
    """

    def __init__(self) -> None:
        self._known = 0

    def clean(self, usage: resource.struct_rusage) -> resource.struct_rusage:
        """
        A child's usage with C{ru_maxrss} 0 where that may be this process's peak.

        @param usage: from wait4(2), of a child that this process has started.
        """
        peak = usage.ru_maxrss
        if peak > self._known + MARGIN:
            # A peak only grows, so this one is at least that of when it was started.
            self._known = ownPeak()
            if peak > self._known + MARGIN:
                return usage
        return resource.struct_rusage((*usage[:2], 0, *usage[3:]))
