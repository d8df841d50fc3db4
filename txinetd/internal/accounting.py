# -*- test-case-name: tests.test_internal_accounting -*-
"""
Telling when a connection that a Twisted protocol serves is over, and what went
through it, whatever the protocol is.

The protocol talks to a wrapper in place of its transport.  That is how TLS is
put under protocols as well (L{twisted.protocols.tls.TLSMemoryBIOProtocol} is
such a wrapper), so what works with TLS works here.  Twisted's wrapper does hide
the rarer interfaces of the protocol from the transport, such as that for
half-closed connections; this one shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from twisted.internet.interfaces import (
    IAddress,
    IFileDescriptorReceiver,
    IHalfCloseableProtocol,
    IHandshakeListener,
    ILoggingContext,
    IProtocol,
    IProtocolFactory,
    ITransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from zope.interface import directlyProvides, providedBy

__all__ = ["Ended", "NoProtocolError", "accounted"]

#: Called once, with why the connection is over, and how many bytes came from
#: the client and were written for it.
Ended = Callable[[Failure, int, int], None]

#: What a transport asks of a protocol only where the protocol provides it.
_RARE = (IHalfCloseableProtocol, IFileDescriptorReceiver, IHandshakeListener)


class NoProtocolError(Exception):
    """
    The factory would not make a protocol, so the connection was closed.
    """


class _AccountedProtocol(ProtocolWrapper):
    """
    Stands between one protocol and its transport.

    Some protocols hand their connection on to another (an HTTP server to a
    web socket): by setting C{transport.protocol}, or C{wrappedProtocol} where
    they find a wrapper.  Both do here what they would without the wrapper.
    """

    log = Logger()

    factory: _AccountingFactory

    def __init__(self, factory: _AccountingFactory, wrappedProtocol: IProtocol) -> None:
        self._bytesIn = 0
        self._bytesOut = 0
        self._wrapped: IProtocol | None = None
        self._broken: Failure | None = None
        super().__init__(factory, wrappedProtocol)

    # Attributes in Twisted's class, whose types say neither that the one is None
    # at the end nor that the other is a truth value.
    @property  # type: ignore[override]
    def wrappedProtocol(self) -> IProtocol | None:
        """
        The protocol that serves this connection; C{None} when it is over.
        """
        return self._wrapped

    @wrappedProtocol.setter
    def wrappedProtocol(self, protocol: IProtocol | None) -> None:
        self._wrapped = protocol
        if self.transport is not None and protocol is not None:
            # To its protocol this is a transport like the one below; to that
            # one, a protocol that can do what the protocol can.
            rare = [interface for interface in _RARE if interface.providedBy(protocol)]
            directlyProvides(self, providedBy(self.transport), *rare)

    #: What a protocol calls it that believes this to be its transport.
    protocol = wrappedProtocol

    @property
    def disconnecting(self) -> bool:  # type: ignore[override]
        """
        Whether the connection is to be closed once all is written, by whoever
        asked for that: the protocol, or the server of its transport.
        """
        return bool(getattr(self.transport, "disconnecting", False))

    def logPrefix(self) -> str:
        """
        The log is about the protocol, not about this.
        """
        if ILoggingContext.providedBy(self._wrapped):
            return str(self._wrapped.logPrefix())
        return type(self._wrapped).__name__

    def makeConnection(self, transport: ITransport) -> None:
        """
        Connect the protocol; if it cannot bear it, only this connection ends.
        """
        Protocol.makeConnection(self, transport)
        self.factory.registerProtocol(self)
        wrapped = self.wrappedProtocol = self._wrapped
        assert wrapped is not None
        try:
            # What it provides is decided just above, where no checker looks.
            wrapped.makeConnection(cast(ITransport, self))
        except Exception:
            self._broken = Failure()
            self.log.failure("{protocol} failed to begin", self._broken, protocol=wrapped)
            self._abort()

    def _abort(self) -> None:
        """
        Close without waiting for anything.
        """
        transport = self.transport
        assert transport is not None
        getattr(transport, "abortConnection", transport.loseConnection)()

    # What the protocol asks of its transport.

    def write(self, data: bytes) -> None:
        """
        Count, and write.
        """
        self._bytesOut += len(data)
        super().write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """
        Count, and write.
        """
        pieces = list(data)
        self._bytesOut += sum(map(len, pieces))
        super().writeSequence(pieces)

    def loseConnection(self) -> None:
        """
        Close when all is written.
        """
        assert self.transport is not None
        self.transport.loseConnection()

    # What the transport tells its protocol.

    def dataReceived(self, data: bytes) -> None:
        """
        Count, and pass on.
        """
        self._bytesIn += len(data)
        super().dataReceived(data)

    def readConnectionLost(self) -> None:
        """
        Pass on L{IHalfCloseableProtocol.readConnectionLost}.
        """
        IHalfCloseableProtocol(self._wrapped).readConnectionLost()

    def writeConnectionLost(self) -> None:
        """
        Pass on L{IHalfCloseableProtocol.writeConnectionLost}.
        """
        IHalfCloseableProtocol(self._wrapped).writeConnectionLost()

    def fileDescriptorReceived(self, descriptor: int) -> None:
        """
        Pass on L{IFileDescriptorReceiver.fileDescriptorReceived}.
        """
        IFileDescriptorReceiver(self._wrapped).fileDescriptorReceived(descriptor)

    def handshakeCompleted(self) -> None:
        """
        Pass on L{IHandshakeListener.handshakeCompleted}.
        """
        IHandshakeListener(self._wrapped).handshakeCompleted()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        Tell the protocol, and then, whatever it makes of that, the account.
        """
        self.connected = 0
        try:
            super().connectionLost(reason)
        finally:
            self.factory.ended(self._broken or reason, self._bytesIn, self._bytesOut)


if TYPE_CHECKING:
    _Wrapping = WrappingFactory[_AccountedProtocol]
else:
    # Twisted 24.11's takes no parameter.
    _Wrapping = WrappingFactory


class _AccountingFactory(_Wrapping):
    """
    Wraps each protocol of another factory.

    @ivar ended: whom to tell.
    """

    noisy = False
    protocol = _AccountedProtocol
    log = Logger()

    def __init__(self, wrappedFactory: IProtocolFactory, ended: Ended) -> None:
        super().__init__(wrappedFactory)
        self.ended = ended

    # WrappingFactory does not say that a factory may refuse; IProtocolFactory does.
    def buildProtocol(  # type: ignore[override]
        self, addr: IAddress | None
    ) -> _AccountedProtocol | None:
        """
        Wrap the protocol for one more connection.  Where there is none, the
        connection is over already: the transport closes it.
        """
        try:
            protocol = self.wrappedFactory.buildProtocol(addr)
        except Exception:
            # Raised further, it would reach a caller that has no transport
            # yet to close, with the socket left to the garbage collector.
            failure = Failure()
            self.log.failure(
                "{factory} failed to build a protocol", failure, factory=self.wrappedFactory
            )
            self.ended(failure, 0, 0)
            return None
        if protocol is None:
            self.ended(Failure(NoProtocolError(f"{self.wrappedFactory} declined")), 0, 0)
            return None
        return _AccountedProtocol(self, protocol)


def accounted(factory: IProtocolFactory, ended: Ended) -> WrappingFactory[_AccountedProtocol]:
    """
    Have a factory's connections accounted for.

    @param factory: any factory of protocols for servers.
    @param ended: called once for each connection after its protocol has been
        told that it is lost, or at once where the factory makes no protocol or
        raises.  The first argument is the reason: usually L{ConnectionDone
        <twisted.internet.error.ConnectionDone>}; L{NoProtocolError}; whatever
        the factory or the protocol's C{makeConnection} raised.  The others are
        the bytes that the protocol was given and those that it wrote, of which
        some are never sent where the client goes away.
    @return: a factory to use in its place.  Its C{doStart} and C{doStop} are the
        other's; C{protocols} holds the connections that are open.
    """
    return _AccountingFactory(factory, ended)
