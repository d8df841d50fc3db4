"""
How long something takes that happens once: a start, a reload.
"""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import attrs

from benchmarks.running import CannotServe, Peer, Running, Service

__all__ = ["measureReload", "measureStart"]

#: Seconds between two attempts to reach what starts, and what a reload changes.
_ATTEMPTS = 0.001
_LOOKS = 0.01


def measureStart(peer: Peer, service: Service, directory: Path) -> dict[str, float]:
    """
    The time until the first answer.
    """
    before = time.perf_counter()
    running = peer.launch(service, directory)
    try:
        peer.awaitAnswer(running, directory, _ATTEMPTS, others=False)
        return {"start": (time.perf_counter() - before) * 1000}
    finally:
        running.stop()


class Prober(threading.Thread):
    """
    A client that asks again and again, one conversation at a time, and knows what it
    waited for each.

    @ivar failed: how many times there was no answer.
    """

    def __init__(self, service: Service) -> None:
        super().__init__(daemon=True)
        self.failed = 0
        self._service = service
        self._waits: list[tuple[float, float]] = []
        self._over = threading.Event()

    def run(self) -> None:
        """
        Ask until told to stop.
        """
        while not self._over.is_set():
            before = time.perf_counter()
            try:
                answered = bool(self._service.ask())
            except OSError:
                answered = False
            self._waits.append((before, time.perf_counter() - before))
            self.failed += not answered

    def stop(self) -> None:
        """
        Stop after the conversation that goes on.
        """
        self._over.set()
        self.join()

    def longest(self, since: float, until: float) -> float:
        """
        The longest wait among those of a time, in milliseconds.
        """
        waits = [wait for begun, wait in self._waits if begun + wait >= since and begun <= until]
        return max(waits, default=0.0) * 1000


def measureReload(
    peer: Peer, running: Running, directory: Path, seconds: float
) -> dict[str, float]:
    """
    Change the last of the other services, and see what a client of the one that is
    measured notices.

    @param seconds: how long to look before, and for how long after at the least.
    """
    if not running.service.others:
        raise CannotServe("there is no service that could change")
    changed = attrs.evolve(running.service, changed=True)
    prober = Prober(running.service)
    prober.start()
    try:
        begun = time.perf_counter()
        time.sleep(seconds)
        peer.command(changed, directory)
        asked = time.perf_counter()
        running.process.send_signal(signal.SIGHUP)
        while not _answers(changed):
            if time.perf_counter() > asked + 30:
                raise CannotServe("had not changed the service after 30 seconds")
            time.sleep(_LOOKS)
        done = time.perf_counter()
        # The rest of the reload may be still to come.
        time.sleep(seconds)
    finally:
        prober.stop()
    return {
        "pause": prober.longest(asked, done + seconds),
        "usual": prober.longest(begun, asked),
        "took": (done - asked) * 1000,
        "failed": prober.failed,
    }


def _answers(changed: Service) -> bool:
    """
    Whether the service that changes has changed.
    """
    try:
        return bool(changed.ask(port=changed.others[-1]))
    except OSError:
        return False
