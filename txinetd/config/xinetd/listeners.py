# -*- test-case-name: tests.test_config_xinetd_build -*-
"""
Where a service listens: C{socket_type}, C{protocol}, C{port}, C{bind}, C{v6only} and
the flags C{IPv4} and C{IPv6}.

Where no flag and no address says otherwise, a service has one socket for IPv6 and
IPv4, or one for IPv4 on a machine without IPv6.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import attrs

from txinetd.config.addresses import resolve
from txinetd.config.lexer import Token
from txinetd.config.text import shown
from txinetd.config.values import literal
from txinetd.config.xinetd.attribute import Scope
from txinetd.config.xinetd.draft import Draft
from txinetd.spec import InetAddress, SocketType

__all__ = ["Listener", "listener", "portNumber", "transportOf"]

_TRANSPORTS = {SocketType.STREAM: "tcp", SocketType.DGRAM: "udp"}


@attrs.frozen
class Listener:
    """
    Where a service listens.

    @ivar protocol: as in inetd.conf(5): C{tcp46}, C{udp4}, ...
    """

    protocol: str
    addresses: tuple[InetAddress, ...]


def transportOf(draft: Draft, name: Token, scope: Scope) -> tuple[SocketType, str] | None:
    """
    The type of a service's socket, and C{tcp} or C{udp}.
    """
    token = draft.places.get("socketType", name)
    if draft.socketType not in ("stream", "dgram"):
        if draft.socketType is not None:
            expected = "stream or dgram"
            code = "unsupported-socket-type"
            scope.reporter.drop(code, token, shown(draft.socketType), expected)
        return None
    kind = SocketType(draft.socketType)
    transport = _TRANSPORTS[kind]
    if draft.protocol not in (None, transport):
        found = f"{kind.value} with {draft.protocol}"
        expected = f"{kind.value} with {transport}"
        scope.reporter.drop("type-and-protocol", token, found, expected)
        return None
    return kind, transport


def portNumber(draft: Draft, name: Token, transport: str, scope: Scope) -> int | None:
    """
    The port of a service that has one.
    """
    known = scope.names.port(name.text, transport)
    if "UNLISTED" in draft.type:
        if draft.port is None and "port" not in draft.broken:
            expected = "port, which a service of type UNLISTED needs"
            scope.reporter.drop("missing-attribute", name, "no port", expected)
        if draft.port == 0:
            token = draft.places["port"]
            scope.reporter.drop("bad-port", token, shown("0"), "a port from 1 to 65535")
            return None
        return draft.port
    if known is None:
        expected = f"a service that the services database has for {transport}"
        hint = "write type = UNLISTED" + ("" if draft.port else " and port = NUMBER")
        scope.reporter.drop("unknown-service", name, shown(name.text), expected, hint)
    elif draft.port not in (None, known):
        expected = f"{known}, as the services database has it for {shown(name.text)}"
        hint = "with type = UNLISTED any port will do"
        token = draft.places["port"]
        scope.reporter.drop("port-mismatch", token, f"port {draft.port}", expected, hint)
        return None
    return known


def listener(draft: Draft, name: Token, transport: str, port: int, scope: Scope) -> Listener | None:
    """
    What a service binds.

    @param port: which; 0 lets the kernel choose.
    """
    hosts = _hosts(draft, name, scope)
    if not hosts:
        return None
    found: dict[InetAddress, None] = {}
    families = set()
    for host in hosts:
        dual = host == "::" and not draft.v6only
        found[InetAddress(host, port, dual)] = None
        families.add("46" if dual else "6" if ":" in host else "4")
    suffix = families.pop() if len(families) == 1 else ""
    return Listener(f"{transport}{suffix}", tuple(found))


def _fits(host: str, draft: Draft) -> bool:
    """
    Whether a service may listen on an address, by its family.
    """
    ipv4, ipv6 = "IPv4" in draft.flags, "IPv6" in draft.flags
    if ":" in host:
        return ipv6 or not ipv4
    return (ipv4 or not ipv6) and not draft.v6only


def _hosts(draft: Draft, name: Token, scope: Scope) -> tuple[str, ...]:
    """
    The numeric addresses that a service listens on.
    """
    if draft.bind is not None:
        return _bound(draft, draft.bind.text, draft.places["bind"], scope)
    if scope.options.defaultAddresses:
        hosts = scope.options.defaultAddresses
        found = resolve(hosts, name, scope.names, scope.options, scope.reporter).addresses
        numeric = tuple("::" if each == "*" else each for each in found)
        fitting = tuple(each for each in numeric if _fits(each, draft))
        if not fitting:
            expected = "at least one address to listen on"
            scope.reporter.drop("no-address", name, shown(",".join(hosts)), expected)
        return fitting
    if "IPv4" in draft.flags and "IPv6" not in draft.flags and not draft.v6only:
        return ("0.0.0.0",)
    if scope.options.haveIPv6:
        return ("::",)
    if draft.v6only:
        hint = "without v6only it would be served over IPv4"
        token = draft.places["v6only"]
        scope.reporter.drop("no-ipv6", token, "v6only", "a machine with IPv6", hint)
        return ()
    return ("0.0.0.0",)


def _bound(draft: Draft, text: str, token: Token, scope: Scope) -> tuple[str, ...]:
    """
    The address that C{bind} names.  Of a name's addresses it is the first that fits.
    """
    address, scoped, interface = text.partition("%")
    numeric = literal(address)
    found: Sequence[str]
    if numeric is None:
        found = scope.names.addresses(text)
    else:
        parsed = ipaddress.ip_address(numeric)
        if parsed.version == 6 and parsed.ipv4_mapped is not None:
            numeric = str(parsed.ipv4_mapped)
        found = (f"{numeric}{scoped}{interface}",)
    fitting = [each for each in found if _fits(each, draft)]
    if not scope.options.haveIPv6:
        fitting = [each for each in fitting if ":" not in each] or fitting
    if not fitting:
        code = "address-family" if found else "unknown-host"
        expected = "an address, or a name that has one, of the family that is asked for"
        hint = "the service is to listen there and nowhere else"
        scope.reporter.drop(code, token, shown(text), expected, hint)
        return ()
    if len(found) > 1:
        hint = f"it listens on {fitting[0]} alone"
        scope.reporter.note("several-addresses", token, shown(text), "one address", hint)
    return (fitting[0],)
