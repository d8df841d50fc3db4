"""
A real daemon for the tests of this package, and what they ask of the system.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from txinetd.process.clone import isSupported

__all__ = [
    "PATIENCE",
    "Daemon",
    "DaemonTestCase",
    "needClone",
    "needCommand",
    "needOrdinaryUser",
    "needRoot",
    "readAll",
    "sayNoMore",
    "waitFor",
]

T = TypeVar("T")

#: Seconds that anything may take before a test gives up; no test waits so long
#: unless it is going to fail.
PATIENCE = 30.0


def waitFor(condition: Callable[[], T], what: str, patience: float = PATIENCE) -> T:
    """
    Wait until something is true.

    @return: what C{condition} returned.
    """
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.01)


def needClone() -> None:
    """
    Skip where servers cannot be started by the clone road.
    """
    if not isSupported():
        raise SkipTest("the part in C is not there, or not for this system")


def needRoot() -> None:
    """
    Skip the test where there is no root.
    """
    if os.geteuid() != 0:
        raise SkipTest("only root can become another user")


def needOrdinaryUser() -> None:
    """
    Skip the test where it is run by root.
    """
    if os.geteuid() == 0:
        raise SkipTest("root may do what is to fail here")


def needCommand(*names: str) -> str:
    """
    Skip the test where a program is not installed.

    @param names: programs any of which will do, as names or paths.
    @return: the path of the first that is there.
    """
    for name in names:
        found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if found is not None:
            return found
    raise SkipTest(f"{' or '.join(names)} is not installed")


def childrenOf(pid: int) -> list[int]:
    """
    The process ids of a process's children.
    """
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError):
            found.extend(map(int, path.read_text().split()))
    return found


def isLauncher(pid: int) -> bool:
    """
    Whether a process is a launcher.
    """
    try:
        return b"launch.launcher" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


class Daemon:
    """
    One C{twistd inetd}.

    @ivar process: its process.
    """

    def __init__(self, process: subprocess.Popen[bytes], logFile: Path) -> None:
        self.process = process
        self._logFile = logFile

    @property
    def pid(self) -> int:
        """
        Its process id.
        """
        return self.process.pid

    def log(self) -> str:
        """
        What it has logged so far.
        """
        return self._logFile.read_text("utf-8", "replace")

    def waitForLog(self, pattern: str, count: int = 1) -> list[re.Match[str]]:
        """
        Wait until a pattern has been logged so many times.
        """

        def enough() -> list[re.Match[str]]:
            if self.process.poll() is not None:
                raise AssertionError(f"the daemon has ended:\n{self.log()}")
            found = list(re.finditer(pattern, self.log()))
            return found if len(found) >= count else []

        try:
            return waitFor(enough, f"{pattern!r} in the log")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}") from error

    def records(self, count: int, **fields: str) -> list[dict[str, str]]:
        """
        Wait for so many records that have certain fields.
        """

        def found() -> list[dict[str, str]]:
            all_ = [
                dict(re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)', line))
                for line in self.log().splitlines()
                if " service=" in line and " verdict=" in line
            ]
            matching = [
                record
                for record in all_
                if all(record.get(name) == value for name, value in fields.items())
            ]
            return matching if len(matching) >= count else []

        try:
            return waitFor(found, f"{count} records with {fields}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()[-5000:]}") from error

    def send(self, number: signal.Signals) -> None:
        """
        Send it a signal.
        """
        self.process.send_signal(number)

    def children(self) -> list[int]:
        """
        The process ids of its servers, dead ones too.
        """
        found: list[int] = []
        for child in childrenOf(self.pid):
            found.extend(childrenOf(child) if isLauncher(child) else [child])
        return found

    def launchers(self) -> list[int]:
        """
        The process ids of its launchers.
        """
        return [child for child in childrenOf(self.pid) if isLauncher(child)]

    def descriptors(self) -> int:
        """
        How many descriptors it has open.
        """
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """
        End it.

        @return: its exit status.
        """
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


class DaemonTestCase(SynchronousTestCase):
    """
    Runs daemons and stops them again.
    """

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="txinetd-test-"))
        # Servers that run as others may have to look into it.
        self.directory.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self._count = 0

    #: Where IPv6 may have it.
    _IPV6 = ("::1", "::") if socket.has_ipv6 else ()

    def _isFree(self, host: str, port: int, kind: socket.SocketKind) -> bool:
        """
        Whether a port can be had.  Also a connection from any other address of this
        machine may have it, and would keep whoever wants all addresses from it.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, kind) as other:
            if kind == socket.SOCK_STREAM:
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                other.bind((host, port))
            except OSError:
                return False
        return True

    def freePort(self, kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
        """
        A port of the kernel's choice that is free, also for TCP where the kind is
        datagrams, on all addresses.  For TCP it stays reserved until the test ends.
        """
        while True:
            port = self.reserve(0)
            hosts = ("0.0.0.0", *self._IPV6) if kind == socket.SOCK_DGRAM else ()
            if port and all(self._isFree(host, port, kind) for host in hosts):
                return port

    def reserve(self, port: int) -> int:
        """
        Reserve a TCP port until the test ends: a socket that is bound and does not
        listen keeps it from everybody but the daemon.

        @param port: the port, or 0 for one of the kernel's choice.
        @return: the port, or 0 where it cannot be had.
        """
        holder = socket.socket()
        self.addCleanup(holder.close)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind(("127.0.0.1", port))
        except OSError:
            return 0
        reserved: int = holder.getsockname()[1]
        hosts = ("0.0.0.0", *self._IPV6)
        free = all(self._isFree(host, reserved, socket.SOCK_STREAM) for host in hosts)
        return reserved if free else 0

    def write(self, text: str, name: str = "inetd.conf") -> Path:
        """
        Write a file into the test's directory, at once as far as a reader sees.
        """
        path = self.directory / name
        fresh = path.with_name(path.name + ".new")
        fresh.write_text(text)
        fresh.replace(path)
        return path

    def script(self, name: str, text: str) -> Path:
        """
        Write an executable file into the test's directory.
        """
        path = self.write(text, name)
        path.chmod(0o755)
        return path

    def start(
        self,
        configuration: str,
        *options: str,
        ready: str = r"serving \d+ services",
        command: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        twistd: Sequence[str] = (),
        **popen: Any,
    ) -> Daemon:
        """
        Start a daemon and wait until it serves.

        @param configuration: the text of its inetd.conf.
        @param options: for C{twistd inetd}.
        @param ready: the pattern in the log to wait for.
        @param command: what to put before twistd's own words.
        @param environment: set besides what this process has.
        @param twistd: twistd's own options.
        @param popen: for L{subprocess.Popen}.
        """
        self._count += 1
        path = self.write(configuration)
        log = self.directory / f"log.{self._count}"
        words = [
            *command,
            sys.executable,
            "-c",
            "from twisted.scripts.twistd import run; run()",
            "--nodaemon",
            "--pidfile=",
            *twistd,
            "inetd",
            "-f",
            str(path),
            *options,
        ]
        with log.open("wb") as out:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=Path(__file__).parents[2],
                **popen,
            )
        daemon = Daemon(process, log)
        self.addCleanup(self._finish, daemon)
        daemon.waitForLog(ready)
        return daemon

    def _finish(self, daemon: Daemon) -> None:
        """
        End a daemon and whatever servers it has left.
        """
        if daemon.process.poll() is None:
            children = daemon.children()
            daemon.stop()
            for child in children:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(child, signal.SIGKILL)

    def connect(self, port: int, host: str = "127.0.0.1") -> socket.socket:
        """
        Connect to a port; every operation is to take no longer than it may.
        """
        connection = socket.create_connection((host, port), PATIENCE)
        self.addCleanup(connection.close)
        return connection

    def ask(self, port: int, request: bytes = b"", host: str = "127.0.0.1") -> bytes:
        """
        Send a request, half-close, and read everything.
        """
        with self.connect(port, host) as connection:
            if request:
                connection.sendall(request)
            sayNoMore(connection)
            return readAll(connection)

    def askDatagram(self, port: int, request: bytes, host: str = "127.0.0.1") -> bytes:
        """
        Send a datagram and read the answer to it.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.settimeout(PATIENCE)
            sock.connect((host, port))
            sock.send(request)
            return sock.recv(65535)


def sayNoMore(connection: socket.socket) -> None:
    """
    Half-close a connection, unless its other end has reset it meanwhile: then Linux has
    nothing left to close, and reading tells the rest.
    """
    try:
        connection.shutdown(socket.SHUT_WR)
    except OSError as error:
        if error.errno != errno.ENOTCONN:
            raise


def readAll(connection: socket.socket) -> bytes:
    """
    Read until the end of file.
    """
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def haveIPv6() -> bool:
    """
    Whether this machine has IPv6's loopback.
    """
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def userEntry(name: str) -> pwd.struct_passwd:
    """
    An entry of the user database; skips where it is missing.
    """
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise SkipTest(f"there is no user {name} here") from None
