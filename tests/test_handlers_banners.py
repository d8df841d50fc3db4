"""
Tests for L{txinetd.handlers.banners}.
"""

from __future__ import annotations

import socket

from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from txinetd.handlers.banners import LONGEST, Banners, readBanners, say
from txinetd.policy import Access


class ReadTests(SynchronousTestCase):
    """
    Tests for L{readBanners}.
    """

    def file(self, text: bytes) -> bytes:
        """
        A file that holds a text.
        """
        path: str = self.mktemp()
        with open(path, "wb") as file:
            file.write(text)
        return path.encode()

    def test_none(self) -> None:
        """
        Where no file is named there is nothing to say.
        """
        self.assertEqual(readBanners(Access()), Banners())

    def test_each(self) -> None:
        """
        Each of the three is read.
        """
        access = Access(
            banner=self.file(b"hello\n"),
            bannerSuccess=self.file(b"come in\n"),
            bannerFail=self.file(b"go away\n"),
        )
        self.assertEqual(readBanners(access), Banners(b"hello\n", b"come in\n", b"go away\n"))

    def test_missing(self) -> None:
        """
        A file that is not there is said, and nothing is sent in its place.
        """
        with capturedLogs() as events:
            found = readBanners(Access(banner=b"/nonexistent/banner"))
        self.assertEqual(found, Banners())
        self.assertEqual([event["path"] for event in events], ["/nonexistent/banner"])

    def test_long(self) -> None:
        """
        One that is too long is cut, and that is said.
        """
        with capturedLogs() as events:
            found = readBanners(Access(bannerFail=self.file(b"x" * (LONGEST + 5))))
        self.assertEqual(len(found.fail), LONGEST)
        self.assertEqual(len(events), 1)


class SayTests(SynchronousTestCase):
    """
    Tests for L{say}.
    """

    def test_longest(self) -> None:
        """
        The longest banner goes into a new connection at once.
        """
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            server, _ = listener.accept()
            say(server, b"y" * LONGEST)
            server.close()
            got = b""
            while piece := client.recv(65536):
                got += piece
            client.close()
        self.assertEqual(len(got), LONGEST)

    def test_gone(self) -> None:
        """
        To a client that has gone nothing is said, and nothing is raised.
        """
        client, server = socket.socketpair()
        client.close()
        say(server, b"hello")
        server.close()
