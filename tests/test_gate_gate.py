# -*- test-case-name: tests.test_gate_gate -*-
"""
Tests for L{txinetd.gate.gate} and L{txinetd.gate.verdict}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txinetd.gate.gate import STARTS_RULE, Gate
from txinetd.gate.verdict import ALLOWED, Turn
from txinetd.spec import Limits

PEER = "192.0.2.1"


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
        self.assertLessEqual(gate.returnsAt(now), now + 60)
        gate.recover(gate.returnsAt(now))
        self.assertFalse(gate.over)
