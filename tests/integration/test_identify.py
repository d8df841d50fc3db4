"""
Asking whose a connection is, with this project's own answering service.
"""

from __future__ import annotations

import os
import pwd
import socket
from typing import Any

from twisted.internet.defer import inlineCallbacks

from tests.process_support import reactor
from tests.test_server import ServerTestCase, spec
from txinetd.process.facts import ConnectionFacts
from txinetd.sockets.identclient import IdentClient, Identified
from txinetd.sockets.peers import connectionFacts
from txinetd.spec import Builtin, InetAddress, ServiceSpec


def auth(*arguments: bytes, host: str = "127.0.0.1") -> ServiceSpec:
    """
    The service that answers.
    """
    return spec(Builtin("auth", arguments), name="auth", addresses=(InetAddress(host, 0),))


class OwnServiceTests(ServerTestCase):
    """
    Tests for the two together.
    """

    def connection(self, host: str = "127.0.0.1") -> tuple[socket.socket, ConnectionFacts]:
        """
        A connection within this process: its client's end, and the facts about it.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, 0), family=family) as listener:
            client = socket.create_connection(listener.getsockname()[:2])
            self.addCleanup(client.close)
            server, peer = listener.accept()
            self.addCleanup(server.close)
            return client, connectionFacts(server, peer)

    @inlineCallbacks
    def identify(self, facts: ConnectionFacts, *arguments: bytes, host: str = "127.0.0.1") -> Any:
        """
        Ask about a connection.
        """
        server = self.server(auth(*arguments, host=host))
        answer = IdentClient(reactor, port=self.port(server)).ask(facts)
        assert answer is not None
        found = yield answer
        return found

    @inlineCallbacks
    def test_named(self) -> Any:
        """
        A connection is its user's, by IPv4 and by IPv6.
        """
        name = pwd.getpwuid(os.getuid()).pw_name
        for host in ("127.0.0.1", "::1"):
            _, facts = self.connection(host)
            found = yield self.identify(facts, b"-r", host=host)
            self.assertEqual((found.user, found.reason), (name, ""))

    @inlineCallbacks
    def test_nobody(self) -> Any:
        """
        A connection that there is not is nobody's.
        """
        client, facts = self.connection()
        client.close()
        found = yield self.identify(facts, b"-r")
        self.assertEqual((found.user, bool(found.reason)), ("", True))
        self.assertIsInstance(found, Identified)
