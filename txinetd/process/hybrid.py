# -*- test-case-name: tests.test_process_hybrid -*-
"""
A road of this process's own, and launchers where they do it better.

To start a server directly costs the least and holds up the reactor while its
program is loaded.  That is the best there is while starts come one by one; when
many come at once, others can load their programs at the same time, on other
processors.  And the more descriptors this process has, the longer each vfork(2)
takes, as it copies their table: a launcher has few.  The clone road has neither of
these troubles.  A program on another machine may take for ever to be loaded: only a
launcher may wait for it.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from twisted.internet.interfaces import IProcessProtocol
from zope.interface import implementer

from txinetd.interfaces import IRoad, IStart
from txinetd.process.child import Child
from txinetd.process.clone import CloneRoad
from txinetd.process.direct import DirectRoad
from txinetd.process.launchers import LauncherRoad
from txinetd.process.remote import isRemote
from txinetd.spec import NO_BOX, Program

__all__ = ["HybridRoad"]


@implementer(IRoad)
class HybridRoad:
    """
    Chooses for each server.
    """

    #: Descriptors from which on a launcher costs less than to copy their table.
    large = 512

    def __init__(
        self,
        direct: DirectRoad | CloneRoad,
        launched: LauncherRoad,
        remote: Callable[[bytes], bool] = isRemote,
        directory: bytes = NO_BOX.directory,
    ) -> None:
        """
        @param direct: the road of this process's own.
        @param launched: the other.
        @param remote: says whether a program may keep whoever loads it waiting.
        @param directory: where it starts.
        """
        self._remote = remote
        self._directory = directory
        self._places: dict[bytes, bool] = {}
        self._direct = direct
        self._launched = launched
        self._alone = len(os.sched_getaffinity(0)) == 1
        self._crowd = False

    def expect(self, crowd: bool) -> None:
        """
        See L{txinetd.interfaces.IRoad.expect}.
        """
        self._crowd = crowd and not self._alone

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
        """
        assert childFDs is not None
        road = self._choose(executable, childFDs[0])
        return road.spawnProcess(processProtocol, executable, args, env, path, childFDs=childFDs)

    def spawnTogether(self, program: Program, starts: Iterable[IStart]) -> None:
        """
        See L{IRoad.spawnTogether}.
        """
        if not self._direct.suspends:
            # Then it makes no difference how many descriptors there are.
            self._choose(program.path, -1).spawnTogether(program, starts)
            return
        remaining = iter(starts)
        for first in remaining:
            road = self._choose(program.path, first.descriptor)
            road.spawnTogether(program, itertools.chain((first,), remaining))

    def _choose(self, executable: bytes, descriptor: int) -> DirectRoad | CloneRoad | LauncherRoad:
        """
        The road for the next server.

        @param descriptor: the latest that this process has got.
        """
        remote = self._places.get(executable)
        if self._findOut(executable) if remote is None else remote:
            return self._launched
        if self._direct.isBarred:
            return self._launched
        # The lowest number that is free is given to a new descriptor, so that it
        # tells how many there are.  To wait for the first launcher to begin would take
        # longer.
        launch = self._direct.suspends and (self._crowd or descriptor >= self.large)
        return self._launched if launch and self._launched.pool.warmUp() else self._direct

    def _findOut(self, executable: bytes) -> bool:
        """
        Whether a program that is to be started for the first time is for launchers alone.
        """
        remote = self._remote(executable) or self._remote(self._directory)
        self._places[executable] = remote
        return remote
