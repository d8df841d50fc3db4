# -*- test-case-name: tests.test_config_systems -*-
"""
The first field of services that are found by other means than a port: Sun RPC programs
(C{name/version}) and those behind tcpmux (C{tcpmux/name}).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.rules import Protocol, Rules
from txinetd.config.text import shown, visible
from txinetd.config.values import LoadOptions
from txinetd.interfaces import INames
from txinetd.spec import (
    Builtin,
    InetAddress,
    Limits,
    Multiplexed,
    Rpc,
    ServiceSpec,
    SocketType,
)

__all__ = ["LONGEST_NAME", "TCPMUX", "behindTcpmux", "multiplexed", "ownTcpmux", "rpc"]

#: What such a service's first field begins with.
TCPMUX = "tcpmux/"

#: Where tcpmux listens without IPv6 (RFC 1078).
_TCPMUX = InetAddress("0.0.0.0", 1)

_NUMBER = re.compile(r"[0-9]{1,10}")
_VERSIONS = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?")
_MOST = 2**32 - 1

#: No program has nearly as many versions; each is registered by itself.
_MOST_VERSIONS = 256

#: How long a name may be that a client asks tcpmux for: what reads it comes after this
#: part, so the number is written down here and a test keeps the two equal.
LONGEST_NAME = 64


def rpc(
    field: str, token: Token, names: INames, rules: Rules, reporter: Reporter
) -> tuple[Rpc, ...]:
    """
    An RPC program and its versions.

    @param field: the first field without its addresses.
    @return: one value for each run of versions, none after having said why.
    """
    expected = "a program and its versions, such as rstatd/2-4"
    name, slash, versions = field.partition("/")
    number = int(name) if _NUMBER.fullmatch(name) else names.rpc(name)
    if number is None or not 0 < number <= _MOST:
        hint = "write the program's number, or add the name to /etc/rpc"
        reporter.drop("unknown-rpc", token, shown(name), "a program of the rpc database", hint)
        return ()
    if not slash and not rules.defaultVersion:
        hint = f"write {name}/1 if that is the version" if name.isprintable() else ""
        reporter.drop("bad-rpc-version", token, shown(field), expected, hint)
        return ()
    runs = _runs(versions) if slash else [(1, 1)]
    if runs is None:
        reporter.drop("bad-rpc-version", token, shown(field), expected)
        return ()
    return tuple(Rpc(number, visible(name), first, last) for first, last in runs)


def _runs(text: str) -> list[tuple[int, int]] | None:
    """
    Versions and ranges of versions, in order, those without a gap as one.
    """
    found: list[tuple[int, int]] = []
    if len(text) > 1000:
        return None
    for part in text.split(","):
        match = _VERSIONS.fullmatch(part)
        if match is None:
            return None
        first = int(match[1])
        last = first if match[2] is None else int(match[2])
        if not 0 <= first <= last <= _MOST:
            return None
        found.append((first, last))
    runs: list[tuple[int, int]] = []
    for first, last in sorted(found):
        if runs and first <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], max(last, runs[-1][1]))
        else:
            runs.append((first, last))
    if sum(last - first + 1 for first, last in runs) > _MOST_VERSIONS:
        return None
    return runs


def behindTcpmux(
    field: str,
    kind: SocketType,
    protocol: Protocol,
    token: Token,
    rules: Rules,
    options: LoadOptions,
    reporter: Reporter,
) -> Multiplexed | None:
    """
    A service behind tcpmux, if there can be one.

    @param field: the first field, which begins with L{TCPMUX}.
    """
    hint = ""
    if not rules.tcpmux:
        hint = f"{rules.title} has no TCPMUX services"
    elif "tcpmux" not in options.serves:
        hint = "TCPMUX services are not served here"
    elif protocol.transport != "tcp" or protocol.rpc:
        hint = "TCPMUX services have the protocol tcp"
    if hint:
        expected = "a service name or a port number"
        reporter.drop("unsupported-tcpmux", token, shown(field), expected, hint)
        return None
    if kind is not SocketType.STREAM:
        reporter.drop("type-and-protocol", token, f"{kind.value} behind tcpmux", "stream")
        return None
    return multiplexed(field, token, reporter)


def multiplexed(field: str, token: Token, reporter: Reporter) -> Multiplexed | None:
    """
    What a service behind tcpmux is called.

    @param field: the first field, which begins with L{TCPMUX}.
    """
    name = field.removeprefix(TCPMUX)
    ready = name.startswith("+")
    name = name.removeprefix("+")
    plain = name.isascii() and name.isprintable()
    if not name or not plain or len(name) > LONGEST_NAME or name.lower() == "help":
        expected = "tcpmux/NAME or tcpmux/+NAME, printable, of at most 64 bytes, and not help"
        reporter.drop("bad-tcpmux-name", token, shown(field), expected)
        return None
    return Multiplexed(name, ready)


def ownTcpmux(services: Sequence[ServiceSpec], options: LoadOptions) -> tuple[ServiceSpec, ...]:
    """
    The listener for tcpmux, where a service needs it and no line has it.
    """
    behind = [spec for spec in services if spec.multiplexed is not None]
    if not behind or "tcpmux" not in options.builtins:
        return ()
    if any(spec.server == Builtin("tcpmux") for spec in services):
        return ()
    return (
        ServiceSpec(
            name="tcpmux",
            socketType=SocketType.STREAM,
            protocol="tcp6",
            addresses=(InetAddress("::", 1, True) if options.haveIPv6 else _TCPMUX,),
            wait=False,
            server=Builtin("tcpmux"),
            identity=options.runsAs,
            limits=Limits(behind[0].limits.startsPerMinute),
            backlog=options.backlog,
            origin=behind[0].origin,
        ),
    )
