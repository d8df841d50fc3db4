# -*- test-case-name: tests.test_gate_instances -*-
"""
Tests for L{txinetd.gate.instances} and L{txinetd.gate.running}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.gate_support import HERE, THERE, sharedOf, v6
from txinetd.gate.instances import Instances, InstancesPerSource
from txinetd.gate.rule import NOBODY, Refusal, Source
from txinetd.gate.running import Running
from txinetd.gate.sources import Levels
from txinetd.policy import Limits, Prefixes


class RunningTests(SynchronousTestCase):
    """
    Tests for L{Running}.
    """

    def test_counts(self) -> None:
        """
        It knows how many are in, and from where; who has gone leaves nothing behind.
        """
        running = Running()
        for source in (HERE, HERE, THERE):
            running.add(source)
        running.remove(THERE)
        self.assertEqual((running.total, list(running.sources.values())), (2, [2]))

    def test_nobodyThere(self) -> None:
        """
        Who is not in cannot go.
        """
        running = Running()
        running.add(HERE)
        self.assertRaises(ValueError, running.remove, THERE)
        self.assertEqual(running.total, 1)


class InstancesTests(SynchronousTestCase):
    """
    Tests for L{Instances}.
    """

    def setUp(self) -> None:
        self.shared = sharedOf()

    def test_full(self) -> None:
        """
        As many are let in as may be, whoever they are, and another when one has gone.
        """
        rule = Instances(Limits(instances=2), self.shared)
        self.shared.running.add(HERE)
        self.assertIsNone(rule.check(HERE, 0))
        self.shared.running.add(NOBODY)
        self.assertEqual(rule.check(THERE, 0), Refusal("instances", "more than 2 at a time"))
        self.shared.running.remove(HERE)
        self.assertIsNone(rule.check(HERE, 0))

    def test_notByTime(self) -> None:
        """
        Time does not help; and it is calm only when a quarter is free.
        """
        rule = Instances(Limits(instances=4), self.shared)
        for _ in range(4):
            self.shared.running.add(HERE)
        self.assertEqual((rule.roomAt(7), rule.calmAt(7)), (None, None))
        self.shared.running.remove(HERE)
        self.assertEqual((rule.roomAt(7), rule.calmAt(7)), (7, 7))

    def test_altered(self) -> None:
        """
        Another limit counts who is in.
        """
        rule = Instances(Limits(instances=4), self.shared)
        self.shared.running.add(HERE)
        rule.alter(Limits(instances=1), 0)
        self.assertIsNotNone(rule.check(HERE, 0))

    def test_wrong(self) -> None:
        """
        Not even one at a time is not a limit.
        """
        self.assertRaises(ValueError, Instances, Limits(instances=0), self.shared)


class InstancesPerSourceTests(SynchronousTestCase):
    """
    Tests for L{InstancesPerSource}.
    """

    def setUp(self) -> None:
        self.shared = sharedOf()
        self.rule = InstancesPerSource(Limits(instancesPerSource=2), self.shared)

    def come(self, source: Source) -> bool:
        """
        One comes.
        """
        if self.rule.check(source, 0) is not None:
            return False
        self.shared.running.add(source)
        self.rule.take(source, 0)
        return True

    def go(self, source: Source) -> None:
        """
        One goes.
        """
        self.shared.running.remove(source)
        self.rule.release(source, 0)

    def test_eachItsOwn(self) -> None:
        """
        One that has as many as it may is refused, and another is not.
        """
        found = [self.come(source) for source in (HERE, HERE, HERE, THERE)]
        self.assertEqual(found, [True, True, False, True])
        self.assertEqual(
            self.rule.check(HERE, 0),
            Refusal("instances-per-source", "more than 2 at a time from 192.0.2.1", perSource=True),
        )

    def test_gone(self) -> None:
        """
        When one has gone there is room for one, and of who has gone nothing is left.
        """
        self.come(HERE)
        self.come(HERE)
        self.go(HERE)
        self.assertEqual([self.come(HERE), self.come(HERE)], [True, False])
        self.go(HERE)
        self.go(HERE)
        self.assertEqual(len(self.rule), 0)

    def test_widerPrefixes(self) -> None:
        """
        Who has many /64 has four times as many in a /56.
        """
        self.assertEqual(sum(self.come(v6(1, subnet)) for subnet in range(256)), 8)

    def test_nobody(self) -> None:
        """
        Who is not known is not counted.
        """
        self.assertTrue(all(self.come(NOBODY) for _ in range(5)))
        self.go(NOBODY)

    def test_late(self) -> None:
        """
        A limit that comes with a reload counts who is in; when they go nothing is taken
        off those who came later.
        """
        self.shared.running.add(HERE)
        self.rule = InstancesPerSource(Limits(instancesPerSource=2), self.shared)
        self.assertEqual([self.come(HERE), self.come(HERE)], [True, False])
        for _ in range(2):
            self.go(HERE)
        self.assertEqual(len(self.rule), 0)

    def test_otherPrefixes(self) -> None:
        """
        Where other prefixes are one source, who is in is counted by these.
        """
        self.come(v6(1, 1))
        self.come(v6(1, 2))
        self.shared.levels = Levels(Prefixes(ipv6=((48, 1),)))
        self.rule.alter(Limits(instancesPerSource=2), 0)
        self.assertFalse(self.come(v6(1, 3)))
        self.go(v6(1, 1))
        self.assertTrue(self.come(v6(1, 3)))

    @given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=100))
    def test_neverMore(self, steps: list[tuple[int, bool]]) -> None:
        """
        Whoever comes and goes, no source has more than it may, none is refused that has
        fewer, and the memory is that of those who are in.
        """
        self.setUp()
        inside: dict[int, int] = dict.fromkeys(range(4), 0)
        for number, comes in steps:
            source = Source(4, number, "")
            if comes:
                came = self.come(source)
                self.assertEqual(came, inside[number] < 2)
                inside[number] += came
            elif inside[number]:
                inside[number] -= 1
                self.go(source)
            self.assertEqual(len(self.rule), sum(count > 0 for count in inside.values()))
