"""
Tests for L{txinetd.view}, with a real server.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from twisted.internet.defer import inlineCallbacks
from zope.interface.verify import verifyObject

from tests.test_server import ServerTestCase, spec
from txinetd.interfaces import IServerView
from txinetd.spec import Builtin, Program, UnixAddress
from txinetd.view import ServerView


class ViewTests(ServerTestCase):
    """
    Tests for L{ServerView}.
    """

    @inlineCallbacks
    def test_services(self) -> Any:
        """
        Clients of C{services} see each service at the port that it really has.
        """
        path = os.fsencode(self.mktemp())
        server = self.server(
            spec(Builtin("services"), name="services"),
            spec(
                Builtin("echo"),
                name="local",
                protocol="unix",
                addresses=(UnixAddress(path, os.geteuid(), os.getegid()),),
            ),
        )
        said = yield self.ask(self.port(server))
        self.assertEqual(
            said.decode(), f"services tcp {self.port(server)}\nlocal unix {os.fsdecode(path)}\n"
        )
        verifyObject(IServerView, ServerView(lambda: (), server.children))

    @inlineCallbacks
    def test_servers(self) -> Any:
        """
        Those of C{servers} see the programs that run, for as long as they do.
        """
        server = self.server(
            spec(Program(b"/bin/cat", (b"cat",)), name="cat"),
            spec(Builtin("servers"), name="servers"),
        )
        with socket.create_connection(("127.0.0.1", self.port(server))) as client:
            yield self.until(lambda: server.children)
            host, port = client.getsockname()
            (child,) = server.children
            said = yield self.ask(self.port(server, 1))
            pid: Any = child
            self.assertIn(f"cat server\n\tpid = {pid.pid}\n", said.decode())
            self.assertIn(f"\tremote_address = {host}:{port}\n", said.decode())
        yield self.until(lambda: not server.children)
        said = yield self.ask(self.port(server, 1))
        self.assertEqual(said, b"")

    @inlineCallbacks
    def test_admin(self) -> Any:
        """
        C{xadmin} holds a conversation.
        """
        server = self.server(spec(Builtin("xadmin"), name="xadmin"))
        said = yield self.ask(self.port(server), b"show avail\r\nbye\r\n")
        self.assertRegex(
            said.decode(),
            rf"(?s)^> .*xadmin +tcp +{self.port(server)} +listening +\S+ +127\.0\.0\.1\n> $",
        )
