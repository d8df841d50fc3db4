"""
Tests for L{txinetd.sockets.directwait} over a reactor with real descriptors and a clock
that does as it is told.
"""

from __future__ import annotations

import os
import select
import socket
from typing import Any

from twisted.internet import reactor as realReactor
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txinetd.sockets.directwait import DirectWait
from txinetd.sockets.reactorpoll import epollOf


class FakeReactor(Clock):
    """
    A reactor that watches what it is told to.

    @ivar nextCall: seconds until it has something to do, or C{None}.
    """

    def __init__(self) -> None:
        super().__init__()
        self._poller = select.epoll()
        self.nextCall: float | None = None

    def timeout(self) -> float | None:
        """
        When it has something to do.
        """
        return self.nextCall


class Counting:
    """
    An epoll object that notes how long it is asked to wait.
    """

    def __init__(self, epoll: select.epoll) -> None:
        self._epoll = epoll
        self.timeouts: list[float] = []

    def poll(self, timeout: float, most: int) -> list[tuple[int, int]]:
        """
        See L{select.epoll.poll}.
        """
        self.timeouts.append(timeout)
        return self._epoll.poll(0, most)


class DirectWaitTests(SynchronousTestCase):
    """
    Tests for L{DirectWait}.
    """

    def setUp(self) -> None:
        self.reactor = FakeReactor()
        self.addCleanup(self.reactor._poller.close)
        self.ours, self.client = self.pair()
        self.wait = DirectWait(self.reactor, self.ours.fileno())
        self.polled = Counting(self.reactor._poller)
        self.wait._epoll = self.polled

    def pair(self) -> tuple[socket.socket, socket.socket]:
        """
        A descriptor that the reactor watches, and what makes it ready.
        """
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        self.reactor._poller.register(ours.fileno(), select.EPOLLIN)
        return ours, theirs

    def served(self, after: float = 0.0001) -> int:
        """
        Somebody has been served.

        @param after: seconds since the one before.
        @return: what is known of the next one.
        """
        self.reactor.advance(after)
        return self.wait.awaits(self.reactor.seconds(), self.fail, self.fail)

    def test_comes(self) -> None:
        """
        After two who came soon after one another the next one is waited for, for a moment.
        """
        self.client.send(b"x")
        found = [self.served(), self.served()]
        self.assertEqual((found, self.polled.timeouts), ([0, 1], [DirectWait.longest]))

    def test_nobody(self) -> None:
        """
        Where nobody comes that is all.
        """
        found = [self.served() for _ in range(3)]
        self.assertEqual((found, len(self.polled.timeouts)), ([0, 0, 0], 2))

    def test_late(self) -> None:
        """
        Who comes late makes an end of it.
        """
        self.client.send(b"x")
        self.served()
        found = [self.served(DirectWait.longest), self.served()]
        self.assertEqual((found, len(self.polled.timeouts)), ([0, 1], 1))

    def test_slow(self) -> None:
        """
        How long it takes to serve somebody does not count.
        """
        self.client.send(b"x")
        self.served()
        began = self.reactor.seconds()
        self.reactor.advance(2 * DirectWait.longest)
        found = [self.wait.awaits(began, self.fail, self.fail), self.served()]
        self.assertEqual(found, [1, 1])

    def test_inARow(self) -> None:
        """
        After some in a row it is the reactor's turn once, whatever comes.
        """
        self.client.send(b"x")
        most = DirectWait.mostInARow
        found = [self.served() for _ in range(2 * (most + 1))]
        self.assertEqual(found, [0, *[1] * most, 0, *[1] * most])

    def test_due(self) -> None:
        """
        It takes no longer than until the reactor has a call to make, and has no time where
        one is due.
        """
        self.served()
        for self.reactor.nextCall in (DirectWait.longest / 2, DirectWait.longest * 2, 0.0):
            self.served()
        self.assertEqual(self.polled.timeouts, [DirectWait.longest / 2, DirectWait.longest])

    def test_others(self) -> None:
        """
        What else is ready is the reactor's, whether or not somebody has come; then some waits
        are skipped, each time more, until somebody comes alone.
        """
        watched, other = self.pair()
        # The first to be ready is the first to be told of.
        self.client.send(b"x")
        other.send(b"x")
        self.served()
        found = [self.served() for _ in range(6)]
        self.assertEqual((found, len(self.polled.timeouts)), ([0] * 6, 3))
        self.ours.recv(1)
        for _ in range(1000):
            self.served()
        self.assertEqual(self.wait._skip, DirectWait.mostSkipped)
        watched.recv(1)
        self.client.send(b"x")
        found = [self.served() for _ in range(DirectWait.mostSkipped + 2)]
        self.assertEqual(found[-1], 1)
        self.assertEqual(self.wait._skip, 0)

    def test_anotherReactor(self) -> None:
        """
        With a reactor of another kind nobody waits.
        """
        wait = DirectWait(Clock(), self.ours.fileno())
        found = [wait.awaits(0.0, self.fail, self.fail) for _ in range(2)]
        wait.cease()
        self.assertEqual(found, [0, 0])

    def test_epollOf(self) -> None:
        """
        The epoll object of the real reactor is found, where that has one.
        """
        found: Any = epollOf(realReactor)
        self.assertEqual(found is not None, "EPoll" in type(realReactor).__name__)
        self.assertIsNone(epollOf(Clock()))


class PlaceTests(SynchronousTestCase):
    """
    Tests of what a wait leaves to the reactor.
    """

    def test_stays(self) -> None:
        """
        What has become ready is so for the reactor as well.
        """
        reactor = FakeReactor()
        self.addCleanup(reactor._poller.close)
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.addCleanup(os.close, write)
        reactor._poller.register(read, select.EPOLLIN)
        os.write(write, b"x")
        wait = DirectWait(reactor, read)
        found = [wait.awaits(0.0, self.fail, self.fail) for _ in range(2)]
        self.assertEqual((found, reactor._poller.poll(0)), ([0, 1], [(read, select.EPOLLIN)]))
