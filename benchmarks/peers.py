"""
The super-servers that are compared, and how each is started with one service.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import attrs

__all__ = ["PEERS", "Peer", "Running", "Service"]

ROOT = Path(__file__).parents[1]


@attrs.frozen
class Service:
    """
    What is to be served.

    @ivar port: on loopback.
    @ivar program: the file to run, or C{internal NAME}.
    @ivar arguments: its argv.
    @ivar user: as whom; the starting user if C{None}.
    @ivar uid: the number of that user.
    @ivar others: how many services are configured besides.
    """

    port: int
    program: str
    arguments: tuple[str, ...]
    user: str | None = None
    uid: int = 0
    others: int = 0

    @property
    def who(self) -> str:
        """
        The user's name.
        """
        return self.user or "root"


@attrs.define
class Running:
    """
    A super-server that runs.
    """

    process: subprocess.Popen[bytes]

    def pids(self) -> list[int]:
        """
        It and its children.
        """
        found = [self.process.pid]
        for pid in found:
            # Servers come and go meanwhile.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                for task in os.listdir(f"/proc/{pid}/task"):
                    children = Path(f"/proc/{pid}/task/{task}/children").read_text()
                    found.extend(map(int, children.split()))
        return found

    def stop(self) -> None:
        """
        End it and whatever it has left.
        """
        pids = self.pids()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in pids[1:]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@attrs.frozen
class Peer:
    """
    One super-server.

    @ivar name: as it is printed.
    @ivar command: makes the words of its command line, or C{None} where it is not
        installed or cannot do what is asked.
    """

    name: str
    command: Callable[[Service, Path], list[str] | None]

    def start(self, service: Service, directory: Path) -> Running | None:
        """
        Start it and wait until it listens.
        """
        words = self.command(service, directory)
        if words is None:
            return None
        with (directory / f"{self.name}.log").open("wb") as log:
            running = Running(
                subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT)
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", service.port), 10).close()
            except OSError:
                if running.process.poll() is not None:
                    break
                time.sleep(0.02)
                continue
            # It has served that one, too.
            time.sleep(0.3)
            return running
        running.stop()
        raise RuntimeError(f"{self.name} does not listen: see {directory}/{self.name}.log")


def installed(*names: str) -> str | None:
    """
    The path of a program: from the variable named after it, or from where programs
    are.
    """
    for name in names:
        given = os.environ.get(f"BENCH_{name.upper().replace('-', '_')}")
        found = given or shutil.which(
            name, path=os.environ["PATH"] + ":/usr/sbin:/sbin:/usr/lib/systemd"
        )
        if found:
            return found
    return None


def _lines(service: Service, separator: str, who: str) -> str:
    """
    The lines of an inetd.conf.
    """
    arguments = " ".join(service.arguments)
    lines = [
        f"127.0.0.1:{service.port} stream tcp nowait{separator} {who} {service.program} {arguments}"
    ]
    lines += [
        f"127.0.0.1:{20000 + number} stream tcp nowait{separator} {who} /bin/true true"
        for number in range(service.others)
    ]
    return "\n".join(lines) + "\n"


#: What twistd's script does.
_RUN = "from twisted.scripts.twistd import run; run()"

#: The same without records, to know what they cost.
_UNRECORDED = (
    "from txinetd.record import RecordLog; RecordLog.record = lambda self, record: None; " + _RUN
)


def _ours(code: str, *options: str) -> Callable[[Service, Path], list[str] | None]:
    """
    This project, as it comes or changed.
    """

    def command(service: Service, directory: Path) -> list[str] | None:
        path = directory / "txinetd.conf"
        path.write_text(_lines(service, ".0", service.user or "-").replace("tcp ", "tcp4 "))
        return [
            sys.executable, "-c", code,
            "--nodaemon", "--pidfile=", f"--logfile={directory}/twistd.log",
            "inetd", "-f", str(path), "--backlog", "1024", *options,
        ]  # fmt: skip

    return command


def _xinetd(service: Service, directory: Path) -> list[str] | None:
    """
    xinetd, with its limits lifted.
    """
    program = installed("xinetd")
    if program is None:
        return None
    path = directory / "xinetd.conf"
    internal = service.program == "internal"
    server = (
        "type = INTERNAL UNLISTED"
        if internal
        else f"type = UNLISTED\n server = {service.program}\n"
        + (f" server_args = {' '.join(service.arguments[1:])}\n" if service.arguments[1:] else "")
    )
    name = service.arguments[0] if internal else "bench"
    entries = [
        f"service {name}\n{{\n id = bench\n {server}\n socket_type = stream\n"
        f" protocol = tcp\n port = {service.port}\n bind = 127.0.0.1\n wait = no\n"
        f" user = {service.who}\n}}\n"
    ]
    entries += [
        f"service s{number}\n{{\n type = UNLISTED\n server = /bin/true\n socket_type = stream\n"
        f" protocol = tcp\n port = {20000 + number}\n bind = 127.0.0.1\n wait = no\n"
        f" user = {service.who}\n}}\n"
        for number in range(service.others)
    ]
    path.write_text(
        "defaults\n{\n instances = UNLIMITED\n cps = 1000000 1\n per_source = UNLIMITED\n"
        " log_type = FILE /dev/null\n}\n" + "".join(entries)
    )
    return [program, "-dontfork", "-f", str(path), "-pidfile", str(directory / "xinetd.pid")]


def _tcpserver(service: Service, directory: Path) -> list[str] | None:
    """
    tcpserver, without look-ups.
    """
    program = installed("tcpserver")
    if program is None or service.program == "internal" or service.others:
        return None
    who = ["-u", str(service.uid), "-g", str(service.uid)] if service.user else []
    return [
        program, "-H", "-R", "-l0", "-c", "10000", "-b", "1024", *who, "127.0.0.1",
        str(service.port), service.program, *service.arguments[1:],
    ]  # fmt: skip


def _classic(
    name: str, separator: str, *options: str
) -> Callable[[Service, Path], list[str] | None]:
    """
    An inetd that reads inetd.conf.
    """

    def command(service: Service, directory: Path) -> list[str] | None:
        program = installed(name)
        if program is None or os.geteuid() != 0:
            return None
        path = directory / f"{name}.conf"
        lines = _lines(service, separator, service.who)
        if service.program == "internal":
            return None  # on standard ports only
        path.write_text(lines)
        return [program, *options, str(path)]

    return command


def _loop(service: Service, directory: Path) -> list[str] | None:
    """
    The bare loop in C.
    """
    loop = directory / "loop"
    if not loop.exists() or service.program == "internal" or service.others:
        return None
    if len(service.arguments) > 1:
        return None
    return [
        str(loop),
        str(service.port),
        service.program,
        *([str(service.uid)] if service.user else []),
    ]


def _socat(service: Service, directory: Path) -> list[str] | None:
    """
    socat.
    """
    program = installed("socat")
    if program is None or service.program == "internal" or service.others:
        return None
    who = f",su={service.user}" if service.user else ""
    return [
        program, f"TCP4-LISTEN:{service.port},bind=127.0.0.1,reuseaddr,fork,backlog=1024",
        f"EXEC:{service.program},nofork{who}",
    ]  # fmt: skip


PEERS = [
    Peer("txinetd", _ours(_RUN)),
    Peer("unrecorded", _ours(_UNRECORDED)),
    Peer("tcpserver", _tcpserver),
    Peer("xinetd", _xinetd),
    Peer("openbsd-inetd", _classic("openbsd-inetd", ".1000000", "-i", "-R", "0", "-q", "1024")),
    Peer("inetutils-inetd", _classic("inetutils-inetd", "", "-d", "-R", "1000000")),
    Peer("socat", _socat),
    Peer("C loop", _loop),
]
