# -*- test-case-name: tests.integration.test_wrap -*-
"""
Asking hosts_access(5) about an arrival of any kind.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from txinetd.process.facts import ConnectionFacts
from txinetd.wrap import Answer, Wrapper, refusal

__all__ = ["ask"]

_log = Logger()


def ask(
    wrapper: Callable[[], Wrapper],
    daemon: str,
    facts: ConnectionFacts,
    descriptor: int | None = None,
) -> Deferred[Answer] | None:
    """
    Ask about an arrival.

    @param wrapper: gives what is asked.
    @param daemon: the name that rules know the service by.
    @param facts: the client and this side.
    @param descriptor: the connection, if there is one.
    @return: fires with the answer; C{None} where there are no internet addresses to ask
        about.
    """
    peer, local = facts.peer, facts.local
    if peer.host is None or local.host is None:
        return None
    try:
        return wrapper().ask(
            daemon.encode("utf-8", "surrogateescape"),
            peer.host,
            peer.port or 0,
            local.host,
            local.port or 0,
            descriptor,
        )
    except Exception as error:
        # Whatever it is: there is no decision, so nobody comes in.
        _log.failure("{daemon}: cannot ask tcp wrappers", daemon=daemon)
        return succeed(refusal(str(error)))
