# -*- test-case-name: tests.test_sockets_options -*-
"""
What a service asks of its socket, as values.
"""

from __future__ import annotations

import attrs

__all__ = ["DEFAULT_SOCKET_OPTIONS", "SocketOptions"]


@attrs.frozen
class SocketOptions:
    """
    Options of a listening or bound socket, named as socket(7), tcp(7) and ip(7) name
    them.  Each is set, or there is no socket.  Connections have those of the socket
    that they came in by, where they mean anything to a connection.

    @ivar sendBuffer: bytes of C{SO_SNDBUF}, or C{None} for what the system finds.
    @ivar receiveBuffer: bytes of C{SO_RCVBUF}, or C{None}.
    @ivar deferAccept: seconds of C{TCP_DEFER_ACCEPT}: for so long, at least, a client
        that sends nothing is not accepted; or C{None}.
    @ivar noDelay: C{TCP_NODELAY}.
    @ivar keepAlive: C{SO_KEEPALIVE}.
    @ivar reusePort: C{SO_REUSEPORT}: other sockets of this user may have the address,
        too.
    @ivar freeBind: C{IP_FREEBIND}: the address need not exist yet.
    @ivar mark: C{SO_MARK}, or C{None}.
    @ivar device: the interface of C{SO_BINDTODEVICE}, or C{None}.
    @ivar fastOpen: the queue of C{TCP_FASTOPEN}, or C{None}.
    """

    sendBuffer: int | None = None
    receiveBuffer: int | None = None
    deferAccept: int | None = None
    noDelay: bool = False
    keepAlive: bool = False
    reusePort: bool = False
    freeBind: bool = False
    mark: int | None = None
    device: str | None = None
    fastOpen: int | None = None


#: What the system finds best.
DEFAULT_SOCKET_OPTIONS = SocketOptions()
