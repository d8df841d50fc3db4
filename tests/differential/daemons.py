"""
Xinetd and this project's daemon, to be started on one file.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.differential.rewriting import Sandbox
from tests.integration.support import PATIENCE, childrenOf, needCommand, waitFor

__all__ = ["Running", "running"]

#: What both are started with.
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "MARK": "kept",
}


class Running:
    """
    A daemon that serves.
    """

    def __init__(self, process: subprocess.Popen[bytes], ours: bool, log: Path) -> None:
        self._process = process
        self._ours = ours
        self._log = log

    def log(self) -> str:
        """
        What it says of itself.
        """
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    def wait(self, pattern: str, count: int = 1) -> None:
        """
        Wait until it has said something so many times.
        """

        def said() -> bool:
            if self._process.poll() is not None:
                raise AssertionError(f"the daemon has ended:\n{self.log()}")
            return len(re.findall(pattern, self.log(), re.MULTILINE)) >= count

        waitFor(said, f"{pattern!r} in {self._log}")

    def settle(self) -> None:
        """
        Wait until it has noticed that all of its servers have ended.
        """
        if not self._ours:
            waitFor(lambda: not childrenOf(self._process.pid), "the servers to end")
            return

        def idle() -> bool:
            count = self.log().count("STATE DUMP")
            self._process.send_signal(signal.SIGUSR1)
            self.wait("STATE DUMP", count + 1)
            state = self.log().rpartition("STATE DUMP")[2]
            return not re.search(r"running servers = [1-9]", state)

        waitFor(idle, "the daemon to be idle")

    def stop(self) -> None:
        """
        End it, and what it has started.
        """
        children = childrenOf(self._process.pid)
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


@contextlib.contextmanager
def running(ours: bool, configuration: Path, sandbox: Sandbox) -> Iterator[Running]:
    """
    Serve a file for a while.

    @param ours: whether by this project, or by xinetd.
    """
    log = sandbox.directory / ("txinetd.log" if ours else "xinetd.log")
    words: Sequence[str]
    if ours:
        words = (
            *(sys.executable, "-c", "from twisted.scripts.twistd import run; run()"),
            *("--nodaemon", "--pidfile=", "inetd", "-f", f"xinetd:{configuration}"),
        )
    else:
        words = (
            *(needCommand("xinetd"), "-dontfork", "-f", str(configuration)),
            *("-filelog", str(log), "-pidfile", str(sandbox.directory / "xinetd.pid")),
        )
    with (log if ours else Path(os.devnull)).open("wb") as out:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=ENVIRONMENT,
            cwd=Path(__file__).parents[2],
        )
    daemon = Running(process, ours, log)
    try:
        daemon.wait(r"serving \d+ services" if ours else r"Started working|no services. Exiting")
        yield daemon
    finally:
        daemon.stop()
