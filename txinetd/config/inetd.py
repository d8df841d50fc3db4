# -*- test-case-name: tests.test_config_inetd -*-
"""
The default format: the classic inetd.conf(5), as Linux and the BSDs have it in
common, with what each adds where the others do not contradict it.

The words of a line are those of L{txinetd.config.lexer}.  A file is::

    file     = { entry | default }
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
C{.include}, key=value entries, and files in the format of xinetd.conf(5).
"""

from __future__ import annotations

import re
from collections.abc import Callable

import attrs
from zope.interface import implementer

from txinetd.config import addresses, fields, servers, users
from txinetd.config.addresses import Hosts
from txinetd.config.interfaces import IDialect, ParsedFile
from txinetd.config.lexer import Entry, Flaw, Token, decoded, lex
from txinetd.config.programs import judge
from txinetd.config.reporter import Reporter
from txinetd.config.text import shown, visible
from txinetd.config.values import LoadOptions
from txinetd.errors import Diagnostic
from txinetd.interfaces import INames
from txinetd.spec import (
    Address,
    Builtin,
    Identity,
    Program,
    ServiceSpec,
    SocketType,
)

__all__ = ["ClassicDialect"]

_FIELDS = "service, type, protocol, wait or nowait, user, program"

#: The first words of a file in the format of xinetd.conf(5).
_XINETD = frozenset({"service", "defaults", "include", "includedir"})

#: An IPsec policy, as opposed to a comment that happens to begin with C{#@}.
_POLICY = re.compile(r"#@[ \t]*((?:in|out)[ \t].*|(?:ipsec|bypass|discard|none|entrust)\b.*)?")


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
        text = decoded(data)
        for number, entry in enumerate(each for each in lex(text) if each.tokens or each.comment):
            if number == 0 and _looksLikeXinetd(entry):
                return ParsedFile((), (reading.xinetd(entry),), understood=False)
            reading.entry(entry)
        return ParsedFile(tuple(reading.services), tuple(reading.diagnostics))


def _looksLikeXinetd(entry: Entry) -> bool:
    """
    Whether a file that begins so is an xinetd.conf.
    """
    words = [each.text for each in entry.tokens[:2]]
    if not words or words[0] not in _XINETD:
        return False
    return len(words) < 2 or words[1] not in {each.value for each in SocketType}


@attrs.define
class _Reading:
    """
    One file being read.

    @ivar hosts: where lines listen that do not say.
    @ivar policy: whether an IPsec policy is in force.
    """

    path: str
    names: INames
    options: LoadOptions
    services: list[ServiceSpec] = attrs.field(factory=list)
    diagnostics: list[Diagnostic] = attrs.field(factory=list)
    hosts: Hosts | None = None
    policy: bool = False

    def xinetd(self, entry: Entry) -> Diagnostic:
        """
        The one thing to say about a file in another format.
        """
        token = entry.tokens[0]
        reporter = Reporter(self.path, token.text)
        hint = "the format of xinetd.conf is not supported; nothing in this file is used"
        reporter.drop("xinetd-format", token, shown(token.text), "lines of inetd.conf(5)", hint)
        return reporter.diagnostics[0]

    def entry(self, entry: Entry) -> None:
        """
        Take one entry.
        """
        first = entry.tokens[0] if entry.tokens else entry.comment
        assert first is not None  # The caller has left empty ones out.
        reporter = Reporter(self.path, entry.tokens[0].text if entry.tokens else "")
        for flaw in entry.flaws:
            _FLAWS[flaw.code](flaw, reporter)
        if not entry.tokens:
            self._comment(first, reporter)
        elif not reporter.dropped:
            self._line(entry, reporter)
        self.diagnostics.extend(reporter.diagnostics)

    def _comment(self, comment: Token, reporter: Reporter) -> None:
        """
        Take a comment line of the kind that is an IPsec policy elsewhere.
        """
        match = _POLICY.fullmatch(comment.text.rstrip(" \t")) if comment.column == 1 else None
        if match is None:
            return
        self.policy = bool(match.group(1))
        if self.policy:
            hint = "the services after it, up to a line '#@', are left out"
            found = shown(comment.text)
            reporter.drop("unsupported-policy", comment, found, "no IPsec policy", hint)

    def _line(self, entry: Entry, reporter: Reporter) -> None:
        """
        Take a line with words.
        """
        tokens = entry.tokens
        if addresses.isDefaultLine(tokens):
            self._default(tokens[0], reporter)
            return
        if self._foreign(tokens, reporter):
            return
        if len(tokens) < 6:
            _tooFew(tokens, reporter)
            return
        self._words(entry, reporter)
        spec = self._service(tokens, reporter)
        if spec is not None and not reporter.dropped:
            self.services.append(spec)

    def _default(self, token: Token, reporter: Reporter) -> None:
        """
        Take an C{address:} line.  Where it names nothing that exists, the lines
        after it listen nowhere: on every address would be the opposite of what
        was asked for.
        """
        hosts = addresses.splitHosts(token.text[:-1] or addresses.ANY)
        if hosts is None:
            expected = "host,host: with IPv6 addresses in brackets"
            hint = "the lines after it, up to the next such line, are left out"
            reporter.drop("bad-address", token, shown(token.text), expected, hint)
            self.hosts = Hosts((), token.text)
            return
        self.hosts = addresses.resolve(hosts, token, self.names, self.options, reporter)

    def _foreign(self, tokens: tuple[Token, ...], reporter: Reporter) -> bool:
        """
        Whether the line is something that other inetds have and this does not.
        """
        first = tokens[0]
        second = tokens[1].text if len(tokens) > 1 else ""
        expected = _FIELDS
        if self.policy:
            hint = "it stands after an IPsec policy, which is not supported"
            reporter.drop("unsupported-policy", first, "a service with a policy", "none", hint)
        elif first.text.startswith("."):
            hint = "directives are not supported; name the files with -f"
            reporter.drop("unsupported-directive", first, shown(first.text), expected, hint)
        elif (
            second in ("on", "off")
            or second.startswith("=")
            or (len(tokens) < 6 and "=" in first.text)
        ):
            hint = "key=value entries are not supported"
            reporter.drop("unsupported-key-value", first, shown(first.text), expected, hint)
        elif first.text.startswith("faith/"):
            hint = "faith is not supported"
            reporter.drop("unsupported-faith", first, shown(first.text), expected, hint)
        return reporter.dropped

    def _words(self, entry: Entry, reporter: Reporter) -> None:
        """
        Say where another inetd would see other words.
        """
        for token in entry.tokens:
            if token.quoted and (" " in token.text or "\t" in token.text):
                hint = "Debian's inetd and others without quoting would split it"
                reporter.warn("quoted-blank", token, shown(token.text), "no quotes", hint)
            elif token.quoted:
                hint = "Debian's inetd and others without quoting would pass the quotes on"
                reporter.note("quoted", token, shown(token.text), "no quotes", hint)
        comment = entry.comment
        if comment is not None and comment.line == entry.tokens[-1].line:
            hint = "it is a comment here; to most other inetds it is more arguments"
            report = reporter.note if comment.text[1:2] in ("", " ", "\t", "#") else reporter.warn
            report("trailing-comment", comment, shown(comment.text), "comments on own lines", hint)

    def _service(self, tokens: tuple[Token, ...], reporter: Reporter) -> ServiceSpec | None:
        """
        Read the fields.  Every field is read, so that all that is wrong with a
        line is said at once.
        """
        options = self.options
        internal = tokens[5].text == servers.INTERNAL
        known = fields.protocol(tokens[2], reporter)
        kind = fields.socketType(tokens[1], reporter)
        waits = fields.waiting(tokens[3], reporter)
        identity = users.identity(tokens[4], self.names, options, reporter, runs=not internal)
        if kind is None or known is None:
            return None
        fields.agree(kind, known, tokens[1], reporter)
        if known.families is fields.Families.UNIX:
            name, number = visible(tokens[0].text), None
            bound = self._unix(tokens[0], identity, reporter)
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
            waits = _internalWaiting(kind, waits, reporter)
            if options.noInternal:
                reporter.dropped = True
                hint = "internal services are switched off"
                reporter.note("no-internal", tokens[5], "internal", "a program", hint)
        else:
            server = servers.program(tokens[5:], kind, waits, reporter)
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
            hosts = self.hosts or self._optionHosts(token)
        bound = addresses.bindAddresses(hosts, known, number, token, self.options, reporter)
        return name, number, bound

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


def _internalWaiting(
    kind: SocketType, waits: fields.Waiting | None, reporter: Reporter
) -> fields.Waiting | None:
    """
    An internal service knows itself how it takes its socket.
    """
    if waits is None:
        return None
    wait = kind is SocketType.DGRAM
    if waits.wait != wait:
        word = "wait" if wait else "nowait"
        found = f"{'wait' if waits.wait else 'nowait'} for an internal {kind.value} service"
        hint = f"it is served as {word}"
        reporter.warn("internal-wait", waits.token, found, word, hint)
    return attrs.evolve(waits, wait=wait)


def _unterminated(flaw: Flaw, reporter: Reporter) -> None:
    expected = f"a closing {flaw.token.text[:1]} on the same line"
    reporter.drop(flaw.code, flaw.token, shown(flaw.token.text), expected)


def _afterQuote(flaw: Flaw, reporter: Reporter) -> None:
    hint = "what follows the quote is a word of its own here"
    reporter.warn(flaw.code, flaw.token, shown(flaw.token.text), "a blank after a quote", hint)


def _nul(flaw: Flaw, reporter: Reporter) -> None:
    hint = "is the file UTF-16, or no text at all?"
    reporter.drop(flaw.code, flaw.token, "a NUL character", "text", hint)


def _tooLong(flaw: Flaw, reporter: Reporter) -> None:
    reporter.drop(flaw.code, flaw.token, "a longer line", "at most 65536 characters")


def _carriageReturn(flaw: Flaw, reporter: Reporter) -> None:
    hint = "lines that end with CR alone are not separate lines"
    reporter.warn(flaw.code, flaw.token, "a carriage return inside a line", "LF or CR LF", hint)


def _continuation(flaw: Flaw, reporter: Reporter) -> None:
    hint = "it begins with a blank or follows a backslash, so it is part of the entry before it"
    found = f"a continuation line that looks like an entry, {shown(flaw.token.text)}"
    reporter.warn(flaw.code, flaw.token, found, "entries without blanks before them", hint)


def _backslash(flaw: Flaw, reporter: Reporter) -> None:
    hint = "it continues the line here; to Debian's inetd and the BSDs it is an argument"
    reporter.note(flaw.code, flaw.token, "a backslash at the end of a line", "none", hint)


_FLAWS: dict[str, Callable[[Flaw, Reporter], None]] = {
    "unterminated-quote": _unterminated,
    "text-after-quote": _afterQuote,
    "nul-byte": _nul,
    "line-too-long": _tooLong,
    "carriage-return": _carriageReturn,
    "continuation-looks-like-entry": _continuation,
    "backslash-continuation": _backslash,
}
