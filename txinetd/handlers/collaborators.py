"""
What every running service is given to work with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import attrs

from txinetd.counters import Counters
from txinetd.gate.barred import Barred
from txinetd.gate.gate import Gate
from txinetd.gate.load import Readings
from txinetd.gate.penalties import PenaltyBook
from txinetd.gate.times import LocalTime
from txinetd.handlers.children import Children
from txinetd.handlers.targets import Targets
from txinetd.interfaces import IServerView, ISpawner
from txinetd.policy import NO_PENALTIES
from txinetd.record import ConnectionRecord
from txinetd.recording import DEFAULT_RECORDING, Recording
from txinetd.sockets.busypoll import BusyPoll
from txinetd.sockets.closing import Closer
from txinetd.sockets.identclient import IdentClient
from txinetd.sockets.inherited import Inherited
from txinetd.wallclock import WallClock
from txinetd.wrap import Wrapper

__all__ = ["Collaborators", "Recorder", "ServerRules"]


class Recorder(Protocol):
    """
    Takes finished records, and those of starts where a service asks for them; see
    L{txinetd.record.RecordLog}.
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
class ServerRules:
    """
    What the services of one server share of the gate.

    @ivar barred: who has touched a trap.
    @ivar penalties: who has misbehaved.
    @ivar gate: what holds for the whole server, or C{None}.
    @ivar readings: how loaded the machine is; refreshed by whoever made this.
    @ivar local: the time of day.
    """

    barred: Barred = attrs.Factory(Barred)
    penalties: PenaltyBook = attrs.Factory(lambda: PenaltyBook(NO_PENALTIES))
    gate: Gate | None = None
    readings: Readings = attrs.Factory(Readings)
    local: LocalTime = attrs.Factory(WallClock)


def _noWrapper() -> Wrapper:
    """
    Where nobody has thought of them.

    @raise RuntimeError: always.
    """
    raise RuntimeError("these collaborators have no tcp wrappers")


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
    @ivar rules: the rules of all services.
    @ivar wrapper: makes, at first, and gives what asks hosts_access(5).
    @ivar recording: what is written where a service says nothing.
    @ivar counters: the numbers of all services.
    @ivar rebound: called when a service's sockets are not the same as before.
    @ivar targets: the services that can be reached by way of tcpmux.
    @ivar view: what the server does, for those of its services that tell others.
    @ivar inherited: sockets that this process was started with.
    @ivar identClient: asks whose connections are.
    @ivar busyPoll: waits for clients who come one soon after the other.
    """

    reactor: Any
    spawner: ISpawner
    recorder: Recorder
    children: Children
    environment: Mapping[bytes, bytes]
    guard: Callable[[str, int], str | None]
    closer: Closer
    clock: Callable[[], float] = time.monotonic
    rules: ServerRules = attrs.Factory(ServerRules)
    wrapper: Callable[[], Wrapper] = _noWrapper
    recording: Recording = DEFAULT_RECORDING
    counters: Counters = attrs.field(factory=Counters)
    rebound: Callable[[], None] = _nobody
    targets: Targets = attrs.field(factory=Targets)
    view: IServerView | None = None
    inherited: Inherited = attrs.Factory(Inherited)
    identClient: IdentClient = attrs.Factory(
        lambda self: IdentClient(self.reactor), takes_self=True
    )
    busyPoll: BusyPoll = attrs.Factory(lambda self: BusyPoll(self.reactor), takes_self=True)
