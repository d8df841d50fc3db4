# -*- test-case-name: tests.test_config_inetd -*-
"""
The first field of an inetd.conf(5) line: where to listen.

Forms::

    service                    on the default addresses
    host:service               a name or an IPv4 address
    host,host:service          several
    [v6]:service               an IPv6 address
    *:service, :service        every address
    host,host:                 alone on its line: the default from here on
    /path                      with the protocol unix
    :user:group:mode:/path     the same, with owner, group and permissions

C{service} is a name of the services database or a port number.  A name stands
for all of its addresses.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

import attrs

from txinetd.config.fields import Families, Protocol
from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.rules import HostForm, Rules
from txinetd.config.systems.ours import TXINETD
from txinetd.config.text import shown
from txinetd.config.values import LoadOptions, literal, splitHosts
from txinetd.interfaces import INames
from txinetd.names import HIGHEST_ID, isNumber
from txinetd.spec import Identity, InetAddress, UnixAddress

__all__ = [
    "ANY",
    "Hosts",
    "InetField",
    "bindAddresses",
    "inetField",
    "isDefaultLine",
    "port",
    "resolve",
    "unixAddress",
]

#: Every address of the machine.
ANY = "*"

#: What fits into C{sockaddr_un.sun_path} with its final NUL, on Linux.
_LONGEST_PATH = 107

_PORT = re.compile(r"[0-9]+")
_MODE = re.compile(r"[0-7]{1,4}")


@attrs.frozen
class Hosts:
    """
    Addresses to bind, resolved.

    @ivar addresses: numeric ones and L{ANY}.
    @ivar text: as it was written, for messages.
    """

    addresses: tuple[str, ...] = (ANY,)
    text: str = ANY


@attrs.frozen
class InetField:
    """
    The first field, for tcp and udp.

    @ivar hosts: as written, brackets removed; C{None} where none is named.
    @ivar service: the name or number after them.
    """

    hosts: tuple[str, ...] | None
    service: str


def isDefaultLine(tokens: Sequence[Token]) -> bool:
    """
    Whether an entry is an C{address:} line.
    """
    return len(tokens) == 1 and tokens[0].text.endswith(":") and not tokens[0].quoted


def inetField(token: Token, reporter: Reporter, rules: Rules = TXINETD) -> InetField | None:
    """
    Take the first field apart.
    """
    if rules.hosts is HostForm.NONE:
        return InetField(None, token.text)
    before, colon, service = token.text.rpartition(":")
    expected = "[host,host:]service, with an IPv6 address in brackets"
    if rules.hosts is HostForm.ONE:
        expected = "[host:]service, with an IPv6 address in brackets"
        if "," in before:
            hint = f"{rules.title} has one host for a line"
            reporter.drop("bad-address", token, shown(token.text), expected, hint)
            return None
    if colon and "]" in service:
        # [::1] with nothing after it: the colon is part of the address.
        reporter.drop("bad-address", token, shown(token.text), expected)
        return None
    if not colon:
        return InetField(None, service)
    hosts = splitHosts(before) if before else (ANY,)
    if hosts is None or not service:
        reporter.drop("bad-address", token, shown(token.text), expected)
        return None
    bare = [host for host in before.split(",") if ":" in host and not host.startswith("[")]
    if bare and not rules.bareHosts:
        hint = f"write [{bare[0]}]:{service}"
        reporter.warn("unbracketed-address", token, shown(token.text), expected, hint)
    return InetField(hosts, service)


def resolve(
    hosts: Sequence[str], token: Token, names: INames, options: LoadOptions, reporter: Reporter
) -> Hosts:
    """
    Look up hosts.  One that has no address is left out with an error.

    @return: what was found, perhaps nothing.
    """
    found: dict[str, None] = {}
    for host in hosts:
        numeric = ANY if host == ANY else literal(host)
        if numeric is not None:
            found[numeric] = None
            continue
        addresses = [literal(each) or each for each in names.addresses(host)]
        if not options.haveIPv6:
            # Nobody asked for IPv6 by name: what the name has else will do.
            addresses = [each for each in addresses if ":" not in each] or addresses
        if not addresses:
            expected = "a name or address that can be resolved"
            reporter.defect("unknown-host", token, shown(host), expected)
        found.update(dict.fromkeys(addresses))
    return Hosts(tuple(found), ",".join(hosts))


def _families(host: str, known: Protocol, haveIPv6: bool) -> list[tuple[str, bool]]:
    """
    What one host means for one protocol: addresses, each with whether its
    socket takes both families.
    """
    if host != ANY:
        fits = {Families.IPV4: ":" not in host, Families.IPV6: ":" in host}
        if not fits.get(known.families, True):
            return []
        return [(host, known.families is Families.DUAL and host == "::")]
    if known.families is Families.IPV4:
        return [("0.0.0.0", False)]
    if known.families is Families.IPV6:
        return [("::", False)]
    if not haveIPv6:
        return [("0.0.0.0", False)]
    if known.families is Families.DUAL:
        return [("::", True)]
    return [("0.0.0.0", False), ("::", False)]


def bindAddresses(
    hosts: Hosts,
    known: Protocol,
    number: int,
    token: Token,
    options: LoadOptions,
    reporter: Reporter,
) -> tuple[InetAddress, ...] | None:
    """
    What to bind for a service on some hosts, as far as they fit its protocol.
    """
    found: dict[InetAddress, None] = {}
    for host in hosts.addresses:
        for numeric, dual in _families(host, known, options.haveIPv6):
            found[InetAddress(numeric, number, dual)] = None
    if not hosts.addresses:
        expected = "at least one address to listen on"
        hint = "none of the hosts that this line listens on could be resolved"
        reporter.drop("no-address", token, shown(hosts.text), expected, hint)
        return None
    if not found:
        expected = f"an address that {known.text} has"
        reporter.drop("address-family", token, shown(hosts.text), expected)
        return None
    if not options.haveIPv6 and any(":" in each.host for each in found):
        hint = "it is tried again until it works"
        reporter.warn("no-ipv6", token, "an IPv6 address", "IPv4 on a machine without IPv6", hint)
    for each in found:
        address = ipaddress.ip_address(each.host)
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            # V6ONLY sockets cannot have it, and the IPv4 address says the same.
            expected = "the IPv4 address itself"
            reporter.drop("mapped-address", token, shown(each.host), expected)
            return None
    return tuple(found)


def port(
    service: str, transport: str, token: Token, names: INames, reporter: Reporter
) -> int | None:
    """
    A port by number or by name.
    """
    if _PORT.fullmatch(service):
        number = int(service) if len(service) <= 10 else 0
        if 1 <= number <= 65535:
            return number
        reporter.drop("bad-port", token, shown(service), "a port from 1 to 65535")
        return None
    found = names.port(service, transport)
    if found is not None:
        return found
    other = "udp" if transport == "tcp" else "tcp"
    if "/" in service:
        expected = "a service name or a port number"
        code, hint = "unsupported-rpc", "RPC services have the protocol rpc/tcp or rpc/udp"
        if service.startswith("/"):
            code, hint = "unsupported-path", "a path needs the protocol unix"
        reporter.drop(code, token, shown(service), expected, hint)
        return None
    hint = "write the port number, or add the name to /etc/services"
    if names.port(service, other) is not None:
        hint = f"it is known for {other} only; {hint}"
    expected = f"a service that the services database has for {transport}"
    reporter.drop("unknown-service", token, shown(service), expected, hint)
    return None


def _abstract(token: Token, reporter: Reporter, rules: Rules) -> UnixAddress | None:
    """
    C{@name}, a unix socket without a file, which is ours alone.
    """
    name = token.value[1:]
    if not rules.unix.abstract or not name or len(name) >= _LONGEST_PATH or b"\0" in name:
        expected = "/path" if not rules.unix.abstract else f"@ and 1 to {_LONGEST_PATH - 1} bytes"
        reporter.drop("bad-unix-address", token, shown(token.text), expected)
        return None
    hint = "it has no owner and no mode; rules by peer and SO_PEERCRED are left"
    found = f"the abstract socket {shown(token.text)}"
    reporter.note("abstract-socket", token, found, "to be used by everybody on the machine", hint)
    return UnixAddress(b"\0" + name, 0, 0, 0)


def unixAddress(
    token: Token,
    identity: Identity,
    names: INames,
    options: LoadOptions,
    reporter: Reporter,
    rules: Rules = TXINETD,
) -> UnixAddress | None:
    """
    The first field, for the protocol unix.

    @param identity: the service's, whose the socket is where nothing is said in a
        dialect that has it so; else it is the daemon's.
    """
    form = rules.unix
    expected = "/path or :user:group:mode:/path" if form.ownership else "/path"
    if token.text.startswith("@"):
        return _abstract(token, reporter, rules)
    owner = identity if form.service else options.runsAs
    text, uid, gid, permissions = token.text, owner.uid, owner.gid, form.permissions
    if text.startswith(":") and form.ownership:
        parts = text.split(":", 4)
        if len(parts) != 5:
            reporter.drop("bad-unix-address", token, shown(text), expected)
            return None
        _, user, group, mode, text = parts
        if user:
            entry = names.user(user)
            if entry is not None:
                _, uid, gid = entry
            elif isNumber(user) and int(user) <= HIGHEST_ID:
                uid = int(user)
            else:
                hint = "it is to own the socket"
                reporter.drop("unknown-user", token, shown(user), "a user that exists", hint)
                return None
        if group:
            found = names.group(group)
            if found is None:
                hint = "the socket is to belong to it"
                reporter.drop("unknown-group", token, shown(group), "a group that exists", hint)
                return None
            gid = found
        if mode:
            if not _MODE.fullmatch(mode) or int(mode, 8) > 0o777:
                expected = "permissions in octal, such as 0660"
                reporter.drop("bad-mode", token, shown(mode), expected)
                return None
            permissions = int(mode, 8)
    path = text.encode("utf-8", "surrogateescape")
    if not path.startswith(b"/"):
        reporter.drop("bad-unix-address", token, shown(token.text), expected)
        return None
    if len(path) > _LONGEST_PATH:
        expected = f"a path of at most {_LONGEST_PATH} bytes"
        reporter.drop("path-too-long", token, f"{len(path)} bytes", expected)
        return None
    me = options.runsAs
    if me.uid != 0 and (uid != me.uid or gid not in (me.gid, *me.groups)):
        expected = f"a socket that belongs to {me.user}"
        hint = "only root can give a socket to somebody else"
        reporter.drop("other-owner", token, shown(token.text), expected, hint)
        return None
    return UnixAddress(path, uid, gid, permissions)
