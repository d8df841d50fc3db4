# -*- test-case-name: tests.integration.test_stop -*-
"""
What an L{InetdService} needs besides when it has the process to itself: signals,
and a service manager to report to.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from twisted.application import service
from twisted.internet import defer
from twisted.logger import Logger

from txinetd.counters import formatState
from txinetd.notify import ServiceManager
from txinetd.process.launch.turns import shortTurns
from txinetd.process.orphans import OrphanReaper, becomeSubreaper
from txinetd.process.signals import replaceIgnoredSignals
from txinetd.server import InetdService

__all__ = ["Daemon"]

_Handler = Callable[[int, FrameType | None], Any] | int | signal.Handlers | None


class Daemon(service.MultiService):
    """
    Runs an L{InetdService} as the process's main business: SIGHUP reloads,
    SIGUSR1 logs the state and SIGIO what is inconsistent in it, SIGQUIT stops and leaves
    running servers alone, each where it is free; a second SIGTERM or SIGINT ends the wait
    for running servers.
    """

    log = Logger()

    def __init__(
        self, reactor: Any, inetd: InetdService, manager: ServiceManager | None = None
    ) -> None:
        """
        @param reactor: the reactor that runs in the main thread.
        @param inetd: the super-server.
        @param manager: whom to tell; whoever started this process if C{None}.
        """
        super().__init__()
        self._reactor = reactor
        self._inetd = inetd
        self._manager = manager if manager is not None else ServiceManager()
        self._previous: dict[int, _Handler] = {}
        self._restoreIgnored: Callable[[], None] | None = None
        self._stopping = False
        OrphanReaper(reactor, lambda: inetd.spawner.pids).setServiceParent(self)
        inetd.setServiceParent(self)

    def privilegedStartService(self) -> None:
        """
        Take the signals, then bind: a SIGHUP that comes early must not kill.
        """
        self._takeSignals()
        super().privilegedStartService()

    def startService(self) -> None:
        """
        Serve, and say so once the reactor runs.
        """
        self._takeSignals()
        super().startService()
        self._reactor.callWhenRunning(self._reactorRuns)

    def stopService(self) -> defer.Deferred[Any]:
        """
        Stop, and give the signals back when that is done.
        """
        self._stopping = True
        self._manager.stopping()
        stopping: defer.Deferred[Any] = defer.maybeDeferred(super().stopService)
        stopping.addBoth(self._giveSignalsBack)
        return stopping

    def _takeSignals(self) -> None:
        """
        Install the handlers of SIGHUP, and of what is free, once.
        """
        if signal.SIGHUP in self._previous:
            return
        self._stopping = False
        becomeSubreaper()
        shortTurns()
        self._restoreIgnored = replaceIgnoredSignals()
        self._install(signal.SIGHUP, self._hangup)
        # twistd may have SIGUSR1 already, for its log.
        for number, handler in (
            (signal.SIGUSR1, self._dump),
            (signal.SIGIO, self._check),
            (signal.SIGQUIT, self._quit),
        ):
            if signal.getsignal(number) in (signal.SIG_DFL, None):
                self._install(number, handler)

    def _reactorRuns(self) -> None:
        """
        The reactor has put its own handlers in place: put ours before them.
        """
        if not self.running:
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            self._install(number, self._terminate)
        self._manager.ready()

    def _install(self, number: int, handler: _Handler) -> None:
        """
        Install a handler and remember the one before.
        """
        self._previous[number] = signal.signal(number, handler)

    def _giveSignalsBack(self, result: object) -> object:
        """
        Put the handlers back that were there.
        """
        previous, self._previous = self._previous, {}
        for number, handler in previous.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        becomeSubreaper(False)
        if self._restoreIgnored is not None:
            self._restoreIgnored()
            self._restoreIgnored = None
        return result

    def _hangup(self, number: int, frame: FrameType | None) -> None:
        """
        SIGHUP: reload, in the reactor's own time.
        """
        self._reactor.callFromThread(self._reload)

    def _reload(self) -> None:
        """
        Reload and keep the service manager informed.
        """
        if not self.running or self._stopping:
            return
        self._manager.reloading()
        self._inetd.reload().addCallback(lambda _: self._manager.ready())

    def _dump(self, number: int, frame: FrameType | None) -> None:
        """
        SIGUSR1: log the state, in the reactor's own time.
        """
        self._reactor.callFromThread(self._logState)

    def _logState(self) -> None:
        """
        Log what has been counted.
        """
        self.log.info("state: {state}", state=formatState(self._inetd.snapshot()))

    def _check(self, number: int, frame: FrameType | None) -> None:
        """
        SIGIO: see whether the state is consistent, in the reactor's own time.
        """
        self._reactor.callFromThread(self._logProblems)

    def _logProblems(self) -> None:
        """
        Log what is inconsistent.
        """
        found = self._inetd.check()
        for problem in found:
            self.log.error("inconsistent: {problem}", problem=problem)
        self.log.info("consistency check: {count} problems", count=len(found))

    def _quit(self, number: int, frame: FrameType | None) -> None:
        """
        SIGQUIT: stop, and leave running servers alone.
        """
        self._reactor.callFromThread(self._leave)

    def _leave(self) -> None:
        """
        Stop at once.
        """
        self._inetd.leaveServers()
        if not self._stopping:
            self._stopping = True
            self._reactor.stop()

    def _terminate(self, number: int, frame: FrameType | None) -> None:
        """
        SIGTERM or SIGINT: the first stops the reactor, as ever; one more, while
        stopping waits for servers, ends the wait.
        """
        if self._stopping:
            self._reactor.callFromThread(self._inetd.endGrace)
            return
        self._stopping = True
        previous = self._previous[number]
        if callable(previous):
            previous(number, frame)
        else:
            self._reactor.callFromThread(self._reactor.stop)
