# -*- test-case-name: tests.test_config_systems -*-
"""
Where a positional line's service is found: at a port, at a path, through rpcbind(8) or
behind tcpmux.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from txinetd.config import addresses
from txinetd.config.addresses import Hosts
from txinetd.config.lexer import Token
from txinetd.config.registered import TCPMUX, behindTcpmux, rpc
from txinetd.config.reporter import Reporter
from txinetd.config.rules import Families, HostForm, Protocol, Rules
from txinetd.config.text import shown, visible
from txinetd.config.values import LoadOptions
from txinetd.config.vsock import vsockAddress
from txinetd.interfaces import INames
from txinetd.spec import Address, Identity, InetAddress, Multiplexed, Rpc, SocketType

__all__ = ["Place", "Places", "onlyPlace", "registeredPlaces", "reportHosts"]


@attrs.frozen
class Place:
    """
    Where a service is found.

    @ivar name: the service's.
    @ivar number: its port, or C{None} where it is found otherwise.
    """

    name: str
    number: int | None
    bound: tuple[Address, ...]
    rpc: Rpc | None = None
    multiplexed: Multiplexed | None = None


def onlyPlace(address: Address | None) -> list[Place]:
    """
    The place of a service that is called by its address: a path, or a port of vsock(7).

    @param address: C{None} where it has been said why there is none.
    """
    return [] if address is None else [Place(str(address), None, (address,))]


def registeredPlaces(
    field: str, bound: tuple[Address, ...], programs: Sequence[Rpc]
) -> list[Place]:
    """
    The places of an RPC program, one for each run of its versions.

    @param field: the program and its versions as they were written.
    """
    if len(programs) == 1:
        return [Place(visible(field), None, bound, rpc=programs[0])]
    return [Place(f"{each.name}/{each.versions}", None, bound, rpc=each) for each in programs]


def reportHosts(token: Token, reporter: Reporter) -> None:
    """
    Say that a service behind tcpmux cannot be reached at some addresses only.
    """
    hint = "it is reached wherever tcpmux listens"
    expected = "tcpmux/NAME without an address"
    reporter.drop("bad-address", token, shown(token.text), expected, hint)


@attrs.frozen
class Places:
    """
    Reads the first field in one dialect.

    @ivar hosts: where services listen whose lines do not say.
    """

    names: INames
    options: LoadOptions
    rules: Rules
    hosts: Hosts

    def read(
        self,
        token: Token,
        kind: SocketType,
        protocol: Protocol,
        identity: Identity | None,
        reporter: Reporter,
    ) -> list[Place]:
        """
        What the first field says.

        @return: where to find the services; nothing after having said why.
        """
        if protocol.families is Families.UNIX:
            if identity is None:
                return []
            address = addresses.unixAddress(
                token, identity, self.names, self.options, reporter, self.rules
            )
            return onlyPlace(address)
        if protocol.families is Families.VSOCK:
            return onlyPlace(vsockAddress(token, reporter))
        field = addresses.inetField(token, reporter, self.rules)
        if field is None:
            return []
        if protocol.rpc:
            return self._programs(token, field, protocol, reporter)
        if field.service.startswith(TCPMUX):
            return self._multiplexed(token, field, kind, protocol, reporter)
        number = self._port(field.service, protocol, token, reporter)
        if number is None:
            return []
        bound = self._bind(token, field, protocol, number, reporter)
        return [] if bound is None else [Place(visible(field.service), number, bound)]

    def _multiplexed(
        self,
        token: Token,
        field: addresses.InetField,
        kind: SocketType,
        protocol: Protocol,
        reporter: Reporter,
    ) -> list[Place]:
        """
        The same for a service behind tcpmux.
        """
        if field.hosts is not None:
            reportHosts(token, reporter)
            return []
        rules, options = self.rules, self.options
        named = behindTcpmux(field.service, kind, protocol, token, rules, options, reporter)
        if named is None:
            return []
        return [Place(visible(field.service), None, (), multiplexed=named)]

    def _programs(
        self,
        token: Token,
        field: addresses.InetField,
        protocol: Protocol,
        reporter: Reporter,
    ) -> list[Place]:
        """
        The same for an RPC program.
        """
        programs = rpc(field.service, token, self.names, self.rules, reporter)
        bound = self._bind(token, field, protocol, 0, reporter) if programs else None
        if bound is None:
            return []
        return registeredPlaces(field.service, bound, programs)

    def _port(
        self, service: str, protocol: Protocol, token: Token, reporter: Reporter
    ) -> int | None:
        """
        A port by number or by name.
        """
        number = addresses.port(service, protocol.transport, token, self.names, reporter)
        if number is not None and service.isdigit() and not self.rules.ports:
            hint = f"{self.rules.title} wants a name of the services database"
            reporter.note("numeric-port", token, shown(service), "a service's name", hint)
        return number

    def _bind(
        self,
        token: Token,
        field: addresses.InetField,
        protocol: Protocol,
        number: int,
        reporter: Reporter,
    ) -> tuple[InetAddress, ...] | None:
        """
        What to bind.
        """
        hosts = self.hosts
        if field.hosts is not None:
            hosts = addresses.resolve(field.hosts, token, self.names, self.options, reporter)
        bound = addresses.bindAddresses(hosts, protocol, number, token, self.options, reporter)
        if bound is None or self.rules.hosts is not HostForm.ONE or len(bound) == 1:
            return bound
        if hosts.addresses != (addresses.ANY,):
            found = f"{shown(hosts.text)}, which has {len(bound)} addresses"
            hint = f"{self.rules.title} refuses a name that has several"
            reporter.drop("several-addresses", token, found, "one address", hint)
            return None
        return bound
