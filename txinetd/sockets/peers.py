# -*- test-case-name: tests.test_sockets_peers -*-
"""
What a socket tells about both of its ends; never a look-up.
"""

from __future__ import annotations

import functools
import os
import socket
import struct
import sys
from typing import Any

from txinetd.process.facts import ConnectionFacts, End, plainHost
from txinetd.spec import Address, UnixAddress, VsockAddress

__all__ = ["connectionFacts", "datagramFacts", "endOf", "fixedEnd", "listenerFacts"]

#: C{IP_TRANSPARENT} and C{IPV6_TRANSPARENT}.
_TRANSPARENT = {
    socket.AF_INET: (socket.IPPROTO_IP, 19),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 75),
}

_CREDENTIALS = struct.Struct("iII")


def endOf(name: Any) -> End:
    """
    One end of a socket.

    @param name: a socket address as L{socket} gives it: a tuple that begins with
        host and port, a path (C{str} or C{bytes}, perhaps empty), or C{None}.
    """
    if isinstance(name, tuple):
        return End(plainHost(name[0]), name[1])
    if name:
        path = os.fsencode(name)
        # What has no file is shown as ss(8) shows it; nor could a variable hold a NUL.
        return End(path=path.replace(b"\0", b"@"))
    return End()


def _virtual(name: tuple[int, int]) -> End:
    """
    One end of a connection between machines (vsock(7)).
    """
    cid, port = name
    return End(port=port, cid=cid)


#: The ends on this side are few.
_ownEnd = functools.lru_cache(maxsize=256)(endOf)


def fixedEnd(listener: socket.socket) -> End | None:
    """
    This side of all connections that come to a socket, where it is the same for all.

    @param listener: a socket that listens.
    @return: C{None} where each connection has to be asked.
    """
    name = listener.getsockname()
    if sys.platform != "linux" or listener.family not in _TRANSPARENT:
        return None
    if plainHost(name[0]) in ("0.0.0.0", "::"):
        return None
    level, option = _TRANSPARENT[listener.family]
    try:
        # Then those come here as well that were for other addresses.
        transparent = listener.getsockopt(level, option)
    except OSError:
        return None
    return None if transparent else endOf(name)


def connectionFacts(
    connection: socket.socket, peer: Any, local: End | None = None
) -> ConnectionFacts:
    """
    Facts about a connection.

    @param connection: as it was accepted.
    @param peer: the address that came with it.
    @param local: this side, where that is known: from L{fixedEnd}.
    """
    if local is not None:
        if len(peer) != 2:
            return ConnectionFacts("tcp", local, endOf(peer))
        # An IPv4 address has but one form.
        host, port = peer
        return ConnectionFacts("tcp", local, End(host, port, None, None, f"{host}:{port}"))
    if not isinstance(peer, tuple):
        _, uid, gid = _CREDENTIALS.unpack(
            connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        )
        return ConnectionFacts("unix", endOf(connection.getsockname()), endOf(peer), (uid, gid))
    if type(peer[0]) is int:
        # A context id: only vsock(7) has no text there, and the family would be dearer.
        return ConnectionFacts("vsock", _virtual(connection.getsockname()), _virtual(peer))
    return ConnectionFacts("tcp", _ownEnd(connection.getsockname()), endOf(peer))


def listenerFacts(sock: socket.socket, address: Address) -> ConnectionFacts:
    """
    Facts about an arrival that a server will take from the socket itself: this
    side only.

    @param sock: a bound socket.
    @param address: what it is bound to.
    """
    if isinstance(address, UnixAddress):
        return ConnectionFacts("unix", endOf(address.path))
    if isinstance(address, VsockAddress):
        return ConnectionFacts("vsock", _virtual(sock.getsockname()))
    transport = "udp" if sock.type == socket.SOCK_DGRAM else "tcp"
    return ConnectionFacts(transport, endOf(sock.getsockname()))


def datagramFacts(sock: socket.socket, peer: Any, destination: str | None) -> ConnectionFacts:
    """
    Facts about a datagram.

    @param sock: where it arrived.
    @param peer: the address that came with it.
    @param destination: the numeric address that it was sent to, or C{None} where
        that is not known.
    """
    if sock.family == socket.AF_UNIX:
        return ConnectionFacts("unix", endOf(sock.getsockname()), endOf(peer))
    local = endOf(sock.getsockname())
    if destination is not None:
        local = End(plainHost(destination), local.port)
    return ConnectionFacts("udp", local, endOf(peer))
