"""
Tests for the small parts of L{txinetd.process}: limits, signals, reaping, orphans,
and which road is taken.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from typing import Any

import attrs
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import Clock
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from tests.process_support import SELF, reactor
from txinetd.interfaces import ISpawner
from txinetd.process.direct import isSupported
from txinetd.process.fork import ForkRoad
from txinetd.process.hybrid import HybridRoad
from txinetd.process.launchers import LauncherRoad
from txinetd.process.limits import DescriptorLimit
from txinetd.process.orphans import OrphanReaper, deadChildren
from txinetd.process.reaper import Reaper
from txinetd.process.signals import ignoredSignals, replaceIgnoredSignals
from txinetd.process.spawner import Spawner, isOwn
from txinetd.spec import Identity


class LimitTests(SynchronousTestCase):
    """
    Tests for L{DescriptorLimit}.
    """

    def setUp(self) -> None:
        self.before = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, self.before)
        self.low = min(300, self.before[1])
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.low, self.before[1]))
        self.limit = DescriptorLimit()

    def soft(self) -> int:
        """
        The soft limit now.
        """
        return resource.getrlimit(resource.RLIMIT_NOFILE)[0]

    def test_raised(self) -> None:
        """
        It is raised to the hard one, as often as one likes, and put back.
        """
        self.limit.raiseToHard()
        self.limit.raiseToHard()
        self.assertEqual(self.soft(), self.before[1])
        self.limit.restore()
        self.assertEqual(self.soft(), self.low)

    def test_lowered(self) -> None:
        """
        For a moment it is the original one, whatever happens in that moment.
        """
        self.limit.raiseToHard()
        with self.limit:
            self.assertEqual(self.soft(), self.low)
        self.assertEqual(self.soft(), self.before[1])

    def test_notRaised(self) -> None:
        """
        What was not raised is left alone.
        """
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.low - 1, self.before[1]))
        with self.limit:
            pass
        self.limit.restore()
        self.assertEqual(self.soft(), self.low - 1)


class SignalTests(SynchronousTestCase):
    """
    Tests for L{txinetd.process.signals}.
    """

    def setUp(self) -> None:
        self.addCleanup(signal.signal, signal.SIGUSR2, signal.getsignal(signal.SIGUSR2))
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)

    def child(self) -> int:
        """
        The signals that a child of this process ignores.
        """
        said = subprocess.run(
            ["/bin/grep", "SigIgn", "/proc/self/status"], capture_output=True, check=True
        )
        return int(said.stdout.split()[1], 16)

    def test_ignored(self) -> None:
        """
        What is ignored is known.
        """
        self.assertIn(signal.SIGUSR2, ignoredSignals())

    def test_replaced(self) -> None:
        """
        Once replaced, children do not ignore it, and neither does it kill.
        """
        bit = 1 << (signal.SIGUSR2 - 1)
        self.assertTrue(self.child() & bit)
        restore = replaceIgnoredSignals()
        self.assertFalse(self.child() & bit)
        os.kill(os.getpid(), signal.SIGUSR2)
        restore()
        self.assertTrue(self.child() & bit)

    def test_changedSince(self) -> None:
        """
        Whoever has set a handler since keeps it.
        """
        restore = replaceIgnoredSignals()

        def handler(number: int, frame: object) -> None:
            """
            Another one.
            """

        signal.signal(signal.SIGUSR2, handler)
        restore()
        self.assertIs(signal.getsignal(signal.SIGUSR2), handler)


class ReaperTests(TestCase):
    """
    Tests for L{Reaper}.
    """

    def child(self, script: str = "exit 3") -> int:
        """
        Start a child that nobody else waits for.
        """
        return os.spawnv(os.P_NOWAIT, "/bin/sh", ["sh", "-c", script])

    def watch(self, reaper: Reaper, pid: int) -> Deferred[tuple[Any, Any]]:
        """
        Wait for it.
        """
        done: Deferred[tuple[Any, Any]] = Deferred()
        reaper.watch(pid, lambda status, usage: done.callback((status, usage)))
        self.assertFalse(done.called)
        return done

    def readers(self) -> int:
        """
        How many of the reactor's readers are for children.
        """
        return sum(each.logPrefix() == "txinetd children" for each in reactor.getReaders())

    @inlineCallbacks
    def test_status(self) -> Any:
        """
        Status and usage are told, and the child is known until then.
        """
        reaper = Reaper(reactor)
        pid = self.child()
        done = self.watch(reaper, pid)
        self.assertEqual(reaper.pids, {pid})
        status, usage = yield done
        self.assertEqual(os.WEXITSTATUS(status), 3)
        self.assertIsInstance(usage, resource.struct_rusage)
        self.assertEqual(reaper.pids, frozenset())

    @inlineCallbacks
    def test_kept(self) -> Any:
        """
        Nothing is left in the reactor when the last child has ended, unless there
        are to be more of them; then when it is closed.
        """
        reaper = Reaper(reactor)
        yield self.watch(reaper, self.child())
        self.assertEqual(self.readers(), 0)
        reaper.keep()
        yield self.watch(reaper, self.child())
        self.assertEqual(self.readers(), 1)
        reaper.close()
        self.assertEqual(self.readers(), 0)

    @inlineCallbacks
    def test_closedEarly(self) -> Any:
        """
        One that is closed still waits for its last child.
        """
        reaper = Reaper(reactor)
        reaper.keep()
        done = self.watch(reaper, self.child())
        reaper.close()
        status, _ = yield done
        self.assertEqual(os.WEXITSTATUS(status), 3)
        self.assertEqual(self.readers(), 0)

    @inlineCallbacks
    def test_stolen(self) -> Any:
        """
        A child that somebody else has waited for has ended all the same.
        """
        pid = self.child()
        os.waitpid(pid, 0)
        status, _ = yield self.watch(Reaper(reactor), pid)
        self.assertIsNone(status)

    @inlineCallbacks
    def test_withoutPidfd(self) -> Any:
        """
        Where the system has no descriptors for processes, it works as well.
        """

        def none(pid: int) -> int:
            raise OSError

        self.patch(os, "pidfd_open", none)
        status, _ = yield self.watch(Reaper(reactor), self.child())
        self.assertEqual(os.WEXITSTATUS(status), 3)


class OrphanTests(SynchronousTestCase):
    """
    Tests for L{OrphanReaper}.
    """

    def test_finds(self) -> None:
        """
        Dead children are found, living ones are not.
        """
        dead = os.spawnv(os.P_NOWAIT, "/bin/true", ["true"])
        os.waitid(os.P_PID, dead, os.WEXITED | os.WNOWAIT)
        living = os.spawnv(os.P_NOWAIT, "/bin/sleep", ["sleep", "1000"])
        try:
            found = deadChildren()
            self.assertIn(dead, found)
            self.assertNotIn(living, found)
        finally:
            os.kill(living, signal.SIGKILL)
            os.waitpid(living, 0)
            os.waitpid(dead, 0)

    def test_reaps(self) -> None:
        """
        One that is nobody's is reaped at the second look, one that is somebody's
        never.
        """
        pids = [os.spawnv(os.P_NOWAIT, "/bin/true", ["true"]) for _ in range(2)]
        for pid in pids:
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        clock = Clock()
        orphans = OrphanReaper(
            clock, lambda: [pids[1]], lambda known: deadChildren(known) & set(pids)
        )
        orphans.startService()
        self.addCleanup(orphans.stopService)
        clock.advance(orphans.interval)
        self.assertEqual(deadChildren() & set(pids), set(pids))
        clock.advance(orphans.interval)
        self.assertEqual(deadChildren() & set(pids), {pids[1]})
        os.waitpid(pids[1], 0)


class RoadTests(SynchronousTestCase):
    """
    Tests for L{Spawner} and L{isOwn}.
    """

    def setUp(self) -> None:
        if not isSupported():
            raise SkipTest("there is but one road here")
        self.spawner = Spawner(reactor)
        self.addCleanup(self.spawner.close)

    def test_interface(self) -> None:
        """
        It is a spawner.
        """
        verifyObject(ISpawner, self.spawner)

    def test_own(self) -> None:
        """
        Servers with this process's identity take the direct road, as long as they
        are few.
        """
        me = attrs.evolve(SELF, keep=False)
        if os.getuid() == 0:
            self.assertTrue(isOwn(me))
        self.assertIsInstance(self.spawner.choose(SELF), HybridRoad)

    def test_others(self) -> None:
        """
        All others are started by launchers.
        """
        other = Identity("x", os.getuid() + 1, os.getgid(), (os.getgid(),))
        self.assertIsInstance(self.spawner.choose(other), LauncherRoad)

    def test_asked(self) -> None:
        """
        Another road can be asked for.
        """
        self.assertIsInstance(Spawner(reactor, road="fork").choose(SELF), ForkRoad)

    def test_groups(self) -> None:
        """
        So are those that differ in a group only.
        """
        other = attrs.evolve(SELF, keep=False, groups=(*SELF.groups, 54321))
        self.assertFalse(isOwn(other))

    def test_ignoredSignal(self) -> None:
        """
        So are those that would ignore a signal.
        """
        self.addCleanup(signal.signal, signal.SIGUSR2, signal.getsignal(signal.SIGUSR2))
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        self.assertIsInstance(self.spawner.choose(SELF), LauncherRoad)

    def test_blockedSignal(self) -> None:
        """
        Or have one blocked.
        """
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
        self.addCleanup(signal.pthread_sigmask, signal.SIG_SETMASK, before)
        self.assertIsInstance(self.spawner.choose(SELF), LauncherRoad)
