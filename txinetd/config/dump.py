# -*- test-case-name: tests.test_tap -*-
"""
The text of C{--dump}: the resolved services in the key=value form of NetBSD's
inetd.conf(5), one a line::

    NAME on KEY = VALUE, ...;  # FILE:LINE (port 13)

Keys, in this order: C{bind} (the addresses; several are ours), C{socktype},
C{protocol}, C{wait}, C{user}, C{group} (the resolved id), C{service_max} (0 for
no limit; no limit is ours), C{exec} and C{args} or, for an internal service
whose name differs from the line's, C{internal} (ours), and C{backlog} (ours)
where it is not the default.  A unix socket's NAME is
C{:UID:GID:MODE:PATH}, as FreeBSD has it.

A word that needs it stands between double quotes with NetBSD's escapes:
C{\\\\}, C{\\"}, C{\\n}, C{\\t}, C{\\r} and C{\\xHH} for any other byte that is
not printable ASCII.
"""

from __future__ import annotations

import os.path
import re

from txinetd.config.text import visible
from txinetd.config.values import Configuration
from txinetd.spec import DEFAULT_BACKLOG, Builtin, Program, ServiceSpec, UnixAddress

__all__ = ["dumpConfiguration", "entry"]

_PLAIN = re.compile(rb"[A-Za-z0-9_./:@%+*\[\]-]+")
_ESCAPES = {0x5C: "\\\\", 0x22: '\\"', 0x0A: "\\n", 0x09: "\\t", 0x0D: "\\r"}


def word(value: bytes | str) -> str:
    """
    One value, quoted if it has to be.
    """
    data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    if _PLAIN.fullmatch(data):
        return data.decode("ascii")
    text = "".join(
        _ESCAPES.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}")
        for byte in data
    )
    return f'"{text}"'


def _server(spec: ServiceSpec, name: str) -> list[str]:
    """
    What serves.
    """
    if isinstance(spec.server, Program):
        arguments = " ".join(word(each) for each in spec.server.argv)
        return [f"exec = {word(spec.server.path)}", f"args = {arguments}"]
    if isinstance(spec.server, Builtin) and spec.server.name != name:
        return [f"internal = {word(spec.server.name)}"]
    return []


def entry(spec: ServiceSpec) -> str:
    """
    One service.
    """
    first = spec.addresses[0] if spec.addresses else None
    pairs: list[str] = []
    if isinstance(first, UnixAddress):
        owner = f":{first.uid}:{first.gid}:{first.permissions:04o}:".encode()
        name = word(owner + first.path)
        served = os.path.basename(first.path).decode("utf-8", "surrogateescape")
        where = ""
    elif first is None:
        # Behind tcpmux: the name says so.
        name, served, where = word(spec.name), spec.name, ""
    else:
        name, served = word(spec.name), spec.name
        hosts = [each.host for each in spec.addresses if not isinstance(each, UnixAddress)]
        pairs.append(f"bind = {' '.join(map(word, hosts))}")
        where = f" (port {first.port})" if spec.rpc is None else ""
    identity = spec.identity
    starts = spec.limits.startsPerMinute
    pairs += [
        f"socktype = {spec.socketType.value}",
        f"protocol = {word(spec.protocol)}",
        f"wait = {'yes' if spec.wait else 'no'}",
        f"user = {'-' if identity.keep else word(identity.user)}",
    ]
    if not identity.keep:
        pairs.append(f"group = {identity.gid}")
    pairs.append(f"service_max = {starts or 0}")
    pairs += _server(spec, served)
    if spec.rpc is not None:
        versions = f"{spec.rpc.first}-{spec.rpc.last}"
        name = word(f"{spec.name.partition('/')[0]}/{versions}")
    if spec.backlog != DEFAULT_BACKLOG:
        pairs.append(f"backlog = {spec.backlog}")
    return f"{name} on {', '.join(pairs)};  # {visible(str(spec.origin))}{where}"


def dumpConfiguration(configuration: Configuration) -> str:
    """
    All services of a configuration.
    """
    return "".join(f"{entry(spec)}\n" for spec in configuration.services)
