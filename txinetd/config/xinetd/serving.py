# -*- test-case-name: tests.test_config_xinetd_build -*-
"""
What serves, and whom it runs as: C{server}, C{server_args}, C{redirect}, C{user},
C{group}, C{groups}, C{wait}, C{type = INTERNAL} and the flags C{NAMEINARGS} and
C{SENSOR}.
"""

from __future__ import annotations

import os.path
from collections.abc import Sequence

from txinetd.config.lexer import Token
from txinetd.config.programs import judge
from txinetd.config.text import shown
from txinetd.config.users import resolved
from txinetd.config.values import literal
from txinetd.config.xinetd.attribute import Scope
from txinetd.config.xinetd.draft import Draft
from txinetd.names import isNumber
from txinetd.spec import Builtin, Identity, Program, Redirect, Server, SocketType

__all__ = ["identity", "isInternal", "server", "waiting"]

#: What a trap answers with.
_TRAP = "discard"


def isInternal(draft: Draft) -> bool:
    """
    Whether the service is one of txinetd's own.
    """
    return "INTERNAL" in draft.type or "SENSOR" in draft.flags


def waiting(draft: Draft, name: Token, kind: SocketType, scope: Scope) -> bool | None:
    """
    Whether the server gets the socket itself.
    """
    if draft.wait is None:
        return None
    token = draft.places["wait"]
    if isInternal(draft):
        wait = kind is SocketType.DGRAM
        if draft.wait != wait:
            word = "yes" if wait else "no"
            found = f"wait for an internal {kind.value} service"
            hint = f"it is served as with wait = {word}"
            scope.reporter.warn("internal-wait", token, found, word, hint)
        return wait
    if kind is SocketType.DGRAM and not draft.wait:
        found, expected = "wait = no for datagrams", "yes"
        if scope.options.strictXinetd:
            scope.reporter.drop("dgram-nowait", token, found, expected)
        else:
            hint = "each sender is served by a server of its own; xinetd would refuse it"
            scope.reporter.warn("dgram-nowait", token, found, expected, hint)
    if draft.redirect is not None and (draft.wait or kind is not SocketType.STREAM):
        scope.reporter.drop(
            "bad-redirect",
            draft.places["redirect"],
            "redirect for what is not stream with wait = no",
            "socket_type = stream and wait = no",
        )
    return draft.wait


def identity(draft: Draft, scope: Scope) -> Identity | None:
    """
    Whom the server runs as.  What txinetd serves itself needs nobody.
    """
    runs = draft.server is not None and not isInternal(draft)
    if draft.user is None:
        return None if runs else scope.options.runsAs
    group = draft.group
    return resolved(
        draft.user.text,
        draft.user,
        None if group is None else group.text,
        draft.user if group is None else group,
        scope.names,
        scope.options,
        scope.reporter,
        runs=runs,
    )


def server(
    draft: Draft, name: Token, kind: SocketType, runsAs: Identity | None, scope: Scope
) -> Server | None:
    """
    What serves.
    """
    if isInternal(draft):
        return _internal(draft, name, scope)
    if draft.redirect is not None:
        return _redirect(draft, draft.redirect, scope)
    return _program(draft, runsAs, scope)


def _internal(draft: Draft, name: Token, scope: Scope) -> Builtin | None:
    """
    One of our own services.
    """
    if "SENSOR" in draft.flags:
        return Builtin(_TRAP)
    for field in ("server", "redirect"):
        if getattr(draft, field) is not None:
            hint = "type = INTERNAL serves it without"
            token = draft.places[field]
            scope.reporter.warn("not-needed", token, shown(field), "none", hint)
    known = scope.options.builtins
    if name.text in known:
        return Builtin(name.text)
    expected = f"one of {', '.join(sorted(known))}"
    scope.reporter.drop("unknown-internal", name, shown(name.text), expected)
    return None


def _redirect(draft: Draft, words: tuple[Token, ...], scope: Scope) -> Redirect | None:
    """
    A server elsewhere.
    """
    host, port = words
    if "NAMEINARGS" in draft.flags:
        token = draft.places["flags"]
        found, expected = "NAMEINARGS with redirect", "NAMEINARGS with server only"
        scope.reporter.drop("bad-redirect", token, found, expected)
    if draft.server is not None:
        hint = "connections are passed on, and it is not started"
        token = draft.places["server"]
        scope.reporter.warn("not-needed", token, "server with redirect", "one of the two", hint)
    number = scope.names.port(port.text, "tcp")
    if isNumber(port.text):
        number = int(port.text)
    if number is None or not 1 <= number <= 65535:
        expected = "a port, or a service that the services database has for tcp"
        scope.reporter.drop("bad-port", port, shown(port.text), expected)
        return None
    numeric = literal(host.text)
    hosts: Sequence[str] = (numeric,) if numeric is not None else scope.names.addresses(host.text)
    if not hosts:
        expected = "an address, or a name that has one"
        scope.reporter.drop("unknown-host", host, shown(host.text), expected)
        return None
    addresses = tuple((each, number) for each in hosts)
    return Redirect(addresses, f"{host.text} {port.text}")


def _program(draft: Draft, runsAs: Identity | None, scope: Scope) -> Program | None:
    """
    A program and its arguments.
    """
    if draft.server is None:
        return None
    path, arguments = draft.server, draft.arguments or ()
    if "NAMEINARGS" not in draft.flags:
        first = os.path.basename(path.value)
    elif arguments:
        first, arguments = arguments[0].value, arguments[1:]
    else:
        token = draft.places["flags"]
        expected = "server_args that begin with argv[0]"
        scope.reporter.drop("missing-attribute", token, "NAMEINARGS alone", expected)
        return None
    for word in arguments:
        if word.text.startswith("#"):
            hint = "the server gets it and what follows; put comments on lines of their own"
            expected = "arguments"
            scope.reporter.warn("comment-in-line", word, shown(word.text), expected, hint)
            break
    if runsAs is not None and scope.options.checkPrograms:
        judge(path, path.value, runsAs, scope.reporter)
    return Program(path.value, (first, *(each.value for each in arguments)))
