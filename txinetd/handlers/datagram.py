# -*- test-case-name: tests.integration.test_servers -*-
"""
nowait on a datagram socket: a child for each peer, with a socket of its own that
holds the datagram.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable

from twisted.internet.interfaces import IDelayedCall

from txinetd.errors import BindError
from txinetd.gate.penalties import Offence
from txinetd.handlers.collaborators import Collaborators
from txinetd.handlers.door import Door
from txinetd.handlers.execute import Executor
from txinetd.handlers.port import Port
from txinetd.handlers.wrapping import ask
from txinetd.process.facts import ConnectionFacts
from txinetd.record import ConnectionRecord
from txinetd.sockets import pending
from txinetd.sockets.peers import datagramFacts
from txinetd.sockets.private import privateSocket
from txinetd.sockets.wait import WaitWatcher
from txinetd.spec import Address, ServiceSpec
from txinetd.wrap import Answer

__all__ = ["DatagramProgramPort"]


class DatagramProgramPort(Port):
    """
    Gives each peer a socket and a program of its own.
    """

    #: Seconds until another try after running out of descriptors.
    interval = 0.5

    def __init__(
        self,
        spec: ServiceSpec,
        address: Address,
        sock: socket.socket,
        door: Door,
        collaborators: Collaborators,
        replace: Callable[[socket.socket | None], None],
    ) -> None:
        super().__init__(spec, address, sock, door, collaborators, replace)
        self._executor = Executor(spec, door, collaborators, self._cannotStart, self._startsAgain)
        self._watcher = WaitWatcher(self.reactor, sock, self._ready)
        self._resuming: IDelayedCall | None = None
        self._exhausted = False
        self._stopped = False
        self._reasons: set[object] = set()

    def start(self) -> None:
        """
        Begin to watch.
        """
        self._watcher.resume()
        self.door.lobby.attach(self)

    def stop(self) -> None:
        """
        Cease to watch.
        """
        self._stopped = True
        self.door.lobby.detach(self)
        self._watcher.stop()
        self._executor.stop()
        resuming, self._resuming = self._resuming, None
        if resuming is not None:
            resuming.cancel()

    def alter(self, spec: ServiceSpec) -> None:
        """
        Serve by a changed spec from the next datagram on.
        """
        self.spec = spec
        self._executor.alter(spec)

    def pause(self, why: object) -> None:
        """
        Let datagrams wait in the kernel's queue.
        """
        self._reasons.add(why)
        self._watcher.stop()

    def resume(self, why: object) -> None:
        """
        Look at them again, unless there is another reason not to.
        """
        self._reasons.discard(why)
        self._watch()

    def _watch(self) -> None:
        """
        Look.
        """
        if not self._reasons and not self._stopped and self._resuming is None:
            self._watcher.resume()

    def _cannotStart(self, number: int) -> None:
        """
        There can be no process: let datagrams wait in the queue.
        """
        self.pause(self)
        self.cannotStart(number)

    def _startsAgain(self) -> None:
        """
        There can.
        """
        self.startsAgain()
        self.resume(self)

    def _ready(self) -> None:
        """
        A datagram has come; the watcher has paused itself.
        """
        if self.door.lobby.holds:
            self.door.lobby.hold()
            return
        if pending.head(self.socket) is None:
            self._watch()
            return
        try:
            private = privateSocket(self.socket, self.spec.socketOptions)
        except (OSError, BindError) as error:
            self._tryLater(error.errno or 0)
            return
        if self._exhausted:
            self._exhausted = False
            self.recovered()
        old, self.socket = self.socket, private.replacement
        self.replace(self.socket)
        self._watcher = WaitWatcher(self.reactor, self.socket, self._ready)
        self._watch()
        if private.dropped:
            self.log.warn(
                "{service} on {address}: dropped {count} datagrams that stood before another"
                " peer's in the queue: {peers!r}",
                service=self.spec.name,
                address=str(self.address),
                count=len(private.dropped),
                peers=private.dropped[:10],
            )
        if private.peer is not None:
            self._serve(old, private.peer)

    def _serve(self, own: socket.socket, peer: object) -> None:
        """
        Start a program with a peer's own socket.
        """
        facts = datagramFacts(own, peer, None)
        record = self.door.admit(facts)
        if record is None:
            own.close()
            return
        wrap = self.spec.access.wrap
        asked = None if wrap is None else ask(self.collaborators.wrapper, wrap, facts)
        if asked is None:
            self._begin(record, facts, own, ())
            return

        def answered(answer: Answer) -> None:
            if answer.allowed and not self._stopped:
                self._begin(record, facts, own, answer.environment)
                return
            source = self.door.whose(record)
            self.door.turnAway(record, source, "tcp-wrappers", answer.reason, Offence.REFUSED)
            own.close()

        asked.addCallback(answered)

    def _begin(
        self,
        record: ConnectionRecord,
        facts: ConnectionFacts,
        own: socket.socket,
        environment: Iterable[tuple[bytes, bytes]],
    ) -> None:
        """
        Start the program.
        """
        own.setblocking(True)
        told = [b"%b=%b" % pair for pair in environment]
        self._executor.start(record, facts, own, own.close, lambda ran: own.close(), told)

    def _tryLater(self, number: int) -> None:
        """
        There was no second socket to be had.
        """
        if not self._exhausted:
            self._exhausted = True
            self.exhausted(number)
        self._resuming = self.reactor.callLater(self.interval, self._resume)

    def _resume(self) -> None:
        """
        Look again.
        """
        self._resuming = None
        self._watch()
