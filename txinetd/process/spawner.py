# -*- test-case-name: tests.test_process_parts -*-
"""
Which road starts a server.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from twisted.internet.interfaces import IReactorProcess
from zope.interface import implementer

from txinetd.errors import SpawnError
from txinetd.interfaces import IRoad, ISpawner, IStart
from txinetd.process import clone
from txinetd.process.clone import CloneRoad
from txinetd.process.direct import DirectRoad, isSupported
from txinetd.process.failures import Failures
from txinetd.process.fork import ForkRoad
from txinetd.process.hybrid import HybridRoad
from txinetd.process.launchers import LauncherPool, LauncherRoad
from txinetd.process.limits import DescriptorLimit
from txinetd.process.plan import hasOwnLimits, inheritable, isPlain, plan
from txinetd.process.reaper import Reaper
from txinetd.process.signals import ignoredSignals
from txinetd.process.starting import oneByOne
from txinetd.spec import NO_BOX, Box, Identity, Program

__all__ = ["Road", "Spawner", "isOwn"]

#: C{auto} is the fastest that is right; the others are for tests, for measuring,
#: and for systems on which something is amiss.
Road = Literal["auto", "clone", "direct", "launcher", "fork"]


def _capabilities() -> tuple[str, ...]:
    """
    The capability sets of this process, or none where the system has none.
    """
    try:
        lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return ()
    return tuple(line.split()[1] for line in lines if line.startswith(("CapPrm:", "CapEff:")))


def isOwn(identity: Identity) -> bool:
    """
    Whether a process started from this one has an identity without any switch:
    the real, effective and saved ids, the groups, and the capabilities that the
    user would have after a switch.

    @param identity: what is asked for.
    """
    if identity.keep:
        return True
    groups = {*os.getgroups(), os.getegid()}
    if (
        os.getresuid() != (identity.uid,) * 3
        or os.getresgid() != (identity.gid,) * 3
        or groups != {*identity.groups, identity.gid}
    ):
        return False
    # Switching to an ordinary user gives up all capabilities; root keeps them.
    return identity.uid == 0 or not any(int(one, 16) for one in _capabilities())


def _plainSignals() -> bool:
    """
    Whether a child would start with every signal's default and none blocked.
    """
    return not ignoredSignals() and not signal.pthread_sigmask(signal.SIG_BLOCK, ())


@implementer(ISpawner)
class Spawner:
    """
    Starts servers, by the road that fits their identity and their box.
    """

    def __init__(
        self, reactor: Any, *, descriptorLimit: DescriptorLimit | None = None, road: Road = "auto"
    ) -> None:
        """
        @param reactor: watches the children.
        @param descriptorLimit: the limit that servers are to have; this process's
            own if C{None}.
        @param road: which one to take.
        """
        self._reactor = reactor
        self._road = road
        self._limit = DescriptorLimit() if descriptorLimit is None else descriptorLimit
        self.reaper = Reaper(reactor)
        #: Goes up when all roads are given up: what was chosen before is no more.
        self.generation = 0
        self._failures = Failures(reactor)
        self._direct: list[DirectRoad] = []
        self._pools: dict[tuple[Identity, Box], LauncherPool] = {}

    @property
    def pids(self) -> frozenset[int]:
        """
        The children of this process that are waited for here.
        """
        return self.reaper.pids

    def reserve(self) -> None:
        """
        Take early what should have low numbers: before many services are bound.
        """
        if clone.isSupported():
            # It is tried again when it is needed.
            with contextlib.suppress(OSError):
                self._failures.reserve()

    def forIdentity(self, identity: Identity, box: Box = NO_BOX) -> IRoad:
        """
        The road for servers of one identity, in one box.
        """
        return _Chosen(self, identity, box)

    def choose(self, identity: Identity, box: Box = NO_BOX) -> _Road:
        """
        The road for the next server of an identity, in a box.
        """
        self.reaper.keep()
        direct = isSupported() and isPlain(box) and isOwn(identity) and _plainSignals()
        cloning = isPlain(box) and self._mayClone(identity)
        if self._road == "clone":
            return self._cloneRoad(identity, box) if cloning else _NoRoad("clone")
        if self._road == "direct":
            # Nobody else's servers, rather than anybody's with too much.
            return self._directRoad(box) if direct else _NoRoad("direct")
        if self._road == "auto" and (cloning or direct):
            launched = LauncherRoad(self._pool(identity, box), box.umask, box.directory)
            own = self._cloneRoad(identity, box) if cloning else self._directRoad(box)
            return HybridRoad(own, launched, directory=box.directory)
        if self._road == "launcher" or (self._road == "auto" and isSupported()):
            return LauncherRoad(self._pool(identity, box), box.umask, box.directory)
        return ForkRoad(
            self._reactor,
            self.reaper,
            lambda: plan(identity, box, self._soft()),
            box.umask,
            box.directory,
        )

    def _mayClone(self, identity: Identity) -> bool:
        """
        Whether servers of an identity may be started by the clone road.
        """
        return clone.isSupported() and (isOwn(identity) or self._failures.dumpable.allows)

    def _cloneRoad(self, identity: Identity, box: Box) -> CloneRoad:
        """
        The clone road, for a box in which nothing is to be done.
        """
        other = None if isOwn(identity) else identity
        return CloneRoad(self.reaper, self._failures, self._limit, other, box.umask, box.directory)

    def _directRoad(self, box: Box) -> DirectRoad:
        """
        The direct road, for a box in which nothing is to be done.
        """
        road = DirectRoad(self.reaper, self._limit, box.umask, box.directory)
        self._direct.append(road)
        return road

    def _soft(self) -> int | None:
        """
        The soft limit on descriptors that servers are to have, where this process
        has another.
        """
        return self._limit.original if self._limit.isRaised else None

    def _pool(self, identity: Identity, box: Box) -> LauncherPool:
        """
        The launchers of an identity and a box; one pool for all services that have
        both in common.
        """
        shared = inheritable(box)
        key = (identity, shared)
        if key not in self._pools:

            def make() -> dict[str, Any]:
                made = plan(identity, shared, self._limit.original)
                return {**made, "forks": hasOwnLimits(made)}

            self._pools[key] = LauncherPool(self._reactor, self.reaper, self._limit, make)
        return self._pools[key]

    def close(self) -> None:
        """
        Give back what is held; servers that run go on.  The next server is started
        anew.
        """
        self.generation += 1
        clone.settle()
        self._failures.close()
        direct, self._direct = self._direct, []
        for road in direct:
            road.close()
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()
        self.reaper.close()


@implementer(IReactorProcess)
class _NoRoad:
    """
    For servers that the road that was asked for cannot start.
    """

    def __init__(self, name: str) -> None:
        """
        @param name: the road.
        """
        self._name = name

    def spawnProcess(self, *args: Any, **kwargs: Any) -> Any:
        """
        Refuse.

        @raise SpawnError: always.
        """
        raise SpawnError(self._name, errno.EPERM)

    def spawnTogether(self, program: Program, starts: Iterable[IStart]) -> None:
        """
        Refuse the first.

        @raise SpawnError: if there is one.
        """
        oneByOne(self, program, starts)


_Road = HybridRoad | LauncherRoad | CloneRoad | DirectRoad | ForkRoad | _NoRoad


@implementer(IRoad)
class _Chosen:
    """
    Chooses at the first server and not before: a daemon may shed its own
    privileges between reading its configuration and serving.
    """

    def __init__(self, spawner: Spawner, identity: Identity, box: Box) -> None:
        self._spawner = spawner
        self._identity = identity
        self._box = box
        self._chosen: _Road | None = None
        self._generation = -1
        self._crowd = False

    def expect(self, crowd: bool) -> None:
        """
        See L{IRoad.expect}.
        """
        self._crowd = crowd
        self._tell()

    def _tell(self) -> None:
        """
        Pass on what is to be expected to a road to which it makes a difference.
        """
        if isinstance(self._chosen, HybridRoad):
            self._chosen.expect(self._crowd)

    def spawnProcess(self, *args: Any, **kwargs: Any) -> Any:
        """
        See L{ISpawner.forIdentity}.
        """
        return self._choose().spawnProcess(*args, **kwargs)

    def spawnTogether(self, program: Program, starts: Iterable[IStart]) -> None:
        """
        See L{IRoad.spawnTogether}.
        """
        road = self._chosen
        if road is None or self._generation != self._spawner.generation:
            road = self._choose()
        road.spawnTogether(program, starts)

    def _choose(self) -> _Road:
        """
        The road for the next server.
        """
        if self._chosen is None or self._generation != self._spawner.generation:
            self._generation = self._spawner.generation
            self._chosen = self._spawner.choose(self._identity, self._box)
            self._tell()
        return self._chosen
