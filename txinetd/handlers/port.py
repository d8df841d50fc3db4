"""
What all kinds of listening have in common.
"""

from __future__ import annotations

import abc
import os
import socket
from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

from txinetd.handlers.collaborators import Collaborators
from txinetd.handlers.door import Door
from txinetd.spec import Address, ServiceSpec

__all__ = ["Port"]


class Port(abc.ABC):
    """
    One bound socket of one service, watched and served.

    @ivar address: what the socket is bound to.
    """

    log = Logger()

    def __init__(
        self,
        spec: ServiceSpec,
        address: Address,
        sock: socket.socket,
        door: Door,
        collaborators: Collaborators,
        replace: Callable[[socket.socket | None], None],
    ) -> None:
        """
        @param spec: the service.
        @param address: which of its addresses.
        @param sock: the socket bound there; it stays the caller's to close.
        @param door: the service's way in and out.
        @param collaborators: the reactor and all else that is shared.
        @param replace: tells the caller that C{sock} is not the service's any
            more: with the socket that takes its place, or with C{None} where it
            has been spoilt and a new one must be made.
        """
        self.spec = spec
        self.address = address
        self.socket = sock
        self.door = door
        self.collaborators = collaborators
        self.replace = replace

    @property
    def reactor(self) -> Any:
        """
        The reactor.
        """
        return self.collaborators.reactor

    @abc.abstractmethod
    def start(self) -> None:
        """
        Begin to watch the socket.
        """

    @abc.abstractmethod
    def stop(self) -> None:
        """
        Cease to watch the socket; what is being served goes on.
        """

    def whenFree(self, call: Callable[[], None]) -> None:
        """
        Call back when no child holds the socket as its own; at once unless this
        kind of port hands its socket over.  Called after L{stop}.
        """
        call()

    @abc.abstractmethod
    def alter(self, spec: ServiceSpec) -> None:
        """
        Serve by a changed spec, of the same kind, from the next arrival on.
        """

    @property
    def isRunning(self) -> bool:
        """
        Whether a child holds the socket itself.
        """
        return False

    def exhausted(self, number: int) -> None:
        """
        Accepting has run out of descriptors or memory and will be tried again.

        @param number: the errno.
        """
        self.log.error(
            "{service} on {address}: cannot accept: {reason}; trying again until it works",
            service=self.spec.name,
            address=str(self.address),
            reason=os.strerror(number),
        )

    def recovered(self) -> None:
        """
        Accepting works again.
        """
        self.log.info(
            "{service} on {address}: accepts again",
            service=self.spec.name,
            address=str(self.address),
        )

    def cannotStart(self, number: int) -> None:
        """
        There can be no process for the moment; it will be tried again.

        @param number: the errno, or 0 where there is merely much to do.
        """
        self._said = number != 0
        if not self._said:
            return
        self.log.error(
            "{service} on {address}: cannot start servers: {reason}; trying again until it works",
            service=self.spec.name,
            address=str(self.address),
            reason=os.strerror(number),
        )

    def startsAgain(self) -> None:
        """
        There can be processes again.
        """
        if not self._said:
            return
        self.log.info(
            "{service} on {address}: starts servers again",
            service=self.spec.name,
            address=str(self.address),
        )
