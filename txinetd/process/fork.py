# -*- test-case-name: tests.test_process_roads -*-
"""
The portable road: fork(2) of this process, for whatever identity, on any system.

Twisted's own C{Process} would write tracebacks to descriptor 2 of the child,
which here is the network client; and it calls its hook only where it does not
use posix_spawn(3).  So the fork, too, is ours: what happens in the child is in
L{txinetd.process.inside}, and what went wrong there comes back on a pipe.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from twisted.internet.interfaces import IProcessProtocol, IReactorProcess, IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from txinetd.errors import SpawnError
from txinetd.interfaces import IStart
from txinetd.process.child import Child
from txinetd.process.inside import Start, becomeServer
from txinetd.process.reaper import Reaper
from txinetd.process.starting import oneByOne
from txinetd.spec import NO_BOX, Program

__all__ = ["ForkRoad"]


@implementer(IReactorProcess)
class ForkRoad:
    """
    Starts servers with one identity, in one box.
    """

    def __init__(
        self,
        reactor: Any,
        reaper: Reaper,
        plan: Callable[[], dict[str, Any]],
        umask: int = NO_BOX.umask,
        directory: bytes = NO_BOX.directory,
    ) -> None:
        """
        @param reactor: watches the pipes.
        @param reaper: waits for the servers.
        @param plan: whom they run as, and in what: see
            L{txinetd.process.plan.plan}.
        @param umask: their file mode creation mask.
        @param directory: where they start.
        """
        self._reactor = reactor
        self._reaper = reaper
        self._plan = plan
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

        @raise SpawnError: if there can be no new process.
        """
        assert childFDs is not None
        if childFDs[0] < 0:
            # Closed already.  Not every Python says so when it is told to copy that.
            raise SpawnError("dup2", errno.EBADF)
        start = Start(
            executable,
            tuple(args),
            tuple(env),
            path or self._directory,
            self._umask,
            childFDs[0],
            self._plan(),
        )
        try:
            read, write = os.pipe2(os.O_CLOEXEC)
        except OSError as error:
            raise SpawnError("pipe", error.errno or 0) from error
        try:
            pid = _fork(start, write)
        except OSError as error:
            os.close(read)
            raise SpawnError("fork", error.errno or 0) from error
        finally:
            os.close(write)
        os.set_blocking(read, False)
        child = Child(pid, processProtocol)
        outcome = _Outcome(self._reactor, read, child)
        self._reactor.addReader(outcome)
        self._reaper.watch(pid, outcome.reaped)
        return child

    def spawnTogether(self, program: Program, starts: Iterable[IStart]) -> None:
        """
        See L{txinetd.interfaces.IRoad.spawnTogether}.

        @raise SpawnError: if there can be no new process.
        """
        oneByOne(self, program, starts)


def _fork(start: Start, errors: int) -> int:
    """
    fork(2), and become the server in the child.

    @return: the child's process id, in the parent.
    """
    # A signal that came between fork(2) and the new dispositions would run a
    # handler of this process, which writes to a descriptor of its reactor.
    before = signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            becomeServer(start, errors)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


@implementer(IReadDescriptor)
class _Outcome:
    """
    The reading end of a child's pipe: at its end without a word when the child
    has become its program.
    """

    def __init__(self, reactor: Any, descriptor: int, child: Child) -> None:
        self._reactor = reactor
        self._descriptor = descriptor
        self._child = child
        self._error: SpawnError | None = None

    def fileno(self) -> int:
        """
        The pipe.
        """
        return self._descriptor

    def logPrefix(self) -> str:
        """
        For the reactor's log.
        """
        return "txinetd start"

    def doRead(self) -> None:
        """
        There is a word, or there will be none.
        """
        try:
            said = os.read(self._descriptor, 1024)
        except BlockingIOError:
            return
        self._close()
        if said:
            step, _, number = said.decode("ascii", "replace").partition(":")
            self._error = SpawnError(step, int(number) if number.isdigit() else errno.EPROTO)
            return
        self._child.protocol.makeConnection(self._child)

    def _close(self) -> None:
        """
        Done with the pipe.
        """
        if self._descriptor >= 0:
            self._reactor.removeReader(self)
            os.close(self._descriptor)
            self._descriptor = -1

    def connectionLost(self, reason: Failure) -> None:
        """
        The pipe is at its end without anything to read, which some reactors tell
        in this way; or the reactor is going away and takes its readers with it.
        """
        if self._descriptor >= 0:
            self.doRead()
        self._close()

    def reaped(self, status: int | None, usage: resource.struct_rusage | None) -> None:
        """
        The child has ended, perhaps before its pipe was looked at.
        """
        if self._descriptor >= 0:
            self.doRead()
        if self._error is None:
            self._child.ended(status, usage)
        else:
            self._child.failed(Failure(self._error), usage)
