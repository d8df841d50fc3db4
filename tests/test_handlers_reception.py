"""
Tests for L{txinetd.handlers.reception}: real connections, and a clock that does not go
by itself.
"""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import Any, cast

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.handler_support import World, programSpec
from txinetd.gate.barred import Barred
from txinetd.gate.penalties import PenaltyBook
from txinetd.gate.rule import Source
from txinetd.handlers.collaborators import ServerRules
from txinetd.handlers.door import Door
from txinetd.handlers.reception import Reception
from txinetd.policy import Access, Limits, Penalties, Reaction, Sensor
from txinetd.process.facts import ConnectionFacts
from txinetd.record import ConnectionRecord
from txinetd.wrap import Answer, Wrapper

PEER = ("192.0.2.9", 4000)
OTHER = ("198.51.100.7", 4000)


class FakeWrapper:
    """
    Is asked, and answers when the test does.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.answers: list[Deferred[Answer]] = []

    def ask(self, *question: Any) -> Deferred[Answer]:
        """
        Note the question.
        """
        self.asked.append(question)
        self.answers.append(Deferred())
        return self.answers[-1]


class Day:
    """
    A local time.
    """

    def __init__(self) -> None:
        self.now = 0

    def minute(self) -> int:
        """
        The minute.
        """
        return self.now

    def secondsTo(self, minute: int) -> float:
        """
        An hour, always.
        """
        return 3600.0


class ReceptionTestCase(SynchronousTestCase):
    """
    Has a reception.

    @ivar served: those who were let in.
    """

    def setUp(self) -> None:
        self.world = World()
        self.wrapper = FakeWrapper()
        self.day = Day()
        self.rules = ServerRules(
            barred=Barred(), penalties=PenaltyBook(Penalties()), local=self.day
        )
        self.served: list[tuple[ConnectionRecord, socket.socket, list[bytes]]] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        self.released: list[Source] = []
        self.open()

    def open(self, limits: Limits | None = None, **access: Any) -> None:
        """
        Have another service.
        """
        self.spec = programSpec(limits=limits or Limits(), access=Access(**access))
        collaborators = attrs.evolve(
            self.world.collaborators,
            rules=self.rules,
            wrapper=lambda: cast(Wrapper, self.wrapper),
        )
        self.door = Door(self.spec, collaborators)
        self.reception = Reception(self.spec, self.door, collaborators, self.serve)
        release = self.door.gate.release

        def noting(source: Source, now: float) -> None:
            self.released.append(source)
            release(source, now)

        self.patch(self.door.gate, "release", noting)

    def serve(
        self,
        record: ConnectionRecord,
        facts: ConnectionFacts,
        connection: socket.socket,
        environment: list[bytes],
    ) -> None:
        """
        Note it.
        """
        self.addCleanup(connection.close)
        self.served.append((record, connection, environment))

    def arrive(self, peer: tuple[str, int] = PEER) -> socket.socket:
        """
        Somebody comes.

        @return: the client's end.
        """
        client = socket.create_connection(self.listener.getsockname(), 30)
        self.addCleanup(client.close)
        connection, _ = self.listener.accept()
        self.reception.accepted(connection, peer)
        return client

    def finish(self, number: int = 0) -> None:
        """
        One has been served.
        """
        record, connection, _ = self.served[number]
        connection.close()
        self.door.finish(record)

    def said(self, client: socket.socket) -> bytes:
        """
        What a client has been told when its connection has been closed.
        """
        pieces = []
        while piece := client.recv(65536):
            pieces.append(piece)
        return b"".join(pieces)

    def check(self, *verdicts: tuple[str, str]) -> None:
        """
        See what has been recorded, and that nothing is left of those who have been: one
        record each, one release for each who was let in, no timer, nobody inside.
        """
        self.assertEqual(self.world.verdicts(), list(verdicts))
        numbers = [record.identifier for record in self.world.recorder.records]
        self.assertEqual(len(set(numbers)), len(numbers))
        self.assertEqual(self.door.gate.running, 0)
        self.assertEqual((len(self.door.lobby), self.reception._onTheWay), (0, set()))
        self.door.close()
        self.world.collaborators.closer.closeAll()
        self.assertEqual(self.world.reactor.getDelayedCalls(), [])
        self.assertEqual(self.world.reactor.readers, set())
        self.assertEqual(self.door.counters.queued, 0)

    def file(self, text: bytes) -> bytes:
        """
        A file with a text.
        """
        path = Path(self.mktemp())
        path.write_bytes(text)
        return bytes(path)


class StraightTests(ReceptionTestCase):
    """
    Who is let in without more ado.
    """

    def test_served(self) -> None:
        """
        Is served at once.
        """
        self.arrive()
        ((record, connection, environment),) = self.served
        self.assertEqual((record.peer, environment), ("192.0.2.9:4000", []))
        self.assertTrue(connection.getblocking())
        self.assertEqual(self.door.gate.running, 1)
        self.finish()
        self.check(("served", ""))

    def test_broken(self) -> None:
        """
        Where serving fails unexpectedly, the connection is closed, the record finished and
        the place free.
        """

        def broken(*arguments: object) -> None:
            raise ZeroDivisionError("oops")

        self.reception._serve = broken
        for access in (Access(), Access(startWithin=5.0)):
            self.reception.alter(attrs.evolve(self.spec, access=access))
            self.assertEqual(self.said(self.arrive()), b"")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)
        self.assertEqual(len(self.released), 2)
        self.check(*[("failed", "ZeroDivisionError: oops")] * 2)

    def test_brokenLate(self) -> None:
        """
        Where it fails after the record was finished, there is no other.
        """

        def broken(record: ConnectionRecord, *arguments: object) -> None:
            self.door.finish(record)
            raise ZeroDivisionError("oops")

        self.reception._serve = broken
        self.assertEqual(self.said(self.arrive()), b"")
        self.flushLoggedErrors(ZeroDivisionError)
        self.check(("served", ""))

    def test_refused(self) -> None:
        """
        Who is over the limit sees an ordinary end of file, and has been counted nowhere.
        """
        self.open(Limits(None, instances=1))
        self.arrive()
        self.assertEqual(self.said(self.arrive()), b"")
        self.finish()
        self.assertEqual(len(self.released), 1)
        self.check(("refused", "instances"), ("served", ""))


class BannerTests(ReceptionTestCase):
    """
    What clients are told.
    """

    def test_success(self) -> None:
        """
        Who is let in is told the one for all and the one for success.
        """
        self.open(
            banner=self.file(b"hello "),
            bannerSuccess=self.file(b"come in"),
            bannerFail=self.file(b"go"),
        )
        client = self.arrive()
        self.finish()
        self.assertEqual(self.said(client), b"hello come in")
        self.check(("served", ""))

    def test_fail(self) -> None:
        """
        Who is refused, be it by the gate or later, the one for all and the one for that.
        """
        banners: dict[str, Any] = {
            "banner": self.file(b"hello "),
            "bannerFail": self.file(b"go away"),
        }
        self.open(sensor=Sensor(60.0), **banners)
        for _ in range(2):
            self.assertEqual(self.said(self.arrive()), b"hello go away")
        self.check(("refused", "sensor"), ("refused", "barred"))

    def test_queued(self) -> None:
        """
        Who waits is told the first one once, and only once.
        """
        self.open(Limits(None, instances=1, reaction=Reaction.QUEUE), banner=self.file(b"hello"))
        clients = [self.arrive(), self.arrive()]
        self.finish(0)
        self.finish(1)
        self.assertEqual([self.said(client) for client in clients], [b"hello"] * 2)
        self.check(("served", ""), ("served", ""))


class QueueTests(ReceptionTestCase):
    """
    Who has to wait.
    """

    def setUp(self) -> None:
        super().setUp()
        self.open(Limits(None, instances=1, reaction=Reaction.QUEUE, queue=2, queueSeconds=5.0))

    def test_inTurn(self) -> None:
        """
        Is served when there is room, and the record says for how long he waited.
        """
        self.arrive()
        self.arrive()
        self.assertEqual(len(self.served), 1)
        self.world.reactor.advance(2)
        self.finish(0)
        self.assertEqual(len(self.served), 2)
        self.finish(1)
        self.assertEqual([each.waited for each in self.world.recorder.records], [None, 2.0])
        self.assertEqual(len(self.released), 2)
        self.check(("served", ""), ("served", ""))

    def test_tooLong(self) -> None:
        """
        Does not wait for ever, and has then not been in.
        """
        self.arrive()
        client = self.arrive()
        self.world.reactor.advance(5)
        self.assertEqual(self.said(client), b"")
        self.finish()
        self.assertEqual(self.world.recorder.records[0].waited, 5.0)
        self.check(("refused", "queue-time"), ("served", ""))

    def test_displaced(self) -> None:
        """
        Makes place for others where he has come too often, and is refused by that name.
        """
        self.arrive()
        clients = [self.arrive(), self.arrive(), self.arrive()]
        self.assertEqual(self.said(clients[2]), b"")
        self.arrive(OTHER)
        self.assertEqual(self.said(clients[1]), b"")
        for number in range(3):
            self.finish(number)
        self.check(*[("refused", "queue")] * 2, *[("served", "")] * 3)
        self.assertEqual(self.world.recorder.records[4].peer, "198.51.100.7:4000")

    def test_gone(self) -> None:
        """
        Is not served when he has gone, and the next one is.
        """
        self.arrive()
        client = self.arrive()
        self.arrive()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        self.finish(0)
        self.assertEqual(len(self.served), 2)
        self.finish(1)
        self.check(("served", ""), ("refused", "gone"), ("served", ""))

    def test_halfClosed(self) -> None:
        """
        Is served when he has only closed his side.
        """
        self.arrive()
        self.arrive().shutdown(socket.SHUT_WR)
        self.finish(0)
        self.finish(1)
        self.check(("served", ""), ("served", ""))

    def test_perSource(self) -> None:
        """
        Who is refused for where he comes from does not wait.
        """
        self.open(Limits(None, instances=1, startsPerSource=1, reaction=Reaction.QUEUE, queue=2))
        self.arrive()
        self.assertEqual(self.said(self.arrive()), b"")
        self.arrive(OTHER)
        self.finish(0)
        self.finish(1)
        self.check(("refused", "starts-per-source"), ("served", ""), ("served", ""))

    def test_closedTime(self) -> None:
        """
        Nor who comes while nobody may, room or not.
        """
        self.open(Limits(None, instances=1, reaction=Reaction.QUEUE, queue=2), times=((0, 60),))
        self.arrive()
        self.day.now = 61
        self.assertEqual(self.said(self.arrive()), b"")
        self.finish()
        self.check(("refused", "access-times"), ("served", ""))

    def test_judgedAgain(self) -> None:
        """
        Who has become unwelcome meanwhile is refused.
        """
        self.arrive()
        client = self.arrive()
        self.rules.barred.bar(
            Source(4, int.from_bytes(socket.inet_aton("192.0.2.9"), "big"), ""), None, 0.0, "x"
        )
        self.finish()
        self.assertEqual(self.said(client), b"")
        self.check(("served", ""), ("refused", "barred"))

    def test_stop(self) -> None:
        """
        Is sent away when the port stops, by nobody else and never served; also where the
        lobby goes on, for other ports.
        """
        self.arrive()
        client = self.arrive()
        self.reception.stop()
        self.assertEqual(self.said(client), b"")
        self.finish()
        self.assertEqual(len(self.served), 1)
        self.door.lobby.look()
        self.check(("refused", "stopped"), ("served", ""))

    def test_stopInside(self) -> None:
        """
        So it is where those who are sent away make the room that one waits for: he is not
        let in, and not sent away twice.
        """
        self.open(Limits(None, instances=1, reaction=Reaction.QUEUE), firstByte=5.0)
        for _ in range(4):
            self.arrive()
        self.reception.stop()
        self.assertEqual(self.served, [])
        self.check(*[("refused", "stopped")] * 4)

    def test_doorClosed(self) -> None:
        """
        When the whole service stops each one is told once.
        """
        self.arrive()
        clients = [self.arrive(), self.arrive()]
        self.door.close()
        self.reception.stop()
        self.assertEqual([self.said(client) for client in clients], [b"", b""])
        self.finish()
        self.check(("refused", "stopped"), ("refused", "stopped"), ("served", ""))

    def test_altered(self) -> None:
        """
        Room that a reload makes is for who waits.
        """
        self.arrive()
        self.arrive()
        changed = attrs.evolve(self.spec, limits=Limits(None))
        self.door.alter(changed)
        self.reception.alter(changed)
        self.assertEqual(len(self.served), 2)
        self.finish(0)
        self.finish(1)
        self.check(("served", ""), ("served", ""))


class PauseTests(ReceptionTestCase):
    """
    With L{Reaction.PAUSE}.
    """

    def test_already(self) -> None:
        """
        Who was accepted in one go with the last who had room waits, and nobody is lost.
        """
        self.open(Limits(None, instances=1, reaction=Reaction.PAUSE))
        for _ in range(16):
            self.arrive()
        self.assertTrue(self.door.lobby.isPaused)
        for number in range(16):
            self.assertEqual(len(self.served), number + 1)
            self.finish(number)
        self.assertFalse(self.door.lobby.isPaused)
        self.check(*[("served", "")] * 16)

    def test_uncounted(self) -> None:
        """
        He is not counted as an arrival before his time: a service that pauses is not
        turned off by those who shall wait.
        """
        limits = Limits(1, closedFor=500.0, reaction=Reaction.PAUSE, queueSeconds=100.0)
        self.open(limits)
        for _ in range(2):
            self.arrive()
        self.world.reactor.advance(59)
        self.assertEqual(len(self.served), 1)
        self.world.reactor.advance(1)
        self.assertEqual(len(self.served), 2)
        self.finish(0)
        self.finish(1)
        self.check(("served", ""), ("served", ""))


class FirstByteTests(ReceptionTestCase):
    """
    Waiting for the first byte.
    """

    def setUp(self) -> None:
        super().setUp()
        self.open(firstByte=5.0)

    def test_came(self) -> None:
        """
        When it has come it is still there for the server.
        """
        client = self.arrive()
        self.assertEqual(self.served, [])
        client.sendall(b"hello")
        self.world.reactor.readable()
        ((_, connection, _),) = self.served
        self.assertTrue(connection.getblocking())
        self.assertEqual(connection.recv(100), b"hello")
        self.finish()
        self.check(("served", ""))

    def test_closed(self) -> None:
        """
        Who closes without one has cost nothing.
        """
        self.arrive().close()
        self.world.reactor.readable()
        self.assertEqual((self.served, len(self.released)), ([], 1))
        self.check(("refused", "first-byte"))

    def test_late(self) -> None:
        """
        Who sends nothing is sent away in time.
        """
        client = self.arrive()
        self.world.reactor.advance(5)
        self.assertEqual(self.said(client), b"")
        self.assertEqual((self.served, len(self.released)), ([], 1))
        self.check(("refused", "first-byte"))

    def test_stop(self) -> None:
        """
        Who has not sent anything when the service stops is sent away.
        """
        client = self.arrive()
        self.reception.stop()
        self.assertEqual(self.said(client), b"")
        self.assertEqual(len(self.released), 1)
        self.check(("refused", "stopped"))

    def test_penalties(self) -> None:
        """
        Each of these is an offence of its own.
        """
        penalties = Penalties(early=20.0, timeout=30.0)
        for ends, word, seconds in (
            (socket.socket.close, "early", 20),
            (lambda client: self.world.reactor.advance(5), "timeout", 30),
        ):
            self.world.recorder.records.clear()
            self.open(firstByte=5.0, penalties=penalties)
            client = self.arrive()
            cast(Any, ends)(client)
            self.world.reactor.readable()
            assert self.door._offences._own is not None
            (penalty,) = self.door._offences._own.penalties(self.world.reactor.seconds())
            self.assertEqual((penalty.offence.value, penalty.seconds), (word, seconds))
            self.assertEqual(self.said(self.arrive()), b"")
            self.world.reactor.advance(seconds)
            self.arrive().close()
            self.world.reactor.readable()
            reasons = [record.reason for record in self.world.recorder.records]
            self.assertEqual(reasons, ["first-byte", "penalty", "first-byte"])


class SensorTests(ReceptionTestCase):
    """
    Traps.
    """

    def test_barred(self) -> None:
        """
        Who touches one is barred from all services for its time, and from none after it.
        """
        self.open(sensor=Sensor(60.0))
        self.assertEqual(self.said(self.arrive()), b"")
        self.open()
        self.assertEqual(self.said(self.arrive()), b"")
        self.arrive(OTHER)
        self.finish()
        self.world.reactor.advance(60)
        self.arrive()
        self.finish(1)
        self.check(("refused", "sensor"), ("refused", "barred"), ("served", ""), ("served", ""))


class WrapTests(ReceptionTestCase):
    """
    hosts_access(5).
    """

    def setUp(self) -> None:
        super().setUp()
        self.open(wrap="in.test")

    def test_allowed(self) -> None:
        """
        Who may come in is served, with what C{setenv} says, on a connection that is as it
        was.
        """
        self.arrive()
        ((daemon, host, port, local, localPort, _),) = self.wrapper.asked
        self.assertEqual((daemon, host, port, local), (b"in.test", *PEER, "127.0.0.1"))
        self.assertEqual(localPort, self.listener.getsockname()[1])
        self.assertEqual(self.served, [])
        self.wrapper.answers[0].callback(Answer(True, "ok", ((b"A", b"b"), (b"C", b"d=e"))))
        ((_, connection, environment),) = self.served
        self.assertEqual(environment, [b"A=b", b"C=d=e"])
        self.assertTrue(connection.getblocking())
        self.finish()
        self.check(("served", ""))

    def test_refused(self) -> None:
        """
        Who may not is refused.
        """
        client = self.arrive()
        self.wrapper.answers[0].callback(Answer(False, "no"))
        self.assertEqual(self.said(client), b"")
        self.assertEqual((self.served, len(self.released)), ([], 1))
        self.check(("refused", "tcp-wrappers"))

    def test_broken(self) -> None:
        """
        So is everybody about whom nothing can be found out.
        """
        client = self.arrive()
        self.wrapper.answers[0].errback(ZeroDivisionError("oops"))
        self.assertEqual(self.said(client), b"")
        self.check(("refused", "tcp-wrappers"))

    def test_cannotAsk(self) -> None:
        """
        And everybody where nobody can be asked.
        """

        def fail(*question: Any) -> Deferred[Answer]:
            raise OSError("nobody there")

        self.wrapper.ask = fail  # type: ignore[method-assign]
        self.assertEqual(self.said(self.arrive()), b"")
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
        self.check(("refused", "tcp-wrappers"))

    def test_twist(self) -> None:
        """
        A rule's own program has the connection, which here is closed and not shut down;
        the record is of that program, at its end.
        """
        client = self.arrive()
        descriptor = self.wrapper.asked[0][-1]
        with socket.socket(fileno=socket.dup(descriptor)) as theirs:
            ended: Deferred[int | None] = Deferred()
            self.wrapper.answers[0].callback(
                Answer(True, "twist", handled=True, pid=77, ended=ended)
            )
            self.assertEqual((self.served, self.world.verdicts()), ([], []))
            theirs.sendall(b"twisted")
        self.assertEqual(self.said(client), b"twisted")
        self.reception.stop()
        ended.callback(3 << 8)
        (record,) = self.world.recorder.records
        self.assertEqual((record.pid, record.status, record.signal), (77, 3, None))
        self.assertEqual(len(self.released), 1)
        self.check(("served", "twist"))

    def test_twistLost(self) -> None:
        """
        Where nobody knows how it ended it has a record, too.
        """
        self.arrive()
        ended: Deferred[int | None] = Deferred()
        self.wrapper.answers[0].callback(Answer(True, "twist", handled=True, pid=77, ended=ended))
        ended.callback(None)
        self.check(("served", "twist"))

    def test_twistSignalled(self) -> None:
        """
        One that a signal ended has that in its record.
        """
        self.arrive()
        ended: Deferred[int | None] = Deferred()
        ended.callback(9)
        self.wrapper.answers[0].callback(Answer(True, "twist", handled=True, pid=77, ended=ended))
        self.assertEqual(self.world.recorder.records[0].signal, 9)

    def test_stop(self) -> None:
        """
        Who is being asked about when the service stops is sent away, once; an answer that
        comes later changes nothing.
        """
        for answer in (Answer(True, "ok"), Answer(True, "twist", handled=True, pid=7)):
            client = self.arrive()
            self.reception.stop()
            self.assertEqual(self.said(client), b"")
            self.wrapper.answers[-1].callback(answer)
        self.assertEqual((self.served, len(self.released)), ([], 2))
        self.check(*[("refused", "stopped")] * 2)

    def test_afterFirstByte(self) -> None:
        """
        Nobody is asked about before the first byte.
        """
        self.open(wrap="in.test", firstByte=5.0)
        client = self.arrive()
        self.assertEqual(self.wrapper.asked, [])
        client.sendall(b"x")
        self.world.reactor.readable()
        self.assertEqual(len(self.wrapper.asked), 1)
        self.world.reactor.advance(6)
        self.wrapper.answers[0].callback(Answer(True, "ok"))
        self.finish()
        self.check(("served", ""))

    def test_tooLate(self) -> None:
        """
        An answer that takes longer than until the server must have been started lets
        nobody in.
        """
        self.open(wrap="in.test", startWithin=3.0)
        client = self.arrive()
        self.world.reactor.advance(4)
        self.wrapper.answers[0].callback(Answer(True, "ok"))
        self.assertEqual(self.said(client), b"")
        self.assertEqual((self.served, len(self.released)), ([], 1))
        self.check(("refused", "start-within"))


#: What may happen, each with a number to choose by.
_EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["arrive"] * 4 + ["finish"] * 3 + ["speak", "leave", "advance", "answer", "alter"]
        ),
        st.integers(0, 11),
    ),
    max_size=40,
)

_LIMITS = [
    Limits(None, instances=1, queue=3),
    Limits(None, instances=2, instancesPerSource=1, queue=2),
    Limits(2, closedFor=70.0, queue=2, queueSeconds=100.0),
    Limits(None),
]

_ACCESS = [
    Access(),
    Access(firstByte=3.0),
    Access(wrap="in.test"),
    Access(firstByte=3.0, wrap="in.test", startWithin=4.0, penalties=Penalties(early=20.0)),
]


class AnyOrderTests(ReceptionTestCase):
    """
    Whatever happens, in whatever order.
    """

    def change(self, number: int) -> None:
        """
        Have another spec, of those that there are for each number.
        """
        limits = attrs.evolve(
            _LIMITS[number % len(_LIMITS)], reaction=tuple(Reaction)[number % len(Reaction)]
        )
        self.spec = programSpec(limits=limits, access=_ACCESS[number // 3 % len(_ACCESS)])
        self.door.alter(self.spec)
        self.reception.alter(self.spec)

    @settings(
        max_examples=150, deadline=None, suppress_health_check=[HealthCheck.differing_executors]
    )
    @given(st.integers(0, 11), _EVENTS, st.booleans())
    def test_once(self, first: int, events: list[tuple[str, int]], doorFirst: bool) -> None:
        """
        Each who has come has one record in the end, each who was let in is released once,
        each connection is closed, and nothing is left, no timer and nobody who waits.
        """
        self.setUp()
        self.change(first)
        clients: list[socket.socket] = []
        running: list[int] = []
        for event, number in events:
            if event == "arrive":
                clients.append(self.arrive((f"192.0.2.{number % 3}", 4000)))
            elif event == "advance":
                self.world.reactor.advance(number * 7)
            elif event == "alter":
                self.change(number)
            elif event == "finish":
                running = [
                    index
                    for index, (record, _, _) in enumerate(self.served)
                    if self.door.isInside(record)
                ]
                if running:
                    self.finish(running[number % len(running)])
            elif event == "answer":
                waiting = [each for each in self.wrapper.answers if not each.called]
                if waiting:
                    waiting[number % len(waiting)].callback(Answer(number % 2 == 0, "so"))
            elif clients:
                client = clients[number % len(clients)]
                if client.fileno() >= 0:
                    if event == "leave":
                        client.close()
                    else:
                        # Its connection may be over already.
                        with contextlib.suppress(OSError):
                            client.sendall(b"x")
            self.world.reactor.readable()
        for stop in (self.door.close, self.reception.stop)[:: 1 if doorFirst else -1]:
            stop()
        for index, (record, _, _) in enumerate(self.served):
            if self.door.isInside(record):
                self.finish(index)
        for answer in self.wrapper.answers:
            if not answer.called:
                answer.callback(Answer(True, "late"))
        self.assertEqual(len(self.world.recorder.records), len(clients))
        self.check(*self.world.verdicts())
        for client in clients:
            if client.fileno() >= 0:
                self.assertTrue(isEnded(client))
        self.listener.close()


def isEnded(client: socket.socket) -> bool:
    """
    Whether a client sees the end of its connection.
    """
    client.settimeout(30)
    try:
        return client.recv(65536) == b""
    except ConnectionResetError:
        # It has sent what nobody has read.
        return True
    finally:
        client.close()
