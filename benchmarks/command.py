"""
The command line.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import attrs

from benchmarks.chart import chart
from benchmarks.measuring import Measured, measureAll
from benchmarks.peers import OURS, PEERS
from benchmarks.programs import build
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.tables import asJSON, table

__all__ = ["main"]

_DESCRIPTION = """\
Runs the super-servers in turn, over and over, in one run, and prints medians and
ratios.  Machines are noisy: only the ratios of one run mean anything.
"""


def sizes(text: str) -> tuple[int, ...]:
    """
    Numbers with commas between them.
    """
    return tuple(int(word) for word in text.split(","))


def parser() -> argparse.ArgumentParser:
    """
    What may be said.
    """
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=_DESCRIPTION)
    made.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="all if none is named")
    made.add_argument("--list", action="store_true", help="print the scenarios and the peers")
    made.add_argument("--rounds", type=int, default=7)
    made.add_argument("--seconds", type=float, default=2.0, help="for each rate")
    made.add_argument("--peers", help="names, with commas between them; all if not given")
    made.add_argument(
        "--sizes", type=sizes, help="numbers, with commas, in place of the scenarios' own"
    )
    made.add_argument("--json", type=Path, help="write the samples to this file")
    made.add_argument("--svg", type=Path, help="draw a chart into this file")
    return made


def describe() -> str:
    """
    The scenarios and the peers.
    """
    lines = []
    for name, scenario in SCENARIOS.items():
        of = f" ({', '.join(f'{size:,}' for size in scenario.sizes)})" if scenario.grows else ""
        lines.append(f"{name:18} {scenario.kind:7} {scenario.title}{of}")
    return "\n".join([*lines, "", "peers: " + ", ".join(peer.name for peer in PEERS)])


def main() -> None:
    """
    Run what was asked for.
    """
    made = parser()
    given = made.parse_args()
    if given.list:
        print(describe())
        return
    names = given.scenarios or list(SCENARIOS)
    wanted = given.peers.split(",") if given.peers else [peer.name for peer in PEERS]
    for name in {*names} - {*SCENARIOS}:
        made.error(f"there is no scenario {name!r}: see --list")
    for name in {*wanted} - {peer.name for peer in PEERS}:
        made.error(f"there is no peer {name!r}: see --list")
    peers = [peer for peer in PEERS if peer.name in wanted]
    results: dict[str, tuple[Scenario, Measured]] = {}
    # Whoever ends this ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    directory = Path(tempfile.mkdtemp(prefix="txinetd-bench-"))
    directory.chmod(0o755)
    try:
        build(directory)
        for name in names:
            scenario = SCENARIOS[name]
            if given.sizes and scenario.grows:
                scenario = attrs.evolve(scenario, sizes=given.sizes)
            if scenario.switched and os.geteuid() != 0:
                print(f"{scenario.title}: needs root")
                continue
            measured = measureAll(scenario, peers, given.rounds, given.seconds, directory)
            results[name] = scenario, measured
            print("\n".join(table(scenario, measured)), flush=True)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if given.json:
        found = {name: asJSON(*result) for name, result in results.items()}
        given.json.write_text(json.dumps(found, indent=1) + "\n")
    if given.svg:
        given.svg.write_text(chart(results.values()))
    if any(peer == OURS for _, measured in results.values() for peer, _ in measured.cannot):
        sys.exit(f"{OURS} could not do all of it")
