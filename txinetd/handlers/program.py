# -*- test-case-name: tests.test_handlers_execute -*-
"""
One server program, from its start to its end, and the record of whom it serves.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

from twisted.internet.error import ProcessExitedAlready, ProcessTerminated
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from txinetd.errors import SpawnError
from txinetd.handlers.collaborators import Collaborators
from txinetd.handlers.door import Door
from txinetd.interfaces import IChild
from txinetd.record import ConnectionRecord
from txinetd.spec import Box

__all__ = ["ProgramProtocol"]


class ProgramProtocol(ProcessProtocol):
    """
    One running program.
    """

    # What is the same for most is not set for each: one is made for each connection.
    _time: IDelayedCall | None = None
    _child: IChild | None = None

    def __init__(
        self,
        record: ConnectionRecord,
        door: Door,
        collaborators: Collaborators,
        box: Box,
        handedOver: Callable[[], None],
        ended: Callable[[bool], None],
    ) -> None:
        self._record = record
        self._door = door
        self._collaborators = collaborators
        self._box = box
        self._tellHandedOver: Callable[[], None] | None = handedOver
        self._ended = ended

    def connectionMade(self) -> None:
        """
        The program has its descriptors.
        """
        child: IChild = self.transport  # type: ignore[assignment]
        self._child = child
        record = self._record
        record.pid = child.pid
        self._collaborators.children.add(child, record)
        if self._box.seconds is not None:
            self._time = self._collaborators.reactor.callLater(self._box.seconds, self._timeIsUp)
        if record.recording.wantsStarts:
            self._door.began(record)
        if self._tellHandedOver is not None:
            self.handedOver()

    def waited(self, now: float) -> None:
        """
        The client has been kept waiting for the program until now.
        """
        self._record.waited = now - self._record.started

    def handedOver(self) -> None:
        """
        The socket is not this process's any more; some roads know that before they
        know the process.
        """
        tell, self._tellHandedOver = self._tellHandedOver, None
        if tell is not None:
            tell()

    def handedBack(self, descriptor: int) -> None:
        """
        No program could be started after all, and this is its socket.  A connection
        is closed so that its client sees no reset; a socket that listens is only let
        go of.

        @param descriptor: the socket; this method's to close.
        """
        with socket.socket(fileno=descriptor) as own:
            connected = own.type != socket.SOCK_DGRAM and not own.getsockopt(
                socket.SOL_SOCKET, socket.SO_ACCEPTCONN
            )
            if connected:
                # No number more: there may be none.
                self._collaborators.closer.close(socket.socket(fileno=own.detach()))

    def _timeIsUp(self) -> None:
        """
        The program has had all the time that it may have.
        """
        assert self._child is not None
        self._record.reason = "time-limit"
        self._time = self._collaborators.reactor.callLater(self._box.grace, self._graceIsUp)
        self._signal("TERM")

    def _graceIsUp(self) -> None:
        """
        And it was told.
        """
        self._time = None
        self._signal("KILL")

    def _signal(self, name: str) -> None:
        """
        Send it a signal.
        """
        assert self._child is not None
        # It may have ended in this very moment, or have become somebody whom this
        # process may not signal.
        with contextlib.suppress(ProcessExitedAlready, PermissionError):
            self._child.signalProcess(name)

    def processEnded(self, reason: Failure) -> None:
        """
        The program has ended, or did not come as far as exec(2).
        """
        time, self._time = self._time, None
        if time is not None:
            time.cancel()
        child = self._child
        usage = None if child is None else child.rusage
        if usage is not None:
            self._record.userTime = usage.ru_utime
            self._record.systemTime = usage.ru_stime
            self._record.maxRss = usage.ru_maxrss or None
        why = reason.value
        if isinstance(why, SpawnError):
            self.failed(why)
        else:
            if isinstance(why, ProcessTerminated):
                self._record.status = why.exitCode
                self._record.signal = why.signal
            else:
                self._record.status = 0
            self._door.finish(self._record)
            self._ended(True)
        if child is not None:
            # Last: whoever waits for the last child to end wants its record, too.
            self._collaborators.children.remove(child)

    def failed(self, error: SpawnError) -> None:
        """
        The program could not be started.

        @param error: the step that failed.
        """
        # Perhaps there was a process, but never a program.
        self._record.pid = None
        self._door.fail(self._record, str(error))
        self._ended(False)
