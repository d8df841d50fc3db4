# -*- test-case-name: tests.test_gate_gate -*-
"""
Tests for L{txinetd.gate.gate}, L{txinetd.gate.examination}, L{txinetd.gate.limiters},
L{txinetd.gate.limit} and L{txinetd.gate.verdict}.
"""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.gate_support import HERE, THERE, v6
from txinetd.gate.gate import STARTS_RULE, Gate
from txinetd.gate.limiters import LIMIT_NAMES
from txinetd.gate.load import Readings
from txinetd.gate.penalties import Offence, PenaltyBook
from txinetd.gate.rule import Refusal, Rule, Source
from txinetd.gate.verdict import ALLOWED, Turn
from txinetd.origin import Origin
from txinetd.policy import Bucket, ConnectionsPerSecond, Penalties, Prefixes, Pressure
from txinetd.spec import Limits

PEER = HERE


def gateOf(limit: int | None, starts: int = 0) -> Gate:
    """
    A gate that has let C{starts} in, one each second from 0.
    """
    gate = Gate(Limits(startsPerMinute=limit))
    for second in range(starts):
        gate.judge(PEER, second)
    return gate


class GateTests(SynchronousTestCase):
    """
    Tests for L{Gate}.
    """

    def test_allowed(self) -> None:
        """
        Below its limit a service serves, and there is nothing to say about it.
        """
        self.assertEqual(gateOf(1).judge(PEER, 0), ALLOWED)

    def test_default(self) -> None:
        """
        A service whose line says nothing starts 256 times in a minute.
        """
        gate = Gate(Limits())
        verdicts = [gate.judge(PEER, 0).allowed for _ in range(300)]
        self.assertEqual(verdicts, [True] * 256 + [False] * 44)

    def test_noLimit(self) -> None:
        """
        A service without a limit is never over it.
        """
        gate = gateOf(None)
        self.assertTrue(all(gate.judge(PEER, 0).allowed for _ in range(5000)))

    def test_refusedRule(self) -> None:
        """
        A refusal names the rule, and its reason holds the number that the
        administrator can change.
        """
        verdict = gateOf(3, starts=3).judge(PEER, 10)
        self.assertEqual(
            (verdict.allowed, verdict.rule, verdict.reason),
            (False, STARTS_RULE, "more than 3 starts in 60 seconds"),
        )

    def test_refusedUntil(self) -> None:
        """
        A refusal says when the next start will be let in.
        """
        self.assertEqual(gateOf(3, starts=3).judge(PEER, 10).until, 60)

    def test_backByItself(self) -> None:
        """
        At that time somebody is let in, without anything having been done.
        """
        gate = gateOf(3, starts=3)
        until = gate.judge(PEER, 10).until
        assert until is not None
        self.assertTrue(gate.judge(PEER, until).allowed)

    def test_tripsOnce(self) -> None:
        """
        Of many refusals in a row only the first says that the limit tripped.
        """
        gate = gateOf(2, starts=2)
        turns = [gate.judge(PEER, 5).turn for _ in range(4)]
        self.assertEqual(turns, [Turn.TRIPPED] + [Turn.NONE] * 3)

    def test_returnsWithArrival(self) -> None:
        """
        The arrival that finds the service back says so, and only that one.
        """
        gate = gateOf(4, starts=4)
        gate.judge(PEER, 10)
        turns = [gate.judge(PEER, 100).turn for _ in range(2)]
        self.assertEqual(turns, [Turn.RETURNED, Turn.NONE])

    def test_over(self) -> None:
        """
        A service is over its limit from the first refusal, not from the last
        admission.
        """
        gate = gateOf(2, starts=2)
        before = gate.over
        gate.judge(PEER, 5)
        self.assertEqual((before, gate.over), (False, True))

    def test_recoverUnasked(self) -> None:
        """
        A service that nobody asks for any more is found to be back at the time
        that was foretold, and is so once.
        """
        gate = gateOf(8, starts=8)
        gate.judge(PEER, 10)
        due = gate.returnsAt(10)
        assert due is not None
        self.assertEqual(
            [gate.recover(due - 0.001), gate.recover(due), gate.recover(due)],
            [False, True, False],
        )

    def test_recoverNotOver(self) -> None:
        """
        A service that was not over its limit does not return from it.
        """
        self.assertFalse(gateOf(8, starts=8).recover(1000))

    def test_refusedCounted(self) -> None:
        """
        The refusals are counted for as long as the service is over.
        """
        gate = gateOf(1, starts=1)
        for _ in range(3):
            gate.judge(PEER, 1)
        counted = gate.refused
        gate.recover(60)
        self.assertEqual((counted, gate.refused), (3, 0))

    def test_steadyFlood(self) -> None:
        """
        An hour's flood of ten arrivals a second, which takes each place as it
        falls free, makes a few log lines a minute and not thousands.
        """
        gate = gateOf(256)
        turns = [gate.judge(PEER, tick / 10).turn for tick in range(36000)]
        spoken = [turn for turn in turns if turn is not Turn.NONE]
        self.assertLessEqual(len(spoken), 60 * 8)

    def test_loweredAtOnce(self) -> None:
        """
        After a reload a lower limit holds for the minute that is running.
        """
        gate = gateOf(10, starts=5)
        gate.replaceLimits(Limits(startsPerMinute=5), 6)
        self.assertFalse(gate.judge(PEER, 6).allowed)

    def test_sameLimitKeepsHistory(self) -> None:
        """
        A reload that changes nothing does not give a flood a new allowance.
        """
        gate = gateOf(5, starts=5)
        gate.replaceLimits(Limits(startsPerMinute=5), 6)
        self.assertFalse(gate.judge(PEER, 6).allowed)

    def test_raisedReturns(self) -> None:
        """
        Where the new limit leaves room the service is back at once, and the
        reload is told.
        """
        gate = gateOf(5, starts=5)
        gate.judge(PEER, 6)
        self.assertTrue(gate.replaceLimits(Limits(startsPerMinute=100), 7))

    def test_liftedReturns(self) -> None:
        """
        Without the limit the service is back at once.
        """
        gate = gateOf(5, starts=5)
        gate.judge(PEER, 6)
        self.assertTrue(gate.replaceLimits(Limits(startsPerMinute=None), 7))

    def test_raisedNotEnough(self) -> None:
        """
        A limit raised by less than the service needs leaves it over.
        """
        gate = gateOf(8, starts=8)
        gate.judge(PEER, 8)
        self.assertFalse(gate.replaceLimits(Limits(startsPerMinute=9), 9))

    def test_newReason(self) -> None:
        """
        The reason given after a reload names the limit that is now in force.
        """
        gate = gateOf(10, starts=5)
        gate.replaceLimits(Limits(startsPerMinute=5), 6)
        self.assertEqual(gate.judge(PEER, 6).reason, "more than 5 starts in 60 seconds")

    @given(st.integers(1, 20), st.lists(st.floats(0, 30), min_size=1, max_size=200))
    def test_turnsAlternate(self, limit: int, gaps: list[float]) -> None:
        """
        A service that trips returns before it trips again.
        """
        gate = gateOf(limit)
        now = 0.0
        turns = []
        for gap in gaps:
            now += gap
            turn = gate.judge(PEER, now).turn
            if turn is not Turn.NONE:
                turns.append(turn)
        expected = [Turn.TRIPPED, Turn.RETURNED] * len(turns)
        self.assertEqual(turns, expected[: len(turns)])

    @given(st.integers(1, 20), st.lists(st.floats(0, 30), min_size=1, max_size=200))
    def test_alwaysReturns(self, limit: int, gaps: list[float]) -> None:
        """
        Left alone for a minute, no service is over its limit, whatever came
        before.
        """
        gate = gateOf(limit)
        now = 0.0
        for gap in gaps:
            now += gap
            gate.judge(PEER, now)
        due = gate.returnsAt(now)
        assert due is not None
        self.assertLessEqual(due, now + 60)
        gate.recover(due)
        self.assertFalse(gate.over)


class Note(Rule):
    """
    A rule that keeps in mind what it is asked and told.
    """

    def __init__(self, name: str, notes: list[tuple[str, str]], refusing: bool = False) -> None:
        self.name = name
        self.refusing = refusing
        self._notes = notes

    def check(self, source: Source, now: float) -> Refusal | None:
        """
        Refuse, if it is to.
        """
        self._notes.append(("check", self.name))
        return Refusal(self.name, "no", origin=Origin("inetd.conf", 7)) if self.refusing else None

    def take(self, source: Source, now: float) -> None:
        """
        Note it.
        """
        self._notes.append(("take", self.name))

    def release(self, source: Source, now: float) -> None:
        """
        Note it.
        """
        self._notes.append(("release", self.name))


#: Limits of every kind, each of which lets two in and not three.
EACH = {
    "starts-per-source": Limits(None, startsPerSource=2),
    "source-rate": Limits(None, sourceBucket=Bucket(2, 0.1)),
    "instances-per-source": Limits(None, instancesPerSource=2),
    "cps": Limits(None, perSecond=ConnectionsPerSecond(2, 10.0)),
    "starts-per-minute": Limits(2),
    "rate": Limits(None, bucket=Bucket(2, 0.1)),
    "instances": Limits(None, instances=2),
}


class RulesTests(SynchronousTestCase):
    """
    Tests for L{Gate} with many rules.
    """

    def setUp(self) -> None:
        self.notes: list[tuple[str, str]] = []

    def note(self, name: str, refusing: bool = False) -> Note:
        """
        A rule.
        """
        return Note(name, self.notes, refusing)

    def test_order(self) -> None:
        """
        All are asked in their order, then all are told.
        """
        server = Gate(Limits(None), own=[self.note("server")])
        gate = Gate(
            Limits(None), shared=[self.note("shared")], own=[self.note("own")], server=server
        )
        gate.judge(HERE, 0)
        names = ["shared", "own", "server"]
        self.assertEqual(self.notes, [(step, name) for step in ("check", "take") for name in names])

    def test_nothingInMind(self) -> None:
        """
        A rule that has nothing in any of its memories is not asked, and is as soon as there
        is something; but it is told.
        """
        rule = self.note("rule")
        first: list[int] = []
        second: list[int] = []
        rule.memory = first, second
        gate = Gate(Limits(None), own=[rule])
        gate.judge(HERE, 0)
        self.assertEqual(self.notes, [("take", "rule")])
        for memory in (second, first):
            self.notes.clear()
            memory.append(1)
            gate.judge(HERE, 0)
            memory.clear()
            self.assertEqual(self.notes, [("check", "rule"), ("take", "rule")])

    def test_countingAsked(self) -> None:
        """
        A rule that counts arrivals is asked of each, whatever it has in mind.
        """
        asked: list[float] = []

        class Counting(Note):
            """
            A rule that counts arrivals.
            """

            memory = ((),)

            def arrive(self, source: Source, now: float) -> Refusal | None:
                """
                Count one.
                """
                asked.append(now)
                return None

        gate = Gate(Limits(None), own=[Counting("rule", self.notes)])
        gate.judge(HERE, 5.0)
        self.assertEqual(asked, [5.0])

    def test_refusedNotTold(self) -> None:
        """
        What one refuses no other is told of, and who comes after it is not asked.
        """
        gate = Gate(Limits(1), own=[self.note("a"), self.note("b", refusing=True), self.note("c")])
        verdict = gate.judge(HERE, 0)
        self.assertEqual(self.notes, [("check", "a"), ("check", "b")])
        self.assertEqual((verdict.rule, verdict.origin), ("b", Origin("inetd.conf", 7)))
        self.assertEqual((verdict.turn, gate.over, gate.running), (Turn.NONE, False, 0))

    def test_released(self) -> None:
        """
        All that count who is in are told when somebody goes.
        """
        server = Gate(Limits(None), own=[self.note("server")])
        gate = Gate(Limits(None), own=[self.note("own")], server=server)
        gate.judge(HERE, 0)
        self.assertEqual((gate.running, server.running), (1, 1))
        del self.notes[:]
        gate.release(HERE, 1)
        self.assertEqual(self.notes, [("release", "own"), ("release", "server")])
        self.assertEqual((gate.running, server.running), (0, 0))

    def test_releasedTwice(self) -> None:
        """
        Who has gone cannot go once more.
        """
        gate = Gate(Limits(None))
        gate.judge(HERE, 0)
        gate.release(HERE, 0)
        self.assertRaises(ValueError, gate.release, HERE, 0)

    def test_eachLimit(self) -> None:
        """
        Each limit refuses by its own name, and says whether it is about this source only.
        """
        for name, limits in EACH.items():
            gate = Gate(limits)
            verdicts = [gate.judge(HERE, 0) for _ in range(3)]
            self.assertEqual([verdict.allowed for verdict in verdicts], [True, True, False], name)
            self.assertEqual(verdicts[2].rule, name)
            self.assertEqual(verdicts[2].perSource, "source" in name)
            self.assertEqual(gate.judge(THERE, 0).allowed, "source" in name)

    def test_eachComesBack(self) -> None:
        """
        After each limit has refused, somebody is let in by itself: at the time that was
        named, or when one has gone.
        """
        for name, limits in EACH.items():
            gate = Gate(limits)
            until = [gate.judge(HERE, 0).until for _ in range(3)][2]
            if until is None:
                gate.release(HERE, 1)
                until = 1.0
            self.assertTrue(gate.judge(HERE, until).allowed, name)

    def test_eachTurn(self) -> None:
        """
        Limits for all trip and return, once each; those for one source do not.
        """
        for name, limits in EACH.items():
            gate = Gate(limits)
            turns = [gate.judge(HERE, 0).turn for _ in range(4)]
            for _ in range(2):
                gate.release(HERE, 0)
            turns.append(gate.judge(HERE, 100).turn)
            expected = [Turn.NONE] * 5
            if "source" not in name:
                expected[2], expected[4] = Turn.TRIPPED, Turn.RETURNED
            self.assertEqual(turns, expected, name)

    def test_eachSurvives(self) -> None:
        """
        A reload that changes something else, or nothing, forgives nothing.
        """
        for name, limits in EACH.items():
            gate = Gate(limits)
            for _ in range(3):
                gate.judge(HERE, 0)
            gate.replaceLimits(attrs.evolve(limits, queue=7), 0)
            self.assertEqual(gate.judge(HERE, 0).rule, name)

    def test_oneSourceDoesNotShut(self) -> None:
        """
        Who is refused for himself uses up nothing of what there is for all, not even of
        the arrivals in a second.
        """
        gate = Gate(
            Limits(
                10,
                startsPerSource=2,
                perSecond=ConnectionsPerSecond(5, 10.0),
                bucket=Bucket(5, 0.1),
                instances=5,
            )
        )
        self.assertEqual(sum(gate.judge(HERE, 0).allowed for _ in range(100)), 2)
        self.assertTrue(gate.judge(THERE, 0).allowed)
        self.assertFalse(gate.over)

    def test_instancesAppear(self) -> None:
        """
        A limit on those who are in, set with a reload, counts who is in already, and what
        was in before never goes below nothing.
        """
        gate = Gate(Limits(None))
        for _ in range(3):
            gate.judge(HERE, 0)
        gate.replaceLimits(Limits(None, instances=4, instancesPerSource=4), 0)
        found = [gate.judge(HERE, 0).allowed for _ in range(2)]
        for _ in range(4):
            gate.release(HERE, 0)
        found += [gate.judge(HERE, 0).allowed for _ in range(5)]
        self.assertEqual(found, [True, False, True, True, True, True, False])

    def test_badLimits(self) -> None:
        """
        Limits that cannot be meant change nothing.
        """
        gate = Gate(Limits(2, startsPerSource=1))
        gate.judge(HERE, 0)
        wrong = Limits(9, startsPerSource=9, bucket=Bucket(0, 1), prefixes=Prefixes(((8, 1),)))
        self.assertRaises(ValueError, gate.replaceLimits, wrong, 0)
        self.assertEqual([gate.judge(HERE, 0).allowed, gate.judge(THERE, 0).allowed], [False, True])

    def test_loadUnread(self) -> None:
        """
        A limit on the load that nobody reads would be none, and is refused.
        """
        self.assertRaises(ValueError, Gate, Limits(load=1.0))
        self.assertRaises(ValueError, Gate, Limits(pressure=(Pressure("cpu", 1.0),)))

    def test_load(self) -> None:
        """
        While the machine has enough to do nobody is let in, and then again.
        """
        readings = Readings()
        gate = Gate(Limits(load=2.0), readings=readings)
        readings.load = 3.0
        verdict = gate.judge(HERE, 0)
        self.assertEqual((verdict.rule, verdict.turn), ("load", Turn.TRIPPED))
        readings.load = 1.0
        self.assertEqual(gate.judge(HERE, 0).turn, Turn.RETURNED)

    def test_penalty(self) -> None:
        """
        Who has a penalty is refused before anything else, for all services.
        """
        book = PenaltyBook(Penalties(failed=20))
        gates = [Gate(Limits(), shared=[book], own=[self.note("own")]) for _ in range(2)]
        book.collect(HERE, Offence.FAILED, 0)
        self.assertEqual([gate.judge(HERE, 0).rule for gate in gates], ["penalty"] * 2)
        self.assertEqual(self.notes, [])

    def test_replaceRules(self) -> None:
        """
        Rules can be others after a reload, and the limits know what they knew.
        """
        gate = Gate(Limits(1), own=[self.note("a", refusing=True)])
        self.assertEqual(gate.judge(HERE, 0).rule, "a")
        gate.replaceRules(0, own=[])
        self.assertTrue(gate.judge(HERE, 0).allowed)
        gate.replaceRules(0, shared=[self.note("b")], shadow=frozenset({STARTS_RULE}))
        self.assertTrue(gate.judge(HERE, 0).allowed)
        gate.replaceRules(0, shadow=frozenset())
        self.assertEqual(gate.judge(HERE, 0).rule, STARTS_RULE)

    def test_explain(self) -> None:
        """
        All rules say what they have to say, and nothing is counted.
        """
        server = Gate(Limits(None, instances=1))
        gate = Gate(
            Limits(1),
            own=[self.note("a"), self.note("b", refusing=True)],
            server=server,
            shadow=frozenset({"b"}),
        )
        for _ in range(3):
            said = gate.explain(HERE, 0)
        self.assertEqual(
            said,
            [
                ("a", "allows", None),
                ("b", "no (only said: in shadow)", Origin("inetd.conf", 7)),
                ("starts-per-minute", "allows", None),
                ("instances", "allows", None),
            ],
        )
        self.assertEqual(gate.refusals(HERE, 0), [])
        self.assertTrue(gate.judge(HERE, 0).allowed)
        self.assertEqual(
            [refusal.rule for refusal in gate.refusals(HERE, 0)],
            ["starts-per-minute", "instances"],
        )

    def test_names(self) -> None:
        """
        Each limit has a name of its own, by which it can be put in shadow.
        """
        self.assertEqual(len(set(LIMIT_NAMES)), 9)
        self.assertLess(set(EACH), set(LIMIT_NAMES))

    @given(
        st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.floats(0, 20)), max_size=100),
        st.sampled_from(sorted(EACH)),
        st.sampled_from(sorted(EACH)),
    )
    def test_foretold(self, steps: list[tuple[int, bool, float]], one: str, other: str) -> None:
        """
        Whatever comes and goes: somebody whom nothing is held against is let in exactly
        if the gate is not full, and at the time at which it says there will be room, there
        is.  Who is in is counted right throughout.
        """
        gate = Gate(EACH[one], server=Gate(EACH[other]))
        inside: list[Source] = []
        now = 0.0
        for serial, (number, comes, gap) in enumerate(steps):
            now += gap
            if comes:
                full = gate.isFull(now)
                unknown = gate.judge(v6(serial + 1), now)
                self.assertEqual(unknown.allowed, not full)
                if unknown.allowed:
                    inside.append(v6(serial + 1))
                room = gate.whenRoom(now)
                server = gate._server
                assert server is not None
                byTime = server.whenRoom(now) is not None
                if room is not None and byTime:
                    self.assertFalse(gate.isFull(room + 1e-6))
            elif inside:
                gate.release(inside.pop(number % len(inside)), now)
            self.assertEqual(gate.running, len(inside))


class ServerTests(SynchronousTestCase):
    """
    Tests for gates that share a server's.
    """

    def test_counted(self) -> None:
        """
        The server's limits count what all services do.
        """
        server = Gate(Limits(None, instances=3))
        gates = [Gate(Limits(), server=server) for _ in range(2)]
        found = [gates[number % 2].judge(HERE, 0) for number in range(4)]
        self.assertEqual([verdict.allowed for verdict in found], [True, True, True, False])
        self.assertEqual((found[3].rule, found[3].turn), ("instances", Turn.TRIPPED))

    def test_refusedByService(self) -> None:
        """
        What a service refuses the server does not count.
        """
        server = Gate(Limits(2))
        first, second = Gate(Limits(1), server=server), Gate(Limits(), server=server)
        found = [first.judge(HERE, 0).allowed for _ in range(5)]
        found.append(second.judge(HERE, 0).allowed)
        self.assertEqual(found, [True, False, False, False, False, True])

    def test_refusedByServer(self) -> None:
        """
        What the server refuses the service does not count.
        """
        server = Gate(Limits(1))
        gate = Gate(Limits(2), server=server)
        for _ in range(5):
            gate.judge(HERE, 0)
        server.replaceLimits(Limits(None), 0)
        self.assertTrue(gate.judge(HERE, 0).allowed)

    def test_lookAgain(self) -> None:
        """
        What others leave free is looked for after a while, as nobody tells of it.
        """
        server = Gate(Limits(None, instances=1))
        first, second = Gate(Limits(), server=server), Gate(Limits(), server=server)
        first.judge(HERE, 0)
        second.judge(HERE, 0)
        self.assertEqual((second.isFull(5), second.whenRoom(5)), (True, 5.25))
        self.assertEqual(second.returnsAt(5), 5.25)
        first.release(HERE, 5)
        self.assertEqual((second.isFull(5.25), second.recover(5.25)), (False, True))


class ShadowTests(SynchronousTestCase):
    """
    Tests for rules that only say what they would have refused.
    """

    def test_said(self) -> None:
        """
        Somebody is let in whom each of them would have refused, and that is told.
        """
        for name, limits in EACH.items():
            gate = Gate(limits, shadow=frozenset({name}))
            found = [gate.judge(HERE, 0) for _ in range(4)]
            self.assertTrue(all(verdict.allowed for verdict in found))
            self.assertEqual(
                [[refusal.rule for refusal in verdict.shadowed] for verdict in found],
                [[], [], [name], [name]],
            )
            self.assertEqual((gate.over, gate.isFull(0)), (False, False))

    def test_asEnforced(self) -> None:
        """
        A limit on starts goes on as if it had refused: a flood fills its window no
        further, so it says what it would have let in.
        """
        gate = Gate(Limits(2), shadow=frozenset({STARTS_RULE}))
        found = [not gate.judge(HERE, now).shadowed for now in (0, 1, 2, 3, 60, 61, 62)]
        self.assertEqual(found, [True, True, False, False, True, True, False])

    def test_instances(self) -> None:
        """
        Who is in is counted, whether let in against it or not, and each goes once.
        """
        gate = Gate(Limits(None, instancesPerSource=1), shadow=frozenset({"instances-per-source"}))
        for _ in range(3):
            gate.judge(HERE, 0)
        for _ in range(3):
            gate.release(HERE, 0)
        self.assertEqual(gate.judge(HERE, 0).shadowed, ())

    def test_refusedByAnother(self) -> None:
        """
        Who is refused by another rule hears of both.
        """
        gate = Gate(Limits(1, startsPerSource=1), shadow=frozenset({"starts-per-source"}))
        gate.judge(HERE, 0)
        verdict = gate.judge(HERE, 0)
        self.assertEqual((verdict.allowed, verdict.rule), (False, STARTS_RULE))
        self.assertEqual([refusal.rule for refusal in verdict.shadowed], ["starts-per-source"])

    def test_servers(self) -> None:
        """
        The server's shadow is its own: a service's does not reach it.
        """
        server = Gate(Limits(1))
        gate = Gate(Limits(None), server=server, shadow=frozenset({STARTS_RULE}))
        self.assertEqual([gate.judge(HERE, 0).allowed for _ in range(2)], [True, False])
        server.replaceRules(0, shadow=frozenset({STARTS_RULE}))
        verdict = gate.judge(HERE, 0)
        self.assertEqual((verdict.allowed, len(verdict.shadowed)), (True, 1))
