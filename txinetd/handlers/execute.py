# -*- test-case-name: tests.test_handlers_execute -*-
"""
Starts a service's program with a socket on descriptors 0, 1 and 2, and sees its
record through to the program's end.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import cast

from twisted.internet.error import ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from txinetd.errors import SpawnError
from txinetd.handlers.collaborators import Collaborators
from txinetd.handlers.door import Door
from txinetd.interfaces import IChild
from txinetd.process.environment import connectionEnvironment
from txinetd.process.facts import ConnectionFacts
from txinetd.record import ConnectionRecord
from txinetd.spec import Program, ServiceSpec

__all__ = ["Executor"]


class Executor:
    """
    Starts one service's program, again and again.
    """

    def __init__(self, spec: ServiceSpec, door: Door, collaborators: Collaborators) -> None:
        """
        @param spec: a service whose server is a L{Program}.
        @param door: where its records go.
        @param collaborators: the spawner and the base environment.
        """
        assert isinstance(spec.server, Program)
        self._program = spec.server
        self._door = door
        self._collaborators = collaborators
        self._road = collaborators.spawner.forIdentity(spec.identity)

    def start(
        self,
        record: ConnectionRecord,
        facts: ConnectionFacts,
        sock: socket.socket,
        handedOver: Callable[[], None],
        ended: Callable[[bool], None],
    ) -> None:
        """
        Start the program for one arrival.

        @param record: the arrival's record, finished by this.
        @param facts: what the program's environment is to tell.
        @param sock: becomes descriptors 0, 1 and 2 of the program.
        @param handedOver: called when the program has C{sock} and this process may
            close its own; not called when it could not be started.
        @param ended: called last and once: with C{True} when the program has run
            and ended, with C{False} when it could not be started.
        """
        environment = dict(self._collaborators.environment)
        environment.update(connectionEnvironment(facts))
        descriptor = sock.fileno()
        protocol = _Server(record, self._door, self._collaborators, handedOver, ended)
        try:
            self._road.spawnProcess(
                protocol,
                self._program.path,
                self._program.argv,
                environment,
                path=b"/",
                childFDs={0: descriptor, 1: descriptor, 2: descriptor},
            )
        except SpawnError as error:
            protocol.failed(error)


class _Server(ProcessProtocol):
    """
    One running program.
    """

    def __init__(
        self,
        record: ConnectionRecord,
        door: Door,
        collaborators: Collaborators,
        handedOver: Callable[[], None],
        ended: Callable[[bool], None],
    ) -> None:
        self._record = record
        self._door = door
        self._children = collaborators.children
        self._handedOver = handedOver
        self._ended = ended
        self._child: IChild | None = None

    def connectionMade(self) -> None:
        """
        The program has its descriptors.
        """
        child = self._child = cast(IChild, self.transport)
        self._record.pid = child.pid
        self._children.add(child)
        self._handedOver()

    def processEnded(self, reason: Failure) -> None:
        """
        The program has ended, or did not come as far as exec(2).
        """
        child = self._child
        usage = None if child is None else child.rusage
        if usage is not None:
            self._record.cpu = usage.ru_utime + usage.ru_stime
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
