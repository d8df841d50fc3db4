"""
Tests for L{txinetd.internal.ident.service}.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import subprocess
from ipaddress import IPv4Address
from threading import Event, Lock
from typing import Any

import attrs
from twisted.internet import defer
from twisted.internet.address import IPv4Address as HostAddress
from twisted.internet.address import UNIXAddress
from twisted.internet.defer import inlineCallbacks
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.process_support import reactor
from tests.test_internal_ident_sockets import CLIENT
from tests.test_server import ServerTestCase, spec
from txinetd.internal.ident import IdentOptions, service
from txinetd.internal.ident.service import (
    Ident,
    Identifier,
    Looks,
    NobodyError,
)
from txinetd.internal.ident.sockets import Connection
from txinetd.internal.ident.users import User, Users
from txinetd.spec import Builtin, InetAddress

LOOPBACK = IPv4Address("127.0.0.1")
ASKED = Connection(LOOPBACK, 6191, LOOPBACK, 23)


class MemoryUsers(Users):
    """
    One user, whose number is 1000.
    """

    def byId(self, uid: int) -> User | None:
        """
        That one, or nobody.
        """
        return User("somebody", 1000, 1000, "/no/such/home") if uid == 1000 else None


class IdentifierTests(SynchronousTestCase):
    """
    Tests for L{Identifier}.
    """

    def name(self, owner: int | OSError | None = 1000, **options: Any) -> str:
        """
        Whom it names, or the word for why nobody.
        """

        def find(connection: Connection, known: Connection) -> int | None:
            self.assertEqual(connection, ASKED)
            if isinstance(owner, OSError):
                raise owner
            return owner

        identifier = Identifier(IdentOptions(real=True, **options), MemoryUsers(), find)
        try:
            return identifier(ASKED, ASKED)
        except NobodyError as error:
            return str(error)

    def test_name(self) -> None:
        """
        A user is named, or numbered.
        """
        self.assertEqual(self.name(), "somebody")
        self.assertEqual(self.name(numeric=True), "1000")

    def test_nobody(self) -> None:
        """
        Where there is nobody that is told, or somebody else named.
        """
        self.assertEqual(self.name(None), "NO-USER")
        self.assertEqual(self.name(2000), "NO-USER")
        self.assertEqual(self.name(2000, numeric=True), "2000")
        self.assertEqual(self.name(OSError(1, "x")), "UNKNOWN-ERROR")
        self.assertEqual(self.name(None, fallback="guest"), "guest")
        self.assertEqual(self.name(OSError(1, "x"), fallback="guest"), "guest")

    def test_hidden(self) -> None:
        """
        Who hides is hidden, whatever else there is.
        """
        self.patch(service, "isHidden", lambda user: True)
        self.patch(service, "fakeName", lambda user: "other")
        self.assertEqual(self.name(), "somebody")
        self.assertEqual(self.name(hide=True), "HIDDEN-USER")
        self.assertEqual(self.name(hide=True, fake=True, fallback="guest"), "HIDDEN-USER")

    def test_fake(self) -> None:
        """
        Users may be whom they like, but, unless told otherwise, not another.
        """
        existing = pwd.getpwuid(0).pw_name
        for name, fake, fakeAny in (
            ("no-such-user", "no-such-user", "no-such-user"),
            (existing, "somebody", existing),
            (None, "somebody", "somebody"),
            ("12", "12", "12"),
        ):
            self.patch(service, "fakeName", lambda user, name=name: name)
            self.assertEqual(self.name(), "somebody")
            self.assertEqual(self.name(fake=True), fake)
            self.assertEqual(self.name(fakeAny=True), fakeAny)
        self.assertEqual(self.name(fake=True, numeric=True), "1000")
        self.assertEqual(self.name(fakeAny=True, numeric=True), "12")

    def test_unreadable(self) -> None:
        """
        Where their wishes cannot be known, nobody is named.
        """

        def refuse(user: User) -> None:
            raise PermissionError(1, "x")

        self.patch(service, "fakeName", refuse)
        self.assertEqual(self.name(fake=True), "HIDDEN-USER")


class MemoryLooks(Looks):
    """
    Looks nothing up by itself.

    @ivar asked: what was asked.
    @ivar answers: where the answers go to.
    """

    def __init__(self) -> None:
        super().__init__(None, Identifier(IdentOptions()))
        self.asked: list[tuple[Connection, Connection]] = []
        self.answers: list[defer.Deferred[str]] = []

    def find(self, connection: Connection, known: Connection) -> defer.Deferred[str]:
        """
        Remember the question.
        """
        self.asked.append((connection, known))
        self.answers.append(defer.Deferred())
        return self.answers[-1]


class IdentTests(SynchronousTestCase):
    """
    Tests for L{Ident}.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.looks = MemoryLooks()

    def client(self, **options: Any) -> Ident:
        """
        A client.
        """
        protocol = Ident(self.clock, IdentOptions(**options), "Linux", self.looks)
        self.transport: Any = StringTransport(
            HostAddress("TCP", "127.0.0.1", 113), HostAddress("TCP", "127.0.0.1", 4000)
        )
        protocol.makeConnection(self.transport)
        return protocol

    def ask(self, line: bytes, **options: Any) -> bytes:
        """
        The answer to a question; the connection is to be closed then.
        """
        self.client(**options).dataReceived(line)
        self.assertTrue(self.transport.disconnecting)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        said: bytes = self.transport.value()
        return said

    def test_hidden(self) -> None:
        """
        Nobody is named unless that is asked for.
        """
        self.assertEqual(self.ask(b"6191,23\r\n"), b"6191 , 23 : ERROR : HIDDEN-USER\r\n")
        self.assertEqual(
            self.ask(b"6191,23\n", fallback="guest"), b"6191 , 23 : USERID : Linux : guest\r\n"
        )

    def test_garbled(self) -> None:
        """
        A random word is another one each time.
        """
        words = set()
        for _ in range(2):
            answer = self.ask(b"1,2\r\n", garbled=True, real=True, fallback="guest")
            match = re.fullmatch(rb"1 , 2 : USERID : Linux : ([a-z0-9]{32})\r\n", answer)
            assert match is not None
            words.add(match[1])
        self.assertEqual(len(words), 2)

    def test_invalid(self) -> None:
        """
        What is no question, or about no ports, is told so, whatever the options.
        """
        for line, answer in (
            (b"x\r\n", b"0 , 0"),
            (b"\r\n", b"0 , 0"),
            (b"0,1\r\n", b"0 , 1"),
            (b"70000,1\r\n", b"70000 , 1"),
            (b"\0" * 2000, b"0 , 0"),
            (b"1,1" + b" " * 1000 + b"\n", b"0 , 0"),
        ):
            for options in ({}, {"garbled": True}, {"real": True}, {"fallback": "x"}):
                self.assertEqual(self.ask(line, **options), answer + b" : ERROR : INVALID-PORT\r\n")

    def test_look(self) -> None:
        """
        It is asked for the connection between the client's machine and this one, and
        the answer is given when it is there.
        """
        protocol = self.client(real=True)
        for piece in (b"61", b"91, ", b"23\r", b"\n", b"1,2\r\n"):
            protocol.dataReceived(piece)
        self.assertEqual(self.looks.asked, [(ASKED, Connection(LOOPBACK, 113, LOOPBACK, 4000))])
        self.assertEqual(self.transport.value(), b"")
        self.looks.answers[0].callback("somebody")
        self.assertEqual(self.transport.value(), b"6191 , 23 : USERID : Linux : somebody\r\n")
        self.assertTrue(self.transport.disconnecting)

    def test_failed(self) -> None:
        """
        An error is answered by its word; one that nobody thought of is logged.
        """
        for error, word in ((NobodyError("NO-USER"), b"NO-USER"), (KeyError(), b"UNKNOWN-ERROR")):
            self.client(real=True).dataReceived(b"1,2\r\n")
            self.looks.answers[-1].errback(error)
            self.assertEqual(self.transport.value(), b"1 , 2 : ERROR : " + word + b"\r\n")
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

    def test_time(self) -> None:
        """
        Who does not ask in time is told so, and so is who cannot be answered in time;
        an answer that comes later is not given.
        """
        self.client(seconds=3.0).dataReceived(b"1,")
        self.clock.advance(3)
        self.assertEqual(self.transport.value(), b"0 , 0 : ERROR : UNKNOWN-ERROR\r\n")
        self.assertTrue(self.transport.disconnecting)
        self.client(real=True).dataReceived(b"1,2\r\n")
        self.clock.advance(10)
        self.assertEqual(self.transport.value(), b"1 , 2 : ERROR : UNKNOWN-ERROR\r\n")
        self.looks.answers[0].callback("somebody")
        self.assertEqual(self.transport.value(), b"1 , 2 : ERROR : UNKNOWN-ERROR\r\n")

    def test_gone(self) -> None:
        """
        Who has gone is not answered.
        """
        protocol = self.client(real=True)
        protocol.dataReceived(b"1,2\r\n")
        protocol.connectionLost()
        self.looks.answers[0].callback("somebody")
        self.assertEqual((self.transport.value(), self.clock.getDelayedCalls()), (b"", []))

    def test_halfClosed(self) -> None:
        """
        Who closes half after asking is answered; who had not asked is not waited for.
        """
        protocol = self.client(real=True)
        protocol.dataReceived(b"1,2\r\n")
        protocol.readConnectionLost()
        self.assertFalse(self.transport.disconnecting)
        protocol = self.client(real=True)
        protocol.dataReceived(b"1,2")
        protocol.readConnectionLost()
        self.assertTrue(self.transport.disconnecting)
        protocol.connectionLost()

    def test_unix(self) -> None:
        """
        Over a unix socket there are no ports to ask for.
        """
        protocol = Ident(self.clock, IdentOptions(real=True), "Linux", self.looks)
        transport = StringTransport(UNIXAddress(b"/x"), UNIXAddress(b""))
        protocol.makeConnection(transport)
        protocol.dataReceived(b"1,2\r\n")
        self.assertEqual(transport.value(), b"1 , 2 : ERROR : UNKNOWN-ERROR\r\n")


class RealTests(ServerTestCase):
    """
    Real questions about real connections.
    """

    def listen(self, host: str, **more: Any) -> socket.socket:
        """
        A socket that listens.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listener = socket.create_server((host, 0), family=family, **more)
        except OSError as error:
            raise SkipTest(f"no {host}") from error
        self.addCleanup(listener.close)
        return listener

    @inlineCallbacks
    def test_me(self) -> Any:
        """
        A connection of this process is told to be this user's.
        """
        auth = self.server(spec(Builtin("auth", (b"-r", b"-i", b"-o", b"OTHER")), name="auth"))
        listener = self.listen("127.0.0.1")
        with socket.create_connection(listener.getsockname()) as client:
            there, here = listener.getsockname()[1], client.getsockname()[1]
            said = yield self.ask(self.port(auth), b"%d,%d\r\n" % (here, there))
            self.assertEqual(
                said.decode(), f"{here} , {there} : USERID : OTHER : {os.geteuid()}\r\n"
            )
        said = yield self.ask(self.port(auth), b"1,1\r\n")
        self.assertEqual(said, b"1 , 1 : ERROR : NO-USER\r\n")
        records = yield self.records(2)
        self.assertEqual({record.verdict for record in records}, {"served"})

    @inlineCallbacks
    def test_others(self) -> Any:
        """
        Connections of two users are told apart, over both families and through a socket
        for both.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root can become another user")
        python = shutil.which("python3", path="/usr/bin:/bin")
        if python is None:
            raise SkipTest("no Python that everybody may run")
        for bound, host, dualStack in (
            ("127.0.0.1", "127.0.0.1", False),
            ("::1", "::1", False),
            ("::", "127.0.0.1", True),
        ):
            listener = self.listen(host)
            address = InetAddress(bound, 0, dualStack)
            server = self.server(
                attrs.evolve(spec(Builtin("auth", (b"-ri",)), name="auth"), addresses=(address,))
            )
            for uid in (60001, 60003):
                with subprocess.Popen(
                    [python, "-I", "-c", CLIENT, host, str(listener.getsockname()[1])],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    user=uid,
                    group=60002,
                    extra_groups=[],
                    cwd="/",
                ) as client:
                    assert client.stdin is not None and client.stdout is not None
                    here = int(client.stdout.readline())
                    there = listener.getsockname()[1]
                    said = yield self.askHost(host, self.port(server), b"%d,%d\r\n" % (here, there))
                    self.assertEqual(
                        said.decode(),
                        f"{here} , {there} : USERID : {os.uname().sysname} : {uid}\r\n",
                    )
                    client.stdin.close()

    def askHost(self, host: str, port: int, request: bytes) -> defer.Deferred[bytes]:
        """
        Ask at an address.
        """

        def talk() -> bytes:
            with socket.create_connection((host, port), 20) as connection:
                connection.sendall(request)
                return b"".join(iter(lambda: connection.recv(65536), b""))

        return deferToThread(talk)

    @inlineCallbacks
    def test_wrongOptions(self) -> Any:
        """
        With options that are none, nobody is named.
        """
        auth = self.server(spec(Builtin("auth", (b"-r", b"-z")), name="auth"))
        said = yield self.ask(self.port(auth), b"1,1\r\n")
        self.assertEqual(said, b"1 , 1 : ERROR : HIDDEN-USER\r\n")

    @inlineCallbacks
    def test_few(self) -> Any:
        """
        There are never more look-ups than two at a time, and never more than so many
        that wait.
        """
        release, lock = Event(), Lock()
        running: list[int] = [0, 0]

        def owner(connection: Connection, known: Connection) -> int | None:
            with lock:
                running[0] += 1
                running[1] = max(running)
            release.wait(20)
            with lock:
                running[0] -= 1
            return None

        looks = Looks(reactor, Identifier(IdentOptions(real=True), MemoryUsers(), owner))
        found = [looks.find(ASKED, ASKED) for _ in range(looks.most + 1)]
        self.assertEqual(str(self.failureResultOf(found.pop(), NobodyError).value), "UNKNOWN-ERROR")
        release.set()
        results = yield defer.DeferredList(found, consumeErrors=True)
        self.assertEqual({str(failure.value) for _, failure in results}, {"NO-USER"})
        self.assertEqual((running[1] <= 2, looks.waiting), (True, 0))
