# -*- test-case-name: tests.test_config_inetd -*-
"""
The default format: the classic inetd.conf(5), as Linux and the BSDs have it in
common, with what each adds where the others do not contradict it.

The words of a line are those of L{txinetd.config.lexer}.  A file is::

    file     = { entry | default | definition }
    default  = hosts ":"                       alone on its line
    entry    = where type proto wait user server
    where    = [ [ hosts ] ":" ] service       proto is not unix
             | path                            proto is unix
             | ":" [user] ":" [group] ":" [mode] ":" path
    hosts    = host { "," host }
    host     = "*" | name | IPv4 address | "[" IPv6 address "]"
    service  = name | port
    type     = "stream" | "dgram" | "seqpacket"         (seqpacket: unix only)
    proto    = "tcp" | "udp" | "unix"
             | ("tcp" | "udp") ("4" | "6" | "46")
    wait     = ("wait" | "nowait") [ ("." | ":") number ]
    user     = "-" | user [ (":" | ".") group ]
    server   = path { argument }               the first argument is argv[0]
             | "internal" [ name ]

and a C{definition}, whose second word is C{on} or C{off}, is NetBSD's key=value form
(L{txinetd.config.keyvalue}).

What it means:

 - C{tcp} and C{udp} without an address are both families, one socket each;
   C{tcp46} and C{udp46} are one socket for both.  A service on several sockets
   is one service: its limits count for all of them together.
 - A C{hosts:} line holds until the next one or the end of its file; C{*:} is
   every address again.  A name stands for all of its addresses.
 - C{.number} is the most starts in any minute, 256 where none is given; 0 is no
   limit.  A number that is not clear is never taken for no limit.
 - C{-} is whoever runs the daemon.  A user whose name contains a dot comes
   before a user and a group.
 - A unix socket belongs to the service's user and group with mode 0600 where
   nothing else is said.
 - C{internal} serves the internal service of the line's service name or alias
   (of the last part of a unix path), C{internal NAME} the one of that name.
 - A program without arguments gets its base name as argv[0].

A line that is wrong costs that line, with an error; what would mean another
thing to another inetd is said in a warning or a note.  Not understood, and
refused by name rather than misread: RPC and TCPMUX services, limits after a
slash, login classes, buffer sizes, accept filters, IPsec policies (whose
services are left out, because running them without would be worse),
C{.include}.  A file in the format of xinetd.conf(5) is another dialect's.
"""

from __future__ import annotations

import attrs
from zope.interface import implementer

from txinetd.config import addresses, fields, modes, servers, users
from txinetd.config.addresses import Hosts
from txinetd.config.flaws import reportFlaws, reportWords
from txinetd.config.foreign import NO_ENTRY, Foreign, notInetdConf, startsXinetd
from txinetd.config.interfaces import IDialect, ParsedFile
from txinetd.config.keyvalue import KEYS, Definition, definedService, merged, parted
from txinetd.config.lexer import Entry, Token, decoded, lex
from txinetd.config.programs import judge
from txinetd.config.reporter import Reporter
from txinetd.config.text import shown, visible
from txinetd.config.values import LoadOptions, splitHosts
from txinetd.errors import Diagnostic, Severity
from txinetd.interfaces import INames
from txinetd.spec import Address, Builtin, Identity, Program, ServiceSpec

__all__ = ["ClassicDialect"]

_FIELDS = "service, type, protocol, wait or nowait, user, program"

#: So much is said about one file; a binary file must not fill the memory.
_MOST_DIAGNOSTICS = 10_000


@implementer(IDialect)
class ClassicDialect:
    """
    L{IDialect} for inetd.conf(5).
    """

    def parse(self, path: str, data: bytes, names: INames, options: LoadOptions) -> ParsedFile:
        """
        See L{IDialect.parse}.
        """
        reading = _Reading(path, names, options)
        first = True
        text, definitions = parted(decoded(data), KEYS)
        for entry in merged(lex(text), definitions):
            if len(reading.diagnostics) >= _MOST_DIAGNOSTICS:
                break
            if isinstance(entry, Definition):
                reading.definition(entry)
                continue
            if first and entry.tokens:
                first = False
                if startsXinetd(entry.tokens):
                    return ParsedFile((), (reading.xinetd(entry.tokens[0]),), understood=False)
            reading.entry(entry)
        return reading.result()


@attrs.define
class _Reading:
    """
    One file being read.

    @ivar hosts: where lines listen that do not say.
    @ivar refused: how many lines gave no service.
    """

    path: str
    names: INames
    options: LoadOptions
    services: list[ServiceSpec] = attrs.field(factory=list)
    diagnostics: list[Diagnostic] = attrs.field(factory=list)
    hosts: Hosts | None = None
    foreign: Foreign = attrs.field(factory=Foreign)
    refused: int = 0

    def result(self) -> ParsedFile:
        """
        What the file says, now that it was read as far as it goes.
        """
        services, diagnostics = tuple(self.services), tuple(self.diagnostics)
        if not self.foreign.plausible and self.refused >= NO_ENTRY:
            # One line says better than a hundred that this is something else.
            return ParsedFile((), (notInetdConf(diagnostics[0]),), understood=False)
        if len(diagnostics) >= _MOST_DIAGNOSTICS:
            last = attrs.evolve(diagnostics[-1].origin, label="")
            found = f"{len(diagnostics)} things to say"
            hint = "the rest of the file is not read"
            stop = Diagnostic(
                Severity.ERROR, "too-many-problems", last, found, "lines of inetd.conf(5)", hint
            )
            return ParsedFile(services, (*diagnostics, stop), understood=False)
        return ParsedFile(services, diagnostics)

    def xinetd(self, token: Token) -> Diagnostic:
        """
        The one thing to say about a file in another format.
        """
        reporter = Reporter(self.path, token.text)
        hint = f"nothing in this file is used; xinetd:{self.path} reads it as what it is"
        reporter.drop("xinetd-format", token, shown(token.text), "lines of inetd.conf(5)", hint)
        return reporter.diagnostics[0]

    def entry(self, entry: Entry) -> None:
        """
        Take one entry.
        """
        reporter = Reporter(self.path, entry.tokens[0].text if entry.tokens else "")
        reportFlaws(entry, reporter)
        if entry.tokens and not reporter.dropped:
            self._line(entry, reporter)
        elif entry.comment is not None:
            self.foreign.comment(entry.comment, reporter)
        self.refused += reporter.dropped
        self.diagnostics.extend(reporter.diagnostics)

    def definition(self, definition: Definition) -> None:
        """
        Take an entry of the key=value form.
        """
        reporter = Reporter(self.path, definition.name.text)
        if not self.foreign.definition(definition.name, reporter):
            spec = definedService(
                definition, self.names, self.options, self._defaultHosts, reporter
            )
            if spec is not None:
                self.services.append(spec)
        self.diagnostics.extend(reporter.diagnostics)

    def _line(self, entry: Entry, reporter: Reporter) -> None:
        """
        Take a line with words.
        """
        tokens = entry.tokens
        if addresses.isDefaultLine(tokens):
            self._default(tokens[0], reporter)
            return
        if self.foreign.line(tokens, reporter):
            return
        if len(tokens) < 6:
            _tooFew(tokens, reporter)
            return
        reportWords(entry, reporter)
        spec = self._service(tokens, reporter)
        if spec is not None and not reporter.dropped:
            self.services.append(spec)

    def _default(self, token: Token, reporter: Reporter) -> None:
        """
        Take an C{address:} line.  Where it names nothing that exists, the lines
        after it listen nowhere: on every address would be the opposite of what
        was asked for.
        """
        hosts = splitHosts(token.text[:-1] or addresses.ANY)
        if hosts is None:
            expected = "host,host: with IPv6 addresses in brackets"
            hint = "the lines after it, up to the next such line, are left out"
            reporter.drop("bad-address", token, shown(token.text), expected, hint)
            self.hosts = Hosts((), token.text)
            return
        self.hosts = addresses.resolve(hosts, token, self.names, self.options, reporter)

    def _service(self, tokens: tuple[Token, ...], reporter: Reporter) -> ServiceSpec | None:
        """
        Read the fields.  Every field is read, so that all that is wrong with a
        line is said at once.
        """
        options = self.options
        internal = tokens[5].text == servers.INTERNAL
        kind = fields.socketType(tokens[1], reporter)
        if kind is None:
            # Perhaps no entry at all: one thing to say is enough.
            return None
        known = fields.protocol(tokens[2], reporter)
        waits = fields.waiting(tokens[3], reporter)
        identity = users.identity(tokens[4], self.names, options, reporter, runs=not internal)
        if known is None:
            return None
        fields.agree(kind, known, tokens[1], reporter)
        if known.families is fields.Families.UNIX:
            bound, number = self._unix(tokens[0], identity, reporter), None
            name = str(bound[0]) if bound else ""
        else:
            name, number, bound = self._inet(tokens[0], known, reporter)
        server: Program | Builtin | None
        if internal:
            service = tokens[0].text if number is None else name
            server = (
                servers.builtin(
                    tokens[5:], service, number, known, kind, self.names, options, reporter
                )
                if bound is not None
                else None
            )
            waits = modes.internalWaiting(kind, waits, reporter)
            if options.noInternal and not reporter.dropped:
                hint = "internal services are switched off"
                reporter.omit("no-internal", tokens[5], "internal", "a program", hint)
        else:
            server = servers.program(tokens[5:], kind, waits, reporter)
            modes.privateSocket(kind, known, waits, reporter)
            if server is not None and identity is not None and options.checkPrograms:
                judge(tokens[5], server.path, identity, reporter)
        if not bound or server is None or waits is None or identity is None:
            return None
        return ServiceSpec(
            name=name,
            socketType=kind,
            protocol=known.text,
            addresses=bound,
            wait=waits.wait,
            server=server,
            identity=identity,
            limits=waits.limits,
            backlog=options.backlog,
            origin=reporter.origin(tokens[0]),
        )

    def _unix(
        self, token: Token, identity: Identity | None, reporter: Reporter
    ) -> tuple[Address, ...] | None:
        """
        What to bind, for the protocol unix.
        """
        if identity is None:
            return None
        address = addresses.unixAddress(token, identity, self.names, self.options, reporter)
        return None if address is None else (address,)

    def _inet(
        self, token: Token, known: fields.Protocol, reporter: Reporter
    ) -> tuple[str, int | None, tuple[Address, ...] | None]:
        """
        Name, port and what to bind, for tcp and udp.
        """
        field = addresses.inetField(token, reporter)
        if field is None:
            return "", None, None
        name = visible(field.service)
        number = addresses.port(field.service, known.transport, token, self.names, reporter)
        if number is None:
            return name, None, None
        if field.hosts is not None:
            hosts = addresses.resolve(field.hosts, token, self.names, self.options, reporter)
        else:
            hosts = self._defaultHosts(token)
        bound = addresses.bindAddresses(hosts, known, number, token, self.options, reporter)
        return name, number, bound

    def _defaultHosts(self, token: Token) -> Hosts:
        """
        Where a line listens that does not say.  The hosts of the command line are
        looked up once a file; what could not be found among them is the loader's to
        say, once for all files.
        """
        if self.hosts is not None:
            return self.hosts
        silent = Reporter(self.path, "")
        chosen = self.options.defaultAddresses or (addresses.ANY,)
        self.hosts = addresses.resolve(chosen, token, self.names, self.options, silent)
        return self.hosts


def _tooFew(tokens: tuple[Token, ...], reporter: Reporter) -> None:
    """
    Say that fields are missing, and which if that can be told.
    """
    hint = ""
    if len(tokens) == 5:
        if tokens[4].text.startswith("/") or tokens[4].text == servers.INTERNAL:
            hint = "is the user missing before the program?"
        else:
            hint = "the program is missing"
    found = f"{len(tokens)} {'field' if len(tokens) == 1 else 'fields'}"
    reporter.drop("too-few-fields", tokens[-1], found, _FIELDS, hint)
