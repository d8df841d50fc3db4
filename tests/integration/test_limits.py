"""
Limits of real servers: that each of them holds, and above all that after each of them a
service answers again by itself, within the time that was configured.
"""

from __future__ import annotations

import socket
from collections import Counter
from typing import Any

import attrs
from twisted.internet.defer import DeferredList, inlineCallbacks

from tests.integration.limit_support import LimitsTestCase, spec
from txinetd.policy import (
    Access,
    Bucket,
    ConnectionsPerSecond,
    Limits,
    Policy,
    Pressure,
    Reaction,
)
from txinetd.server import InetdService
from txinetd.spec import Builtin, InetAddress, SocketType

HERE, THERE = "127.0.0.2", "127.0.0.3"

#: Limits that let two in at once: the limit, its name, and the seconds after which there
#: is room for another one where somebody was refused, and where nobody was as all waited.
FOR_ALL = {
    "starts": (Limits(2), "starts-per-minute", 60.0, 60.0),
    # closedFor is about who is refused: those who pause do not come so far.
    "closedFor": (Limits(2, closedFor=90.0), "starts-per-minute", 90.0, 60.0),
    "bucket": (Limits(None, bucket=Bucket(2, 0.1)), "rate", 10.0, 10.0),
    "cps": (
        Limits(None, perSecond=ConnectionsPerSecond(2, 30.0)), "cps", 30.0, 0.5,
    ),
}  # fmt: skip

FOR_SOURCES = {
    "starts": (Limits(None, startsPerSource=2), "starts-per-source", 60.0),
    "bucket": (Limits(None, sourceBucket=Bucket(2, 0.1)), "source-rate", 10.0),
}


class RateTests(LimitsTestCase):
    """
    Limits that time alone lifts.
    """

    @inlineCallbacks
    def closes(self, limits: Limits, rule: str, seconds: float, policy: bool = False) -> Any:
        """
        One too many is refused, and so is who comes a moment too early; later all is well.
        """
        server = self.server(limits, policy)
        for _ in range(2):
            said = yield self.ask(server)
            self.assertEqual(said, b"x")
        said = yield self.ask(server)
        self.assertEqual(said, b"")
        self.time.jump(seconds - 5)
        said = yield self.ask(server)
        self.assertEqual(said, b"")
        self.time.jump(5)
        said = yield self.ask(server)
        self.assertEqual(said, b"x")
        found = yield self.recorded(5)
        self.assertEqual(Counter(found), {("served", ""): 3, ("refused", rule): 2})

    @inlineCallbacks
    def keeps(self, limits: Limits, seconds: float, policy: bool = False) -> Any:
        """
        One too many is kept, and served when there is room.
        """
        server = self.server(limits, policy)
        for _ in range(2):
            said = yield self.ask(server)
            self.assertEqual(said, b"x")
        kept = self.ask(server)
        # It has to have come, to be kept.
        yield self.turns()
        if seconds > 5:
            self.time.jump(seconds - 5)
            yield self.turns()
            self.assertNoResult(kept)
            self.time.jump(5)
        else:
            self.time.jump(seconds)
        said = yield kept
        self.assertEqual(said, b"x")
        found = yield self.recorded(3)
        self.assertEqual(found, [("served", "")] * 3)

    def server(self, limits: Limits, policy: bool) -> InetdService:
        """
        A server where a service, or all together, have these limits.
        """
        if not policy:
            return self.start(spec(limits))
        own = Limits(
            None, reaction=limits.reaction, queue=limits.queue, queueSeconds=limits.queueSeconds
        )
        return self.start(spec(own), policy=Policy(limits=limits))

    def reacting(self, limits: Limits, reaction: Reaction) -> Limits:
        """
        The same with another reaction.
        """
        return attrs.evolve(limits, reaction=reaction, queueSeconds=1000.0)

    def test_startsClose(self) -> Any:
        """
        So many starts in a minute: back when the first has left the window.
        """
        limits, rule, seconds, _ = FOR_ALL["starts"]
        return self.closes(limits, rule, seconds)

    def test_startsPause(self) -> Any:
        """
        The same; who comes meanwhile waits in the kernel's queue.
        """
        limits, _, _, seconds = FOR_ALL["starts"]
        return self.keeps(self.reacting(limits, Reaction.PAUSE), seconds)

    def test_startsQueue(self) -> Any:
        """
        The same; who comes meanwhile waits in ours.
        """
        limits, _, seconds, _ = FOR_ALL["starts"]
        return self.keeps(self.reacting(limits, Reaction.QUEUE), seconds)

    def test_closedForClose(self) -> Any:
        """
        A service that is off for a time is back after it, however many ask meanwhile.
        """
        limits, rule, seconds, _ = FOR_ALL["closedFor"]
        return self.closes(limits, rule, seconds)

    def test_closedForPause(self) -> Any:
        """
        One that pauses does not come so far as to be off.
        """
        limits, _, _, seconds = FOR_ALL["closedFor"]
        return self.keeps(self.reacting(limits, Reaction.PAUSE), seconds)

    def test_closedForQueue(self) -> Any:
        """
        Who waits in a queue does so until the service is on again.
        """
        limits, _, seconds, _ = FOR_ALL["closedFor"]
        return self.keeps(self.reacting(limits, Reaction.QUEUE), seconds)

    def test_bucketClose(self) -> Any:
        """
        A bucket: back when there is a token.
        """
        limits, rule, seconds, _ = FOR_ALL["bucket"]
        return self.closes(limits, rule, seconds)

    def test_bucketPause(self) -> Any:
        """
        The same, waiting.
        """
        limits, _, _, seconds = FOR_ALL["bucket"]
        return self.keeps(self.reacting(limits, Reaction.PAUSE), seconds)

    def test_bucketQueue(self) -> Any:
        """
        The same, in a queue.
        """
        limits, _, seconds, _ = FOR_ALL["bucket"]
        return self.keeps(self.reacting(limits, Reaction.QUEUE), seconds)

    @inlineCallbacks
    def test_cpsClose(self) -> Any:
        """
        Too many in a second: back after the pause.
        """
        limits, rule, seconds, _ = FOR_ALL["cps"]
        server = self.start(spec(limits))
        yield self.burst(server)
        self.time.jump(seconds - 5)
        said = yield self.ask(server)
        self.assertEqual(said, b"")
        self.time.jump(5)
        said = yield self.ask(server)
        self.assertEqual(said, b"x")
        found = yield self.recorded(5)
        self.assertEqual(Counter(found), {("served", ""): 3, ("refused", rule): 2})

    @inlineCallbacks
    def burst(self, server: InetdService) -> Any:
        """
        Three come before the reactor looks: one second holds two.
        """
        clients = [self.connect(server) for _ in range(3)]
        said = yield DeferredList([self.finish(client) for client in clients])
        self.assertEqual(sorted(text for _, text in said), [b"", b"x", b"x"])

    @inlineCallbacks
    def test_cpsPause(self) -> Any:
        """
        Who would be too many in a second waits for the next one, and nobody is refused.
        """
        limits = self.reacting(FOR_ALL["cps"][0], Reaction.PAUSE)
        server = self.start(spec(limits))
        said = yield DeferredList([self.ask(server) for _ in range(5)])
        self.assertEqual([text for _, text in said], [b"x"] * 5)
        found = yield self.recorded(5)
        self.assertEqual(found, [("served", "")] * 5)
        # Also where they were accepted in one go, none was too many in a second.
        self.assertLess(max(record.waited or 0.0 for record in self.records), 10.0)

    @inlineCallbacks
    def test_cpsQueue(self) -> Any:
        """
        In a queue he waits until the pause is over.
        """
        limits = self.reacting(FOR_ALL["cps"][0], Reaction.QUEUE)
        server = self.start(spec(limits))
        clients = [self.connect(server) for _ in range(3)]
        asking = [self.finish(client) for client in clients]
        yield self.recorded(2)
        self.time.jump(25)
        yield self.turns()
        yield self.recorded(2)
        self.time.jump(5)
        said = yield DeferredList(asking)
        self.assertEqual([text for _, text in said], [b"x"] * 3)
        yield self.recorded(3)

    @inlineCallbacks
    def perSource(self, name: str, reaction: Reaction, policy: bool = False) -> Any:
        """
        One source that comes too often is refused, whatever happens to who is too many for
        all; another one is served meanwhile, and the first one later.
        """
        limits, rule, seconds = FOR_SOURCES[name]
        server = self.server(self.reacting(limits, reaction), policy)
        said = []
        for source in (HERE, HERE, HERE, THERE):
            text = yield self.ask(server, source)
            said.append(text)
        self.assertEqual(said, [b"x", b"x", b"", b"x"])
        self.time.jump(seconds - 5)
        for source, expected in ((HERE, b""), (THERE, b"x")):
            text = yield self.ask(server, source)
            self.assertEqual(text, expected)
        self.time.jump(5)
        text = yield self.ask(server, HERE)
        self.assertEqual(text, b"x")
        found = yield self.recorded(7)
        self.assertEqual(Counter(found), {("served", ""): 5, ("refused", rule): 2})

    @inlineCallbacks
    def test_startsPerSource(self) -> Any:
        """
        So many starts in a minute for one source.
        """
        for reaction in Reaction:
            self.records.clear()
            yield self.perSource("starts", reaction)

    @inlineCallbacks
    def test_bucketPerSource(self) -> Any:
        """
        A bucket for each source.
        """
        for reaction in Reaction:
            self.records.clear()
            yield self.perSource("bucket", reaction)

    @inlineCallbacks
    def test_policy(self) -> Any:
        """
        Limits of the whole server are as those of one service, with the service's reaction.
        """
        for name in ("starts", "closedFor", "bucket"):
            limits, rule, closed, waited = FOR_ALL[name]
            self.records.clear()
            yield self.closes(limits, rule, closed, policy=True)
            self.records.clear()
            yield self.keeps(self.reacting(limits, Reaction.QUEUE), closed, policy=True)
            self.records.clear()
            yield self.keeps(self.reacting(limits, Reaction.PAUSE), waited, policy=True)
        for name in FOR_SOURCES:
            self.records.clear()
            yield self.perSource(name, Reaction.CLOSE, policy=True)


class InstancesTests(LimitsTestCase):
    """
    So many at a time.
    """

    @inlineCallbacks
    def test_close(self) -> Any:
        """
        Who is one too many is refused until somebody has gone.
        """
        server = self.start(spec(Limits(None, instances=1)))
        first = self.connect(server)
        yield self.until(lambda: server.children)
        said = yield self.ask(server)
        self.assertEqual(said, b"")
        yield self.finish(first)
        yield self.recorded(2)
        said = yield self.ask(server)
        self.assertEqual(said, b"x")
        found = yield self.recorded(3)
        self.assertEqual(found[0], ("refused", "instances"))

    @inlineCallbacks
    def test_keep(self) -> Any:
        """
        Or waits for that, in the kernel's queue or in ours; and all are served in the end.
        """
        for reaction in (Reaction.PAUSE, Reaction.QUEUE):
            self.records.clear()
            server = self.start(spec(Limits(None, instances=1, reaction=reaction, queue=30)))
            first = self.connect(server)
            yield self.until(lambda server=server: server.children)
            asking = [self.ask(server) for _ in range(20)]
            yield self.turns()
            self.assertEqual(self.records, [])
            door = server.runningServices[0]._door
            self.assertEqual(door.lobby.isPaused, reaction is Reaction.PAUSE)
            yield self.finish(first)
            said = yield DeferredList(asking)
            self.assertEqual([text for _, text in said], [b"x"] * 20)
            found = yield self.recorded(21)
            self.assertEqual(found, [("served", "")] * 21)
            self.assertFalse(door.lobby.isPaused)

    @inlineCallbacks
    def test_perSource(self) -> Any:
        """
        One source may have so many; it does not disturb another, and may have another when
        one of its own has gone.
        """
        for reaction in Reaction:
            self.records.clear()
            server = self.start(spec(Limits(None, instancesPerSource=1, reaction=reaction)))
            first = self.connect(server, HERE)
            yield self.until(lambda server=server: server.children)
            for source, expected in ((HERE, b""), (THERE, b"x")):
                said = yield self.ask(server, source)
                self.assertEqual(said, expected)
            yield self.finish(first)
            yield self.recorded(3)
            said = yield self.ask(server, HERE)
            self.assertEqual(said, b"x")
            found = yield self.recorded(4)
            self.assertEqual(found[0], ("refused", "instances-per-source"))

    @inlineCallbacks
    def test_policy(self) -> Any:
        """
        What one service takes of the server's places others have not; what it gives back
        they find by themselves, and do not look all the time.
        """
        for reaction in Reaction:
            self.records.clear()
            server = self.start(
                spec(name="one"),
                spec(Limits(None, reaction=reaction), name="two"),
                policy=Policy(limits=Limits(None, instances=1)),
            )
            first = self.connect(server, index=0)
            yield self.until(lambda server=server: server.children)
            gate = server._surroundings.rules.gate
            assert gate is not None
            asking = self.ask(server, index=1)
            if reaction is Reaction.CLOSE:
                said = yield asking
                self.assertEqual(said, b"")
                yield self.finish(first)
                yield self.recorded(2)
                asking = self.ask(server, index=1)
            else:
                lobby = server.runningServices[1]._door.lobby
                yield self.until(lambda lobby=lobby: len(lobby))
                looked = 0
                serve = lobby._serve

                def counting(serve: Any = serve) -> None:
                    nonlocal looked
                    looked += 1
                    serve()

                self.patch(lobby, "_serve", counting)
                self.time.jump(1.0)
                yield self.turns()
                self.assertLess(looked, 10)
                self.assertNoResult(asking)
                yield self.finish(first)
            said = yield asking
            self.assertEqual(said, b"x")


class LoadTests(LimitsTestCase):
    """
    Nobody more while the machine has enough to do.
    """

    @inlineCallbacks
    def check(self, limits: Limits, rule: str, **busy: float) -> Any:
        """
        With each reaction.
        """
        for reaction in Reaction:
            self.records.clear()
            limits = attrs.evolve(limits, reaction=reaction)
            server = self.make(spec(limits))
            self.loaded(server, **busy)
            server.startService()
            asking = self.ask(server)
            if reaction is Reaction.CLOSE:
                said = yield asking
                self.assertEqual(said, b"")
                found = yield self.recorded(1)
                self.assertEqual(found, [("refused", rule)])
            else:
                self.time.jump(5.0)
                yield self.turns()
                self.assertNoResult(asking)
            self.loaded(server, 1.0)
            # The next look at the machine, and the next at whether there is room.
            self.time.jump(1.0)
            self.time.jump(1.0)
            said = yield asking if reaction is not Reaction.CLOSE else self.ask(server)
            self.assertEqual(said, b"x")

    def test_load(self) -> Any:
        """
        The load average.
        """
        return self.check(Limits(None, load=4.0), "load", load=5.0)

    def test_pressure(self) -> Any:
        """
        The pressure.
        """
        limits = Limits(None, pressure=(Pressure("cpu", 50.0),))
        return self.check(limits, "pressure", load=1.0, pressure=80.0)


class QueueTests(LimitsTestCase):
    """
    Who waits in our queue.
    """

    @inlineCallbacks
    def test_fair(self) -> Any:
        """
        Sources have turns; whoever has come most often loses the last one, by name, when
        there are too many; and nobody else is disturbed.
        """
        server = self.start(spec(Limits(None, instances=1, reaction=Reaction.QUEUE, queue=4)))
        first = self.connect(server, "127.0.0.9")
        yield self.until(lambda: server.children)
        lobby = server.runningServices[0]._door.lobby
        clients = []
        for number in range(4):
            clients.append(self.connect(server, HERE))
            yield self.until(lambda number=number: len(lobby) == number + 1)
        other = self.connect(server, THERE)
        found = yield self.recorded(1)
        self.assertEqual(found, [("refused", "queue")])
        asking = [self.finish(client) for client in (*clients, other, first)]
        said = yield DeferredList(asking)
        self.assertEqual([text for _, text in said], [b"x"] * 3 + [b""] + [b"x"] * 2)
        yield self.recorded(6)
        order = [record.peer.partition(":")[0] for record in self.records[1:]]
        self.assertEqual(order, ["127.0.0.9", HERE, THERE, HERE, HERE])

    @inlineCallbacks
    def test_age(self) -> Any:
        """
        Nobody waits for longer than may be.
        """
        limits = Limits(None, instances=1, reaction=Reaction.QUEUE, queueSeconds=5.0)
        server = self.start(spec(limits))
        first = self.connect(server)
        yield self.until(lambda: server.children)
        asking = self.ask(server)
        yield self.until(lambda: len(server.runningServices[0]._door.lobby))
        self.time.jump(5.0)
        said = yield asking
        self.assertEqual(said, b"")
        found = yield self.recorded(1)
        self.assertEqual(found, [("refused", "queue-time")])
        self.assertGreaterEqual(self.records[0].waited or 0.0, 5.0)
        yield self.finish(first)


class ChangeTests(LimitsTestCase):
    """
    What becomes of who waits when the service changes or stops.
    """

    @inlineCallbacks
    def waiting(self, limits: Limits, access: Access | None = None) -> Any:
        """
        A server with one who is in and two who wait.
        """
        server = self.start(spec(limits, access))
        first = self.connect(server)
        yield self.until(lambda: server.children)
        asking = [self.ask(server), self.ask(server)]
        if limits.reaction is Reaction.QUEUE:
            yield self.until(lambda: len(server.runningServices[0]._door.lobby) == 2)
        else:
            yield self.turns()
        return server, first, asking

    @inlineCallbacks
    def test_stop(self) -> Any:
        """
        When the server stops all who wait with us are told, and those in the kernel's queue
        by it; and when it is started again it serves.
        """
        for reaction in (Reaction.QUEUE, Reaction.PAUSE):
            self.records.clear()
            limits = Limits(None, instances=1, reaction=reaction)
            server, first, asking = yield self.waiting(limits)
            yield server.stopService()
            said = yield DeferredList(asking)
            self.assertEqual([text for _, text in said], [b"", b""])
            waited = 2 if reaction is Reaction.QUEUE else 0
            found = yield self.recorded(waited)
            self.assertEqual(found, [("refused", "stopped")] * waited)
            yield self.finish(first)
            yield self.recorded(waited + 1)
            server.startService()
            said = yield self.ask(server)
            self.assertEqual(said, b"x")
            yield self.recorded(waited + 2)

    @inlineCallbacks
    def test_room(self) -> Any:
        """
        When a reload makes room they come in at once.
        """
        for reaction in (Reaction.QUEUE, Reaction.PAUSE):
            self.records.clear()
            limits = Limits(None, instances=1, reaction=reaction)
            server, first, asking = yield self.waiting(limits)
            (running,) = server.runningServices
            running.alter(attrs.evolve(running.spec, limits=Limits(None)))
            said = yield DeferredList(asking)
            self.assertEqual([text for _, text in said], [b"x", b"x"])
            yield self.finish(first)
            yield self.recorded(3)

    @inlineCallbacks
    def test_close(self) -> Any:
        """
        When a reload has others refused, those who wait with us have their time still, and
        those whom nobody has accepted are refused.
        """
        for reaction in (Reaction.QUEUE, Reaction.PAUSE):
            self.records.clear()
            limits = Limits(None, instances=1, reaction=reaction)
            server, first, asking = yield self.waiting(limits)
            (running,) = server.runningServices
            changed = attrs.evolve(limits, reaction=Reaction.CLOSE)
            running.alter(attrs.evolve(running.spec, limits=changed))
            if reaction is Reaction.QUEUE:
                yield self.finish(first)
            said = yield DeferredList(asking)
            expected = b"x" if reaction is Reaction.QUEUE else b""
            self.assertEqual([text for _, text in said], [expected] * 2)
            if reaction is Reaction.PAUSE:
                yield self.finish(first)
            yield self.recorded(3)

    @inlineCallbacks
    def test_kind(self) -> Any:
        """
        When a reload makes another kind of service of it they are told, and that one is
        not disturbed.
        """
        limits = Limits(None, instances=1, reaction=Reaction.QUEUE)
        server, first, asking = yield self.waiting(limits)
        (running,) = server.runningServices
        running.alter(attrs.evolve(running.spec, server=Builtin("daytime")))
        said = yield DeferredList(asking)
        self.assertEqual([text for _, text in said], [b"", b""])
        yield self.finish(first)
        found = yield self.recorded(3)
        self.assertEqual(found, [("refused", "stopped")] * 2 + [("served", "")])
        said = yield self.ask(server)
        self.assertEqual(len(said), 26)
        yield self.recorded(4)

    @inlineCallbacks
    def test_address(self) -> Any:
        """
        When a reload takes away the address that they came to they are told.
        """
        limits = Limits(None, instances=1, reaction=Reaction.QUEUE)
        server, first, asking = yield self.waiting(limits)
        (running,) = server.runningServices
        running.alter(attrs.evolve(running.spec, addresses=(InetAddress("127.0.0.4", 0),)))
        said = yield DeferredList(asking)
        self.assertEqual([text for _, text in said], [b"", b""])
        yield self.finish(first)
        yield self.recorded(3)

    @inlineCallbacks
    def test_firstByte(self) -> Any:
        """
        Who has not sent anything when the server stops is told.
        """
        server = self.start(spec(access=Access(firstByte=30.0)))
        client = self.connect(server)
        yield self.until(lambda: server.runningServices[0]._door.gate.running)
        yield server.stopService()
        self.assertEqual(client.recv(10), b"")
        found = yield self.recorded(1)
        self.assertEqual(found, [("refused", "stopped")])


class DatagramTests(LimitsTestCase):
    """
    Datagrams wait in the kernel's queue.
    """

    def client(self, server: InetdService, source: str = "127.0.0.1") -> socket.socket:
        """
        A client.
        """
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(client.close)
        client.bind((source, 0))
        client.connect(("127.0.0.1", self.port(server)))
        client.setblocking(False)
        return client

    @inlineCallbacks
    def test_keep(self) -> Any:
        """
        Where who is too many is to wait, so do datagrams, and all are answered.
        """
        # With a queue of ours the one that was read to be judged is dropped.
        for reaction, lost in ((Reaction.PAUSE, 0), (Reaction.QUEUE, 1)):
            self.records.clear()
            limits = Limits(2, reaction=reaction)
            server = self.start(
                spec(limits, server=Builtin("echo"), socketType=SocketType.DGRAM, protocol="udp")
            )
            client = self.client(server)
            for number in range(4):
                client.send(b"%d" % number)
            for number in range(2):
                found = yield self.answer(client)
                self.assertEqual(found, b"%d" % number)
            yield self.turns()
            yield self.recorded(2 + lost)
            self.time.jump(60)
            for number in range(2 + lost, 4):
                found = yield self.answer(client)
                self.assertEqual(found, b"%d" % number)
            yield self.recorded(4)
