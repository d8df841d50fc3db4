# -*- test-case-name: tests.test_config_inetd -*-
"""
The fields of an inetd.conf(5) line that are words of a small language: socket
type, protocol, wait and its limit.

Each function takes the field's token and a reporter, and returns the field's
meaning, or C{None} after having said why it has none.
"""

from __future__ import annotations

import difflib
import enum
import re
from collections.abc import Iterable

import attrs

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.text import shown
from txinetd.spec import Limits, SocketType

__all__ = ["Families", "Protocol", "Waiting", "agree", "protocol", "socketType", "waiting"]

#: More starts a minute than any machine makes; above it a number is a slip.
_MOST_STARTS = 2**31 - 1


class Families(enum.Enum):
    """
    Which address families a protocol field asks for.
    """

    IPV4 = "4"
    IPV6 = "6"
    DUAL = "46"
    BOTH = ""
    UNIX = "unix"


@attrs.frozen
class Protocol:
    """
    The third field.

    @ivar text: the field as it stands.
    @ivar transport: C{tcp}, C{udp} or C{unix}.
    @ivar families: which families to bind.
    """

    text: str
    transport: str
    families: Families


@attrs.frozen
class Waiting:
    """
    The fourth field.

    @ivar token: where it stands.
    @ivar explicit: whether the limit is the line's own.
    """

    wait: bool
    limits: Limits
    token: Token
    explicit: bool = False


_PROTOCOLS = {
    f"{transport}{families.value}": Protocol(f"{transport}{families.value}", transport, families)
    for transport in ("tcp", "udp")
    for families in (Families.BOTH, Families.IPV4, Families.IPV6, Families.DUAL)
} | {"unix": Protocol("unix", "unix", Families.UNIX)}

_PROTOCOL_NAMES = "tcp, tcp4, tcp6, tcp46, udp, udp4, udp6, udp46 or unix"
_WAITING = re.compile(r"(wait|nowait)(?:([.:/])(.*))?", re.DOTALL)
_LEADING_NUMBER = re.compile(r"[0-9]+")


def _similar(text: str, words: Iterable[str]) -> str:
    """
    A hint at the word that was probably meant.
    """
    if len(text) > 20:
        return ""
    near = difflib.get_close_matches(text.lower(), list(words), n=1)
    return f"did you mean {near[0]}?" if near else ""


def socketType(token: Token, reporter: Reporter) -> SocketType | None:
    """
    The second field.
    """
    expected = "stream, dgram or (on a unix socket) seqpacket"
    try:
        return SocketType(token.text)
    except ValueError:
        pass
    word, separator, _ = token.text.partition(":")
    comma = token.text.partition(",")
    if token.text in ("raw", "rdm"):
        reporter.drop("unsupported-socket-type", token, shown(token.text), expected)
    elif separator and word.partition(",")[0] in ("stream", "dgram", "seqpacket"):
        hint = "accept filters are not supported"
        reporter.drop("unsupported-accept-filter", token, shown(token.text), expected, hint)
    elif comma[1] and comma[0] in ("stream", "dgram", "seqpacket"):
        hint = "a limit of accepted connections after the socket type is not supported"
        reporter.drop("unsupported-accept-limit", token, shown(token.text), expected, hint)
    else:
        hint = _similar(token.text, ("stream", "dgram", "seqpacket"))
        reporter.drop("unknown-socket-type", token, shown(token.text), expected, hint)
    return None


def protocol(token: Token, reporter: Reporter) -> Protocol | None:
    """
    The third field.
    """
    text = token.text
    known = _PROTOCOLS.get(text)
    if known is not None:
        return known
    base, comma, _ = text.partition(",")
    if text.startswith("rpc/"):
        hint = "RPC services are not supported"
        reporter.drop("unsupported-rpc", token, shown(text), _PROTOCOL_NAMES, hint)
    elif "faith" in text.split("/"):
        hint = "faith is not supported"
        reporter.drop("unsupported-faith", token, shown(text), _PROTOCOL_NAMES, hint)
    elif comma and base in _PROTOCOLS:
        hint = "buffer sizes after the protocol are not supported"
        reporter.drop("unsupported-buffer-size", token, shown(text), _PROTOCOL_NAMES, hint)
    elif text.endswith("only") and text.removesuffix("only") in _PROTOCOLS:
        plain = text.removesuffix("only")
        hint = f"{plain} is IPv6 only here"
        reporter.drop("unknown-protocol", token, shown(text), _PROTOCOL_NAMES, hint)
    else:
        hint = _similar(text, _PROTOCOLS)
        reporter.drop("unknown-protocol", token, shown(text), _PROTOCOL_NAMES, hint)
    return None


def agree(kind: SocketType, known: Protocol, token: Token, reporter: Reporter) -> bool:
    """
    Whether a socket of this type exists for this protocol.

    @param token: where to say that it does not: the socket type.
    """
    if known.transport == "unix":
        return True
    expected = "stream" if known.transport == "tcp" else "dgram"
    if kind.value == expected:
        return True
    found = f"{kind.value} with {known.text}"
    reporter.drop("type-and-protocol", token, found, f"{expected} with {known.text}")
    return False


def waiting(token: Token, reporter: Reporter) -> Waiting | None:
    """
    The fourth field.
    """
    expected = "wait or nowait, perhaps with .N, the most starts a minute"
    match = _WAITING.fullmatch(token.text)
    if match is None:
        hint = _similar(token.text, ("wait", "nowait"))
        reporter.drop("unknown-wait", token, shown(token.text), expected, hint)
        return None
    word, separator, number = match.groups()
    wait = word == "wait"
    if separator is None:
        return Waiting(wait, Limits(), token)
    if separator == "/":
        hint = "the limits after / are those of --dialect freebsd"
        reporter.drop("unsupported-limit", token, shown(token.text), expected, hint)
        return None
    starts = _starts(token, number, reporter)
    if starts is None:
        return None
    return Waiting(wait, Limits(starts or None), token, explicit=True)


def _starts(token: Token, text: str, reporter: Reporter) -> int | None:
    """
    The number of a limit.  One that is not clear never means 'no limit'.

    @return: the number, 0 for no limit, or C{None} where there is none.
    """
    match = _LEADING_NUMBER.match(text)
    expected = f"a number of starts a minute, 0 (no limit) to {_MOST_STARTS}"
    digits = match.group() if match is not None else ""
    rest = text[len(digits) :]
    # The length first: turning very many digits into an int is slow.
    number = int(digits) if 0 < len(digits) <= 20 else None
    if number is None or number > _MOST_STARTS or (rest and not number):
        reporter.drop("bad-limit", token, shown(token.text), expected)
        return None
    if rest:
        hint = f"{number} is used"
        reporter.warn("bad-limit", token, shown(token.text), expected, hint)
    elif len(digits) > 1 and digits.startswith("0"):
        hint = f"{number} is used; Debian's inetd reads a leading 0 as octal"
        reporter.warn("octal-limit", token, shown(token.text), expected, hint)
    return number
