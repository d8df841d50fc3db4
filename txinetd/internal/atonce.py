# -*- test-case-name: tests.test_internal_atonce -*-
"""
What an internal service can do for a client before anything of Twisted's watches the
connection.  Most clients of the echo have said everything by the time they are accepted:
for them there is nothing to wait for.
"""

from __future__ import annotations

import socket

import attrs

__all__ = ["NOTHING", "Begun", "echoAtOnce"]

#: Bytes read at a time, which the buffer of a new connection can take as a rule, and how
#: often: others wait for their turn.
_PIECE = 4096
_PIECES = 16


@attrs.frozen
class Begun:
    """
    How far it has come.

    @ivar carried: bytes that were read, and that were written or are to be.
    @ivar over: whether the connection is to be closed now.
    @ivar rest: what is still to be written, before anything else is.
    """

    carried: int = 0
    over: bool = False
    rest: bytes = b""


#: Where nothing was tried.
NOTHING = Begun()


def echoAtOnce(connection: socket.socket) -> Begun:
    """
    Send back what has come already.

    @param connection: one that has just been accepted; it stays open.
    """
    carried = 0
    try:
        for _ in range(_PIECES):
            data = connection.recv(_PIECE, socket.MSG_DONTWAIT)
            if not data:
                return Begun(carried, over=True)
            carried += len(data)
            try:
                sent = connection.send(data, socket.MSG_DONTWAIT)
            except BlockingIOError:
                sent = 0
            if sent < len(data):
                return Begun(carried, rest=data[sent:])
    except BlockingIOError:
        pass
    except OSError:
        # The client has gone.
        return Begun(carried, over=True)
    return Begun(carried)
