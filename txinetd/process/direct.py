# -*- test-case-name: tests.test_process_roads -*-
"""
The direct road: vfork(2) and execve(2) straight from this process, for servers
that run as whoever this process runs as.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from twisted.internet.interfaces import IProcessProtocol, IReactorProcess
from twisted.logger import Logger
from zope.interface import implementer

from txinetd.errors import SpawnError
from txinetd.interfaces import IStart
from txinetd.process.child import Child
from txinetd.process.launch.vfork import Vfork, isSupported
from txinetd.process.limits import DescriptorLimit
from txinetd.process.reaper import Reaper
from txinetd.process.starting import handOver
from txinetd.spec import NO_BOX, Program

__all__ = ["DirectRoad", "isSupported"]


@implementer(IReactorProcess)
class DirectRoad:
    """
    Starts servers with this process's own identity.
    """

    log = Logger()

    #: While a program is loaded this process waits, and has enough to do only with that.
    suspends = True
    isBarred = False

    def __init__(
        self,
        reaper: Reaper,
        limit: DescriptorLimit,
        umask: int = NO_BOX.umask,
        directory: bytes = NO_BOX.directory,
    ) -> None:
        """
        @param reaper: waits for the servers.
        @param limit: the descriptor limit that they are to have.
        @param umask: their file mode creation mask.
        @param directory: where they start.
        """
        self._umask = umask
        self._directory = directory
        self._reaper = reaper
        self._limit = limit
        self._vfork = Vfork()

    def close(self) -> None:
        """
        Give back what is held.
        """
        self._vfork.close()

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
        with self._limit:
            pid, step, number = self._vfork.start(
                executable, args, env, path or self._directory, childFDs[0], self._umask
            )
        if not pid:
            raise SpawnError(step, number)
        return self._started(pid, processProtocol)

    def spawnTogether(self, program: Program, starts: Iterable[IStart]) -> None:
        """
        See L{txinetd.interfaces.IRoad.spawnTogether}.

        @raise SpawnError: if a server cannot be started.
        """
        start, umask, directory = self._vfork.start, self._umask, self._directory
        executable, argv = program.path, program.argv
        started: list[tuple[int, IProcessProtocol]] = []
        try:
            with self._limit:
                # Nothing but what must be: the program that has just been loaded had
                # the processor's caches, and this finds them empty each time.
                for each in starts:
                    pid, step, number = start(
                        executable, argv, each.environment, directory, each.descriptor, umask
                    )
                    if not pid:
                        raise SpawnError(step, number)
                    protocol = each.protocol
                    started.append((pid, protocol))
                    # Its client sees the end when nobody has the connection any more.
                    handOver(protocol)
        finally:
            for pid, protocol in started:
                try:
                    self._started(pid, protocol)
                except Exception:
                    self.log.failure("an arrival could not be handled")

    def _started(self, pid: int, protocol: IProcessProtocol) -> Child:
        """
        A server has been started.
        """
        child = Child(pid, protocol)
        self._reaper.watch(pid, child.ended)
        protocol.makeConnection(child)
        return child
