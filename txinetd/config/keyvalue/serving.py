# -*- test-case-name: tests.test_config_keyvalue_entry -*-
"""
What serves, of a definition: C{exec} and C{args}, C{internal}, or C{redirect}.
"""

from __future__ import annotations

import attrs

from txinetd.config import modes, servers
from txinetd.config.keyvalue.keys import Keys
from txinetd.config.lexer import Token
from txinetd.config.place import Place
from txinetd.config.programs import judge
from txinetd.config.reporter import Reporter
from txinetd.config.rules import Protocol, Rules
from txinetd.config.text import shown
from txinetd.config.values import LoadOptions, literal
from txinetd.config.waiting import Waiting
from txinetd.interfaces import INames
from txinetd.names import isNumber
from txinetd.spec import Builtin, Identity, Program, Redirect, Server, SocketType

__all__ = ["Serving"]


@attrs.frozen
class Serving:
    """
    Reads what serves.

    @ivar name: the definition's name.
    """

    name: Token
    keys: Keys
    names: INames
    options: LoadOptions
    reporter: Reporter
    rules: Rules

    @property
    def runs(self) -> bool:
        """
        Whether it is a program.
        """
        return not self.redirects and not self.isInternal

    @property
    def redirects(self) -> bool:
        """
        Whether connections are passed on.
        """
        return "redirect" in self.keys.structure

    @property
    def isInternal(self) -> bool:
        """
        Whether it is a service of our own.
        """
        path = self.keys.structure.get("exec")
        return path is None or [each.text for each in path.values] == [servers.INTERNAL]

    def check(self) -> None:
        """
        Say so if there is more than one thing that serves.
        """
        structure = self.keys.structure
        other = "redirect" if self.redirects else "exec"
        if self.redirects and "exec" in structure:
            self._conflict("redirect", "redirect beside exec", "one of the two")
        if "internal" in structure and (self.redirects or self.runs):
            self._conflict("internal", f"internal beside {other}", "one of the two")
        if "args" in structure and not self.runs:
            hint = f"{'redirect' if self.redirects else 'an internal service'} has no arguments"
            self._conflict("args", "args without exec", "exec, too", hint)

    def _conflict(self, key: str, found: str, expected: str, hint: str = "") -> None:
        """
        Say so at a key.
        """
        token = self.keys.structure[key].key
        self.reporter.drop("conflicting-keys", token, found, expected, hint)

    def program(
        self, kind: SocketType, known: Protocol, waits: Waiting | None, identity: Identity | None
    ) -> Program | None:
        """
        C{exec} and C{args}.
        """
        modes.privateSocket(kind, known, waits, self.reporter)
        path = self.keys.one("exec", "the whole path of a program")
        pair = self.keys.structure.get("args")
        arguments = () if pair is None else pair.values
        zero = next((each for each in arguments if "\0" in each.text), None)
        if zero is not None:
            self.reporter.drop("nul-byte", zero, "a NUL character", "text")
            return None
        if path is None:
            return None
        server = servers.program((path, *arguments), kind, waits, self.reporter)
        if server is not None and identity is not None and self.options.checkPrograms:
            judge(path, server.path, identity, self.reporter)
        return server

    def internal(self, kind: SocketType, known: Protocol, place: Place) -> Builtin | None:
        """
        A service of our own: the one of that name, or of the name of this one.
        """
        pair = self.keys.structure.get("internal")
        first = Token(servers.INTERNAL, self.name.line, self.name.column)
        if pair is not None and not pair.values:
            expected = "the name of an internal service"
            self.reporter.drop("bad-value", pair.key, "nothing for internal", expected)
            return None
        return servers.builtin(
            (first, *(() if pair is None else pair.values)),
            self.name.text if place.number is None else place.name,
            place.number,
            known,
            kind,
            self.names,
            self.options,
            self.reporter,
        )

    def redirect(self, kind: SocketType, waits: Waiting | None) -> Redirect | None:
        """
        C{redirect}, a host and a port, as in xinetd.conf(5).
        """
        pair = self.keys.structure["redirect"]
        if kind is not SocketType.STREAM:
            expected = "redirect with stream"
            self._conflict("redirect", f"redirect with {kind.value}", expected)
        if waits is not None and waits.wait:
            found = "wait = yes beside redirect"
            self.reporter.drop("conflicting-keys", waits.token, found, "wait = no")
        if len(pair.values) != 2 or any("\0" in each.text for each in pair.values):
            expected = "a host and a port, such as 192.0.2.1 80"
            self.reporter.drop("bad-value", pair.key, "another value for redirect", expected)
            return None
        host, port = pair.values
        number = int(port.text) if isNumber(port.text) else self.names.port(port.text, "tcp")
        if number is None or not 1 <= number <= 65535:
            expected = "a port, or a service that the services database has for tcp"
            self.reporter.drop("bad-port", port, shown(port.text), expected)
            return None
        numeric = literal(host.text)
        hosts = self.names.addresses(host.text) if numeric is None else (numeric,)
        if not hosts:
            expected = "an address, or a name that has one"
            self.reporter.drop("unknown-host", host, shown(host.text), expected)
            return None
        return Redirect(tuple((each, number) for each in hosts), f"{host.text} {port.text}")

    def server(
        self,
        kind: SocketType,
        known: Protocol,
        waits: Waiting | None,
        identity: Identity | None,
        place: Place | None,
    ) -> Server | None:
        """
        What serves.

        @param place: where, or C{None} where that is not known.
        """
        if self.redirects:
            return self.redirect(kind, waits)
        if self.runs:
            return self.program(kind, known, waits, identity)
        if place is None:
            return None
        found = self.internal(kind, known, place)
        if self.options.noInternal and not self.reporter.dropped:
            hint = "internal services are switched off"
            token = Token(servers.INTERNAL, self.name.line, self.name.column)
            self.reporter.omit("no-internal", token, "internal", "a program", hint)
        return found
