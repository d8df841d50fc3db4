# -*- test-case-name: tests.test_server -*-
"""
Connections that are served in this process, by internal services and by whatever
Twisted protocol a program brings.
"""

from __future__ import annotations

import fcntl
import socket
import termios
import time
from collections.abc import Callable

from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.protocol import DatagramProtocol
from twisted.python.failure import Failure

from txinetd.handlers.collaborators import Collaborators
from txinetd.handlers.door import Door
from txinetd.internal.accounting import accounted
from txinetd.internal.atonce import NOTHING, Begun
from txinetd.internal.redirect import RedirectFactory
from txinetd.internal.table import BUILTINS
from txinetd.process.facts import ConnectionFacts
from txinetd.record import ConnectionRecord
from txinetd.sockets.closing import closeNow
from txinetd.spec import Builtin, InProcess, Redirect, Server, ServiceSpec

__all__ = ["Answering", "isAnswered"]


#: The end of the connection is said at once after this: in the same packet, where the
#: system can wait with what is to be sent.
_MORE = getattr(socket, "MSG_MORE", 0)

#: How much FIONREAD says of a connection on which nothing has come.
_NOTHING = bytes(4)


def _hasInput(connection: socket.socket) -> bool:
    """
    Whether something has come that may be read; so, too, where that is not known.
    """
    try:
        return fcntl.ioctl(connection.fileno(), termios.FIONREAD, _NOTHING) != _NOTHING
    except OSError:
        # vsock(7) tells only in kernels of late.
        return True


def isAnswered(server: Server) -> bool:
    """
    Whether connections to a server can be served in this process.
    """
    if isinstance(server, Builtin):
        return server.name in BUILTINS
    if isinstance(server, InProcess):
        return not isinstance(server.factory, DatagramProtocol)
    return isinstance(server, Redirect)


def _factoryOf(server: Server, collaborators: Collaborators) -> IProtocolFactory:
    """
    The factory that serves connections in this process, not started yet.

    @param server: one that L{isAnswered}.
    @param collaborators: what all services share.
    """
    if isinstance(server, Builtin):
        return BUILTINS[server.name].streamFactory(
            time.time, collaborators.reactor, server.arguments, collaborators.view
        )
    if isinstance(server, Redirect):
        return RedirectFactory(collaborators.reactor, server.addresses)
    assert isinstance(server, InProcess)
    return IProtocolFactory(server.factory)


class Answering:
    """
    Gives connections that have been let in to protocols of a Twisted factory.
    """

    def __init__(self, spec: ServiceSpec, door: Door, collaborators: Collaborators) -> None:
        """
        @param spec: a service whose server L{isAnswered}.
        @param door: where its records go.
        @param collaborators: the reactor, and what internal services need.
        """
        self._spec = spec
        self._door = door
        self._collaborators = collaborators
        self._factory = self._makeFactory()

    def stop(self) -> None:
        """
        Serve nobody else; connections go on.
        """
        self._factory.doStop()

    def alter(self, spec: ServiceSpec) -> None:
        """
        Serve by a changed spec from the next connection on.
        """
        before, self._spec = self._spec, spec
        if before.server != spec.server:
            self._factory.doStop()
            self._factory = self._makeFactory()

    def _makeFactory(self) -> IProtocolFactory:
        """
        The factory that the spec asks for, started.
        """
        server = self._spec.server
        self._says: Callable[[float], bytes] | None = None
        # What is said changes with the second.
        self._second, self._text = -1, b""
        self._atOnce: Callable[[socket.socket], Begun] | None = None
        if isinstance(server, Builtin):
            self._says = BUILTINS[server.name].says
            self._atOnce = BUILTINS[server.name].atOnce
        factory = _factoryOf(server, self._collaborators)
        factory.doStart()
        return factory

    def serve(
        self,
        record: ConnectionRecord,
        facts: ConnectionFacts,
        connection: socket.socket,
        environment: list[bytes],
    ) -> None:
        """
        Answer somebody who has been let in.
        """
        if self._says is not None:
            second = int(time.time())
            if second != self._second:
                self._second, self._text = second, self._says(second)
            self._say(connection, record, self._text)
            return
        self._door.began(record)
        begun = NOTHING if self._atOnce is None else self._atOnce(connection)
        if begun.over:
            closeNow(connection)
            record.received = record.sent = begun.carried
            self._door.finish(record)
            return
        over = False

        def ended(reason: Failure, received: int, sent: int) -> None:
            nonlocal over
            if not over:
                over = True
                record.received = begun.carried + received
                record.sent = begun.carried + sent
                self._door.finish(record)

        connection.setblocking(False)
        try:
            # The reactor works on a duplicate of its own.
            transport = self._collaborators.reactor.adoptStreamConnection(
                connection.fileno(), connection.family, accounted(self._factory, ended)
            )
            if begun.rest:
                transport.write(begun.rest)
        except OSError as error:
            # Most often a client that has gone again already.
            if not over:
                over = True
                self._door.fail(record, f"adopt: {error.strerror}")
        finally:
            connection.close()

    def _say(self, connection: socket.socket, record: ConnectionRecord, text: bytes) -> None:
        """
        Say one thing and close.  It fits into the buffer of any new connection.

        @param connection: the connection; it is closed.
        @param record: its record; it is finished.
        @param text: what to say.
        """
        self._door.began(record)
        record.received = record.sent = 0
        try:
            record.sent = connection.send(text, socket.MSG_DONTWAIT | _MORE)
            if _hasInput(connection):
                # What is left unread would make the end a reset.
                record.received = len(connection.recv(65536, socket.MSG_DONTWAIT))
        except BlockingIOError:
            pass  # no room for what there is to say, or nothing to read after all
        except OSError as error:
            # A client that has gone again already.
            self._door.fail(record, f"send: {error.strerror}")
            return
        finally:
            closeNow(connection)
        self._door.finish(record)
