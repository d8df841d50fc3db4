"""
Tests for L{txinetd.process.clone}, besides what every road does.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from twisted.internet import defer
from twisted.internet.error import ConnectionLost, ProcessDone
from twisted.internet.task import Clock, deferLater
from twisted.internet.testing import MemoryReactor
from twisted.python.failure import Failure
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase

from tests.process_support import Pair, Recording, Start, reactor
from txinetd.errors import SpawnError
from txinetd.process import clone
from txinetd.process.clone import CloneRoad
from txinetd.process.dumpable import Dumpable
from txinetd.process.failures import RESERVED, STEPS, Failures
from txinetd.process.limits import DescriptorLimit
from txinetd.process.reaper import Reaper
from txinetd.spec import Identity, Program

#: Stays who this process is, with the usual mask.
STAY = (0o022, 0, 0, 0, 0, None)


def needClone() -> Any:
    """
    The part in C; skips where it is not there.
    """
    if not clone.isSupported():
        raise SkipTest("the part in C is not there, or not for this system")
    from txinetd.process import _clone

    return _clone


class SupportTests(SynchronousTestCase):
    """
    Where it can be used.
    """

    def test_notBuilt(self) -> None:
        """
        Without the part in C it is not.
        """
        self.patch(clone, "_clone", None)
        self.patch(clone, "_supported", None)
        self.assertFalse(clone.isSupported())

    def test_setting(self) -> None:
        """
        For other users only root may, and only as long as nobody may look into a process that
        has switched.
        """
        needClone()
        path = Path(self.mktemp())
        setting = Dumpable(str(path))
        self.addCleanup(setting.close)
        self.assertFalse(setting.allows)
        for text in ("1\n", "2\n", "", "yes", "0", "00", "0 ", "00\n", "0\n0", "10\n", "\n0"):
            path.write_text(text)
            self.assertFalse(setting.allows, text)
        path.write_text("0\n")
        self.assertEqual(setting.allows, os.geteuid() == 0)

    def test_unreadable(self) -> None:
        """
        What cannot be read is a no.
        """
        part = needClone()
        read, write = os.pipe()
        os.close(write)
        found = [part.isKeptFromUsers(number) for number in (read, -1)]
        os.close(read)
        self.assertEqual([*found, part.isKeptFromUsers(read)], [False] * 3)

    def test_ordinary(self) -> None:
        """
        Who is not root now, though he may become so again, may not.
        """
        part = needClone()
        if os.geteuid() != 0:
            raise SkipTest("only root can become another user")
        path = Path(self.mktemp())
        path.write_text("0\n")
        with path.open("rb") as file:
            found = [part.isKeptFromUsers(file.fileno())]
            os.seteuid(60001)
            try:
                found.append(part.isKeptFromUsers(file.fileno()))
            finally:
                os.seteuid(0)
        self.assertEqual(found, [True, False])


class StartTests(SynchronousTestCase):
    """
    Tests for the part in C.
    """

    def setUp(self) -> None:
        self.clone = needClone()
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pair = Pair()
        for each in (self.ours, self.theirs, self.pair):
            self.addCleanup(each.close)

    def start(
        self,
        executable: bytes = b"/bin/sh",
        argv: Any = (b"sh", b"-c", b"exit 3"),
        environment: Any = (),
        directory: bytes = b"/",
        descriptor: int | None = None,
        terms: Any = STAY,
        reserved: int = -1,
    ) -> int:
        """
        Start something.
        """
        number = self.pair.server.fileno() if descriptor is None else descriptor
        pid: int = self.clone.start(
            executable, argv, environment, directory, number, terms, self.theirs.fileno(), reserved
        )
        return pid

    def test_started(self) -> None:
        """
        It is a child of this process that can be waited for as any other.
        """
        _, status = os.waitpid(self.start(), 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 3)

    def test_wrong(self) -> None:
        """
        What cannot be passed on is refused, and nothing is started.
        """
        wrong: list[tuple[type[Exception], dict[str, Any]]] = [
            (ValueError, {"executable": b"/bin/\0"}),
            (ValueError, {"directory": b"/\0"}),
            (ValueError, {"argv": (b"a\0b",)}),
            (ValueError, {"environment": [b"A=\0"]}),
            (ValueError, {"descriptor": -1}),
            (ValueError, {"reserved": 2}),
            (TypeError, {"argv": ("text",)}),
            (TypeError, {"argv": 5}),
            (TypeError, {"environment": [None]}),
            (TypeError, {"terms": (0, 0)}),
            (TypeError, {"terms": (*STAY[:5], "groups")}),
        ]
        for error, given in wrong:
            self.assertRaises(error, self.start, **given)
        self.assertEqual(self.clone.present(1000), 0)

    def test_references(self) -> None:
        """
        What it has been given is kept no longer than it is needed.
        """
        word = b"A=" + os.urandom(8).hex().encode()
        before = sys.getrefcount(word)
        for argv in ((b"sh", b"-c", b""), (word, b"\0")):
            with contextlib.suppress(ValueError):
                os.waitpid(self.start(argv=argv, environment=[word]), 0)
        del argv
        self.assertEqual(self.clone.present(1000), 0)
        self.assertEqual(sys.getrefcount(word), before)

    def masks(self, status: str) -> dict[str, int]:
        """
        What proc(5) says of a process's signals.
        """
        lines = dict(line.split(":", 1) for line in status.splitlines())
        return {name: int(lines[name], 16) for name in ("SigPnd", "SigBlk", "SigIgn", "SigCgt")}

    def signals(self, clearing: bool) -> None:
        """
        No signal is ignored or blocked in a new process, whichever are here; and here nothing
        changes.
        """
        handler = signal.getsignal(signal.SIGUSR1)
        self.addCleanup(signal.signal, signal.SIGUSR2, signal.getsignal(signal.SIGUSR2))
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2, signal.SIGTERM])
        self.addCleanup(signal.pthread_sigmask, signal.SIG_SETMASK, before)
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        python = os.fsencode(sys.executable)
        self.addCleanup(self.clone.isSupported, python, True)
        self.assertTrue(self.clone.isSupported(python, clearing))
        if self.clone.clearsHandlers() != clearing:
            raise SkipTest("the system does not permit it")
        # Nor does it have handlers, which the program could not tell: they would run in the
        # memory of this process.
        pid = self.stuck()
        found = {"SigBlk": -1}
        while found["SigBlk"]:
            time.sleep(0.001)
            found = self.masks(Path(f"/proc/{pid}/status").read_text())
        self.unstick(pid)
        none = dict.fromkeys(("SigPnd", "SigBlk", "SigIgn", "SigCgt"), 0)
        self.assertEqual(found, none)
        os.waitpid(self.start(b"/bin/cat", (b"cat", b"/proc/self/status")), 0)
        self.assertEqual(self.masks(self.pair.read().decode()), none)
        self.assertEqual(signal.pthread_sigmask(signal.SIG_BLOCK, ()), blocked)
        self.assertEqual(
            [signal.getsignal(each) for each in (signal.SIGUSR1, signal.SIGUSR2)],
            [handler, signal.SIG_IGN],
        )

    def test_signals(self) -> None:
        """
        So it is where the system takes their handlers away.
        """
        self.signals(clearing=True)

    def test_signalsOneByOne(self) -> None:
        """
        And where that has to be done one by one.
        """
        self.signals(clearing=False)

    def test_ignoredLater(self) -> None:
        """
        A signal that begins to be ignored while processes are started all the time is known
        soon.
        """
        self.addCleanup(signal.signal, signal.SIGUSR2, signal.getsignal(signal.SIGUSR2))
        os.waitpid(self.start(), 0)
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        command = (b"sh", b"-c", b"kill -USR2 $$; exit 3")
        status, deadline = 0, time.monotonic() + 30
        while not os.WIFSIGNALED(status) and time.monotonic() < deadline:
            _, status = os.waitpid(self.start(argv=command), 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), -signal.SIGUSR2)

    def test_reserved(self) -> None:
        """
        Where the table of descriptors is shared at first, a number that is reserved for that
        stands for the server's until it is released, and nothing else changes here.
        """
        number = os.dup(self.theirs.fileno())
        self.addCleanup(os.close, number)
        before = [os.fstat(each).st_ino for each in (0, 1, 2, number)]
        pid = self.start(argv=(b"sh", b"-c", b"read word; ls /proc/$$/fd"), reserved=number)
        held = os.fstat(number).st_ino
        self.clone.release()
        self.assertEqual(held, os.fstat(self.pair.server.fileno()).st_ino)
        self.assertEqual([os.fstat(each).st_ino for each in (0, 1, 2, number)], before)
        self.assertFalse(os.get_inheritable(number))
        self.pair.client.send(b"go\n")
        os.waitpid(pid, 0)
        self.assertEqual(self.pair.read(), b"0\n1\n2\n")

    def test_cannot(self) -> None:
        """
        A process that cannot become its program says which one it is, at which step it has
        failed and why, and gives its socket back.
        """
        pid = self.start(b"/nonexistent")
        data, ancillary, _, _ = self.ours.recvmsg(100, 100)
        failed, step, error = struct.unpack("=iii", data)
        self.assertEqual((failed, STEPS[step], error), (pid, "exec", 2))
        ((_, _, passed),) = ancillary
        with socket.socket(fileno=struct.unpack("=i", passed[:4])[0]) as back:
            self.assertEqual(
                os.fstat(back.fileno()).st_ino, os.fstat(self.pair.server.fileno()).st_ino
            )
        _, status = os.waitpid(pid, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), self.clone.NOT_STARTED)

    def test_many(self) -> None:
        """
        There are never more than so many on their way; one more is not started, and it can
        be started when they have gone.
        """
        # They fail, and nobody listens to them: most of them have to wait with that.
        self.theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        pids = []
        while pid := self.start(b"/nonexistent"):
            pids.append(pid)
        self.assertEqual(self.clone.present(1000), self.clone.MOST)
        for _ in pids:
            self.ours.recv(100)
        for pid in pids:
            os.waitpid(pid, 0)
        self.assertEqual(self.clone.present(1000), 0)
        os.waitpid(self.start(), 0)

    def stuck(self, terms: Any = STAY) -> int:
        """
        Start something that cannot become its program, and cannot say so either.
        """
        with contextlib.suppress(BlockingIOError):
            while True:
                self.theirs.send(b"x" * 1000, socket.MSG_DONTWAIT)
        return self.start(b"/nonexistent", terms=terms)

    def unstick(self, pid: int) -> None:
        """
        Let it end.
        """
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def test_waitsNoLonger(self) -> None:
        """
        One waits for no longer than one has said.
        """
        pid = self.stuck()
        self.clone.waitForLast(1000)
        self.assertEqual(self.clone.present(1000), 1)
        self.unstick(pid)

    def test_endsOlder(self) -> None:
        """
        Whoever does not become its program for so long, for whatever reason, is ended.
        """
        pid = self.stuck()
        self.assertEqual((self.clone.present(1000), os.waitpid(pid, os.WNOHANG)), (1, (0, 0)))
        self.clone.present(0)
        _, status = os.waitpid(pid, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), -signal.SIGKILL)

    def test_nobodyLooksIntoIt(self) -> None:
        """
        A process that is somebody's already, and has this one's memory still, cannot be looked
        into by him.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root can become another user")
        uid = 60001
        pid = self.stuck((0o022, 0, 0, uid, uid, struct.pack("=I", uid)))
        while (
            os.stat(f"/proc/{pid}/stat").st_uid != 0
            or f"Uid:\t{uid}" not in Path(f"/proc/{pid}/status").read_text()
        ):
            time.sleep(0.001)
        said = {}
        for name in ("status", "mem", "environ", "maps"):
            done = subprocess.run(
                ["/bin/dd", f"if=/proc/{pid}/{name}", "of=/dev/null", "count=1"],
                user=uid,
                group=uid,
                extra_groups=[],
                env={"LC_ALL": "C"},
                capture_output=True,
                check=False,
            )
            said[name] = b"Permission denied" in done.stderr
        self.unstick(pid)
        self.assertEqual(said, {"status": False, "mem": True, "environ": True, "maps": True})

    def test_waitForLast(self) -> None:
        """
        One can wait until the last one is its program.
        """
        pid = self.start(argv=(b"sh", b"-c", b"read word"))
        self.clone.waitForLast(30_000_000_000)
        self.assertEqual(self.clone.present(1000), 0)
        self.assertTrue(os.path.samefile(f"/proc/{pid}/exe", "/bin/sh"))
        self.pair.client.send(b"\n")
        os.waitpid(pid, 0)


class Receiving(Recording):
    """
    Takes its socket back.
    """

    back = b""

    def handedBack(self, descriptor: int) -> None:
        """
        Say so on it.
        """
        with socket.socket(fileno=descriptor) as sock:
            sock.send(b"back")


class SafetyTests(SynchronousTestCase):
    """
    Tests of when L{CloneRoad} starts servers of another user.
    """

    def setUp(self) -> None:
        self.patch(needClone(), "start", lambda *_: 1)
        self.patch(Dumpable, "allows", False)
        failures = Failures(MemoryReactor())
        self.addCleanup(failures.close)
        other = Identity("x", 60001, 60001, (60001,))
        self.road = CloneRoad(Reaper(Clock()), failures, DescriptorLimit(), other)

    def start(self) -> None:
        """
        Start one.
        """
        self.road.spawnProcess(Recording(), b"/bin/true", (b"true",), childFDs={0: 0, 1: 0, 2: 0})

    def assertRefused(self) -> None:
        """
        None is started.
        """
        self.assertEqual(self.assertRaises(SpawnError, self.start).errno, errno.EPERM)

    def test_unasked(self) -> None:
        """
        Not where it is not safe, whether or not somebody has asked for that.
        """
        self.assertRefused()
        self.assertTrue(self.road.isBarred)
        self.assertRefused()

    def test_once(self) -> None:
        """
        That somebody has asked is good for one time.
        """
        self.patch(Dumpable, "allows", True)
        self.assertFalse(self.road.isBarred)
        self.patch(Dumpable, "allows", False)
        self.start()
        self.assertRefused()

    def test_askedAgain(self) -> None:
        """
        And the last answer counts, also where it has another reason.
        """
        self.patch(Dumpable, "allows", True)
        self.assertFalse(self.road.isBarred)
        self.patch(Dumpable, "allows", False)
        part = needClone()
        self.patch(part, "present", lambda patience: part.MOST)
        self.assertTrue(self.road.isBarred)
        self.assertRefused()


class FailureTests(TestCase):
    """
    Tests for L{Failures}, and the road that it belongs to.
    """

    def setUp(self) -> None:
        needClone()
        self.reaper = Reaper(reactor)
        self.failures = Failures(reactor)
        self.addCleanup(self.failures.close)
        self.road = CloneRoad(self.reaper, self.failures, DescriptorLimit(), None)
        self.pair = Pair()
        self.addCleanup(self.pair.close)
        self.addCleanup(self.finish)

    @defer.inlineCallbacks
    def finish(self) -> Any:
        """
        Wait until no process is left.
        """
        while self.reaper.pids or self.reaper._looking is not None:
            yield deferLater(reactor, 0.001)

    def spawn(self, program: bytes = b"/nonexistent") -> Receiving:
        """
        Start something.
        """
        protocol = Receiving()
        number = self.pair.server.fileno()
        self.road.spawnProcess(protocol, program, (b"x",), childFDs=dict.fromkeys(range(3), number))
        return protocol

    @defer.inlineCallbacks
    def test_handedBack(self) -> Any:
        """
        A protocol that wants its socket back has it before it is told of the failure.
        """
        protocol = self.spawn()
        reason = yield protocol.ended
        self.assertIsInstance(reason, SpawnError)
        self.assertEqual(self.pair.client.recv(10), b"back")

    @defer.inlineCallbacks
    def test_endedFirst(self) -> Any:
        """
        It makes no difference when the end of the process is seen before what it has said.
        """
        protocol = self.spawn()
        pid = protocol.child.pid
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        self.reaper._lookAtYoung()
        reason = yield protocol.ended
        self.assertIsInstance(reason, SpawnError)
        self.assertEqual(protocol.events, ["connectionMade", "processExited", "processEnded"])

    @defer.inlineCallbacks
    def test_killedFirst(self) -> Any:
        """
        Who is killed before it is its program has ended by that.
        """
        channel = self.failures.listen()
        with socket.socket(fileno=os.dup(channel)) as full, contextlib.suppress(BlockingIOError):
            while True:
                full.send(b"x" * 12, socket.MSG_DONTWAIT)
        protocol = self.spawn()
        protocol.child.signalProcess("KILL")
        reason = yield protocol.ended
        self.assertEqual(getattr(reason, "signal", None), signal.SIGKILL)

    @defer.inlineCallbacks
    def test_patience(self) -> Any:
        """
        The road ends those that take too long when it starts others.
        """
        self.patch(CloneRoad, "patience", 0)
        channel = self.failures.listen()
        with socket.socket(fileno=os.dup(channel)) as full, contextlib.suppress(BlockingIOError):
            while True:
                full.send(b"x" * 12, socket.MSG_DONTWAIT)
        protocol = self.spawn()
        yield self.spawn(b"/bin/true").ended
        reason = yield protocol.ended
        self.assertEqual(getattr(reason, "signal", None), signal.SIGKILL)

    @defer.inlineCallbacks
    def test_faultyProtocol(self) -> Any:
        """
        A protocol that raises keeps nobody else from being told.
        """
        faulty, well = self.spawn(), self.spawn()

        def fail(*_: Any) -> None:
            raise ZeroDivisionError

        self.patch(faulty, "handedBack", fail)
        self.patch(faulty, "processExited", fail)
        self.assertIsInstance((yield well.ended), SpawnError)
        yield self.finish()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)
        self.assertIsInstance((yield self.spawn().ended), SpawnError)

    @defer.inlineCallbacks
    def together(self, identity: Identity | None) -> Any:
        """
        Start more at once than can share the table of descriptors at a time, each with a
        socket of its own.

        @return: what each client has been told.
        """
        self.patch(clone, "LARGE", 0)
        road = CloneRoad(self.reaper, self.failures, DescriptorLimit(), identity)
        pairs = [Pair() for _ in range(3 * RESERVED)]
        starts = []
        for number, pair in enumerate(pairs):
            self.addCleanup(pair.close)
            starts.append(Start(pair.server.fileno(), [b"SAY=%d" % number]))
        program = Program(b"/bin/sh", (b"sh", b"-c", b"echo $SAY; id -u; ls /proc/$$/fd"))
        road.spawnTogether(program, starts)
        for start in starts:
            yield start.protocol.ended
        return [pair.read().split() for pair in pairs]

    @defer.inlineCallbacks
    def test_manyShare(self) -> Any:
        """
        Each has its own socket.
        """
        said = yield self.together(None)
        uid = b"%d" % os.getuid()
        self.assertEqual(said, [[b"%d" % each, uid, b"0", b"1", b"2"] for each in range(len(said))])

    @defer.inlineCallbacks
    def test_manyOthersShare(self) -> Any:
        """
        And its own user.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root can become another user")
        said = yield self.together(Identity("x", 60001, 60002, (60002, 60003)))
        self.assertEqual(
            said, [[b"%d" % each, b"60001", b"0", b"1", b"2"] for each in range(len(said))]
        )

    @defer.inlineCallbacks
    def test_shareFaultyProtocol(self) -> Any:
        """
        Where a protocol raises when it is told of its server, nothing of its connection is
        held here for that: its client sees the end.
        """
        self.patch(clone, "LARGE", 0)
        road = CloneRoad(self.reaper, self.failures, DescriptorLimit(), None)
        program = Program(b"/bin/sh", (b"sh", b"-c", b"echo ok"))

        def fail(*_: Any) -> None:
            raise ZeroDivisionError

        for together in (True, False):
            pair = Pair()
            self.addCleanup(pair.close)
            start = Start(pair.server.fileno())
            self.patch(start.protocol, "connectionMade", fail)
            if together:
                road.spawnTogether(program, [start])
                self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
            else:
                with self.assertRaises(ZeroDivisionError):
                    road.spawnProcess(
                        start.protocol,
                        program.path,
                        program.argv,
                        childFDs=dict.fromkeys(range(3), start.descriptor),
                    )
            pair.server.close()
            yield start.protocol.ended
            self.assertEqual(pair.read(), b"ok\n")

    @defer.inlineCallbacks
    def test_sameStatus(self) -> Any:
        """
        A program may end as one does that could not be started.
        """
        with tempfile.NamedTemporaryFile("w", suffix=".sh", delete=False) as file:
            file.write("#!/bin/sh\nexit 127\n")
        self.addCleanup(os.unlink, file.name)
        os.chmod(file.name, 0o700)
        reason = yield self.spawn(os.fsencode(file.name)).ended
        self.assertEqual(reason.exitCode, 127)

    @defer.inlineCallbacks
    def test_closed(self) -> Any:
        """
        What has been said before it is closed is heard, and afterwards it can be used again.
        """
        protocol = self.spawn()
        os.waitid(os.P_PID, protocol.child.pid, os.WEXITED | os.WNOWAIT)
        self.failures.close()
        self.assertIsInstance((yield protocol.ended), SpawnError)
        reason = yield self.spawn(b"/bin/true").ended
        self.assertIsInstance(reason, ProcessDone)
        self.assertIsInstance((yield self.spawn().ended), SpawnError)

    @defer.inlineCallbacks
    def test_lost(self) -> Any:
        """
        So it can be when a reactor has gone away and come back.
        """
        yield self.spawn(b"/bin/true").ended
        reactor.removeReader(self.failures)
        self.failures.connectionLost(Failure(ConnectionLost()))
        self.assertIsInstance((yield self.spawn().ended), SpawnError)

    def test_reserve(self) -> None:
        """
        Descriptors can be taken before anything is watched, and none of them is one of a
        server's.
        """
        memory: Any = MemoryReactor()
        failures = Failures(memory)
        self.addCleanup(failures.close)
        failures.reserve()
        self.assertEqual(memory.getReaders(), [])
        channel = failures.listen()
        self.assertEqual(memory.getReaders(), [failures])
        self.assertEqual(len({channel, *failures.reserved}), 1 + RESERVED)
        self.assertGreaterEqual(min(channel, *failures.reserved), 3)

    def test_noDescriptor(self) -> None:
        """
        Where there is none left nothing is started, and that may pass.
        """

        def none(*_: Any) -> Any:
            raise OSError(24, "none")

        self.patch(socket, "socketpair", none)
        raised = self.assertRaises(SpawnError, self.spawn)
        self.assertEqual((raised.step, raised.errno), ("pipe", 24))

    def test_busy(self) -> None:
        """
        Where very many are on their way the road says so, and one too many is told apart
        from what is wrong.
        """
        self.assertFalse(self.road.isBarred)
        part = needClone()
        self.patch(part, "present", lambda patience: part.MOST)
        self.patch(part, "start", lambda *_: 0)
        self.assertTrue(self.road.isBarred)
        raised = self.assertRaises(SpawnError, self.spawn)
        self.assertEqual((raised.step, raised.errno), ("channel", 0))
