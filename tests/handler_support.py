"""
What the tests of L{txinetd.handlers} share: collaborators that touch nothing.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock

from txinetd.handlers.children import Children
from txinetd.handlers.collaborators import Collaborators
from txinetd.record import ConnectionRecord
from txinetd.sockets.closing import Closer
from txinetd.spec import Identity, InetAddress, Program, ServiceSpec, SocketType
from txinetd.testing import MemorySpawner


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

    def readable(self) -> None:
        """
        Tell whoever watches that somebody knocks.
        """
        for reader in tuple(self.readers):
            reader.doRead()


class Recorder:
    """
    Keeps records.
    """

    def __init__(self) -> None:
        self.records: list[ConnectionRecord] = []

    def record(self, record: ConnectionRecord) -> None:
        """
        Keep it.
        """
        self.records.append(record)


class World:
    """
    Everything that a handler works with.
    """

    def __init__(self) -> None:
        self.reactor = FakeReactor()
        self.spawner = MemorySpawner()
        self.recorder = Recorder()
        self.children = Children()
        self.collaborators = Collaborators(
            self.reactor,
            self.spawner,
            self.recorder,
            self.children,
            {b"PATH": b"/bin"},
            lambda host, port: None,
            Closer(self.reactor),
            self.reactor.seconds,
        )

    def verdicts(self) -> list[tuple[str, str]]:
        """
        Verdict and reason of each record.
        """
        return [(record.verdict, record.reason) for record in self.recorder.records]


def programSpec(**changes: Any) -> ServiceSpec:
    """
    A service with a program.
    """
    given: dict[str, Any] = {
        "name": "test",
        "socketType": SocketType.STREAM,
        "protocol": "tcp",
        "addresses": (InetAddress("127.0.0.1", 7),),
        "wait": False,
        "server": Program(b"/bin/cat", (b"cat", b"-u")),
        "identity": Identity("alice", 1000, 1000, (1000,)),
    }
    return ServiceSpec(**{**given, **changes})
