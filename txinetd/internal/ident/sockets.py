# -*- test-case-name: tests.test_internal_ident_sockets -*-
"""
Whose a TCP connection of this machine is, as the kernel knows: by netlink
(sock_diag(7)), which finds one connection among any number at once, or, where that
is not to be had, by reading through /proc/net/tcp and /proc/net/tcp6.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import attrs

__all__ = ["Connection", "connectionOf", "ownerOf"]

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_NLMSG_ERROR = 2
_TCP_LISTEN = 10

#: C{struct nlmsghdr}; C{struct inet_diag_req_v2} and C{struct inet_diag_msg}, each
#: before, in and after its C{struct inet_diag_sockid}.
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBxI")
_SOCKET = struct.Struct("!HH16s16s")
_REST = struct.Struct("=III")
_REPLY = struct.Struct("=BBBB")
_FIGURES = struct.Struct("=IIIII")

#: Where the cookie of a socket is not known.
_NO_COOKIE = 0xFFFFFFFF

#: Seconds that the kernel may take; it answers before sendto(2) returns.
_PATIENCE = 1.0

_Address = IPv4Address | IPv6Address


@attrs.frozen
class Connection:
    """
    Both ends of a connection.

    @ivar local: the address on this machine.
    @ivar localPort: the port there.
    @ivar remote: the address on the other.
    @ivar remotePort: the port there.
    @ivar interface: the index of the interface, for link-local addresses; else 0.
    """

    local: _Address
    localPort: int
    remote: _Address
    remotePort: int
    interface: int = 0


def connectionOf(
    localHost: str, localPort: int, remoteHost: str, remotePort: int
) -> Connection | None:
    """
    A connection between two numeric addresses, in the form that the kernel knows it
    in: that of IPv4 where they are IPv4-mapped.

    @return: the connection, or C{None} where there can be none.
    """
    hosts = []
    scope = ""
    for host in (localHost, remoteHost):
        host, _, zone = host.partition("%")
        scope = scope or zone
        try:
            address = ip_address(host)
        except ValueError:
            return None
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        hosts.append(address)
    if hosts[0].version != hosts[1].version:
        return None
    try:
        interface = int(scope) if scope.isdecimal() else socket.if_nametoindex(scope)
    except OSError:
        interface = 0
    return Connection(hosts[0], localPort, hosts[1], remotePort, interface)


def ownerOf(
    connection: Connection, known: Connection, proc: Path = Path("/proc/net")
) -> int | None:
    """
    Whose a connection is.

    @param connection: the connection.
    @param known: a connection that there is: what does not find it finds nothing.
    @param proc: where the tables are.
    @return: the user id, or C{None} where there is no such connection, or nobody has
        it any more.
    @raise OSError: if that cannot be found out.
    """
    try:
        found = _byNetlink(connection)
        # A kernel without the module for TCP says the same as one without the
        # connection.
        if found is not None or _byNetlink(known) is not None:
            return _owner(found)
    except OSError:
        pass  # no netlink here: then the long way
    return _owner(_byProc(connection, proc))


def _owner(found: tuple[int, int] | None) -> int | None:
    """
    The user, of a user and an inode.  Without an inode nobody has the connection any
    more, and the user is no user's but 0.
    """
    return None if found is None or found[1] == 0 else found[0]


def _byNetlink(connection: Connection) -> tuple[int, int] | None:
    """
    Ask the kernel for one connection.

    @return: user and inode.
    """
    family = socket.AF_INET if connection.local.version == 4 else socket.AF_INET6
    body = (
        _REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0xFFFFFFFF)
        + _SOCKET.pack(
            connection.localPort,
            connection.remotePort,
            connection.local.packed.ljust(16, b"\0"),
            connection.remote.packed.ljust(16, b"\0"),
        )
        + _REST.pack(connection.interface, _NO_COOKIE, _NO_COOKIE)
    )
    header = _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as netlink:
        netlink.settimeout(_PATIENCE)
        netlink.sendto(header + body, (0, 0))
        reply = netlink.recv(8192)
    _, kind, _, _, _ = _HEADER.unpack_from(reply)
    if kind == _NLMSG_ERROR:
        (number,) = struct.unpack_from("=i", reply, _HEADER.size)
        if number == -errno.ENOENT:
            return None
        raise OSError(-number, os.strerror(-number))
    at = _HEADER.size
    _, state, _, _ = _REPLY.unpack_from(reply, at)
    localPort, remotePort, _, _ = _SOCKET.unpack_from(reply, at + _REPLY.size)
    # The kernel falls back to the socket that listens there.
    if state == _TCP_LISTEN or (localPort, remotePort) != (
        connection.localPort,
        connection.remotePort,
    ):
        return None
    figures = at + _REPLY.size + _SOCKET.size + _REST.size
    _, _, _, user, inode = _FIGURES.unpack_from(reply, figures)
    return user, inode


def _byProc(connection: Connection, proc: Path) -> tuple[int, int] | None:
    """
    Read through the tables.

    @return: user and inode.
    @raise OSError: if there are none.
    """
    local, remote = connection.local, connection.remote
    # A socket for both families has its IPv4 connections in IPv6's table.
    wanted = [("tcp6", _mapped(local), _mapped(remote))]
    if local.version == 4:
        wanted.insert(0, ("tcp", local.packed, remote.packed))
    for name, ours, theirs in wanted:
        begin = f"{_shown(ours)}:{connection.localPort:04X}"
        end = f"{_shown(theirs)}:{connection.remotePort:04X}"
        try:
            with (proc / name).open(encoding="ascii") as table:
                for line in table:
                    words = line.split()
                    if len(words) >= 10 and words[1] == begin and words[2] == end:
                        return int(words[7]), int(words[9])
        except FileNotFoundError:
            if name == "tcp":
                raise
            # A machine without IPv6.
    return None


def _mapped(address: _Address) -> bytes:
    """
    An address as IPv6's.
    """
    return address.packed.rjust(6, b"\xff").rjust(16, b"\0")


def _shown(packed: bytes) -> str:
    """
    An address as it stands in those tables: words of 32 bits, in this machine's
    order.
    """
    return "".join(
        f"{int.from_bytes(packed[at : at + 4], sys.byteorder):08X}"
        for at in range(0, len(packed), 4)
    )
