"""
Tests for the small parts of L{txinetd.process}: limits, signals, reaping, orphans,
and which road is taken.
"""

from __future__ import annotations

import errno
import os
import resource
import select
import signal
import subprocess
import threading
from itertools import pairwise
from typing import Any

import attrs
from twisted.internet import process
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import Clock, deferLater
from twisted.internet.utils import getProcessValue
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from tests.process_support import SELF, reactor
from txinetd.errors import SpawnError
from txinetd.interfaces import ISpawner
from txinetd.process import clone
from txinetd.process.childsignal import ChildSignal
from txinetd.process.clone import CloneRoad
from txinetd.process.direct import isSupported
from txinetd.process.dumpable import Dumpable
from txinetd.process.fork import ForkRoad
from txinetd.process.hybrid import HybridRoad
from txinetd.process.launchers import LauncherRoad
from txinetd.process.limits import DescriptorLimit
from txinetd.process.orphans import OrphanReaper, deadChildren, isSubreaper
from txinetd.process.reaper import Reaper
from txinetd.process.signals import ignoredSignals, replaceIgnoredSignals
from txinetd.process.spawner import Spawner, isOwn
from txinetd.spec import NO_BOX, Box, Identity, Program

#: Somebody whom this process is not.
OTHER = Identity("x", os.getuid() + 1, os.getgid(), (os.getgid(),))


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
        self.assertEqual(self.limit.forServers, (self.low, self.before[1]))
        self.limit.restore()
        self.assertEqual(self.soft(), self.low)
        self.assertEqual((self.limit.forServers, self.limit.isRaised), (None, False))

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
        yield self.old(reaper)
        self.assertEqual(self.readers(), 0)
        reaper.keep()
        yield self.old(reaper)
        self.assertEqual(self.readers(), 1)
        reaper.close()
        self.assertEqual(self.readers(), 0)

    @inlineCallbacks
    def old(self, reaper: Reaper) -> Any:
        """
        Have a child that does not end before it is watched.
        """
        done = self.watch(reaper, pid := self.child("exec sleep 1000"))
        while reaper._young:
            yield deferLater(reactor, 0.001)
        # Any other would be lost if it came between fork(2) and execve(2), where the child
        # has this process's handlers still.
        os.kill(pid, signal.SIGKILL)
        status, _ = yield done
        self.assertEqual(os.WTERMSIG(status), signal.SIGKILL)

    @inlineCallbacks
    def test_young(self) -> Any:
        """
        One that ends soon is never watched.
        """

        def none(pid: int) -> int:
            raise AssertionError("it is watched")

        self.patch(os, "pidfd_open", none)
        reaper = Reaper(reactor)
        # However long it takes on a machine that is busy.
        reaper.looks = 10_000
        status, _ = yield self.watch(reaper, self.child())
        self.assertEqual(os.WEXITSTATUS(status), 3)

    def dead(self) -> int:
        """
        A child that has ended and that nobody has waited for.
        """
        pid = self.child()
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        return pid

    def test_alone(self) -> None:
        """
        The end of one after which no other is started is noticed at the first look.
        """
        clock = Clock()
        reaper = Reaper(clock)
        done = self.watch(reaper, self.dead())
        clock.advance(reaper.pause)
        self.assertTrue(done.called)

    def test_nobodyElse(self) -> None:
        """
        So is, one pause later, the end of the last of several that were started together:
        who waits for it to make room can start nobody before that.
        """
        clock = Clock()
        reaper = Reaper(clock)
        done = [self.watch(reaper, self.dead()) for _ in range(3)]
        clock.pump([reaper.pause] * 2)
        self.assertEqual([each.called for each in done], [True] * 3)

    def test_busy(self) -> None:
        """
        Where more are started all the time it is looked for ends rarely, without being
        awake in between; and as ever when they cease to come.
        """
        clock = Clock()
        reaper = Reaper(clock)
        looks: list[int] = []
        times: set[int] = set()
        self.patch(
            reaper, "_lookAtYoung", lambda: looks.append(round(clock.seconds() / reaper.pause))
        )
        for beat in range(1, 31):
            if beat <= 20:
                reaper.watch(beat, lambda *_: None)
            (call,) = clock.getDelayedCalls()
            times.add(round(call.getTime() / reaper.pause))
            clock.advance(reaper.pause)
        several = 1 + reaper.postponed
        often = [1 + several * each for each in range(1, 6)]
        self.assertEqual(looks, [1, *often, *range(often[-1] + 1, 31)])
        self.assertEqual([each for each in sorted(times) if 5 <= each <= often[-1]], often)

    def test_madeRoom(self) -> None:
        """
        Those do not count for that who are started whenever it has been looked, as ends have
        made room for them, also if more have come before; nor does what was long ago.
        """
        clock = Clock()
        reaper = Reaper(clock)
        looks: list[int] = []

        def ends() -> None:
            looks.append(round(clock.seconds() / reaper.pause))
            reaper._young.clear()
            for _ in range(2 if looks[-1] < 40 else 0):
                reaper.watch(1, lambda *_: None)

        self.patch(reaper, "_lookAtYoung", ends)
        for _ in range(10):
            reaper.watch(1, lambda *_: None)
            clock.advance(reaper.pause)
        while clock.getDelayedCalls():
            clock.advance(reaper.pause)
        gaps = [later - sooner for sooner, later in pairwise(looks)]
        self.assertEqual(set(gaps[4:]), {2})
        reaper.watch(1, lambda *_: None)
        reaper.watch(1, lambda *_: None)
        began = round(clock.seconds() / reaper.pause)
        clock.pump([reaper.pause] * 2)
        self.assertEqual(looks[-1] - began, 2)

    def test_postponed(self) -> None:
        """
        While others are started their ends are left for later, but only for so long.
        """
        clock = Clock()
        reaper = Reaper(clock)
        first = self.watch(reaper, self.dead())
        for _ in range(reaper.postponed):
            self.watch(reaper, self.dead())
            clock.advance(reaper.pause)
            self.assertFalse(first.called)
        self.watch(reaper, self.dead())
        clock.advance(reaper.pause)
        self.assertTrue(first.called)
        self.assertEqual(reaper.pids, frozenset())

    @inlineCallbacks
    def test_notMine(self) -> Any:
        """
        A process that is not this one's child can be waited for as well, though not asked
        how it has ended.
        """
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        parent = self.child(f"sleep 1000 >&- 2>&- & echo $! >/proc/$PPID/fd/{write}")
        pid = int(os.read(read, 100))
        os.close(write)
        os.waitpid(parent, 0)
        done: Deferred[Any] = Deferred()
        Reaper(reactor).watch(pid, lambda *outcome: done.callback(outcome), young=False)
        yield deferLater(reactor, 0.02)
        self.assertFalse(done.called)
        os.kill(pid, signal.SIGKILL)
        status, _ = yield done
        self.assertEqual(status is None, not isSubreaper())

    @inlineCallbacks
    def test_noDescriptor(self) -> Any:
        """
        Where there is no descriptor left it is told all the same.
        """

        def none(*given: object) -> None:
            raise OSError(errno.EMFILE, "told to")

        self.patch(select, "epoll", none)
        reaper = Reaper(reactor)
        reaper.looks = 1
        yield self.old(reaper)

    @inlineCallbacks
    def test_fault(self) -> Any:
        """
        What goes wrong with the end of one does not keep the others from being told.
        """
        reaper = Reaper(reactor)
        told: list[int] = []

        def fail(*outcome: object) -> None:
            told.append(1)
            raise ValueError("told to")

        for _ in range(2):
            reaper.watch(self.child(), fail)
        yield self.watch(reaper, self.child())
        while len(told) < 2:
            yield deferLater(reactor, 0.001)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 2)

    @inlineCallbacks
    def test_faultLater(self) -> Any:
        """
        Nor is it anything to those that are watched, and have ended at the same time.
        """
        reaper = Reaper(reactor)
        told: list[int] = []

        def fail(*outcome: object) -> None:
            told.append(1)
            raise ValueError("told to")

        pids = [self.child("exec sleep 1000") for _ in range(3)]
        for pid in pids[:2]:
            reaper.watch(pid, fail)
        done = self.watch(reaper, pids[2])
        while reaper._young:
            yield deferLater(reactor, 0.001)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        yield done
        self.assertEqual(told, [1, 1])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 2)

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
        reaper = Reaper(reactor)
        yield self.old(reaper)


class ChildSignalTests(TestCase):
    """
    Tests for L{ChildSignal}.
    """

    @inlineCallbacks
    def setUp(self) -> Any:  # type: ignore[override]
        # Twisted's handler is there only while its reactor runs.
        yield deferLater(reactor, 0)
        self.before: Any = signal.getsignal(signal.SIGCHLD)
        self.signal = ChildSignal()
        self.addCleanup(self.signal.restore)

    def test_off(self) -> None:
        """
        Twisted's handler is taken away, and is back in the end.
        """
        self.assertTrue(callable(self.before))
        self.signal.silence()
        self.assertEqual(signal.getsignal(signal.SIGCHLD), signal.SIG_DFL)
        self.signal.yieldToOthers()
        self.assertEqual(signal.getsignal(signal.SIGCHLD), signal.SIG_DFL)
        self.signal.restore()
        self.assertIs(signal.getsignal(signal.SIGCHLD), self.before)

    def test_twice(self) -> None:
        """
        Where somebody else has it off already, it is left to them.
        """
        self.signal.silence()
        other = ChildSignal()
        other.silence()
        other.restore()
        self.assertEqual(signal.getsignal(signal.SIGCHLD), signal.SIG_DFL)

    def test_foreign(self) -> None:
        """
        Anybody else's handler stays, whenever it has come.
        """
        self.addCleanup(signal.signal, signal.SIGCHLD, self.before)

        def handler(number: int, frame: object) -> None:
            """
            Do nothing.
            """

        signal.signal(signal.SIGCHLD, handler)
        self.signal.silence()
        self.assertIs(signal.getsignal(signal.SIGCHLD), handler)
        signal.signal(signal.SIGCHLD, self.before)
        self.signal.silence()
        signal.signal(signal.SIGCHLD, handler)
        self.signal.restore()
        self.assertIs(signal.getsignal(signal.SIGCHLD), handler)

    def test_needed(self) -> None:
        """
        It stays on while Twisted waits for a process.
        """
        self.patch(process, "reapProcessHandlers", {1: None})
        self.signal.silence()
        self.assertIs(signal.getsignal(signal.SIGCHLD), self.before)

    def test_elsewhere(self) -> None:
        """
        In another thread nothing is done, for there nothing can be.
        """
        thread = threading.Thread(target=self.signal.silence)
        thread.start()
        thread.join()
        self.assertIs(signal.getsignal(signal.SIGCHLD), self.before)

    @inlineCallbacks
    def test_others(self) -> Any:
        """
        A process that Twisted starts while it is off is told of its end all the same,
        also if ours live on.
        """
        reaper = Reaper(reactor)
        reaper.looks = 10_000
        ended: Deferred[tuple[Any, Any]] = Deferred()
        pid = os.spawnv(os.P_NOWAIT, "/bin/sleep", ["sleep", "1000"])
        reaper.watch(pid, lambda *outcome: ended.callback(outcome))
        self.assertEqual(signal.getsignal(signal.SIGCHLD), signal.SIG_DFL)
        code = yield getProcessValue("/bin/sh", ("-c", "exit 5"))
        self.assertEqual(code, 5)
        self.assertFalse(ended.called)
        os.kill(pid, signal.SIGKILL)
        yield ended
        yield deferLater(reactor, 0)
        self.assertIs(signal.getsignal(signal.SIGCHLD), self.before)


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

    def withoutClone(self) -> None:
        """
        As where the part in C could not be built.
        """
        self.patch(clone, "isSupported", lambda: False)

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
        Without the clone road all others are started by launchers.
        """
        self.withoutClone()
        self.assertIsInstance(self.spawner.choose(OTHER), LauncherRoad)

    def test_clone(self) -> None:
        """
        Asked for, the clone road is taken for whomever it may lead to, and none for others
        or in a box.
        """
        spawner = Spawner(reactor, road="clone")
        self.addCleanup(spawner.close)
        if not clone.isSupported():
            raise SkipTest("the part in C is not there, or not for this system")
        self.assertIsInstance(spawner.choose(SELF), CloneRoad)
        self.patch(Dumpable, "allows", True)
        self.assertIsInstance(spawner.choose(OTHER), CloneRoad)
        self.patch(Dumpable, "allows", False)
        for identity, box in ((OTHER, NO_BOX), (SELF, Box(nice=1))):
            road = spawner.choose(identity, box)
            self.assertRaises(SpawnError, road.spawnProcess, None, b"/bin/true")

    def test_cloneForOthers(self) -> None:
        """
        Without being asked for it is taken for others as well, where that is safe.
        """
        if not clone.isSupported():
            raise SkipTest("the part in C is not there, or not for this system")
        chosen = []
        for safe in (True, False):
            self.patch(Dumpable, "allows", safe)
            chosen.append(type(self.spawner.choose(OTHER)))
        self.assertEqual(chosen, [HybridRoad, LauncherRoad])

    def test_chosenAnew(self) -> None:
        """
        A road is chosen at the first start, and again when all have been given up.
        """
        chosen: list[tuple[object, ...]] = []

        class Anything:
            """
            A road that leads nowhere.
            """

            def spawnTogether(self, *given: object) -> None:
                """
                Start nothing.
                """

            spawnProcess = spawnTogether

        def choose(*given: object) -> Anything:
            chosen.append(given)
            return Anything()

        self.patch(self.spawner, "choose", choose)
        program = Program(b"/bin/true", (b"true",))
        counts = []
        for start in ("spawnTogether", "spawnProcess"):
            road = self.spawner.forIdentity(SELF)
            for close in (False, False, True):
                if close:
                    self.spawner.close()
                getattr(road, start)(program, ())
                counts.append(len(chosen))
        self.assertEqual(counts, [1, 1, 2, 3, 3, 4])

    def test_asked(self) -> None:
        """
        Another road can be asked for.
        """
        spawner = Spawner(reactor, road="fork")
        self.addCleanup(spawner.close)
        self.assertIsInstance(spawner.choose(SELF), ForkRoad)

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
        self.withoutClone()
        self.addCleanup(signal.signal, signal.SIGUSR2, signal.getsignal(signal.SIGUSR2))
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        self.assertIsInstance(self.spawner.choose(SELF), LauncherRoad)

    def test_blockedSignal(self) -> None:
        """
        Or have one blocked.
        """
        self.withoutClone()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
        self.addCleanup(signal.pthread_sigmask, signal.SIG_SETMASK, before)
        self.assertIsInstance(self.spawner.choose(SELF), LauncherRoad)
