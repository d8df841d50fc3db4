# -*- test-case-name: tests.test_server -*-
"""
One running service: its sockets, its door, and how it changes on a reload.
"""

from __future__ import annotations

from twisted.application import service
from twisted.logger import Logger

from txinetd.endpoint import Endpoint
from txinetd.handlers.collaborators import Collaborators
from txinetd.handlers.door import Door
from txinetd.handlers.target import Target, hindrance
from txinetd.rpc.registration import Registration, registrations
from txinetd.spec import InetAddress, ServiceSpec

__all__ = ["RunningService"]


class RunningService(service.Service):
    """
    Keeps one L{ServiceSpec} served.

    @ivar spec: what is served now.
    """

    log = Logger()

    def __init__(self, spec: ServiceSpec, collaborators: Collaborators) -> None:
        """
        @param spec: what to serve.
        @param collaborators: what all services share.
        """
        self.spec = spec
        self._collaborators = collaborators
        self._door = Door(spec, collaborators)
        self._target: Target | None = None
        self._endpoints = {
            spec.socketKey(address): Endpoint(spec, address, self._door, collaborators)
            for address in spec.addresses
        }

    @property
    def door(self) -> Door:
        """
        This service's way in and out.
        """
        return self._door

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """
        This service's endpoints, in the order of its addresses.
        """
        return tuple(self._endpoints.values())

    @property
    def registrations(self) -> list[Registration]:
        """
        What rpcbind(8) is to know of this service, as it is bound now.
        """
        found: list[Registration] = []
        for endpoint in self.endpoints if self.spec.rpc is not None else ():
            bound = endpoint.bound
            if isinstance(endpoint.address, InetAddress) and isinstance(bound, tuple):
                found.extend(registrations(self.spec, endpoint.address, bound))
        return found

    def privilegedStartService(self) -> None:
        """
        Bind, while the daemon may still bind anything.
        """
        super().privilegedStartService()
        for endpoint in self.endpoints:
            endpoint.bind()

    def startService(self) -> None:
        """
        Serve; bind first what is not bound yet (C{twist} and plain C{MultiService}
        parents have no privileged phase).
        """
        super().startService()
        for endpoint in self.endpoints:
            endpoint.serve()
        self._multiplex()

    def stopService(self) -> None:
        """
        Listen no more; running servers go on.
        """
        super().stopService()
        self._demultiplex(self.spec)
        for endpoint in self.endpoints:
            endpoint.close()
        # After those who had been accepted and are still passed on.
        self._door.close()

    def retire(self) -> None:
        """
        Be no more, after L{stopService}: what was counted is soon forgotten.
        """
        self._door.retire()

    def alter(self, spec: ServiceSpec) -> None:
        """
        Become another spec.  Sockets that both have are kept as they are, with
        their queues and the children that hold them; but what is asked of a socket
        takes a new one, because most of it cannot be taken back.

        @param spec: what to serve from now on.
        """
        before, self.spec = self.spec, spec
        alike = before.socketOptions == spec.socketOptions
        self._door.alter(spec)
        old = self._endpoints
        self._endpoints = {}
        wanted = {spec.socketKey(address): address for address in spec.addresses}
        # What goes, goes first: a new socket may need its port.
        for key, endpoint in old.items():
            if not alike or endpoint.address != wanted.get(key):
                endpoint.close()
        for key, address in wanted.items():
            kept = old.get(key)
            if alike and kept is not None and kept.address == address:
                kept.alter(spec)
                self._endpoints[key] = kept
                continue
            endpoint = Endpoint(spec, address, self._door, self._collaborators)
            self._endpoints[key] = endpoint
            if self.running:
                endpoint.serve()
        self._alterTarget(before)

    def _alterTarget(self, before: ServiceSpec) -> None:
        """
        Be reached by way of tcpmux as the spec now has it.

        @param before: how it was.
        """
        same = before.multiplexed == self.spec.multiplexed and hindrance(self.spec) is None
        if self._target is not None and same and self._target.alter(self.spec):
            return
        self._demultiplex(before)
        if self.running:
            self._multiplex()

    def _multiplex(self) -> None:
        """
        Let this service be reached by way of tcpmux, if it is to be.
        """
        if self.spec.multiplexed is None:
            return
        reason = hindrance(self.spec)
        if reason is not None:
            self.log.error(
                "{service}: not to be reached by way of tcpmux: {reason}",
                service=self.spec.name,
                reason=reason,
            )
            return
        self._target = Target(self.spec, self._door, self._collaborators)
        self._collaborators.targets.add(self.spec.multiplexed.name, self._target)

    def _demultiplex(self, spec: ServiceSpec) -> None:
        """
        Let it not be reached that way any more.

        @param spec: as it was reached.
        """
        target, self._target = self._target, None
        if target is not None:
            assert spec.multiplexed is not None
            self._collaborators.targets.remove(spec.multiplexed.name, target)
            target.stop()
