# -*- test-case-name: tests.integration.test_trouble -*-
"""
From a spec's address to a bound socket.
"""

from __future__ import annotations

import errno
import socket
from pathlib import Path

from txinetd.errors import BindError
from txinetd.sockets.inherited import Inherited
from txinetd.sockets.options import applyOptions
from txinetd.sockets.unix import bindUnix
from txinetd.spec import (
    Address,
    InetAddress,
    Program,
    ServiceSpec,
    SocketType,
    UnixAddress,
    VsockAddress,
)

__all__ = ["inheritedSocket", "openSocket"]

_HINTS = {
    errno.EADDRINUSE: "another process has it: ss -lntup shows which",
    errno.EADDRNOTAVAIL: "no interface of this machine has that address",
    errno.EAFNOSUPPORT: "this machine does not have that address family",
}


def openSocket(spec: ServiceSpec, address: Address) -> socket.socket:
    """
    Make, bind and where that applies listen on one socket.

    @param spec: the service; its socket type, socket options and backlog count.
    @param address: one of its addresses.
    @return: a socket that does not block and does not survive an execve(2).
    @raise BindError: if that cannot be done.
    """
    try:
        sock = socket.socket(address.family, spec.socketType.kind)
    except OSError as error:
        raise _failed(address, "socket", error) from error
    try:
        sock.setblocking(False)
        applyOptions(sock, spec.socketOptions, str(address))
        if isinstance(address, UnixAddress):
            bindUnix(sock, address)
        elif isinstance(address, VsockAddress):
            _bindVsock(sock, address)
        else:
            _bindInet(sock, spec.socketType, address)
        if spec.socketType.accepts:
            try:
                sock.listen(spec.backlog)
            except OSError as error:
                raise _failed(address, "listen", error) from error
    except BaseException:
        sock.close()
        raise
    return sock


def inheritedSocket(
    spec: ServiceSpec, address: Address, inherited: Inherited
) -> socket.socket | None:
    """
    The same of a socket that this process was started with.

    @return: C{None} where there is none for that address.
    @raise BindError: if it cannot be made what the service asks for.
    """
    sock = inherited.take(spec, address)
    if sock is None:
        return None
    if spec.socketType is SocketType.DGRAM and not spec.wait and isinstance(spec.server, Program):
        # It would be connected to one peer and given to a server.  The parent's copy
        # is the same socket: when that server has ended it would go on taking the
        # peer's datagrams, and nobody would read them.
        sock.close()
        hint = "a dgram service gives its socket away, which its parent has, too: use wait"
        raise BindError(str(address), "inherited", 0, hint)
    try:
        sock.setblocking(False)
        applyOptions(sock, spec.socketOptions, str(address))
        if spec.socketType.accepts:
            # Some parents leave that to us; where it listens already, only the length of
            # its queue changes.
            sock.listen(spec.backlog)
    except OSError as error:
        sock.close()
        raise _failed(address, "listen", error) from error
    except BaseException:
        sock.close()
        raise
    return sock


def _bindInet(sock: socket.socket, socketType: SocketType, address: InetAddress) -> None:
    """
    Bind to an IPv4 or IPv6 address.
    """
    try:
        if socketType.accepts:
            # Connections of an earlier run may linger for minutes.  Not for
            # datagrams: there it would let two servers have one port, of which
            # only one hears anything.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if address.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not address.dualStack)
    except OSError as error:
        raise _failed(address, "setsockopt", error) from error
    try:
        # A scope, as in fe80::1%eth0, is for getaddrinfo(3), which makes no
        # query for an address.
        target = socket.getaddrinfo(
            address.host, address.port, address.family, flags=socket.AI_NUMERICHOST
        )[0][4]
        sock.bind(target)
    except socket.gaierror as error:
        raise BindError(str(address), "bind", errno.EADDRNOTAVAIL, str(error)) from error
    except OSError as error:
        raise _failed(address, "bind", error) from error


def _bindVsock(sock: socket.socket, address: VsockAddress) -> None:
    """
    Bind to an address for virtual machines.
    """
    try:
        sock.bind((address.cid, address.port))
    except OSError as error:
        raise _failed(address, "bind", error) from error


def _failed(address: Address, step: str, error: OSError) -> BindError:
    """
    An error of the system, with what to do about it.
    """
    number = error.errno or 0
    hint = _HINTS.get(number, "")
    if number == errno.EADDRNOTAVAIL and isinstance(address, VsockAddress):
        hint = "this machine does not have that context id: * is any that it has"
    if number == errno.EACCES and isinstance(address, InetAddress | VsockAddress):
        first = 1024 if isinstance(address, VsockAddress) else _firstFreePort()
        hint = (
            f"ports below {first} are for root or CAP_NET_BIND_SERVICE; a daemon"
            " that has given up its privileges cannot bind them any more"
        )
    return BindError(str(address), step, number, hint)


def _firstFreePort() -> int:
    """
    The lowest port that anybody may bind.
    """
    try:
        return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    except (OSError, ValueError):
        return 1024
