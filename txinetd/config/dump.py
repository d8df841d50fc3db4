# -*- test-case-name: tests.test_config_dump -*-
"""
The text of C{--dump}: the resolved services in the key=value form of NetBSD's
inetd.conf(5), one a line::

    NAME on KEY = VALUE, ...;  # FILE:LINE

L{txinetd.config.keyvalue} reads it back to equal specs, given the same users and
groups.  Keys, in this order: C{bind} (the addresses; several are ours), C{port} (ours)
where the name does not say it, C{socktype}, C{protocol}, C{wait}, C{user}, C{group}
(the resolved id), C{exec} and C{args} or, for an internal service whose name differs
from the line's, C{internal} (ours); then everything of L{txinetd.config.settings} that
is not the default.  A unix socket's NAME is C{:UID:GID:MODE:PATH}, as FreeBSD has it.

A word that needs it stands between double quotes with NetBSD's escapes: C{\\\\},
C{\\"}, C{\\n}, C{\\t}, C{\\r} and C{\\xHH} for any other byte that is not printable
ASCII.

What no file can say, such as a service that is Python code, is a comment that says so,
and so is what is left out of a service that has a L{txinetd.recording.Recording}.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Sequence

from txinetd.config.settings import pairs
from txinetd.config.text import visible
from txinetd.config.values import Configuration
from txinetd.spec import Builtin, InetAddress, InProcess, Program, ServiceSpec, UnixAddress

__all__ = ["dumpConfiguration", "entry"]

_PLAIN = re.compile(rb"[A-Za-z0-9_./:@%+*\[\]-][A-Za-z0-9_./:@%+*\[\]=-]*")
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


def _obstacle(spec: ServiceSpec) -> str | None:
    """
    Why no file can have a service, or C{None} where one can.
    """
    if isinstance(spec.server, InProcess):
        return "Python code serves it"
    if not isinstance(spec.server, Program | Builtin):
        return "its connections are passed on"
    if isinstance(spec.server, Program) and not spec.server.argv:
        return "it has no argv[0]"
    if isinstance(spec.server, Builtin) and spec.server.arguments:
        return "its internal service has arguments"
    if spec.rpc is not None or spec.multiplexed is not None:
        return "it is an RPC or TCPMUX service"
    if spec.isUnix:
        if len(spec.addresses) > 1 or spec.name != str(spec.addresses[0]):
            return "it has more than a path"
        return None
    ports = {each.port for each in spec.addresses if isinstance(each, InetAddress)}
    if len(ports) != 1 or 0 in ports:
        return "its sockets have not one known port"
    if not spec.name or ":" in spec.name or visible(spec.name) != spec.name:
        return "its name is not one that a file can have"
    return None


def _pair(key: str, words: Sequence[str | bytes]) -> str:
    """
    One key.
    """
    return f"{key} = {' '.join(map(word, words))}".rstrip()


def _server(spec: ServiceSpec, name: str) -> list[str]:
    """
    What serves.
    """
    if isinstance(spec.server, Program):
        return [_pair("exec", (spec.server.path,)), _pair("args", spec.server.argv)]
    if isinstance(spec.server, Builtin) and spec.server.name != name:
        return [_pair("internal", (spec.server.name,))]
    return []


def entry(spec: ServiceSpec) -> str:
    """
    One service.
    """
    origin = visible(str(spec.origin))
    obstacle = _obstacle(spec)
    if obstacle is not None:
        return f"# {visible(spec.name)}: not in this file, because {obstacle}  # {origin}"
    first = spec.addresses[0]
    said: list[str] = []
    if isinstance(first, UnixAddress):
        owner = f":{first.uid}:{first.gid}:{first.permissions:04o}:".encode()
        name = word(b"@" + first.path[1:] if first.isAbstract else owner + first.path)
        served = os.path.basename(first.path.lstrip(b"\0")).decode("utf-8", "surrogateescape")
    else:
        name, served = word(spec.name), spec.name
        hosts = [each.host for each in spec.addresses if isinstance(each, InetAddress)]
        said.append(_pair("bind", hosts))
        if spec.name != str(first.port):
            said.append(_pair("port", (str(first.port),)))
    identity = spec.identity
    said += [
        _pair("socktype", (spec.socketType.value,)),
        _pair("protocol", (spec.protocol,)),
        _pair("wait", ("yes" if spec.wait else "no",)),
        _pair("user", ("-" if identity.keep else identity.user,)),
    ]
    if not identity.keep:
        said.append(_pair("group", (str(identity.gid),)))
    said += _server(spec, served)
    said += [_pair(key, words) for key, words in pairs(spec)]
    missing = "" if spec.recording is None else " (but for what is recorded about it)"
    return f"{name} on {', '.join(said)};  # {origin}{missing}"


def dumpConfiguration(configuration: Configuration) -> str:
    """
    All services of a configuration.
    """
    return "".join(f"{entry(spec)}\n" for spec in configuration.services)
