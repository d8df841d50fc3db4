# -*- test-case-name: tests.test_internal_ident_service -*-
"""
Answers the questions of C{auth}'s clients, one a connection.
"""

from __future__ import annotations

import os
import pwd
import secrets
import string
from collections.abc import Callable, Sequence
from typing import Any

import attrs
from twisted.internet import defer
from twisted.internet.interfaces import IDelayedCall, IHalfCloseableProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txinetd.internal.ident.options import IdentOptions, parseOptions
from txinetd.internal.ident.query import (
    HIDDEN_USER,
    INVALID_PORT,
    LONGEST_QUERY,
    NO_USER,
    UNKNOWN_ERROR,
    UNREADABLE,
    Query,
    errorAnswer,
    parseQuery,
    userAnswer,
)
from txinetd.internal.ident.sockets import Connection, connectionOf, ownerOf
from txinetd.internal.ident.users import User, Users, fakeName, isHidden
from txinetd.internal.stream import StreamFactory

__all__ = ["Ident", "Identifier", "NobodyError", "identFactory"]

#: As long as a user's name is at most in FreeBSD.
_GARBLED = 32


class NobodyError(Exception):
    """
    Nobody can be named; the text is RFC 1413's word for why.
    """


@attrs.frozen
class Identifier:
    """
    Finds out who is to be named.  It blocks.

    @ivar options: what is to be told.
    @ivar users: the users.
    @ivar owner: whose a connection is, given another that there is for certain.
    """

    options: IdentOptions
    users: Users = attrs.field(factory=Users)
    owner: Callable[[Connection, Connection], int | None] = ownerOf

    def __call__(self, connection: Connection, known: Connection) -> str:
        """
        Find out whom to name for a connection.

        @param connection: the connection.
        @param known: the one by which that is asked.
        @raise NobodyError: if nobody is to be named.
        """
        try:
            return self._find(connection, known)
        except NobodyError as error:
            # Whoever hides is hidden; that is no error.
            if self.options.fallback is None or str(error) == HIDDEN_USER:
                raise
            return self.options.fallback

    def _find(self, connection: Connection, known: Connection) -> str:
        """
        Find the real one, or the one that that one wants to be.
        """
        try:
            uid = self.owner(connection, known)
        except OSError as error:
            raise NobodyError(UNKNOWN_ERROR) from error
        if uid is None:
            raise NobodyError(NO_USER)
        user = self.users.byId(uid)
        if user is None:
            if self.options.numeric:
                return str(uid)
            raise NobodyError(NO_USER)
        if self.options.hide and isHidden(user):
            raise NobodyError(HIDDEN_USER)
        return self._fake(user) or (str(uid) if self.options.numeric else user.name)

    def _fake(self, user: User) -> str | None:
        """
        Whom a user wants to be, where that may be.
        """
        if not (self.options.fake or self.options.fakeAny):
            return None
        try:
            name = fakeName(user)
        except PermissionError as error:
            # Nobody can tell whether this one wants to be named.
            raise NobodyError(HIDDEN_USER) from error
        if name is None or self.options.fakeAny:
            return name
        return None if self._exists(name) else name

    def _exists(self, name: str) -> bool:
        """
        Whether a name is somebody's, or with numbers, a number.
        """
        if self.options.numeric and name.isdecimal():
            return True
        try:
            pwd.getpwnam(name)
        except KeyError:
            return False
        return True


@attrs.define(eq=False)
class Looks:
    """
    Has an L{Identifier} called in threads, few at a time: the reactor's threads are
    not all to be kept by a directory of users that hangs.

    @ivar reactor: has the threads.
    @ivar identifier: blocks.
    @ivar waiting: how many wait or are being looked up.
    """

    reactor: Any
    identifier: Identifier
    waiting: int = 0
    _turns: defer.DeferredSemaphore = attrs.field(factory=lambda: defer.DeferredSemaphore(2))

    #: How many may wait, at most.
    most = 64

    def find(self, connection: Connection, known: Connection) -> defer.Deferred[str]:
        """
        See L{Identifier}.
        """
        if self.waiting >= self.most:
            return defer.fail(NobodyError(UNKNOWN_ERROR))
        self.waiting += 1
        finding: defer.Deferred[str] = self._turns.run(
            deferToThreadPool,
            self.reactor,
            self.reactor.getThreadPool(),
            self.identifier,
            connection,
            known,
        )

        def done(result: Any) -> Any:
            self.waiting -= 1
            return result

        return finding.addBoth(done)


@implementer(IHalfCloseableProtocol)
class Ident(Protocol):
    """
    One client.
    """

    log = Logger()

    transport: Any

    def __init__(self, reactor: Any, options: IdentOptions, system: str, looks: Looks) -> None:
        """
        @param reactor: has the time.
        @param options: what is to be told.
        @param system: the operating system's name.
        @param looks: finds out.
        """
        self._reactor = reactor
        self._options = options
        self._system = system
        self._looks = looks
        self._buffer = b""
        self._query = UNREADABLE
        self._asked = False
        self._timer: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """
        The time begins.
        """
        self._timer = self._reactor.callLater(self._options.seconds, self._tooLate)

    def dataReceived(self, data: bytes) -> None:
        """
        A piece of the question.
        """
        if self._asked:
            return  # one a connection
        self._buffer += data[: LONGEST_QUERY + 1]
        line, end, _ = self._buffer.partition(b"\n")
        if len(line) + len(end) > LONGEST_QUERY:
            self._asked = True
            self._error(INVALID_PORT)
        elif end:
            self._asked = True
            self._ask(line.removesuffix(b"\r"))

    def _ask(self, line: bytes) -> None:
        """
        There is a question.
        """
        options = self._options
        self._query = parseQuery(line)
        if not self._query.isValid:
            self._error(INVALID_PORT)
        elif options.garbled:
            letters = string.ascii_lowercase + string.digits
            self._user("".join(secrets.choice(letters) for _ in range(_GARBLED)))
        elif options.real:
            self._look(self._query)
        elif options.fallback is not None:
            self._user(options.fallback)
        else:
            self._error(HIDDEN_USER)

    def _look(self, query: Query) -> None:
        """
        Find out.
        """
        here, there = self.transport.getHost(), self.transport.getPeer()
        known = None
        if hasattr(here, "host") and hasattr(there, "host"):
            known = connectionOf(here.host, here.port, there.host, there.port)
        if known is None:
            self._error(UNKNOWN_ERROR)  # a unix socket, which has no ports
            return
        asked = attrs.evolve(known, localPort=query.local, remotePort=query.foreign)
        self._looks.find(asked, known).addCallbacks(self._user, self._nobody)

    def _nobody(self, failure: Failure) -> None:
        """
        Nobody is to be named.
        """
        if failure.check(NobodyError) is None:
            self.log.failure("a connection's user cannot be found out", failure)
            self._error(UNKNOWN_ERROR)
        else:
            self._error(str(failure.value))

    def _user(self, name: str) -> None:
        """
        Name somebody.
        """
        self._answer(userAnswer(self._query, self._system, name))

    def _error(self, word: str) -> None:
        """
        Name nobody.
        """
        self._answer(errorAnswer(self._query, word))

    def _answer(self, line: bytes) -> None:
        """
        Answer, unless that has been done or nobody waits any more.
        """
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            self.transport.write(line)
            self.transport.loseConnection()

    def _tooLate(self) -> None:
        """
        The time is up.
        """
        self._asked = True
        self._timer = None
        self.transport.write(errorAnswer(self._query, UNKNOWN_ERROR))
        self.transport.loseConnection()

    def readConnectionLost(self) -> None:
        """
        The client has nothing more to say: it gets the answer that it is to get.
        """
        if not self._asked:
            self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """
        Nothing to do: this protocol never closes only its own half.
        """

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The client has gone.
        """
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()


_log = Logger()


def identFactory(reactor: Any, arguments: Sequence[bytes]) -> StreamFactory:
    """
    Serve C{auth}.

    @param reactor: has the time and the threads.
    @param arguments: its options; with wrong ones it names nobody.
    """
    try:
        options = parseOptions(arguments)
    except ValueError as error:
        _log.error("auth: {reason}; nobody will be named", reason=str(error))
        options = IdentOptions()
    system = options.system or os.uname().sysname
    looks = Looks(reactor, Identifier(options))
    return StreamFactory(lambda: Ident(reactor, options, system, looks))
