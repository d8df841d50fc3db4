# -*- test-case-name: tests.test_process_parts -*-
"""
How the end of a child is noticed: by a descriptor of its own on the reactor, so
that one exit costs the same however many children there are.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from typing import Any

from twisted.internet import process
from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

__all__ = ["Ended", "Reaper"]

#: Called with the status as wait(2) gives it, or C{None} where somebody else has
#: waited for the child, and its resource usage, or C{None}.
Ended = Callable[[int | None, resource.struct_rusage | None], None]


class Reaper:
    """
    Waits for children.
    """

    def __init__(self, reactor: Any) -> None:
        """
        @param reactor: watches the descriptors.
        """
        self._reactor = reactor
        self._pids: set[int] = set()

    @property
    def pids(self) -> frozenset[int]:
        """
        The children that are waited for here.
        """
        return frozenset(self._pids)

    def watch(self, pid: int, ended: Ended) -> None:
        """
        Wait for a child.

        @param pid: a child of this process that nobody has waited for.
        @param ended: called, never before this returns, when it has ended and is
            reaped.
        """
        self._pids.add(pid)

        def reaped(status: int | None, usage: resource.struct_rusage | None) -> None:
            self._pids.discard(pid)
            ended(status, usage)

        try:
            descriptor = os.pidfd_open(pid)
        except (AttributeError, OSError):
            # No such thing on this system, or no descriptor left.
            self._reactor.callLater(0, _Signalled(pid, reaped).watch)
            return
        self._reactor.addReader(_Watched(self._reactor, pid, descriptor, reaped))


def _wait(pid: int) -> tuple[bool, int | None, resource.struct_rusage | None]:
    """
    Reap a child if it has ended.

    @return: whether it has, its status and its usage.
    """
    try:
        reaped, status, usage = os.wait4(pid, os.WNOHANG)
    except ChildProcessError:
        # Somebody has waited for every child there is; how this one ended, only
        # they know.
        return True, None, None
    return reaped != 0, status, usage


@implementer(IReadDescriptor)
class _Watched:
    """
    The pidfd of one child: readable when the child has ended.
    """

    def __init__(self, reactor: Any, pid: int, descriptor: int, ended: Ended) -> None:
        self._reactor = reactor
        self._pid = pid
        self._descriptor = descriptor
        self._ended = ended

    def fileno(self) -> int:
        """
        The pidfd.
        """
        return self._descriptor

    def logPrefix(self) -> str:
        """
        For the reactor's log.
        """
        return "txinetd child"

    def doRead(self) -> None:
        """
        The child has ended.
        """
        over, status, usage = _wait(self._pid)
        if over:
            self._reactor.removeReader(self)
            os.close(self._descriptor)
            self._descriptor = -1
            self._ended(status, usage)

    def connectionLost(self, reason: Failure) -> None:
        """
        The reactor is going away and takes its readers with it.
        """
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class _Signalled:
    """
    One child that SIGCHLD tells about, by way of Twisted's own list.
    """

    def __init__(self, pid: int, ended: Ended) -> None:
        self._pid = pid
        self._ended = ended

    def watch(self) -> None:
        """
        Begin to wait, unless it has ended already, perhaps waited for by somebody
        else: Twisted would take that for an error.
        """
        over, status, usage = _wait(self._pid)
        if over:
            self._ended(status, usage)
            return
        process.registerReapProcessHandler(self._pid, self)

    def reapProcess(self) -> None:
        """
        Some child has ended; perhaps this one.
        """
        over, status, usage = _wait(self._pid)
        if over:
            process.unregisterReapProcessHandler(self._pid, self)
            self._ended(status, usage)

    def processEnded(self, status: int) -> None:
        """
        Twisted has reaped it when it was registered.
        """
        self._ended(status, None)
