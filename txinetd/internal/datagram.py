# -*- test-case-name: tests.test_internal_datagram -*-
"""
The small services over datagrams: RFC 862, 863, 864, 867 and 868.

Every datagram is one request.  Except for echo, which sends back no more than
it got, no answer is longer than one line of chargen: what can be asked for
with a forged address is not worth asking for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol as Shape
from typing import cast

from twisted.internet.error import MessageLengthError
from twisted.internet.protocol import DatagramProtocol

from txinetd.internal.wire import Now, chargenLine

__all__ = [
    "Answering",
    "DiscardDatagrams",
    "Guard",
    "Refused",
    "Respond",
    "chargenAnswers",
    "echoAnswer",
    "timedAnswers",
]

#: Says why a source, host and port, is not to be answered, or C{None}.
Guard = Callable[[str, int], str | None]

#: Told of each datagram that is not answered: its source, and the reason.
Refused = Callable[[object, str], None]

#: Makes the answer to a datagram.
Respond = Callable[[bytes], bytes]


class _DatagramTransport(Shape):
    """
    What is asked of a datagram transport, whatever its addresses look like.
    """

    def write(self, datagram: bytes, addr: object) -> None: ...


def echoAnswer(datagram: bytes) -> bytes:
    """
    The datagram.
    """
    return datagram


def timedAnswers(answer: Callable[[float], bytes], now: Now) -> Respond:
    """
    Answers that depend on the time and not on the datagram.

    @param answer: what to say at a time.
    @param now: the time.
    """
    return lambda datagram: answer(now())


def chargenAnswers() -> Respond:
    """
    The pattern's lines, one for each request, whoever makes it.
    """
    position = 0

    def respond(datagram: bytes) -> bytes:
        nonlocal position
        line = chargenLine(position)
        position += 1
        return line

    return respond


class Answering(DatagramProtocol):
    """
    Answers every datagram that may be answered.
    """

    noisy = False

    def __init__(self, respond: Respond, guard: Guard, refused: Refused) -> None:
        """
        @param respond: makes the answers; asked only for those that are sent.
        @param guard: says who is not to be answered.
        @param refused: told who was not, and why.
        """
        self._respond = respond
        self._guard = guard
        self._refused = refused

    # The base class says that addresses are hosts and ports; those of a unix
    # socket are paths.
    def datagramReceived(self, datagram: bytes, addr: object) -> None:
        """
        Answer one request.

        @param addr: as the transport has it: a tuple that begins with host and
            port, or for a unix socket the path that the sender has bound, or
            something false if it has bound none.
        """
        reason = self._reason(addr)
        if reason is not None:
            self._refused(addr, reason)
            return
        try:
            cast(_DatagramTransport, self.transport).write(self._respond(datagram), addr)
        except (OSError, MessageLengthError) as error:
            # An answer that cannot be sent costs this client its answer, and
            # no one else anything: no route, a firewall, a closed unix socket.
            self._refused(addr, f"cannot be answered: {error}")

    def _reason(self, addr: object) -> str | None:
        """
        Why a source is not to be answered, or C{None}.
        """
        if isinstance(addr, tuple):
            host, port = addr[:2]
            return self._guard(host, port)
        # The sender of a unix datagram cannot be forged.
        return None if addr else "the sender has no address"


class DiscardDatagrams(DatagramProtocol):
    """
    Reads every datagram and forgets it.
    """

    noisy = False

    def datagramReceived(self, datagram: bytes, addr: object) -> None:
        """
        Forget it.
        """
