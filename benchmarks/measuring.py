"""
The rounds: every super-server in turn, over and over.
"""

from __future__ import annotations

import pwd
from pathlib import Path

import attrs

from benchmarks.floods import measureFlood
from benchmarks.holding import held
from benchmarks.memory import measureIdle, measureLive
from benchmarks.moments import measureReload, measureStart
from benchmarks.programs import program
from benchmarks.rates import measureRate
from benchmarks.running import CannotServe, Entry, Peer, Service, freePorts
from benchmarks.scenarios import Scenario

__all__ = ["Measured", "Sample", "measureAll"]


@attrs.frozen
class Sample:
    """
    One measurement.

    @ivar peer: of whom.
    @ivar size: with how many of what the scenario has several sizes of.
    @ivar round: in which round.
    @ivar values: the figures by name, as in L{benchmarks.kinds.KINDS}.
    """

    peer: str
    size: int
    round: int
    values: dict[str, float]


@attrs.frozen
class Measured:
    """
    What was found in a scenario.

    @ivar samples: all measurements, in order.
    @ivar cannot: why there are none (or no more) of a peer with a size.
    """

    samples: list[Sample] = attrs.field(factory=list)
    cannot: dict[tuple[str, int], str] = attrs.field(factory=dict)


def service(scenario: Scenario, size: int, directory: Path) -> Service:
    """
    What a scenario serves.
    """
    count = max(size, 1) if scenario.grows == "services" else 1
    flooded = scenario.kind == "flood" and not scenario.limited
    limited = "all" if scenario.grows == "rules" and size else scenario.limited
    count += flooded
    first, *others = freePorts(count)
    entry = pwd.getpwnam("nobody")
    return Service(
        Entry(first, *program(scenario.program, directory)),
        entry.pw_name if scenario.switched else None,
        entry.pw_uid,
        # Only a rate depends on whether the client sees the end.
        scenario.mode if scenario.kind in ("rate", "reload", "flood") else "answer",
        scenario.request,
        tuple(others),
        limited,
        # The one that is flooded answers as well.
        changed=flooded,
    )


def measure(
    scenario: Scenario, peer: Peer, size: int, seconds: float, directory: Path
) -> dict[str, float]:
    """
    Start a super-server, measure it, and end it.
    """
    served = service(scenario, size, directory)
    if scenario.kind == "reload" and not peer.reloads:
        raise CannotServe("does not read its configuration again")
    if scenario.kind == "start":
        return measureStart(peer, served, directory)
    running = peer.start(served, directory)
    try:
        if scenario.kind == "memory":
            return measureIdle(running)
        if scenario.kind == "live":
            return measureLive(running, size)
        if scenario.kind == "flood":
            return measureFlood(running, seconds, directory)
        if scenario.kind == "reload":
            return measureReload(peer, running, directory, seconds)
        with held(running, size if scenario.grows == "alive" else 0):
            return measureRate(running, scenario.together, seconds, directory)
    finally:
        running.stop()


def measureAll(
    scenario: Scenario, peers: list[Peer], rounds: int, seconds: float, directory: Path
) -> Measured:
    """
    Measure all peers in turn, round by round.  A peer that cannot serve is not asked
    again.
    """
    measured = Measured()
    for number in range(rounds):
        for size in scenario.sizes:
            for peer in peers:
                if (peer.name, size) in measured.cannot:
                    continue
                try:
                    values = measure(scenario, peer, size, seconds, directory)
                except CannotServe as reason:
                    measured.cannot[peer.name, size] = str(reason)
                else:
                    measured.samples.append(Sample(peer.name, size, number, values))
    return measured
