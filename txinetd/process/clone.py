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
from collections.abc import Iterable, Mapping, Sequence

import attrs
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

__all__ = ["CloneRoad", "isSupported", "settle"]

#: The descriptor from which on their table is large, and shared at first: to copy it takes
#: about 70 ns for each, and as long again to close them there; to share it, two or three
#: switches between processes, most of them beside the start.
LARGE = 128

#: Nanoseconds that L{settle} takes, at most.
_SETTLING = 1_000_000

#: How many may be on their way before another road is taken.
_HALF = 0 if _clone is None else _clone.MOST // 2

#: How a server is started: see L{_clone.start}.
_Terms = tuple[int, int, int, int, int, bytes | None]

_supported: bool | None = None


def isSupported() -> bool:
    """
    Whether this can be done here.
    """
    global _supported
    if _supported is None:
        _supported = _clone is not None and _clone.isSupported(os.fsencode(sys.executable), True)
    return _supported


def settle() -> None:
    """
    Give whoever was started last the time to become its program, or to say why it cannot.
    """
    if _clone is not None:
        _clone.waitForLast(_SETTLING)


@implementer(IStart)
@attrs.define(eq=False)
class _Single:
    """
    The start of a single server.
    """

    protocol: IProcessProtocol
    environment: Sequence[bytes]
    descriptor: int


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
    #: ended when others are to be started.
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
        #: Whether it has been found just now that the next may be started.
        self._isReady = False
        self._free: list[int] = []

    @property
    def isBarred(self) -> bool:
        """
        Whether another road is to be taken for now: many programs are being loaded, perhaps
        from where it takes long, or the system has been told to let others look into them.
        """
        # Those that are stuck are ended by that, too.
        few = _clone.present(self.patience) <= _HALF
        self._isReady = few and (not self._isOther or self._failures.dumpable.allows)
        return not self._isReady

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
        start = _Single(processProtocol, env, childFDs[0])
        started: list[tuple[int, IProcessProtocol]] = []
        try:
            self._start(executable, args, path or self._directory, (start,), started)
        finally:
            try:
                for pid, protocol in started:
                    child = self._started(pid, protocol)
            finally:
                _clone.release()
        return child

    def spawnTogether(self, program: Program, starts: Iterable[IStart]) -> None:
        """
        See L{txinetd.interfaces.IRoad.spawnTogether}.

        @raise SpawnError: if a server cannot be started.
        """
        started: list[tuple[int, IProcessProtocol]] = []
        try:
            self._start(program.path, program.argv, self._directory, starts, started)
        finally:
            for pid, protocol in started:
                try:
                    self._started(pid, protocol)
                except Exception:
                    self.log.failure("an arrival could not be handled")
            # Last, as it may wait for them to have tables of their own.
            _clone.release()

    def _prepare(self) -> tuple[_Terms, int]:
        """
        Get ready to start some.

        @return: how they are to be started, and where they say so if they have failed.
        @raise SpawnError: if none can be started.
        """
        ready, self._isReady = self._isReady, False
        # Not everybody has asked whether it is barred just before.
        if not ready:
            _clone.present(self.patience)
            if self._isOther and not self._failures.dumpable.allows:
                raise SpawnError("clone", errno.EPERM)
        channel = self._failures.channel
        if channel < 0:
            try:
                channel = self._failures.listen()
            except OSError as error:
                raise SpawnError("pipe", error.errno or 0) from error
        self._free = []
        return (self._umask, *(self._limit.forServers or (0, 0)), *self._who), channel

    def _start(
        self,
        executable: bytes,
        argv: Sequence[bytes],
        directory: bytes,
        starts: Iterable[IStart],
        started: list[tuple[int, IProcessProtocol]],
    ) -> None:
        """
        Start some.

        @param started: where to put their process ids, each when it is there.
        @raise SpawnError: if one cannot be started.
        """
        terms, channel = self._prepare()
        for each in starts:
            descriptor = each.descriptor
            if descriptor < 0:
                raise SpawnError("dup2", errno.EBADF)
            number = self._reserve() if descriptor >= LARGE else -1
            try:
                told = each.environment
                pid = _clone.start(
                    executable, argv, told, directory, descriptor, terms, channel, number
                )
            except OSError as error:
                raise SpawnError("fork", error.errno or 0) from error
            if not pid:
                raise SpawnError("channel", 0)
            protocol = each.protocol
            started.append((pid, protocol))
            # Its client sees the end when nobody has the connection any more.
            handOver(protocol)

    def _reserve(self) -> int:
        """
        A number for a descriptor to be shared under for a moment.
        """
        if not self._free:
            _clone.release()
            self._free = list(self._failures.reserved)
        return self._free.pop()

    def _started(self, pid: int, protocol: IProcessProtocol) -> Child:
        """
        A server has been started.
        """
        child = self._failures.expect(pid, protocol)
        self.reaper.watch(pid, child.ended)
        protocol.makeConnection(child)
        return child
