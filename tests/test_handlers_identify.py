"""
Tests for L{txinetd.handlers.identify}, and for the way through a reception with it.
"""

from __future__ import annotations

from typing import Any, cast

import attrs
from twisted.internet.defer import Deferred, succeed

from tests.test_handlers_reception import ReceptionTestCase
from txinetd.handlers.door import Door
from txinetd.handlers.reception import Reception
from txinetd.policy import Limits
from txinetd.process.facts import ConnectionFacts, End
from txinetd.recording import Recording
from txinetd.sockets.identclient import IdentClient, Identified

HERE = End("127.0.0.1", 7)
THERE = End("192.0.2.9", 4000)

BOTH = Recording(onSuccess=frozenset({"USERID"}), onFailure=frozenset({"USERID"}))


class FakeClient:
    """
    Is asked, and answers when the test does.
    """

    mostRefused = 3

    def __init__(self) -> None:
        self.asked: list[tuple[ConnectionFacts, int | None]] = []
        self.answers: list[Deferred[Identified]] = []
        self.cancelled = 0

    def ask(self, facts: ConnectionFacts, most: int | None = None) -> Deferred[Identified]:
        """
        Note the question.
        """
        self.asked.append((facts, most))
        self.answers.append(Deferred(self._cancel))
        return self.answers[-1]

    def _cancel(self, deferred: Deferred[Identified]) -> None:
        """
        Note that nobody waits.
        """
        self.cancelled += 1


class NobodyToAsk(FakeClient):
    """
    Has nobody to ask.
    """

    def ask(self, facts: ConnectionFacts, most: int | None = None) -> Any:
        """
        Nobody.
        """
        return None


class IdentifyTests(ReceptionTestCase):
    """
    Tests for asking.
    """

    def open(self, limits: Limits | None = None, **access: Any) -> None:
        """
        Have another service, of which all is recorded.
        """
        super().open(limits, **access)
        self.use(FakeClient(), BOTH)

    def use(self, client: FakeClient, recording: Recording) -> None:
        """
        Have the same service with something else to ask.
        """
        self.client = client
        self.spec = attrs.evolve(self.spec, recording=recording)
        collaborators = attrs.evolve(
            self.world.collaborators, rules=self.rules, identClient=cast(IdentClient, client)
        )
        self.door = Door(self.spec, collaborators)
        self.reception = Reception(self.spec, self.door, collaborators, self.serve)

    def remote(self) -> list[tuple[str, str, str, str]]:
        """
        Verdict, rule, user and system of each record.
        """
        return [
            (each.verdict, each.rule, each.remoteUser, each.remoteSystem)
            for each in self.world.recorder.records
        ]

    def test_success(self) -> None:
        """
        A server starts when it is known whose the connection is, or that it will not
        be known.
        """
        for answer, user in ((Identified("bob", "UNIX"), "bob"), (Identified(reason="x"), "")):
            self.served.clear()
            self.client.answers.clear()
            self.arrive()
            self.assertEqual(self.served, [])
            self.client.answers[0].callback(answer)
            self.assertEqual([each[0].remoteUser for each in self.served], [user])
        self.assertEqual([most for _, most in self.client.asked], [None, None])

    def test_notAsked(self) -> None:
        """
        Nobody is asked where nobody wants to know.
        """
        self.use(FakeClient(), Recording())
        self.arrive()
        self.assertEqual((len(self.served), self.client.asked), (1, []))

    def test_only(self) -> None:
        """
        Where only those who are named may come in, the others are refused.
        """
        self.open(identified=True)
        self.use(FakeClient(), Recording())
        self.arrive()
        self.client.answers[0].callback(Identified(reason="NO-USER"))
        self.arrive()
        self.client.answers[1].callback(Identified("bob", "UNIX"))
        self.assertEqual(len(self.served), 1)
        self.assertEqual(self.remote(), [("refused", "identified", "", "")])
        self.assertEqual(self.door.gate.running, 1)

    def test_onlyNobodyToAsk(self) -> None:
        """
        The same where there is nobody to ask.
        """
        self.open(identified=True)
        self.use(NobodyToAsk(), BOTH)
        self.arrive()
        self.assertEqual((self.served, self.remote()[0][:2]), ([], ("refused", "identified")))

    def test_failure(self) -> None:
        """
        About who is refused it is asked before that, with fewer at a time, and its
        connection is kept so long.
        """
        self.open(default=False)
        client = self.arrive()
        client.setblocking(False)
        self.assertRaises(BlockingIOError, client.recv, 1)
        self.assertEqual(self.remote(), [])
        self.client.answers[0].callback(Identified("bob", "UNIX"))
        self.assertEqual(self.remote(), [("refused", "access", "bob", "UNIX")])
        self.assertEqual([most for _, most in self.client.asked], [3])

    def test_stopped(self) -> None:
        """
        A service that stops waits for no answer, and who was to be refused is refused
        for what it was.
        """
        self.arrive()
        self.reception.stop()
        self.assertEqual((self.served, self.remote()[0][:2]), ([], ("refused", "stopped")))
        self.open(default=False)
        self.arrive()
        self.reception.stop()
        self.assertEqual(self.remote()[1][:2], ("refused", "access"))
        self.assertEqual((self.client.cancelled, len(self.remote())), (1, 2))

    def test_datagram(self) -> None:
        """
        What comes to be let in or refused at once is refused where it would have to be
        asked.
        """
        self.open(identified=True)
        self.assertIsNone(self.door.admit(ConnectionFacts("udp", HERE, THERE)))
        self.assertEqual(self.remote()[0][:2], ("refused", "identified"))

    def test_atOnce(self) -> None:
        """
        An answer that is there before anybody waits for it counts like any other.
        """

        class AtOnce(FakeClient):
            """
            Answers at once.
            """

            def ask(self, facts: ConnectionFacts, most: int | None = None) -> Any:
                """
                That it does.
                """
                return succeed(Identified(reason="too many are being asked"))

        self.use(AtOnce(), BOTH)
        self.arrive()
        self.assertEqual(len(self.served), 1)
        self.open(default=False)
        self.use(AtOnce(), BOTH)
        self.arrive()
        self.assertEqual(self.remote()[0][:2], ("refused", "access"))
