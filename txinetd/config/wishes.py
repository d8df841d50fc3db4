# -*- test-case-name: tests.test_config_systems -*-
"""
What a positional line asks of a service's sockets: buffer sizes after the protocol and an
accept filter after the socket type (NetBSD, and Debian's buffer sizes).

This is the one place that knows what becomes of them.
"""

from __future__ import annotations

import re

import attrs

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.settings.sockets import DATA_READY, DATA_READY_SECONDS
from txinetd.config.text import shown
from txinetd.sockopts import SocketOptions

__all__ = ["NO_WISHES", "Wishes", "acceptWishes", "bufferWishes", "grant"]

_SIZE = re.compile(r"([1-9][0-9]{0,9})([kKmM]?)")
_FACTORS = {"": 1, "k": 1024, "m": 1024 * 1024}
_FILTER = re.compile(r"[a-z0-9_]{1,15}")
_MOST = 2**31 - 1


@attrs.frozen
class Wishes:
    """
    What is asked for.

    @ivar send: bytes of the send buffer, or C{None}.
    @ivar receive: bytes of the receive buffer, or C{None}.
    @ivar filter: an accept filter's name, and its argument if it has one.
    """

    send: int | None = None
    receive: int | None = None
    filter: tuple[str, ...] = ()


#: Nothing.
NO_WISHES = Wishes()


def bufferWishes(text: str, token: Token, reporter: Reporter) -> Wishes | None:
    """
    Read C{sndbuf=N,rcvbuf=N}.

    @param text: what follows the protocol's first comma.
    """
    wishes = NO_WISHES
    expected = "sndbuf=N and rcvbuf=N, each once, N in bytes or with k or m"
    for part in text.split(","):
        name, _, size = part.partition("=")
        match = _SIZE.fullmatch(size)
        given = {"sndbuf": wishes.send, "rcvbuf": wishes.receive}
        if match is None or name not in given or given[name] is not None:
            reporter.drop("bad-buffer-size", token, shown(part), expected)
            return None
        number = int(match[1]) * _FACTORS[match[2].lower()]
        if number > _MOST:
            reporter.drop("bad-buffer-size", token, shown(part), f"at most {_MOST} bytes")
            return None
        if name == "sndbuf":
            wishes = attrs.evolve(wishes, send=number)
        else:
            wishes = attrs.evolve(wishes, receive=number)
    return wishes


def acceptWishes(text: str, token: Token, reporter: Reporter) -> Wishes | None:
    """
    Read C{filter} or C{filter,argument}.

    @param text: what follows the socket type's colon.
    """
    name, comma, argument = text.partition(",")
    if _FILTER.fullmatch(name) is None or (comma and not argument):
        reporter.drop("bad-accept-filter", token, shown(text), "an accept filter's name")
        return None
    return Wishes(filter=(name, argument) if comma else (name,))


def grant(wishes: Wishes, kind: Token, reporter: Reporter) -> SocketOptions:
    """
    Do what is asked for, or say that it cannot be done: nothing of it is ignored.

    @param kind: the socket type field.
    """
    seconds = None
    if wishes.filter:
        found = shown(",".join(wishes.filter))
        if wishes.filter[0] != DATA_READY:
            expected = f"no accept filter, or {DATA_READY}"
            hint = "Linux can wait for the first byte, and for nothing else"
            reporter.drop("unsupported-accept-filter", kind, found, expected, hint)
        elif len(wishes.filter) > 1:
            reporter.drop("bad-accept-filter", kind, found, f"{DATA_READY} alone")
        seconds = DATA_READY_SECONDS
    return SocketOptions(wishes.send, wishes.receive, seconds)
