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
import errno
import marshal
import mmap
import os
import resource
import signal
import socket
import struct
import sys
from array import array
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
from twisted.internet import error as twistedError
from twisted.internet.interfaces import (
    IDelayedCall,
    IProcessProtocol,
    IReactorProcess,
    IReadDescriptor,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txinetd.errors import SpawnError
from txinetd.process.child import Child
from txinetd.process.launch.launcher import BEGUN
from txinetd.process.launch.vfork import Vfork
from txinetd.process.limits import DescriptorLimit
from txinetd.process.reaper import Reaper

__all__ = ["LaunchedChild", "LauncherPool", "LauncherRoad"]

_LONGEST = 1 << 18
_NUMBER = struct.Struct("=Q")
_ONE_DESCRIPTOR = socket.CMSG_SPACE(4)

#: What a launcher runs.  Isolated from the environment and from site packages: it
#: is to be small, and nobody's to change.
_COMMAND = (
    "import sys; sys.path.insert(0, {directory!r}); import launch.launcher; "
    "del sys.path[0]; launch.launcher.main()"
)


class LaunchedChild(Child):
    """
    A server that a launcher has started.
    """

    def __init__(self, protocol: IProcessProtocol) -> None:
        super().__init__(0, protocol)
        #: Where it is known; C{None} when this process looks after it itself.
        self.launcher: _Launcher | None = None

    def signalProcess(self, signalID: str | int) -> None:
        """
        Have its launcher send it a signal, which knows whether the process id is
        still its own.
        """
        if self.launcher is None:
            super().signalProcess(signalID)
            return
        if not self.pid:
            raise twistedError.ProcessExitedAlready()
        number = signal.Signals[f"SIG{signalID}"] if isinstance(signalID, str) else signalID
        self.launcher.signal(self.pid, int(number))


@attrs.define(eq=False)
class _Job:
    """
    One server to be started.

    @ivar child: its transport to be.
    @ivar descriptor: a duplicate of what becomes 0, 1 and 2; kept until the
        launcher has answered.
    @ivar start: what the launcher is told, but for the number.
    """

    child: LaunchedChild
    descriptor: int
    start: tuple[Any, ...]

    def close(self) -> None:
        """
        Give the descriptor back.
        """
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def handedOver(self) -> None:
        """
        The launcher has it, and nobody else will.
        """
        self.close()
        tell = getattr(self.child.protocol, "handedOver", None)
        if tell is not None:
            tell()

    def handedBack(self, descriptor: int) -> None:
        """
        The launcher could not start its server.

        @param descriptor: what was to be the server's; from now on somebody's here.
        """
        take = getattr(self.child.protocol, "handedBack", None)
        if take is None:
            os.close(descriptor)
        else:
            take(descriptor)

    def failed(self, step: str, number: int) -> None:
        """
        It could not be started.
        """
        self.close()
        self.child.failed(Failure(SpawnError(step, number)))


@implementer(IReadDescriptor)
class _Launcher:
    """
    This process's end of one launcher.
    """

    log = Logger()

    #: Requests in one message.
    batch = 32

    #: Seconds without an answer after which it is taken for stuck.
    patience = 5.0

    #: So many times longer may it take to begin.
    slow = 10

    def __init__(self, pool: LauncherPool, plan: dict[str, Any]) -> None:
        """
        @param pool: whose it is.
        @param plan: what it is to become.
        @raise SpawnError: if it cannot be started.
        """
        self._pool = pool
        self._waiting: deque[_Job] = deque()
        self._begun: dict[int, _Job] = {}
        self.children: dict[int, LaunchedChild] = {}
        self._number = 0
        self._flushing: IDelayedCall | None = None
        self._watching: IDelayedCall | None = None
        self._watched = -1
        self._slow = 0
        self.ready = False
        self.gone = False
        try:
            self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            memory = os.memfd_create("txinetd launcher")
        except OSError as error:
            raise SpawnError("launcher", error.errno or 0) from error
        try:
            os.ftruncate(memory, mmap.PAGESIZE)
            self._page = mmap.mmap(memory, mmap.PAGESIZE)
            self._channel.setblocking(False)
            self.pid = pool.start(theirs.fileno())
            self._channel.sendmsg(
                [marshal.dumps(("plan", plan))],
                [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [memory]))],
            )
        except BaseException:
            self._channel.close()
            raise
        finally:
            os.close(memory)
            theirs.close()
        pool.reactor.addReader(self)
        pool.reaper.watch(self.pid, self._ended)

    # What the pool asks.

    def __len__(self) -> int:
        """
        How many requests it has not answered.
        """
        return len(self._waiting) + len(self._begun)

    @property
    def isIdle(self) -> bool:
        """
        Whether nothing depends on it.
        """
        return not self._waiting and not self._begun and not self.children

    def take(self, job: _Job) -> None:
        """
        Start a server: at once if there is nothing else to do; else those that come
        in the same turn of the reactor go into one message.
        """
        self._waiting.append(job)
        if not self._begun or len(self._waiting) >= self.batch:
            self._flush()
        elif self._flushing is None:
            self._flushing = self._pool.reactor.callLater(0, self._flushNow)

    def signal(self, pid: int, number: int) -> None:
        """
        Send one of its servers a signal.
        """
        self._send(("signal", pid, number), [])

    def end(self) -> None:
        """
        Let it end: it does when its channel does.
        """
        self._lost(resend=False)

    # Sending.

    def _flushNow(self) -> None:
        """
        The turn is over.
        """
        self._flushing = None
        self._flush()

    def _flush(self) -> None:
        """
        Send what waits.
        """
        while self._waiting and not self.gone:
            jobs = [self._waiting[n] for n in range(min(self.batch, len(self._waiting)))]
            starts = [(self._number + n, *job.start) for n, job in enumerate(jobs, 1)]
            if not self._send(("start", starts), [job.descriptor for job in jobs]):
                if not self.gone and self._flushing is None:
                    # No room: it is slow, or there are many.
                    self._flushing = self._pool.reactor.callLater(0.002, self._flushNow)
                return
            for job in jobs:
                self._number += 1
                self._begun[self._number] = job
                self._waiting.popleft()
            if self._watching is None:
                self._watch()

    def _send(self, message: Any, descriptors: list[int]) -> bool:
        """
        Send one message.

        @return: whether it has gone.
        """
        ancillary = []
        if descriptors:
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", descriptors))]
        try:
            self._channel.sendmsg([marshal.dumps(message)], ancillary)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno != errno.ETOOMANYREFS:
                # It has gone; first what it has still said.
                self.doRead()
                self._lost(resend=True)
            return False
        return True

    # Receiving.

    def fileno(self) -> int:
        """
        The channel.
        """
        return self._channel.fileno()

    def logPrefix(self) -> str:
        """
        For the reactor's log.
        """
        return "txinetd launcher"

    def doRead(self) -> None:
        """
        It has something to say, or has gone.
        """
        while not self.gone:
            try:
                data, ancillary, _, _ = self._channel.recvmsg(
                    _LONGEST, _ONE_DESCRIPTOR, socket.MSG_CMSG_CLOEXEC
                )
            except BlockingIOError:
                return
            except ConnectionResetError:
                # It has ended without reading everything, which the kernel tells
                # once, before what it has still said.
                continue
            except OSError:
                data = b""
            if not data:
                self._lost(resend=True)
                return
            if data[:1] == BEGUN:
                job = self._begun.get(_NUMBER.unpack_from(data, 1)[0])
                if job is not None:
                    job.handedOver()
                continue
            message = marshal.loads(data)
            if isinstance(message, list):
                for report in message:
                    self._reported(report, ancillary)
            elif message[0] == "ready":
                self.ready = True
            else:
                self._unable(message[1], message[2])

    def connectionLost(self, reason: Failure) -> None:
        """
        The reactor tells in this way that the channel has ended, or that it is
        itself about to.
        """
        if not self.gone:
            self._lost(resend=True)

    def _reported(self, report: tuple[Any, ...], ancillary: list[Any]) -> None:
        """
        Take one report.

        @param ancillary: what came with it: of one that failed, its descriptor.
        """
        if report[0] == "started":
            job = self._begun.pop(report[1])
            child = job.child
            child.pid, child.launcher = report[2], self
            self.children[report[2]] = child
            job.close()
            child.protocol.makeConnection(child)
        elif report[0] == "failed":
            job = self._begun.pop(report[1])
            for _, _, passed in ancillary:
                job.handedBack(array("i", passed)[0])
            job.failed(report[2], report[3])
        else:
            child = self.children.pop(report[1])
            child.launcher = None
            if not self.children:
                self._pool.idle()
            child.ended(report[2], resource.struct_rusage(report[3]))

    def _unable(self, step: str, number: int) -> None:
        """
        It could not become what it should: its servers cannot be started.
        """
        jobs = [*self._begun.values(), *self._waiting]
        self._begun.clear()
        self._waiting.clear()
        self._lost(resend=False)
        for job in jobs:
            job.failed(step, number)

    # The end.

    def _watch(self) -> None:
        """
        See from time to time that it answers.
        """
        oldest = next(iter(self._begun), -1)
        if not self.ready:
            self._slow += 1
        if oldest != -1 and oldest == self._watched and (self.ready or self._slow > self.slow):
            self._watching = None
            self.log.error("launcher {pid} does not answer; ending it", pid=self.pid)
            # What it has begun is known for certain only when it has ended, which
            # the end of its channel tells.
            self._kill()
            return
        self._watched = oldest
        self._watching = (
            None if oldest == -1 else self._pool.reactor.callLater(self.patience, self._watch)
        )

    def _kill(self) -> None:
        """
        End its process whatever state that is in.
        """
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def _ended(self, status: int | None, usage: resource.struct_rusage | None) -> None:
        """
        Its process has ended.
        """
        self.pid = 0
        if not self.gone:
            # First what it has still said.
            self.doRead()

    def _lost(self, resend: bool) -> None:
        """
        It is of no more use.

        @param resend: whether it went by itself; then what depends on it is looked
            after.
        """
        if self.gone:
            return
        self.gone = True
        reactor = self._pool.reactor
        reactor.removeReader(self)
        self._channel.close()
        for call in (self._flushing, self._watching):
            if call is not None and call.active():
                call.cancel()
        if resend:
            self._kill()
        begun = _NUMBER.unpack_from(self._page, 0)[0]
        self._page.close()
        jobs, self._begun = self._begun, {}
        again = [job for number, job in jobs.items() if number > begun]
        lost = [job for number, job in jobs.items() if number <= begun]
        again.extend(self._waiting)
        self._waiting.clear()
        children, self.children = self.children, {}
        self._pool.lost(self, again)
        for job in lost:
            job.failed("launcher-lost", 0)
        for pid, child in children.items():
            child.launcher = None
            self._pool.reaper.watch(pid, child.ended)


class LauncherPool:
    """
    The launchers of one identity and one box.
    """

    log = Logger()

    #: Requests that one launcher may have before another is started.
    crowd = 8

    #: Requests unanswered in all, at most; more are to wait where they are.
    most = 256

    #: Seconds that a launcher without anything to do is kept.
    rest = 300.0

    #: Launchers that may die in a row, without having answered anything.
    tries = 3

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
        self._launchers: list[_Launcher] = []
        self._vfork = Vfork()
        self._resting: IDelayedCall | None = None

    @property
    def pids(self) -> frozenset[int]:
        """
        The servers that run.
        """
        return frozenset(pid for launcher in self._launchers for pid in launcher.children)

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

    def spawn(self, job: _Job) -> None:
        """
        Have a server started.

        @raise SpawnError: C{channel} where there are too many already, else if no
            launcher can be started.
        """
        if sum(map(len, self._launchers)) >= self.most:
            raise SpawnError("channel", 0)
        self._choose().take(job)

    def _choose(self) -> _Launcher:
        """
        The launcher with the least to do; one more if that is much.
        """
        best = min(self._launchers, key=len, default=None)
        if best is None or (len(best) >= self.crowd and len(self._launchers) < self._many):
            try:
                best = _Launcher(self, self._plan())
            except SpawnError:
                if best is None:
                    raise
            else:
                self._launchers.append(best)
        return best

    def lost(self, launcher: _Launcher, jobs: list[_Job]) -> None:
        """
        A launcher has gone.

        @param jobs: what it had not begun: it is given to others.
        """
        if launcher in self._launchers:
            self._launchers.remove(launcher)
        if jobs:
            self.log.warn("a launcher has ended; {count} requests are made again", count=len(jobs))
        for job in jobs:
            if not launcher.ready:
                # It has not come as far as to serve anybody: another would not.
                job.failed("launcher-lost", 0)
                continue
            try:
                self._choose().take(job)
            except SpawnError as error:
                job.failed(error.step, error.errno)

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
        Let all go; servers that run go on.
        """
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        for launcher in tuple(self._launchers):
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
        child = LaunchedChild(processProtocol)
        start = (executable, tuple(args), list(env), path or self._directory, self._umask)
        try:
            descriptor = os.dup(childFDs[0])
        except OSError as error:
            raise SpawnError("pipe", error.errno or 0) from error
        job = _Job(child, descriptor, start)
        try:
            self.pool.spawn(job)
        except SpawnError:
            job.close()
            raise
        return child
