# -*- test-case-name: tests.test_config_inetd -*-
"""
Services that want the same address, over all files.

A line that says C{tcp} (or C{udp}) and no address means both families.  Where
another line names one of them for the same port (C{tcp6}, as files written
for inetds in which C{tcp} is IPv4 have it), the line that names it gets it and
the other keeps the rest.  The same goes for one that says C{tcp6} where that is
both families (GNU, busybox, illumos), which no such inetd could bind.  Otherwise the
first line has an address and a later one that wants it too is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import attrs

from txinetd.config.text import shown
from txinetd.errors import Diagnostic, Severity
from txinetd.spec import Address, InetAddress, ServiceSpec, SocketType, UnixAddress, VsockAddress

__all__ = ["separate"]

_WILDCARDS = ("0.0.0.0", "::")

#: What two services cannot both have.  A path in the file system is one node,
#: whatever the socket type; a name behind tcpmux is the same in capitals; an RPC
#: program has a version once for each transport, and no port before it is bound.
_Place = tuple[object, ...]

#: What families follow is called otherwise in each dialect.
_PROTOCOL = re.compile(r"((?:rpc/)?(?:tcp|udp))(.*)")


def _place(spec: ServiceSpec, address: Address) -> _Place:
    """
    What C{address} takes up.
    """
    if isinstance(address, UnixAddress):
        return (address.path,)
    if spec.rpc is not None:
        return (*spec.socketKey(address), spec.rpc)
    return spec.socketKey(address)


def _places(spec: ServiceSpec) -> list[_Place]:
    """
    All that a service takes up.
    """
    if spec.multiplexed is not None:
        return [("tcpmux", spec.multiplexed.name.lower())]
    return [_place(spec, address) for address in spec.addresses]


def _isDual(address: Address) -> bool:
    """
    Whether an address is IPv4 too.
    """
    return isinstance(address, InetAddress) and address.dualStack


def _implied(spec: ServiceSpec) -> bool:
    """
    Whether the families of a line are ours to choose: C{tcp} or C{udp}, on
    every address.
    """
    return spec.protocol in ("tcp", "udp") and all(
        isinstance(each, InetAddress) and each.host in _WILDCARDS for each in spec.addresses
    )


def _line(spec: ServiceSpec) -> str:
    """
    How another line's message names this one.
    """
    return f"{shown(spec.origin.label)} at {spec.origin}"


def separate(specs: Sequence[ServiceSpec]) -> tuple[list[ServiceSpec], list[Diagnostic]]:
    """
    Give each address to one service.

    @return: the services that are left, in order, and what was done.
    """
    diagnostics: list[Diagnostic] = []
    named = {
        _place(spec, address): spec
        for spec in reversed(specs)
        if not _implied(spec)
        for address in spec.addresses
    }
    ipv4 = {
        (spec.socketType, address.port): spec
        for spec in reversed(specs)
        for address in spec.addresses
        if isinstance(address, InetAddress) and address.host == "0.0.0.0"
    }
    taken: dict[_Place, ServiceSpec] = {}
    kept: list[ServiceSpec] = []
    for spec in specs:
        if _implied(spec) and len(spec.addresses) > 1:
            spec = _yield(spec, named, diagnostics)
        elif spec.protocol in ("tcp6", "udp6") and any(map(_isDual, spec.addresses)):
            spec = _yieldIPv4(spec, ipv4, diagnostics)
        places = _places(spec)
        other = next((taken[place] for place in places if place in taken), None)
        if other is not None:
            _refuse(spec, other, diagnostics)
            continue
        taken.update(dict.fromkeys(places, spec))
        kept.append(spec)
    diagnostics.extend(_overlaps(kept))
    return [_canonical(spec) for spec in kept], diagnostics


def _canonical(spec: ServiceSpec) -> ServiceSpec:
    """
    A service whose protocol is called as in our own dialect, whatever its line called it:
    C{tcp46} for a socket of both families, else C{tcp} where another word would not mean
    these addresses.
    """
    match = _PROTOCOL.fullmatch(spec.protocol)
    if match is None:
        return spec
    base, suffix = match.groups()
    hosts = [each.host for each in spec.addresses if isinstance(each, InetAddress)]
    fits = {
        "": True,
        "4": all(":" not in host for host in hosts),
        "6": all(":" in host for host in hosts),
        "46": "::" not in hosts,
    }
    if any(map(_isDual, spec.addresses)):
        return attrs.evolve(spec, protocol=f"{base}46")
    return spec if fits.get(suffix) else attrs.evolve(spec, protocol=base)


def _yield(
    spec: ServiceSpec, named: dict[_Place, ServiceSpec], diagnostics: list[Diagnostic]
) -> ServiceSpec:
    """
    C{spec} without the addresses that another line names, unless that is all.
    """
    left = tuple(each for each in spec.addresses if _place(spec, each) not in named)
    if not left or len(left) == len(spec.addresses):
        return spec
    for address in spec.addresses:
        owner = named.get(_place(spec, address))
        if owner is not None:
            diagnostics.append(
                Diagnostic(
                    Severity.NOTE,
                    "family-yielded",
                    spec.origin,
                    f"{spec.protocol} (both families), and {owner.protocol} by {_line(owner)}",
                    f"{spec.protocol}4 here",
                    f"the other line gets {address}, this one keeps the rest",
                )
            )
    return attrs.evolve(spec, addresses=left)


def _yieldIPv4(
    spec: ServiceSpec,
    ipv4: dict[tuple[SocketType, int], ServiceSpec],
    diagnostics: list[Diagnostic],
) -> ServiceSpec:
    """
    C{spec} without IPv4 where another line has that for the same port.
    """
    addresses: list[Address] = []
    for address in spec.addresses:
        if isinstance(address, InetAddress) and address.dualStack:
            owner = ipv4.get((spec.socketType, address.port))
            if owner is not None and address.port:
                address = attrs.evolve(address, dualStack=False)
                diagnostics.append(
                    Diagnostic(
                        Severity.NOTE,
                        "family-yielded",
                        spec.origin,
                        f"{spec.protocol} (both families), and {owner.protocol} by {_line(owner)}",
                        f"{spec.protocol}only here",
                        "the other line gets IPv4, this one keeps IPv6",
                    )
                )
        addresses.append(address)
    return attrs.evolve(spec, addresses=tuple(addresses))


def _refuse(spec: ServiceSpec, other: ServiceSpec, diagnostics: list[Diagnostic]) -> None:
    """
    Say that C{spec} is dropped because C{other} was there first.
    """
    shared = set(_places(other))
    what = next((str(each) for each in spec.addresses if _place(spec, each) in shared), spec.name)
    diagnostics.append(
        Diagnostic(
            Severity.ERROR,
            "duplicate-address",
            spec.origin,
            f"{what} again, which {_line(other)} has",
            "one service for each address and port",
            "remove one of the two lines",
            dropped=True,
        )
    )


def _overlaps(specs: Iterable[ServiceSpec]) -> list[Diagnostic]:
    """
    Stream services of which one listens on all addresses and another on one:
    Linux lets only the first of the two listen.
    """
    wild: dict[tuple[str, int], ServiceSpec] = {}
    single: list[tuple[ServiceSpec, InetAddress | VsockAddress]] = []
    for spec in specs:
        if spec.socketType is SocketType.DGRAM:
            continue
        for address in spec.addresses:
            if isinstance(address, VsockAddress):
                if address.cid != VsockAddress.ANY:
                    single.append((spec, address))
                else:
                    wild.setdefault(("vsock", address.port), spec)
            if not isinstance(address, InetAddress):
                continue
            families = ["6" if ":" in address.host else "4"]
            if address.dualStack:
                families = ["4", "6"]
            if address.host not in _WILDCARDS:
                single.append((spec, address))
                continue
            for family in families:
                other = wild.setdefault((family, address.port), spec)
                if other is not spec:
                    single.append((spec, address))
    found: list[Diagnostic] = []
    for spec, address in single:
        if isinstance(address, VsockAddress):
            family = "vsock"
        else:
            family = "6" if ":" in address.host and not address.dualStack else "4"
        owner = wild.get((family, address.port))
        if owner is None or owner is spec:
            continue
        found.append(
            Diagnostic(
                Severity.WARNING,
                "overlapping-address",
                spec.origin,
                f"{address}, which is among the addresses of {_line(owner)}",
                "addresses that do not overlap",
                "only one of the two can listen; give each line its own addresses",
            )
        )
    return found
