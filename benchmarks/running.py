"""
A super-server that runs, and what it serves.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import attrs

from benchmarks.programs import INTERNAL

__all__ = ["HOST", "CannotServe", "Entry", "Peer", "Running", "Service", "freePorts"]

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"

_TICK = 1 / os.sysconf("SC_CLK_TCK")


class CannotServe(Exception):
    """
    A super-server is not there, cannot do what is asked, or has not done it; the text
    says which.
    """


@attrs.frozen
class Entry:
    """
    One service as a configuration has it.

    @ivar port: on loopback.
    @ivar program: the file to run, or C{internal}.
    @ivar arguments: its argv; for an internal service its name.
    """

    port: int
    program: str
    arguments: tuple[str, ...]


@attrs.frozen
class Service:
    """
    What is to be served.

    @ivar measured: the service that is measured.
    @ivar user: as whom; the starting user if C{None}.
    @ivar uid: the number of that user.
    @ivar mode: what a conversation is, as for the client.
    @ivar request: what a client sends.
    @ivar others: the ports of services that are configured besides.
    @ivar limited: limits that it is to have: C{source} or C{all}, or none.
    @ivar changed: whether the last of those gives the answer of the one that is
        measured; none of them answers otherwise.
    """

    measured: Entry
    user: str | None = None
    uid: int = 0
    mode: str = "end"
    request: str = ""
    others: tuple[int, ...] = ()
    limited: str = ""
    changed: bool = False

    @property
    def who(self) -> str:
        """
        The user's name.
        """
        return self.user or "root"

    @property
    def internal(self) -> bool:
        """
        Whether no program is started.
        """
        return self.measured.program == INTERNAL

    @property
    def datagrams(self) -> bool:
        """
        Whether it is not connections that are served.
        """
        return self.mode == "udp"

    def besides(self) -> list[Entry]:
        """
        The entries of the other services.
        """
        entries = [Entry(port, "/bin/true", ("true",)) for port in self.others]
        if self.changed:
            entries[-1] = attrs.evolve(self.measured, port=entries[-1].port)
        return entries

    def ask(self, patience: float = 10.0, port: int | None = None) -> bytes:
        """
        Be a client once.

        @param patience: how long to wait, in seconds.
        @param port: of another service than the one that is measured.
        @return: the first bytes of the answer; none, if the connection is closed
            without.
        @raise OSError: if nobody listens, or no answer comes.
        """
        kind = socket.SOCK_DGRAM if self.datagrams else socket.SOCK_STREAM
        with socket.socket(socket.AF_INET, kind) as sock:
            sock.settimeout(patience)
            sock.connect((HOST, self.measured.port if port is None else port))
            if self.request:
                sock.send(self.request.encode())
                if not self.datagrams:
                    sock.shutdown(socket.SHUT_WR)
            return sock.recv(4096)


@attrs.define
class Running:
    """
    A super-server that runs.

    @ivar service: what it serves, and where.
    """

    process: subprocess.Popen[bytes]
    service: Service

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

    def own(self) -> list[int]:
        """
        It and its children without the servers.
        """
        found = []
        for pid in self.pids():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if os.readlink(f"/proc/{pid}/exe") != self.service.measured.program:
                    found.append(pid)
        return found

    def _processor(self) -> float:
        """
        The processor time that it has used, in seconds.
        """
        used = 0.0
        for pid in self.pids():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                used += (int(fields[11]) + int(fields[12])) * _TICK
        return used

    def settle(self, patience: float = 20.0) -> None:
        """
        Wait until it has nothing more to do.
        """
        deadline = time.monotonic() + patience
        before = -1.0
        while before != (now := self._processor()) and time.monotonic() < deadline:
            before = now
            time.sleep(0.2)

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


def _asIs(service: Service) -> Service:
    """
    Most serve where they are told to.
    """
    return service


@attrs.frozen
class Peer:
    """
    One super-server.

    @ivar name: as it is printed.
    @ivar command: writes its configuration and makes the words of its command line;
        raises L{CannotServe}.
    @ivar place: moves the service to where it can be served.
    @ivar reloads: whether it reads its configuration again on SIGHUP.
    @ivar limits: the limits that it can have, as in L{Service.limited}.
    """

    name: str
    command: Callable[[Service, Path], list[str]]
    place: Callable[[Service], Service] = _asIs
    reloads: bool = False
    limits: tuple[str, ...] = ()

    def launch(self, service: Service, directory: Path) -> Running:
        """
        Start it, and do not wait for anything.
        """
        if service.limited and service.limited not in self.limits:
            raise CannotServe("has no such limits")
        service = self.place(service)
        words = self.command(service, directory)
        with self._log(directory).open("wb") as log:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT
            )
        return Running(process, service)

    def start(self, service: Service, directory: Path) -> Running:
        """
        Start it, and wait until it serves everything and is idle.
        """
        running = self.launch(service, directory)
        try:
            self.awaitAnswer(running, directory)
            running.settle()
        except BaseException:
            running.stop()
            raise
        return running

    def awaitAnswer(
        self, running: Running, directory: Path, interval: float = 0.02, others: bool = True
    ) -> None:
        """
        Wait until it answers.

        @param interval: seconds between two attempts.
        @param others: whether to wait for the other services as well.
        """
        ports = running.service.others
        deadline = time.monotonic() + 5 + len(ports) / 50
        problem: object = "no answer"
        while time.monotonic() < deadline:
            try:
                if running.service.ask(1.0):
                    # All are there when these are: they are bound in order.
                    for port in {*ports[:1], *ports[-1:]} if others else ():
                        socket.create_connection((HOST, port), 1.0).close()
                    return
                problem = "a half-closed connection is closed without an answer"
                if not running.service.request:
                    problem = "a connection is closed without an answer"
            except OSError as error:
                problem = error
            if running.process.poll() is not None:
                problem = f"it ended with {running.process.returncode}"
                break
            time.sleep(interval)
        raise CannotServe(f"does not serve: {problem}; {self._lastWords(directory)}")

    def _log(self, directory: Path) -> Path:
        """
        Where its output goes.
        """
        return directory / f"{self.name}.log"

    def _lastWords(self, directory: Path) -> str:
        """
        The end of its output.
        """
        lines = self._log(directory).read_text("utf-8", "replace").strip().splitlines()
        return lines[-1][:100] if lines else "it says nothing"


def freePorts(count: int) -> list[int]:
    """
    Ports on loopback that are free, below those that the kernel gives to clients.
    """
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    found: list[int] = []
    # Not where the last one was: its connections linger, and others may measure, too.
    begin = random.randrange(10000, lowest)
    for port in [*range(begin, lowest), *range(10000, begin)]:
        if len(found) == count:
            return found
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            try:
                for sock in (stream, datagram):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    sock.bind((HOST, port))
            except OSError:
                continue
        found.append(port)
    raise CannotServe(f"only {len(found)} of {count} ports are free")
