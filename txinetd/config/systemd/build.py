# -*- test-case-name: tests.test_config_systemd_dialect -*-
"""
From a pair of units to a spec.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from txinetd.config.lexer import Token
from txinetd.config.programs import judge
from txinetd.config.systemd import process, sockets
from txinetd.config.systemd.access import access
from txinetd.config.systemd.command import program
from txinetd.config.systemd.limits import limits
from txinetd.config.systemd.scope import Scope
from txinetd.config.systemd.tables import EXTENSION
from txinetd.config.systemd.unitfile import Assignment
from txinetd.config.systemd.unsupported import Meaning, meaning
from txinetd.config.text import shown, visible
from txinetd.spec import (
    Address,
    Identity,
    InetAddress,
    Origin,
    ServiceSpec,
    SocketType,
    UnixAddress,
    VsockAddress,
)

__all__ = ["build"]

_TRANSPORTS = {SocketType.STREAM: "tcp", SocketType.DGRAM: "udp"}
_FAMILIES = ("", "4", "6", "46")

#: So much is said about one pair.
_MOST_PROBLEMS = 1000

#: What C{Type} may say of a server that is started as one of inetd's is.
_TYPES = frozenset({"simple", "exec", "idle", "oneshot"})
_NOTIFYING = frozenset({"notify", "notify-reload"})


def build(scope: Scope, origin: Origin) -> ServiceSpec | None:
    """
    Judge all settings, so that all that is wrong is said at once.

    @param origin: where the service is written.
    @return: C{None} after having said why there is no service.
    """
    pair = scope.pair
    for fault in pair.faults[:_MOST_PROBLEMS]:
        scope.reporter.path = fault.path
        hint = "nobody knows what it was to say"
        scope.reporter.drop("bad-line", fault.token, fault.found, fault.expected, hint)
    if not pair.found:
        if not pair.faults:
            scope.reporter.drop("no-address", _start(scope), "nothing", "a socket unit")
        return None
    if pair.missing or pair.files.unreadable:
        expected = f"{shown(pair.service)} beside it"
        scope.drop(pair.found[0], _start(scope), "missing-service", "a socket alone", expected)
        return None
    kind = sockets.socketType(scope)
    accepts = scope.switch("Socket", "Accept")
    scope.all("Socket", "Service")
    if kind is None:
        return None
    bound = sockets.addresses(scope, kind)
    options = sockets.socketOptions(scope, kind, bound or ())
    runsAs = process.identity(scope)
    variables = process.variables(scope)
    server = program(scope, variables)
    held = limits(scope, accepts)
    rules = access(scope)
    queue = sockets.backlog(scope)
    # Without a user the rest is judged all the same.
    kept = process.box(scope, runsAs or Identity("", 0, 0), variables)
    listens = _streams(scope)
    _type(scope)
    _combination(scope, kind, accepts, bound or ())
    name, protocol = _called(scope, kind, bound or ())
    _others(scope)
    if scope.reporter.dropped or None in (bound, runsAs, server):
        return None
    assert bound is not None and runsAs is not None and server is not None
    if scope.options.checkPrograms and kept.chroot is None:
        at = scope.all("Service", "ExecStart")[0]
        scope.reporter.path = at.path
        judge(at.token(), server.path, runsAs, scope.reporter)
    return ServiceSpec(
        name=name,
        socketType=kind,
        protocol=protocol,
        addresses=bound,
        wait=not accepts,
        server=server,
        identity=runsAs,
        limits=held,
        access=rules,
        backlog=queue,
        socketOptions=options,
        box=attrs.evolve(kept, listenDescriptors=listens),
        origin=origin,
    )


def _start(scope: Scope) -> Token:
    """
    Where the socket's unit begins.
    """
    return Token(scope.pair.socket, 1, 1)


def _streams(scope: Scope) -> bool:
    """
    Where the server's standard streams go.

    @return: whether it looks for its socket on descriptor 3.
    """
    given = {
        key: scope.last("Service", key)
        for key in ("StandardInput", "StandardOutput", "StandardError")
    }
    source = given["StandardInput"]
    if source is None or source.value != "socket":
        at = source or scope.last("Service", "ExecStart") or scope.pair.found[0]
        hint = "descriptors 0, 1 and 2 are the socket, too: what it writes there goes to clients"
        scope.warn(at, at.key, "streams", "no StandardInput=socket", "StandardInput=socket", hint)
        return True
    output, errors = given["StandardOutput"], given["StandardError"]
    if output is not None and output.value not in ("socket", "inherit"):
        scope.bad(output, "socket or inherit", "nothing else is there for its output")
    if errors is not None and errors.value not in ("socket", "inherit"):
        found = f"StandardError={visible(errors.value)}"
        hint = "what it writes there goes to its client"
        scope.warn(errors, errors.token(), "streams", found, "socket or inherit", hint)
    return False


def _type(scope: Scope) -> None:
    """
    How it says that it has begun, or not at all.
    """
    at = scope.last("Service", "Type")
    if at is None or at.value in _TYPES:
        return
    if at.value in _NOTIFYING:
        hint = "nobody listens to what it says"
        expected = "Type=simple"
        scope.warn(at, at.token(), "not-carried-over", f"Type={at.value}", expected, hint)
        return
    scope.bad(at, f"one of {', '.join(sorted(_TYPES))}")


def _combination(scope: Scope, kind: SocketType, accepts: bool, bound: Sequence[Address]) -> None:
    """
    What cannot be together.
    """
    inet = any(isinstance(each, InetAddress) for each in bound)
    first = scope.pair.found[0]
    if inet and any(isinstance(each, UnixAddress) for each in bound):
        found = "paths and addresses"
        scope.drop(first, first.key, "several-types", found, "sockets of one kind")
    virtual = sum(isinstance(each, VsockAddress) for each in bound)
    if virtual and len(bound) > 1:
        found = "vsock and another address"
        scope.drop(first, first.key, "several-addresses", found, "one vsock address alone")
    if inet and kind is SocketType.SEQPACKET:
        found = "packets in sequence of the internet"
        scope.drop(first, first.key, "type-and-protocol", found, "a path")
    if sum(isinstance(each, UnixAddress) for each in bound) > 1:
        scope.drop(first, first.key, "several-addresses", "several paths", "one path")
    for key in ("IPAddressAllow", "IPAddressDeny"):
        at = scope.last("Socket", key)
        if at is not None and kind.accepts and not accepts:
            hint = "the server accepts its clients by itself, and nobody can judge them"
            scope.drop(at, at.key, "unjudged", f"{key}= with Accept=no", "Accept=yes", hint)
    if accepts and kind is SocketType.DGRAM:
        at = scope.last("Socket", "Accept")
        assert at is not None
        scope.drop(at, at.token(), "type-and-protocol", "Accept=yes for datagrams", "Accept=no")
    at = scope.last("Socket", "Service")
    if accepts and at is not None:
        scope.drop(at, at.key, "bad-value", "Service= with Accept=yes", "either of them")


def _called(scope: Scope, kind: SocketType, bound: Sequence[Address]) -> tuple[str, str]:
    """
    The service's name and protocol.
    """
    named = scope.last(EXTENSION, "Name")
    said = scope.last(EXTENSION, "Protocol")
    if bound and isinstance(bound[0], UnixAddress):
        return str(bound[0]), "unix"
    if bound and isinstance(bound[0], VsockAddress):
        return str(bound[0]), "vsock"
    name = scope.pair.socket.removesuffix(".socket")
    if named is not None:
        name = scope.text(named) or name
    transport = _TRANSPORTS.get(kind, "tcp")
    if said is not None and said.value in [f"{transport}{each}" for each in _FAMILIES]:
        return visible(name), said.value
    found = {(":" in each.host, each.dualStack) for each in bound if isinstance(each, InetAddress)}
    family = {
        frozenset({(False, False)}): "4",
        frozenset({(True, False)}): "6",
        frozenset({(True, True)}): "46",
    }.get(frozenset(found), "")
    return visible(name), f"{transport}{family}"


def _others(scope: Scope) -> None:
    """
    Judge the settings that nobody has asked for.
    """
    judged: set[tuple[str, str]] = set()
    for each in scope.pair.found:
        place = (each.section, each.key.text)
        if place in scope.used or place in judged or each.section == EXTENSION:
            continue
        judged.add(place)
        for at in scope.pair.all(*place):
            if len(scope.reporter.diagnostics) >= _MOST_PROBLEMS:
                # What is not looked at may be what protects the service.
                found = f"more than {_MOST_PROBLEMS} problems"
                scope.drop(at, at.key, "too-many-problems", found, "a unit of systemd")
                return
            _other(scope, at)


def _other(scope: Scope, at: Assignment) -> None:
    """
    Judge one of them.
    """
    what = meaning(at.section, at.key.text, at.value)
    found = f"{visible(at.key.text)}={visible(at.value[:40])} in [{visible(at.section)}]"
    expected = "a setting that is carried out here"
    if what is Meaning.FUNCTION:
        hint = "the service goes without it"
        scope.warn(at, at.key, "unsupported-setting", found, expected, hint)
    elif what is Meaning.PROTECTION:
        hint = "it may keep the service from harm, so there is none without it"
        scope.drop(at, at.key, "unsupported-setting", found, expected, hint)
