"""
Tests for L{txinetd.handlers.lobby}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import attrs
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txinetd.gate.gate import Gate
from txinetd.gate.rule import Source, sourceOf
from txinetd.handlers.lobby import Lobby
from txinetd.policy import Limits, Reaction

HERE = sourceOf("192.0.2.1")
THERE = sourceOf("198.51.100.1")


class FakeGate:
    """
    A gate that has room when it is told so.

    @ivar room: for how many.
    @ivar due: when there will be some for one, or C{None}.
    """

    def __init__(self, reaction: Reaction, queue: int = 4, seconds: float = 10.0) -> None:
        self.limits = Limits(None, reaction=reaction, queue=queue, queueSeconds=seconds)
        self.room = 0
        self.due: float | None = None
        self.asked = 0

    def whenRoom(self, now: float) -> float | None:
        """
        See L{Gate.whenRoom}.
        """
        self.asked += 1
        return now if self.room > 0 or (self.due is not None and self.due <= now) else self.due

    def isFull(self, now: float) -> bool:
        """
        See L{Gate.isFull}.
        """
        due = self.whenRoom(now)
        return due is None or due > now


class Entry:
    """
    Notes what it is told.
    """

    def __init__(self) -> None:
        self.told: list[str] = []

    def pause(self, why: object) -> None:
        """
        Note it.
        """
        self.told.append("pause")

    def resume(self, why: object) -> None:
        """
        Note it.
        """
        self.told.append("resume")


@attrs.define(eq=False)
class Guest:
    """
    Somebody who waits.
    """

    name: str
    source: Source
    said: list[tuple[str, str]]
    doing: Callable[[Guest], None] = lambda guest: None

    def proceed(self) -> None:
        """
        Note it.
        """
        self.said.append((self.name, "proceeds"))
        self.doing(self)

    def giveUp(self, rule: str, reason: str) -> None:
        """
        Note it.
        """
        self.said.append((self.name, rule))


class LobbyTestCase(SynchronousTestCase):
    """
    Has a lobby.
    """

    reaction = Reaction.QUEUE

    def setUp(self) -> None:
        self.clock = Clock()
        self.said: list[tuple[str, str]] = []
        self.entry = Entry()
        self.open()

    def open(self, **options: Any) -> None:
        """
        Have another one.
        """
        self.gate = FakeGate(self.reaction, **options)
        self.lobby = Lobby(self.clock, self.clock.seconds, cast(Gate, self.gate))
        self.lobby.attach(self.entry)

    def taking(self, guest: Guest) -> None:
        """
        What a guest does who takes the room that there is.
        """
        self.gate.room -= 1

    def wait(self, *names: str, source: Source = HERE) -> None:
        """
        Let some wait.
        """
        for name in names:
            self.lobby.wait(Guest(name, source, self.said, self.taking))

    def calls(self) -> list[float]:
        """
        When its timers are due.
        """
        return [call.getTime() for call in self.clock.getDelayedCalls()]


class QueueTests(LobbyTestCase):
    """
    Tests for L{Lobby} with L{Reaction.QUEUE}.
    """

    def test_holds(self) -> None:
        """
        Who comes is to wait while there is no room.
        """
        self.assertTrue(self.lobby.holds)
        self.gate.room = 1
        self.assertFalse(self.lobby.holds)

    def test_room(self) -> None:
        """
        When there is room, as many proceed as there is room for, in turns by source, and
        the others go on waiting.
        """
        self.wait("a", "b", "c")
        self.wait("z", source=THERE)
        self.gate.room = 3
        self.lobby.look()
        self.assertEqual([name for name, _ in self.said], ["a", "z", "b"])
        self.assertEqual(len(self.lobby), 1)
        self.assertEqual(self.entry.told, [])

    def test_age(self) -> None:
        """
        Nobody waits for longer than may be, and then no timer is left.
        """
        self.wait("a")
        self.clock.advance(5)
        self.wait("b")
        self.assertEqual(self.calls(), [10.0])
        self.clock.advance(5)
        self.assertEqual(self.said, [("a", "queue-time")])
        self.assertEqual(self.calls(), [15.0])
        self.clock.advance(5)
        self.assertEqual(self.said[1:], [("b", "queue-time")])
        self.assertEqual((len(self.lobby), self.calls()), (0, []))

    def test_byTime(self) -> None:
        """
        Room that time makes is found without anybody leaving.
        """
        self.gate.due = 3.0
        self.wait("a")
        self.assertEqual(self.calls(), [3.0])
        self.clock.advance(3)
        self.assertEqual(self.said, [("a", "proceeds")])
        self.assertEqual(self.calls(), [])

    def test_displaced(self) -> None:
        """
        Who has no place any more gives up: the newest of the source with the most, and
        this is no newcomer from elsewhere.
        """
        self.wait("a", "b", "c", "d", "e")
        self.assertEqual(self.said, [("e", "queue")])
        self.wait("z", source=THERE)
        self.assertEqual(self.said[1:], [("d", "queue")])

    def test_sources(self) -> None:
        """
        What one source is, is what the limits say.
        """
        self.gate.limits = attrs.evolve(
            self.gate.limits, prefixes=attrs.evolve(self.gate.limits.prefixes, ipv4=((24, 1),))
        )
        self.lobby = Lobby(self.clock, self.clock.seconds, cast(Gate, self.gate))
        self.wait("a", "b")
        self.wait("c", source=sourceOf("192.0.2.77"))
        self.wait("z", source=THERE)
        self.gate.room = 2
        self.lobby.look()
        self.assertEqual([name for name, _ in self.said], ["a", "z"])

    def test_within(self) -> None:
        """
        Who leaves at once, and so makes room from within, lets the next one in, and not
        by a call within the other's.
        """
        depths: list[int] = []
        depth = 0

        def pass_(guest: Guest) -> None:
            nonlocal depth
            depth += 1
            depths.append(depth)
            self.lobby.look()
            depth -= 1

        for number in range(4):
            self.lobby.wait(Guest(str(number), HERE, self.said, pass_))
        self.gate.room = 1
        self.lobby.look()
        self.assertEqual(depths, [1, 1, 1, 1])
        self.assertEqual(self.calls(), [])

    def test_sentBack(self) -> None:
        """
        Who is sent back waits for another time, and is not asked again in this one, nor
        the gate without end.
        """

        def back(guest: Guest) -> None:
            self.gate.room = 0
            self.gate.due = 7.0
            self.lobby.wait(guest)

        self.lobby.wait(Guest("a", HERE, self.said, back))
        self.gate.room = 1
        self.lobby.look()
        self.assertEqual((self.said, self.calls()), ([("a", "proceeds")], [7.0]))
        self.assertLess(self.gate.asked, 10)

    def test_failing(self) -> None:
        """
        One who cannot proceed holds up neither the others nor whoever has made room.
        """

        def fail(guest: Guest) -> None:
            raise ZeroDivisionError()

        self.lobby.wait(Guest("a", HERE, self.said, fail))
        self.wait("b")
        self.gate.room = 2
        self.lobby.look()
        self.assertEqual([name for name, _ in self.said], ["a", "b"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_shorter(self) -> None:
        """
        Where a reload makes the queue shorter, those give up who are too many, and the
        others' time is the new one.
        """
        self.wait("a", "b", "c")
        self.gate.limits = attrs.evolve(self.gate.limits, queue=1, queueSeconds=2.0)
        self.lobby.alter()
        self.assertEqual(self.said, [("c", "queue"), ("b", "queue")])
        self.clock.advance(2)
        self.assertEqual(self.said[2:], [("a", "queue-time")])

    def test_withoutQueue(self) -> None:
        """
        Where a reload does away with the queue, those in it stay for their time and no
        longer, and nobody else is held.
        """
        self.wait("a")
        self.gate.limits = attrs.evolve(self.gate.limits, reaction=Reaction.CLOSE)
        self.lobby.alter()
        self.assertFalse(self.lobby.holds)
        self.clock.advance(10)
        self.assertEqual(self.said, [("a", "queue-time")])
        self.assertEqual(self.calls(), [])

    def test_unlimited(self) -> None:
        """
        Where a reload makes room, those who wait proceed at once.
        """
        self.wait("a", "b")
        self.gate.room = 9
        self.lobby.alter()
        self.assertEqual(self.said, [("a", "proceeds"), ("b", "proceeds")])

    def test_close(self) -> None:
        """
        When the service stops all give up, and no timer is left.
        """
        self.wait("a", "b")
        self.lobby.close()
        self.assertEqual(self.said, [("a", "stopped"), ("b", "stopped")])
        self.assertEqual((len(self.lobby), self.calls()), (0, []))

    def test_closeOverdue(self) -> None:
        """
        So do those whose time is over and who have not been told yet.
        """
        self.wait("a")
        self.clock.rightNow += 20
        self.wait("b")
        self.lobby.close()
        self.assertEqual(self.said, [("a", "stopped"), ("b", "stopped")])

    def test_overdue(self) -> None:
        """
        Whose time is over when somebody else comes is told, and in a turn of his own.
        """
        self.wait("a")
        self.clock.rightNow += 20
        self.wait("b")
        self.assertEqual(self.said, [])
        self.clock.advance(0)
        self.assertEqual(self.said, [("a", "queue-time")])


class PauseTests(LobbyTestCase):
    """
    Tests for L{Lobby} with L{Reaction.PAUSE}.
    """

    reaction = Reaction.PAUSE

    def test_filled(self) -> None:
        """
        When the last place is taken nobody is brought any more, until there is room.
        """
        self.gate.room = 1
        self.lobby.filled()
        self.assertFalse(self.lobby.isPaused)
        self.gate.room = 0
        self.lobby.filled()
        self.lobby.filled()
        self.assertEqual((self.entry.told, self.lobby.isPaused), (["pause"], True))
        self.lobby.look()
        self.assertEqual(self.entry.told, ["pause"])
        self.gate.room = 1
        self.lobby.look()
        self.lobby.look()
        self.assertEqual((self.entry.told, self.lobby.isPaused), (["pause", "resume"], False))
        self.assertEqual(self.calls(), [])

    def test_byTime(self) -> None:
        """
        It comes back by itself when time makes room.
        """
        self.gate.due = 60.0
        self.lobby.filled()
        self.assertEqual(self.calls(), [60.0])
        self.clock.advance(60)
        self.assertEqual((self.entry.told, self.calls()), (["pause", "resume"], []))

    def test_early(self) -> None:
        """
        A timer that is early looks again, later.
        """
        self.gate.due = 60.0
        self.lobby.filled()
        self.gate.due = 61.0
        self.clock.advance(60)
        self.assertEqual((self.entry.told, self.calls()), (["pause"], [61.0]))

    def test_spare(self) -> None:
        """
        Who had been accepted already has the first turn, before anybody is brought; where
        they are too many the newest give up.
        """
        self.wait(*map(str, range(Lobby.spare + 2)))
        self.assertEqual(self.said, [("64", "queue"), ("65", "queue")])
        self.assertEqual(self.entry.told, ["pause"])
        self.gate.room = 10
        self.lobby.look()
        self.assertEqual((len(self.lobby), self.entry.told), (Lobby.spare - 10, ["pause"]))
        self.gate.room = Lobby.spare
        self.lobby.look()
        self.assertEqual((len(self.lobby), self.entry.told), (0, ["pause", "resume"]))

    def test_attached(self) -> None:
        """
        An entry that comes later is paused and resumed as the others; one that has gone is
        not.
        """
        self.lobby.filled()
        other = Entry()
        self.lobby.attach(other)
        self.lobby.detach(self.entry)
        self.gate.room = 1
        self.lobby.look()
        self.assertEqual((other.told, self.entry.told), (["pause", "resume"], ["pause"]))

    def test_altered(self) -> None:
        """
        A service that shall no longer pause does not stay paused.
        """
        self.lobby.filled()
        self.gate.limits = attrs.evolve(self.gate.limits, reaction=Reaction.CLOSE)
        self.lobby.alter()
        self.assertEqual(self.entry.told, ["pause", "resume"])

    def test_close(self) -> None:
        """
        A service that stops leaves no timer, and begins again as one that is not paused.
        """
        self.gate.due = 60.0
        self.lobby.filled()
        self.lobby.close()
        self.assertEqual((self.calls(), self.lobby.isPaused), ([], False))


class CloseTests(LobbyTestCase):
    """
    Tests for L{Lobby} with L{Reaction.CLOSE}.
    """

    reaction = Reaction.CLOSE

    def test_nobody(self) -> None:
        """
        Nobody waits and nothing is paused.
        """
        self.lobby.filled()
        self.assertFalse(self.lobby.holds)
        self.assertEqual((self.entry.told, self.calls()), ([], []))
