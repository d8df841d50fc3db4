# -*- test-case-name: tests.test_internal_ident_query -*-
"""
Questions and answers of RFC 1413, byte for byte.
"""

from __future__ import annotations

import re

import attrs

__all__ = [
    "HIDDEN_USER",
    "INVALID_PORT",
    "LONGEST_QUERY",
    "NO_USER",
    "UNKNOWN_ERROR",
    "UNREADABLE",
    "Query",
    "errorAnswer",
    "parseQuery",
    "userAnswer",
]

#: How long a question may be, with its end.
LONGEST_QUERY = 1000

#: How long an answer's user may be.
_LONGEST_USER = 512

INVALID_PORT = "INVALID-PORT"
NO_USER = "NO-USER"
HIDDEN_USER = "HIDDEN-USER"
UNKNOWN_ERROR = "UNKNOWN-ERROR"

_QUERY = re.compile(rb"[ \t]*([0-9]{1,10})[ \t]*,[ \t]*([0-9]{1,10})[ \t]*")


@attrs.frozen
class Query:
    """
    One question.

    @ivar local: the port on this machine.
    @ivar foreign: the port on the client's.
    """

    local: int
    foreign: int

    @property
    def isValid(self) -> bool:
        """
        Whether both are ports.
        """
        return 1 <= self.local <= 65535 and 1 <= self.foreign <= 65535


#: What stands in an answer where the question has no ports.
UNREADABLE = Query(0, 0)


def parseQuery(line: bytes) -> Query:
    """
    Read a question.

    @param line: the line without its end.
    @return: the question, or L{UNREADABLE}.
    """
    match = _QUERY.fullmatch(line)
    if match is None:
        return UNREADABLE
    return Query(int(match[1]), int(match[2]))


def userAnswer(query: Query, system: str, user: str) -> bytes:
    """
    The answer that names a user.

    @param query: the question.
    @param system: the operating system's name.
    @param user: the user; what a line cannot hold is left out.
    """
    name = user.encode("utf-8", "surrogateescape").translate(None, b"\0\r\n")[:_LONGEST_USER]
    begin = f"{query.local} , {query.foreign} : USERID : {system} : "
    return begin.encode("ascii") + name + b"\r\n"


def errorAnswer(query: Query, word: str) -> bytes:
    """
    The answer that names nobody.

    @param query: the question.
    @param word: L{INVALID_PORT}, L{NO_USER}, L{HIDDEN_USER} or L{UNKNOWN_ERROR}.
    """
    return f"{query.local} , {query.foreign} : ERROR : {word}\r\n".encode("ascii")
