"""
Which kind of port serves a spec.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from txinetd.handlers.collaborators import Collaborators
from txinetd.handlers.connection import ConnectionPort
from txinetd.handlers.datagram import DatagramProgramPort
from txinetd.handlers.door import Door
from txinetd.handlers.inprocess import InProcessDatagramPort, InProcessStreamPort
from txinetd.handlers.multiplexer import TCPMUX, MultiplexerPort
from txinetd.handlers.port import Port
from txinetd.handlers.wait import WaitPort
from txinetd.spec import Address, Builtin, Program, ServiceSpec

__all__ = ["kindOf", "portFor"]


def kindOf(spec: ServiceSpec) -> type[Port]:
    """
    The kind of port that serves a spec.
    """
    if isinstance(spec.server, Program):
        if spec.wait:
            return WaitPort
        return ConnectionPort if spec.socketType.accepts else DatagramProgramPort
    if spec.socketType.accepts and isinstance(spec.server, Builtin) and spec.server.name == TCPMUX:
        return MultiplexerPort
    return InProcessStreamPort if spec.socketType.accepts else InProcessDatagramPort


def portFor(
    spec: ServiceSpec,
    address: Address,
    sock: socket.socket,
    door: Door,
    collaborators: Collaborators,
    replace: Callable[[socket.socket | None], None],
) -> Port:
    """
    Make the port that serves a spec on one socket.

    @param spec: the service.
    @param address: which of its addresses.
    @param sock: the socket bound there.
    @param door: the service's way in and out.
    @param collaborators: what all services share.
    @param replace: called by a port whose socket has been given away (with the
        one that takes its place) or spoilt (with C{None}).
    """
    return kindOf(spec)(spec, address, sock, door, collaborators, replace)
