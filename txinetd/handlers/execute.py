# -*- test-case-name: tests.test_handlers_execute -*-
"""
Starts a service's program with a socket on descriptors 0, 1 and 2, and sees its
record through to the program's end.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, cast

import attrs
from twisted.internet.error import ProcessExitedAlready, ProcessTerminated
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from txinetd.errors import SpawnError
from txinetd.handlers.collaborators import Collaborators
from txinetd.handlers.door import Door
from txinetd.interfaces import IChild
from txinetd.process.environment import connectionEnvironment
from txinetd.process.facts import ConnectionFacts
from txinetd.record import ConnectionRecord
from txinetd.spec import Box, Program, ServiceSpec

__all__ = ["Executor"]


#: Nothing left to start a server with, which may pass.
_EXHAUSTED = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE})

#: Where that shows.
_BEFORE_THE_CHILD = frozenset({"fork", "pipe", "launcher"})

#: What a road says that has enough to do: errno 0 there means that nothing is
#: wrong.
_BUSY = "channel"

#: Why a start has not worked that has not been tried, as others are before it.
_NOT_TRIED = SpawnError("fork", 0)


class Executor:
    """
    Starts one service's program, again and again; where there can be no process
    for the moment, it tries again, and its caller is to bring nobody meanwhile.
    """

    #: Seconds until another try: at first, and at most.
    firstPause = 0.05
    lastPause = 1.0

    #: Seconds until another try where there is merely much to do.
    busyPause = 0.005

    #: Seconds that a client is kept waiting, at most.
    patience = 30.0

    def __init__(
        self,
        spec: ServiceSpec,
        door: Door,
        collaborators: Collaborators,
        exhausted: Callable[[int], None],
        recovered: Callable[[], None],
    ) -> None:
        """
        @param spec: a service whose server is a L{Program}.
        @param door: where its records go.
        @param collaborators: the reactor, the spawner and the base environment.
        @param exhausted: called with the errno when there can be no process for the
            moment, or with 0 where there is merely much to do; once, until it
            works again.
        @param recovered: called when it does.
        """
        self._door = door
        self._collaborators = collaborators
        self._exhausted = exhausted
        self._recovered = recovered
        self._held: deque[_Start] = deque()
        self._again: IDelayedCall | None = None
        self._pause = self.firstPause
        self.alter(spec)

    def alter(self, spec: ServiceSpec) -> None:
        """
        Start a changed spec's program from now on.

        @param spec: a service whose server is a L{Program}.
        """
        assert isinstance(spec.server, Program)
        self._program = spec.server
        self._within = spec.access.startWithin
        self._box = spec.box
        self._road: Any = self._collaborators.spawner.forIdentity(spec.identity, spec.box)
        given = self._collaborators.environment
        if spec.box.passed is not None:
            given = {name: value for name, value in given.items() if name in spec.box.passed}
        given = {**given, **dict(spec.box.environment)}
        self._environment = [b"%b=%b" % item for item in given.items()]

    def expect(self, crowd: bool) -> None:
        """
        Say whether many starts are about to come at once.
        """
        self._road.expect(crowd)

    def stop(self) -> None:
        """
        Try no more for those who are kept waiting.
        """
        again, self._again = self._again, None
        if again is not None:
            again.cancel()
        while self._held:
            start = self._release()
            start.protocol.failed(start.error)

    def start(
        self,
        record: ConnectionRecord,
        facts: ConnectionFacts,
        sock: socket.socket,
        handedOver: Callable[[], None],
        ended: Callable[[bool], None],
        told: Sequence[bytes] = (),
    ) -> None:
        """
        Start the program for one arrival.

        @param record: the arrival's record, finished by this.
        @param facts: what the program's environment is to tell.
        @param sock: becomes descriptors 0, 1 and 2 of the program; to be kept open
            until C{handedOver} or C{ended} is called.
        @param handedOver: called when the program has C{sock} and this process may
            close its own; not called when it could not be started.
        @param ended: called last and once: with C{True} when the program has run
            and ended, with C{False} when it could not be started.
        @param told: what the program's environment is to hold besides.
        """
        environment = self._environment + connectionEnvironment(facts)
        environment.append(b"TXINETD_ID=%d" % record.identifier)
        if told:
            environment.extend(told)
        protocol = _Server(record, self._door, self._collaborators, self._box, handedOver, ended)
        deadline = self._collaborators.clock() + self.patience
        if self._within is not None:
            deadline = min(deadline, record.started + self._within)
        start = _Start(protocol, sock, environment, deadline)
        if self._held:
            self._hold(start)  # in their order
        elif not self._spawn(start):
            self._hold(start)
            self._exhausted(start.error.errno)
            self._later()

    def _hold(self, start: _Start) -> None:
        """
        Keep somebody waiting.
        """
        self._held.append(start)
        self._door.counters.queued += 1

    def _release(self) -> _Start:
        """
        Keep the first of them waiting no more.
        """
        start = self._held.popleft()
        self._door.counters.queued -= 1
        return start

    def _spawn(self, start: _Start) -> bool:
        """
        Try one start.

        @return: whether it is settled, one way or the other.
        """
        descriptor = start.sock.fileno()
        try:
            self._road.spawnProcess(
                start.protocol,
                self._program.path,
                self._program.argv,
                start.environment,
                childFDs={0: descriptor, 1: descriptor, 2: descriptor},
            )
        except SpawnError as error:
            if error.step == _BUSY or (
                error.step in _BEFORE_THE_CHILD and error.errno in _EXHAUSTED
            ):
                start.error = error
                return False
            start.protocol.failed(error)
        return True

    def _later(self) -> None:
        """
        Try again after a while.
        """
        if self._held[0].error.step == _BUSY:
            self._again = self._collaborators.reactor.callLater(self.busyPause, self._tryAgain)
            return
        self._again = self._collaborators.reactor.callLater(self._pause, self._tryAgain)
        self._pause = min(self._pause * 2, self.lastPause)

    def _tryAgain(self) -> None:
        """
        Start those who are kept waiting, as far as it works.
        """
        self._again = None
        while self._held:
            start = self._held[0]
            start.protocol.waited(self._collaborators.clock())
            if not self._spawn(start):
                if self._collaborators.clock() < start.deadline:
                    self._later()
                    return
                start.protocol.failed(start.error)
            self._release()
        self._pause = self.firstPause
        self._recovered()


@attrs.define(eq=False)
class _Start:
    """
    One start that may have to be tried again.

    @ivar deadline: when it is given up.
    @ivar error: why it has not worked.
    """

    protocol: _Server
    sock: socket.socket
    environment: list[bytes]
    deadline: float
    error: SpawnError = _NOT_TRIED


class _Server(ProcessProtocol):
    """
    One running program.
    """

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
        self._children = collaborators.children
        self._reactor = collaborators.reactor
        self._closer = collaborators.closer
        self._box = box
        self._time: IDelayedCall | None = None
        self._tellHandedOver: Callable[[], None] | None = handedOver
        self._ended = ended
        self._child: IChild | None = None

    def connectionMade(self) -> None:
        """
        The program has its descriptors.
        """
        child = self._child = cast(IChild, self.transport)
        self._record.pid = child.pid
        self._children.add(child, self._record)
        if self._box.seconds is not None:
            self._time = self._reactor.callLater(self._box.seconds, self._timeIsUp)
        self._door.began(self._record)
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
                self._closer.close(own.dup())

    def _timeIsUp(self) -> None:
        """
        The program has had all the time that it may have.
        """
        assert self._child is not None
        self._record.reason = "time-limit"
        self._time = self._reactor.callLater(self._box.grace, self._graceIsUp)
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
            self._finished(why)
        if child is not None:
            # Last: whoever waits for the last child to end wants its record, too.
            self._children.remove(child)

    def _finished(self, why: object) -> None:
        """
        The program has run and ended.
        """
        if isinstance(why, ProcessTerminated):
            self._record.status = why.exitCode
            self._record.signal = why.signal
        else:
            self._record.status = 0
        self._door.finish(self._record)
        self._ended(True)

    def failed(self, error: SpawnError) -> None:
        """
        The program could not be started.

        @param error: the step that failed.
        """
        self._door.fail(self._record, str(error))
        self._ended(False)


def programName(spec: ServiceSpec) -> str:
    """
    A program's path as text for the log.
    """
    return os.fsdecode(spec.server.path) if isinstance(spec.server, Program) else ""
