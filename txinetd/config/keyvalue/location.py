# -*- test-case-name: tests.test_config_keyvalue_entry -*-
"""
Where the service of a definition is found: its name, with C{bind}, C{port} and C{rpc}.

The name is as in the first field of a positional line, and C{port} and C{rpc} say what
it does not.  An RPC service's port is the kernel's choice, where C{port} does not say.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from txinetd.config import addresses
from txinetd.config.addresses import Hosts
from txinetd.config.keyvalue.keys import Keys
from txinetd.config.lexer import Token
from txinetd.config.place import Place, onlyPlace, registeredPlaces, reportHosts
from txinetd.config.registered import TCPMUX, behindTcpmux, rpc
from txinetd.config.reporter import Reporter
from txinetd.config.rules import Families, Protocol, Rules
from txinetd.config.text import shown, visible
from txinetd.config.values import LoadOptions, literal
from txinetd.config.vsock import vsockAddress
from txinetd.interfaces import INames
from txinetd.spec import Identity, InetAddress, Rpc, SocketType

__all__ = ["Location"]


@attrs.frozen
class Location:
    """
    Reads where a service is found.

    @ivar name: the definition's name.
    @ivar defaultHosts: where to listen if it does not say.
    """

    name: Token
    keys: Keys
    names: INames
    options: LoadOptions
    defaultHosts: Callable[[Token], Hosts]
    reporter: Reporter
    rules: Rules

    def places(self, known: Protocol, kind: SocketType, identity: Identity | None) -> list[Place]:
        """
        The places, of which only an RPC service can have several.

        @return: nothing after having said why.
        """
        if not known.rpc:
            self._without("rpc", reason="what is no RPC service", expected="it for RPC only")
        if known.families is Families.UNIX:
            return self._local(identity)
        if known.families is Families.VSOCK:
            return self._virtual()
        if self.name.text.startswith(TCPMUX):
            # A name can have a colon, and there are no addresses before it.
            field = addresses.InetField(None, self.name.text)
        else:
            found = addresses.inetField(self.name, self.reporter)
            if found is None:
                return []
            field = found
        if not known.rpc and field.service.startswith(TCPMUX):
            return self._multiplexed(field, known, kind)
        programs = self._programs(field.service) if known.rpc else ()
        number = self._port(field.service, known)
        hosts = self._hosts(field.hosts)
        if number is None or hosts is None or (known.rpc and not programs):
            return []
        bound = self._bind(hosts, known, number)
        if bound is None:
            return []
        if not known.rpc:
            return [Place(visible(field.service), number, bound)]
        if "rpc" in self.keys.structure:
            return [Place(visible(field.service), None, bound, rpc=each) for each in programs]
        return registeredPlaces(field.service, bound, programs)

    def _without(self, *keys: str, reason: str, expected: str) -> None:
        """
        Say that some keys have no meaning here, where they are given.
        """
        for key in keys:
            if key in self.keys.structure:
                token = self.keys.structure[key].key
                found = f"{key} for {reason}"
                self.reporter.drop("key-and-protocol", token, found, expected)

    def _local(self, identity: Identity | None) -> list[Place]:
        """
        A unix socket.
        """
        self._without("bind", "port", reason="a unix socket", expected="it for tcp and udp only")
        if identity is None:
            return []
        address = addresses.unixAddress(
            self.name, identity, self.names, self.options, self.reporter
        )
        return onlyPlace(address)

    def _virtual(self) -> list[Place]:
        """
        A socket for virtual machines.
        """
        self._without("bind", "port", reason="vsock", expected="it for tcp and udp only")
        return onlyPlace(vsockAddress(self.name, self.reporter))

    def _multiplexed(
        self, field: addresses.InetField, known: Protocol, kind: SocketType
    ) -> list[Place]:
        """
        A service behind tcpmux.
        """
        if field.hosts is not None:
            reportHosts(self.name, self.reporter)
        reason = "a service behind tcpmux"
        self._without("bind", "port", reason=reason, expected="no socket of its own")
        named = behindTcpmux(
            field.service, kind, known, self.name, self.rules, self.options, self.reporter
        )
        if named is None:
            return []
        return [Place(visible(field.service), None, (), multiplexed=named)]

    def _programs(self, service: str) -> tuple[Rpc, ...]:
        """
        The RPC program and its versions.
        """
        token, text = self.name, service
        if "rpc" in self.keys.structure:
            said = self.keys.one("rpc", "a program and its versions, such as rstatd/2-4")
            if said is None:
                return ()
            token, text = said, said.text
        return rpc(text, token, self.names, self.rules, self.reporter)

    def _port(self, service: str, known: Protocol) -> int | None:
        """
        The port; for RPC, 0 where it does not say.
        """
        names, reporter = self.names, self.reporter
        if "port" not in self.keys.structure:
            if known.rpc:
                return 0
            return addresses.port(service, known.transport, self.name, names, reporter)
        token = self.keys.one("port", "a port from 1 to 65535")
        if token is None:
            return None
        return addresses.port(token.text, known.transport, token, names, reporter)

    def _hosts(self, prefix: tuple[str, ...] | None) -> Hosts | None:
        """
        Where to listen.

        @param prefix: the hosts before the name.
        """
        names, options, reporter = self.names, self.options, self.reporter
        pair = self.keys.structure.get("bind")
        if pair is None:
            if prefix is None:
                return self.defaultHosts(self.name)
            return addresses.resolve(prefix, self.name, names, options, reporter)
        if not pair.values:
            found = "nothing for bind"
            reporter.drop("bad-value", pair.key, found, "addresses or host names, or *")
            return None
        hosts = []
        for token in pair.values:
            text = token.text
            if text.startswith("[") and text.endswith("]") and ":" in text:
                text = text[1:-1]
            if not text or "\0" in text or (":" in text and literal(text) is None):
                expected = "addresses or host names with blanks between them"
                reporter.drop("bad-address", token, shown(token.text), expected)
                return None
            hosts.append(text)
        return addresses.resolve(hosts, pair.values[0], names, options, reporter)

    def _bind(self, hosts: Hosts, known: Protocol, number: int) -> tuple[InetAddress, ...] | None:
        """
        What to bind.
        """
        pair = self.keys.structure.get("bind")
        where = self.name if pair is None else pair.values[0]
        return addresses.bindAddresses(hosts, known, number, where, self.options, self.reporter)
