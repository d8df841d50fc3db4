"""
Tests for L{txinetd.handlers.execute}, with a spawner that starts nothing.
"""

from __future__ import annotations

import errno
import math
import resource
import socket
from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.handler_support import World, programSpec
from txinetd.errors import SpawnError
from txinetd.handlers.door import Door
from txinetd.handlers.execute import Executor
from txinetd.interfaces import ISpawner
from txinetd.process.facts import ConnectionFacts, End
from txinetd.recording import Recording
from txinetd.spec import Box, Program

FACTS = ConnectionFacts("tcp", End("127.0.0.1", 7), End("192.0.2.9", 4000))
NO_PROCESS = (SpawnError("fork", errno.EAGAIN), SpawnError("pipe", errno.EMFILE))


class ExecutorTests(SynchronousTestCase):
    """
    Tests for L{Executor}.
    """

    def setUp(self) -> None:
        self.world = World()
        self.events: list[object] = []
        self.door = Door(programSpec(), self.world.collaborators)
        self.executor = Executor(
            programSpec(),
            self.door,
            self.world.collaborators,
            lambda number: self.events.append(number),
            lambda: self.events.append("recovered"),
        )
        self.socket, other = socket.socketpair()
        self.addCleanup(self.socket.close)
        self.addCleanup(other.close)

    def start(self) -> None:
        """
        Start for one client.
        """
        record = self.door.admit(FACTS)
        assert record is not None
        self.executor.start(
            record,
            FACTS,
            self.socket,
            lambda: self.events.append("handed over"),
            lambda ran: self.events.append(f"ended {ran}"),
        )

    def test_spawner(self) -> None:
        """
        The spawner that starts nothing is one.
        """
        verifyObject(ISpawner, self.world.spawner)

    def test_what(self) -> None:
        """
        The program is started as its line says, with the client's facts in its
        environment.
        """
        self.start()
        (spawned,) = self.world.spawner.spawned
        self.assertEqual(
            (spawned.executable, spawned.args, spawned.path, spawned.descriptor),
            (b"/bin/cat", (b"cat", b"-u"), b"/", self.socket.fileno()),
        )
        self.assertEqual(spawned.identity.user, "alice")
        self.assertEqual(spawned.env[b"PATH"], b"/bin")
        self.assertEqual(spawned.env[b"TCPREMOTEIP"], b"192.0.2.9")

    def test_life(self) -> None:
        """
        The socket is handed over at the start; the record is written at the end.
        """
        self.start()
        self.assertEqual((self.events, self.world.verdicts()), (["handed over"], []))
        self.assertEqual(len(self.world.children), 1)
        self.world.spawner.spawned[0].end(3 << 8)
        self.assertEqual(self.events, ["handed over", "ended True"])
        self.assertEqual(self.world.recorder.records[0].status, 3)
        self.assertEqual(len(self.world.children), 0)

    def test_signalled(self) -> None:
        """
        The record of one that a signal ended says so.
        """
        self.start()
        self.world.spawner.spawned[0].end(15)
        record = self.world.recorder.records[0]
        self.assertEqual((record.status, record.signal), (None, 15))

    def test_recordBeforeTheLastChildIsGone(self) -> None:
        """
        Whoever waits for the last child finds its record written.
        """
        self.start()
        gone = self.world.children.whenNone()
        seen: list[int] = []
        gone.addCallback(lambda _: seen.append(len(self.world.recorder.records)))
        self.world.spawner.spawned[0].end()
        self.assertEqual(seen, [1])

    def test_cannotStart(self) -> None:
        """
        One that cannot be started is recorded with the step and the reason.
        """
        self.world.spawner.failures = [SpawnError("exec", errno.ENOENT)]
        self.start()
        self.assertEqual(self.events, ["ended False"])
        self.assertEqual(self.world.verdicts(), [("failed", "exec: No such file or directory")])

    def test_noProcess(self) -> None:
        """
        Where there can be no process for the moment, the client is kept waiting,
        and is served when there can.
        """
        for error in NO_PROCESS:
            self.events.clear()
            self.world.spawner.failures = [error] * 3
            self.start()
            self.assertEqual(self.events, [error.errno])
            self.world.reactor.advance(0.05)
            self.world.reactor.advance(0.1)
            self.assertEqual(self.events, [error.errno])
            self.world.reactor.advance(0.2)
            self.assertEqual(self.events, [error.errno, "handed over", "recovered"])

    def test_order(self) -> None:
        """
        Those who came meanwhile are served in their order.
        """
        self.world.spawner.failures = [NO_PROCESS[0]]
        for _ in range(3):
            self.start()
        self.world.reactor.advance(1)
        names = ["handed over"] * 3
        self.assertEqual(self.events, [errno.EAGAIN, *names, "recovered"])

    def test_together(self) -> None:
        """
        Those who come together are started together, in their order, when all have
        come.
        """
        self.executor.begin(False)
        for _ in range(3):
            self.start()
        self.assertEqual(self.world.spawner.spawned, [])
        self.assertFalse(self.executor.finish(math.inf))
        self.assertEqual(self.events, ["handed over"] * 3)
        identifiers = [int(each.env[b"TXINETD_ID"]) for each in self.world.spawner.spawned]
        self.assertEqual(identifiers, sorted(identifiers))
        self.start()
        self.assertEqual(len(self.world.spawner.spawned), 4)

    def test_crowd(self) -> None:
        """
        The road is told of a crowd, for as long as there is one.
        """
        told: list[bool] = []
        self.patch(self.executor._road, "expect", told.append)
        self.executor.begin(True)
        for _ in range(2):
            self.start()
        self.executor.finish(0.0)
        self.assertEqual(told, [True])
        self.executor.finish(0.0)
        self.assertEqual(told, [True, False])
        self.executor.begin(False)
        self.start()
        self.executor.finish(math.inf)
        self.assertEqual(told, [True, False])

    def test_crowdHeld(self) -> None:
        """
        A crowd that has to wait is one until it is served, whatever its road is by then.
        """
        self.executor.begin(True)
        self.world.spawner.failures = [SpawnError("channel", 0)]
        for _ in range(2):
            self.start()
        told: list[bool] = []
        self.patch(self.executor._road, "expect", told.append)
        self.executor.finish(math.inf)
        self.assertEqual(told, [])
        self.world.reactor.advance(1)
        self.assertEqual((self.events[-1], told), ("recovered", [False]))

    def test_crowdAltered(self) -> None:
        """
        Another road is told of it as well.
        """
        told: list[bool] = []
        forIdentity = self.world.spawner.forIdentity

        def asked(*given: Any) -> Any:
            road: Any = forIdentity(*given)
            road.expect = told.append
            return road

        self.executor.begin(True)
        self.world.spawner.failures = [SpawnError("channel", 0)]
        self.start()
        self.patch(self.world.spawner, "forIdentity", asked)
        self.executor.alter(programSpec())
        self.assertEqual(told, [True])

    def test_turn(self) -> None:
        """
        Where there is no time, one is started and the others are left for another turn.
        """
        self.executor.begin(False)
        for _ in range(3):
            self.start()
        outcomes = [self.executor.finish(0.0) for _ in range(3)]
        self.assertEqual(outcomes, [True, True, False])
        self.assertEqual(self.events, ["handed over"] * 3)

    def test_togetherNot(self) -> None:
        """
        One of them that cannot be started does not keep the others from that.
        """
        fault = TypeError("told to")
        for failure, times in ((SpawnError("exec", errno.ENOENT), 0), (fault, 1)):
            self.events.clear()
            self.world.spawner.failures = [failure]
            self.executor.begin(False)
            for _ in range(3):
                self.start()
            self.assertFalse(self.executor.finish(math.inf))
            self.assertEqual(self.events, ["ended False", "handed over", "handed over"])
            self.assertEqual(len(self.flushLoggedErrors(TypeError)), times)

    def test_togetherLater(self) -> None:
        """
        Where there can be no process for the moment, they wait in their order.
        """
        self.world.spawner.failures = [NO_PROCESS[0]]
        self.executor.begin(False)
        for _ in range(3):
            self.start()
        self.assertFalse(self.executor.finish(math.inf))
        self.assertEqual((self.events, self.door.counters.queued), ([errno.EAGAIN], 3))
        self.world.reactor.advance(1)
        self.assertEqual(self.events, [errno.EAGAIN, *["handed over"] * 3, "recovered"])

    def test_togetherNone(self) -> None:
        """
        A road that fails before it takes anybody costs one of them, and so does a record
        that cannot be written.
        """
        tries: list[object] = []
        road: Any = self.executor._road
        spawn = road.spawnTogether

        def broken(*given: object) -> None:
            tries.append(given)
            if len(tries) == 1:
                raise OSError(errno.EMFILE, "told to")
            spawn(*given)

        self.patch(road, "spawnTogether", broken)
        self.executor.begin(False)
        for _ in range(3):
            self.start()
        self.assertFalse(self.executor.finish(math.inf))
        self.assertEqual(self.events, ["ended False", "handed over", "handed over"])
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
        self.events.clear()
        self.world.spawner.failures = [SpawnError("exec", errno.ENOENT)]
        self.executor.begin(False)
        for _ in range(2):
            self.start()
        fail = self.door.fail

        def unwritten(*given: Any) -> None:
            fail(*given)
            raise ValueError("told to")

        self.patch(self.door, "fail", unwritten)
        self.assertFalse(self.executor.finish(math.inf))
        self.assertEqual(self.events, ["handed over"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_alterTogether(self) -> None:
        """
        Those who have come before a spec is changed are started by the one before.
        """
        self.executor.begin(False)
        for _ in range(2):
            self.start()
        self.executor.finish(0.0)
        self.executor.alter(attrs.evolve(programSpec(), server=Program(b"/bin/ls", (b"ls",))))
        self.start()
        started = [each.executable for each in self.world.spawner.spawned]
        self.assertEqual(started, [b"/bin/cat", b"/bin/cat", b"/bin/ls"])

    def test_patience(self) -> None:
        """
        Nobody is kept waiting for ever.
        """
        self.world.spawner.failures = [NO_PROCESS[0]] * 1000
        self.start()
        for _ in range(100):
            self.world.reactor.advance(1)
        self.assertEqual(self.events, [errno.EAGAIN, "ended False", "recovered"])
        self.assertEqual(self.world.reactor.getDelayedCalls(), [])

    def test_waited(self) -> None:
        """
        Who waits is counted meanwhile, and the record says for how long it was.
        """
        self.world.spawner.failures = [NO_PROCESS[0]]
        self.start()
        self.assertEqual(self.door.counters.queued, 1)
        self.world.reactor.advance(0.5)
        self.assertEqual(self.door.counters.queued, 0)
        self.world.spawner.spawned[0].end()
        (record,) = self.world.recorder.records
        self.assertEqual(record.waited, 0.5)

    def test_began(self) -> None:
        """
        The record of a start, where it is asked for, has the process id.
        """
        self.door.alter(programSpec(recording=Recording(starts=True)))
        self.start()
        (record,) = self.world.recorder.records
        self.assertEqual(record.verdict, "started")
        self.assertEqual(record.pid, self.world.spawner.spawned[0].child.pid)

    def test_usage(self) -> None:
        """
        User and system time are told apart, and a peak of memory that is not known is
        left out.
        """
        self.start()
        usage = resource.struct_rusage((1.5, 0.25, 0, *range(13)))
        self.world.spawner.spawned[0].child.ended(0, usage)
        (record,) = self.world.recorder.records
        self.assertEqual((record.userTime, record.systemTime, record.maxRss), (1.5, 0.25, None))
        self.assertEqual(record.cpu, 1.75)

    def test_stop(self) -> None:
        """
        When the service stops, those who wait are let go.
        """
        self.world.spawner.failures = [NO_PROCESS[0]] * 1000
        self.start()
        self.executor.stop()
        self.assertEqual(self.events, [errno.EAGAIN, "ended False"])
        self.assertEqual(self.world.reactor.getDelayedCalls(), [])

    def test_alter(self) -> None:
        """
        A changed spec is for the next start.
        """
        self.executor.alter(attrs.evolve(programSpec(), server=Program(b"/bin/ls", (b"ls",))))
        self.start()
        self.assertEqual(self.world.spawner.spawned[0].executable, b"/bin/ls")

    def boxed(self, **box: Any) -> None:
        """
        From now on start in a box.
        """
        self.executor.alter(programSpec(box=Box(**box)))

    def test_environment(self) -> None:
        """
        Of the daemon's environment it gets what its box names, and what that sets.
        """
        self.boxed(passed=frozenset(), environment=((b"LANG", b"C"),))
        self.start()
        env = self.world.spawner.spawned[0].env
        self.assertEqual((env.get(b"PATH"), env.get(b"LANG")), (None, b"C"))
        self.assertEqual(env[b"TCPREMOTEIP"], b"192.0.2.9")

    def test_time(self) -> None:
        """
        When its time is up it is told to end, and then is ended; the record says
        why.
        """
        self.boxed(seconds=10.0, grace=2.0)
        self.start()
        (spawned,) = self.world.spawner.spawned
        sent: list[object] = []
        self.patch(spawned.child, "signalProcess", sent.append)
        self.world.reactor.advance(9.9)
        self.assertEqual(sent, [])
        self.world.reactor.advance(0.2)
        self.assertEqual(sent, ["TERM"])
        self.world.reactor.advance(2.0)
        self.assertEqual(sent, ["TERM", "KILL"])
        spawned.end(9)
        self.assertEqual(self.world.verdicts(), [("served", "time-limit")])

    def test_inTime(self) -> None:
        """
        One that ends in time is left alone.
        """
        self.boxed(seconds=10.0)
        self.start()
        self.world.spawner.spawned[0].end()
        self.assertEqual(self.world.reactor.getDelayedCalls(), [])
        self.assertEqual(self.world.verdicts(), [("served", "")])
