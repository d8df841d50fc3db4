# -*- test-case-name: tests.test_sockets_closing -*-
"""
How to close a connection that nobody served so that its client sees an ordinary
end of file.
"""

from __future__ import annotations

import socket

__all__ = ["closeCleanly"]

#: How much unread input to take off a connection at most.  A client that has
#: sent more before it was turned away sees a reset, as with any server.
_DRAIN_AT_MOST = 65536


def closeCleanly(connection: socket.socket) -> None:
    """
    Close a connection without a reset.  The kernel answers a close(2) with input
    left unread by a reset (RFC 2525, 2.17), which many clients report as a
    failure and which may overtake the end of file.  Never blocks, never raises.

    @param connection: a connected stream; it is closed.
    """
    try:
        connection.shutdown(socket.SHUT_WR)
        connection.recv(_DRAIN_AT_MOST, socket.MSG_DONTWAIT)
    except OSError:
        # Nothing to read, or the client is gone already: both are fine.
        pass
    finally:
        connection.close()
