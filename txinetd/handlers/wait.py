# -*- test-case-name: tests.integration.test_servers -*-
"""
wait: one child at a time gets the listening or bound socket itself; until it
exits nobody else looks at that socket, unless several may share it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable

from twisted.internet.defer import succeed
from twisted.internet.interfaces import IDelayedCall

from txinetd.gate.penalties import Offence
from txinetd.handlers.collaborators import Collaborators
from txinetd.handlers.door import Door
from txinetd.handlers.execute import Executor
from txinetd.handlers.port import Port
from txinetd.handlers.wrapping import ask
from txinetd.process.facts import ConnectionFacts
from txinetd.record import ConnectionRecord
from txinetd.sockets import pending
from txinetd.sockets.peers import datagramFacts, listenerFacts
from txinetd.sockets.stream import EXHAUSTED
from txinetd.sockets.wait import WaitWatcher, isIntact
from txinetd.spec import Address, ServiceSpec
from txinetd.wrap import Answer, refusal

__all__ = ["WaitPort"]


class WaitPort(Port):
    """
    Hands its socket to one program at a time, or to some.
    """

    #: Programs started for one datagram, at most, before it is thrown away: one
    #: that exits without reading it may have had bad luck, two have a fault.
    startsPerDatagram = 2

    #: Seconds until another try after running out of descriptors.
    interval = 0.5

    #: Seconds that a running server has to take a datagram, or a client that is not to
    #: come in, before the socket is looked at again.
    courtesy = 0.05

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
        self._executor = Executor(spec, door, collaborators, self.cannotStart, self.startsAgain)
        self._watcher = WaitWatcher(self.reactor, sock, self._ready)
        self._children = 0
        self._stopped = False
        self._held = False
        self._resuming: IDelayedCall | None = None
        self._exhausted = False
        self._whenFree: list[Callable[[], None]] = []
        self._unread: object = None
        self._starts = 0

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

    def whenFree(self, call: Callable[[], None]) -> None:
        """
        Call back when the running children, if any, have ended.
        """
        if self._children:
            self._whenFree.append(call)
        else:
            call()

    def alter(self, spec: ServiceSpec) -> None:
        """
        Serve by a changed spec from the next child on.
        """
        self.spec = spec
        self._executor.alter(spec)

    def pause(self, why: object) -> None:
        """
        Start no child for a while; who knocks waits in the kernel's queue.
        """
        self._held = True
        self._watcher.stop()

    def resume(self, why: object) -> None:
        """
        Start them again.
        """
        self._held = False
        self._watch()

    def _watch(self) -> None:
        """
        Look, unless there is a reason not to.
        """
        full = self._children >= self.spec.limits.parallel
        if not (self._held or full or self._stopped or self._resuming):
            self._watcher.resume()

    def _watchLater(self) -> None:
        """
        Look again when the children that run have had the time to take what is there.
        """
        if self._resuming is None and not self._stopped:
            self._resuming = self.reactor.callLater(self.courtesy, self._lookAgain)

    def _lookAgain(self) -> None:
        """
        They have.
        """
        self._resuming = None
        self._watch()

    def _tryLater(self, number: int) -> None:
        """
        Nobody can be taken off the queue for want of a descriptor: look away for a
        while, as the socket stays readable.
        """
        if not self._exhausted:
            self._exhausted = True
            self.exhausted(number)
        if self._resuming is None and not self._stopped:
            self._resuming = self.reactor.callLater(self.interval, self._resume)

    def _resume(self) -> None:
        """
        Turn away who could not be, and look again.
        """
        self._resuming = None
        self._turnAway()
        self._watch()

    @property
    def isRunning(self) -> bool:
        """
        Whether a child holds the socket.
        """
        return self._children > 0

    def _ready(self) -> None:
        """
        Someone knocked; the watcher has paused itself.
        """
        if self.door.lobby.holds:
            self.door.lobby.hold()
            return
        facts = seen = listenerFacts(self.socket, self.address)
        if not self.spec.socketType.accepts:
            head = pending.head(self.socket)
            if head is not None and head == self._unread and self._children:
                # It is on its way to one of those.
                self._watchLater()
                return
            if head is None or not self._isWorthAStart(head):
                self._watch()
                return
            # Judged and recorded by the datagram that wakes it; the child finds out
            # for itself, and about all that come after it.
            seen = datagramFacts(self.socket, head.peer, None)
        record = self.door.admit(seen)
        if record is None:
            self._turnAway()
            self._watch()
            return
        self._children += 1
        wrap = self.spec.access.wrap
        if wrap is None:
            self._begin(record, facts, ())
            return
        asked = ask(self.collaborators.wrapper, wrap, seen)
        if asked is None:
            # Who it is cannot be known before the server has accepted it.
            asked = succeed(refusal("the client's address cannot be known"))

        def answered(answer: Answer) -> None:
            if answer.allowed and not self._stopped:
                self._begin(record, facts, answer.environment)
                return
            source = self.door.whose(record)
            self.door.turnAway(record, source, "tcp-wrappers", answer.reason, Offence.REFUSED)
            self._ended(False)

        asked.addCallback(answered)

    def _begin(
        self,
        record: ConnectionRecord,
        facts: ConnectionFacts,
        environment: Iterable[tuple[bytes, bytes]],
    ) -> None:
        """
        Start a child.
        """
        # The flag belongs to the open socket, not to a descriptor: what it is
        # here it is in the child, and a server expects a blocking socket.
        self.socket.setblocking(True)
        told = [b"%b=%b" % pair for pair in environment]
        self._executor.start(record, facts, self.socket, lambda: None, self._ended, told)
        if self._children < self.spec.limits.parallel:
            # Only when this one has had the time to take what it was started for.
            self._watchLater()

    def _isWorthAStart(self, head: pending.Head) -> bool:
        """
        Whether the datagram at the head of the queue is to start a child; one
        that children keep leaving unread is thrown away.
        """
        if head != self._unread:
            self._unread = head
            self._starts = 0
        if self._starts >= self.startsPerDatagram:
            peer = pending.drop(self.socket)
            self._unread = None
            self.log.warn(
                "{service} on {address}: dropped a datagram from {peer!r} that {count} servers"
                " left unread",
                service=self.spec.name,
                address=str(self.address),
                peer=peer,
                count=self._starts,
            )
            return False
        self._starts += 1
        return True

    def _turnAway(self) -> None:
        """
        Take one arrival and give it nothing, lest it wake us for ever.
        """
        if self._children:
            # They may take it first, and to wait for another would hold everybody up.
            self._watchLater()
            return
        if not self.spec.socketType.accepts:
            pending.drop(self.socket)
            return
        try:
            connection, _ = self.socket.accept()
        except OSError as error:
            # Most often gone already.
            if error.errno in EXHAUSTED:
                self._tryLater(error.errno)
            return
        if self._exhausted:
            self._exhausted = False
            self.recovered()
        self.collaborators.closer.close(connection)

    def _ended(self, ran: bool) -> None:
        """
        A child is gone; with the last one, the socket is ours alone again.
        """
        self._children -= 1
        if self._children:
            self._watch()
            return
        whenFree, self._whenFree = self._whenFree, []
        for call in whenFree:
            call()
        if self._stopped:
            return
        if not isIntact(self.socket):
            self.log.warn(
                "{service} on {address}: the server left its socket unusable; making a new one",
                service=self.spec.name,
                address=str(self.address),
            )
            self.replace(None)
            return
        self.socket.setblocking(False)
        if not ran:
            self._turnAway()
        self._watch()
