"""
How much memory the processes of a super-server have.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from benchmarks.holding import held
from benchmarks.running import Running

__all__ = ["measureIdle", "measureLive"]

#: Conversations before a connection's memory is measured: what is only made once is
#: there after these.
_WARM = 100


def proportional(pid: int) -> int:
    """
    The memory of a process in kilobytes; what it shares counts in proportion.
    """
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0


def total(pids: list[int]) -> int:
    """
    The memory of processes, in kilobytes.
    """
    kilobytes = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            kilobytes += proportional(pid)
    return kilobytes


def measureIdle(running: Running) -> dict[str, float]:
    """
    The memory of everything that runs while nobody is there.
    """
    pids = running.pids()
    return {"pss": total(pids), "processes": len(pids)}


def measureLive(running: Running, count: int) -> dict[str, float]:
    """
    What so many connections add, without the programs that serve them.
    """
    with held(running, min(_WARM, count)):
        pass
    running.settle()
    idle = total(running.own())
    with held(running, count):
        running.settle()
        own = running.own()
        loaded = total(own)
    each = (loaded - idle) * 1024 / count
    return {"each": each, "pss": loaded, "idle": idle, "processes": len(own)}
