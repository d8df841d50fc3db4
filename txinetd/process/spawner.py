# -*- test-case-name: tests.test_process_parts -*-
"""
Which road starts a server.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, Literal

from twisted.internet.interfaces import IReactorProcess
from zope.interface import implementer

from txinetd.interfaces import ISpawner
from txinetd.process.direct import DirectRoad, isSupported
from txinetd.process.fork import ForkRoad
from txinetd.process.limits import DescriptorLimit
from txinetd.process.reaper import Reaper
from txinetd.process.signals import ignoredSignals
from txinetd.spec import Identity

__all__ = ["Road", "Spawner", "isOwn"]

#: C{auto} is the fastest that is right; the others are for tests and for
#: measuring.
Road = Literal["auto", "direct", "fork"]


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
    Starts servers in this process's own children.
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
        self._direct = DirectRoad(self.reaper, self._limit)

    @property
    def pids(self) -> frozenset[int]:
        """
        The children that are waited for here.
        """
        return self.reaper.pids

    def forIdentity(self, identity: Identity) -> IReactorProcess:
        """
        The road for servers of one identity.
        """
        return _Chosen(self, identity)

    def choose(self, identity: Identity) -> IReactorProcess:
        """
        The road for the next server of an identity.
        """
        if self._road == "direct":
            return self._direct
        if self._road == "auto" and isSupported() and isOwn(identity) and _plainSignals():
            return self._direct
        return ForkRoad(self._reactor, self.reaper, self._limit, identity)

    def close(self) -> None:
        """
        Give back what is held; servers that run go on.
        """
        self._direct.close()


@implementer(IReactorProcess)
class _Chosen:
    """
    Chooses at the first server and not before: a daemon may shed its own
    privileges between reading its configuration and serving.
    """

    def __init__(self, spawner: Spawner, identity: Identity) -> None:
        self._spawner = spawner
        self._identity = identity
        self._chosen: IReactorProcess | None = None

    def spawnProcess(self, *args: Any, **kwargs: Any) -> Any:
        """
        See L{ISpawner.forIdentity}.
        """
        if self._chosen is None:
            self._chosen = self._spawner.choose(self._identity)
        return self._chosen.spawnProcess(*args, **kwargs)
