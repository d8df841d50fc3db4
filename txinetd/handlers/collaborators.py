"""
What every running service is given to work with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import attrs

from txinetd.handlers.children import Children
from txinetd.handlers.targets import Targets
from txinetd.interfaces import IServerView, ISpawner
from txinetd.record import ConnectionRecord
from txinetd.sockets.closing import Closer

__all__ = ["Collaborators", "Recorder"]


class Recorder(Protocol):
    """
    Takes finished records; see L{txinetd.record.RecordLog}.
    """

    def record(self, record: ConnectionRecord) -> None:
        """
        Note what happened, without blocking.
        """


def _nobody() -> None:
    """
    Nobody wants to know.
    """


@attrs.frozen
class Collaborators:
    """
    The parts that all services of one server share.

    @ivar reactor: the reactor: descriptors, timers and adopted connections.
    @ivar spawner: starts programs.
    @ivar recorder: takes the records.
    @ivar children: the programs that run, over all services and reloads.
    @ivar environment: what every program finds in its environment.
    @ivar guard: says, for a host and port, why a datagram from there is not to be
        answered by an internal service, or C{None}.
    @ivar closer: closes connections that nobody serves.
    @ivar clock: monotonic seconds, for limits and durations.
    @ivar rebound: called when a service's sockets are not the same as before.
    @ivar targets: the services that can be reached by way of tcpmux.
    @ivar view: what the server does, for those of its services that tell others.
    """

    reactor: Any
    spawner: ISpawner
    recorder: Recorder
    children: Children
    environment: Mapping[bytes, bytes]
    guard: Callable[[str, int], str | None]
    closer: Closer
    clock: Callable[[], float] = time.monotonic
    rebound: Callable[[], None] = _nobody
    targets: Targets = attrs.field(factory=Targets)
    view: IServerView | None = None
