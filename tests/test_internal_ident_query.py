"""
Tests for L{txinetd.internal.ident.query}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txinetd.internal.ident.query import (
    NO_USER,
    UNREADABLE,
    Query,
    errorAnswer,
    parseQuery,
    userAnswer,
)


class QueryTests(SynchronousTestCase):
    """
    Tests for L{parseQuery}.
    """

    def test_ports(self) -> None:
        """
        There are two ports, with blanks around them or not.
        """
        for line in (b"6191,23", b"6191, 23", b" 6191 ,\t23 "):
            self.assertEqual(parseQuery(line), Query(6191, 23))

    def test_unreadable(self) -> None:
        """
        Anything else is none.
        """
        for line in (
            b"", b"1", b"1,", b",1", b"1 2", b"1,2,3", b"-1,2", b"+1,2", b"1.0,2", b"a,b",
            b"1,2\0", b"\xb2,1", b"1 0,2", b"0x1,2", b"1" * 11 + b",2",
        ):  # fmt: skip
            self.assertEqual(parseQuery(line), UNREADABLE, line)

    def test_range(self) -> None:
        """
        Not every number is a port.
        """
        for local, foreign, valid in (
            (1, 65535, True), (65535, 1, True), (0, 1, False), (1, 0, False),
            (65536, 1, False), (1, 65536, False),
        ):  # fmt: skip
            self.assertEqual(Query(local, foreign).isValid, valid)
        self.assertFalse(UNREADABLE.isValid)

    @given(st.binary(max_size=50))
    def test_anything(self, line: bytes) -> None:
        """
        Whatever is asked, the answer is one line.
        """
        answer = errorAnswer(parseQuery(line), NO_USER)
        self.assertRegex(answer, rb"\A\d+ , \d+ : ERROR : NO-USER\r\n\Z")


class AnswerTests(SynchronousTestCase):
    """
    Tests for the answers.
    """

    def test_user(self) -> None:
        """
        A user is named in the form of RFC 1413.
        """
        self.assertEqual(
            userAnswer(Query(6193, 23), "Linux", "stjohns"),
            b"6193 , 23 : USERID : Linux : stjohns\r\n",
        )

    def test_error(self) -> None:
        """
        So is nobody.
        """
        self.assertEqual(errorAnswer(Query(6195, 23), NO_USER), b"6195 , 23 : ERROR : NO-USER\r\n")

    def test_oneLine(self) -> None:
        """
        A name can neither end the line nor be longer than it may.
        """
        answer = userAnswer(Query(1, 2), "Linux", "a\r\nb\0c" + "d" * 1000)
        self.assertEqual(answer, b"1 , 2 : USERID : Linux : abc" + b"d" * 509 + b"\r\n")
