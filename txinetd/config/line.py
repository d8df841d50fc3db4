# -*- test-case-name: tests.test_config_inetd -*-
"""
One positional line of inetd.conf(5), from its words to services.

A line is one service, but for RPC: there each run of versions, and each transport, is
one.
"""

from __future__ import annotations

import attrs

from txinetd.config import fields, modes, servers, users, wishes
from txinetd.config.addresses import Hosts
from txinetd.config.lexer import Token
from txinetd.config.place import Place, Places
from txinetd.config.programs import judge
from txinetd.config.reporter import Reporter
from txinetd.config.rules import Protocol, Rules
from txinetd.config.text import shown
from txinetd.config.values import LoadOptions
from txinetd.config.wrapping import wrapName
from txinetd.interfaces import INames
from txinetd.policy import EVERYBODY, Access, Reaction
from txinetd.sockopts import SocketOptions
from txinetd.spec import (
    Builtin,
    Identity,
    InetAddress,
    Limits,
    Program,
    ServiceSpec,
    SocketType,
)

__all__ = ["Line"]

#: Ports from here on anybody may take once nobody listens there.
_FIRST_FREE_PORT = 1024


@attrs.frozen
class Line:
    """
    Reads lines of one dialect.

    @ivar hosts: where services listen whose lines do not say.
    """

    names: INames
    options: LoadOptions
    rules: Rules
    hosts: Hosts

    def services(self, tokens: tuple[Token, ...], reporter: Reporter) -> list[ServiceSpec]:
        """
        Read the fields.  Every field is read, so that all that is wrong with a line is
        said at once.

        @param tokens: six or more.
        """
        options, rules = self.options, self.rules
        typed = fields.typeField(tokens[1], reporter, rules)
        if typed is None:
            # Perhaps no entry at all: one thing to say is enough.
            return []
        known = fields.protocolField(tokens[2], reporter, rules)
        waits = fields.waiting(tokens[3], reporter, rules, options.limits)
        internal = tokens[5].text == servers.INTERNAL
        identity = users.identity(
            tokens[4], self.names, options, reporter, runs=not internal, rules=rules
        )
        if known is None:
            return []
        if typed.instances is not None and waits is not None and not waits.wait:
            limits = attrs.evolve(waits.limits, instances=typed.instances, reaction=Reaction.PAUSE)
            waits = attrs.evolve(waits, limits=limits)
        if waits is not None and waits.wait and (waits.limits.instances or 1) > 1:
            many = waits.limits.instances or 1
            limits = attrs.evolve(waits.limits, instances=None, parallel=many)
            waits = attrs.evolve(waits, limits=limits)
        both = wishes.Wishes(known.wishes.send, known.wishes.receive, typed.wishes.filter)
        granted = wishes.grant(both, tokens[1], reporter)
        found: list[ServiceSpec] = []
        if known.protocols[0].rpc and "rpc" not in options.serves:
            expected = "a service with a port of its own"
            hint = "RPC services are not served here"
            reporter.drop("unsupported-rpc", tokens[2], shown(tokens[2].text), expected, hint)
            return []
        for protocol in known.protocols:
            kind = self._kind(typed.kind, protocol, len(known.protocols), tokens, reporter)
            if kind is not None:
                found += self._each(tokens, kind, protocol, waits, identity, granted, reporter)
        return [] if reporter.dropped else found

    def _kind(
        self,
        kind: SocketType | None,
        protocol: Protocol,
        several: int,
        tokens: tuple[Token, ...],
        reporter: Reporter,
    ) -> SocketType | None:
        """
        The socket type for one of a line's protocols.

        @param several: how many protocols there are.
        """
        fitting = SocketType.STREAM if protocol.transport == "tcp" else SocketType.DGRAM
        if kind is None:
            if protocol.rpc:
                return fitting
            found = f"{fields.TLI} with {protocol.text}"
            reporter.drop("unsupported-socket-type", tokens[1], found, f"{fields.TLI} with rpc/")
            return None
        if several > 1:
            # The transports are those of this type among all that are named.
            return kind if kind is fitting else None
        fields.agree(kind, protocol, tokens[1], reporter)
        return kind

    def _each(
        self,
        tokens: tuple[Token, ...],
        kind: SocketType,
        protocol: Protocol,
        waits: fields.Waiting | None,
        identity: Identity | None,
        options: SocketOptions,
        reporter: Reporter,
    ) -> list[ServiceSpec]:
        """
        The services of one of a line's protocols.
        """
        reading = Places(self.names, self.options, self.rules, self.hosts)
        places = reading.read(tokens[0], kind, protocol, identity, reporter)
        server: Program | Builtin | None = None
        if tokens[5].text == servers.INTERNAL:
            if places:
                server = self._builtin(tokens, kind, protocol, places[0], reporter)
            waits = modes.internalWaiting(kind, waits, self.rules, self.options, reporter)
        else:
            server = servers.program(tokens[5:], kind, waits, reporter, self.rules, self.options)
            modes.privateSocket(kind, protocol, waits, reporter)
            if server is not None and identity is not None and self.options.checkPrograms:
                judge(tokens[5], server.path, identity, reporter)
        if server is None or waits is None or identity is None:
            return []
        wrap = wrapName(server, waits, protocol, self.options, self.rules, reporter)
        return [
            ServiceSpec(
                name=place.name,
                socketType=kind,
                protocol=protocol.text,
                addresses=place.bound,
                wait=waits.wait,
                server=server,
                identity=identity,
                limits=self._limits(waits.limits, place),
                access=EVERYBODY if wrap is None else Access(wrap=wrap or place.name),
                backlog=self.options.backlog,
                socketOptions=options,
                rpc=place.rpc,
                multiplexed=place.multiplexed,
                origin=reporter.origin(tokens[0]),
            )
            for place in places
        ]

    def _limits(self, limits: Limits, place: Place) -> Limits:
        """
        A line's limits, by where it listens.
        """
        if not self.rules.keepsHighPorts or limits.closedFor is None or not place.bound:
            return limits
        for address in place.bound:
            if not isinstance(address, InetAddress) or address.port < _FIRST_FREE_PORT:
                return limits
        return attrs.evolve(limits, closedFor=None)

    def _builtin(
        self,
        tokens: tuple[Token, ...],
        kind: SocketType,
        protocol: Protocol,
        place: Place,
        reporter: Reporter,
    ) -> Builtin | None:
        """
        A service that is answered here.
        """
        service = tokens[0].text if place.number is None else place.name
        found = servers.builtin(
            tokens[5:],
            service,
            place.number,
            protocol,
            kind,
            self.names,
            self.options,
            reporter,
            self.rules,
        )
        if self.options.noInternal and not reporter.dropped:
            hint = "internal services are switched off"
            reporter.omit("no-internal", tokens[5], "internal", "a program", hint)
        return found
