"""
Tests for the roads to a server: the same ones for all of them.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from twisted.internet import defer, error
from twisted.internet.defer import inlineCallbacks
from twisted.internet.interfaces import IReactorProcess
from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest, TestCase
from zope.interface.verify import verifyObject

from tests.process_support import SELF, Pair, Recording, Start, reactor
from txinetd.errors import SpawnError
from txinetd.interfaces import IChild
from txinetd.process import clone
from txinetd.process.clone import CloneRoad
from txinetd.process.direct import DirectRoad, isSupported
from txinetd.process.failures import Failures
from txinetd.process.fork import ForkRoad
from txinetd.process.launchers import LauncherPool, LauncherRoad
from txinetd.process.limits import DescriptorLimit
from txinetd.process.plan import plan
from txinetd.process.reaper import Reaper
from txinetd.process.spawner import Spawner
from txinetd.spec import NO_BOX, Identity, Program

#: What a protocol is told of one that was started with others, in any order.
EVENTS = ["connectionMade", "handedOver", "processEnded", "processExited"]


class HandedOver(Recording):
    """
    Wants to know also when its socket has been handed over; the ways that are not told
    apart from the start do not say.
    """

    def handedOver(self) -> None:
        """
        It has been.
        """
        self.events.append("handedOver")

    def connectionMade(self) -> None:
        """
        At the latest.
        """
        super().connectionMade()
        if "handedOver" not in self.events:
            self.handedOver()


@inlineCallbacks
def untilNone(reaper: Reaper) -> Any:
    """
    Wait until no process is left.
    """
    while reaper.pids:
        yield deferLater(reactor, 0.001)


def cloneRoad(test: TestCase, limit: DescriptorLimit, identity: Identity | None) -> CloneRoad:
    """
    The clone road, for a test.
    """
    if not clone.isSupported():
        raise SkipTest("the part in C is not there, or not for this system")
    reaper, failures = Reaper(reactor), Failures(reactor)
    test.addCleanup(failures.close)
    return CloneRoad(reaper, failures, limit, identity)


if TYPE_CHECKING:
    _Base = TestCase
else:
    # Not to be collected by itself.
    _Base = object


class RoadTests(_Base):
    """
    What every road does.

    @ivar knows: whether a server counts as started only when its program is there.
    """

    knows = True

    def makeRoad(self) -> Any:
        """
        The road.
        """
        raise NotImplementedError

    def running(self) -> frozenset[int]:
        """
        The servers that have not ended, as far as the road knows.
        """
        return self.reaper.pids

    def setUp(self) -> None:
        self.limit = DescriptorLimit()
        self.reaper = Reaper(reactor)
        self.road = self.makeRoad()
        self.pair = Pair()
        self.addCleanup(self.pair.close)

    def spawn(self, script: str, **given: Any) -> Recording:
        """
        Start a shell.
        """
        protocol = Recording()
        number = self.pair.server.fileno()
        given.setdefault("executable", b"/bin/sh")
        given.setdefault("args", (b"sh", b"-c", script.encode()))
        given.setdefault("env", [b"PATH=/bin:/usr/bin"])
        self.road.spawnProcess(protocol, childFDs={0: number, 1: number, 2: number}, **given)
        return protocol

    async def output(self, script: str, **given: Any) -> bytes:
        """
        What a shell writes until it ends.
        """
        protocol = self.spawn(script, **given)
        await protocol.started
        await protocol.ended
        return self.pair.read()

    def test_interface(self) -> None:
        """
        It is a reactor as far as processes go.
        """
        verifyObject(IReactorProcess, self.road)

    @defer.inlineCallbacks
    def test_life(self) -> Any:
        """
        The protocol is told of the start, the exit and the end, in this order.
        """
        protocol = self.spawn("exit 0")
        reason = yield protocol.ended
        self.assertEqual(protocol.events, ["connectionMade", "processExited", "processEnded"])
        self.assertIsInstance(reason, error.ProcessDone)

    @defer.inlineCallbacks
    def test_status(self) -> Any:
        """
        An exit status is told.
        """
        reason = yield self.spawn("exit 7").ended
        self.assertEqual((reason.exitCode, reason.signal), (7, None))

    @defer.inlineCallbacks
    def test_signalled(self) -> Any:
        """
        So is a signal that ended it.
        """
        reason = yield self.spawn("kill -9 $$").ended
        self.assertEqual((reason.exitCode, reason.signal), (None, 9))

    @defer.inlineCallbacks
    def test_signalProcess(self) -> Any:
        """
        A child can be sent signals by name, until it has ended.
        """
        protocol = self.spawn("exec sleep 1000")
        yield protocol.started
        protocol.child.signalProcess("TERM")
        reason = yield protocol.ended
        self.assertEqual(reason.signal, signal.SIGTERM)
        self.assertRaises(error.ProcessExitedAlready, protocol.child.signalProcess, "TERM")

    @defer.inlineCallbacks
    def test_usage(self) -> Any:
        """
        What the child has used is known when it has ended.
        """
        protocol = self.spawn("exit 0")
        yield protocol.ended
        self.assertIsInstance(protocol.child.rusage, resource.struct_rusage)

    @defer.inlineCallbacks
    def test_transport(self) -> Any:
        """
        The child is a process transport.
        """
        protocol = self.spawn("exit 0")
        yield protocol.started
        verifyObject(IChild, protocol.child)
        yield protocol.ended

    @defer.inlineCallbacks
    def test_descriptors(self) -> Any:
        """
        All three standard descriptors are the socket, and there is no other.
        """
        # Inherited by whoever does not look, and in nobody's list.
        extra = os.open("/dev/null", os.O_RDONLY)
        os.set_inheritable(extra, True)
        self.addCleanup(os.close, extra)
        said = yield defer.ensureDeferred(
            self.output("echo out; echo err >&2; echo in >&0; ls /proc/$$/fd")
        )
        self.assertEqual(said, b"out\nerr\nin\n0\n1\n2\n")

    @defer.inlineCallbacks
    def test_lowDescriptor(self) -> Any:
        """
        A socket that is one of the standard descriptors already is no exception.
        """
        saved = os.dup(0)
        os.dup2(self.pair.server.fileno(), 0)
        try:
            protocol = Recording()
            self.road.spawnProcess(
                protocol,
                b"/bin/sh",
                (b"sh", b"-c", b"echo yes; echo err >&2"),
                [],
                childFDs={0: 0, 1: 0, 2: 0},
            )
            yield protocol.started
        finally:
            os.dup2(saved, 0)
            os.close(saved)
        yield protocol.ended
        self.assertEqual(self.pair.read(), b"yes\nerr\n")

    @defer.inlineCallbacks
    def test_argv(self) -> Any:
        """
        The arguments are those given, of any bytes, and argv[0] is free.
        """
        said = yield defer.ensureDeferred(
            self.output("", args=(b"other", b"-c", b'printf %s "$0 $1"', b"\xff", b"a b"))
        )
        self.assertEqual(said, b"\xff a b")

    @defer.inlineCallbacks
    def test_environment(self) -> Any:
        """
        The environment is the one given and nothing else.
        """
        said = yield defer.ensureDeferred(
            self.output("", executable=b"/usr/bin/env", args=(b"env",), env=[b"A=\xff=b"])
        )
        self.assertEqual(said, b"A=\xff=b\n")

    @defer.inlineCallbacks
    def test_descriptorLimit(self) -> Any:
        """
        The soft limit on descriptors is the original one, though this process has
        raised its own.
        """
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        lower = min(soft, 500)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lower, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        self.limit = DescriptorLimit()
        self.road = self.makeRoad()
        self.limit.raiseToHard()
        self.addCleanup(self.limit.restore)
        said = yield defer.ensureDeferred(self.output("ulimit -Sn"))
        self.assertEqual(said, b"%d\n" % lower)
        self.assertEqual(resource.getrlimit(resource.RLIMIT_NOFILE), (hard, hard))

    @defer.inlineCallbacks
    def failure(self, **given: Any) -> Any:
        """
        The error of a child that cannot be started.
        """
        try:
            protocol = self.spawn("", **given)
        except SpawnError as raised:
            return raised
        reason = yield protocol.ended
        self.assertEqual("connectionMade" in protocol.events, not self.knows)
        return reason

    @defer.inlineCallbacks
    def test_missing(self) -> Any:
        """
        A program that is not there is told by step and error, and the client gets
        not one byte.
        """
        raised = yield self.failure(executable=b"/nonexistent")
        self.assertEqual((raised.step, raised.errno), ("exec", errno.ENOENT))
        self.assertEqual(self.pair.read(), b"")

    @defer.inlineCallbacks
    def test_noProgram(self) -> Any:
        """
        So is a file that is no program.
        """
        with tempfile.NamedTemporaryFile() as file:
            os.chmod(file.name, 0o755)
            file.write(b"\0")
            file.flush()
            # A file that somebody writes to cannot be run at all.
            with open(file.name + ".copy", "wb") as copy:
                copy.write(b"\x7fELF")
            self.addCleanup(os.unlink, file.name + ".copy")
            os.chmod(file.name + ".copy", 0o755)
            raised = yield self.failure(executable=os.fsencode(file.name + ".copy"))
        self.assertEqual((raised.step, raised.errno), ("exec", errno.ENOEXEC))
        self.assertEqual(self.pair.read(), b"")

    @defer.inlineCallbacks
    def test_missingDirectory(self) -> Any:
        """
        So is a directory that is not there.
        """
        raised = yield self.failure(path=b"/nonexistent")
        self.assertEqual((raised.step, raised.errno), ("chdir", errno.ENOENT))
        self.assertEqual(self.pair.read(), b"")

    @defer.inlineCallbacks
    def test_closed(self) -> Any:
        """
        So is a socket that is closed already: no server gets another's.
        """
        self.pair.server.close()
        raised = yield self.failure()
        self.assertEqual(raised.errno, errno.EBADF)

    @defer.inlineCallbacks
    def test_afterFailure(self) -> Any:
        """
        After a failure the next child starts as ever.
        """
        yield self.failure(executable=b"/nonexistent")
        said = yield defer.ensureDeferred(self.output("echo fine"))
        self.assertEqual(said, b"fine\n")

    def together(self, *scripts: bytes) -> list[Start]:
        """
        Start several at once.
        """
        starts = [
            Start(self.pair.server.fileno(), [b"SAY=" + each], HandedOver()) for each in scripts
        ]
        program = Program(b"/bin/sh", (b"sh", b"-c", b"echo $SAY; exit 4"))
        self.road.spawnTogether(program, starts)
        return starts

    @defer.inlineCallbacks
    def test_together(self) -> Any:
        """
        Several can be started at once, each with what is its own, and each is told of
        its start, of the hand-over and of its end.
        """
        starts = self.together(b"one", b"two", b"three")
        for start in starts:
            reason = yield start.protocol.ended
            self.assertEqual(reason.exitCode, 4)
            self.assertEqual(sorted(start.protocol.events), EVENTS)
        self.assertEqual(sorted(self.pair.read().split()), [b"one", b"three", b"two"])

    @defer.inlineCallbacks
    def test_togetherMissing(self) -> Any:
        """
        Where the first cannot be started, those that follow can be by another call, and
        the client gets not one byte of it.
        """
        taken: list[Start] = []

        def starts() -> Iterator[Start]:
            while len(taken) < 3:
                taken.append(Start(self.pair.server.fileno(), [], HandedOver()))
                yield taken[-1]

        program = Program(b"/nonexistent", (b"nothing",))
        reasons: list[Any] = []
        while len(taken) < 3:
            try:
                self.road.spawnTogether(program, starts())
            except SpawnError as raised:
                taken[-1].protocol.ended.callback(raised)
        for start in taken:
            reasons.append((yield start.protocol.ended))
        self.assertEqual([(each.step, each.errno) for each in reasons], [("exec", 2)] * 3)
        self.assertEqual(self.pair.read(), b"")

    @defer.inlineCallbacks
    def test_nothingLeft(self) -> Any:
        """
        Children leave no descriptor behind.
        """
        yield self.spawn("exit 0").ended
        while self.reaper._young:
            # A launcher, which is a child of this process: it is to have a descriptor soon.
            yield deferLater(reactor, 0.001)
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(5):
            yield self.spawn("exit 0").ended
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)
        self.assertEqual(self.running(), frozenset())


class DirectTests(RoadTests, TestCase):
    """
    The direct road.
    """

    def makeRoad(self) -> DirectRoad:
        """
        The direct road.
        """
        if not isSupported():
            raise SkipTest("this system or interpreter has no direct road")
        road = DirectRoad(self.reaper, self.limit)
        self.addCleanup(road.close)
        return road


class CloneTests(RoadTests, TestCase):
    """
    The clone road.
    """

    knows = False

    def makeRoad(self) -> CloneRoad:
        """
        The clone road.
        """
        road = cloneRoad(self, self.limit, None)
        self.reaper = road.reaper
        return road


class SharingCloneTests(CloneTests):
    """
    The clone road where there are very many descriptors.
    """

    def setUp(self) -> None:
        super().setUp()
        self.patch(clone, "LARGE", 0)


class ForkTests(RoadTests, TestCase):
    """
    The fork road.
    """

    identity = SELF

    def makeRoad(self) -> ForkRoad:
        """
        The fork road.
        """
        return ForkRoad(
            reactor, self.reaper, lambda: plan(self.identity, NO_BOX, self.limit.original)
        )


class LauncherTests(RoadTests, TestCase):
    """
    The launcher road.
    """

    identity = SELF

    def makeRoad(self) -> LauncherRoad:
        """
        The launcher road.
        """
        if not isSupported():
            raise SkipTest("this system or interpreter has no launchers")
        spawner = Spawner(reactor, descriptorLimit=self.limit, road="launcher")
        self.reaper = spawner.reaper
        road = spawner.choose(self.identity)
        self.addCleanup(self.finish, spawner)
        assert isinstance(road, LauncherRoad)
        return road

    def running(self) -> frozenset[int]:
        """
        The launchers themselves do not count.
        """
        pool: LauncherPool = self.road.pool
        return pool.pids

    @inlineCallbacks
    def finish(self, spawner: Spawner) -> Any:
        """
        Wait until the launchers have gone.
        """
        spawner.close()
        yield untilNone(spawner.reaper)


class SwitchTests(_Base):
    """
    What every road does that leads to another user.
    """

    def setUp(self) -> None:
        if os.geteuid() != 0:
            raise SkipTest("only root can become another user")
        self.pair = Pair()
        self.addCleanup(self.pair.close)

    def makeRoad(self, identity: Identity) -> Any:
        """
        The road.
        """
        raise NotImplementedError

    def start(self, identity: Identity, script: str) -> Recording:
        """
        Start a shell as somebody.
        """
        road = self.makeRoad(identity)
        protocol = Recording()
        number = self.pair.server.fileno()
        road.spawnProcess(
            protocol,
            b"/bin/sh",
            (b"sh", b"-c", script.encode()),
            [b"PATH=/bin:/usr/bin"],
            childFDs={0: number, 1: number, 2: number},
        )
        return protocol

    @defer.inlineCallbacks
    def test_identity(self) -> Any:
        """
        Real, effective and saved ids, and the groups, are those asked for.
        """
        yield self.start(
            Identity("x", 60001, 60002, (60002, 60003)),
            "grep -E '^(Uid|Gid|Groups):' /proc/$$/status | xargs",
        ).ended
        ids = " ".join(["60001"] * 4), " ".join(["60002"] * 4)
        self.assertEqual(
            self.pair.read().decode().strip(), f"Uid: {ids[0]} Gid: {ids[1]} Groups: 60002 60003"
        )

    @defer.inlineCallbacks
    def test_rootStaysRoot(self) -> Any:
        """
        A server for root runs as root.
        """
        yield self.start(Identity("root", 0, 0, (0,)), "id -u").ended
        self.assertEqual(self.pair.read(), b"0\n")

    @defer.inlineCallbacks
    def test_impossible(self) -> Any:
        """
        Where an identity cannot be had, nothing is run, the step is told, and the
        client gets not one byte.
        """
        protocol = self.start(Identity("x", 2**32 - 2, 60002, tuple(range(70_000))), "id -u")
        reason = yield protocol.ended
        self.assertEqual(reason.step, "setgroups")
        self.assertEqual(self.pair.read(), b"")


class ForkSwitchTests(SwitchTests, TestCase):
    """
    The fork road to another user.
    """

    def makeRoad(self, identity: Identity) -> ForkRoad:
        """
        The fork road.
        """
        return ForkRoad(reactor, Reaper(reactor), lambda: plan(identity, NO_BOX, None))


class CloneSwitchTests(SwitchTests, TestCase):
    """
    The clone road to another user.
    """

    def makeRoad(self, identity: Identity) -> CloneRoad:
        """
        The clone road.
        """
        return cloneRoad(self, DescriptorLimit(), identity)
