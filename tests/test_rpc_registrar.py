"""
Tests for L{txinetd.rpc.registrar}.
"""

from __future__ import annotations

import json
from typing import Any, cast

from twisted.internet.error import ProcessDone
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from txinetd.rpc.registrar import Registrar
from txinetd.rpc.registration import Registration

ONE = Registration(100002, 2, "udp", "0.0.0.0.3.232")
TWO = Registration(100002, 3, "udp", "0.0.0.0.3.232")


class Process:
    """
    A process that does nothing by itself.

    @ivar asked: what it was asked.
    @ivar open: whether there may be more to come.
    @ivar killed: whether it was killed.
    """

    def __init__(self, protocol: ProcessProtocol) -> None:
        self.protocol = protocol
        self.asked: list[Any] = []
        self.open = True
        self.killed = False

    def write(self, data: bytes) -> None:
        """
        It is asked.
        """
        assert self.open
        self.asked.append(json.loads(data))

    def closeStdin(self) -> None:
        """
        There is no more to come.
        """
        self.open = False

    def signalProcess(self, name: str) -> None:
        """
        It is killed.
        """
        assert name == "KILL"
        self.killed = True

    def answer(self, **parts: Any) -> None:
        """
        It answers.
        """
        whole = {"set": [], "unset": [], "failed": [], "taken": [], "ours": [], **parts}
        self.say(whole)

    def say(self, answer: Any) -> None:
        """
        It answers, in two pieces.
        """
        line = json.dumps(answer).encode() + b"\n"
        self.protocol.outReceived(line[:5])
        self.protocol.outReceived(line[5:])

    def end(self) -> None:
        """
        It ends.
        """
        self.protocol.processEnded(Failure(ProcessDone(0)))


class RegistrarTests(SynchronousTestCase):
    """
    Tests for L{Registrar}.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.wanted = [ONE]
        self.processes: list[Process] = []
        self.failing = False
        self.registrar = Registrar(self.clock, lambda: self.wanted, self.begin)
        self.events: list[LogEvent] = []
        observer = cast(ILogObserver, self.events.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def begin(self, reactor: Any, protocol: ProcessProtocol) -> Any:
        """
        Start a process, or fail.
        """
        if self.failing:
            raise OSError(11, "Resource temporarily unavailable")
        process = Process(protocol)
        protocol.makeConnection(process)
        self.processes.append(process)
        return process

    def start(self) -> Process:
        """
        Start the registrar and its process.
        """
        self.registrar.start()
        self.clock.advance(0)
        return self.processes[-1]

    def said(self, part: str) -> int:
        """
        How many lines of the log contain something.
        """
        return sum(part in (formatEvent(event) or "") for event in self.events)

    def test_nothing(self) -> None:
        """
        Where nothing is to be registered there is no process and no timer.
        """
        self.wanted = []
        self.registrar.start()
        self.clock.advance(0)
        self.assertEqual((self.processes, self.clock.getDelayedCalls()), ([], []))
        self.successResultOf(self.registrar.stop())

    def test_asks(self) -> None:
        """
        It says what is wanted, and logs what has come of it.
        """
        process = self.start()
        entry = [100002, 2, "udp", "0.0.0.0.3.232"]
        self.assertEqual(process.asked, [{"wanted": [entry], "ours": []}])
        process.answer(set=[entry], ours=[entry])
        self.assertEqual(self.said("version 2: registered for udp"), 1)

    def test_looks(self) -> None:
        """
        It looks again and again, and says nothing where nothing has changed.
        """
        process = self.start()
        process.answer()
        said = len(self.events)
        self.clock.advance(self.registrar.interval)
        process.answer()
        self.clock.advance(self.registrar.interval)
        self.assertEqual(len(process.asked), 3)
        self.assertEqual(len(self.events), said)

    def test_refresh(self) -> None:
        """
        A change is told at once; one that comes while there is no answer yet, after
        that.
        """
        process = self.start()
        self.wanted = [ONE, TWO]
        self.registrar.refresh()
        self.clock.advance(0)
        self.assertEqual(len(process.asked), 1)
        process.answer()
        self.clock.advance(0)
        self.assertEqual(len(process.asked[1]["wanted"]), 2)
        process.answer()
        self.registrar.refresh()
        self.registrar.refresh()
        self.clock.advance(0)
        self.assertEqual(len(process.asked), 3)

    def test_noMore(self) -> None:
        """
        When the last such service has gone the process goes, too; it comes back with
        the next.
        """
        process = self.start()
        process.answer()
        self.wanted = []
        self.registrar.refresh()
        self.clock.advance(0)
        self.assertEqual(process.asked[-1]["wanted"], [])
        process.answer()
        self.assertFalse(process.open)
        self.wanted = [TWO]
        self.registrar.refresh()
        process.end()
        self.clock.advance(0)
        self.assertEqual(len(self.processes), 2)
        self.assertEqual(len(self.processes[1].asked), 1)

    def test_hangs(self) -> None:
        """
        A process that does not answer is killed and another started, which is told
        what the first had registered.
        """
        process = self.start()
        process.answer(ours=[[1, 1, "udp", "x"]])
        self.clock.advance(self.registrar.interval)
        self.clock.advance(self.registrar.patience)
        self.assertTrue(process.killed)
        self.assertEqual(self.said("does not answer within 10 s"), 1)
        process.end()
        self.clock.advance(self.registrar.firstPause)
        self.assertEqual(self.processes[1].asked[0]["ours"], [[1, 1, "udp", "x"]])

    def test_dies(self) -> None:
        """
        One that ends by itself is started again, ever more rarely, and its last words
        are logged once.
        """
        process = self.start()
        process.protocol.errReceived(b"Traceback:\nMemoryError\n")
        process.end()
        self.assertEqual(self.said("MemoryError"), 1)
        for pause in (1, 2, 4, 8, 16, 32, 60, 60):
            self.clock.advance(pause - 0.5)
            before = len(self.processes)
            self.clock.advance(0.5)
            self.assertEqual(len(self.processes), before + 1)
            self.processes[-1].protocol.errReceived(b"MemoryError\n")
            self.processes[-1].end()
        self.assertEqual(self.said("MemoryError"), 1)

    def test_cannotStart(self) -> None:
        """
        If there can be no process, it is tried again.
        """
        self.failing = True
        self.registrar.start()
        self.clock.advance(0)
        self.assertEqual(self.said("cannot start its process"), 1)
        self.failing = False
        self.clock.advance(self.registrar.firstPause)
        self.assertEqual(len(self.processes), 1)

    def test_unreachable(self) -> None:
        """
        That rpcbind is not there is said once, and when it is back.
        """
        process = self.start()
        for _ in range(3):
            process.say({"error": "rpcbind: not there"})
            self.clock.advance(self.registrar.interval)
        self.assertEqual(self.said("rpcbind: not there"), 1)
        process.answer()
        self.assertEqual(self.said("registered with rpcbind again"), 1)

    def test_noLibrary(self) -> None:
        """
        One that ends because libtirpc is missing is said to miss that, and nothing
        else, however often it is tried.
        """
        self.start()
        for _ in range(3):
            self.processes[-1].say({"error": "libtirpc.so.3 is not there"})
            self.processes[-1].end()
            self.clock.advance(self.registrar.lastPause)
        self.assertEqual(self.said("libtirpc.so.3 is not there"), 1)
        self.assertEqual(self.said("has ended"), 0)
        self.assertEqual(len(self.processes), 4)

    def test_troubles(self) -> None:
        """
        Each entry that cannot be registered is said once.
        """
        process = self.start()
        for _ in range(3):
            process.answer(
                failed=[[7, 1, "udp", "x", "rpcbind refuses"]],
                taken=[[8, 1, "udp", "x", "registered for y"]],
            )
            self.clock.advance(self.registrar.interval)
        self.assertEqual(self.said("program 7 version 1: is not registered for udp: rpcbind"), 1)
        self.assertEqual(self.said("program 8 version 1: is not registered for udp: regis"), 1)

    def test_stop(self) -> None:
        """
        Stopping waits until the process has taken everything out.
        """
        process = self.start()
        process.answer()
        stopped = self.registrar.stop()
        self.assertFalse(process.open)
        self.assertNoResult(stopped)
        process.end()
        self.successResultOf(stopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stopHangs(self) -> None:
        """
        But not for long.
        """
        process = self.start()
        stopped = self.registrar.stop()
        self.clock.advance(self.registrar.parting)
        self.assertTrue(process.killed)
        process.end()
        self.successResultOf(stopped)

    def test_again(self) -> None:
        """
        It can be started again.
        """
        process = self.start()
        self.registrar.stop()
        process.end()
        again = self.start()
        self.assertIsNot(again, process)
        self.assertEqual(len(again.asked), 1)
