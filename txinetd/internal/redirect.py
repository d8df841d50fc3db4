# -*- test-case-name: tests.test_internal_redirect -*-
"""
C{redirect} of xinetd.conf(5): a connection is passed on to a server elsewhere, in this
process, both ways at once.

Whoever has nothing more to say closes its half, and the other still gets its answer;
whoever does not read is in the end not written to, because the other is not read from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from twisted.internet.interfaces import (
    IAddress,
    IHalfCloseableProtocol,
    IPushProducer,
    ITransport,
)
from twisted.internet.protocol import ClientFactory, Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

__all__ = ["RedirectFactory"]


@implementer(IHalfCloseableProtocol)
class _Side(Protocol):
    """
    One of the two connections.

    @ivar other: the other side, or C{None} while there is none, or no more.
    """

    other: _Side | None = None

    #: Whether this side has said all that it will.
    finished = False

    def join(self, other: _Side) -> None:
        """
        Read for the other side from now on, as fast as that can be written.
        """
        self.other = other
        stream: Any = other.transport
        stream.registerProducer(cast(IPushProducer, self.transport), True)

    def dataReceived(self, data: bytes) -> None:
        """
        Pass it on.
        """
        if self.other is not None:
            transport = self.other.transport
            assert transport is not None
            transport.write(data)

    def readConnectionLost(self) -> None:
        """
        This side has no more to say: the other is told so.
        """
        self.finished = True
        if self.other is not None:
            stream: Any = self.other.transport
            stream.unregisterProducer()
            stream.loseWriteConnection()
            self._endIfBothAre()

    def writeConnectionLost(self) -> None:
        """
        This side has been told all.
        """

    def _endIfBothAre(self) -> None:
        """
        When neither has more to say it is over, once all is written.
        """
        if self.finished and self.other is not None and self.other.finished:
            for side in (self, self.other):
                assert side.transport is not None
                side.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        This side has gone; what has come from it is still written to the other.
        """
        other, self.other = self.other, None
        if other is not None:
            other.other = None
            stream: Any = other.transport
            stream.unregisterProducer()
            stream.loseConnection()


class _Client(_Side):
    """
    The client's side: it is not read from before there is another.
    """

    def __init__(self, reactor: Any, addresses: Sequence[tuple[str, int]], seconds: float) -> None:
        """
        @param reactor: connects.
        @param addresses: where to, one after the other.
        @param seconds: how long each may take.
        """
        self._reactor = reactor
        self._left = list(addresses)
        self._seconds = seconds
        self._connector: Any = None

    def connectionMade(self) -> None:
        """
        Look for the other side.
        """
        stream: Any = self.transport
        stream.pauseProducing()
        self.tryNext(None)

    def tryNext(self, reason: Failure | None) -> None:
        """
        Connect to the next address, or give up.

        @param reason: why it was not the one before.
        """
        self._connector = None
        if not self._left:
            assert self.transport is not None
            RedirectFactory.log.warn(
                "redirect: no server can be reached: {reason}",
                reason="" if reason is None else reason.getErrorMessage(),
            )
            self.transport.loseConnection()
            return
        host, port = self._left.pop(0)
        self._connector = self._reactor.connectTCP(
            host, port, _Outward(self), timeout=self._seconds
        )

    def connectedTo(self, server: _Side) -> None:
        """
        There is another side.
        """
        self._connector = None
        stream: Any = self.transport
        server.join(self)
        self.join(server)
        stream.resumeProducing()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The client has gone, perhaps before there was another side.
        """
        self._left = []
        connector, self._connector = self._connector, None
        if connector is not None:
            connector.disconnect()
        super().connectionLost(reason)


class _Server(_Side):
    """
    The server's side.
    """

    def __init__(self, client: _Client) -> None:
        self._client: _Client | None = client

    def connectionMade(self) -> None:
        """
        Join the client, if it is still there.
        """
        client, self._client = self._client, None
        transport = cast(ITransport, self.transport)
        if client is None or not client.connected:
            transport.loseConnection()
            return
        client.connectedTo(self)


class _Outward(ClientFactory):
    """
    Makes the server's side.
    """

    noisy = False

    def __init__(self, client: _Client) -> None:
        self._client = client

    def buildProtocol(self, addr: IAddress | None) -> _Server:
        """
        There is a server.
        """
        return _Server(self._client)

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        """
        There is none: try the next.
        """
        if self._client.connected:
            self._client.tryNext(reason)


class RedirectFactory(Factory):
    """
    Passes connections on.
    """

    log = Logger()

    noisy = False

    #: Seconds in which a server has to accept.
    patience = 30.0

    def __init__(self, reactor: Any, addresses: Sequence[tuple[str, int]]) -> None:
        """
        @param reactor: connects.
        @param addresses: numeric addresses and ports, tried in this order.
        """
        self._reactor = reactor
        self._addresses = tuple(addresses)

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """
        The client's side of one connection.
        """
        return _Client(self._reactor, self._addresses, self.patience)
