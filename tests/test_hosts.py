# -*- test-case-name: tests.test_hosts -*-
"""
Tests for L{txinetd.hosts}.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast

from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThreadPool
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase, TestCase

from txinetd.gate.networks import networks, single
from txinetd.hosts import HostRefresher, hostNetworks, hostsOf, withAddresses
from txinetd.policy import Access, AddressRule, Network
from txinetd.testing import MemoryNames

Found = dict[str, tuple[Network, ...]]


class ChangingNames(MemoryNames):
    """
    Hosts whose addresses change.

    @ivar table: the addresses.
    @ivar asked: the hosts that were looked up.
    """

    def __init__(self, table: dict[str, list[str]]) -> None:
        super().__init__()
        self.table = table
        self.asked: list[str] = []

    def addresses(self, host: str) -> Sequence[str]:
        """
        See L{txinetd.interfaces.INames.addresses}.
        """
        self.asked.append(host)
        return self.table.get(host, [])


def one(*addresses: str) -> tuple[Network, ...]:
    """
    Addresses as networks.
    """
    return tuple(map(single, addresses))


def named(host: str, allow: bool = True, *addresses: str) -> AddressRule:
    """
    A rule about a host.
    """
    return AddressRule(allow, one(*addresses), host, host)


class ValueTests(SynchronousTestCase):
    """
    Tests for L{hostNetworks}, L{hostsOf} and L{withAddresses}.
    """

    def test_lookUp(self) -> None:
        """
        The addresses of a host do not depend on the order in which they are told, and
        zeros in them stand for nothing else.
        """
        names = ChangingNames({"a": ["::1", "10.0.0.0"], "b": ["10.0.0.0", "::1", "::1"]})
        self.assertEqual(hostNetworks("a", names), one("10.0.0.0", "::1"))
        self.assertEqual(hostNetworks("b", names), hostNetworks("a", names))
        self.assertEqual(hostNetworks("c", names), ())

    def test_oddAddresses(self) -> None:
        """
        A scope does not count, and what is no address is left out.
        """
        names = ChangingNames({"a": ["fe80::1%2", "what", "::ffff:192.0.2.1"]})
        self.assertEqual(hostNetworks("a", names), one("192.0.2.1", "fe80::1"))

    def test_hostsOf(self) -> None:
        """
        Each host is there once, with what any rule knows of it.
        """
        plain = AddressRule(True, networks("10.0.0.0/8"), "10.0.0.0/8")
        accesses = [
            Access((plain, named("a", True, "192.0.2.1"), named("b"))),
            Access((named("a", False), named("c"))),
        ]
        self.assertEqual(hostsOf(accesses), {"a": one("192.0.2.1"), "b": (), "c": ()})

    def test_withAddresses(self) -> None:
        """
        Only rules about these hosts change; where none does, nothing does.
        """
        plain = AddressRule(True, networks("10.0.0.0/8"), "a")
        access = Access((plain, named("a"), named("b", False, "192.0.2.1")), default=False)
        changed = withAddresses(access, {"a": one("192.0.2.7"), "x": one("192.0.2.8")})
        self.assertEqual(changed.rules[0], plain)
        self.assertEqual(changed.rules[1], named("a", True, "192.0.2.7"))
        self.assertEqual(changed.rules[2], access.rules[2])
        self.assertFalse(changed.default)
        self.assertIs(withAddresses(access, {"b": one("192.0.2.1")}), access)


class RefresherTests(SynchronousTestCase):
    """
    Tests for L{HostRefresher}, with a thread that is none.
    """

    def setUp(self) -> None:
        """
        Look after two hosts.
        """
        self.clock = Clock()
        self.names = ChangingNames({"a": ["192.0.2.1"], "b": ["192.0.2.2"]})
        self.told: list[Found] = []
        self.waiting: list[tuple[Callable[[], Found], Deferred[Found]]] = []
        self.refresher = HostRefresher(self.clock, self.inThread, self.names, self.changed, 60)
        self.refresher.watch({"a": one("192.0.2.1"), "b": one("192.0.2.2")})

    def changed(self, hosts: Mapping[str, tuple[Network, ...]]) -> None:
        """
        Remember what was told.
        """
        self.told.append(dict(hosts))

    def inThread(self, call: Callable[[], Found]) -> Deferred[Found]:
        """
        A thread that waits.
        """
        waiting: Deferred[Found] = Deferred()
        self.waiting.append((call, waiting))
        return waiting

    def finish(self) -> None:
        """
        Let the thread that waits do its work.
        """
        call, waiting = self.waiting.pop()
        waiting.callback(call())

    def round(self) -> None:
        """
        Let one round pass.
        """
        self.clock.advance(60)
        self.finish()

    def test_later(self) -> None:
        """
        Nothing is looked up before it was started, nor before its time.
        """
        self.clock.advance(600)
        self.refresher.start()
        self.clock.advance(59)
        self.assertEqual(self.waiting, [])
        self.clock.advance(1)
        self.assertEqual(len(self.waiting), 1)
        self.assertEqual(self.names.asked, [])
        self.finish()
        self.assertEqual(self.names.asked, ["a", "b"])

    def test_unchanged(self) -> None:
        """
        Where nothing changes nothing is told, round after round.
        """
        self.refresher.start()
        for _ in range(3):
            self.round()
        self.assertEqual((self.told, len(self.names.asked)), ([], 6))

    def test_oneAtATime(self) -> None:
        """
        The next round begins its time after the last one has ended.
        """
        self.refresher.start()
        self.clock.advance(60)
        self.clock.advance(600)
        self.assertEqual(len(self.waiting), 1)
        self.finish()
        self.clock.advance(59)
        self.assertEqual(self.waiting, [])

    def test_changed(self) -> None:
        """
        What has changed is told, once, and nothing else.
        """
        self.refresher.start()
        self.names.table["a"] = ["192.0.2.9", "::1"]
        self.round()
        self.round()
        self.assertEqual(self.told, [{"a": one("192.0.2.9", "::1")}])
        self.assertEqual(self.refresher.known["a"], one("192.0.2.9", "::1"))

    def test_gone(self) -> None:
        """
        A host that is gone keeps its addresses; the log says so when it goes and when
        it comes back, and not in each round.
        """
        self.refresher.start()
        del self.names.table["a"]
        with capturedLogs() as events:
            self.round()
            self.round()
        self.assertEqual([(each["host"], each["count"]) for each in events], [("a", 1)])
        self.assertEqual(self.refresher.failing, {"a"})
        self.assertEqual(self.refresher.unresolved, frozenset())
        self.assertEqual(self.refresher.known["a"], one("192.0.2.1"))
        self.names.table["a"] = ["192.0.2.1"]
        with capturedLogs() as events:
            self.round()
        self.assertEqual([each["host"] for each in events], ["a"])
        self.assertEqual((self.told, self.refresher.failing), ([], frozenset()))

    def test_unknown(self) -> None:
        """
        A host of which nothing is known is looked up at once, and said to be unknown
        until it is found.
        """
        self.refresher.watch({"c": ()})
        self.refresher.start()
        self.assertEqual(self.refresher.unresolved, {"c"})
        self.clock.advance(0)
        self.finish()
        self.clock.advance(59)
        self.assertEqual(self.waiting, [])
        self.names.table["c"] = ["192.0.2.3"]
        self.clock.advance(1)
        self.finish()
        self.assertEqual(self.told, [{"c": one("192.0.2.3")}])
        self.assertEqual(self.refresher.unresolved, frozenset())

    def test_unknownMeanwhile(self) -> None:
        """
        A host that is new and unknown does not wait for the next round, whether one is
        planned or being made.
        """
        self.refresher.start()
        self.refresher.watch({"c": ()})
        self.clock.advance(0)
        self.refresher.watch({"d": ()})
        self.finish()
        self.clock.advance(0)
        self.finish()
        self.assertEqual(self.names.asked, ["c", "d"])
        self.clock.advance(59)
        self.assertEqual(self.waiting, [])

    def test_watchOthers(self) -> None:
        """
        Hosts that are no longer named are forgotten; one that could not be looked up
        while the configuration was read again is still known.
        """
        self.refresher.start()
        better = self.refresher.watch({"a": (), "c": one("192.0.2.3"), "d": ()})
        self.assertEqual(better, {"a": one("192.0.2.1")})
        self.assertEqual(
            self.refresher.known, {"a": one("192.0.2.1"), "c": one("192.0.2.3"), "d": ()}
        )

    def test_watchMeanwhile(self) -> None:
        """
        What was found about a host that is no longer named is not told.
        """
        self.refresher.start()
        self.names.table["a"] = self.names.table["b"] = ["192.0.2.9"]
        self.clock.advance(60)
        self.refresher.watch({"b": one("192.0.2.2")})
        self.finish()
        self.assertEqual(self.told, [{"b": one("192.0.2.9")}])

    def test_nothingToDo(self) -> None:
        """
        Without hosts there are no rounds, until there are hosts again.
        """
        self.refresher.start()
        self.refresher.watch({})
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.refresher.watch({"a": one("192.0.2.1")})
        self.round()
        self.assertEqual(self.names.asked, ["a"])

    def test_stop(self) -> None:
        """
        After a stop nothing is planned, looked up or told, not even by a round that
        had begun; after another start everything is as before.
        """
        self.refresher.start()
        self.refresher.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.refresher.start()
        self.names.table["a"] = ["192.0.2.9"]
        self.clock.advance(60)
        self.refresher.stop()
        self.finish()
        self.assertEqual((self.names.asked, self.told), ([], []))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.refresher.start()
        self.round()
        self.assertEqual(self.told, [{"a": one("192.0.2.9")}])

    def test_startDuringLastRound(self) -> None:
        """
        A round from before a stop neither tells anything after another start, nor makes
        one more than there should be.
        """
        self.refresher.start()
        self.clock.advance(60)
        self.refresher.stop()
        self.refresher.start()
        self.names.table["a"] = ["192.0.2.9"]
        self.finish()
        self.assertEqual((self.names.asked, self.told), ([], []))
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_failure(self) -> None:
        """
        An error in a round is logged, changes nothing, and the next one comes.
        """
        results = [fail(ZeroDivisionError()), succeed({"a": one("192.0.2.9")})]

        def inThread(call: Callable[[], Found]) -> Deferred[Found]:
            return results.pop(0)

        refresher = HostRefresher(self.clock, inThread, self.names, self.changed, 60)
        refresher.watch({"a": ()})
        refresher.start()
        self.clock.advance(0)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.told, [])
        self.clock.advance(59)
        self.assertEqual(len(results), 1)
        self.clock.advance(1)
        self.assertEqual(self.told, [{"a": one("192.0.2.9")}])


class ThreadTests(TestCase):
    """
    Tests for L{HostRefresher} with a real thread.
    """

    def test_thread(self) -> Deferred[None]:
        """
        Hosts are looked up in another thread, and what has changed is told in the
        reactor's.
        """
        threads: list[threading.Thread] = []
        done: Deferred[None] = Deferred()

        class Names(MemoryNames):
            """
            Hosts that remember who asked.
            """

            def addresses(self, host: str) -> Sequence[str]:
                """
                See L{txinetd.interfaces.INames.addresses}.
                """
                threads.append(threading.current_thread())
                return ["192.0.2.1"]

        def changed(hosts: Mapping[str, tuple[Network, ...]]) -> None:
            threads.append(threading.current_thread())
            refresher.stop()
            done.callback(None)

        threaded = cast("IReactorThreads", reactor)
        inThread = partial(deferToThreadPool, threaded, threaded.getThreadPool())
        refresher = HostRefresher(reactor, inThread, Names(), changed)
        refresher.watch({"a": ()})
        refresher.start()
        me = threading.current_thread()

        def check(_: None) -> None:
            self.assertEqual([thread is me for thread in threads], [False, True])

        return done.addCallback(check)
