"""
Tests for L{txinetd.process.hybrid}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IReactorProcess
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.process_support import Recording
from txinetd.process.hybrid import HybridRoad


class Noting:
    """
    A road that notes that it was taken.
    """

    def __init__(self, name: str, taken: list[str]) -> None:
        self._name = name
        self._taken = taken

    def spawnProcess(self, *args: Any, **kwargs: Any) -> None:
        """
        Note it.
        """
        self._taken.append(self._name)


class HybridTests(SynchronousTestCase):
    """
    Tests for L{HybridRoad}.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.taken: list[str] = []
        direct: Any = Noting("direct", self.taken)
        launched: Any = Noting("launched", self.taken)
        self.road = HybridRoad(self.clock, direct, launched)
        self.road._alone = False

    def turn(self, starts: int, descriptor: int = 10) -> list[str]:
        """
        One turn of the reactor with so many starts.

        @return: the roads that were taken.
        """
        self.taken.clear()
        for _ in range(starts):
            self.road.spawnProcess(
                Recording(), b"/bin/true", childFDs=dict.fromkeys(range(3), descriptor)
            )
        self.clock.advance(0)
        return sorted(set(self.taken))

    def test_interface(self) -> None:
        """
        It is a road.
        """
        verifyObject(IReactorProcess, self.road)

    def test_few(self) -> None:
        """
        A few starts are made directly.
        """
        self.assertEqual([self.turn(1), self.turn(HybridRoad.few)], [["direct"]] * 2)

    def test_many(self) -> None:
        """
        After a turn with many, launchers make the starts of the next, until there
        are few again.
        """
        self.turn(HybridRoad.few + 1)
        self.assertEqual(self.turn(20), ["launched"])
        self.assertEqual(self.turn(1), ["launched"])
        self.assertEqual(self.turn(1), ["direct"])

    def test_oneProcessor(self) -> None:
        """
        With one processor there is nobody to share the work with.
        """
        self.road._alone = True
        self.turn(100)
        self.assertEqual(self.turn(100), ["direct"])

    def test_manyDescriptors(self) -> None:
        """
        Where this process has very many descriptors, launchers make all starts.
        """
        self.assertEqual(self.turn(1, descriptor=HybridRoad.large), ["launched"])
