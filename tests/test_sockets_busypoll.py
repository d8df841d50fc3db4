"""
Tests for L{txinetd.sockets.busypoll} over a reactor whose descriptors and clock do as
they are told.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from unittest import skipUnless

from twisted.internet import reactor as realReactor
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txinetd.sockets.busypoll import BusyPoll


class FakeReactor(Clock):
    """
    A reactor of which each look at the clock takes twenty microseconds.

    @ivar nextCall: seconds until it has something to do, or C{None}.
    @ivar looks: how often somebody has looked at the clock.
    @ivar events: what happens at which look.
    """

    def __init__(self) -> None:
        super().__init__()
        self._poller = select.epoll()
        self._read, self._write = os.pipe()
        self._poller.register(self._read, select.EPOLLIN)
        self.nextCall: float | None = None
        self.looks = 0
        self.events: dict[int, Callable[[], None]] = {}
        self.ready = False

    def seconds(self) -> float:
        """
        Time passes.
        """
        self.looks += 1
        self.rightNow += 0.00002
        self.events.pop(self.looks, lambda: None)()
        return self.rightNow

    def timeout(self) -> float | None:
        """
        When it has something to do.
        """
        return self.nextCall

    def setReady(self, ready: bool) -> None:
        """
        Have a descriptor that is ready, or none.
        """
        if ready != self.ready:
            self.ready = ready
            if ready:
                os.write(self._write, b"x")
            else:
                os.read(self._read, 1)

    def close(self) -> None:
        """
        Close what there is.
        """
        self._poller.close()
        os.close(self._read)
        os.close(self._write)


class BusyPollTests(SynchronousTestCase):
    """
    Tests for L{BusyPoll}.
    """

    def setUp(self) -> None:
        """
        Two processors, whatever this machine has.
        """
        self.patch(os, "sched_getaffinity", lambda pid: {0, 1})
        self.reactor = FakeReactor()
        self.addCleanup(self.reactor.close)
        self.busyPoll = BusyPoll(self.reactor)
        self.waiting = 0
        self.found = 0

    def come(self) -> None:
        """
        Somebody has come after all.
        """
        self.found += 1

    def served(self, after: float = 0.0) -> int:
        """
        Somebody has been served.

        @param after: seconds since the last time that anything happened.
        @return: how many have come then.
        """
        self.reactor.setReady(self.waiting > 0)
        began = self.reactor.rightNow + after
        self.reactor.rightNow = began
        return self.busyPoll.awaits(began, lambda: self.waiting, self.come)

    def hurry(self) -> None:
        """
        Somebody has been served right after another, so that the next is waited for.
        """
        self.served(1.0)

    def comes(self, looks: int) -> None:
        """
        Have somebody come after so many looks at the clock.
        """

        def come() -> None:
            self.waiting = 1
            self.reactor.setReady(True)

        self.reactor.events[self.reactor.looks + looks] = come

    def elapsed(self, act: Callable[[], object]) -> float:
        """
        How long something takes.
        """
        before = self.reactor.rightNow
        act()
        return self.reactor.rightNow - before

    def test_alone(self) -> None:
        """
        After somebody who has come long after the one before nobody is waited for.
        """
        self.comes(4)
        self.assertEqual(self.served(1.0), 0)
        self.assertLess(self.reactor.looks, 4)

    def test_soon(self) -> None:
        """
        After somebody who has come soon the next is.
        """
        self.hurry()
        self.comes(5)
        self.assertEqual(self.served(), 1)

    def test_inVain(self) -> None:
        """
        For no longer than it may take.
        """
        self.hurry()
        took = self.elapsed(self.served)
        self.assertGreaterEqual(took, BusyPoll.longest)
        self.assertLess(took, BusyPoll.longest + 0.0005)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_afterVain(self) -> None:
        """
        Who comes soon after that has not come soon.
        """
        self.hurry()
        self.served()
        self.comes(5)
        self.assertEqual(self.served(BusyPoll.longest / 2), 0)
        self.assertEqual(self.served(BusyPoll.longest / 2), 1)

    def test_busy(self) -> None:
        """
        Where the reactor has something to do already there is no waiting, not even for
        somebody who is there.
        """
        self.hurry()
        self.waiting = 1
        looks = self.reactor.looks
        self.assertEqual(self.served(), 0)
        self.assertLess(self.reactor.looks - looks, 3)

    def disturbed(self) -> bool:
        """
        Somebody is served, and then others need the reactor.

        @return: whether the next had been waited for.
        """
        self.reactor.setReady(False)
        looks = self.reactor.looks + 5
        self.reactor.events[looks] = lambda: self.reactor.setReady(True)
        self.assertEqual(self.served(), 0)
        self.reactor.events.clear()
        return self.reactor.looks >= looks

    def test_others(self) -> None:
        """
        Where others need the reactor nobody is waited for the next time, then the next two
        times, and so on, but not for ever.
        """
        self.hurry()
        waited = [self.disturbed() for _ in range(1 + 1 + 1 + 2 + 1 + 4 + 1)]
        self.assertEqual([n for n, each in enumerate(waited) if each], [0, 2, 5, 10])
        waited = [self.disturbed() for _ in range(500)]
        gaps = [n for n, each in enumerate(waited) if each]
        self.assertEqual(gaps[-1] - gaps[-2], BusyPoll.mostSkipped + 1)

    def test_yields(self) -> None:
        """
        The processor is offered to others all the time.
        """
        offers: list[int] = []
        self.patch(os, "sched_yield", lambda: offers.append(self.reactor.looks))
        self.hurry()
        looks = self.reactor.looks
        self.served()
        self.assertGreater(len(offers), (self.reactor.looks - looks) / 2)

    def test_otherProcesses(self) -> None:
        """
        The same where another process has waited for the processor.
        """
        self.hurry()

        def run() -> None:
            self.reactor.rightNow += 2 * BusyPoll.late

        took = []
        for _ in range(6):
            self.reactor.events[self.reactor.looks + 5] = run
            took.append(self.elapsed(self.served))
            self.reactor.events.clear()
        self.assertLess(max(took), BusyPoll.longest / 2)
        waited = [each > 2 * BusyPoll.late for each in took]
        self.assertEqual(waited, [True, False, True, False, False, True])

    def test_forgets(self) -> None:
        """
        Once somebody has come in time that begins anew.
        """
        self.hurry()
        for _ in range(10):
            self.disturbed()
        self.reactor.setReady(False)
        self.comes(5)
        self.assertEqual(self.served(), 1)
        self.waiting = 0
        waited = [self.disturbed() for _ in range(4)]
        self.assertEqual(waited, [True, False, True, False])

    def test_timedCall(self) -> None:
        """
        The reactor makes its timed calls in time, and then the next is waited for as before.
        """
        self.hurry()
        self.reactor.nextCall = 0.0003
        took = self.elapsed(lambda: self.assertEqual(self.served(), 0))
        self.assertLess(took, 0.0008)
        self.reactor.nextCall = None
        self.comes(3)
        self.reactor.advance(0)
        self.assertEqual(self.found, 1)

    def test_timedCalls(self) -> None:
        """
        However many there are, that does not go on for longer than it may take.
        """
        self.hurry()
        self.reactor.nextCall = 0.0
        began = self.reactor.rightNow
        self.served()
        while self.reactor.getDelayedCalls():
            self.reactor.advance(0)
        self.assertLess(self.reactor.rightNow - began, BusyPoll.longest + 0.0010)
        self.assertEqual(self.found, 0)

    def test_clockSet(self) -> None:
        """
        Nor if the clock is set back meanwhile, whether that is seen while it waits or
        while the reactor makes its timed calls.
        """
        self.hurry()

        def setBack() -> None:
            self.reactor.rightNow -= 1.0

        self.reactor.events[self.reactor.looks + 5] = setBack
        looks = self.reactor.looks
        self.served()
        self.assertLess(self.reactor.looks - looks, 10)
        self.served()
        self.reactor.nextCall = 0.0
        self.served()
        self.assertEqual(len(self.reactor.getDelayedCalls()), 1)
        setBack()
        (call,) = self.reactor.calls
        goOn, given = call.func, call.args
        call.cancel()
        goOn(*given)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_clockSetBetween(self) -> None:
        """
        Nor for longer than it may take if the reactor has nothing to do after that.
        """
        self.hurry()
        self.reactor.nextCall = 0.0
        self.served()
        self.reactor.nextCall = None
        self.reactor.rightNow -= 1.0
        (call,) = self.reactor.calls
        goOn, given = call.func, call.args
        call.cancel()
        self.assertLess(self.elapsed(lambda: goOn(*given)), 2 * BusyPoll.longest)

    def test_nextInstead(self) -> None:
        """
        Who has been served meanwhile is waited for no more.
        """
        self.hurry()
        self.reactor.nextCall = 0.0
        self.served()
        self.served()
        self.assertEqual(len(self.reactor.getDelayedCalls()), 1)

    def test_ceases(self) -> None:
        """
        Where it is to cease, nothing is left to be called.
        """
        self.busyPoll.cease()
        self.hurry()
        self.reactor.nextCall = 0.0
        self.served()
        self.busyPoll.cease()
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_oneProcessor(self) -> None:
        """
        On one processor, which others need, nobody waits.
        """
        self.patch(os, "sched_getaffinity", lambda pid: {0})
        self.busyPoll = BusyPoll(self.reactor)
        self.hurry()
        self.assertLess(self.elapsed(self.served), 0.0003)

    def test_otherReactor(self) -> None:
        """
        Nor where it is not known whether the reactor has anything to do.
        """
        reactor = Clock()
        busyPoll = BusyPoll(reactor)
        busyPoll.awaits(0.0, lambda: 1, self.come)
        self.assertEqual(busyPoll.awaits(0.0, lambda: 1, self.come), 0)
        self.assertEqual(reactor.getDelayedCalls(), [])

    @skipUnless(type(realReactor).__name__ == "EPollReactor", "the reactor is another")
    def test_twisted(self) -> None:
        """
        Of Twisted's reactor it is known.
        """
        self.assertIsNotNone(BusyPoll(realReactor)._others)
