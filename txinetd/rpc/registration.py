# -*- test-case-name: tests.test_rpc_registration -*-
"""
What rpcbind(8) is told about a service: a program's version, a transport, and the
address at which it is served there.
"""

from __future__ import annotations

import socket
from typing import Any

import attrs

from txinetd.spec import InetAddress, ServiceSpec, SocketType

__all__ = ["Registration", "registrations", "universalAddress"]

_TRANSPORTS = {SocketType.STREAM: "tcp", SocketType.DGRAM: "udp"}


@attrs.frozen
class Registration:
    """
    One entry of rpcbind's.

    @ivar program: the program's number.
    @ivar version: one of its versions.
    @ivar transport: the network identifier of netconfig(5): C{tcp}, C{udp6}, ...
    @ivar address: the universal address: a numeric host, then the port's high and
        low byte in decimal, with dots between them.
    """

    program: int
    version: int
    transport: str
    address: str


def universalAddress(host: str, port: int) -> str:
    """
    An address in the form of rpcbind's (RFC 5665).

    @param host: a numeric address; a scope is left out, as that form has none.
    @param port: a port.
    """
    return f"{host.partition('%')[0]}.{port >> 8}.{port & 255}"


def registrations(
    spec: ServiceSpec, address: InetAddress, bound: tuple[Any, ...]
) -> list[Registration]:
    """
    What one socket of a service is registered as: once for each version, and for
    both families where it serves both.

    @param spec: the service.
    @param address: one of its addresses.
    @param bound: what the socket is really bound to, as C{getsockname} gives it.
    """
    rpc = spec.rpc
    transport = _TRANSPORTS.get(spec.socketType)
    if rpc is None or transport is None:
        return []
    host, port = bound[0], bound[1]
    if address.family == socket.AF_INET:
        places = [(transport, host)]
    else:
        places = [(f"{transport}6", host)]
        if address.dualStack and host == "::":
            places.append((transport, "0.0.0.0"))
    return [
        Registration(rpc.number, version, transport, universalAddress(host, port))
        for transport, host in places
        for version in range(rpc.first, rpc.last + 1)
    ]
