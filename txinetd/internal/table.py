# -*- test-case-name: tests.test_internal_table -*-
"""
The table of internal services.  To add one is to add a row.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import attrs
from twisted.internet.protocol import DatagramProtocol, Protocol

from txinetd.interfaces import IServerView
from txinetd.internal.atonce import Begun, echoAtOnce
from txinetd.internal.datagram import (
    Answering,
    DiscardDatagrams,
    Guard,
    Refused,
    Respond,
    chargenAnswers,
    echoAnswer,
    timedAnswers,
)
from txinetd.internal.ident.service import identFactory
from txinetd.internal.inspect import inspectorFactory
from txinetd.internal.stream import Answer, Chargen, Discard, Echo, StreamFactory
from txinetd.internal.wire import Now, daytimeAnswer, timeAnswer

__all__ = ["ALIASES", "BUILTINS", "BuiltinService"]

_DatagramMaker = Callable[[Now, Guard, Refused], DatagramProtocol]
_StreamMaker = Callable[[Any, Sequence[bytes], IServerView | None], StreamFactory]


@attrs.frozen
class BuiltinService:
    """
    One internal service.

    @ivar name: its name in services(5).
    @ivar aliases: the other names it has there.
    @ivar says: what it says at a time, where saying that is all there is to a
        connection: then nothing of Twisted's is needed to serve one.  C{None} for
        the others.
    @ivar atOnce: does what can be done for a client that has just been accepted, where
        that may be all.
    """

    name: str
    aliases: tuple[str, ...]
    _stream: Callable[[Now], Protocol] | None
    _datagram: _DatagramMaker | None
    says: Callable[[float], bytes] | None = None
    _factory: _StreamMaker | None = None
    atOnce: Callable[[socket.socket], Begun] | None = None

    @property
    def hasDatagrams(self) -> bool:
        """
        Whether it is served over datagram sockets, too.
        """
        return self._datagram is not None

    def streamFactory(
        self,
        now: Now,
        reactor: Any = None,
        arguments: Sequence[bytes] = (),
        view: IServerView | None = None,
    ) -> StreamFactory:
        """
        Serve it over connections.

        @param now: the wall clock.
        @param reactor: timers and threads, for a service that needs them.
        @param arguments: its options, for one that has any.
        @param view: what the server does, for one that tells that.
        """
        if self._factory is not None:
            return self._factory(reactor, arguments, view)
        stream = self._stream
        assert stream is not None
        return StreamFactory(lambda: stream(now))

    def datagramProtocol(self, now: Now, guard: Guard, refused: Refused) -> DatagramProtocol:
        """
        Serve it over one datagram socket.

        @param now: the wall clock.
        @param guard: says who is not to be answered:
            L{txinetd.internal.guard.LoopGuard}.
        @param refused: called with the address as the transport gave it, and
            the reason, for each datagram that is not answered.
        @raise ValueError: if it is served over connections only.
        """
        if self._datagram is None:
            raise ValueError(f"{self.name} is not served over datagrams")
        return self._datagram(now, guard, refused)


def _answering(respond: Callable[[Now], Respond]) -> _DatagramMaker:
    """
    Datagrams that are answered.

    @param respond: makes, with a clock, what makes the answers of one socket.
    """
    return lambda now, guard, refused: Answering(respond(now), guard, refused)


_SERVICES = (
    BuiltinService(
        "echo",
        (),
        lambda now: Echo(),
        _answering(lambda now: echoAnswer),
        atOnce=echoAtOnce,
    ),
    BuiltinService(
        "discard",
        ("sink", "null"),
        lambda now: Discard(),
        lambda now, guard, refused: DiscardDatagrams(),
    ),
    BuiltinService(
        "chargen",
        ("ttytst", "source"),
        lambda now: Chargen(),
        _answering(lambda now: chargenAnswers()),
    ),
    BuiltinService(
        "daytime",
        (),
        lambda now: Answer(daytimeAnswer, now),
        _answering(lambda now: timedAnswers(daytimeAnswer, now)),
        daytimeAnswer,
    ),
    BuiltinService(
        "time",
        ("timserver", "timeserver"),
        lambda now: Answer(timeAnswer, now),
        _answering(lambda now: timedAnswers(timeAnswer, now)),
        timeAnswer,
    ),
    BuiltinService(
        "auth",
        ("authentication", "tap", "ident"),
        None,
        None,
        None,
        lambda reactor, arguments, view: identFactory(reactor, arguments),
    ),
    BuiltinService("services", (), None, None, None, partial(inspectorFactory, "services")),
    BuiltinService("servers", (), None, None, None, partial(inspectorFactory, "servers")),
    BuiltinService("xadmin", (), None, None, None, partial(inspectorFactory, "xadmin")),
)

#: The internal services by name.
BUILTINS: Mapping[str, BuiltinService] = MappingProxyType(
    {service.name: service for service in _SERVICES}
)

#: Names and aliases, each with the name it stands for in L{BUILTINS}.
ALIASES: Mapping[str, str] = MappingProxyType(
    {word: service.name for service in _SERVICES for word in (service.name, *service.aliases)}
)
