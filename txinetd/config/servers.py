# -*- test-case-name: tests.test_config_inetd -*-
"""
The sixth and the following fields of an inetd.conf(5) line: what serves.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Sequence

from txinetd.config.advice import advise
from txinetd.config.fields import Protocol, Waiting
from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.text import shown
from txinetd.config.values import LoadOptions
from txinetd.interfaces import INames
from txinetd.spec import Builtin, Program, SocketType

__all__ = ["INTERNAL", "builtin", "program"]

#: What stands in the place of the program for a service of our own.
INTERNAL = "internal"

_NUMBER = re.compile(r"[0-9]+")


def builtin(
    tokens: Sequence[Token],
    service: str,
    number: int | None,
    known: Protocol,
    kind: SocketType,
    names: INames,
    options: LoadOptions,
    reporter: Reporter,
) -> Builtin | None:
    """
    An internal service.

    @param tokens: C{internal} and what follows it.
    @param service: the name or number in the first field, or a unix path.
    @param number: the port, if there is one.
    """
    expected = f"one of {', '.join(sorted(options.builtins))}"
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


def program(
    tokens: Sequence[Token], kind: SocketType, waits: Waiting | None, reporter: Reporter
) -> Program | None:
    """
    A program and its arguments.

    @param tokens: the program and what follows it.
    """
    path = tokens[0]
    if not path.text.startswith("/"):
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
        name = os.path.basename(path.text)
        argv = (name.encode("utf-8", "surrogateescape"),)
        hint = f"{shown(name)} is used"
        reporter.warn("no-arguments", path, "a program alone", "argv[0] after it", hint)
    advise(path, arguments, kind, waits, reporter)
    return Program(path.value, argv)
