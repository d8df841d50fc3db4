"""
Tests for L{txinetd.sockets.line}.
"""

from __future__ import annotations

import socket

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.handler_support import FakeReactor
from txinetd.sockets.line import LineReader

#: How long the lines of these tests may be.
LONGEST = 8


class Talk:
    """
    A client, and a reader of its first line.

    @ivar results: what the reader has told.
    """

    def __init__(self) -> None:
        self.reactor = FakeReactor()
        self.client, self.server = socket.socketpair()
        self.results: list[tuple[bytes | None, str]] = []
        self.reader = LineReader(
            self.reactor,
            self.server,
            LONGEST,
            10.0,
            lambda line, reason: self.results.append((line, reason)),
        )

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *why: object) -> None:
        self.reader.cancel()
        self.client.close()
        self.server.close()

    def say(self, data: bytes) -> None:
        """
        The client sends something.
        """
        self.client.sendall(data)
        self.reactor.readable()

    def rest(self) -> bytes:
        """
        What is left for who has the connection next.
        """
        try:
            return self.server.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b""


class LineReaderTests(SynchronousTestCase):
    """
    Tests for L{LineReader}.
    """

    def test_line(self) -> None:
        """
        A line is read, and what follows it is not; nobody watches any more.
        """
        with Talk() as talk:
            talk.say(b"name\r\nmore\r\nand more")
            self.assertEqual(talk.results, [(b"name", "")])
            self.assertEqual(talk.rest(), b"more\r\nand more")
            self.assertEqual((talk.reactor.readers, talk.reactor.getDelayedCalls()), (set(), []))

    def test_plainEnd(self) -> None:
        """
        LF alone ends a line, too.
        """
        with Talk() as talk:
            talk.say(b"name\nmore")
            self.assertEqual((talk.results, talk.rest()), ([(b"name", "")], b"more"))

    def test_pieces(self) -> None:
        """
        It may come in pieces, of which none is seen twice: a piece of a line does not
        keep the reactor awake.
        """
        with Talk() as talk:
            for piece in (b"n", b"am", b"e\r"):
                talk.say(piece)
                self.assertEqual((talk.results, talk.rest()), ([], b""))
            talk.say(b"\nx")
            self.assertEqual((talk.results, talk.rest()), ([(b"name", "")], b"x"))

    def test_length(self) -> None:
        """
        The longest line is read, and of a longer one no more than that.
        """
        with Talk() as talk:
            talk.say(b"12345678\r\n")
            self.assertEqual(talk.results, [(b"12345678", "")])
        with Talk() as talk:
            talk.say(b"123456789\n")
            self.assertEqual(talk.results, [(None, "too long")])
        with Talk() as talk:
            talk.say(b"1" * 1000)
            self.assertEqual(talk.results, [(None, "too long")])
            self.assertEqual(len(talk.rest()), 1000 - LONGEST - 2)

    def test_time(self) -> None:
        """
        There is so much time for the whole of it, however often a piece comes.
        """
        with Talk() as talk:
            for _ in range(5):
                talk.say(b"x")
                talk.reactor.advance(1.9)
            self.assertEqual(talk.results, [])
            talk.reactor.advance(0.5)
            self.assertEqual(talk.results, [(None, "time-out")])
            self.assertEqual(talk.reactor.readers, set())

    def test_closed(self) -> None:
        """
        A client that closes has said nothing.
        """
        with Talk() as talk:
            talk.say(b"nam")
            talk.client.close()
            talk.reactor.readable()
            self.assertEqual(talk.results, [(None, "closed")])

    def test_cancel(self) -> None:
        """
        After C{cancel} there is no answer, and nothing is read.
        """
        with Talk() as talk:
            talk.reader.cancel()
            talk.say(b"name\r\n")
            self.assertEqual((talk.results, talk.rest()), ([], b"name\r\n"))
            self.assertEqual(talk.reactor.getDelayedCalls(), [])

    def test_falseAlarm(self) -> None:
        """
        If there is nothing to read after all, it goes on waiting.
        """
        with Talk() as talk:
            talk.reactor.readable()
            talk.say(b"name\n")
            self.assertEqual(talk.results, [(b"name", "")])

    @given(st.binary(max_size=24), st.lists(st.integers(1, 6), max_size=8))
    def test_anything(self, data: bytes, sizes: list[int]) -> None:
        """
        Whatever comes, in whatever pieces, what is after the first end of a line is
        still there.
        """
        with Talk() as talk:
            rest = data
            for size in [*sizes, len(data)]:
                if rest[:size]:
                    talk.say(rest[:size])
                rest = rest[size:]
            line, end, after = data.partition(b"\n")
            if end and len(line) <= LONGEST:
                self.assertEqual(talk.results, [(line.removesuffix(b"\r"), "")])
                self.assertEqual(talk.rest(), after)
            elif talk.results:
                self.assertEqual(talk.results, [(None, "too long")])
