# -*- test-case-name: tests.test_surroundings -*-
"""
What decides about arrivals besides the arrivals themselves, for all services of one
server: how loaded the machine is, which addresses hosts have, who is barred, what
hosts_access(5) says.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
from twisted.application import service
from twisted.internet import defer, task
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from txinetd.barfile import load, save
from txinetd.gate.assemble import accessRules
from txinetd.gate.barred import Bar, Barred
from txinetd.gate.gate import Gate
from txinetd.gate.load import Readings
from txinetd.gate.penalties import PenaltyBook
from txinetd.handlers.collaborators import ServerRules
from txinetd.hosts import HostRefresher, hostsOf, withAddresses
from txinetd.interfaces import INames
from txinetd.names import SystemNames
from txinetd.policy import NO_POLICY, Network, Policy
from txinetd.process.limits import DescriptorLimit
from txinetd.process.reaper import Reaper
from txinetd.spec import ServiceSpec
from txinetd.wallclock import WallClock
from txinetd.wrap import Wrapper

__all__ = ["Surroundings"]


class Surroundings(service.Service):
    """
    Keeps all of that up to date.

    @ivar rules: what services share of it.
    """

    log = Logger()

    #: Seconds between two looks at the load, where any limit depends on it.
    lookEvery = 1.0

    #: Seconds for which who is barred may be forgotten, should this process be killed.
    keepEvery = 30.0

    def __init__(
        self,
        reactor: Any,
        policy: Policy,
        clock: Callable[[], float],
        limit: DescriptorLimit,
        changed: Callable[[Mapping[str, tuple[Network, ...]]], None],
        barFile: str | None = None,
        names: INames | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """
        @param reactor: its timers and threads.
        @param policy: what holds for the whole server.
        @param clock: monotonic seconds.
        @param limit: the descriptor limit that helpers are to have.
        @param changed: told of hosts in rules that have other addresses than before.
        @param barFile: where who is barred is kept over a restart, or C{None}.
        @param names: looks hosts up.
        @param wall: seconds since the epoch.
        @raise ValueError: if the policy says what only single services can.
        """
        _look(policy)
        self._reactor = reactor
        self._clock = clock
        self._changed = changed
        self._limit = limit
        self._barFile = barFile
        self._wall = wall
        self._policy = policy
        readings = Readings()
        self.rules = ServerRules(
            barred=Barred(),
            penalties=PenaltyBook(policy.access.penalties),
            gate=self._serverGate(policy, readings),
            readings=readings,
        )
        self._reaper = Reaper(reactor)
        self._wrapper: Wrapper | None = None
        self._looking = task.LoopingCall(self._look)
        self._looking.clock = reactor
        self._wantsLoad = self._wantsPressure = False
        self._keeping = task.LoopingCall(self._keep)
        self._keeping.clock = reactor
        self._written: frozenset[tuple[int, int]] = frozenset()
        self._hosts = HostRefresher(
            reactor, self._inThread, names if names is not None else SystemNames(), self._moved
        )

    def _serverGate(self, policy: Policy, readings: Readings) -> Gate | None:
        """
        The gate of the whole server, if it has one.
        """
        if policy.limits == NO_POLICY.limits and not _hasRules(policy):
            return None
        return Gate(
            policy.limits,
            own=accessRules(policy.access, WallClock()),
            shadow=policy.access.shadow,
            readings=readings,
        )

    def _inThread(self, call: Callable[[], Any]) -> defer.Deferred[Any]:
        """
        Call something that may block.
        """
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), call)

    def wrapper(self) -> Wrapper:
        """
        What asks hosts_access(5); there is none before anybody wants to.
        """
        if self._wrapper is None:
            self._wrapper = Wrapper(self._reactor, self._reaper, self._limit)
        return self._wrapper

    def watch(self, specs: Iterable[ServiceSpec]) -> dict[str, tuple[Network, ...]]:
        """
        See to what the rules of some services depend on, and to nothing else.

        @param specs: all services.
        @return: hosts of which more is known than these say.
        """
        every = list(specs)
        limits = [spec.limits for spec in every] + [self._policy.limits]
        self._wantsPressure = any(each.pressure for each in limits)
        self._wantsLoad = self._wantsPressure or any(each.load is not None for each in limits)
        self._startLooking()
        better = self._hosts.watch(hostsOf([spec.access for spec in every] + [self._policy.access]))
        self._alterGate(better)
        return better

    def _moved(self, hosts: Mapping[str, tuple[Network, ...]]) -> None:
        """
        Hosts have other addresses.
        """
        self._alterGate(hosts)
        self._changed(hosts)

    def _alterGate(self, hosts: Mapping[str, tuple[Network, ...]]) -> None:
        """
        Have the rules of the whole server go by these addresses.
        """
        access = withAddresses(self._policy.access, hosts)
        gate = self.rules.gate
        if gate is not None and access is not self._policy.access:
            self._policy = attrs.evolve(self._policy, access=access)
            gate.replaceRules(self._clock(), own=accessRules(access, self.rules.local))

    def _startLooking(self) -> None:
        """
        Look at the load from time to time, or not.
        """
        if self.running and self._wantsLoad:
            if not self._looking.running:
                self._looking.start(self.lookEvery)
        elif self._looking.running:
            self._looking.stop()

    def _look(self) -> None:
        """
        Look at the load.
        """
        self.rules.readings.refresh(self._wantsPressure)

    def startService(self) -> None:
        """
        Begin; who was barred still is.
        """
        super().startService()
        if self._barFile is not None:
            loaded = load(self._barFile, self._wall())
            if loaded.problem:
                self.log.error(
                    "{path}: damaged: {problem}; what can be read counts",
                    path=self._barFile,
                    problem=loaded.problem,
                )
            self.rules.barred.restore(loaded.bars, self._clock())
        self._startLooking()
        self._hosts.start()
        if self._barFile is not None:
            self._written = self._barredNow()
            self._keeping.start(self.keepEvery, now=False)

    def _barredNow(self) -> frozenset[tuple[int, int]]:
        """
        Who is barred.
        """
        bars = self.rules.barred.bars(self._clock())
        return frozenset((each.version, each.number) for each in bars)

    def _keep(self) -> defer.Deferred[None] | None:
        """
        Write down who is barred, in a thread, if it is not who was the last time.
        """
        barred = self._barredNow()
        if barred == self._written:
            return None
        self._written = barred
        bars = tuple(self.rules.barred.bars(self._clock()))
        return self._inThread(lambda: self._write(bars))

    def stopService(self) -> None:
        """
        End; who is barred is written down.
        """
        super().stopService()
        self._startLooking()
        self._hosts.stop()
        if self._wrapper is not None:
            self._wrapper.close()
            self._wrapper = None
        self._reaper.close()
        if self._keeping.running:
            self._keeping.stop()
        if self._barFile is not None:
            self._write(self.rules.barred.bars(self._clock()))

    def _write(self, bars: Iterable[Bar]) -> None:
        """
        Write down who is barred.
        """
        assert self._barFile is not None
        try:
            save(self._barFile, bars, self._wall())
        except OSError as error:
            self.log.error(
                "{path}: cannot be written: {reason}; after a restart nobody is barred",
                path=self._barFile,
                reason=error.strerror,
            )


def _look(policy: Policy) -> None:
    """
    See that a policy says nothing that would not be heeded.
    """
    access = policy.access
    if any(
        each is not None
        for each in (
            access.wrap, access.sensor, access.firstByte, access.startWithin,
            access.banner, access.bannerSuccess, access.bannerFail,
        )
    ):  # fmt: skip
        raise ValueError("tcp wrappers, traps, deadlines and banners are for single services")


def _hasRules(policy: Policy) -> bool:
    """
    Whether a policy says anything about who may come in.
    """
    access = policy.access
    return bool(access.rules or access.times or not access.default)
