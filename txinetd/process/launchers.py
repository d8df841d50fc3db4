# -*- test-case-name: tests.test_process_launcher -*-
"""
The launcher road: servers are started by small processes that already are whom
they are to be, so that a start costs one message and one vfork(2).

A launcher can be killed, stopped or starved by the very servers that it starts, as
they run as the same user.  So nothing depends on one: what it had not begun is
given to another, what it had begun and not finished is told as lost, and the
servers that it started are looked after by this process.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IProcessProtocol, IReactorProcess
from twisted.logger import Logger
from zope.interface import implementer

from txinetd.errors import SpawnError
from txinetd.interfaces import IStart
from txinetd.process.channel import Launcher
from txinetd.process.child import Child
from txinetd.process.launch.vfork import Vfork
from txinetd.process.launched import Job, LaunchedChild
from txinetd.process.limits import DescriptorLimit
from txinetd.process.orphans import isSubreaper
from txinetd.process.reaper import Reaper
from txinetd.spec import Program

__all__ = ["LauncherPool", "LauncherRoad"]

#: What a launcher runs.  Isolated from the environment and from site packages: it
#: is to be small, and nobody's to change.
_COMMAND = (
    "import sys; sys.path.insert(0, {directory!r}); import launch.launcher; "
    "del sys.path[0]; launch.launcher.main()"
)


class LauncherPool:
    """
    The launchers of one identity and one box.
    """

    log = Logger()

    #: Requests that one launcher may have before another is started.
    crowd = 8

    #: Requests unanswered in all, at most; more are to wait where they are.
    most = 256

    #: Running servers from which on a launcher is replaced where this process can
    #: adopt them: it has a descriptor for each, and every vfork(2) copies them all.
    family = 256

    #: Seconds that a launcher without anything to do is kept.
    rest = 300.0

    def __init__(
        self,
        reactor: Any,
        reaper: Reaper,
        limit: DescriptorLimit,
        plan: Callable[[], dict[str, Any]],
        many: int | None = None,
    ) -> None:
        """
        @param reactor: watches the launchers.
        @param reaper: waits for them, and for their servers when they are lost.
        @param limit: the descriptor limit that servers are to have.
        @param plan: what the launchers are to become.
        @param many: how many there may be; as many as processors if C{None}.
        """
        self.reactor = reactor
        self.reaper = reaper
        self._limit = limit
        self._plan = plan
        self._many = many or len(os.sched_getaffinity(0))
        self._launchers: list[Launcher] = []
        self._retiring: set[Launcher] = set()
        self._vfork = Vfork()
        self._closed = False
        self._resting: IDelayedCall | None = None
        #: Until when none begins only to be there: the last one has not become ready.
        self._coldUntil = 0.0

    @property
    def pids(self) -> frozenset[int]:
        """
        The servers that run.
        """
        return frozenset(
            pid for launcher in (*self._launchers, *self._retiring) for pid in launcher.children
        )

    @property
    def launcherPids(self) -> tuple[int, ...]:
        """
        The launchers.
        """
        return tuple(launcher.pid for launcher in self._launchers)

    def start(self, channel: int) -> int:
        """
        Start a launcher's process.

        @param channel: becomes its descriptor 0.
        @return: its process id.
        @raise SpawnError: if that cannot be done.
        """
        command = _COMMAND.format(directory=str(Path(__file__).parent))
        python = os.fsencode(sys.executable)
        with self._limit:
            pid, step, number = self._vfork.start(
                python,
                (python, b"-I", b"-S", b"-c", command.encode()),
                [],
                b"/",
                channel,
                0o077,
            )
        if not pid:
            raise SpawnError(f"launcher: {step}", number)
        return pid

    def gather(self, job: Job) -> None:
        """
        Have a server started, at the next L{flush}.

        @raise SpawnError: C{channel} where there are too many already, else if no
            launcher can be started.
        """
        self._choose(self.most).gather(job)

    def flush(self) -> None:
        """
        Tell each launcher in one go what it is to start.
        """
        for launcher in tuple(self._launchers):
            launcher.flush()

    def warmUp(self) -> bool:
        """
        Have a launcher begin if none is there.

        @return: whether a server could be started without waiting for that.
        """
        if not self._launchers and self.reactor.seconds() >= self._coldUntil:
            # Where none can be started, whoever has to have one is told.
            self._coldUntil = self.reactor.seconds() + self.rest
            with contextlib.suppress(SpawnError, OSError):
                self._launchers.append(Launcher(self, self._plan()))
        return any(launcher.ready for launcher in self._launchers)

    def _choose(self, most: float = math.inf) -> Launcher:
        """
        The launcher with the least to do; one more if that is much.

        @param most: how much all of them may have to do.
        @raise SpawnError: if that is more, or there is none and none can be started.
        """
        best: Launcher | None = None
        requests, fewest, ready = 0, 0, 0
        for launcher in self._launchers:
            number = len(launcher)
            requests += number
            ready += launcher.ready
            # One that begins takes as long for that as another for a hundred servers.
            if best is None or (launcher.ready, -number) > (best.ready, -fewest):
                best, fewest = launcher, number
        if requests >= most:
            raise SpawnError("channel", 0)
        if best is None:
            best = Launcher(self, self._plan())
            self._launchers.append(best)
        elif (
            fewest >= self.crowd
            and len(self._launchers) < self._many
            and ready in (0, len(self._launchers))
        ):
            # One after the other, once one is ready.
            with contextlib.suppress(SpawnError):
                self._launchers.append(Launcher(self, self._plan()))
        return best

    def lost(self, launcher: Launcher, jobs: list[Job]) -> None:
        """
        A launcher has gone.

        @param jobs: what it had not begun: it is given to others.
        """
        self._retiring.discard(launcher)
        if launcher in self._launchers:
            self._launchers.remove(launcher)
        if jobs:
            self.log.warn("a launcher has ended; {count} requests are made again", count=len(jobs))
        self._give(jobs, launcher.ready)

    def _give(self, jobs: list[Job], ready: bool = True) -> None:
        """
        Give others what one launcher was to do.

        @param ready: whether that one had become what it should.
        """
        for job in jobs:
            if self._closed or not ready:
                # There is to be no other; or it has not come as far as to serve
                # anybody, and another would not.
                job.failed("launcher-lost", 0)
                continue
            try:
                self._choose().take(job)
            except SpawnError as error:
                job.failed(error.step, error.errno)

    def grown(self, launcher: Launcher) -> None:
        """
        A launcher has one server more, and as many as it is to have.
        """
        if (
            launcher in self._launchers
            and all(len(each.children) >= self.family for each in self._launchers)
            and isSubreaper()
        ):
            # It goes on until the other one can take over.  Where none can be
            # started it stays, and the next of its servers is the next attempt.
            with contextlib.suppress(SpawnError):
                self._launchers.append(Launcher(self, self._plan()))

    def becameReady(self, launcher: Launcher) -> None:
        """
        A launcher has become what it should: those with many servers may go.
        """
        self._coldUntil = 0.0
        if launcher.isIdle:
            # Whoever it was begun for has been served by others.
            self.idle()
        if not isSubreaper():
            return
        for large in [each for each in self._launchers if len(each.children) >= self.family]:
            self._launchers.remove(large)
            self._retiring.add(large)
            self._give(large.retire())

    def idle(self) -> None:
        """
        A launcher has nothing to do any more; perhaps for long.
        """
        if self._resting is None and self._launchers:
            self._resting = self.reactor.callLater(self.rest, self._dismiss)

    def _dismiss(self) -> None:
        """
        Let those go that have nothing to do.
        """
        self._resting = None
        for launcher in tuple(self._launchers):
            if launcher.isIdle:
                launcher.end()
        if self._launchers:
            self.idle()

    def close(self) -> None:
        """
        Let all go, for good; servers that run go on.
        """
        self._closed = True
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        for launcher in (*self._launchers, *self._retiring):
            launcher.end()
        self._vfork.close()


@implementer(IReactorProcess)
class LauncherRoad:
    """
    Starts servers by way of a pool of launchers.

    @ivar pool: the launchers.
    """

    def __init__(self, pool: LauncherPool, umask: int, directory: bytes) -> None:
        """
        @param pool: the launchers.
        @param umask: the servers' file mode creation mask.
        @param directory: where they start.
        """
        self.pool = pool
        self._umask = umask
        self._directory = directory

    # Narrower than the interface in what it takes: ISpawner says how.
    def spawnProcess(  # type: ignore[override]
        self,
        processProtocol: IProcessProtocol,
        executable: bytes,
        args: Sequence[bytes] = (),
        env: Sequence[bytes] = (),
        path: bytes | None = None,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: bool = False,
        childFDs: Mapping[int, int] | None = None,
    ) -> Child:
        """
        See L{txinetd.interfaces.ISpawner.forIdentity}.

        @raise SpawnError: if it cannot even be tried.
        """
        assert childFDs is not None
        start = (executable, tuple(args), list(env), path or self._directory, self._umask)
        child = self._gather(processProtocol, childFDs[0], start)
        self.pool.flush()
        return child

    def spawnTogether(self, program: Program, starts: Iterable[IStart]) -> None:
        """
        See L{txinetd.interfaces.IRoad.spawnTogether}.

        @raise SpawnError: if one cannot even be tried.
        """
        executable, argv = program.path, tuple(program.argv)
        try:
            for each in starts:
                start = (executable, argv, each.environment, self._directory, self._umask)
                self._gather(each.protocol, each.descriptor, start)
        finally:
            self.pool.flush()

    def _gather(
        self, protocol: IProcessProtocol, descriptor: int, start: tuple[Any, ...]
    ) -> LaunchedChild:
        """
        Have one more started.
        """
        child = LaunchedChild(protocol)
        try:
            duplicate = os.dup(descriptor)
        except OSError as error:
            raise SpawnError("pipe", error.errno or 0) from error
        job = Job(child, duplicate, start)
        try:
            self.pool.gather(job)
        except SpawnError:
            job.close()
            raise
        return child
