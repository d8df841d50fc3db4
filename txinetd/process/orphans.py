# -*- test-case-name: tests.test_process_parts -*-
"""
Children that this process never started.  As the init of a container (process 1)
it inherits every orphan there; and as a subreaper those of its own servers and
launchers.  Nobody else will reap them.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from twisted.application import service
from twisted.internet import process, task
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

__all__ = ["OrphanReaper", "becomeSubreaper", "deadChildren", "isSubreaper"]

_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37


def becomeSubreaper(wanted: bool = True) -> bool:
    """
    Have orphans among this process's descendants become its own children, and not
    those of process 1 (prctl(2), C{PR_SET_CHILD_SUBREAPER}): so the servers of a
    launcher that has died can still be waited for.

    @param wanted: whether that is to be so.
    @return: whether the system can do it.
    """
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return False
    return bool(prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(wanted), 0, 0, 0) == 0)


def isSubreaper() -> bool:
    """
    Whether orphans among this process's descendants become its own children.
    """
    if os.getpid() == 1:
        return True
    wanted = ctypes.c_int(0)
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return False
    return bool(prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(wanted), 0, 0, 0) == 0 and wanted.value)


def deadChildren(known: Collection[int] = ()) -> set[int]:
    """
    The process ids of this process's children that have ended and have not been
    waited for, from proc(5).

    @param known: children that need not be looked at.
    """
    dead = set()
    for task_ in Path("/proc/self/task").iterdir():
        try:
            children = (task_ / "children").read_text().split()
        except FileNotFoundError:
            continue  # a thread that has just ended
        for child in children:
            if int(child) in known:
                continue
            try:
                fields = Path("/proc", child, "stat").read_text()
            except FileNotFoundError:
                continue
            # The command, in parentheses, may hold anything, blanks included.
            if fields.rpartition(")")[2].split()[0] == "Z":
                dead.add(int(child))
    return dead


class OrphanReaper(service.Service):
    """
    Looks every now and then for dead children that nobody has claimed, and reaps
    them.

    A child is taken for an orphan when it was already dead at the look before and
    is still there: code that waits for children of its own does so at once.
    Children that Twisted or this project's own reaper know are never touched.
    """

    log = Logger()

    #: Seconds between two looks.
    interval = 1.0

    def __init__(
        self,
        reactor: IReactorTime,
        known: Callable[[], Iterable[int]],
        find: Callable[[Collection[int]], set[int]] = deadChildren,
    ) -> None:
        """
        @param reactor: its clock paces the looks.
        @param known: the process ids that somebody here waits for.
        @param find: the dead children, but for those that are known.
        """
        self._known = known
        self._find = find
        self._seen: set[int] = set()
        self._looking = task.LoopingCall(self.look)
        self._looking.clock = reactor

    def startService(self) -> None:
        """
        Begin to look.
        """
        super().startService()
        self._looking.start(self.interval, now=False)

    def stopService(self) -> None:
        """
        Look no more.
        """
        super().stopService()
        if self._looking.running:
            self._looking.stop()

    def look(self) -> None:
        """
        Reap what has been dead since the last look and is nobody's.
        """
        dead = self._find({*process.reapProcessHandlers, *self._known()})
        for pid in dead & self._seen:
            try:
                reaped, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue  # somebody did claim it
            if reaped:
                self.log.debug("reaped orphan {pid}, status {status}", pid=pid, status=status)
        self._seen = dead
