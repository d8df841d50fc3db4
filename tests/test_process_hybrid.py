"""
Tests for L{txinetd.process.hybrid}.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.process_support import Recording, Start
from txinetd.interfaces import IRoad, IStart
from txinetd.process.hybrid import HybridRoad
from txinetd.spec import Program


class Noting:
    """
    A road that notes that it was taken.
    """

    def __init__(self, name: str, taken: list[str]) -> None:
        self._name = name
        self.pool = self
        self.warm = True
        self.suspends = True
        self.isBarred = False
        self._taken = taken

    def spawnProcess(self, *args: Any, **kwargs: Any) -> None:
        """
        Note it.
        """
        self._taken.append(self._name)

    def warmUp(self) -> bool:
        """
        As it is told.
        """
        return self.warm

    def spawnTogether(self, program: Program, starts: Iterable[IStart]) -> None:
        """
        Note each.
        """
        self._taken.extend(self._name for _ in starts)


class HybridTests(SynchronousTestCase):
    """
    Tests for L{HybridRoad}.
    """

    def setUp(self) -> None:
        self.taken: list[str] = []
        direct: Any = Noting("direct", self.taken)
        self.direct = direct
        launched: Any = Noting("launched", self.taken)
        self.launched = launched
        self.road = HybridRoad(direct, launched, lambda path: path.startswith(b"/net/"))
        self.road._alone = False

    def start(self, descriptor: int = 10, program: bytes = b"/bin/true") -> str:
        """
        Start a server.

        @return: the road that was taken.
        """
        self.road.spawnProcess(Recording(), program, childFDs=dict.fromkeys(range(3), descriptor))
        return self.taken.pop()

    def test_interface(self) -> None:
        """
        It is a road.
        """
        verifyObject(IRoad, self.road)

    def test_few(self) -> None:
        """
        Where nothing is said, and where few are expected, starts are made directly.
        """
        before = self.start()
        self.road.expect(False)
        self.assertEqual([before, self.start()], ["direct"] * 2)

    def test_many(self) -> None:
        """
        Launchers make the starts of a crowd, and only those.
        """
        self.road.expect(True)
        crowd = [self.start() for _ in range(3)]
        self.road.expect(False)
        self.assertEqual([*crowd, self.start()], [*["launched"] * 3, "direct"])

    def test_together(self) -> None:
        """
        Several that are started at once all take the road of the first.
        """
        program = Program(b"/bin/true", (b"true",))
        self.road.spawnTogether(program, [Start(10), Start(11)])
        self.road.spawnTogether(program, [])
        self.road.expect(True)
        self.road.spawnTogether(program, iter([Start(10), Start(11)]))
        self.assertEqual(self.taken, ["direct", "direct", "launched", "launched"])

    def test_cold(self) -> None:
        """
        While the first launcher begins, a crowd is served directly.
        """
        self.launched.warm = False
        self.road.expect(True)
        cold = self.start()
        self.launched.warm = True
        self.assertEqual([cold, self.start()], ["direct", "launched"])

    def test_oneProcessor(self) -> None:
        """
        With one processor there is nobody to share the work with.
        """
        self.road._alone = True
        self.road.expect(True)
        self.assertEqual(self.start(), "direct")

    def test_manyDescriptors(self) -> None:
        """
        Where this process has very many descriptors, launchers make all starts.
        """
        self.assertEqual(self.start(descriptor=HybridRoad.large), "launched")

    def test_goesOn(self) -> None:
        """
        Where this process is not suspended meanwhile, launchers are of no use for a crowd or
        many descriptors; but they are where as many programs are being loaded as may be.
        """
        self.direct.suspends = False
        self.road.expect(True)
        taken = self.start(descriptor=HybridRoad.large)
        self.direct.isBarred = True
        self.assertEqual([taken, self.start()], ["direct", "launched"])

    def test_togetherGoingOn(self) -> None:
        """
        So it is for several at once: each program is looked at before it is started for the
        first time, and after that as well the road is asked whether it is barred.
        """
        self.direct.suspends = False
        near, far = (Program(path, (b"x",)) for path in (b"/bin/true", b"/net/server"))
        for _ in range(2):
            for program in (near, far):
                self.road.spawnTogether(program, [Start(10), Start(11)])
        self.assertEqual(self.taken, [*["direct"] * 2, *["launched"] * 2] * 2)
        self.taken.clear()
        self.direct.isBarred = True
        self.road.spawnTogether(near, [Start(10), Start(11)])
        self.assertEqual(self.taken, ["launched"] * 2)

    def test_remote(self) -> None:
        """
        A program that may keep whoever loads it waiting is for launchers.
        """
        self.assertEqual(self.start(program=b"/net/server"), "launched")
        self.assertEqual(self.start(), "direct")
