# -*- test-case-name: tests.test_config_inetd -*-
"""
The sixth and the following fields of an inetd.conf(5) line: what serves.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Sequence

import attrs

from txinetd.config.advice import advise
from txinetd.config.fields import Protocol, Waiting
from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.rules import Arguments, Rules
from txinetd.config.systems.ours import TXINETD
from txinetd.config.text import shown
from txinetd.config.values import STREAM_ONLY, LoadOptions
from txinetd.interfaces import INames
from txinetd.internal.ident.options import parseOptions
from txinetd.spec import Builtin, Program, SocketType

__all__ = ["INTERNAL", "builtin", "program"]

#: What stands in the place of the program for a service of our own.
INTERNAL = "internal"

_NUMBER = re.compile(r"[0-9]+")

#: Internal services that have arguments.
_WITH_ARGUMENTS = frozenset({"auth"})


def builtin(
    tokens: Sequence[Token],
    service: str,
    number: int | None,
    known: Protocol,
    kind: SocketType,
    names: INames,
    options: LoadOptions,
    reporter: Reporter,
    rules: Rules = TXINETD,
) -> Builtin | None:
    """
    An internal service.

    @param tokens: C{internal} and what follows it.
    @param service: the name or number in the first field, or a unix path.
    @param number: the port, if there is one.
    """
    found = _named(tokens, service, number, known, kind, names, options, reporter, rules)
    if found is not None and kind is SocketType.DGRAM and found.name in STREAM_ONLY:
        said = f"internal {found.name} with dgram"
        reporter.drop("bad-internal", tokens[0], said, f"{found.name} with stream")
        return None
    return found


def _named(
    tokens: Sequence[Token],
    service: str,
    number: int | None,
    known: Protocol,
    kind: SocketType,
    names: INames,
    options: LoadOptions,
    reporter: Reporter,
    rules: Rules,
) -> Builtin | None:
    """
    The same, whatever the socket.
    """
    if not rules.internalNames and len(tokens) > 1:
        served = _named(tokens[:1], service, number, known, kind, names, options, reporter, rules)
        return None if served is None else _withArguments(tokens, served, rules, reporter)
    expected = f"one of {', '.join(sorted(options.builtins))}"
    if len(tokens) > 2 and tokens[1].text in _WITH_ARGUMENTS:
        served = _named(tokens[:2], service, number, known, kind, names, options, reporter, rules)
        return None if served is None else _withArguments(tokens, served, rules, reporter)
    if len(tokens) > 2:
        found = shown(tokens[2].text)
        reporter.drop("bad-internal", tokens[2], found, "nothing after internal NAME")
        return None
    if kind is SocketType.SEQPACKET:
        reporter.drop("bad-internal", tokens[0], "internal with seqpacket", "stream or dgram")
        return None
    if len(tokens) == 2:
        name = tokens[1].text
        if name in options.builtins:
            return Builtin(name)
        reporter.drop("unknown-internal", tokens[1], shown(name), expected)
        return None
    if number is None:
        name = os.path.basename(service)
        if name in options.builtins:
            return Builtin(name)
        hint = "write internal NAME, or give the socket that name"
        reporter.drop("unknown-internal", tokens[0], shown(name), expected, hint)
        return None
    if service in options.builtins:
        return Builtin(service)
    # An alias, or a number: the name that the database has for that port.
    official = names.service(number, known.transport)
    if official is not None and official in options.builtins:
        if _NUMBER.fullmatch(service):
            found = f"internal on port {service}"
            hint = f"{official} is served; other systems want the name in the first field"
            reporter.note("internal-by-number", tokens[0], found, f"internal {official}", hint)
        return Builtin(official)
    hint = "" if _NUMBER.fullmatch(service) is None else "write internal NAME"
    reporter.drop("unknown-internal", tokens[0], shown(service), expected, hint)
    return None


def _withArguments(
    tokens: Sequence[Token], found: Builtin, rules: Rules, reporter: Reporter
) -> Builtin | None:
    """
    An internal service with what follows C{internal}: its name, and for C{auth}, as in
    FreeBSD's inetd, its options.
    """
    words = [each.text for each in tokens[1:]]
    if words == [found.name]:
        return found
    if found.name in _WITH_ARGUMENTS:
        if words[0].startswith("-"):
            expected = f"{found.name} before its options, as argv[0]"
            reporter.drop("bad-internal", tokens[1], shown(words[0]), expected)
            return None
        arguments = tuple(each.value for each in tokens[2:])
        try:
            parseOptions(arguments)
        except ValueError as problem:
            expected = "options of auth as FreeBSD's inetd(8) has them"
            reporter.drop("bad-internal", tokens[2], str(problem), expected)
            return None
        return attrs.evolve(found, arguments=arguments)
    given = shown(" ".join(words))
    hint = f"it is {found.name}, whatever follows, as with {rules.title}"
    reporter.warn("internal-arguments", tokens[1], given, "nothing after internal", hint)
    return found


def _found(name: str, options: LoadOptions) -> bytes:
    """
    Where a program is that the dialect looks for in C{PATH}: the first directory that has
    it, or, so that it can be served once it is there, the first of all.
    """
    for directory in options.searchPath:
        path = os.path.join(directory, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return os.fsencode(path)
    return os.fsencode(os.path.join(options.searchPath[0], name))


def _tooMany(tokens: Sequence[Token], rules: Rules, reporter: Reporter) -> None:
    """
    Say so if there are more arguments than the original takes.
    """
    most = rules.arguments.most
    if most is None or len(tokens) - 1 <= most:
        return
    found = f"{len(tokens) - 1} arguments"
    expected = f"at most {most}, argv[0] included"
    if rules.arguments.refused:
        reporter.drop("too-many-arguments", tokens[most + 1], found, expected)
    else:
        hint = f"all are passed on; {rules.title} passes {most} words"
        reporter.warn("too-many-arguments", tokens[most + 1], found, expected, hint)


def _argumentZero(path: Token, form: Arguments, rules: Rules, reporter: Reporter) -> bytes | None:
    """
    The argv[0] of a program without arguments.
    """
    if form.zero == "error":
        hint = f"write {shown(os.path.basename(path.text))} after it"
        reporter.drop("no-arguments", path, "a program alone", "argv[0] after it", hint)
        return None
    name = path.text if form.zero == "path" else os.path.basename(path.text)
    hint = f"{shown(name)} is used"
    if rules.notes:
        hint += "; FreeBSD and NetBSD refuse the line, busybox uses the whole path"
    reporter.warn("no-arguments", path, "a program alone", "argv[0] after it", hint)
    return name.encode("utf-8", "surrogateescape")


def program(
    tokens: Sequence[Token],
    kind: SocketType,
    waits: Waiting | None,
    reporter: Reporter,
    rules: Rules = TXINETD,
    options: LoadOptions | None = None,
) -> Program | None:
    """
    A program and its arguments.

    @param tokens: the program and what follows it.
    @param options: where to look for programs, in a dialect that does.
    """
    path = tokens[0]
    file = path.value
    _tooMany(tokens, rules, reporter)
    searched = rules.arguments.searched and options is not None and "/" not in path.text
    if searched and options is not None:
        file = _found(path.text, options)
        hint = f"{shown(os.fsdecode(file))} is used"
        reporter.note("searched-program", path, shown(path.text), "an absolute path", hint)
    elif not path.text.startswith("/"):
        hint = "no PATH is searched: write the whole path, such as /usr/sbin/" + (
            "NAME" if "/" in path.text or not path.text.isprintable() else path.text[:40]
        )
        reporter.drop("relative-program", path, shown(path.text), "an absolute path", hint)
        return None
    if path.text.endswith("/"):
        reporter.drop("relative-program", path, shown(path.text), "the path of a program")
        return None
    arguments = tokens[1:]
    if arguments:
        argv = tuple(each.value for each in arguments)
    else:
        zero = _argumentZero(path, rules.arguments, rules, reporter)
        if zero is None:
            return None
        argv = (zero,)
    advise(path, arguments, kind, waits, reporter)
    return Program(file, argv)
