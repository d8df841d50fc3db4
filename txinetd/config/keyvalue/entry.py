# -*- test-case-name: tests.test_config_keyvalue_entry -*-
"""
From a definition to a service::

    [hosts:]NAME on KEY = VALUE ..., ... ;
    PATH on protocol = unix, ... ;
    :USER:GROUP:MODE:PATH on protocol = unix, ... ;

What a service is, these keys say:

 - C{bind}, the hosts to listen on, in place of those before the name;
 - C{port}, where the name is not to be looked up (ours, after xinetd.conf(5));
 - C{protocol}, as in the third field of a positional entry;
 - C{socktype}, which a C{protocol} of tcp or udp implies;
 - C{wait}, C{yes} or C{no}; an internal service knows by itself;
 - C{user} and C{group};
 - C{exec}, the program; without it, or with C{internal}, an internal service;
 - C{args}, the arguments, argv[0] first;
 - C{internal}, the internal service where that has not the name of this one (ours).

C{ipsec} can only be empty.  All other keys are in L{txinetd.config.settings}.  An
C{off} entry is read like any other, and makes no service.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from txinetd.config import addresses, fields, modes, servers, users
from txinetd.config.addresses import Hosts
from txinetd.config.fields import Families, Protocol, Waiting
from txinetd.config.keyvalue.definition import Definition
from txinetd.config.keyvalue.keys import Keys
from txinetd.config.lexer import Token
from txinetd.config.programs import judge
from txinetd.config.reporter import Reporter
from txinetd.config.rules import Rules
from txinetd.config.settings import Context, applied
from txinetd.config.systems.ours import TXINETD
from txinetd.config.text import shown, visible
from txinetd.config.values import LoadOptions, literal
from txinetd.errors import Severity
from txinetd.interfaces import INames
from txinetd.spec import (
    Address,
    Builtin,
    Identity,
    Program,
    ServiceSpec,
    SocketType,
)

__all__ = ["definedService"]

_IMPLIED = {"tcp": SocketType.STREAM, "udp": SocketType.DGRAM}


def definedService(
    definition: Definition,
    names: INames,
    options: LoadOptions,
    defaultHosts: Callable[[Token], Hosts],
    reporter: Reporter,
    rules: Rules = TXINETD,
) -> ServiceSpec | None:
    """
    Read a definition.  All of it is read, so that all that is wrong with it is said at
    once.

    @param defaultHosts: where to listen if it does not say.
    @param rules: the dialect of the file: what names and numbers mean, and what holds
        if it does not say.
    @return: the service; C{None} where there is none, because something is wrong with
        it or it is switched off.
    """
    problem = definition.problem
    if problem is not None:
        reporter.drop(problem.code, problem.token, problem.found, problem.expected, problem.hint)
        spec = None
    else:
        spec = _Reading(definition, names, options, defaultHosts, reporter, rules).service()
    if definition.enabled:
        return None if reporter.dropped else spec
    # What is wrong with it is no reason to keep running what ran under its name.
    reporter.diagnostics = [attrs.evolve(each, dropped=False) for each in reporter.diagnostics]
    if all(each.severity < Severity.ERROR for each in reporter.diagnostics):
        hint = "it is read and makes no service"
        reporter.note("switched-off", definition.name, "an entry that is off", "on", hint)
    return None


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
        self._name = definition.name
        self._names = names
        self._options = options
        self._defaultHosts = defaultHosts
        self._reporter = reporter
        self._rules = rules
        self._keys = Keys(definition.name, definition.pairs, reporter)
        self._structure = self._keys.structure

    def service(self) -> ServiceSpec | None:
        """
        Read all keys.
        """
        options, reporter = self._options, self._reporter
        if "\0" in self._name.text:
            hint = "is the file UTF-16, or no text at all?"
            reporter.drop("nul-byte", self._name, "a NUL character", "text", hint)
            return None
        self._keys.checkPolicy()
        known = self._protocol()
        kind = self._socketType(known)
        internal = self._internal()
        waits = self._waiting(kind, internal)
        identity = self._identity(runs=internal is None)
        transport = None if known is None else known.transport
        context = Context(self._names, options, reporter)
        changes = self._keys.changes(transport, internal is not None, context)
        if known is None or kind is None:
            return None
        where = self._structure["socktype"].values[0] if "socktype" in self._structure else None
        fields.agree(kind, known, where or self._structure["protocol"].values[0], reporter)
        name, number, bound = self._bound(known, identity)
        server: Program | Builtin | None = None
        if internal is None:
            server = self._program(kind, waits, identity)
            modes.privateSocket(kind, known, waits, reporter)
        elif bound is not None:
            served = self._name.text if number is None else name
            server = servers.builtin(
                internal,
                served,
                number,
                known,
                kind,
                self._names,
                options,
                reporter,
                self._rules,
            )
            waits = modes.internalWaiting(kind, waits, self._rules, options, reporter)
            if options.noInternal and not reporter.dropped:
                hint = "internal services are switched off"
                reporter.omit("no-internal", internal[0], "internal", "a program", hint)
        if not bound or server is None or waits is None or identity is None:
            return None
        spec = ServiceSpec(
            name=name,
            socketType=kind,
            protocol=known.text,
            addresses=bound,
            wait=waits.wait,
            server=server,
            identity=identity,
            limits=waits.limits,
            backlog=options.backlog,
            origin=reporter.origin(self._name),
        )
        return applied(spec, changes)

    def _protocol(self) -> Protocol | None:
        """
        C{protocol}.
        """
        token = self._keys.one("protocol", "tcp, tcp4, tcp6, udp, udp4, udp6, unix, ...")
        return None if token is None else fields.protocol(token, self._reporter, self._rules)

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

    def _internal(self) -> tuple[Token, ...] | None:
        """
        Whether it is an internal service: C{internal}, and its name if that is said.

        @return: C{None} for a program.
        """
        path = self._structure.get("exec")
        named = self._structure.get("internal")
        if path is not None and [each.text for each in path.values] != [servers.INTERNAL]:
            if named is not None:
                found = "internal beside exec"
                self._reporter.drop("conflicting-keys", named.key, found, "one of the two")
            return None
        if "args" in self._structure:
            token = self._structure["args"].key
            hint = "an internal service has no arguments"
            self._reporter.drop("conflicting-keys", token, "args without exec", "exec, too", hint)
        first = Token(servers.INTERNAL, self._name.line, self._name.column)
        if named is None:
            return (first,)
        token_ = self._keys.one("internal", "the name of an internal service")
        return (first,) if token_ is None else (first, token_)

    def _waiting(
        self, kind: SocketType | None, internal: tuple[Token, ...] | None
    ) -> Waiting | None:
        """
        C{wait}, with the limit that holds if C{service_max} says no other.
        """
        token = self._keys.one("wait", "yes or no", needed=internal is None)
        if token is None:
            if internal is None or kind is None or "wait" in self._structure:
                return None
            wait = kind is SocketType.DGRAM
            return Waiting(wait, self._rules.limitsFor(wait), internal[0])
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

    def _bound(
        self, known: Protocol, identity: Identity | None
    ) -> tuple[str, int | None, tuple[Address, ...] | None]:
        """
        Name, port and what to bind.
        """
        reporter, names, options = self._reporter, self._names, self._options
        if known.families is Families.UNIX:
            for key in ("bind", "port"):
                if key in self._structure:
                    token = self._structure[key].key
                    found = f"{key} for a unix socket"
                    reporter.drop("key-and-protocol", token, found, "it for tcp and udp only")
            if identity is None:
                return "", None, None
            address = addresses.unixAddress(self._name, identity, names, options, reporter)
            return ("", None, None) if address is None else (str(address), None, (address,))
        field = addresses.inetField(self._name, reporter)
        if field is None:
            return "", None, None
        name = visible(field.service)
        number = self._port(field.service, known)
        hosts = self._hosts(field.hosts)
        if number is None or hosts is None:
            return name, None, None
        where = self._structure["bind"].values[0] if "bind" in self._structure else self._name
        bound = addresses.bindAddresses(hosts, known, number, where, options, reporter)
        return name, number, bound

    def _port(self, service: str, known: Protocol) -> int | None:
        """
        The port.
        """
        if "port" not in self._structure:
            return addresses.port(service, known.transport, self._name, self._names, self._reporter)
        token = self._keys.one("port", "a port from 1 to 65535")
        if token is None:
            return None
        return addresses.port(token.text, known.transport, token, self._names, self._reporter)

    def _hosts(self, prefix: tuple[str, ...] | None) -> Hosts | None:
        """
        Where to listen.

        @param prefix: the hosts before the name.
        """
        pair = self._structure.get("bind")
        if pair is None:
            if prefix is None:
                return self._defaultHosts(self._name)
            return addresses.resolve(prefix, self._name, self._names, self._options, self._reporter)
        if not pair.values:
            found = "nothing for bind"
            self._reporter.drop("bad-value", pair.key, found, "addresses or host names, or *")
            return None
        hosts = []
        for token in pair.values:
            text = token.text
            if text.startswith("[") and text.endswith("]") and ":" in text:
                text = text[1:-1]
            if not text or "\0" in text or (":" in text and literal(text) is None):
                expected = "addresses or host names with blanks between them"
                self._reporter.drop("bad-address", token, shown(token.text), expected)
                return None
            hosts.append(text)
        return addresses.resolve(hosts, pair.values[0], self._names, self._options, self._reporter)

    def _program(
        self, kind: SocketType, waits: Waiting | None, identity: Identity | None
    ) -> Program | None:
        """
        C{exec} and C{args}.
        """
        path = self._keys.one("exec", "the whole path of a program")
        arguments = self._structure["args"].values if "args" in self._structure else ()
        zero = next((each for each in arguments if "\0" in each.text), None)
        if zero is not None:
            self._reporter.drop("nul-byte", zero, "a NUL character", "text")
            return None
        if path is None:
            return None
        server = servers.program((path, *arguments), kind, waits, self._reporter)
        if server is not None and identity is not None and self._options.checkPrograms:
            judge(path, server.path, identity, self._reporter)
        return server
