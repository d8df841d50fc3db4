"""
How many a second: the client in C against what runs.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from benchmarks.running import HOST, CannotServe, Running

__all__ = ["measureRate"]


def busy() -> float:
    """
    Processor time that the machine has used, in seconds.
    """
    fields = list(map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def measureRate(
    running: Running, together: int, seconds: float, directory: Path
) -> dict[str, float]:
    """
    Have the client converse for some seconds.

    @param together: how many conversations at a time.
    """
    service = running.service
    words = [
        str(directory / "client"), service.mode, HOST, str(service.measured.port),
        str(together), str(seconds), *([service.request] if service.request else []),
    ]  # fmt: skip
    before = busy()
    done = subprocess.run(words, capture_output=True, text=True)
    used = busy() - before
    if done.returncode:
        raise CannotServe(f"the client ended with {done.returncode}: {done.stderr}")
    count, failed, p50, p99, processor, elapsed = map(int, done.stdout.split())
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
