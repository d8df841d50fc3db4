# -*- test-case-name: tests.test_handlers_execute -*-
"""
The server programs that run now, whichever service started them, and what
stopping does about them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from twisted.internet import defer, error
from twisted.internet.interfaces import IProcessTransport
from twisted.logger import Logger

from txinetd.record import ConnectionRecord

__all__ = ["Children"]


class Children:
    """
    A set of running children that can be waited for and signalled.
    """

    log = Logger()

    def __init__(self) -> None:
        self._running: dict[IProcessTransport, ConnectionRecord] = {}
        self._waiting: list[defer.Deferred[None]] = []

    def __len__(self) -> int:
        return len(self._running)

    def __iter__(self) -> Iterator[IProcessTransport]:
        return iter(tuple(self._running))

    @property
    def records(self) -> tuple[ConnectionRecord, ...]:
        """
        The records of those that run, which are not finished yet.
        """
        return tuple(self._running.values())

    def add(self, child: IProcessTransport, record: ConnectionRecord) -> None:
        """
        A child has started.

        @param child: the child.
        @param record: the record of the arrival that it serves.
        """
        self._running[child] = record

    def remove(self, child: IProcessTransport) -> None:
        """
        A child has ended.
        """
        self._running.pop(child, None)
        if not self._running:
            waiting, self._waiting = self._waiting, []
            for deferred in waiting:
                deferred.callback(None)

    def whenNone(self) -> defer.Deferred[None]:
        """
        @return: a Deferred that fires when no child runs any more; it may be
            cancelled.
        """
        if not self._running:
            return defer.succeed(None)

        def forget(deferred: defer.Deferred[None]) -> None:
            self._waiting.remove(deferred)

        waiting: defer.Deferred[None] = defer.Deferred(forget)
        self._waiting.append(waiting)
        return waiting

    def count(self, which: Callable[[ConnectionRecord], bool]) -> int:
        """
        How many children there are of some.

        @param which: whether a child with that record is one of them.
        """
        return sum(map(which, self._running.values()))

    def signal(self, name: str, which: Callable[[ConnectionRecord], bool] | None = None) -> None:
        """
        Signal every child, or some.

        @param name: the signal's name without C{SIG}, such as C{TERM}.
        @param which: whether a child with that record is one of them; all if C{None}.
        """
        for child, record in tuple(self._running.items()):
            if which is not None and not which(record):
                continue
            try:
                child.signalProcess(name)
            except error.ProcessExitedAlready:
                pass  # it ended by itself in this very moment
            except PermissionError:
                # A server may change its identity so that we may not signal it.
                self.log.warn("may not send {signal} to {child}", signal=name, child=child)
