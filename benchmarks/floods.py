"""
What one client notices while others send a flood.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.running import HOST, CannotServe, Running

__all__ = ["measureFlood"]

#: The client is no flood itself: conversations that it begins in a second.
_RATE = 20

#: Where the flood comes from: so many addresses of one network, which is not the client's.
_FROM, _ADDRESSES = "127.0.1.1", 20

#: Connections a second that come to a service that is limited.
_FLOOD = 500

#: Seconds for the flood to rise before the client begins.
_RISES = 0.5


def measureFlood(running: Running, seconds: float, directory: Path) -> dict[str, float]:
    """
    Have a client ask for some seconds, and then again while there is a flood: of the same
    service, where that has limits, and else of another one, as fast as that can be.
    """
    service = running.service
    idle = _converse(running, seconds, directory)
    port = service.measured.port if service.limited else service.others[-1]
    words = [str(directory / "client"), "-s", _FROM, "-n", str(_ADDRESSES)]
    if service.limited:
        words += ["-r", str(_FLOOD)]
    words += ["end", HOST, str(port), "64" if service.limited else "8"]
    with subprocess.Popen(
        [*words, str(seconds + 2 * _RISES)], stdout=subprocess.PIPE, text=True
    ) as flood:
        try:
            flood.wait(_RISES)
        except subprocess.TimeoutExpired:
            loaded = _converse(running, seconds, directory)
            said, _ = flood.communicate()
        if flood.returncode:
            raise CannotServe(f"the flood ended with {flood.returncode}")
    answered, refused, _, _, _, elapsed = map(int, said.split())
    return {
        "idle": idle[2],
        "loaded": loaded[2],
        "ratio": loaded[2] / idle[2],
        "failed": idle[1] + loaded[1],
        "flood": (answered + refused) / (elapsed / 1000),
        "answered": answered / (answered + refused),
    }


def _converse(running: Running, seconds: float, directory: Path) -> list[int]:
    """
    Be the client.

    @return: what C{client.c} prints.
    """
    words = [
        str(directory / "client"), "-s", HOST, "-r", str(_RATE), running.service.mode, HOST,
        str(running.service.measured.port), "16", str(seconds),
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise CannotServe(f"the client ended with {done.returncode}")
    found = list(map(int, done.stdout.split()))
    if not found[0]:
        raise CannotServe(f"served none, and failed {found[1]}")
    return found
