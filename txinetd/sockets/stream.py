# -*- test-case-name: tests.test_sockets_stream -*-
"""
The accept loop of all services that are served a connection at a time.
"""

from __future__ import annotations

import errno
import functools
import math
import socket
import struct
import sys
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from txinetd.sockets.neighbours import Neighbours
from txinetd.sockets.readable import Readable

__all__ = ["EXHAUSTED", "Gathering", "StreamListener"]

#: Nothing left to accept with: it may pass, and trying at once is in vain.
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


#: C{tcpi_unacked} of C{struct tcp_info}: of a listening socket, how many wait.
_WAITING = struct.Struct("=24xI")


def _isCountable(sock: socket.socket) -> bool:
    """
    Whether the system tells of a listening socket how many wait at it.
    """
    try:
        found = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _WAITING.size)
    except (OSError, AttributeError):
        return False  # not TCP, or another system
    return sys.platform == "linux" and len(found) == _WAITING.size


class Gathering(Protocol):
    """
    Whoever does for all connections of a turn together what they are accepted for, where
    there are several.
    """

    def begin(self, crowd: bool) -> None:
        """
        The connections of a turn are about to be passed on.

        @param crowd: whether as many wait as are accepted in a turn.
        """

    def finish(self, until: float) -> bool:
        """
        They have been passed on.

        @param until: when it is others' turn, on the reactor's clock.
        @return: whether something remains to be done, in the next turn.
        """


class Awaiting(Protocol):
    """
    Waits for whoever comes soon after another.

    @cvar counts: whether C{awaits} tells how many have come; if not, it is one at least.
    """

    counts: bool

    def awaits(self, began: float, waiting: Callable[[], int], found: Callable[[], None]) -> int:
        """
        Somebody has been served; wait for the next, where that is worth while.

        @param began: when that one came, on the reactor's clock.
        @param waiting: how many wait at the same socket.
        @param found: called, if this returns 0, where somebody comes in time but the
            reactor had timed calls to make before.
        @return: how many have come, or 0.
        """

    def cease(self) -> None:
        """
        Wait for nobody any more, until L{awaits} is called again.
        """


class _Connection(socket.socket):
    """
    A connection that has been accepted.  L{socket.socket} has a method in Python to set
    two attributes of each, which are the same for all to begin with; that takes as long as
    all the rest of making one.
    """

    __init__ = socket.SocketType.__init__
    _io_refs = 0
    _closed = False


#: One for all listeners of the process, as they share its reactor.
_neighbours = Neighbours()


class StreamListener:
    """
    Accepts connections and passes each on.
    """

    log = Logger()

    #: Connections accepted before they are served and other descriptors get their
    #: turn: so few that their servers' ends are noticed in time.
    batch = 16

    #: Seconds for which connections are passed on before others get their turn: those of
    #: one service that is flooded are not to keep the clients of all others waiting.  And
    #: where there have been others lately.
    turn = 0.001
    shortTurn = 0.0003

    #: Seconds until another try after running out of something: at first, and at
    #: most.
    firstPause = 0.05
    lastPause = 1.0

    def __init__(
        self,
        reactor: Any,
        sock: socket.socket,
        accepted: Callable[[socket.socket, Any], None],
        *,
        exhausted: Callable[[int], None],
        recovered: Callable[[], None],
        gathering: Gathering | None = None,
        awaiting: Awaiting | None = None,
    ) -> None:
        """
        @param reactor: watches the socket.
        @param sock: a listening socket that does not block.
        @param accepted: called with each connection (its descriptor is in blocking
            mode) and its peer's address.
        @param exhausted: called with the errno when there is no descriptor or
            memory left; once, until it works again.
        @param recovered: called when it does.
        @param gathering: told when the connections of a turn begin and cease to be
            passed on.
        @param awaiting: waits for whoever comes soon after another; nobody if C{None}.
        """
        self._reactor = reactor
        self._gathering = gathering
        #: How many are expected to come next, or 0 where they are to be counted.
        self._expected = 0
        #: Whether what was gathered in the turn before is not finished.
        self._unfinished = False
        self._socket = sock
        # Not socket.accept(), which takes longer than the system call.
        self._take: Callable[[], tuple[int, Any]] = sock._accept  # type: ignore[attr-defined]
        # The socket of a connection, for its descriptor.
        self._connection: Callable[[int], socket.socket] = functools.partial(
            _Connection, int(sock.family), int(sock.type), sock.proto
        )
        self._countable = _isCountable(sock)
        # Else it would not be known for whom the reactor is needed.
        self._awaiting = awaiting if self._countable else None
        self._accepted = accepted
        self._sayExhausted = exhausted
        self._sayRecovered = recovered
        self._readable = Readable(reactor, sock, self._ready)
        self._resuming: IDelayedCall | None = None
        self._exhausted = False
        self._pause = self.firstPause
        self._running = False
        self._paused: set[object] = set()
        self._arrived: deque[tuple[socket.socket, Any]] = deque()
        self._rest: IDelayedCall | None = None

    def start(self) -> None:
        """
        Begin.
        """
        self._running = True
        self._readable.watch()

    def stop(self) -> None:
        """
        Cease; the socket stays open.  Who has been accepted already is passed on now.
        """
        self._running = False
        self._readable.pause()
        if self._awaiting is not None:
            self._awaiting.cease()
        rest, self._rest = self._rest, None
        if rest is not None:
            rest.cancel()
        resuming, self._resuming = self._resuming, None
        if resuming is not None:
            resuming.cancel()
        while self._arrived:
            try:
                self._passOn()
            except Exception:
                self.log.failure("an arrival could not be handled")
        if self._gathering is not None:
            try:
                self._unfinished = self._gathering.finish(math.inf)
            except Exception:
                self.log.failure("an arrival could not be handled")

    def pause(self, why: object) -> None:
        """
        Accept nobody for a while: clients wait in the queue.

        @param why: something hashable that L{resume} is to be called with; there may
            be several reasons at a time.
        """
        self._paused.add(why)
        self._readable.pause()

    def resume(self, why: object) -> None:
        """
        Accept again, unless there is another reason not to.
        """
        self._paused.discard(why)
        if self._running and self._resuming is None and not self._paused:
            self._readable.watch()

    def _ready(self) -> None:
        """
        Take a turn, and another for as long as somebody comes soon and alone.

        Who comes after one that was alone is likely to be so as well, and is served before
        it is asked whether he is.
        """
        awaiting, waiting, supposed = self._awaiting, self._expected, self._expected
        self._expected = 0
        if supposed:
            _neighbours.areThere(self, self._reactor.seconds())
        while True:
            alone, began = self._takeOne() if supposed else self._takeTurn(waiting)
            if not alone or not self._countable or not self._readable.isWatching:
                return
            waiting = self._waiting() if supposed else 0
            supposed = 0
            if not waiting and awaiting is not None:
                waiting = awaiting.awaits(began, self._welcome, self._readable.doRead)
                supposed = 0 if awaiting.counts else waiting
            if not waiting:
                self._expected = 1
                return

    def _takeOne(self) -> tuple[bool, float]:
        """
        Accept the one who is supposed to wait, and pass it on: as L{_takeTurn} does, on the
        shortest way.  Nobody is left from the turn before, who was alone as well.
        """
        if self._paused:
            return self._takeTurn(1)
        began: float = self._reactor.seconds()
        try:
            descriptor, peer = self._take()
        except OSError:
            return self._takeTurn(1)  # which knows what to do if it comes again
        connection = self._connection(descriptor)
        # As in _passOn, which would be one call more, and the connection put away for it.
        try:
            self._accepted(connection, peer)
        except BaseException:
            connection.close()
            raise
        return True, began

    def _takeTurn(self, waiting: int) -> tuple[bool, float]:
        """
        Accept whoever waits, up to a batch, and pass them on.  First the one and then
        the other: to serve one takes so long that others come meanwhile, and then
        who waits and who has just come could not be told apart.

        @param waiting: how many wait, or 0 where nobody has counted them.
        @return: whether it was one alone, who has been served; and when the turn began.
        """
        now: float = self._reactor.seconds()
        if self._rest is not None:
            return False, now  # its turn has not come
        arrived, gathering = self._arrived, self._gathering
        alone, gathered = False, self._unfinished
        ends = now + (self.shortTurn if _neighbours.areThere(self, now) else self.turn)
        try:
            if not self._unfinished:
                self._accept(arrived, waiting)
                alone = len(arrived) == 1
                if gathering is not None and len(arrived) > 1:
                    gathered = True
                    gathering.begin(len(arrived) == self.batch)
                passOn, seconds = self._accepted, self._reactor.seconds
                while arrived:
                    # As in _passOn, which would be one call more for each.
                    connection, peer = arrived.popleft()
                    try:
                        passOn(connection, peer)
                    except BaseException:
                        connection.close()
                        raise
                    if seconds() >= ends:
                        break
        finally:
            self._unfinished = gathered
            try:
                if gathered:
                    assert gathering is not None
                    self._unfinished = gathering.finish(ends)
            finally:
                if (arrived or self._unfinished) and self._running:
                    # There was no time for them, or one could not be handled, about which
                    # the others can do nothing.
                    self._rest = self._reactor.callLater(0, self._goOn)
        return alone, now

    def _passOn(self) -> None:
        """
        Pass one on.
        """
        connection, peer = self._arrived.popleft()
        try:
            self._accepted(connection, peer)
        except BaseException:
            connection.close()
            raise

    def _goOn(self) -> None:
        """
        Pass the others on.
        """
        self._rest = None
        self._readable.doRead()

    def _accept(self, arrived: deque[tuple[socket.socket, Any]], waiting: int) -> None:
        """
        Accept whoever waits, up to a batch.

        @param waiting: how many wait, or 0 where nobody has counted them.
        """
        if self._paused:
            return  # called for those who had been accepted before
        take = self._take
        room = self.batch - len(arrived)
        # To be told that nobody waits any more costs more than to know it.
        for _ in range(min(waiting or self._waiting() or room, room)):
            try:
                descriptor, peer = take()
            except BlockingIOError:
                self._works()
                return
            except OSError as error:
                if error.errno in EXHAUSTED:
                    self._ranOut(error.errno)
                    return
                # This one connection has failed already (accept(2), "Error
                # handling"): the next may be fine.
                continue
            arrived.append((self._connection(descriptor), peer))
            if self._exhausted:
                self._works()

    def _waiting(self) -> int:
        """
        How many wait to be accepted; 0 where it is not known, or nobody does.
        """
        if not self._countable:
            return 0
        # tcp(7) does not say so of a listening socket, but ss(8) shows it from there.
        information = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _WAITING.size)
        return int(_WAITING.unpack(information)[0])

    def _welcome(self) -> int:
        """
        How many wait who may be accepted: what is done while nobody comes may have ended
        that.
        """
        return self._waiting() if self._readable.isWatching else 0

    def _works(self) -> None:
        """
        There was a descriptor for one more.
        """
        if self._exhausted:
            self._exhausted = False
            self._pause = self.firstPause
            self._sayRecovered()

    def _ranOut(self, number: int) -> None:
        """
        Look away for a while: the socket stays readable, and to look at it all the
        time would help nobody.
        """
        self._readable.pause()
        if not self._exhausted:
            self._exhausted = True
            self._sayExhausted(number)
        self._resuming = self._reactor.callLater(self._pause, self._resume)
        self._pause = min(self._pause * 2, self.lastPause)

    def _resume(self) -> None:
        """
        Try again.
        """
        self._resuming = None
        if self._paused:
            return
        self._readable.watch()
        # Not readable any more if its clients have given up: but whether it
        # works again is known only by trying.
        self._readable.doRead()
