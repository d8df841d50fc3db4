# -*- test-case-name: tests.test_config_dump -*-
"""
The text of C{--dump}: the resolved services in the key=value form of NetBSD's
inetd.conf(5), one a line::

    NAME on KEY = VALUE, ...;  # FILE:LINE

L{txinetd.config.keyvalue} reads it back to equal specs, given the same users, groups,
RPC programs and hosts.  Keys, in this order: C{bind} (the addresses; several are ours),
C{port} and C{rpc} (ours) where the name does not say it, C{socktype}, C{protocol},
C{wait}, C{user}, C{group} (the resolved id), and what serves: C{exec} and C{args};
C{internal} (ours), where the name does not say that; or C{redirect} (ours); then
everything of L{txinetd.config.settings} that is not the default, or for which options of
the command line may say another.  A unix socket's NAME is C{:UID:GID:MODE:PATH}, as
FreeBSD has it, and that of a service behind tcpmux C{tcpmux/NAME} or C{tcpmux/+NAME}.

A word that needs it stands between double quotes with NetBSD's escapes: C{\\\\},
C{\\"}, C{\\n}, C{\\t}, C{\\r} and C{\\xHH} for any other byte that is not printable
ASCII.

What no file can say, such as a service that is Python code, is a comment that says so.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Sequence

from txinetd.config.registered import TCPMUX
from txinetd.config.settings import pairs
from txinetd.config.text import visible
from txinetd.config.values import Configuration
from txinetd.spec import (
    Builtin,
    InetAddress,
    InProcess,
    Multiplexed,
    Program,
    Redirect,
    ServiceSpec,
    UnixAddress,
    VsockAddress,
)

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
    if isinstance(spec.server, Program) and not spec.server.argv:
        return "it has no argv[0]"
    if isinstance(spec.server, Redirect) and len(spec.server.text.split(" ")) != 2:
        return "it does not say to which host and port its connections go"
    if any(first == end for first, end in spec.access.times):
        return "its times have an interval without a minute in it"
    if spec.isUnix or spec.isVsock:
        if len(spec.addresses) > 1 or spec.name != str(spec.addresses[0]):
            return "it has more than one address"
        return None
    if spec.multiplexed is not None:
        if spec.addresses or spec.name != _multiplexed(spec.multiplexed):
            return "it has more than a name with tcpmux"
        return None
    ports = {each.port for each in spec.addresses if isinstance(each, InetAddress)}
    if len(ports) != 1 or (0 in ports and spec.rpc is None):
        return "its sockets have not one known port"
    if not spec.name or ":" in spec.name or visible(spec.name) != spec.name:
        return "its name is not one that a file can have"
    return None


def _multiplexed(found: Multiplexed) -> str:
    """
    What a service behind tcpmux is called.
    """
    return f"{TCPMUX}{'+' if found.ready else ''}{found.name}"


def _pair(key: str, words: Sequence[str | bytes]) -> str:
    """
    One key.
    """
    return f"{key} = {' '.join(map(word, words))}".rstrip()


def _server(spec: ServiceSpec, name: str | None) -> list[str]:
    """
    What serves.

    @param name: the internal service that the name of this one stands for, if any.
    """
    server = spec.server
    if isinstance(server, Program):
        return [_pair("exec", (server.path,)), _pair("args", server.argv)]
    if isinstance(server, Redirect):
        return [_pair("redirect", server.text.split(" "))]
    if isinstance(server, Builtin) and (server.name != name or server.arguments):
        return [_pair("internal", (server.name, *server.arguments))]
    return []


def _where(spec: ServiceSpec) -> tuple[str, str | None, list[str]]:
    """
    Where a service is found: its name, the internal service that this stands for, and
    the keys that say the rest.
    """
    if spec.multiplexed is not None:
        return word(spec.name), None, []
    first = spec.addresses[0]
    if isinstance(first, UnixAddress):
        served = os.path.basename(first.path.lstrip(b"\0")).decode("utf-8", "surrogateescape")
        if first.isAbstract:
            return word(b"@" + first.path[1:]), served, []
        owner = f":{first.uid}:{first.gid}:{first.permissions:04o}:".encode()
        return word(owner + first.path), served, []
    if isinstance(first, VsockAddress):
        return word(spec.name), None, []
    said = [_pair("bind", [each.host for each in spec.addresses if isinstance(each, InetAddress)])]
    if first.port and (spec.rpc is not None or spec.name != str(first.port)):
        said.append(_pair("port", (str(first.port),)))
    if spec.rpc is None:
        return word(spec.name), spec.name, said
    program = f"{spec.rpc.name}/{spec.rpc.versions}"
    if spec.name != program:
        said.append(_pair("rpc", (program,)))
    return word(spec.name), None, said


def entry(spec: ServiceSpec) -> str:
    """
    One service.
    """
    origin = visible(str(spec.origin))
    obstacle = _obstacle(spec)
    if obstacle is not None:
        return f"# {visible(spec.name)}: not in this file, because {obstacle}  # {origin}"
    name, served, said = _where(spec)
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
    return f"{name} on {', '.join(said)};  # {origin}"


def dumpConfiguration(configuration: Configuration) -> str:
    """
    All services of a configuration.
    """
    return "".join(f"{entry(spec)}\n" for spec in configuration.services)
