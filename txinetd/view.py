# -*- test-case-name: tests.test_view -*-
"""
What a running server shows of itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from zope.interface import implementer

from txinetd.handlers.children import Children
from txinetd.interfaces import IServerView
from txinetd.overview import Place, RunningServer, ServiceView
from txinetd.service import RunningService
from txinetd.spec import InetAddress

__all__ = ["ServerView"]


@implementer(IServerView)
class ServerView:
    """
    Looks at the services and the children whenever it is asked.
    """

    def __init__(self, running: Callable[[], Sequence[RunningService]], children: Children) -> None:
        """
        @param running: says which services there are.
        @param children: the server programs that run.
        """
        self._running = running
        self._children = children

    def services(self) -> Iterator[ServiceView]:
        """
        See L{IServerView.services}.
        """
        for running in self._running():
            spec = running.spec
            yield ServiceView(spec.name, spec.protocol, spec.identity.user, _places(running))

    def servers(self) -> Iterator[RunningServer]:
        """
        See L{IServerView.servers}.
        """
        for record in self._children.records:
            if record.pid is not None:
                yield RunningServer(
                    record.service,
                    record.pid,
                    record.user,
                    record.peer,
                    record.local,
                    record.arrived,
                )


def _places(running: RunningService) -> tuple[Place, ...]:
    """
    Where a service is served.
    """
    places = []
    for endpoint in running.endpoints:
        address, bound = endpoint.address, endpoint.bound
        if isinstance(address, InetAddress):
            port = bound[1] if isinstance(bound, tuple) else address.port
            places.append(Place(address.host, port, endpoint.state.value))
        else:
            places.append(Place(str(address), None, endpoint.state.value))
    return tuple(places)
