# -*- test-case-name: tests.test_process_clone -*-
"""
The clone road: servers are started straight from this process, as any user, and it need
not wait until their programs are loaded.

What it takes is in C (L{txinetd.process._clone}), as no Python code can run in a process
that shares this one's memory.  Where it could not be built or is not known to the system,
there are the other roads.

A server counts as started when its process is there.  If that cannot become its program
it tells this process so, and its protocol is told at last, instead of how it has ended,
at which step it has failed.
"""

from __future__ import annotations

import errno
import os
import sys
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence

from twisted.internet.interfaces import IProcessProtocol, IReactorProcess
from twisted.logger import Logger
from zope.interface import implementer

from txinetd.errors import SpawnError
from txinetd.interfaces import IStart
from txinetd.process.child import Child
from txinetd.process.failures import Failures
from txinetd.process.limits import DescriptorLimit
from txinetd.process.reaper import Reaper
from txinetd.process.starting import handOver
from txinetd.spec import NO_BOX, Identity, Program

try:
    from txinetd.process import _clone
except ImportError:
    _clone = None  # type: ignore[assignment]

__all__ = ["LARGE", "CloneRoad", "isSupported", "settle"]

#: The descriptor from which on their table is large, and shared at first: to copy it takes
#: about 70 ns for each, to share it two or three switches between processes.
LARGE = 512

#: Nanoseconds that this process sleeps, at most, after it has started one server alone.
_LONGEST_REST = 1_000_000

_supported: bool | None = None


def isSupported() -> bool:
    """
    Whether this can be done here.
    """
    global _supported
    if _supported is None:
        _supported = _clone is not None and _clone.isSupported(os.fsencode(sys.executable))
    return _supported


def settle() -> None:
    """
    Give whoever was started last the time to become its program, or to say why it cannot.
    """
    if _clone is not None:
        _clone.waitForLast(_LONGEST_REST)


@implementer(IReactorProcess)
class CloneRoad:
    """
    Starts servers of one identity.

    @ivar reaper: waits for them.
    """

    log = Logger()

    #: This process goes on while a program is loaded.
    suspends = False

    #: Seconds after which a process that is not its program yet is taken for stuck, and
    #: ended when others are started.
    patience = 30

    def __init__(
        self,
        reaper: Reaper,
        failures: Failures,
        limit: DescriptorLimit,
        identity: Identity | None,
        umask: int = NO_BOX.umask,
        directory: bytes = NO_BOX.directory,
    ) -> None:
        """
        @param reaper: waits for the servers.
        @param failures: where those say so that have failed.
        @param limit: the descriptor limit that they are to have.
        @param identity: whom they are to be, if that is not who this process is.
        @param umask: their file mode creation mask.
        @param directory: where they start.
        """
        self.reaper = reaper
        self._failures = failures
        self._limit = limit
        self._umask = umask
        self._directory = directory
        self._isOther = identity is not None
        self._who: tuple[int, int, bytes | None] = (0, 0, None)
        if identity is not None:
            groups = array("I", sorted(identity.groups)).tobytes()
            self._who = (identity.uid, identity.gid, groups)

    @property
    def isBarred(self) -> bool:
        """
        Whether another road is to be taken for now: many programs are being loaded, perhaps
        from where it takes long, or the system has been told to let others look into them.
        """
        return _clone.present() > _clone.MOST // 2 or self._isForbidden

    @property
    def _isForbidden(self) -> bool:
        """
        Whether it would not be safe now.
        """
        return self._isOther and not self._failures.dumpable.allows

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

        @raise SpawnError: if the server cannot be started.
        """
        assert childFDs is not None
        start = self._prepared()
        pid = start(executable, args, env, path or self._directory, childFDs[0])
        _clone.release()
        return self._started(pid, processProtocol)

    def spawnTogether(self, program: Program, starts: Iterable[IStart]) -> None:
        """
        See L{txinetd.interfaces.IRoad.spawnTogether}.

        @raise SpawnError: if a server cannot be started.
        """
        executable, argv, directory = program.path, program.argv, self._directory
        start = self._prepared()
        started: list[tuple[int, IProcessProtocol]] = []
        try:
            for each in starts:
                pid = start(executable, argv, each.environment, directory, each.descriptor)
                protocol = each.protocol
                started.append((pid, protocol))
                # Its client sees the end when nobody has the connection any more.
                handOver(protocol)
        finally:
            if len(started) == 1:
                # Nobody else waits, so that there is nothing to do that could not be done
                # when the program is loaded, which goes faster alone; unless there are
                # several clients who come in turns.
                _clone.waitForLast(_LONGEST_REST)
            _clone.release()
            for pid, protocol in started:
                try:
                    self._started(pid, protocol)
                except Exception:
                    self.log.failure("an arrival could not be handled")

    def _prepared(self) -> Callable[[bytes, Sequence[bytes], Sequence[bytes], bytes, int], int]:
        """
        Get ready to start some.

        @return: what starts one, and returns its process id.
        @raise SpawnError: if none can be started.
        """
        try:
            channel, reserved = self._failures.listen()
        except OSError as error:
            raise SpawnError("pipe", error.errno or 0) from error
        if self._isForbidden:
            raise SpawnError("clone", errno.EPERM)
        _clone.endOlder(self.patience)
        limits = self._limit.forServers or (0, 0)
        terms = (self._umask, *limits, *self._who)
        free: list[int] = []

        def start(
            executable: bytes,
            argv: Sequence[bytes],
            environment: Sequence[bytes],
            directory: bytes,
            descriptor: int,
        ) -> int:
            if descriptor < 0:
                raise SpawnError("dup2", errno.EBADF)
            number = -1
            if descriptor >= LARGE:
                if not free:
                    _clone.release()
                    free.extend(reserved)
                number = free.pop()
            try:
                pid = _clone.start(
                    executable, argv, environment, directory, descriptor, terms, channel, number
                )
            except OSError as error:
                raise SpawnError("fork", error.errno or 0) from error
            if not pid:
                raise SpawnError("channel", 0)
            return pid

        return start

    def _started(self, pid: int, protocol: IProcessProtocol) -> Child:
        """
        A server has been started.
        """
        child = self._failures.expect(pid, protocol)
        self.reaper.watch(pid, child.ended)
        protocol.makeConnection(child)
        return child
