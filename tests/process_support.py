"""
What the tests of L{txinetd.process} share.
"""

from __future__ import annotations

import os
import socket
from typing import Any, cast

import attrs
from twisted.internet import defer, protocol
from twisted.internet import reactor as _reactor
from twisted.python.failure import Failure
from zope.interface import implementer

from txinetd.interfaces import IChild, IStart
from txinetd.spec import Identity

reactor: Any = _reactor

#: Whoever runs the tests.
SELF = Identity(
    "self", os.getuid(), os.getgid(), tuple(sorted({*os.getgroups(), os.getgid()})), keep=True
)


class Recording(protocol.ProcessProtocol):
    """
    Notes what it is told.

    @ivar events: the names of the calls.
    @ivar child: the transport, once it has started.
    @ivar started: fires with the process id.
    @ivar ended: fires with the exception.
    """

    child: IChild

    def __init__(self) -> None:
        self.events: list[str] = []
        self.started: defer.Deferred[int] = defer.Deferred()
        self.ended: defer.Deferred[BaseException | None] = defer.Deferred()

    def connectionMade(self) -> None:
        """
        The child has its descriptors.
        """
        self.events.append("connectionMade")
        assert self.transport is not None
        self.child = cast(IChild, self.transport)
        self.started.callback(self.transport.pid)

    def processExited(self, reason: Failure) -> None:
        """
        The child has ended.
        """
        self.events.append("processExited")

    def processEnded(self, reason: Failure) -> None:
        """
        The child has ended and nothing more will come.
        """
        self.events.append("processEnded")
        # As a result and not as an error, for the test to look at.
        self.ended.callback(reason.value)


@implementer(IStart)
@attrs.define(eq=False)
class Start:
    """
    One start among several.
    """

    descriptor: int
    environment: list[bytes] = attrs.Factory(list)
    protocol: Any = attrs.Factory(Recording)


class Pair:
    """
    The two ends of a connection: the client's, and the one for the server.
    """

    def __init__(self) -> None:
        self.client, self.server = socket.socketpair()
        self.client.settimeout(30)

    def read(self) -> bytes:
        """
        Close the server's end here, and read what comes until its end.
        """
        self.server.close()
        pieces = []
        while piece := self.client.recv(65536):
            pieces.append(piece)
        return b"".join(pieces)

    def close(self) -> None:
        """
        Close both.
        """
        self.client.close()
        self.server.close()
