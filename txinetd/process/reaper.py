# -*- test-case-name: tests.test_process_parts -*-
"""
How the end of a child is noticed: by looking a few times, soon after its start, and
then by a descriptor of its own, so that one exit costs the same however many
children there are.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet import process
from twisted.internet.interfaces import IDelayedCall, IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from txinetd.process.childsignal import ChildSignal
from txinetd.process.launch.launcher import LOOKS, PAUSE, POSTPONED
from txinetd.process.launch.peak import Peaks

__all__ = ["Ended", "Reaper"]

#: What ends a child's watch by itself.
_ONCE = select.EPOLLIN | select.EPOLLONESHOT if hasattr(select, "epoll") else 0

#: Called with the status as wait(2) gives it, or C{None} where somebody else has
#: waited for the child, and its resource usage, or C{None}.
Ended = Callable[[int | None, resource.struct_rusage | None], None]


class Reaper:
    """
    Waits for children.

    Many live for less than it would cost to watch them.  So the young ones are all
    looked at in turn, and only those that are still there after that are watched.
    """

    #: Seconds between two looks.  A client sees the end of its connection a little
    #: before its server is dead, and the next one may come at once.  It goes first:
    #: the dead can wait for a moment, and then all of them are looked after together.
    pause = PAUSE

    #: How many times in a row that is put off while more children come; and if they have
    #: come all the while, the next look is as much later at once.
    postponed = POSTPONED

    #: How often a child is looked at before it is watched.
    looks = LOOKS

    def __init__(self, reactor: Any) -> None:
        """
        @param reactor: watches the descriptors.
        """
        self._reactor = reactor
        self._pids: set[int] = set()
        self._peaks = Peaks()
        self._pidfds: _Pidfds | None = None
        self._kept = False
        self._young: deque[tuple[int, Ended, int]] = deque()
        self._looking: IDelayedCall | None = None
        #: Whether more have come since it was last time to look, and how often it has
        #: been put off for that.
        self._more = False
        self._putOff = 0
        #: When the last one came.
        self._latest = 0.0
        self._signal = ChildSignal()

    def keep(self) -> None:
        """
        Be ready for more children also while there are none, until L{close}: to get
        ready for each one again costs more than to wait for it.
        """
        self._kept = True
        self._prepare()

    def close(self) -> None:
        """
        Leave the reactor as it was, now or as soon as the last child has ended.
        """
        self._kept = False
        self._closeIfIdle()

    def _closeIfIdle(self) -> None:
        """
        Give back what nobody needs.
        """
        if not self._pids and not self._kept and self._pidfds is not None:
            self._pidfds.close()
            self._pidfds = None

    @property
    def pids(self) -> frozenset[int]:
        """
        The children that are waited for here.
        """
        return frozenset(self._pids)

    def watch(self, pid: int, ended: Ended, young: bool = True) -> None:
        """
        Wait for a child.

        @param pid: a child of this process that nobody has waited for; or, where it is
            not young, any process.
        @param ended: called, never before this returns, when it has ended and is
            reaped.
        @param young: whether it has just been started.
        """
        self._pids.add(pid)
        if not young:
            self._observe(pid, ended)
            return
        self._young.append((pid, ended, self.looks))
        self._latest = self._reactor.seconds()
        if self._looking is not None:
            self._more = True
            return
        self._putOff = 0
        self._signal.silence()
        self._looking = self._reactor.callLater(self.pause, self._lookOrWait)

    def _lookOrWait(self) -> None:
        """
        Look, or if more have just come look later, when there is more to see.
        """
        if self._more and self._putOff < self.postponed:
            self._more = False
            self._putOff += 1
            self._looking = self._reactor.callLater(self.pause, self._lookOrWait)
        else:
            self._look()

    def _look(self) -> None:
        """
        It is time to look.
        """
        self._looking = None
        # Not where those that have come were only waiting for the look before.
        lately = self._reactor.seconds() - self._latest < 2 * self.pause
        busy = lately and self._more and self._putOff >= self.postponed
        self._more = False
        self._putOff = self.postponed if busy else 0
        try:
            self._lookAtYoung()
        finally:
            # An end may have begun another look.
            if self._young and self._looking is None:
                pause = self.pause * (1 + self._putOff)
                self._looking = self._reactor.callLater(pause, self._lookOrWait)
            if self._looking is None:
                self._signal.restore()
            else:
                self._signal.yieldToOthers()

    def _lookAtYoung(self) -> None:
        """
        See which of the young have ended.
        """
        for _ in range(len(self._young)):
            pid, ended, looks = self._young.popleft()
            over, status, usage = _wait(pid)
            if over:
                self._reaped(pid, ended, status, usage)
            elif looks > 1:
                self._young.append((pid, ended, looks - 1))
            else:
                self._observe(pid, ended)

    def _prepare(self) -> None:
        """
        Be ready to watch children, where the system has descriptors for them.
        """
        if self._pidfds is None and hasattr(os, "pidfd_open") and hasattr(select, "epoll"):
            # Without a descriptor for it there is the other way.
            with contextlib.suppress(OSError):
                self._pidfds = _Pidfds(self._reactor, self.pause, self._reaped)

    def _observe(self, pid: int, ended: Ended) -> None:
        """
        Be told of the end of one that is not young any more.
        """
        self._prepare()
        if self._pidfds is None or not self._pidfds.add(pid, ended):
            # No such thing on this system, or no descriptor left.
            signalled = _Signalled(pid, lambda *outcome: self._reaped(pid, ended, *outcome))
            self._reactor.callLater(0, signalled.watch)

    def _reaped(
        self, pid: int, ended: Ended, status: int | None, usage: resource.struct_rusage | None
    ) -> None:
        """
        A child has ended.
        """
        self._pids.discard(pid)
        if not self._kept:
            self._closeIfIdle()
        # Those that launchers have left behind as well: a launcher is smaller than this.
        ended(status, None if usage is None else self._peaks.clean(usage))


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
class _Pidfds:
    """
    The pidfds of all children, in an epoll(7) of their own: to the reactor one
    descriptor, readable when any child has ended.
    """

    def __init__(self, reactor: Any, pause: float, reaped: Callable[..., None]) -> None:
        """
        @param pause: seconds that the dead may wait.
        @param reaped: told of each.
        """
        self._reactor = reactor
        self._pause = pause
        self._reaped = reaped
        self._poll = select.epoll()
        self._children: dict[int, tuple[int, Ended]] = {}
        self._ended: deque[int] = deque()
        self._reaping: IDelayedCall | None = None
        reactor.addReader(self)

    def add(self, pid: int, ended: Ended) -> bool:
        """
        Watch one more.

        @return: whether that can be done.
        """
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            return False
        try:
            self._poll.register(descriptor, _ONCE)
        except OSError:
            os.close(descriptor)
            return False
        self._children[descriptor] = (pid, ended)
        return True

    def fileno(self) -> int:
        """
        The epoll descriptor.
        """
        return -1 if self._poll.closed else self._poll.fileno()

    def logPrefix(self) -> str:
        """
        For the reactor's log.
        """
        return "txinetd children"

    def doRead(self) -> None:
        """
        Some have ended.
        """
        self._ended += [descriptor for descriptor, _ in self._poll.poll(0, 64)]
        if self._ended and self._reaping is None:
            self._reaping = self._reactor.callLater(self._pause, self._reap)

    def _reap(self) -> None:
        """
        Look after those that have ended.
        """
        self._reaping = None
        try:
            while self._ended:
                self._reapOne(self._ended.popleft())
        finally:
            # What has gone wrong with one is nothing to the others.
            if self._ended and self._reaping is None:
                self._reaping = self._reactor.callLater(0, self._reap)

    def _reapOne(self, descriptor: int) -> None:
        """
        Look after one of them.
        """
        pid, tell = self._children[descriptor]
        over, status, usage = _wait(pid)
        if not over:
            # Somebody traces it, and is told first.
            self._poll.modify(descriptor, _ONCE)
            return
        del self._children[descriptor]
        # A process that was forked meanwhile may have it still, and then it
        # stays in the epoll; but its event has come, and there is only one.
        os.close(descriptor)
        self._reaped(pid, tell, status, usage)

    def close(self) -> None:
        """
        Watch no more.
        """
        if not self._poll.closed:
            self._reactor.removeReader(self)
            self._poll.close()

    def connectionLost(self, reason: Failure) -> None:
        """
        The reactor is going away and takes its readers with it.
        """
        if self._reaping is not None:
            self._reaping.cancel()
            self._reaping = None
        for descriptor in self._children:
            os.close(descriptor)
        self._children.clear()
        self._poll.close()


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
