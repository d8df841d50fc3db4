# -*- test-case-name: tests.test_handlers_multiplexer -*-
"""
tcpmux (RFC 1078): a client says which service it wants, and the connection becomes
that service's.

What is decided here is only which service that is.  Whether the client may use it,
as whom its server runs, and what is recorded, is decided by the service itself, as
for a client that comes to a socket of its own.
"""

from __future__ import annotations

import socket

from txinetd.handlers.accepting import AcceptingPort
from txinetd.handlers.banners import say
from txinetd.handlers.targets import HELP, LONGEST_NAME, UNAVAILABLE
from txinetd.process.facts import ConnectionFacts
from txinetd.record import ConnectionRecord
from txinetd.sockets.line import LineReader

__all__ = ["TCPMUX", "MultiplexerPort"]

#: The name of the internal service.
TCPMUX = "tcpmux"

#: What a client is told that does not say what it wants, in the words of the BSD
#: inetds.
_UNREADABLE = b"-Error reading service name\r\n"


class MultiplexerPort(AcceptingPort):
    """
    Accepts connections, and passes each on to the service that it asks for.
    """

    #: Seconds that a client has to say what it wants.
    patience = 10.0

    #: Clients that have not said that yet, at most; if more come, the oldest goes.
    most = 64

    def start(self) -> None:
        """
        Begin to accept.
        """
        self._waiting: dict[socket.socket, _Client] = {}
        self.accept(self._serve)

    def stop(self) -> None:
        """
        Cease to accept, and let those go that have not said what they want.
        """
        super().stop()
        for client in tuple(self._waiting.values()):
            client.reader.cancel()
            self._failed(client, "stopped")

    def _serve(
        self,
        record: ConnectionRecord,
        facts: ConnectionFacts,
        connection: socket.socket,
        environment: list[bytes],
    ) -> None:
        """
        Listen to somebody who has been let in.
        """
        self.door.began(record)
        if len(self._waiting) >= self.most:
            oldest = next(iter(self._waiting.values()))
            oldest.reader.cancel()
            self._failed(oldest, "too many others")
        self._waiting[connection] = _Client(self, connection, facts, record)

    def read(self, client: _Client, line: bytes | None, reason: str) -> None:
        """
        A client has said what it wants, or will not any more.

        @param client: the client.
        @param line: what it said, or C{None}.
        @param reason: why it said nothing.
        """
        if line is None:
            self._failed(client, reason)
            return
        del self._waiting[client.connection]
        targets = self.collaborators.targets
        name = line.decode("utf-8", "surrogateescape")
        if name.lower() == HELP:
            self._answer(client, "".join(f"{each}\r\n" for each in targets.names).encode())
            self.door.finish(client.record)
            return
        target = targets.find(name)
        if target is None:
            client.record.verdict = "refused"
            client.record.reason = f"no service {line.decode('ascii', 'backslashreplace')!r}"
            self._answer(client, UNAVAILABLE)
        else:
            target.take(client.connection, client.facts)
        self.door.finish(client.record)

    def _failed(self, client: _Client, reason: str) -> None:
        """
        A client has not said what it wants.
        """
        del self._waiting[client.connection]
        client.record.verdict = "failed"
        client.record.reason = f"no service name: {reason}"
        self._answer(client, _UNREADABLE)
        self.door.finish(client.record)

    def _answer(self, client: _Client, text: bytes) -> None:
        """
        Say one thing and close.
        """
        # If the client is gone, the record says already what became of it.
        say(client.connection, text)
        self.collaborators.closer.close(client.connection)


class _Client:
    """
    One client that has not said what it wants.
    """

    def __init__(
        self,
        port: MultiplexerPort,
        connection: socket.socket,
        facts: ConnectionFacts,
        record: ConnectionRecord,
    ) -> None:
        self.connection = connection
        self.facts = facts
        self.record = record
        self.reader = LineReader(
            port.reactor,
            connection,
            LONGEST_NAME,
            port.patience,
            lambda line, reason: port.read(self, line, reason),
        )
