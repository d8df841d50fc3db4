# -*- test-case-name: tests.test_process_clone -*-
"""
Whether the kernel keeps users from looking into processes that have become theirs.
"""

from __future__ import annotations

import os

try:
    from txinetd.process import _clone
except ImportError:
    _clone = None  # type: ignore[assignment]

__all__ = ["Dumpable"]


class Dumpable:
    """
    Says whether servers of other users may be started like this.  Between the switch and
    execve(2) such a process is theirs and has this one's memory, so that nobody may be
    able to look into it: the kernel sees to that, unless it has been told to let
    programs be debugged that have switched.
    """

    def __init__(self, path: str = "/proc/sys/fs/suid_dumpable") -> None:
        """
        @param path: see proc(5).
        """
        self._path = path
        self._file: int | None = None

    @property
    def allows(self) -> bool:
        """
        Whether they may now; never where the part in C is not there, which starts them.
        """
        if self._file is None:
            try:
                self._file = os.open(self._path, os.O_RDONLY)
            except OSError:
                return False
        return _clone is not None and _clone.isKeptFromUsers(self._file)

    def close(self) -> None:
        """
        Give back what is held.
        """
        number, self._file = self._file, None
        if number is not None:
            os.close(number)
