# -*- test-case-name: tests.test_server -*-
"""
One address of a running service: its socket, tried again until it can be made,
and the port that serves it.
"""

from __future__ import annotations

import enum
import socket

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from txinetd.errors import BindError
from txinetd.handlers.choice import kindOf, portFor
from txinetd.handlers.collaborators import Collaborators
from txinetd.handlers.door import Door
from txinetd.handlers.port import Port
from txinetd.sockets.bind import inheritedSocket, openSocket
from txinetd.sockets.unix import FileIdentity, identify, removeSocketFile
from txinetd.spec import Address, ServiceSpec, UnixAddress

__all__ = ["Endpoint", "State"]


class State(enum.Enum):
    """
    What an endpoint is doing.  It goes from CLOSED to BOUND or RETRYING, from
    there to LISTENING, to and fro between LISTENING and RUNNING, and from
    anywhere back to CLOSED.
    """

    #: No socket, and none is wanted.
    CLOSED = "closed"
    #: The socket could not be made; a timer runs.
    RETRYING = "retrying"
    #: The socket is there; nobody is served yet.
    BOUND = "bound"
    #: Arrivals are served.
    LISTENING = "listening"
    #: A child of a wait service holds the socket.
    RUNNING = "running"


class Endpoint:
    """
    Keeps one address of a service bound and served.
    """

    log = Logger()

    #: Seconds until a failed bind is tried again: the first time, and at most.
    firstRetry = 1.0
    lastRetry = 60.0

    def __init__(
        self, spec: ServiceSpec, address: Address, door: Door, collaborators: Collaborators
    ) -> None:
        """
        @param spec: the service.
        @param address: one of its addresses.
        @param door: the service's way in and out.
        @param collaborators: what all services share.
        """
        self.spec = spec
        self.address = address
        self._door = door
        self._collaborators = collaborators
        self._socket: socket.socket | None = None
        self._file: FileIdentity | None = None
        self._port: Port | None = None
        self._serving = False
        self._retry: IDelayedCall | None = None
        self._delay = self.firstRetry

    @property
    def state(self) -> State:
        """
        What this endpoint is doing now.
        """
        if self._port is not None:
            return State.RUNNING if self._port.isRunning else State.LISTENING
        if self._socket is not None:
            return State.BOUND
        return State.RETRYING if self._retry is not None else State.CLOSED

    @property
    def bound(self) -> object:
        """
        The address that the socket is really bound to (where the kernel chose the
        port, that port), as C{getsockname} gives it; C{None} without a socket.
        """
        return None if self._socket is None else self._socket.getsockname()

    @property
    def descriptor(self) -> int | None:
        """
        The number of the socket, or C{None} without one.
        """
        return None if self._socket is None else self._socket.fileno()

    def bind(self) -> None:
        """
        Make the socket; where that fails, say so and go on trying.
        """
        if self._socket is not None or self._retry is not None:
            return
        try:
            inherited = inheritedSocket(self.spec, self.address, self._collaborators.inherited)
            self._socket = inherited or openSocket(self.spec, self.address)
        except BindError as error:
            self.log.error(
                "{service}: cannot listen: {error}; trying again in {delay:.0f} s",
                service=self.spec.name,
                error=str(error),
                delay=self._delay,
                address=str(self.address),
            )
            self._retry = self._collaborators.reactor.callLater(self._delay, self._bindAgain)
            self._delay = min(self._delay * 2, self.lastRetry)
            return
        self._collaborators.rebound()
        address = self.address
        if isinstance(address, UnixAddress) and not address.isAbstract and inherited is None:
            self._file = identify(address.path)
        if self._delay != self.firstRetry:
            self._delay = self.firstRetry
            self.log.info(
                "{service}: listens on {address} after all",
                service=self.spec.name,
                address=str(self.address),
            )
        if self._serving:
            self._attach()

    def _bindAgain(self) -> None:
        """
        The time to wait after a failure is over.
        """
        self._retry = None
        self.bind()

    def serve(self) -> None:
        """
        Begin to serve, now or as soon as there is a socket.
        """
        self._serving = True
        self.bind()
        if self._socket is not None and self._port is None:
            self._attach()

    def _attach(self) -> None:
        """
        Watch the socket.
        """
        assert self._socket is not None
        self._port = portFor(
            self.spec,
            self.address,
            self._socket,
            self._door,
            self._collaborators,
            self._replace,
        )
        self._port.start()

    def alter(self, spec: ServiceSpec) -> None:
        """
        Serve by a changed spec that has the same address: the socket stays, and
        with it whoever is in its queue.

        @param spec: the service as it shall be.
        """
        before, self.spec = self.spec, spec
        queues = spec.socketType.accepts and before.backlog != spec.backlog
        if self._socket is not None and queues:
            self._socket.listen(spec.backlog)
        port = self._port
        if port is None:
            return
        if kindOf(before) == kindOf(spec):
            port.alter(spec)
            return
        self._port = None
        port.stop()

        def attach() -> None:
            # It may have been closed, or altered once more, while a child of
            # the old kind still held the socket.
            if self._serving and self._socket is not None and self._port is None:
                self._socket.setblocking(False)
                self._attach()

        port.whenFree(attach)

    def _replace(self, replacement: socket.socket | None) -> None:
        """
        The port's socket has gone another way.

        @param replacement: what to serve from now on, or C{None} to make a new
            one.
        """
        old, self._socket = self._socket, replacement
        if replacement is not None:
            # The old one has been given away by the port.
            return
        if self._port is not None:
            self._port.stop()
            self._port = None
        self._dispose(old)
        self.bind()

    def close(self) -> None:
        """
        Listen no more.  What is being served goes on.
        """
        self._serving = False
        retry, self._retry = self._retry, None
        if retry is not None:
            retry.cancel()
        port, self._port = self._port, None
        if port is not None:
            port.stop()
        sock, self._socket = self._socket, None
        self._dispose(sock)

    def _dispose(self, sock: socket.socket | None) -> None:
        """
        Close our copy of a socket and remove its file, if that is still ours.
        """
        if sock is not None:
            sock.close()
            self._collaborators.rebound()
        identity, self._file = self._file, None
        if identity is not None and isinstance(self.address, UnixAddress):
            removeSocketFile(self.address.path, identity)
