# -*- test-case-name: tests.test_internal_stream -*-
"""
The small services over connections: RFC 862, 863, 864, 867 and 868.

A client that has said all it will, and closed its half of the connection, is a
normal client (C{nc -N}): what it was still to get, it gets.  A client that does
not read costs no more than the transport's buffer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast
from typing import Protocol as Shape

from twisted.internet.interfaces import (
    IAddress,
    IHalfCloseableProtocol,
    IProducer,
    IPullProducer,
    IPushProducer,
)
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer

from txinetd.internal.wire import CHARGEN_CYCLE, Now

__all__ = ["Answer", "Chargen", "Discard", "Echo", "StreamFactory"]


class _StreamTransport(Shape):
    """
    What these protocols ask of their transport: a stream transport that is
    consumer and push producer as well, as all of Twisted's are.
    """

    disconnecting: bool

    def write(self, data: bytes) -> None: ...

    def loseConnection(self) -> None: ...

    def registerProducer(self, producer: IProducer, streaming: bool) -> None: ...

    def unregisterProducer(self) -> None: ...

    def pauseProducing(self) -> None: ...

    def resumeProducing(self) -> None: ...


def _stream(protocol: Protocol) -> _StreamTransport:
    """
    The transport of a connected protocol, as what it is.
    """
    return cast(_StreamTransport, protocol.transport)


@implementer(IHalfCloseableProtocol, IPushProducer)
class Echo(Protocol):
    """
    Sends back what it is sent, until its client has nothing more to send.

    It reads only while its transport can take more to write, so that a client
    that sends and does not read is in the end not read from either.
    """

    def connectionMade(self) -> None:
        """
        Let the transport say when it has enough to write.
        """
        _stream(self).registerProducer(self, True)

    def dataReceived(self, data: bytes) -> None:
        """
        Send it back.
        """
        _stream(self).write(data)

    def readConnectionLost(self) -> None:
        """
        The client has sent everything: close when it has all of it back.
        """
        # With a producer still registered the transport would wait for more.
        _stream(self).unregisterProducer()
        _stream(self).loseConnection()

    def writeConnectionLost(self) -> None:
        """
        Nothing to do: this protocol never closes only its own half.
        """

    def pauseProducing(self) -> None:
        """
        Enough is waiting to be written: read no more.
        """
        _stream(self).pauseProducing()

    def resumeProducing(self) -> None:
        """
        All is written: read again, unless the server has asked for this
        connection to be closed, which was waiting for this moment.
        """
        if _stream(self).disconnecting:
            _stream(self).unregisterProducer()
        else:
            _stream(self).resumeProducing()

    def stopProducing(self) -> None:
        """
        Nothing to do: the transport has stopped reading by itself.
        """


class Discard(Protocol):
    """
    Reads, and forgets what it has read.  When its client has nothing more to
    send there is nothing left to do, and the transport closes.
    """

    def dataReceived(self, data: bytes) -> None:
        """
        Forget it.
        """


@implementer(IHalfCloseableProtocol, IPullProducer)
class Chargen(Protocol):
    """
    Sends the pattern for as long as its client takes it, one round of the ring
    each time the last has been written.
    """

    def connectionMade(self) -> None:
        """
        Begin.
        """
        _stream(self).registerProducer(self, False)

    def dataReceived(self, data: bytes) -> None:
        """
        Forget it: RFC 864 has the service take no notice of what it is sent.
        """

    def readConnectionLost(self) -> None:
        """
        The client will send nothing more, which it need not have done in the
        first place.  If it has closed altogether, the next write shows it.
        """

    def writeConnectionLost(self) -> None:
        """
        Nothing to do: this protocol never closes only its own half.
        """

    def resumeProducing(self) -> None:
        """
        Send the ring's lines once more, unless the server has asked for this
        connection to be closed: as long as there is more to come it is not.
        """
        if _stream(self).disconnecting:
            _stream(self).unregisterProducer()
        else:
            _stream(self).write(CHARGEN_CYCLE)

    def stopProducing(self) -> None:
        """
        Nothing to do: nobody asks for more.
        """


class Answer(Protocol):
    """
    Says one thing and closes: the daytime and time services.

    The answer fits into any socket's buffer, so a client that never reads it
    does not keep the connection open.
    """

    def __init__(self, answer: Callable[[float], bytes], now: Now) -> None:
        """
        @param answer: what to say at a time.
        @param now: the time.
        """
        self._answer = answer
        self._now = now

    def connectionMade(self) -> None:
        """
        Say it.
        """
        _stream(self).write(self._answer(self._now()))
        _stream(self).loseConnection()


if TYPE_CHECKING:
    _Factory = Factory[Protocol]
else:
    # Twisted 24.11's takes no parameter.
    _Factory = Factory


class StreamFactory(_Factory):
    """
    Makes one protocol for each connection to a small service.
    """

    # A line in the log for each service that starts is the server's to write.
    noisy = False

    def __init__(self, build: Callable[[], Protocol]) -> None:
        """
        @param build: makes a protocol.
        """
        self._build = build

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """
        Serve one more client.
        """
        protocol = self._build()
        protocol.factory = self
        return protocol
