"""
Runs the super-servers in turn, over and over, in one run, and prints medians and
ratios::

    python -m benchmarks --rounds 7 --seconds 2 same switched one many

Machines are noisy: only the ratios of one run mean anything.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import attrs

from benchmarks.chart import chart
from benchmarks.peers import PEERS, Peer, Service

HERE = Path(__file__).parent


@attrs.frozen
class Scenario:
    """
    One thing to measure.

    @ivar title: what is printed.
    @ivar together: connections at a time.
    @ivar switched: whether the server runs as another user.
    @ivar program: C{static}, C{shell}, C{python}, or an internal service.
    @ivar others: services configured besides.
    @ivar request: what the client sends before it half-closes.
    """

    title: str
    together: int = 8
    switched: bool = False
    program: str = "static"
    others: int = 0
    request: str = ""


SCENARIOS = {
    "same": Scenario("the daemon's user, 8 clients"),
    "switched": Scenario("another user, 8 clients", switched=True),
    "one": Scenario("the daemon's user, 1 client", together=1),
    "one-switched": Scenario("another user, 1 client", together=1, switched=True),
    "many": Scenario("the daemon's user, 64 clients", together=64),
    "many-switched": Scenario("another user, 64 clients", together=64, switched=True),
    "shell": Scenario("/bin/sh -c, 8 clients", program="shell"),
    "python": Scenario("a Python script, 8 clients", program="python"),
    "services": Scenario("1,000 services besides, 8 clients", others=1000),
    "echo": Scenario("internal echo, 8 clients", program="echo", request="hello"),
    "daytime": Scenario("internal daytime, 8 clients", program="daytime"),
}


@attrs.frozen
class Sample:
    """
    One measurement.

    @ivar rate: connections a second.
    @ivar p50: the median of their times, in microseconds.
    @ivar p99: what one in a hundred exceeds.
    @ivar processor: processor time of the whole machine for each, in milliseconds,
        without the client's.
    @ivar client: the client's share of one processor.
    @ivar failed: how many were not served.
    """

    rate: float
    p50: int
    p99: int
    processor: float
    client: float
    failed: int


def compile_(directory: Path) -> None:
    """
    Compile the client, the smallest server and the bare loop.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        sys.exit("a C compiler is needed for the client")
    for name, more in (("client", []), ("loop", []), ("server", ["-static"])):
        words = [compiler, "-O2", *more, "-o", str(directory / name), str(HERE / f"{name}.c")]
        subprocess.run(words, check=True)


def busy() -> float:
    """
    Processor time that the machine has used, in seconds.
    """
    fields = list(map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def measure(port: int, scenario: Scenario, seconds: float, directory: Path) -> Sample:
    """
    Have the client connect for some seconds.
    """
    words = [
        str(directory / "client"),
        "127.0.0.1",
        str(port),
        str(scenario.together),
        str(seconds),
    ]
    if scenario.request:
        words.append(scenario.request)
    before = busy()
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    used = busy() - before
    count, failed, p50, p99, processor, elapsed = map(int, done.stdout.split())
    if not count:
        return Sample(0.0, 0, 0, 0.0, 0.0, failed)
    return Sample(
        count / (elapsed / 1000),
        p50,
        p99,
        (used * 1000 - processor) / count,
        processor / elapsed,
        failed,
    )


def service(scenario: Scenario, directory: Path) -> Service:
    """
    What a scenario serves.
    """
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        port = chosen.getsockname()[1]
    program, arguments = {
        "static": (str(directory / "server"), (str(directory / "server"),)),
        "shell": ("/bin/sh", ("sh", str(directory / "shell"))),
        "python": (sys.executable, ("python", "-S", "-E", str(directory / "python"))),
    }.get(scenario.program, ("internal", (scenario.program,)))
    entry = pwd.getpwnam("nobody")
    user = entry.pw_name if scenario.switched else None
    return Service(port, program, arguments, user, entry.pw_uid, scenario.others)


def run(
    scenario: Scenario, peers: list[Peer], rounds: int, seconds: float, directory: Path
) -> dict[str, list[Sample]]:
    """
    Measure all peers in turn, round by round.
    """
    samples: dict[str, list[Sample]] = {}
    for _ in range(rounds):
        for peer in peers:
            served = service(scenario, directory)
            running = peer.start(served, directory)
            if running is None:
                continue
            try:
                sample = measure(served.port, scenario, seconds, directory)
            finally:
                running.stop()
            samples.setdefault(peer.name, []).append(sample)
    return samples


def table(scenario: Scenario, samples: dict[str, list[Sample]]) -> list[str]:
    """
    What there is to say about a scenario.
    """
    lines = [
        scenario.title,
        f"  {'':16} {'conn/s':>8} {'spread':>7} {'p50 us':>7} {'p99 us':>7} {'cpu ms':>7}"
        f" {'client':>7} {'lost':>5}  txinetd/peer: rate, p50 (medians of pairs)",
    ]
    ours = samples.get("txinetd", [])
    for name, found in samples.items():
        rates = [sample.rate for sample in found]
        middle = statistics.median(rates)
        pairs = [
            (a.rate / b.rate, a.p50 / b.p50)
            for a, b in zip(ours, found, strict=False)
            if b.rate and b.p50
        ]
        ratio = ""
        if name != "txinetd" and pairs:
            rate, latency = (statistics.median(each) for each in zip(*pairs, strict=True))
            ratio = f"{rate:.2f}, {latency:.2f}"
        spread = (max(rates) - min(rates)) / middle if middle else 0.0
        middles = {
            field: statistics.median(getattr(sample, field) for sample in found)
            for field in ("p50", "p99", "processor", "client")
        }
        lines.append(
            f"  {name:16} {middle:8.0f} {spread:7.0%} {middles['p50']:7.0f} {middles['p99']:7.0f}"
            f" {middles['processor']:7.2f} {middles['client']:7.0%}"
            f" {sum(sample.failed for sample in found):5}  {ratio}"
        )
    return lines


def main() -> None:
    """
    The command.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "scenarios", nargs="*", choices=[*SCENARIOS, []], help="all if none is named"
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--peers", help="names, with commas between them; all if not given")
    parser.add_argument("--json", type=Path, help="write the samples to this file")
    parser.add_argument("--svg", type=Path, help="draw a chart into this file")
    given = parser.parse_args()
    wanted = given.peers.split(",") if given.peers else [peer.name for peer in PEERS]
    peers = [peer for peer in PEERS if peer.name in wanted]
    directory = Path(tempfile.mkdtemp(prefix="txinetd-bench-"))
    directory.chmod(0o755)
    try:
        compile_(directory)
        (directory / "shell").write_text("echo ok\n")
        (directory / "python").write_text("print('ok')\n")
        results = {}
        for name in given.scenarios or SCENARIOS:
            scenario = SCENARIOS[name]
            if scenario.switched and os.geteuid() != 0:
                print(f"{scenario.title}: needs root")
                continue
            samples = run(scenario, peers, given.rounds, given.seconds, directory)
            results[name] = {peer: list(map(attrs.asdict, each)) for peer, each in samples.items()}
            print("\n".join(table(scenario, samples)), flush=True)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n")
    if given.svg:
        titles = {name: scenario.title for name, scenario in SCENARIOS.items()}
        given.svg.write_text(chart(results, titles))


if __name__ == "__main__":
    main()
