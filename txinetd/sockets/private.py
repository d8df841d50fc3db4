# -*- test-case-name: tests.test_sockets_private -*-
"""
A datagram socket for one peer alone, out of one that everybody sends to.

The socket itself is connected to the peer and given away, with the datagrams that
are in it; a new one, bound first, takes its place.  (Two sockets of one port where
the first reads the datagram and the second is connected, as busybox has it, lose
what comes in between.)  connect(2) does not take other peers' datagrams out of the
queue, so that is done here: no server ever reads what another peer sent.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import attrs

from txinetd.sockets.options import applyOptions
from txinetd.sockets.pending import LONGEST
from txinetd.sockopts import DEFAULT_SOCKET_OPTIONS, SocketOptions

__all__ = ["Private", "privateSocket"]

#: From the kernel's asm-generic/socket.h; L{socket} does not have it.
_SO_PEEK_OFF = 42

#: Datagrams of one queue that are looked at; a queue of the default size cannot
#: hold so many.
_MOST = 4096


@attrs.frozen
class Private:
    """
    @ivar peer: whose it is, as L{socket} has it; C{None} where no datagram is
        left, and then C{own} is closed.
    @ivar own: connected to that peer; holds its datagrams and no others.
    @ivar replacement: bound where C{own} is, for everybody else.
    @ivar dropped: the peers whose datagrams had to be thrown away because others
        came after them, one for each datagram.
    """

    peer: Any
    own: socket.socket
    replacement: socket.socket
    dropped: tuple[Any, ...]


def privateSocket(sock: socket.socket, options: SocketOptions = DEFAULT_SOCKET_OPTIONS) -> Private:
    """
    Make a shared socket one peer's own.

    @param sock: a bound IPv4 or IPv6 datagram socket.
    @param options: what was asked of it, and is of what takes its place.
    @return: that socket, connected, and what takes its place.
    @raise OSError: if there can be no second socket; then nothing has changed.
    @raise BindError: if it cannot have its options; then neither.
    """
    replacement = _twin(sock, options)
    # From here on nothing more is queued in the old one, but for what the kernel
    # is delivering in this moment.
    dropped: list[Any] = []
    peer = _thinOut(sock, dropped)
    if peer is not None:
        sock.connect(peer)
        if any(other != peer for other in _peers(sock)):
            peer = _thinOut(sock, dropped, wanted=peer)
    if peer is None:
        sock.close()
    return Private(peer, sock, replacement, tuple(dropped))


def _twin(sock: socket.socket, options: SocketOptions) -> socket.socket:
    """
    Bind a second socket to the same address and port.  It is the one that gets
    what comes, being the later.
    """
    twin = socket.socket(sock.family, socket.SOCK_DGRAM)
    try:
        twin.setblocking(False)
        applyOptions(twin, options, str(sock.getsockname()))
        if sock.family == socket.AF_INET6:
            only = sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
            twin.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
        # A port is shared only where all of its sockets allow it.  The one that
        # everybody sends to does so just for this bind, or anybody might take it;
        # those given away must for as long as they live.
        for one in (sock, twin):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            twin.bind(sock.getsockname())
        except BaseException:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
            raise
        finally:
            twin.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    except BaseException:
        twin.close()
        raise
    return twin


def _peers(sock: socket.socket) -> Iterator[Any]:
    """
    Whose the datagrams in a queue are, from its head, without taking any.
    """
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_PEEK_OFF, 0)
        for _ in range(_MOST):
            # Each look begins where the one before ended.
            _, _, _, peer = sock.recvmsg(LONGEST, 0, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            yield peer
    except BlockingIOError:
        pass
    finally:
        sock.setsockopt(socket.SOL_SOCKET, _SO_PEEK_OFF, -1)


def _thinOut(sock: socket.socket, dropped: list[Any], wanted: Any = None) -> Any:
    """
    Take datagrams off the head of a queue until all that are left are of one
    peer.

    @param dropped: gets the peers of those that were taken.
    @param wanted: the only peer that may be left, or C{None} for the last one's.
    @return: the peer, or C{None} where nothing is left.
    """
    queue = list(_peers(sock))
    peer = wanted if wanted is not None else (queue[-1] if queue else None)
    alien = [position for position, other in enumerate(queue) if other != peer]
    for _ in range(alien[-1] + 1 if alien else 0):
        dropped.append(sock.recvfrom(1, socket.MSG_DONTWAIT)[1])
    return peer if len(queue) > (alien[-1] + 1 if alien else 0) else None
