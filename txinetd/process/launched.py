# -*- test-case-name: tests.test_process_launcher -*-
"""
A server that a launcher is asked for, and then has started.
"""

from __future__ import annotations

import os
import signal
from typing import Any, Protocol

import attrs
from twisted.internet import error as twistedError
from twisted.internet.interfaces import IProcessProtocol
from twisted.python.failure import Failure

from txinetd.errors import SpawnError
from txinetd.process.child import Child
from txinetd.process.starting import handBack, handOver

__all__ = ["Job", "LaunchedChild"]


class Signaller(Protocol):
    """
    A launcher, as far as its servers know it.
    """

    def signal(self, pid: int, number: int) -> None:
        """
        Send one of its servers a signal.
        """


class LaunchedChild(Child):
    """
    A server that a launcher has started.
    """

    def __init__(self, protocol: IProcessProtocol) -> None:
        super().__init__(0, protocol)
        #: Where it is known; C{None} when this process looks after it itself.
        self.launcher: Signaller | None = None

    def signalProcess(self, signalID: str | int) -> None:
        """
        Have its launcher send it a signal, which knows whether the process id is
        still its own.
        """
        if self.launcher is None:
            super().signalProcess(signalID)
            return
        if not self.pid:
            raise twistedError.ProcessExitedAlready()
        number = signal.Signals[f"SIG{signalID}"] if isinstance(signalID, str) else signalID
        self.launcher.signal(self.pid, int(number))


@attrs.define(eq=False)
class Job:
    """
    One server to be started.

    @ivar child: its transport to be.
    @ivar descriptor: a duplicate of what becomes 0, 1 and 2; kept until the
        launcher has answered.
    @ivar start: what the launcher is told, but for the number.
    """

    child: LaunchedChild
    descriptor: int
    start: tuple[Any, ...]

    def close(self) -> None:
        """
        Give the descriptor back.
        """
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def handedOver(self) -> None:
        """
        The launcher has it, and nobody else will.
        """
        self.close()
        handOver(self.child.protocol)

    def handedBack(self, descriptor: int) -> None:
        """
        The launcher could not start its server.

        @param descriptor: what was to be the server's; from now on somebody's here.
        """
        handBack(self.child.protocol, descriptor)

    def failed(self, step: str, number: int) -> None:
        """
        It could not be started.
        """
        self.close()
        self.child.failed(Failure(SpawnError(step, number)))
