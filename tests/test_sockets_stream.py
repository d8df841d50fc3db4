"""
Tests for L{txinetd.sockets.stream} over a socket that fails as told.
"""

from __future__ import annotations

import errno
import math
import socket
import sys
from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txinetd.sockets import stream
from txinetd.sockets.neighbours import Neighbours
from txinetd.sockets.stream import StreamListener, _isCountable


class FakeReactor(Clock):
    """
    A clock that knows who is watched.
    """

    def __init__(self) -> None:
        super().__init__()
        self.readers: set[Any] = set()

    def addReader(self, reader: Any) -> None:
        """
        Watch.
        """
        self.readers.add(reader)

    def removeReader(self, reader: Any) -> None:
        """
        Watch no more.
        """
        self.readers.discard(reader)


class FakeConnection:
    """
    A connection.
    """

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        """
        Close it.
        """
        self.closed = True


class FakeGathering:
    """
    Takes as many turns as it is told.

    @ivar crowds: whether there was a crowd, for each turn.
    @ivar left: turns that it still takes.
    """

    def __init__(self) -> None:
        self.crowds: list[bool] = []
        self.left = 0

    def begin(self, crowd: bool) -> None:
        """
        See L{Gathering}.
        """
        self.crowds.append(crowd)

    def finish(self, until: float) -> bool:
        """
        See L{Gathering}.
        """
        self.left = 0 if until == math.inf else max(0, self.left - 1)
        return self.left > 0


class FakeSocket:
    """
    A listening socket that does as it is told, and then has nobody waiting.
    """

    def __init__(self, *outcomes: object) -> None:
        self.outcomes = list(outcomes)
        self.calls = 0
        self.waiting: int | None = None

    def fileno(self) -> int:
        """
        A number.
        """
        return 99

    family = type = proto = 0

    def getsockopt(self, level: int, option: int, length: int) -> bytes:
        """
        How many wait, if that is known.
        """
        if self.waiting is None:
            raise OSError(errno.EOPNOTSUPP, "told to")
        return bytes(24) + self.waiting.to_bytes(4, sys.byteorder)

    def _accept(self) -> object:
        """
        The next outcome.
        """
        self.calls += 1
        outcome = self.outcomes.pop(0) if self.outcomes else errno.EAGAIN
        if isinstance(outcome, int):
            raise OSError(outcome, "told to")
        return outcome, ("192.0.2.1", 1)


class FakeBusyPoll:
    """
    Has as many come as it is told, one after the other.

    @ivar coming: how many are still to come.
    @ivar asked: how often somebody was waited for.
    """

    counts = True

    def __init__(self) -> None:
        self.coming: list[int] = []
        self.asked = 0
        self.ceased = 0
        self.began: list[float] = []
        self.waiting: Callable[[], int] | None = None
        self.found: Callable[[], None] | None = None

    def awaits(self, began: float, waiting: Callable[[], int], found: Callable[[], None]) -> int:
        """
        See L{BusyPoll}.
        """
        self.asked += 1
        self.began.append(began)
        self.waiting, self.found = waiting, found
        return self.coming.pop(0) if self.coming else 0

    def cease(self) -> None:
        """
        See L{BusyPoll}.
        """
        self.ceased += 1


def _same(thing: object) -> object:
    """
    What it is given.
    """
    return thing


def _fail(connection: object, peer: object) -> None:
    """
    Cannot handle a connection.
    """
    raise ValueError("broken")


class NeighboursTests(SynchronousTestCase):
    """
    Tests for L{Neighbours}.
    """

    def test_lately(self) -> None:
        """
        There are others as long as one of them has had somebody lately.
        """
        neighbours = Neighbours()
        neighbours.areThere("one", 0.0)
        alone = neighbours.areThere("one", 1.0)
        other = neighbours.areThere("two", 1.001)
        back = neighbours.areThere("one", 1.002)
        lately = neighbours.areThere("one", 1.03)
        again = neighbours.areThere("one", 2.0)
        self.assertEqual([alone, other, back, lately, again], [False, True, True, True, False])


class ConnectionTests(SynchronousTestCase):
    """
    Tests for the sockets of connections.
    """

    def setUp(self) -> None:
        ours, self.other = socket.socketpair()
        self.addCleanup(self.other.close)
        self.connection = stream._Connection(int(ours.family), int(ours.type), 0, ours.detach())
        self.addCleanup(self.connection.close)

    def test_socket(self) -> None:
        """
        They are sockets like any other.
        """
        self.assertIs(self.connection.family, socket.AF_UNIX)
        self.connection.sendall(b"x")
        self.assertEqual(self.other.recv(1), b"x")
        with self.connection:
            self.assertFalse(self.connection._closed)
        self.assertEqual((self.connection._closed, self.connection.fileno()), (True, -1))
        self.assertEqual(self.other.recv(1), b"")

    def test_file(self) -> None:
        """
        A file that is made of one keeps it open.
        """
        with self.connection.makefile("wb") as file:
            self.connection.close()
            file.write(b"x")
        self.assertEqual(self.other.recv(2), b"x")
        self.assertEqual(self.other.recv(1), b"")

    def test_apart(self) -> None:
        """
        What is set for one is not set for others.
        """
        self.connection.close()
        with stream._Connection(socket.AF_INET, socket.SOCK_STREAM) as another:
            self.assertFalse(another._closed)


class ListenerTests(SynchronousTestCase):
    """
    Tests for L{StreamListener}.
    """

    def listen(
        self, *outcomes: object, busyPoll: FakeBusyPoll | None = None, waiting: int | None = None
    ) -> StreamListener:
        """
        Listen, and let one round of accepting happen.
        """
        self.reactor = FakeReactor()
        self.socket = FakeSocket(*outcomes)
        self.socket.waiting = waiting
        self.accepted: list[object] = []
        self.said: list[object] = []
        listener = StreamListener(
            self.reactor,
            self.socket,  # type: ignore[arg-type]
            lambda connection, peer: self.accepted.append(connection),
            exhausted=self.said.append,
            recovered=lambda: self.said.append("recovered"),
            awaiting=busyPoll,
        )
        listener._connection = _same  # type: ignore[assignment]
        listener.start()
        self.round()
        return listener

    def round(self) -> None:
        """
        Tell whoever watches that somebody knocks.
        """
        for reader in tuple(self.reactor.readers):
            reader.doRead()

    def test_batch(self) -> None:
        """
        It accepts all who wait.
        """
        self.listen(*(FakeConnection() for _ in range(5)))
        self.assertEqual(len(self.accepted), 5)

    def test_turns(self) -> None:
        """
        But no more than a batch before others have their turn.
        """
        self.listen(*(FakeConnection() for _ in range(1000)))
        self.assertEqual(len(self.accepted), StreamListener.batch)
        self.assertEqual(len(self.reactor.readers), 1)

    def test_counted(self) -> None:
        """
        Where the system tells how many wait, none is accepted in vain.
        """
        listener = self.listen()
        self.socket.waiting = 2
        listener._countable = _isCountable(self.socket)  # type: ignore[arg-type]
        self.socket.outcomes = [FakeConnection() for _ in range(3)]
        self.socket.calls = 0
        self.round()
        self.assertEqual((len(self.accepted), self.socket.calls), (2, 2))

    def test_countedNobody(self) -> None:
        """
        Where it says that nobody does, as some do always, they are accepted all the same.
        """
        listener = self.listen()
        self.socket.waiting = 0
        listener._countable = _isCountable(self.socket)  # type: ignore[arg-type]
        self.socket.outcomes = [FakeConnection() for _ in range(3)]
        self.round()
        self.assertEqual(len(self.accepted), 3)

    def test_goneClient(self) -> None:
        """
        A connection that has failed already does not keep the next from being
        accepted.
        """
        self.listen(errno.ECONNABORTED, errno.EPERM, errno.EHOSTUNREACH, FakeConnection())
        self.assertEqual((len(self.accepted), self.said), (1, []))

    def test_exhausted(self) -> None:
        """
        Without descriptors it looks away for a while and says so.
        """
        for number in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
            self.listen(number)
            self.assertEqual((self.reactor.readers, self.said), (set(), [number]))

    def test_recovers(self) -> None:
        """
        It tries again, less and less often, and says once when it works.
        """
        self.listen(*[errno.EMFILE] * 4, FakeConnection())
        pauses = []
        while not self.accepted:
            (call,) = self.reactor.getDelayedCalls()
            pause = call.getTime() - self.reactor.seconds()
            pauses.append(round(pause, 6))
            self.reactor.advance(pause)
        self.assertEqual(pauses, [0.05, 0.1, 0.2, 0.4])
        self.assertEqual(self.said, [errno.EMFILE, "recovered"])

    def test_recoversWithoutClients(self) -> None:
        """
        It works again also when nobody waits any more.
        """
        self.listen(errno.EMFILE)
        self.reactor.advance(1)
        self.assertEqual(self.said, [errno.EMFILE, "recovered"])

    def test_stopped(self) -> None:
        """
        Once stopped it does not come back.
        """
        self.listen(errno.EMFILE).stop()
        self.reactor.advance(100)
        self.assertEqual((self.socket.calls, self.reactor.getDelayedCalls()), (1, []))

    def test_stoppedWithin(self) -> None:
        """
        Whoever was accepted before that is still served.
        """
        listener = self.listen()
        self.socket.outcomes = [FakeConnection(), FakeConnection()]

        def stop(connection: object, peer: object) -> None:
            self.accepted.append(connection)
            listener.stop()

        listener._accepted = stop
        self.round()
        self.assertEqual((len(self.accepted), self.reactor.readers), (2, set()))

    def test_crowd(self) -> None:
        """
        Before connections are passed on it says whether as many waited as it accepts
        at a time.
        """
        gathering = FakeGathering()
        listener = self.listen()
        listener._gathering = gathering
        batch = StreamListener.batch
        self.socket.outcomes = [FakeConnection() for _ in range(batch + batch - 1)]
        self.round()
        self.round()
        self.round()  # nobody waits: there is nothing to say
        self.assertEqual(gathering.crowds, [True, False])

    def test_gathering(self) -> None:
        """
        Whoever does for all together what they are accepted for is told when they have
        been passed on, also if one could not be handled; and again in the next turns if
        that is not enough, before which nobody else is accepted.
        """
        gathering = FakeGathering()
        listener = self.listen()
        listener._gathering = gathering

        def fail(connection: object, peer: object) -> None:
            self.accepted.append(connection)
            raise ValueError("broken")

        listener._accepted = fail
        gathering.left = 2
        self.socket.outcomes = [FakeConnection(), FakeConnection()]
        self.round()
        self.flushLoggedErrors(ValueError)
        self.assertEqual((len(gathering.crowds), gathering.left), (1, 1))
        self.socket.outcomes = [FakeConnection()]
        listener._accepted = lambda connection, peer: self.accepted.append(connection)
        self.round()
        self.assertEqual((len(self.accepted), gathering.left), (1, 1))
        self.reactor.advance(0)
        self.assertEqual((len(self.accepted), gathering.left), (3, 0))
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.assertEqual(len(gathering.crowds), 2)

    def test_oneAlone(self) -> None:
        """
        For one alone nothing is done together.
        """
        gathering = FakeGathering()
        listener = self.listen()
        listener._gathering = gathering
        gathering.left = 1
        self.socket.outcomes = [FakeConnection()]
        self.round()
        self.assertEqual((len(self.accepted), gathering.crowds, gathering.left), (1, [], 1))

    def test_gatheringStopped(self) -> None:
        """
        When it is stopped there is no other turn.
        """
        gathering = FakeGathering()
        listener = self.listen()
        listener._gathering = gathering
        gathering.left = 1000
        self.socket.outcomes = [FakeConnection(), FakeConnection()]
        self.round()
        listener.stop()
        self.assertEqual(gathering.left, 0)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_othersAfterFailure(self) -> None:
        """
        Those who were accepted with a connection that could not be handled are
        handled in the next turn.
        """
        listener = self.listen()

        def failFirst(connection: object, peer: object) -> None:
            self.accepted.append(connection)
            if len(self.accepted) == 1:
                raise ValueError("broken")

        listener._accepted = failFirst
        self.socket.outcomes = [FakeConnection(), FakeConnection()]
        self.round()
        self.reactor.advance(0)
        self.flushLoggedErrors(ValueError)
        self.assertEqual(len(self.accepted), 2)

    def slow(self, listener: StreamListener) -> None:
        """
        From now on each takes a while.
        """

        def serve(connection: object, peer: object) -> None:
            self.accepted.append(connection)
            self.reactor.rightNow += StreamListener.turn

        listener._accepted = serve
        self.socket.outcomes = [FakeConnection() for _ in range(5)]

    def test_turn(self) -> None:
        """
        Where it takes a while to serve them others have their turns in between, once for
        each, also while more are waiting.
        """
        self.slow(self.listen())
        self.round()
        self.assertEqual(len(self.accepted), 1)
        self.round()
        self.assertEqual(len(self.accepted), 1)
        for count in range(2, 6):
            # A clock would go on to whatever has been put off meanwhile; a reactor does not.
            (call,) = self.reactor.calls
            self.assertEqual(call.getTime(), self.reactor.seconds())
            goOn = call.func
            call.cancel()
            goOn()
            self.assertEqual(len(self.accepted), count)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_turnStopped(self) -> None:
        """
        Those who have been accepted when it is stopped are passed on at once, whatever
        happens to one of them.
        """
        listener = self.listen()
        self.slow(listener)
        self.round()

        def fail(connection: object, peer: object) -> None:
            self.accepted.append(connection)
            if len(self.accepted) == 3:
                raise ValueError("broken")

        listener._accepted = fail
        listener.stop()
        self.assertEqual(len(self.accepted), 5)
        self.assertTrue(self.accepted[2].closed)  # type: ignore[attr-defined]
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_turnPaused(self) -> None:
        """
        They are passed on also where nobody is to be accepted any more.
        """
        listener = self.listen()
        self.slow(listener)
        self.round()
        listener.pause("why")
        self.socket.outcomes = [FakeConnection()]
        for _ in range(10):
            self.reactor.advance(0)
        self.assertEqual((len(self.accepted), len(self.socket.outcomes)), (5, 1))

    def awake(self) -> tuple[StreamListener, FakeBusyPoll]:
        """
        Listen, and wait for who comes soon after another.
        """
        busyPoll = FakeBusyPoll()
        return self.listen(busyPoll=busyPoll, waiting=0), busyPoll

    def test_aloneAgain(self) -> None:
        """
        Who comes after one that was alone is served before it is asked how many wait; then
        all the others are, in the same round.
        """
        self.listen(waiting=1)
        self.socket.outcomes = [FakeConnection()]
        self.round()
        self.socket.waiting = 0
        order: list[object] = []
        count = self.socket.getsockopt

        def counting(level: int, option: int, length: int) -> bytes:
            order.append("counted")
            return count(level, option, length)

        self.patch(self.socket, "getsockopt", counting)
        self.patch(self, "accepted", order)
        first, *others = [FakeConnection() for _ in range(4)]
        self.socket.outcomes = [first]
        self.round()
        self.assertEqual(order, [first, "counted"])
        order.clear()
        self.socket.outcomes = list(others)
        self.socket.waiting = 2
        self.round()
        self.assertEqual(order, [others[0], "counted", others[1], others[2]])

    def test_aloneNoted(self) -> None:
        """
        Where one comes alone again and again others still hear that he comes.
        """
        neighbours = Neighbours()
        self.patch(stream, "_neighbours", neighbours)
        self.aloneAgain()
        neighbours.areThere("another", 1.0)
        self.reactor.rightNow = 2.0
        self.socket.outcomes = [FakeConnection()]
        self.round()
        self.assertTrue(neighbours.areThere("another", 2.0))
        self.assertEqual(len(self.accepted), 2)

    def aloneAgain(self) -> StreamListener:
        """
        Listen, and have had one alone, so that the next is supposed to be as well.
        """
        listener = self.listen(FakeConnection(), busyPoll=FakeBusyPoll(), waiting=1)
        self.socket.waiting = 0
        self.assertEqual((len(self.accepted), listener._expected), (1, 1))
        return listener

    def test_aloneGone(self) -> None:
        """
        Where the one who was supposed to come has gone meanwhile, the next is served.
        """
        self.aloneAgain()
        connection = FakeConnection()
        self.socket.outcomes = [errno.ECONNABORTED, connection]
        self.round()
        self.assertIs(self.accepted[-1], connection)

    def test_aloneExhausted(self) -> None:
        """
        Where there is no descriptor for him, that is said once, and it is tried again later.
        """
        self.aloneAgain()
        self.socket.outcomes = [errno.EMFILE, errno.EMFILE, FakeConnection()]
        self.round()
        self.assertEqual((self.said, self.reactor.readers), ([errno.EMFILE], set()))
        self.reactor.advance(StreamListener.firstPause)
        self.assertEqual((self.said, len(self.accepted)), ([errno.EMFILE, "recovered"], 2))

    def test_alonePaused(self) -> None:
        """
        Nobody is accepted where nobody is to be, also if it is found then that he has come.
        """
        listener = self.aloneAgain()
        listener.pause("why")
        connection = FakeConnection()
        self.socket.outcomes = [connection]
        listener._readable.doRead()
        self.assertEqual((len(self.accepted), self.socket.outcomes), (1, [connection]))

    def test_aloneFailing(self) -> None:
        """
        If he cannot be handled, his connection is closed, and the next is counted again.
        """

        listener = self.aloneAgain()
        self.roundFailing(listener)
        self.assertEqual(listener._expected, 0)

    def roundFailing(self, listener: StreamListener) -> None:
        """
        See that a connection which cannot be handled is closed, and the service goes on.
        """
        listener._accepted = _fail
        connection = FakeConnection()
        self.socket.outcomes = [connection]
        self.round()
        self.assertTrue(connection.closed)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(len(self.reactor.readers), 1)

    def test_notAlone(self) -> None:
        """
        Who comes after several is counted first, also where they came after one that was
        alone; and so is who comes after nobody has.
        """
        busyPoll = FakeBusyPoll()
        listener = self.listen(busyPoll=busyPoll, waiting=1)
        for outcomes, counts, expected in (
            ([FakeConnection()], [], 1),
            ([FakeConnection(), *(FakeConnection() for _ in range(3))], [3], 0),
            ([FakeConnection()], [], 1),
            ([errno.EAGAIN], [], 0),
        ):
            self.socket.waiting = 0 if listener._expected else 1
            self.socket.outcomes = list(outcomes)
            busyPoll.coming = list(counts)
            self.round()
            self.assertEqual(listener._expected, expected)

    def test_awakeUncounted(self) -> None:
        """
        Where it is not known how many wait nobody is waited for.
        """
        busyPoll = FakeBusyPoll()
        self.listen(FakeConnection(), busyPoll=busyPoll)
        self.assertEqual((len(self.accepted), busyPoll.asked), (1, 0))

    def test_awake(self) -> None:
        """
        After one alone the next is waited for, and served in the same round; and again
        after that one.
        """
        _, busyPoll = self.awake()
        self.socket.outcomes = [FakeConnection(), errno.EAGAIN, FakeConnection()]
        busyPoll.coming = [1]
        self.round()
        self.assertEqual((len(self.accepted), busyPoll.asked), (2, 2))

    def test_awakeSince(self) -> None:
        """
        It is said when the one came who has been served.
        """
        listener, busyPoll = self.awake()

        def slow(connection: object, peer: object) -> None:
            self.reactor.rightNow += 1.0

        listener._accepted = slow
        self.reactor.rightNow = 5.0
        self.socket.outcomes = [FakeConnection(), errno.EAGAIN, FakeConnection()]
        busyPoll.coming = [1]
        self.round()
        self.assertEqual(busyPoll.began, [5.0, 6.0])

    def test_awakeByCount(self) -> None:
        """
        As many are accepted then as have come, without being counted again.
        """
        _, busyPoll = self.awake()
        counted: list[int] = []
        count = self.socket.getsockopt

        def counting(level: int, option: int, length: int) -> bytes:
            counted.append(option)
            return count(level, option, length)

        self.patch(self.socket, "getsockopt", counting)
        self.socket.waiting = 1
        self.socket.outcomes = [FakeConnection() for _ in range(5)]
        busyPoll.coming = [1, 3]
        self.round()
        self.assertEqual((len(self.accepted), busyPoll.asked, len(counted)), (5, 2, 1))

    def test_awaitedUncounted(self) -> None:
        """
        Where it is only known that somebody has come, he is served before it is counted who
        else waits.
        """
        _, busyPoll = self.awake()
        self.patch(FakeBusyPoll, "counts", False)
        busyPoll.coming = [1]
        first, second, *others = [FakeConnection() for _ in range(4)]
        self.socket.outcomes = [first, errno.EAGAIN, errno.EAGAIN]
        self.round()
        self.assertEqual((self.accepted, busyPoll.asked), ([first], 1))
        order: list[object] = []
        counts = [1, 2]
        count = self.socket.getsockopt

        def counting(level: int, option: int, length: int) -> bytes:
            order.append("counted")
            self.socket.waiting = counts.pop(0)
            return count(level, option, length)

        self.patch(self.socket, "getsockopt", counting)
        self.patch(self, "accepted", order)
        busyPoll.coming = [1]
        self.socket.outcomes = [first, second, *others]
        self.round()
        self.assertEqual(order, ["counted", first, second, "counted", *others])

    def test_awakeForNobody(self) -> None:
        """
        Where nobody was served, or several, nobody is waited for.
        """
        _, busyPoll = self.awake()
        self.round()
        self.socket.outcomes = [FakeConnection(), FakeConnection()]
        self.round()
        self.assertEqual((len(self.accepted), busyPoll.asked), (2, 0))

    def test_awakePaused(self) -> None:
        """
        Nor where nobody is to be accepted any more; nor does anybody wait then.
        """
        listener, busyPoll = self.awake()

        def accepted(connection: object, peer: object) -> None:
            self.accepted.append(connection)
            if len(self.accepted) == 2:
                listener.pause("why")

        listener._accepted = accepted
        for _ in range(2):
            self.socket.outcomes = [FakeConnection()]
            self.round()
        self.assertEqual(busyPoll.asked, 1)
        assert busyPoll.waiting is not None
        self.socket.waiting = 1
        self.assertEqual(busyPoll.waiting(), 0)

    def test_awakeStopped(self) -> None:
        """
        Once it is stopped nobody is waited for, and nobody waits.
        """
        listener, busyPoll = self.awake()
        self.socket.outcomes = [FakeConnection()]
        self.round()
        assert busyPoll.waiting is not None
        self.socket.waiting = 1
        self.assertEqual((busyPoll.waiting(), busyPoll.ceased), (1, 0))
        listener.stop()
        self.assertEqual((busyPoll.waiting(), busyPoll.ceased), (0, 1))

    def test_comesLater(self) -> None:
        """
        Who comes while the reactor does something else in between is served all the same,
        and the service goes on if that fails.
        """
        listener, busyPoll = self.awake()
        self.socket.outcomes = [FakeConnection(), errno.EAGAIN]
        self.round()
        assert busyPoll.found is not None
        self.socket.outcomes = [FakeConnection()]
        busyPoll.found()
        self.assertEqual((len(self.accepted), busyPoll.asked), (2, 2))

        listener._accepted = _fail
        connection = FakeConnection()
        self.socket.outcomes = [connection]
        busyPoll.found()
        self.assertTrue(connection.closed)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(len(self.reactor.readers), 1)

    def test_failingHandler(self) -> None:
        """
        A connection that cannot be handled is closed, and the service goes on.
        """
        self.roundFailing(self.listen())
