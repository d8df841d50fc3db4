"""
What the tests of L{txinetd.wrap} share.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest, TestCase

from tests.process_support import reactor
from txinetd.process.launch.vfork import isSupported
from txinetd.process.limits import DescriptorLimit
from txinetd.process.reaper import Reaper
from txinetd.wrap.answer import Answer
from txinetd.wrap.available import unavailable
from txinetd.wrap.wrapper import Wrapper

#: Seconds in the past: rule files of that age are settled.
OLD = 10.0


def needLibwrap() -> None:
    """
    Skip the test where libwrap cannot be used.
    """
    reason = unavailable()
    if reason is not None:
        raise SkipTest(reason)
    if not isSupported():
        raise SkipTest("this system or interpreter has no helpers")


class WrapTestCase(TestCase):
    """
    Has a wrapper with rule files of its own.

    @ivar directory: where they are.
    """

    def setUp(self) -> None:
        needLibwrap()
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()
        self.reaper = Reaper(reactor)
        self.wrapper = self.make()
        self.addCleanup(self.finish)

    def make(self, **options: Any) -> Wrapper:
        """
        A wrapper for this test's files.
        """
        return Wrapper(
            reactor,
            self.reaper,
            DescriptorLimit(),
            allowFile=bytes(self.directory / "hosts.allow"),
            denyFile=bytes(self.directory / "hosts.deny"),
            environment=[b"PATH=/usr/bin:/bin", b"KEPT=as it was"],
            **options,
        )

    @inlineCallbacks
    def finish(self) -> Any:
        """
        End the helper, and wait until it has.
        """
        self.wrapper.close()
        while self.reaper.pids:
            yield deferLater(reactor, 0.001)

    def rules(self, allow: str = "", deny: str = "") -> None:
        """
        Write both files, each in one step.
        """
        for name, text in (("hosts.allow", allow), ("hosts.deny", deny)):
            new = self.directory / "new"
            new.write_text(text)
            new.rename(self.directory / name)

    def ask(
        self,
        peer: str = "192.0.2.7",
        daemon: bytes = b"in.test",
        connection: socket.socket | None = None,
        local: str = "127.0.0.1",
        dry: bool = False,
    ) -> Deferred[Answer]:
        """
        Ask about a connection.
        """
        number = None if connection is None else connection.fileno()
        return self.wrapper.ask(daemon, peer, 40000, local, 21, number, dry)

    @inlineCallbacks
    def settle(self) -> Any:
        """
        Wait until an answer of plain rules is remembered: the files are then old
        enough for any change to be seen.
        """
        while not len(self.wrapper._cache):
            yield self.ask("192.0.2.254")
            yield deferLater(reactor, 0.005)

    @inlineCallbacks
    def until(self, condition: Any, what: str, patience: float = 30.0) -> Any:
        """
        Wait until something is true.
        """
        deadline = time.monotonic() + patience
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f"waited in vain for {what}")
            yield deferLater(reactor, 0.005)


def isAlive(pid: int) -> bool:
    """
    Whether a process runs: one that has ended and is not waited for yet does not.
    """
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def received(client: socket.socket) -> bytes:
    """
    All that comes until the end.
    """
    client.settimeout(30)
    pieces = []
    while piece := client.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def isBlocking(connection: socket.socket) -> bool:
    """
    Whether a connection is blocking for everybody who has it.
    """
    return os.get_blocking(connection.fileno())
