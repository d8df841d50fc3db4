# -*- test-case-name: tests.test_view -*-
"""
What there is to see of a running super-server from outside: values, made when they
are asked for, that nobody can change anything with.
"""

from __future__ import annotations

import attrs

__all__ = ["Place", "RunningServer", "ServiceView"]


@attrs.frozen
class RunningServer:
    """
    A server program that runs.

    @ivar service: its service's name.
    @ivar pid: its process id.
    @ivar user: whom it runs as.
    @ivar peer: its client, or C{-}.
    @ivar local: where the client came to.
    @ivar since: when it was started, in seconds since 1970.
    """

    service: str
    pid: int
    user: str
    peer: str
    local: str
    since: float


@attrs.frozen
class Place:
    """
    One address of a service.

    @ivar text: the address, without the port.
    @ivar port: the port, or C{None} for a unix socket.
    @ivar state: what becomes of it: C{listening}, C{running} (a server holds the
        socket), C{retrying} (it cannot be bound at the moment), ...
    """

    text: str
    port: int | None
    state: str


@attrs.frozen
class ServiceView:
    """
    A service.

    @ivar name: its name.
    @ivar protocol: its protocol, as it was configured.
    @ivar user: whom its servers run as.
    @ivar places: its addresses; none where it is reached by way of tcpmux.
    """

    name: str
    protocol: str
    user: str
    places: tuple[Place, ...]
