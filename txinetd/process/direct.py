# -*- test-case-name: tests.test_process_roads -*-
"""
The direct road: vfork(2) and execve(2) straight from this process, for servers
that run as whoever this process runs as.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twisted.internet.interfaces import IProcessProtocol, IReactorProcess
from zope.interface import implementer

from txinetd.errors import SpawnError
from txinetd.process.child import Child
from txinetd.process.launch.vfork import Vfork, isSupported
from txinetd.process.limits import DescriptorLimit
from txinetd.process.reaper import Reaper
from txinetd.spec import NO_BOX

__all__ = ["DirectRoad", "isSupported"]


@implementer(IReactorProcess)
class DirectRoad:
    """
    Starts servers with this process's own identity.
    """

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
        child = Child(pid, processProtocol)
        self._reaper.watch(pid, child.ended)
        processProtocol.makeConnection(child)
        return child
