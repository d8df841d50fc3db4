# -*- test-case-name: tests.test_config_keyvalue_entry -*-
"""
From a definition to a service::

    [hosts:]NAME on KEY = VALUE ..., ... ;
    PATH on protocol = unix, ... ;
    :USER:GROUP:MODE:PATH on protocol = unix, ... ;
    [CID:]PORT on protocol = vsock, ... ;
    PROGRAM/VERSIONS on protocol = rpc/udp, ... ;
    tcpmux/[+]NAME on protocol = tcp, ... ;

What a service is, these keys say:

 - C{bind}, the hosts to listen on, in place of those before the name;
 - C{port}, where the name is not to be looked up (ours, after xinetd.conf(5));
 - C{protocol}, as in the third field of a positional entry;
 - C{socktype}, which a C{protocol} of tcp or udp implies;
 - C{wait}, C{yes} or C{no}; an internal service knows by itself;
 - C{user} and C{group};
 - C{rpc}, an RPC program and its versions, where the name is not those (ours);
 - C{exec}, the program; without it, or with C{internal}, an internal service;
 - C{args}, the arguments, argv[0] first;
 - C{internal}, the internal service where that has not the name of this one, and its
   arguments (ours);
 - C{redirect}, the host and port that connections are passed on to (ours, after
   xinetd.conf(5)).

C{ipsec} can only be empty.  All other keys are in L{txinetd.config.settings}.  An
C{off} entry is read like any other, and makes no service.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from txinetd.config import fields, modes, users
from txinetd.config.addresses import Hosts
from txinetd.config.fields import Protocol, Waiting
from txinetd.config.keyvalue.definition import Definition
from txinetd.config.keyvalue.keys import Keys
from txinetd.config.keyvalue.location import Location
from txinetd.config.keyvalue.serving import Serving
from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.rules import Rules
from txinetd.config.settings import Context, applied
from txinetd.config.systems.ours import TXINETD
from txinetd.config.text import shown, visible
from txinetd.config.values import LoadOptions
from txinetd.config.wrapping import wrapName
from txinetd.errors import Severity
from txinetd.interfaces import INames
from txinetd.policy import EVERYBODY, Access
from txinetd.spec import Identity, ServiceSpec, SocketType

__all__ = ["definedServices"]

_IMPLIED = {
    "tcp": SocketType.STREAM,
    "udp": SocketType.DGRAM,
    "vsock": SocketType.STREAM,
}


def definedServices(
    definition: Definition,
    names: INames,
    options: LoadOptions,
    defaultHosts: Callable[[Token], Hosts],
    reporter: Reporter,
    rules: Rules = TXINETD,
) -> list[ServiceSpec]:
    """
    Read a definition.  All of it is read, so that all that is wrong with it is said at
    once.

    @param defaultHosts: where to listen if it does not say.
    @param rules: the dialect of the file: what names and numbers mean, and what holds
        if it does not say.
    @return: the service, or several for an RPC program with gaps between its versions;
        none if something is wrong with it or it is switched off.
    """
    problem = definition.problem
    found: list[ServiceSpec] = []
    if problem is not None:
        reporter.drop(problem.code, problem.token, problem.found, problem.expected, problem.hint)
    else:
        found = _Reading(definition, names, options, defaultHosts, reporter, rules).services()
    if definition.enabled:
        return [] if reporter.dropped else found
    # What is wrong with it is no reason to keep running what ran under its name.
    reporter.diagnostics = [attrs.evolve(each, dropped=False) for each in reporter.diagnostics]
    if all(each.severity < Severity.ERROR for each in reporter.diagnostics):
        hint = "it is read and makes no service"
        reporter.note("switched-off", definition.name, "an entry that is off", "on", hint)
    return []


class _Reading:
    """
    One definition being read.
    """

    def __init__(
        self,
        definition: Definition,
        names: INames,
        options: LoadOptions,
        defaultHosts: Callable[[Token], Hosts],
        reporter: Reporter,
        rules: Rules,
    ) -> None:
        self._name = name = definition.name
        self._names = names
        self._options = options
        self._reporter = reporter
        self._rules = rules
        self._keys = keys = Keys(name, definition.pairs, reporter)
        self._structure = keys.structure
        self._location = Location(name, keys, names, options, defaultHosts, reporter, rules)
        self._serving = Serving(name, keys, names, options, reporter, rules)

    def services(self) -> list[ServiceSpec]:
        """
        Read all keys.
        """
        options, reporter, serving = self._options, self._reporter, self._serving
        if "\0" in self._name.text:
            hint = "is the file UTF-16, or no text at all?"
            reporter.drop("nul-byte", self._name, "a NUL character", "text", hint)
            return []
        self._keys.checkPolicy()
        known = self._protocol()
        kind = self._socketType(known)
        serving.check()
        waits = self._waiting(kind)
        identity = self._identity(runs=serving.runs)
        transport = None if known is None else known.transport
        context = Context(self._names, options, reporter)
        changes = self._keys.changes(transport, not serving.runs, context)
        if known is None or kind is None:
            return []
        where = self._structure["socktype"].values[0] if "socktype" in self._structure else None
        fields.agree(kind, known, where or self._structure["protocol"].values[0], reporter)
        places = self._location.places(known, kind, identity)
        server = serving.server(kind, known, waits, identity, places[0] if places else None)
        if serving.isInternal and not serving.redirects:
            waits = modes.internalWaiting(kind, waits, self._rules, options, reporter)
        if server is None or waits is None or identity is None:
            return []
        recorded = any(place.part == "recording" for place, _ in changes)
        wrap = wrapName(server, waits, known, options, self._rules, reporter)
        return [
            applied(
                ServiceSpec(
                    name=place.name,
                    socketType=kind,
                    protocol=known.text,
                    addresses=place.bound,
                    wait=waits.wait,
                    server=server,
                    identity=identity,
                    limits=waits.limits,
                    access=EVERYBODY if wrap is None else Access(wrap=wrap or place.name),
                    backlog=options.backlog,
                    rpc=place.rpc,
                    multiplexed=place.multiplexed,
                    recording=options.recording if recorded else None,
                    origin=reporter.origin(self._name),
                ),
                changes,
            )
            for place in places
        ]

    def _protocol(self) -> Protocol | None:
        """
        C{protocol}.
        """
        token = self._keys.one("protocol", "tcp, tcp4, tcp6, udp, udp4, udp6, unix, vsock, ...")
        if token is None:
            return None
        known = fields.plainProtocol(token, self._reporter, self._rules)
        if known is not None and known.rpc and "rpc" not in self._options.serves:
            expected = "a service with a port of its own"
            hint = "RPC services are not served here"
            self._reporter.drop("unsupported-rpc", token, shown(token.text), expected, hint)
            return None
        return known

    def _socketType(self, known: Protocol | None) -> SocketType | None:
        """
        C{socktype}.
        """
        implied = None if known is None else _IMPLIED.get(known.transport)
        needed = known is not None and implied is None
        token = self._keys.one("socktype", "stream, dgram or seqpacket", needed=needed)
        if token is None:
            return None if "socktype" in self._structure else implied
        return fields.socketType(token, self._reporter)

    def _waiting(self, kind: SocketType | None) -> Waiting | None:
        """
        C{wait}, with the limit that holds if C{service_max} says no other.
        """
        serving = self._serving
        token = self._keys.one("wait", "yes or no", needed=serving.runs)
        if token is None:
            if serving.runs or kind is None or "wait" in self._structure:
                return None
            wait = kind is SocketType.DGRAM
            return Waiting(wait, self._rules.limitsFor(wait), self._name)
        if token.text not in ("yes", "no"):
            self._reporter.drop("unknown-wait", token, shown(token.text), "yes or no")
            return None
        wait = token.text == "yes"
        return Waiting(wait, self._rules.limitsFor(wait), token)

    def _identity(self, runs: bool) -> Identity | None:
        """
        C{user} and C{group}.
        """
        user = self._keys.one("user", "a user that exists, or -")
        group = self._keys.one("group", "a group that exists", needed=False)
        if user is None or ("group" in self._structure and group is None):
            return None
        if group is None:
            return users.identity(user, self._names, self._options, self._reporter, runs=runs)
        if user.text == "-" or ":" in user.text:
            found = f"group beside user = {visible(user.text)}"
            self._reporter.drop("conflicting-keys", group, found, "one group")
            return None
        if self._names.group(group.text) is None:
            found = shown(group.text)
            self._reporter.drop("unknown-group", group, found, "a group that exists")
            return None
        both = attrs.evolve(user, text=f"{user.text}:{group.text}")
        return users.identity(both, self._names, self._options, self._reporter, runs=runs)
