# -*- test-case-name: tests.test_sockets_pending -*-
"""
Looking at the datagram at the head of a socket's queue without taking it.
"""

from __future__ import annotations

import socket
from typing import Any

import attrs

__all__ = ["Head", "drop", "head"]

#: From the kernel's asm-generic/socket.h; L{socket} does not have it.
_SO_TIMESTAMPNS = 35

_STAMP_SPACE = socket.CMSG_SPACE(16)

#: No datagram is longer.
LONGEST = 65535


@attrs.frozen
class Head:
    """
    Which datagram it is.

    @ivar peer: where it came from, as L{socket} has it.
    @ivar stamp: what tells it from all others of that socket: when the kernel
        received it or was first asked.
    """

    peer: Any
    stamp: object


def head(sock: socket.socket) -> Head | None:
    """
    Look at the next datagram.

    @param sock: a bound datagram socket; not to be read by others meanwhile.
    @return: which it is, or C{None} where there is none.
    """
    # The kernel stamps a datagram when it arrives or, where nobody wanted stamps
    # then, when it is first looked at; and keeps the stamp.  On for no longer
    # than this look: the socket is to be handed on as it was made.
    stamps = _wantStamps(sock, 1)
    try:
        # Room for the stamp, which comes first, and for nothing else: descriptors
        # that a unix client sends along would become ours by this look.
        data, ancillary, _, peer = sock.recvmsg(
            LONGEST, _STAMP_SPACE if stamps else 0, socket.MSG_PEEK | socket.MSG_DONTWAIT
        )
    except OSError:
        # Nothing there; or an error of an earlier answer, which is gone now.
        return None
    finally:
        if stamps:
            _wantStamps(sock, 0)
    # Without stamps, two equal datagrams of one peer pass for one.
    return Head(peer, tuple(ancillary) or data)


def _wantStamps(sock: socket.socket, want: int) -> bool:
    """
    Turn stamps on or off.

    @return: whether there are any.
    """
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, want)
    except OSError:
        return False
    return True


def drop(sock: socket.socket) -> Any:
    """
    Take the next datagram and throw it away.

    @return: where it came from, as L{socket} has it, or C{None} where there was
        none.
    """
    try:
        return sock.recvfrom(1, socket.MSG_DONTWAIT)[1]
    except OSError:
        return None
