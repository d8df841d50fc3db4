# -*- test-case-name: tests.test_wrap_wrapper -*-
"""
What libwrap has decided about a connection, and what was asked.
"""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import Deferred

__all__ = ["Answer", "Key", "Question", "refusal"]

#: What a decision by plain rules depends on: daemon, client's and own address.
Key = tuple[bytes, str, str]


@attrs.frozen
class Answer:
    """
    The decision about one connection.

    @ivar allowed: whether the client may come in.
    @ivar reason: which rule file, or rule, said so; or what went wrong.
    @ivar environment: what C{setenv} gives the server, names and values.
    @ivar handled: whether a rule's C{twist} answers the client: the connection is
        then only to be closed here, in whatever way leaves the other copy alone
        (close(2), not shutdown(2)).
    @ivar severity: syslog's facility and level together, where a rule's C{severity}
        set them; the helper has already sent its line to the system's log.
    @ivar pid: the process that answers the client, or 0.
    @ivar ended: where it is C{handled}, fires with how that process ended, as wait(2)
        has it, or C{None} where that cannot be known any more.
    """

    allowed: bool
    reason: str
    environment: tuple[tuple[bytes, bytes], ...] = ()
    handled: bool = False
    severity: int | None = None
    pid: int = 0
    ended: Deferred[int | None] | None = attrs.field(default=None, eq=False, repr=False)


def refusal(reason: str) -> Answer:
    """
    The answer where there is no decision: nobody comes in.
    """
    return Answer(allowed=False, reason=f"tcp wrappers: {reason}")


@attrs.define(eq=False)
class Question:
    """
    A question without an answer yet.

    @ivar key: what it is about.
    @ivar ports: the client's and this machine's.
    @ivar dry: whether nothing is to be done but deciding.
    @ivar descriptor: the connection, a copy; -1 where there is none.
    @ivar blocking: whether the connection was blocking.
    @ivar answered: fires with the answer.
    @ivar asked: when it was sent.
    @ivar timer: what runs when it has taken too long.
    @ivar pid: the process of its own that it has, or 0.
    """

    key: Key
    ports: tuple[int, int]
    dry: bool
    descriptor: int
    blocking: bool
    answered: Deferred[Answer]
    asked: float = 0.0
    timer: Any = None
    pid: int = 0
