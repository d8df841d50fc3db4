# -*- test-case-name: tests.test_config_inetd -*-
"""
The second and third field of an inetd.conf(5) line: socket type and protocol.

Each function takes the field's token and a reporter, and returns the field's
meaning, or C{None} after having said why it has none.
"""

from __future__ import annotations

import re

import attrs

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.rules import Families, Protocol, Rules
from txinetd.config.systems.ours import TXINETD
from txinetd.config.text import shown, similar
from txinetd.config.waiting import MANY_CHILDREN, Waiting, waiting
from txinetd.config.wishes import NO_WISHES, Wishes, acceptWishes, bufferWishes
from txinetd.spec import SocketType

__all__ = [
    "Families",
    "Protocol",
    "ProtocolField",
    "TypeField",
    "Waiting",
    "agree",
    "plainProtocol",
    "protocol",
    "protocolField",
    "socketType",
    "typeField",
    "waiting",
]

#: The types that there are here.
_TYPES = ("stream", "dgram", "seqpacket")

#: Solaris's type of a service whose transports are named elsewhere.
TLI = "tli"

_NUMBER = re.compile(r"[0-9]{1,10}")


@attrs.frozen
class TypeField:
    """
    The second field.

    @ivar kind: the socket type, or C{None} where the protocol decides.
    @ivar instances: how many at a time, or C{None}.
    @ivar wishes: what is asked of the socket.
    """

    kind: SocketType | None
    instances: int | None = None
    wishes: Wishes = NO_WISHES


@attrs.frozen
class ProtocolField:
    """
    The third field.

    @ivar protocols: one, or several (one for each transport) for RPC.
    @ivar wishes: what is asked of the socket.
    """

    protocols: tuple[Protocol, ...]
    wishes: Wishes = NO_WISHES


def _types(rules: Rules) -> str:
    """
    The socket types of a dialect, for messages.
    """
    known = [each for each in _TYPES if each in rules.types]
    if rules.unix.ownership and "seqpacket" in known:
        return "stream, dgram or (on a unix socket) seqpacket"
    return " or ".join(filter(None, (", ".join(known[:-1]), known[-1])))


def socketType(token: Token, reporter: Reporter, rules: Rules = TXINETD) -> SocketType | None:
    """
    The second field, where it is a socket type alone.
    """
    text = token.text
    if text in _TYPES and text in rules.types:
        return SocketType(text)
    expected = _types(rules)
    word = re.split("[:,]", text, maxsplit=1)[0]
    if text in ("raw", "rdm", TLI):
        reporter.drop("unsupported-socket-type", token, shown(text), expected)
    elif word != text and word in _TYPES:
        if text[len(word)] == ":" or ":" in text:
            code, what = "unsupported-accept-filter", "an accept filter"
        else:
            code, what = "unsupported-accept-limit", "a limit of accepted connections"
        hint = f"{what} after the socket type is one of --dialect netbsd"
        reporter.drop(code, token, shown(text), expected, hint)
    else:
        hint = similar(text, _TYPES)
        reporter.drop("unknown-socket-type", token, shown(text), expected, hint)
    return None


def typeField(token: Token, reporter: Reporter, rules: Rules = TXINETD) -> TypeField | None:
    """
    The second field with all that may follow.
    """
    if token.text == TLI and TLI in rules.types:
        return TypeField(None)
    if not rules.accepts:
        kind = socketType(token, reporter, rules)
        return None if kind is None else TypeField(kind)
    before, colon, accept = token.text.partition(":")
    word, comma, number = before.partition(",")
    kind = socketType(attrs.evolve(token, text=word), reporter, rules)
    if kind is None:
        return None
    instances = None
    if comma:
        instances = int(number) if _NUMBER.fullmatch(number) else 0
        if not 1 <= instances <= MANY_CHILDREN:
            expected = f"a number of connections at a time, 1 to {MANY_CHILDREN}"
            reporter.drop("bad-limit", token, shown(token.text), expected)
            return None
    wishes = acceptWishes(accept, token, reporter) if colon else NO_WISHES
    if wishes is None:
        return None
    if wishes.filter and kind is not SocketType.STREAM:
        reporter.drop("bad-accept-filter", token, shown(token.text), "a filter with stream")
        return None
    return TypeField(kind, instances, wishes)


def _protocols(rules: Rules) -> str:
    """
    The protocols of a dialect, for messages.
    """
    names = list(rules.protocols)
    listed = f"{', '.join(names[:-1])} or {names[-1]}"
    return f"{listed}, or rpc/ and one of them" if rules.rpc else listed


def protocol(token: Token, reporter: Reporter, rules: Rules = TXINETD) -> Protocol | None:
    """
    The third field, where it is a protocol alone.
    """
    text = token.text
    known = rules.protocols.get(text)
    if known is not None:
        return known
    expected = _protocols(rules)
    base, comma, _ = text.partition(",")
    hint = ""
    if "faith" in text.split("/"):
        hint = "faith is not supported"
        reporter.drop("unsupported-faith", token, shown(text), expected, hint)
    elif comma and base in rules.protocols:
        hint = "buffer sizes after the protocol are those of --dialect netbsd"
        reporter.drop("unsupported-buffer-size", token, shown(text), expected, hint)
    else:
        plain = text.removesuffix("only")
        if plain != text and plain in rules.protocols:
            alone = rules.protocols[plain].families is Families.IPV6
            hint = f"{plain} is IPv6 only here" if alone else ""
        elif text in TXINETD.protocols:
            hint = f"{rules.title} does not know it"
        else:
            hint = similar(text, rules.protocols)
        reporter.drop("unknown-protocol", token, shown(text), expected, hint)
    return None


def plainProtocol(token: Token, reporter: Reporter, rules: Rules = TXINETD) -> Protocol | None:
    """
    The same, perhaps of an RPC service.
    """
    base = token.text.removeprefix("rpc/") if rules.rpc else token.text
    known = protocol(attrs.evolve(token, text=base), reporter, rules)
    if known is None or base == token.text:
        return known
    if not known.isInternet:
        reporter.drop("unknown-protocol", token, shown(token.text), _protocols(rules))
        return None
    return attrs.evolve(known, text=f"rpc/{known.text}", rpc=True)


def protocolField(token: Token, reporter: Reporter, rules: Rules = TXINETD) -> ProtocolField | None:
    """
    The third field with all that may stand around a protocol.
    """
    text, wishes = token.text, NO_WISHES
    if text.startswith("rpc/") and rules.transports:
        return _transports(token, reporter, rules)
    if rules.buffers and "," in text:
        text, _, sizes = text.partition(",")
        found = bufferWishes(sizes, token, reporter)
        if found is None:
            return None
        wishes = found
    prefix = "rpc/" if text.startswith("rpc/") and rules.rpc else ""
    text = text.removeprefix(prefix)
    if rules.waiting.slash and "faith" not in text.split("/"):
        base, slash, rest = text.partition("/")
        if slash and base in rules.protocols and rules.protocols[base].isInternet:
            hint = f"{shown('/' + rest)} is left out, as {rules.title} does"
            reporter.warn("protocol-suffix", token, shown(text), _protocols(rules), hint)
            text = base
    known = plainProtocol(attrs.evolve(token, text=prefix + text), reporter, rules)
    return None if known is None else ProtocolField((known,), wishes)


def _transports(token: Token, reporter: Reporter, rules: Rules) -> ProtocolField | None:
    """
    The third field of an RPC service whose transports have names of their own.
    """
    expected = f"rpc/ and transports among {', '.join(rules.transports)}"
    words: dict[str, None] = {}
    for name in dict.fromkeys(token.text.removeprefix("rpc/").split(",")):
        if name not in rules.transports:
            hint = similar(name, rules.transports)
            reporter.drop("unknown-protocol", token, shown(name), expected, hint)
            return None
        if not rules.transports[name]:
            hint = "it is left out"
            reporter.warn("unknown-transport", token, shown(name), expected, hint)
        words.update(dict.fromkeys(rules.transports[name]))
    found: dict[str, Protocol] = {}
    for word in words:
        known = rules.protocols[word]
        other = found.get(known.transport)
        families = known.families
        if other is not None and other.families is not families:
            families = Families.BOTH
        text = f"rpc/{known.transport}"
        found[known.transport] = Protocol(text, known.transport, families, rpc=True)
    if not found:
        reporter.drop("unknown-protocol", token, shown(token.text), expected)
        return None
    return ProtocolField(tuple(found.values()))


def agree(kind: SocketType, known: Protocol, token: Token, reporter: Reporter) -> bool:
    """
    Whether a socket of this type exists for this protocol.

    @param token: where to say that it does not: the socket type.
    """
    if known.transport == "unix":
        return True
    expected = "dgram" if known.transport == "udp" else "stream"
    if kind.value == expected:
        return True
    found = f"{kind.value} with {known.text}"
    reporter.drop("type-and-protocol", token, found, f"{expected} with {known.text}")
    return False
