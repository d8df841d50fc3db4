"""
Tests for L{txinetd.process.launchers} and what runs in a launcher.
"""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path
from typing import Any

from twisted.internet.defer import inlineCallbacks
from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest, TestCase

from tests.process_support import SELF, Pair, Recording, reactor
from txinetd.errors import SpawnError
from txinetd.process.channel import Launcher
from txinetd.process.launch.vfork import isSupported
from txinetd.process.launchers import LauncherPool, LauncherRoad
from txinetd.process.limits import DescriptorLimit
from txinetd.process.orphans import becomeSubreaper, isSubreaper
from txinetd.process.spawner import Spawner
from txinetd.spec import NO_BOX, Box, Identity


class LauncherTestCase(TestCase):
    """
    Starts servers by way of launchers.
    """

    def setUp(self) -> None:
        if not isSupported():
            raise SkipTest("this system or interpreter has no launchers")
        self.spawner = Spawner(reactor, road="launcher")
        self.pairs: list[Pair] = []
        self.addCleanup(self.finish)

    @inlineCallbacks
    def finish(self) -> Any:
        """
        Let the launchers go, and wait until they have.
        """
        self.spawner.close()
        for pair in self.pairs:
            pair.close()
        while self.spawner.reaper.pids:
            yield deferLater(reactor, 0.001)

    def road(self, identity: Identity = SELF, box: Box = NO_BOX) -> LauncherRoad:
        """
        The road of an identity and a box.
        """
        road = self.spawner.choose(identity, box)
        assert isinstance(road, LauncherRoad)
        return road

    def spawn(self, road: LauncherRoad, script: str) -> Recording:
        """
        Start a shell.
        """
        pair = Pair()
        self.pairs.append(pair)
        protocol = Recording()
        number = pair.server.fileno()
        road.spawnProcess(
            protocol,
            b"/bin/sh",
            (b"sh", b"-c", script.encode()),
            [b"PATH=/bin:/usr/bin"],
            childFDs={0: number, 1: number, 2: number},
        )
        return protocol

    def subreaper(self) -> bool:
        """
        Have this process adopt orphans until the test is over.

        @return: whether it does.
        """
        self.addCleanup(becomeSubreaper, isSubreaper())
        return becomeSubreaper()

    def launcher(self, pool: LauncherPool) -> int:
        """
        The process id of the only launcher.
        """
        (pid,) = pool.launcherPids
        return pid


class LifeTests(LauncherTestCase):
    """
    Launchers come and go.
    """

    @inlineCallbacks
    def test_again(self) -> Any:
        """
        One launcher starts server after server.
        """
        road = self.road()
        yield self.spawn(road, "exit 0").ended
        first = self.launcher(road.pool)
        yield self.spawn(road, "exit 0").ended
        self.assertEqual(self.launcher(road.pool), first)

    @inlineCallbacks
    def test_shared(self) -> Any:
        """
        Services of one identity share it, also if their masks and directories
        differ.
        """
        one, two = self.road(), self.road(box=Box(umask=0o77, directory=b"/tmp"))
        self.assertIs(one.pool, two.pool)
        self.assertIsNot(one.pool, self.road(box=Box(noNewPrivileges=True)).pool)
        yield None

    @inlineCallbacks
    def test_more(self) -> Any:
        """
        Where there is much to do there is more than one, and every request is
        answered once.
        """
        road = self.road()
        road.pool._many = 2
        protocols = [self.spawn(road, "exit 0") for _ in range(40)]
        self.assertEqual(len(road.pool.launcherPids), 2)
        for protocol in protocols:
            yield protocol.ended
        names = ["connectionMade", "processExited", "processEnded"]
        self.assertEqual({tuple(each.events) for each in protocols}, {tuple(names)})

    @inlineCallbacks
    def test_beginning(self) -> Any:
        """
        Nobody waits for one that begins where another is there.
        """
        road = self.road()
        road.pool._many = 2
        yield self.spawn(road, "exit 0").ended
        (first,) = road.pool._launchers
        for _ in range(road.pool.crowd + 1):
            last = self.spawn(road, "exit 0")
        self.assertEqual(len(road.pool._launchers), 2)
        second = road.pool._launchers[1]
        self.assertEqual((len(first), len(second)), (road.pool.crowd + 1, 0))
        while not second.ready:
            yield deferLater(reactor, 0.001)
        yield last.ended
        self.spawn(road, "exit 0")
        yield self.spawn(road, "exit 0").ended
        self.assertEqual(len(road.pool._launchers), 2)

    @inlineCallbacks
    def test_oneBegins(self) -> Any:
        """
        However many come, one begins after the other.
        """
        road = self.road()
        road.pool._many = 50
        yield self.spawn(road, "exit 0").ended
        protocols = [self.spawn(road, "exit 0") for _ in range(30)]
        self.assertEqual(len(road.pool._launchers), 2)
        for protocol in protocols:
            yield protocol.ended

    @inlineCallbacks
    def test_warmInVain(self) -> Any:
        """
        One that has begun for nobody is let go like any other.
        """
        pool = self.road().pool
        pool.rest = 0.01
        pool.warmUp()
        while pool.launcherPids:
            yield deferLater(reactor, 0.001)

    @inlineCallbacks
    def test_warm(self) -> Any:
        """
        The first begins when it is asked whether one is there.
        """
        pool = self.road().pool
        self.assertFalse(pool.warmUp())
        while not pool.warmUp():
            yield deferLater(reactor, 0.001)
        first = self.launcher(pool)
        os.kill(first, signal.SIGKILL)
        while pool.launcherPids:
            yield deferLater(reactor, 0.001)
        # One that had been ready is replaced at once, one that does not come so far is not.
        self.patch(pool, "start", lambda _: os.spawnv(os.P_NOWAIT, "/bin/false", ["false"]))
        pool.warmUp()
        self.assertEqual(len(pool.launcherPids), 1)
        while pool.launcherPids:
            yield deferLater(reactor, 0.001)
        pool.warmUp()
        self.assertEqual(pool.launcherPids, ())

    @inlineCallbacks
    def test_large(self) -> Any:
        """
        One that has many servers is replaced where its servers can be adopted; they
        are looked after all the same.
        """
        adopted = self.subreaper()
        road = self.road()
        road.pool.family = 2
        protocols = [self.spawn(road, "read word; exit 5") for _ in range(2)]
        for protocol in protocols:
            yield protocol.started
        first = self.launcher(road.pool) if not adopted else None
        while adopted and (len(road.pool.launcherPids) != 1 or road.pool._retiring):
            yield deferLater(reactor, 0.001)
        second = self.spawn(road, "exit 0")
        yield second.ended
        if not adopted:
            self.assertEqual(self.launcher(road.pool), first)
        for pair in self.pairs:
            pair.client.sendall(b"go\n")
        for protocol in protocols:
            ended = yield protocol.ended
            self.assertEqual(ended.exitCode, 5)

    @inlineCallbacks
    def test_tooMuch(self) -> Any:
        """
        Where there is too much, it is said, and nothing is kept.
        """
        road = self.road()
        road.pool.most = 3
        protocols = [self.spawn(road, "exit 0") for _ in range(3)]
        raised = self.assertRaises(SpawnError, self.spawn, road, "exit 0")
        self.assertEqual((raised.step, raised.errno), ("channel", 0))
        for protocol in protocols:
            yield protocol.ended
        yield self.spawn(road, "exit 0").ended

    @inlineCallbacks
    def test_old(self) -> Any:
        """
        Servers that live on are watched, and their ends told, as are those that end at
        once.
        """
        road = self.road()
        protocols = [self.spawn(road, "read word; exit 5") for _ in range(3)]
        for protocol in protocols:
            yield protocol.started
        pid = self.launcher(road.pool)
        watched = Path(f"/proc/{pid}/fd")
        while os.geteuid() == 0 and sum(
            "pidfd" in os.readlink(each) for each in watched.iterdir()
        ) < len(protocols):
            yield deferLater(reactor, 0.001)
        yield self.spawn(road, "exit 0").ended
        for pair in self.pairs[:3]:
            pair.client.sendall(b"go\n")
        for protocol in protocols:
            ended = yield protocol.ended
            self.assertEqual(ended.exitCode, 5)

    @inlineCallbacks
    def test_descriptors(self) -> Any:
        """
        A launcher has as few descriptors as its servers may have for as long as that
        does, and as many as it may have where it needs them.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root may look into a launcher")
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        for few, enough in ((1024, True), (100, False)):
            resource.setrlimit(resource.RLIMIT_NOFILE, (few, hard))
            self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
            spawner = Spawner(reactor, road="launcher", descriptorLimit=DescriptorLimit())
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            road = spawner.choose(SELF)
            assert isinstance(road, LauncherRoad)
            protocol = self.spawn(road, "ulimit -Sn; ulimit -Hn")
            yield protocol.ended
            self.assertEqual(self.pairs[-1].read(), b"%d\n%d\n" % (few, hard))
            limit = resource.prlimit(self.launcher(road.pool), resource.RLIMIT_NOFILE)
            self.assertEqual(limit, (few if enough else hard, hard))
            spawner.close()
            while spawner.reaper.pids:
                yield deferLater(reactor, 0.001)

    @inlineCallbacks
    def test_idle(self) -> Any:
        """
        One that has nothing to do for long is let go, but not while its servers
        run.
        """
        road = self.road()
        road.pool.rest = 0.01
        long = self.spawn(road, "exec sleep 1000")
        yield long.started
        yield self.spawn(road, "exit 0").ended
        road.pool.idle()
        yield deferLater(reactor, 0.05)
        self.assertEqual(len(road.pool.launcherPids), 1)
        long.child.signalProcess("KILL")
        yield long.ended
        while road.pool.launcherPids:
            yield deferLater(reactor, 0.001)

    @inlineCallbacks
    def test_small(self) -> Any:
        """
        It holds nothing but what it works with, runs alone in its session, and
        cannot be looked into by its user.
        """
        road = self.road()
        yield self.spawn(road, "exit 0").ended
        pid = self.launcher(road.pool)
        self.assertEqual(os.getsid(pid), pid)
        self.assertEqual(Path(f"/proc/{pid}/fd").stat().st_uid, 0)
        if os.geteuid() != 0:
            # Nor, then, by this test.
            self.assertRaises(PermissionError, os.listdir, f"/proc/{pid}/fd")
            return
        links = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()]
        self.assertEqual(
            sorted(link.partition(":")[0] for link in links),
            ["/dev/null"] * 3 + ["/memfd", "anon_inode", "pipe", "pipe", "socket"],
        )


class DeathTests(LauncherTestCase):
    """
    Launchers that die or get stuck.
    """

    @inlineCallbacks
    def test_killed(self) -> Any:
        """
        When one is killed, another starts the next server.
        """
        road = self.road()
        yield self.spawn(road, "exit 0").ended
        first = self.launcher(road.pool)
        os.kill(first, signal.SIGKILL)
        while road.pool.launcherPids:
            yield deferLater(reactor, 0.001)
        yield self.spawn(road, "exit 0").ended
        self.assertNotEqual(self.launcher(road.pool), first)

    @inlineCallbacks
    def test_notBegun(self) -> Any:
        """
        What it had not begun is begun by another, and every server is started
        once.
        """
        road = self.road()
        yield self.spawn(road, "exit 0").ended
        os.kill(self.launcher(road.pool), signal.SIGSTOP)
        protocols = [self.spawn(road, "exit 3") for _ in range(5)]
        # Into its channel, where it will not look any more.
        yield deferLater(reactor, 0.01)
        os.kill(self.launcher(road.pool), signal.SIGKILL)
        for protocol in protocols:
            reason: Any = yield protocol.ended
            self.assertEqual(reason.exitCode, 3)
            self.assertEqual(protocol.events.count("connectionMade"), 1)

    @inlineCallbacks
    def test_stuck(self) -> Any:
        """
        One that does not answer is replaced.
        """
        self.patch(Launcher, "patience", 0.3)
        road = self.road()
        yield self.spawn(road, "exit 0").ended
        stuck = self.launcher(road.pool)
        os.kill(stuck, signal.SIGSTOP)
        yield self.spawn(road, "exit 0").ended
        self.assertNotEqual(self.launcher(road.pool), stuck)

    @inlineCallbacks
    def test_begun(self) -> Any:
        """
        What it had begun and not finished is told as lost.
        """
        road = self.road()
        yield self.spawn(road, "exit 0").ended
        (launcher,) = road.pool._launchers
        os.kill(self.launcher(road.pool), signal.SIGSTOP)
        protocol = self.spawn(road, "exit 0")
        yield deferLater(reactor, 0.01)
        # As if it had been stopped a moment later.
        number = launcher._number
        launcher._page[0:8] = number.to_bytes(8, "little")
        os.kill(self.launcher(road.pool), signal.SIGKILL)
        reason: Any = yield protocol.ended
        self.assertIsInstance(reason, SpawnError)
        self.assertEqual(reason.step, "launcher-lost")

    @inlineCallbacks
    def test_orphans(self) -> Any:
        """
        The servers of one that has died are looked after until they end.
        """
        road = self.road()
        protocol = self.spawn(road, "exec sleep 1000")
        yield protocol.started
        pid = protocol.child.pid
        os.kill(self.launcher(road.pool), signal.SIGKILL)
        while road.pool.launcherPids:
            yield deferLater(reactor, 0.001)
        self.assertEqual(protocol.events, ["connectionMade"])
        protocol.child.signalProcess("KILL")
        yield protocol.ended
        self.assertIsNotNone(pid)

    @inlineCallbacks
    def test_unable(self) -> Any:
        """
        If it cannot become what it should, no server is started, and the step is
        told.
        """
        road = self.road(box=Box(chroot=b"/nonexistent"))
        protocols = [self.spawn(road, "exit 0") for _ in range(3)]
        for protocol in protocols:
            reason: Any = yield protocol.ended
            self.assertIsInstance(reason, SpawnError)
            self.assertEqual(reason.step, "chroot")
            self.assertNotIn("connectionMade", protocol.events)
