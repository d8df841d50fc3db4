# -*- test-case-name: tests.test_config_inetd -*-
"""
The default format: the classic inetd.conf(5), as Linux and the BSDs have it in
common, with what each adds where the others do not contradict it.

The words of a line are those of L{txinetd.config.lexer}.  A file is::

    file     = { entry | default }
    default  = hosts ":"                       alone on its line
    entry    = where type proto wait user server
    where    = [ [ hosts ] ":" ] service       proto is not unix
             | [ [ hosts ] ":" ] program [ "/" versions ]         proto is rpc/
             | "tcpmux/" [ "+" ] name          proto is tcp
             | path                            proto is unix
             | ":" [user] ":" [group] ":" [mode] ":" path
    hosts    = host { "," host }
    host     = "*" | name | IPv4 address | "[" IPv6 address "]"
    service  = name | port
    type     = "stream" | "dgram" | "seqpacket"         (seqpacket: unix only)
    proto    = "tcp" | "udp" | "unix"
             | ("tcp" | "udp") ("4" | "6" | "46")
             | "rpc/" and one of these but unix
    wait     = ("wait" | "nowait") [ ("." | ":") number ]
    user     = "-" | user [ (":" | ".") group ]
    server   = path { argument }               the first argument is argv[0]
             | "internal" [ name { option } ]                   options: auth only

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
refused by name rather than misread: limits after a slash, login classes, buffer
sizes, accept filters, IPsec policies (whose services are left out, because running
them without would be worse).  A file
in the format of xinetd.conf(5) is another dialect's.

C{.include PATTERN} reads other files in place of the line, as NetBSD has it, and
entries whose second word is C{on} or C{off} are of the key=value form
(L{txinetd.config.keyvalue}).

The other systems' dialects are read by the same code: what they differ in is in
L{txinetd.config.systems}.
"""

from __future__ import annotations

import attrs
from zope.interface import implementer

from txinetd.config import addresses, servers
from txinetd.config.addresses import Hosts
from txinetd.config.elsewhere import Elsewhere
from txinetd.config.flaws import reportFlaws, reportWords
from txinetd.config.foreign import NO_ENTRY, Foreign, notInetdConf, startsXinetd
from txinetd.config.include import INCLUDE, Included, Including
from txinetd.config.interfaces import IDialect, ParsedFile
from txinetd.config.keyvalue import KEYS, Definition, definedServices, merged, parted
from txinetd.config.lexer import Entry, Lexer, Token, decoded
from txinetd.config.line import Line
from txinetd.config.registered import ownTcpmux
from txinetd.config.reporter import Reporter
from txinetd.config.rules import Rules
from txinetd.config.systems.ours import TXINETD
from txinetd.config.text import shown
from txinetd.config.values import LoadOptions, splitHosts
from txinetd.errors import Diagnostic, Severity
from txinetd.interfaces import INames
from txinetd.spec import ServiceSpec

__all__ = ["ClassicDialect"]

_FIELDS = "service, type, protocol, wait or nowait, user, program"

#: So much is said about one file; a binary file must not fill the memory.
_MOST_DIAGNOSTICS = 10_000


@implementer(IDialect)
@attrs.frozen
class ClassicDialect:
    """
    L{IDialect} for the positional forms of inetd.conf(5), and for the key=value form
    where that may stand between them.

    @ivar rules: which of them.
    """

    rules: Rules = TXINETD

    def parse(self, path: str, data: bytes, names: INames, options: LoadOptions) -> ParsedFile:
        """
        See L{IDialect.parse}.
        """
        reading = _Reading(self, path, names, options, Including(path))
        return reading.read(data)


@attrs.define
class _Reading:
    """
    One file being read.

    @ivar including: the file, and those it is included from.
    @ivar hosts: where lines listen that do not say.
    @ivar refused: how many lines gave no service.
    """

    dialect: ClassicDialect
    path: str
    names: INames
    options: LoadOptions
    including: Including
    hosts: Hosts | None = None
    services: list[ServiceSpec] = attrs.field(factory=list)
    diagnostics: list[Diagnostic] = attrs.field(factory=list)
    included: Included = attrs.field(factory=Included)
    foreign: Foreign = attrs.field(factory=Foreign)
    elsewhere: Elsewhere = attrs.field(factory=Elsewhere)
    refused: int = 0

    @property
    def rules(self) -> Rules:
        """
        What the dialect is like.
        """
        return self.dialect.rules

    def read(self, data: bytes) -> ParsedFile:
        """
        Read it all.
        """
        first = True
        text = decoded(data)
        definitions: list[Definition] = []
        if self.rules.directives:
            text, definitions = parted(text, KEYS)
        for entry in merged(Lexer(text, self.rules.lexing), definitions):
            if isinstance(entry, Definition):
                self.definition(entry)
            else:
                if first and entry.tokens:
                    first = False
                    if startsXinetd(entry.tokens):
                        return ParsedFile((), (self.xinetd(entry.tokens[0]),), understood=False)
                self.entry(entry)
            if len(self.diagnostics) >= _MOST_DIAGNOSTICS:
                break
        return self.result()

    def result(self) -> ParsedFile:
        """
        What the file says, now that it was read as far as it goes.
        """
        services, diagnostics = tuple(self.services), tuple(self.diagnostics)
        files, unreadable = tuple(self.included.files), tuple(self.included.unreadable)
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
            return ParsedFile(services, (*diagnostics, stop), False, files, unreadable)
        if self.rules.ownTcpmux and self.including.outer is None:
            services += ownTcpmux(services, self.options)
        return ParsedFile(services, diagnostics, True, files, unreadable)

    def xinetd(self, token: Token) -> Diagnostic:
        """
        The one thing to say about a file in another format.
        """
        reporter = Reporter(self.path, token.text)
        hint = f"nothing in this file is used; xinetd:{self.path} reads it as what it is"
        reporter.drop("xinetd-format", token, shown(token.text), "lines of inetd.conf(5)", hint)
        return reporter.diagnostics[0]

    def definition(self, definition: Definition) -> None:
        """
        Take an entry of the key=value form.
        """
        reporter = Reporter(self.path, definition.name.text)
        if not self.foreign.definition(definition.name, reporter):
            self.services += definedServices(
                definition,
                self.names,
                self.options,
                lambda token: self.hosts or self._optionHosts(token),
                reporter,
                self.rules,
            )
        self.diagnostics.extend(reporter.diagnostics)

    def entry(self, entry: Entry) -> None:
        """
        Take one entry.
        """
        reporter = Reporter(self.path, entry.tokens[0].text if entry.tokens else "")
        reportFlaws(entry, reporter, self.rules)
        if entry.tokens and not reporter.dropped:
            self._line(entry, reporter)
        elif entry.comment is not None and self.rules.policies:
            self.foreign.comment(entry.comment, reporter)
        self.refused += reporter.dropped
        self.diagnostics.extend(reporter.diagnostics)

    def _line(self, entry: Entry, reporter: Reporter) -> None:
        """
        Take a line with words.
        """
        tokens = entry.tokens
        if addresses.isDefaultLine(tokens):
            self._default(tokens[0], reporter)
            return
        if tokens[0].text == INCLUDE and self.rules.directives and not self.foreign.policy:
            self._include(tokens, reporter)
            return
        if self.foreign.keyed(tokens, self.rules, reporter) or self.foreign.line(tokens, reporter):
            return
        if len(tokens) < 6:
            _tooFew(tokens, reporter)
            return
        reportWords(entry, reporter, self.rules)
        hosts = self.hosts or self._optionHosts(tokens[0])
        line = Line(self.names, self.options, self.rules, hosts)
        services = line.services(tokens, reporter)
        if self.rules.notes and not reporter.dropped:
            self.elsewhere.line(tokens, self.names, reporter)
        self.services.extend(services)

    def _include(self, tokens: tuple[Token, ...], reporter: Reporter) -> None:
        """
        Read other files.  What they say about C{address:} lines and policies ends with
        them.
        """
        self.foreign.plausible = True
        for path, data, including in self.including.files(tokens, self.included, reporter):
            inner = _Reading(self.dialect, path, self.names, self.options, including, self.hosts)
            inner.included = self.included
            parsed = inner.read(data)
            self.services.extend(parsed.services)
            self.diagnostics.extend(parsed.diagnostics)
            if not parsed.understood:
                self.included.unreadable.append(path)

    def _default(self, token: Token, reporter: Reporter) -> None:
        """
        Take an C{address:} line.  Where it names nothing that exists, the lines
        after it listen nowhere: on every address would be the opposite of what
        was asked for.
        """
        if not self.rules.defaultHosts:
            hint = f"{self.rules.title} has no such lines; -a or --default-address is for all"
            reporter.drop("unsupported-default-address", token, shown(token.text), _FIELDS, hint)
            return
        if self.rules.notes:
            self.elsewhere.default(token, reporter)
        hosts = splitHosts(token.text[:-1] or addresses.ANY)
        if hosts is None:
            expected = "host,host: with IPv6 addresses in brackets"
            hint = "the lines after it, up to the next such line, are left out"
            reporter.drop("bad-address", token, shown(token.text), expected, hint)
            self.hosts = Hosts((), token.text)
            return
        self.hosts = addresses.resolve(hosts, token, self.names, self.options, reporter)

    def _optionHosts(self, token: Token) -> Hosts:
        """
        The hosts of the command line, looked up once a file.  What could not
        be found among them is the loader's to say, once for all files.
        """
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
