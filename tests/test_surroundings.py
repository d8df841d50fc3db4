"""
Tests for L{txinetd.surroundings}.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.handler_support import programSpec
from txinetd.gate.networks import single
from txinetd.gate.penalties import Offence
from txinetd.gate.rule import sourceOf
from txinetd.policy import (
    NO_POLICY,
    Access,
    AddressRule,
    Bucket,
    Limits,
    Network,
    Penalties,
    Policy,
    Pressure,
    Sensor,
)
from txinetd.process.limits import DescriptorLimit
from txinetd.surroundings import Surroundings
from txinetd.testing import MemoryNames

HERE = sourceOf("192.0.2.1")
THERE = sourceOf("198.51.100.1")


class Threads(Clock):
    """
    A reactor whose one thread works when its clock goes.
    """

    def getThreadPool(self) -> Threads:
        """
        Itself.
        """
        return self

    def callFromThread(self, call: Callable[..., object], *args: Any, **more: Any) -> None:
        """
        Call.
        """
        call(*args, **more)

    def callInThreadWithCallback(
        self, tell: Callable[[bool, object], None], call: Callable[..., object], *args: Any
    ) -> None:
        """
        Call, later, and tell what came of it.
        """

        def work() -> None:
            try:
                result = call(*args)
            except Exception:
                tell(False, Failure())
            else:
                tell(True, result)

        self.callLater(0, work)


class SurroundingsTests(SynchronousTestCase):
    """
    Tests for L{Surroundings}.
    """

    def setUp(self) -> None:
        self.reactor = Threads()
        self.wall = 1e9
        self.changes: list[Mapping[str, tuple[Network, ...]]] = []
        self.hosts: dict[str, tuple[str, ...]] = {}

    def make(self, policy: Policy = NO_POLICY, barFile: str | None = None) -> Surroundings:
        """
        Have some.
        """
        made = Surroundings(
            self.reactor,
            policy,
            self.reactor.seconds,
            DescriptorLimit(),
            self.changes.append,
            barFile,
            names=MemoryNames(hosts=self.hosts),
            wall=lambda: self.wall,
        )
        self.addCleanup(lambda: made.stopService() if made.running else None)
        return made

    def load(self, surroundings: Surroundings, load: str, pressure: str = "") -> None:
        """
        Have the machine be loaded.
        """
        proc = Path(self.mktemp())
        (proc / "pressure").mkdir(parents=True)
        (proc / "loadavg").write_text(f"{load} 0.00 0.00 1/100 1000\n")
        for resource in ("cpu", "io", "memory"):
            (proc / "pressure" / resource).write_text(f"some avg10={pressure or '0.00'} total=0\n")
        surroundings.rules.readings._proc = str(proc)

    def test_nothing(self) -> None:
        """
        Where nobody asks for anything, nothing is looked at and there is no gate for all.
        """
        made = self.make()
        made.watch([programSpec()])
        made.startService()
        self.assertEqual((self.reactor.getDelayedCalls(), made.rules.gate), ([], None))
        made.stopService()

    def test_load(self) -> None:
        """
        Where a limit depends on the load, of a service or of all, it is looked at from
        before anybody is served, until nobody asks for it any more.
        """
        ofService = [programSpec(limits=Limits(load=4.0))]
        for policy, specs in (
            (NO_POLICY, ofService),
            (Policy(limits=Limits(None, load=4.0)), [programSpec()]),
        ):
            made = self.make(policy)
            self.load(made, "3.50")
            made.watch(specs)
            self.assertIsNone(made.rules.readings.load)
            made.startService()
            self.assertEqual(made.rules.readings.load, 3.5)
            self.load(made, "5.00")
            self.reactor.advance(1)
            self.assertEqual(made.rules.readings.load, 5.0)
            self.assertEqual(made.rules.readings.pressure, {})
            made.stopService()
            self.assertEqual(self.reactor.getDelayedCalls(), [])
            made.startService()
            self.assertEqual(len(self.reactor.getDelayedCalls()), 1)
            made.stopService()
        made = self.make()
        made.startService()
        made.watch(ofService)
        self.assertEqual(len(self.reactor.getDelayedCalls()), 1)
        made.watch([programSpec()])
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_pressure(self) -> None:
        """
        The pressure is looked at where a limit depends on it.
        """
        made = self.make()
        self.load(made, "1.00", "77.00")
        made.watch([programSpec(limits=Limits(pressure=(Pressure("io", 50.0),)))])
        made.startService()
        self.assertEqual(made.rules.readings.pressure["io"], 77.0)

    def test_gate(self) -> None:
        """
        There is a gate for all where a policy limits anything or has any rule.
        """
        rule = AddressRule(False, (single("192.0.2.1"),), "192.0.2.1")
        for policy in (
            Policy(limits=Limits(None, instances=1)),
            Policy(limits=Limits(None, bucket=Bucket(1, 0.001))),
            Policy(access=Access(rules=(rule,))),
            Policy(access=Access(default=False)),
        ):
            gate = self.make(policy).rules.gate
            assert gate is not None
            gate.judge(HERE, 0.0)
            self.assertFalse(gate.judge(HERE, 0.0).allowed)

    def test_penalties(self) -> None:
        """
        A policy's penalties are for all services.
        """
        made = self.make(Policy(access=Access(penalties=Penalties(refused=20.0))))
        self.assertEqual(len(made.rules.penalties.collect(HERE, Offence.REFUSED, 0.0)), 1)
        self.assertIsNone(made.rules.gate)

    def test_notForAll(self) -> None:
        """
        What a whole server cannot do is not promised.
        """
        for access in (
            Access(wrap="x"),
            Access(sensor=Sensor(1.0)),
            Access(firstByte=1.0),
            Access(startWithin=1.0),
            Access(banner=b"/x"),
            Access(bannerSuccess=b"/x"),
            Access(bannerFail=b"/x"),
        ):
            self.assertRaises(ValueError, self.make, Policy(access=access))

    def test_hosts(self) -> None:
        """
        Hosts in the rules of services are looked up again, and who asked is told.
        """
        self.hosts["friend.example"] = ("192.0.2.1",)
        rule = AddressRule(True, (single("198.51.100.1"),), "friend.example", "friend.example")
        made = self.make()
        made.startService()
        self.assertEqual(made.watch([programSpec(access=Access(rules=(rule,)))]), {})
        self.reactor.pump([300, 0])
        self.assertEqual(self.changes, [{"friend.example": (single("192.0.2.1"),)}])
        made.stopService()
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_hostsOfAll(self) -> None:
        """
        So are those in the rules of the whole server, which go by what was found.
        """
        self.hosts["foe.example"] = ("192.0.2.1",)
        rule = AddressRule(False, (single("198.51.100.1"),), "foe.example", "foe.example")
        made = self.make(Policy(access=Access(rules=(rule,))))
        gate = made.rules.gate
        assert gate is not None
        made.watch([programSpec()])
        made.startService()
        found = [gate.judge(source, 0.0).allowed for source in (HERE, THERE)]
        self.assertEqual(found, [True, False])
        self.reactor.pump([300, 0])
        found = [gate.judge(source, 0.0).allowed for source in (HERE, THERE)]
        self.assertEqual(found, [False, True])
        # A reload asks again, and has not looked the policy up anew.
        made.watch([programSpec()])
        found = [gate.judge(source, 0.0).allowed for source in (HERE, THERE)]
        self.assertEqual(found, [False, True])

    def test_bars(self) -> None:
        """
        Who is barred is so still after a restart, for what is left of the time.
        """
        path = self.mktemp()
        made = self.make(barFile=path)
        made.startService()
        made.rules.barred.bar(HERE, 100.0, self.reactor.seconds(), "x")
        made.rules.barred.bar(THERE, None, self.reactor.seconds(), "x")
        self.reactor.advance(30)
        self.wall += 30
        made.stopService()
        self.wall += 20
        other = self.make(barFile=path)
        other.startService()
        barred, now = other.rules.barred, self.reactor.seconds()
        self.assertIsNotNone(barred.check(HERE, now + 49))
        self.assertIsNone(barred.check(HERE, now + 51))
        self.assertIsNotNone(barred.check(THERE, now + 1e9))

    def test_killed(self) -> None:
        """
        They are written down from time to time as well, and not again where nobody has
        come or gone.
        """
        path = self.mktemp()
        made = self.make(barFile=path)
        made.startService()
        self.addCleanup(made.stopService)
        made.rules.barred.bar(HERE, None, 0.0, "touched a trap")
        self.reactor.pump([1.0] * 35)
        other = self.make(barFile=path)
        other.startService()
        self.addCleanup(other.stopService)
        self.assertIsNotNone(other.rules.barred.check(HERE, 0.0))
        os.remove(path)
        self.reactor.pump([1.0] * 35)
        self.assertFalse(os.path.exists(path))

    def test_damaged(self) -> None:
        """
        A file that cannot be read is said, and no reason not to start.
        """
        path = Path(self.mktemp())
        path.write_text("nonsense")
        made = self.make(barFile=str(path))
        made.startService()
        self.assertEqual(len(made.rules.barred), 0)

    def test_noFile(self) -> None:
        """
        A file that cannot be written is said, and no reason not to stop.
        """
        made = self.make(barFile=os.path.join(self.mktemp(), "none", "bars"))
        made.startService()
        made.rules.barred.bar(HERE, 100.0, 0.0, "x")
        made.stopService()
        self.assertFalse(made.running)

    def test_wrapper(self) -> None:
        """
        There is one wrapper, and after a stop another.
        """
        made = self.make()
        made.startService()
        first = made.wrapper()
        self.assertIs(made.wrapper(), first)
        made.stopService()
        self.assertIsNot(made.wrapper(), first)
        made.stopService()
