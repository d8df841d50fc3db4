"""
Tests for L{txinetd.handlers.door}.
"""

from __future__ import annotations

from typing import cast

import attrs
from twisted.logger import (
    ILogObserver,
    LogEvent,
    LogLevel,
    capturedLogs,
    formatEvent,
    globalLogPublisher,
)
from twisted.trial.unittest import SynchronousTestCase

from tests.handler_support import World, programSpec
from txinetd.gate.rule import sourceOf
from txinetd.handlers.door import Door
from txinetd.policy import Access, Penalties, Sensor
from txinetd.process.facts import ConnectionFacts, End
from txinetd.record import ConnectionRecord
from txinetd.recording import RecordFormat, Recording
from txinetd.spec import Limits

FACTS = ConnectionFacts("tcp", End("127.0.0.1", 7), End("192.0.2.9", 4000))


class DoorTests(SynchronousTestCase):
    """
    Tests for L{Door}.
    """

    def setUp(self) -> None:
        self.world = World()
        self.spec = programSpec(limits=Limits(4))
        self.door = Door(self.spec, self.world.collaborators)
        self.addCleanup(self.door.close)
        self.said: list[str] = []
        observer = cast(ILogObserver, self.note)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def note(self, event: LogEvent) -> None:
        """
        Keep what the door logs.
        """
        if event.get("log_namespace") in (
            "txinetd.handlers.door.Door",
            "txinetd.handlers.turns.Turns",
        ):
            level = event["log_level"]
            assert isinstance(level, type(LogLevel.info))
            self.said.append(level.name)

    def admit(self) -> ConnectionRecord | None:
        """
        One more arrival.
        """
        return self.door.admit(FACTS)

    def test_record(self) -> None:
        """
        Who is let in has a record that says who that is; it is written at the
        end, with the time in between.
        """
        record = self.admit()
        assert record is not None
        self.assertEqual((record.service, record.protocol), ("test", "tcp"))
        self.assertEqual((record.peer, record.local), ("192.0.2.9:4000", "127.0.0.1:7"))
        self.assertEqual(self.world.recorder.records, [])
        self.world.reactor.advance(2.5)
        self.door.finish(record)
        self.assertEqual(self.world.recorder.records, [record])
        self.assertEqual(record.duration, 2.5)

    def test_identifiers(self) -> None:
        """
        No two records have one number.
        """
        records = [self.admit() for _ in range(4)]
        self.assertEqual(len({record.identifier for record in records if record}), 4)

    def test_refused(self) -> None:
        """
        Who is over the limit is not let in, and has a record at once.
        """
        found = [self.admit() is not None for _ in range(6)]
        self.assertEqual(found, [True] * 4 + [False] * 2)
        self.assertEqual(self.world.verdicts(), [("refused", "starts-per-minute")] * 2)

    def test_saidOnce(self) -> None:
        """
        That the service is over its limit is said once, and that it is back, once.
        """
        for _ in range(10):
            self.admit()
        self.assertEqual(self.said, ["warn"])
        for _ in range(700):
            self.world.reactor.advance(0.1)
        self.assertEqual(self.said, ["warn", "info"])
        self.assertIsNotNone(self.admit())
        self.assertEqual(self.world.reactor.getDelayedCalls(), [])

    def test_saidBySomebody(self) -> None:
        """
        It is said also when the next client comes before the timer.
        """
        for _ in range(5):
            self.admit()
        self.world.reactor.rightNow += 61
        self.assertIsNotNone(self.admit())
        self.assertEqual(self.said, ["warn", "info"])

    def test_failed(self) -> None:
        """
        What could not be served is an error, with its reason in the record.
        """
        record = self.admit()
        assert record is not None
        self.door.fail(record, "exec: No such file")
        self.assertEqual(self.world.verdicts(), [("failed", "exec: No such file")])
        self.assertEqual(self.said, ["error"])

    def test_altered(self) -> None:
        """
        A changed limit holds at once, and what was counted stays counted.
        """
        for _ in range(5):
            self.admit()
        self.door.alter(attrs.evolve(self.spec, limits=Limits(6)))
        found = [self.admit() is not None for _ in range(3)]
        self.assertEqual(found, [True, True, False])

    def test_unlimited(self) -> None:
        """
        Without a limit everybody is let in.
        """
        self.door.alter(attrs.evolve(self.spec, limits=Limits(None)))
        self.assertTrue(all(self.admit() for _ in range(1000)))

    def test_instances(self) -> None:
        """
        Who has been served makes room for another, and so does who could not be.
        """
        self.door.alter(attrs.evolve(self.spec, limits=Limits(None, instances=2)))
        records = [self.admit(), self.admit()]
        self.assertIsNone(self.admit())
        for record, leave in zip(
            records, (self.door.finish, lambda one: self.door.fail(one, "fork")), strict=True
        ):
            assert record is not None
            leave(record)
            self.assertIsNotNone(self.admit())
            self.assertIsNone(self.admit())

    def test_instancesSaid(self) -> None:
        """
        A service that only those can make room in who are served says so, and says that it
        is back when they have.
        """
        self.door.alter(attrs.evolve(self.spec, limits=Limits(None, instances=1)))
        record = self.admit()
        assert record is not None
        for _ in range(3):
            self.admit()
        self.assertEqual((self.said, self.world.reactor.getDelayedCalls()), (["warn"], []))
        self.door.finish(record)
        self.assertEqual(self.said, ["warn", "info"])

    def test_closed(self) -> None:
        """
        When the service is no more, those who still go leave no timer behind.
        """
        self.door.alter(attrs.evolve(self.spec, limits=Limits(1, instances=1)))
        record = self.admit()
        assert record is not None
        self.admit()
        self.door.close()
        self.door.finish(record)
        self.assertEqual((self.said, self.world.reactor.getDelayedCalls()), (["warn"], []))

    def test_sources(self) -> None:
        """
        A source is an address, whatever its port, or the user of a unix client; those
        about whom nothing is known are not one.
        """
        self.door.alter(attrs.evolve(self.spec, limits=Limits(None, startsPerSource=1)))
        local = End(path=b"/run/test")
        arrivals = [
            FACTS,
            attrs.evolve(FACTS, peer=End("192.0.2.9", 4001)),
            attrs.evolve(FACTS, peer=End("fe80::1%lo", 4001)),
            ConnectionFacts("unix", local, peerUser=(1000, 1000)),
            ConnectionFacts("unix", local, peerUser=(1000, 7)),
            ConnectionFacts("unix", local, peerUser=(1001, 7)),
            ConnectionFacts("unix", local),
            ConnectionFacts("unix", local),
        ]
        found = [self.door.admit(facts) is not None for facts in arrivals]
        self.assertEqual(found, [True, False, True, True, False, True, True, True])

    def test_shadow(self) -> None:
        """
        A limit in shadow refuses nobody.
        """
        access = attrs.evolve(self.spec.access, shadow=frozenset({"starts-per-minute"}))
        self.door.alter(attrs.evolve(self.spec, access=access))
        self.assertTrue(all(self.admit() for _ in range(20)))

    def test_counted(self) -> None:
        """
        Each arrival is counted as what became of it, and so is that the service is over
        its limit.
        """
        record = self.admit()
        assert record is not None
        self.world.reactor.advance(2.0)
        self.door.finish(record)
        for _ in range(6):
            self.admit()
        (found,) = self.world.collaborators.counters.snapshot()["services"]
        self.assertEqual(
            (found["accepted"], found["running"], found["refused"], found["seconds"]),
            (4, 3, {"starts-per-minute": 3}, 2.0),
        )
        self.assertTrue(found["paused"])
        self.world.reactor.pump([1.0] * 70)
        self.assertFalse(self.door.counters.paused)

    def test_renamed(self) -> None:
        """
        What came under a name is counted under that name, also when a reload has given
        the service another one meanwhile.
        """
        record = self.admit()
        assert record is not None
        old = self.door.counters
        self.door.alter(attrs.evolve(self.spec, name="other"))
        self.door.finish(record)
        self.assertEqual((old.running, self.door.counters.running), (0, 0))
        self.assertIsNot(old, self.door.counters)

    def test_rule(self) -> None:
        """
        A refusal's record has the rule, everybody's the user id and how it is written.
        """
        recording = Recording(RecordFormat.JSON)
        self.door.alter(attrs.evolve(self.spec, recording=recording))
        for _ in range(5):
            self.admit()
        (refused,) = self.world.recorder.records
        self.assertEqual(
            (refused.rule, refused.uid, refused.recording),
            ("starts-per-minute", 1000, recording),
        )

    def test_unixClient(self) -> None:
        """
        The user of a unix client is known.
        """
        record = self.door.admit(ConnectionFacts("unix", End(path=b"/a"), End(), (1000, 1)))
        assert record is not None
        self.assertEqual(record.remoteUser, "1000")

    def test_began(self) -> None:
        """
        A start is recorded where that is asked for, in a record of its own.
        """
        for starts, verdicts in ((False, []), (True, [("started", "")])):
            self.door.alter(attrs.evolve(self.spec, recording=Recording(starts=starts)))
            record = self.admit()
            assert record is not None
            self.door.began(record)
            self.assertEqual(self.world.verdicts(), verdicts)
            self.assertEqual(record.verdict, "served")

    def test_retired(self) -> None:
        """
        The numbers of a service that is no more can be forgotten.
        """
        counters = self.world.collaborators.counters
        self.door.retire()
        counters.remembered = 0
        other = counters.forService("other", "stream")
        counters.retire(other)
        self.assertEqual(counters.snapshot()["services"], [])

    def test_nothingButInOrOut(self) -> None:
        """
        Where there is no way but in or out, a trap bars nobody, as sources can be forged,
        and lets nobody in.
        """
        self.door.alter(attrs.evolve(self.spec, access=Access(sensor=Sensor(60.0))))
        self.assertIsNone(self.admit())
        self.assertEqual(self.world.verdicts(), [("refused", "sensor")])
        self.assertEqual(len(self.world.collaborators.rules.barred), 0)
        self.door.alter(self.spec)
        self.assertIsNotNone(self.admit())

    def test_ownPenalties(self) -> None:
        """
        A reload that changes what a service's penalties are does not forgive any.
        """
        limits = Limits(None, instancesPerSource=1)
        spec = attrs.evolve(
            self.spec, limits=limits, access=Access(penalties=Penalties(refused=20.0))
        )
        self.door.alter(spec)
        record = self.admit()
        self.admit()
        self.door.alter(attrs.evolve(spec, access=Access(penalties=Penalties(refused=30.0))))
        assert record is not None
        self.door.finish(record)
        self.assertIsNone(self.admit())
        self.assertEqual(self.world.verdicts()[-1], ("refused", "penalty"))
        self.world.reactor.advance(20)
        self.assertIsNotNone(self.admit())

    def test_failedServer(self) -> None:
        """
        Whose server ends badly, or has to be ended, collects for that.
        """
        for ends, seconds in (
            ({"status": 1}, 20),
            ({"signal": 9}, 20),
            ({"reason": "time-limit"}, 30),
        ):
            self.door.alter(
                attrs.evolve(
                    self.spec,
                    limits=Limits(None),
                    access=Access(penalties=Penalties(failed=20.0, timeout=30.0)),
                )
            )
            record = self.admit()
            assert record is not None
            for name, value in ends.items():
                setattr(record, name, value)
            self.door.finish(record)
            self.assertIsNone(self.admit())
            self.world.reactor.advance(seconds - 1)
            self.assertIsNone(self.admit())
            self.world.reactor.advance(1)
            well = self.admit()
            assert well is not None
            well.status = 0
            self.door.finish(well)
            self.assertIsNotNone(self.admit())

    def test_barredSaid(self) -> None:
        """
        That somebody has touched a trap is said, and for how long he is barred.
        """
        for seconds, words in ((60.0, "barred for 60 s"), (None, "barred for ever")):
            with capturedLogs() as events:
                self.door.bar(sourceOf("192.0.2.9"), Sensor(seconds))
            (event,) = events
            self.assertIn(words, formatEvent(event))
            # Not what the log itself keeps under that name.
            self.assertNotIsInstance(event.get("time"), str)
