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
from txinetd.spec import ServiceSpec

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
        self._endpoints = {
            spec.socketKey(address): Endpoint(spec, address, self._door, collaborators)
            for address in spec.addresses
        }

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """
        This service's endpoints, in the order of its addresses.
        """
        return tuple(self._endpoints.values())

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

    def stopService(self) -> None:
        """
        Listen no more; running servers go on.
        """
        super().stopService()
        self._door.close()
        for endpoint in self.endpoints:
            endpoint.close()

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
