# -*- test-case-name: tests.test_gate_load -*-
"""
How loaded the machine is, as the kernel says in C{/proc}.
"""

from __future__ import annotations

import os

__all__ = ["RESOURCES", "Readings", "pressureSupported"]

#: What the kernel knows the pressure of.
RESOURCES = ("cpu", "io", "memory")

#: How long before the end of a file that is only a few lines long.
_ENOUGH = 4096


def _read(path: str) -> str:
    """
    A small file of the kernel's, with no more than three calls.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _ENOUGH).decode("ascii")
    finally:
        os.close(descriptor)


def _average(path: str) -> float:
    """
    The one-minute load average.
    """
    return float(_read(path).split()[0])


def _some(path: str) -> float:
    """
    Percent of the last ten seconds in which at least somebody stalled.

    @raise ValueError: if the file does not say.
    """
    for line in _read(path).splitlines():
        words = line.split()
        if words and words[0] == "some":
            for word in words[1:]:
                key, _, value = word.partition("=")
                if key == "avg10":
                    return float(value)
    raise ValueError("no avg10 of some")


def pressureSupported(proc: str = "/proc") -> bool:
    """
    Whether the kernel says what its pressure is: some are built without, and with
    some it has to be asked for when booting.

    @param proc: where C{/proc} is.
    """
    for resource in RESOURCES:
        try:
            _some(f"{proc}/pressure/{resource}")
        except (OSError, ValueError):
            return False
    return True


class Readings:
    """
    The latest values.  Limits only look at these: they are as old as the last
    L{refresh}, which somebody has to call every second or so.

    What cannot be read is not known, and then nobody is refused for it: these limits
    are there to spare the machine, not to guard it.

    @ivar load: the one-minute load average, or C{None}.
    @ivar pressure: percent by resource, as far as it is known.
    @ivar failures: what could not be read the last time, and why.
    """

    def __init__(self, proc: str = "/proc") -> None:
        """
        @param proc: where C{/proc} is.
        """
        self._proc = proc
        self.load: float | None = None
        self.pressure: dict[str, float] = {}
        self.failures: dict[str, str] = {}

    def refresh(self, pressure: bool = True) -> None:
        """
        Read again.

        @param pressure: whether to read that, too.
        """
        self.failures = {}
        try:
            self.load = _average(f"{self._proc}/loadavg")
        except (OSError, ValueError, IndexError) as error:
            self.load = None
            self.failures["load"] = str(error)
        if not pressure:
            return
        found = {}
        for resource in RESOURCES:
            try:
                found[resource] = _some(f"{self._proc}/pressure/{resource}")
            except (OSError, ValueError) as error:
                self.failures[resource] = str(error)
        self.pressure = found
