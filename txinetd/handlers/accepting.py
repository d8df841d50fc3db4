# -*- test-case-name: tests.test_server -*-
"""
What all have in common that accept connections, whatever becomes of them.
"""

from __future__ import annotations

from txinetd.handlers.port import Port
from txinetd.handlers.reception import Reception, Serve
from txinetd.sockets.directwait import DirectWait
from txinetd.sockets.peers import fixedEnd
from txinetd.sockets.stream import Awaiting, Gathering, StreamListener
from txinetd.spec import ServiceSpec

__all__ = ["AcceptingPort"]


class AcceptingPort(Port):
    """
    Accepts connections and receives each.

    @cvar staysAwake: whether to wait awake for whoever comes soon after another.
    """

    staysAwake = False

    def accept(self, serve: Serve, gathering: Gathering | None = None) -> None:
        """
        Begin.

        @param serve: serves who has been let in.
        @param gathering: see L{StreamListener}.
        """
        self._reception = Reception(
            self.spec, self.door, self.collaborators, serve, fixedEnd(self.socket)
        )
        awaiting: Awaiting
        if self.staysAwake:
            awaiting = self.collaborators.busyPoll
        else:
            awaiting = DirectWait(self.reactor, self.socket.fileno())
        self._listener = StreamListener(
            self.reactor,
            self.socket,
            self._reception.accepted,
            exhausted=self.exhausted,
            recovered=self.recovered,
            gathering=gathering,
            awaiting=awaiting,
        )
        self._listener.start()
        self.door.lobby.attach(self._listener)

    def stop(self) -> None:
        """
        Cease to accept; who is being served goes on.
        """
        self.door.lobby.detach(self._listener)
        self._listener.stop()
        self._reception.stop()

    def alter(self, spec: ServiceSpec) -> None:
        """
        Serve by a changed spec from the next connection on.
        """
        self.spec = spec
        self._reception.alter(spec)
