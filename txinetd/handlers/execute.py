# -*- test-case-name: tests.test_handlers_execute -*-
"""
Starts a service's program with a socket on descriptors 0, 1 and 2, and sees its
record through to the program's end.
"""

from __future__ import annotations

import errno
import math
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import attrs
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from zope.interface import implementer

from txinetd.errors import SpawnError
from txinetd.handlers.collaborators import Collaborators
from txinetd.handlers.door import Door
from txinetd.handlers.program import ProgramProtocol
from txinetd.interfaces import IRoad, IStart
from txinetd.process.environment import connectionEnvironment
from txinetd.process.facts import ConnectionFacts
from txinetd.record import ConnectionRecord
from txinetd.spec import Program, ServiceSpec

__all__ = ["Executor"]


#: Nothing left to start a server with, which may pass.
_EXHAUSTED = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE})

#: Where that shows.
_BEFORE_THE_CHILD = frozenset({"fork", "pipe", "launcher"})

#: What a road says that has enough to do: errno 0 there means that nothing is
#: wrong.
_BUSY = "channel"

#: Why one has not worked where that is a fault of this program.
_FAULT = SpawnError("start", 0)

#: Why a start has not worked that has not been tried, as others are before it.
_NOT_TRIED = SpawnError("fork", 0)


def _mayPass(error: SpawnError) -> bool:
    """
    Whether it may help to wait.
    """
    return error.step == _BUSY or (error.step in _BEFORE_THE_CHILD and error.errno in _EXHAUSTED)


class Executor:
    """
    Starts one service's program, again and again; where there can be no process
    for the moment, it tries again, and its caller is to bring nobody meanwhile.

    Between L{begin} and L{finish} nothing is started, but gathered, and then started
    together.  Each program that is loaded takes the processor's caches, and whatever
    is done for several in a row finds them filled by the first.
    """

    log = Logger()

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
        self._seconds = collaborators.reactor.seconds
        self._exhausted = exhausted
        self._recovered = recovered
        self._held: deque[_Start] = deque()
        self._gathering = False
        self._crowd = False
        self._gathered: deque[_Start] = deque()
        self._latest: _Start | None = None
        self._again: IDelayedCall | None = None
        self._pause = self.firstPause
        self.alter(spec)

    def alter(self, spec: ServiceSpec) -> None:
        """
        Start a changed spec's program from now on.

        @param spec: a service whose server is a L{Program}.
        """
        assert isinstance(spec.server, Program)
        # Those of the turn before, who have come to what was there before.
        self.finish(math.inf)
        self._program = spec.server
        self._within = spec.access.startWithin
        self._box = spec.box
        self._road: IRoad = self._collaborators.spawner.forIdentity(spec.identity, spec.box)
        # Where some of a crowd are kept waiting.
        self._road.expect(self._crowd)
        given = self._collaborators.environment
        if spec.box.passed is not None:
            given = {name: value for name, value in given.items() if name in spec.box.passed}
        given = {**given, **dict(spec.box.environment)}
        if spec.box.listenDescriptors:
            name = spec.name.encode("utf-8", "replace").replace(b":", b"-")
            given |= {b"LISTEN_FDS": b"1", b"LISTEN_FDNAMES": name}
        self._environment = [b"%b=%b" % item for item in given.items()]

    def begin(self, crowd: bool) -> None:
        """
        Several starts may be about to come.

        @param crowd: whether they are many.
        """
        self._gathering = True
        self._expect(crowd)

    def finish(self, until: float) -> bool:
        """
        They have come: start them.

        @param until: when to cease, on the reactor's clock; one is started in any case.
        @return: whether there are more, to be started by another call of this.
        """
        self._gathering = False
        while self._gathered:
            if self._held:
                self._hold(self._gathered.popleft())  # in their order
                continue
            try:
                self._startSome(until)
            except Exception:
                # One less is there in any case.
                self.log.failure("an arrival could not be handled")
            if self._seconds() >= until:
                break
        if not self._gathered and not self._held:
            self._expect(False)
        return bool(self._gathered)

    def _expect(self, crowd: bool) -> None:
        """
        Tell the road, if that is news, whether many starts are about to come.
        """
        if crowd != self._crowd:
            self._crowd = crowd
            self._road.expect(crowd)

    def _startSome(self, until: float) -> None:
        """
        Start those that are gathered until there is no more time, or one cannot be started.
        """
        self._latest = None
        try:
            self._road.spawnTogether(self._program, self._taken(until))
        except SpawnError as error:
            self._notStarted(self._failed(), error)
        except Exception:
            self.log.failure("an arrival could not be handled")
            self._failed().protocol.failed(_FAULT)

    def _failed(self) -> _Start:
        """
        The one that could not be started: that was taken last, or was to be the first.
        """
        return self._gathered.popleft() if self._latest is None else self._latest

    def _taken(self, until: float) -> Iterator[_Start]:
        """
        Those that are gathered, one after the other for as long as there is time.
        """
        gathered = self._gathered
        while gathered:
            latest = self._latest = gathered.popleft()
            yield latest
            if self._seconds() >= until:
                return

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
            close its own; some roads know only later that it could not be started.
        @param ended: called last and once: with C{True} when the program has run
            and ended, with C{False} when it could not be started.
        @param told: what the program's environment is to hold besides.
        """
        environment = self._environment + connectionEnvironment(facts)
        environment.append(b"TXINETD_ID=%d" % record.identifier)
        if told:
            environment.extend(told)
        protocol = ProgramProtocol(
            record, self._door, self._collaborators, self._box, handedOver, ended
        )
        deadline = math.inf if self._within is None else record.started + self._within
        start = _Start(protocol, environment, sock, deadline)
        if self._gathering:
            self._gathered.append(start)
        elif self._held:
            self._hold(start)  # in their order
        else:
            try:
                self._road.spawnTogether(self._program, (start,))
            except SpawnError as error:
                self._notStarted(start, error)

    def _hold(self, start: _Start) -> None:
        """
        Keep somebody waiting.
        """
        start.deadline = min(start.deadline, self._collaborators.clock() + self.patience)
        self._held.append(start)
        self._door.counters.queued += 1

    def _release(self) -> _Start:
        """
        Keep the first of them waiting no more.
        """
        start = self._held.popleft()
        self._door.counters.queued -= 1
        return start

    def _notStarted(self, start: _Start, error: SpawnError) -> None:
        """
        Give one up, or keep it waiting if that may help.
        """
        if not _mayPass(error):
            start.protocol.failed(error)
            return
        start.error = error
        self._hold(start)
        self._exhausted(error.errno)
        self._later()

    def _later(self) -> None:
        """
        Try again after a while.
        """
        if self._again is not None:
            return
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
            try:
                self._road.spawnTogether(self._program, (start,))
            except SpawnError as error:
                start.error = error
                if _mayPass(error) and self._collaborators.clock() < start.deadline:
                    self._later()
                    return
                start.protocol.failed(error)
            self._release()
        self._pause = self.firstPause
        if not self._gathered:
            self._expect(False)
        self._recovered()


@implementer(IStart)
@attrs.define(eq=False)
class _Start:
    """
    One start that may have to be tried again.

    @ivar deadline: when it is given up.
    @ivar error: why it has not worked.
    """

    protocol: ProgramProtocol
    environment: list[bytes]
    sock: socket.socket
    deadline: float
    error: SpawnError = _NOT_TRIED

    @property
    def descriptor(self) -> int:
        """
        See L{IStart}.  Asked for when it is needed: the number of a socket that has been
        closed by then may be another's.
        """
        return self.sock.fileno()


def programName(spec: ServiceSpec) -> str:
    """
    A program's path as text for the log.
    """
    return os.fsdecode(spec.server.path) if isinstance(spec.server, Program) else ""
