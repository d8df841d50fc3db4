"""
How many a second: the client in C against what runs.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from benchmarks.running import HOST, CannotServe, Running

__all__ = ["measureRate"]


#: Seconds for which each has served before it is measured.
_WARM_UP = 0.3


def busy() -> float:
    """
    Processor time that the machine has used, in seconds.
    """
    fields = list(map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def _converse(words: list[str], seconds: float) -> list[int]:
    """
    Run the client.

    @param words: its command line, with C{{seconds}} where these are to stand.
    @return: what it has counted.
    """
    command = [str(seconds) if word == "{seconds}" else word for word in words]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise CannotServe(f"the client ended with {done.returncode}: {done.stderr}")
    return list(map(int, done.stdout.split()))


def measureRate(
    running: Running, together: int, seconds: float, directory: Path
) -> dict[str, float]:
    """
    Have the client converse for some seconds, after it has done so for a moment.

    @param together: how many conversations at a time.
    """
    service = running.service
    words = [
        str(directory / "client"), service.mode, HOST, str(service.measured.port),
        str(together), "{seconds}", *([service.request] if service.request else []),
    ]  # fmt: skip
    # What each does once is not what is asked for.
    _converse(words, _WARM_UP)
    before = busy()
    count, failed, p50, p99, processor, elapsed = _converse(words, seconds)
    used = busy() - before
    if not count:
        raise CannotServe(f"served none, and failed {failed}")
    return {
        "rate": count / (elapsed / 1000),
        "p50": p50,
        "p99": p99,
        "processor": (used * 1000 - processor) / count,
        "client": processor / elapsed,
        "failed": failed,
    }
