# -*- test-case-name: tests.test_config_xinetd_build -*-
"""
From what holds for a service to its spec.
"""

from __future__ import annotations

from collections.abc import Mapping

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.settings.table import applied
from txinetd.config.text import shown, visible
from txinetd.config.xinetd import policies, serving
from txinetd.config.xinetd.attribute import Scope
from txinetd.config.xinetd.draft import Draft
from txinetd.config.xinetd.listeners import Listener, listener, portNumber, transportOf
from txinetd.config.xinetd.logs import recording
from txinetd.config.xinetd.notyet import NotDone, sayNotDone
from txinetd.spec import (
    Multiplexed,
    Rpc,
    ServiceSpec,
)

__all__ = ["build"]

_MULTIPLEXED = frozenset({"TCPMUX", "TCPMUXPLUS"})


def build(
    draft: Draft, name: Token, scope: Scope, notDone: Mapping[str, NotDone]
) -> ServiceSpec | None:
    """
    Judge the attributes of a service together.  All of them are looked at, so that all
    that is wrong is said at once.

    @param name: the service's name, where it stands.
    @param scope: with the service's reporter.
    @return: C{None} after having said why there is no service.
    """
    reporter = scope.reporter
    _required(draft, name, scope)
    sayNotDone(draft, notDone, name, reporter)
    _oddities(draft, name, scope)
    runsAs = serving.identity(draft, scope)
    known = transportOf(draft, name, scope)
    if known is None:
        return None
    kind, transport = known
    wait = serving.waiting(draft, name, kind, scope)
    server = serving.server(draft, name, kind, runsAs, scope)
    rpc = _rpc(draft, name, scope)
    multiplexed = _multiplexed(draft, name, transport, scope)
    place: Listener | None
    if multiplexed is not None:
        place = Listener(transport, ())
    elif "RPC" in draft.type:
        place = listener(draft, name, transport, draft.port or 0, scope)
    else:
        port = portNumber(draft, name, transport, scope)
        place = None if port is None else listener(draft, name, transport, port, scope)
    if server is not None and policies.acceptsItself(draft, server):
        _unjudged(draft, reporter)
    if serving.isInternal(draft) and scope.options.noInternal and not reporter.dropped:
        token = draft.places.get("type", name)
        hint = "internal services are switched off"
        reporter.omit("no-internal", token, "INTERNAL", "a program", hint)
    if reporter.dropped or None in (runsAs, wait, server, place):
        return None
    assert runsAs is not None and wait is not None and server is not None and place is not None
    spec = ServiceSpec(
        name=visible(draft.id or name.text),
        socketType=kind,
        protocol=place.protocol if rpc is None else f"rpc/{place.protocol}",
        addresses=place.addresses,
        wait=wait,
        server=server,
        identity=runsAs,
        limits=policies.limits(draft),
        access=policies.access(draft, name, server),
        backlog=scope.options.backlog,
        socketOptions=policies.socketOptions(draft),
        box=policies.box(draft, runsAs),
        rpc=rpc,
        multiplexed=multiplexed,
        recording=recording(draft.logType, draft.logOnSuccess, draft.logOnFailure),
        origin=reporter.origin(name),
    )
    return _withOwn(spec, draft, transport, scope)


def _required(draft: Draft, name: Token, scope: Scope) -> None:
    """
    Say what every service of its kind has and this one lacks.
    """
    needed = {"socketType": "socket_type", "wait": "wait"}
    if not serving.isInternal(draft):
        needed["user"] = "user"
        if draft.redirect is None and "redirect" not in draft.broken:
            needed["server"] = "server"
    if "RPC" in draft.type:
        needed["rpcVersion"] = "rpc_version"
    missing = [
        attribute
        for field, attribute in needed.items()
        if getattr(draft, field) is None and field not in draft.broken
    ]
    if missing:
        found = f"a service without {', '.join(missing)}"
        scope.reporter.drop("missing-attribute", name, found, "it among the attributes")


def _oddities(draft: Draft, name: Token, scope: Scope) -> None:
    """
    Say what is written and has no effect.
    """
    reporter = scope.reporter
    token = draft.places.get("flags", name)
    for flag in ("REUSE", "NORETRY"):
        if flag in draft.flags:
            hint = "addresses are always reused" if flag == "REUSE" else "no start is tried again"
            reporter.note("flag-without-effect", token, flag, "no such flag", hint)
    if draft.denyTime is not None and "SENSOR" not in draft.flags:
        expected = "flags = SENSOR besides"
        reporter.warn("not-needed", draft.places["denyTime"], "deny_time", expected)
    for field, attribute in (("rpcVersion", "rpc_version"), ("rpcNumber", "rpc_number")):
        if getattr(draft, field) is not None and "RPC" not in draft.type:
            reporter.warn("not-needed", draft.places[field], attribute, "type = RPC besides")


def _unjudged(draft: Draft, reporter: Reporter) -> None:
    """
    Say that rules about clients cannot be kept where a program accepts them by itself.
    """
    rules = {"onlyFrom": "only_from", "noAccess": "no_access", "libwrap": "libwrap"}
    places = [(rules[each], draft.places[each]) for each in rules if each in draft.places]
    places += [(each, draft.own[each][0].token) for each in ("allow", "deny") if each in draft.own]
    for attribute, token in places:
        expected = "wait = no with it"
        hint = "with wait = yes the server accepts its clients by itself, and nobody can judge them"
        found = f"{attribute} for a stream service with wait = yes"
        reporter.drop("unjudged", token, found, expected, hint)


def _rpc(draft: Draft, name: Token, scope: Scope) -> Rpc | None:
    """
    What is to be registered with rpcbind(8).
    """
    if "RPC" not in draft.type or draft.rpcVersion is None:
        return None
    number = draft.rpcNumber
    if "UNLISTED" not in draft.type:
        known = scope.names.rpc(name.text)
        if number is not None and number != known:
            expected = "the number that rpc(5) has"
            hint = "with type = RPC UNLISTED any number will do"
            token = draft.places["rpcNumber"]
            scope.reporter.drop("port-mismatch", token, f"rpc_number {number}", expected, hint)
            return None
        number = known
    if number is None:
        expected = "a program of rpc(5), or type = RPC UNLISTED and rpc_number"
        scope.reporter.drop("unknown-service", name, shown(name.text), expected)
        return None
    first, last = draft.rpcVersion
    return Rpc(number, visible(name.text), first, last)


def _multiplexed(draft: Draft, name: Token, transport: str, scope: Scope) -> Multiplexed | None:
    """
    How a client of tcpmux gets it.
    """
    if not _MULTIPLEXED.intersection(draft.type):
        return None
    token = draft.places["type"]
    if "UNLISTED" not in draft.type:
        expected = "UNLISTED besides"
        scope.reporter.drop("bad-tcpmux", token, "TCPMUX alone", expected)
    if transport != "tcp" or draft.wait:
        expected = "socket_type = stream and wait = no"
        scope.reporter.drop("bad-tcpmux", token, "TCPMUX for another kind of service", expected)
    if draft.port is not None or (draft.bind is not None and "bind" not in draft.inherited):
        field = "port" if draft.port is not None else "bind"
        hint = "clients come by way of the service tcpmux"
        scope.reporter.warn("not-needed", draft.places[field], field, "none", hint)
    return Multiplexed(visible(name.text), "TCPMUXPLUS" in draft.type)


def _withOwn(spec: ServiceSpec, draft: Draft, transport: str, scope: Scope) -> ServiceSpec | None:
    """
    The spec with the settings that xinetd does not have.
    """
    changes = []
    for key, given in draft.own.items():
        for change in given:
            if transport in change.transports:
                changes.append((change.place, change.value))
            elif key not in draft.inherited:
                expected = f"it for {' and '.join(sorted(change.transports))} only"
                found = f"{key} for {transport}"
                scope.reporter.drop("key-and-protocol", change.token, found, expected)
    rules = [key for key in ("allow", "deny") if key in draft.own]
    if rules and (draft.onlyFrom is not None or draft.noAccess is not None):
        found = f"{rules[0]} beside only_from or no_access"
        expected = "either these, of which the better match counts, or those, of which the first"
        scope.reporter.drop("mixed-rules", draft.own[rules[0]][0].token, found, expected)
    return None if scope.reporter.dropped else applied(spec, changes)
