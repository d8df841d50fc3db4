# -*- test-case-name: tests.test_server -*-
"""
nowait on a stream: a child for each connection.
"""

from __future__ import annotations

import socket
from functools import partial

from txinetd.handlers.accepting import AcceptingPort
from txinetd.handlers.execute import Executor
from txinetd.process.facts import ConnectionFacts
from txinetd.record import ConnectionRecord
from txinetd.sockets.closing import closeNow
from txinetd.spec import ServiceSpec

__all__ = ["ConnectionPort"]


class ConnectionPort(AcceptingPort):
    """
    Accepts connections and gives each to a program of its own.
    """

    def start(self) -> None:
        """
        Begin to accept.
        """
        self._executor = Executor(
            self.spec, self.door, self.collaborators, self._cannotStart, self._startsAgain
        )
        self.accept(self._serve, self._executor)

    def stop(self) -> None:
        """
        Cease to accept.
        """
        super().stop()
        self._executor.stop()

    def alter(self, spec: ServiceSpec) -> None:
        """
        Serve by a changed spec from the next connection on.
        """
        self._executor.alter(spec)
        super().alter(spec)

    def _cannotStart(self, number: int) -> None:
        """
        There can be no process: let those who come wait in the queue.
        """
        self._listener.pause(self)
        self.cannotStart(number)

    def _startsAgain(self) -> None:
        """
        There can.
        """
        self.startsAgain()
        self._listener.resume(self)

    def _serve(
        self,
        record: ConnectionRecord,
        facts: ConnectionFacts,
        connection: socket.socket,
        environment: list[bytes],
    ) -> None:
        """
        Start a program for somebody who has been let in.
        """

        def ended(ran: bool) -> None:
            # After the hand-over this is closed already and there is nothing
            # left to do; before it, the client is still waiting.
            if not ran:
                self.collaborators.closer.close(connection)

        self._executor.start(
            record, facts, connection, partial(closeNow, connection), ended, environment
        )
