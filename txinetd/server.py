# -*- test-case-name: tests.test_server -*-
"""
The super-server: all services of one configuration, and how they start, reload
and stop.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import attrs
from twisted.application import service
from twisted.internet import defer, task
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from txinetd.consistency import problems
from txinetd.counters import Counters
from txinetd.errors import Diagnostic, Severity
from txinetd.handlers.children import Children
from txinetd.handlers.collaborators import Collaborators, Recorder
from txinetd.handlers.door import Door
from txinetd.handlers.multiplexer import TCPMUX
from txinetd.hosts import withAddresses
from txinetd.interfaces import ISpawner
from txinetd.internal.broadcasts import interfaceBroadcasts
from txinetd.internal.guard import LoopGuard
from txinetd.policy import NO_POLICY, Network, Policy
from txinetd.process.environment import baseEnvironment, daemonEnvironment
from txinetd.process.limits import DescriptorLimit
from txinetd.process.spawner import Road, Spawner
from txinetd.record import RecordLog
from txinetd.recording import DEFAULT_RECORDING, Recording
from txinetd.reload import Plan, plan, retained
from txinetd.rpc.registrar import Registrar
from txinetd.rpc.registration import Registration
from txinetd.service import RunningService
from txinetd.sockets.busypoll import BusyPoll
from txinetd.sockets.closing import Closer
from txinetd.sockets.identclient import IdentClient
from txinetd.sockets.inherited import Inherited
from txinetd.spec import Builtin, ServiceSpec, SocketType
from txinetd.surroundings import Surroundings
from txinetd.view import ServerView

__all__ = ["InetdService", "Loaded"]


class Loaded(Protocol):
    """
    What a loader yields; L{txinetd.config.Configuration} is one.
    """

    @property
    def services(self) -> Sequence[ServiceSpec]:
        """
        The specs that were read.
        """

    @property
    def diagnostics(self) -> Sequence[Diagnostic]:
        """
        What there is to say about the files.
        """

    @property
    def unreadable(self) -> Sequence[str]:
        """
        The files and directories that could not be read.
        """


class InetdService(service.MultiService):
    """
    Serves any number of L{ServiceSpec}s.  An ordinary L{service.IService}: put it
    under any C{MultiService}; it takes no signals and reads no arguments.

    @ivar children: the server programs that run now.
    @ivar spawner: what starts them.
    @ivar registrar: what has rpcbind(8) know of the Sun RPC services.
    @ivar counters: how often what has happened.
    """

    log = Logger()

    #: Services changed in one go during a reload, before the reactor gets a turn.
    changesPerTurn = 50

    #: Seconds between two looks at the machine's interfaces, which come and go.
    learnEvery = 60.0

    def __init__(
        self,
        reactor: Any,
        specs: Iterable[ServiceSpec] = (),
        *,
        loader: Callable[[], Loaded] | None = None,
        spawner: ISpawner | None = None,
        recorder: Recorder | None = None,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        stopGrace: float | None = 0.0,
        killAfter: float | None = None,
        endGone: float | None = None,
        road: Road = "auto",
        policy: Policy = NO_POLICY,
        barFile: str | None = None,
        inherited: Inherited | None = None,
        recording: Recording = DEFAULT_RECORDING,
    ) -> None:
        """
        @param reactor: the reactor to listen and spawn on.
        @param specs: the services to begin with.
        @param loader: reads the configuration anew for L{reload}; it may block
            and is called in a thread.
        @param spawner: starts programs; the default one of this system if C{None}.
        @param recorder: takes a record for each arrival; the log if C{None}.
        @param environment: the environment that programs inherit from, before it
            is cleaned; this process's own if C{None}.
        @param clock: monotonic seconds.
        @param stopGrace: how long, in seconds, stopping waits for running server
            programs; 0 leaves them alone at once, C{None} waits without end.
        @param killAfter: where not C{None}, programs that still run when the grace
            is over get C{SIGTERM}, and this many seconds later C{SIGKILL}.
        @param endGone: where not C{None}, programs of services that a reload ends get
            C{SIGTERM} then, and this many seconds later C{SIGKILL}.
        @param recording: what is written about arrivals at services that say
            nothing of it themselves.
        @param road: how the default spawner starts programs.
        @param policy: what holds for all services together.
        @param barFile: where those who have touched a trap are kept over a restart;
            nowhere if C{None}.
        @param inherited: sockets that this process was started with, which services
            take instead of binding their own.
        """
        super().__init__()
        self._reactor = reactor
        self._loader = loader
        self._limit = DescriptorLimit()
        self.spawner: ISpawner = (
            spawner
            if spawner is not None
            else Spawner(reactor, descriptorLimit=self._limit, road=road)
        )
        self.children = Children()
        self._recordLog: RecordLog | None = None
        if recorder is None:
            recorder = self._recordLog = RecordLog(reactor)
        self.counters = Counters()
        self._guard = LoopGuard()
        self._closer = Closer(reactor)
        self.registrar = Registrar(reactor, self._registrations)
        self._learning = task.LoopingCall(self._learnNetwork)
        self._learning.clock = reactor
        self._surroundings = Surroundings(
            reactor, policy, clock, self._limit, self._hostsChanged, barFile
        )
        self._surroundings.setServiceParent(self)
        self._collaborators = Collaborators(
            reactor,
            self.spawner,
            recorder,
            self.children,
            baseEnvironment(daemonEnvironment() if environment is None else environment),
            self._guard,
            self._closer,
            clock,
            self._surroundings.rules,
            self._surroundings.wrapper,
            recording,
            self.counters,
            self.registrar.refresh,
            view=ServerView(lambda: self._running, self.children),
            inherited=inherited if inherited is not None else Inherited(),
            identClient=IdentClient.bounded(reactor, policy.questions),
            busyPoll=BusyPoll(reactor),
        )
        self._stopGrace = stopGrace
        self._killAfter = killAfter
        self._graceEnded: defer.Deferred[None] | None = None
        self._leaving = False
        self._endGone = endGone
        self._killing: set[Any] = set()
        # Those of services that are no more, as long as anybody is served by them.
        self._retired: weakref.WeakSet[Door] = weakref.WeakSet()
        self._reloading = False
        self._reloadWaiters: list[defer.Deferred[None]] = []
        self._running: list[RunningService] = []
        for spec in specs:
            self._add(spec)

    @property
    def specs(self) -> tuple[ServiceSpec, ...]:
        """
        What is served now.
        """
        return tuple(running.spec for running in self._running)

    @property
    def runningServices(self) -> tuple[RunningService, ...]:
        """
        The services, in the order of the configuration they came with.
        """
        return tuple(self._running)

    def snapshot(self) -> dict[str, Any]:
        """
        What has been counted, as values that JSON has.
        """
        return self.counters.snapshot(0 if self._recordLog is None else self._recordLog.dropped)

    def check(self) -> list[str]:
        """
        Look whether sockets, servers and counts are as they have to be, as xinetd's
        consistency check does.

        @return: a sentence for each problem; empty where all is well.
        """
        doors = [*(running.door for running in self._running), *self._retired]
        gate = self._collaborators.rules.gate
        return problems(self._running, doors, self.children, gate)

    def _add(self, spec: ServiceSpec) -> None:
        """
        Take up one more service; it starts at once where this one runs.
        """
        running = RunningService(spec, self._collaborators)
        self._running.append(running)
        running.setServiceParent(self)

    def privilegedStartService(self) -> None:
        """
        Raise the descriptor limit and bind everything.
        """
        self._takeDescriptors()
        super().privilegedStartService()

    def startService(self) -> None:
        """
        Serve.
        """
        self._takeDescriptors()
        if self._recordLog is not None:
            self._recordLog.startService()
        self._watchSurroundings()
        super().startService()
        self.registrar.start()
        self._learning.start(self.learnEvery)
        self._collaborators.inherited.sayUnused()
        self.log.info(
            "serving {count} services on {sockets} sockets",
            count=len(self._running),
            sockets=sum(
                endpoint.bound is not None
                for running in self._running
                for endpoint in running.endpoints
            ),
        )
        self._lookForMultiplexer()

    def _takeDescriptors(self) -> None:
        """
        Be ready for many descriptors.
        """
        self._limit.raiseToHard()
        if isinstance(self.spawner, Spawner):
            self.spawner.reserve()

    def stopService(self) -> defer.Deferred[Any]:
        """
        Listen no more, deal with the running programs as was asked for, and write
        the last records.

        @return: a Deferred that fires when all of that is done.
        """
        if self._learning.running:
            self._learning.stop()
        for call in self._killing:
            call.cancel()
        self._killing.clear()
        stopServices = super().stopService
        # First, so that nobody is sent to a port that is not there any more.
        stopping: defer.Deferred[Any] = self.registrar.stop()
        stopping.addCallback(lambda _: stopServices())
        stopping.addCallback(lambda _: self._dealWithChildren())
        stopping.addBoth(lambda _: self._finish())
        return stopping

    def _watchSurroundings(self) -> None:
        """
        See to what the rules of the services that there are depend on.
        """
        self._hostsChanged(self._surroundings.watch(self.specs))

    def _hostsChanged(self, hosts: Mapping[str, tuple[Network, ...]]) -> None:
        """
        Go by other addresses of hosts that rules name.
        """
        if not hosts:
            return
        for running in self._running:
            access = withAddresses(running.spec.access, hosts)
            if access is not running.spec.access:
                running.alter(attrs.evolve(running.spec, access=access))

    def _learnNetwork(self) -> None:
        """
        Tell the guard of the internal datagram services what it must know.
        """
        names = (
            endpoint.bound
            for running in self._running
            for endpoint in running.endpoints
            if running.spec.socketType is SocketType.DGRAM
            and isinstance(running.spec.server, Builtin)
        )
        self._guard.ownPorts = frozenset(name[1] for name in names if isinstance(name, tuple))
        if self._guard.ownPorts:
            self._guard.broadcasts = interfaceBroadcasts()

    def _lookForMultiplexer(self) -> None:
        """
        Warn where services are to be reached by way of tcpmux and there is none.
        """
        names = [spec.name for spec in self.specs if spec.multiplexed is not None]
        servers = [spec.server for spec in self.specs]
        if names and not any(isinstance(one, Builtin) and one.name == TCPMUX for one in servers):
            self.log.warn(
                "{services}: cannot be reached, as there is no tcpmux service (a line such as"
                " 'tcpmux stream tcp nowait root internal')",
                services=", ".join(names),
            )

    def _registrations(self) -> Iterator[Registration]:
        """
        What rpcbind(8) is to know.
        """
        for running in self._running:
            yield from running.registrations

    def _finish(self) -> defer.Deferred[None] | None:
        """
        Write the last records and give back what was taken from the process.
        """
        self._closer.closeAll()
        self.spawner.close()
        self._limit.restore()
        return None if self._recordLog is None else self._recordLog.stopService()

    @defer.inlineCallbacks
    def _dealWithChildren(self) -> Generator[defer.Deferred[Any], Any, None]:
        """
        Wait for, end or leave the running programs.
        """
        leave = self._leaving or (self._stopGrace == 0.0 and self._killAfter is None)
        if not self.children or leave:
            return
        self.log.info("waiting for {count} servers to end", count=len(self.children))
        yield self._childrenGone(self._stopGrace)
        if self.children and self._killAfter is not None and not self._leaving:
            self.log.info("ending {count} servers", count=len(self.children))
            self.children.signal("TERM")
            yield self._childrenGone(self._killAfter)
            self.children.signal("KILL")
            yield self._childrenGone(self._killAfter)
        if self.children:
            self.log.info("leaving {count} servers running", count=len(self.children))

    @defer.inlineCallbacks
    def _childrenGone(self, patience: float | None) -> Generator[defer.Deferred[Any], Any, None]:
        """
        Wait until no program runs, for so long at most, or until told to stop
        waiting.
        """
        gone = self.children.whenNone()
        self._graceEnded = gone
        if patience is not None:
            gone.addTimeout(patience, self._reactor)
        try:
            yield gone
        except (defer.TimeoutError, defer.CancelledError):
            pass
        finally:
            self._graceEnded = None

    def endGrace(self) -> None:
        """
        Stop waiting for running programs, if that is what is going on.
        """
        if self._graceEnded is not None:
            self._graceEnded.cancel()

    def leaveServers(self) -> None:
        """
        Leave running programs alone when this stops, or at once if it is just waiting
        for them, whatever was asked for.
        """
        self._leaving = True
        self.endGrace()

    def reload(self) -> defer.Deferred[None]:
        """
        Read the configuration again and change what has changed.  Calls during a
        reload are answered together, by one more reload after it.

        @return: a Deferred that fires when a configuration read after this call
            is in force.
        """
        if self._loader is None:
            return defer.fail(ValueError("this InetdService was given no loader"))
        waiter: defer.Deferred[None] = defer.Deferred()
        self._reloadWaiters.append(waiter)
        if not self._reloading:
            self._reloading = True
            self._reloadOnce()
        return waiter

    def _reloadOnce(self) -> None:
        """
        Read and apply the configuration, for all who have asked by now.
        """
        assert self._loader is not None
        waiters, self._reloadWaiters = self._reloadWaiters, []
        reading = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), self._loader)
        reading.addCallback(self._apply)

        def failed(failure: Failure) -> None:
            self.log.failure("reload failed; what runs goes on as it was", failure)

        def done(_: object) -> None:
            for waiter in waiters:
                waiter.callback(None)
            if self._reloadWaiters:
                self._reloadOnce()
            else:
                self._reloading = False

        reading.addErrback(failed)
        reading.addBoth(done)

    def _apply(self, loaded: Loaded) -> defer.Deferred[Any]:
        """
        Put a configuration in force, a slice of changes at a time.
        """
        reportDiagnostics(loaded.diagnostics)
        self.counters.reloads += 1
        self.counters.badLines = countBadLines(loaded.diagnostics)
        if self._recordLog is not None:
            self._recordLog.reopen()
        kept = retained(self.specs, loaded.services, loaded.diagnostics, loaded.unreadable)
        for spec in kept:
            self.log.warn("{service}: keeps running as it was", service=spec.name)
        changes = plan(self.specs, [*loaded.services, *kept])
        self.log.info(
            "reload: {started} started, {stopped} stopped, {altered} altered, {kept} unchanged",
            started=len(changes.start),
            stopped=len(changes.stop),
            altered=len(changes.alter),
            kept=len(changes.keep),
        )
        cooperator = task.Cooperator(scheduler=lambda call: self._reactor.callLater(0, call))
        return cooperator.coiterate(self._changing(changes))

    def _endServers(self, door: Door) -> None:
        """
        End the programs of a service that is no more, if that was asked for.
        """
        ours = door.isInside
        count = self.children.count(ours) if self._endGone is not None else 0
        if self._endGone is None or not count:
            return
        self.log.info("{service}: ending {count} servers", service=door.name, count=count)
        self.children.signal("TERM", ours)

        def kill() -> None:
            self._killing.discard(call)
            self.children.signal("KILL", ours)

        call = self._reactor.callLater(self._endGone, kill)
        self._killing.add(call)

    def _changing(self, changes: Plan) -> Iterator[None]:
        """
        Make the changes; yields wherever the reactor may have a turn.
        """
        byIdentity = {id(running.spec): running for running in self._running}
        for before, after in changes.keep:
            byIdentity[id(before)].spec = after
        count = 0
        # First what goes, so that its ports are free for what comes.
        for spec in changes.stop:
            running = byIdentity[id(spec)]
            self.log.info("{service}: stopped", service=spec.name, origin=str(spec.origin))
            self._running.remove(running)
            running.disownServiceParent()
            running.retire()
            self._retired.add(running.door)
            self._endServers(running.door)
            count += 1
            if count % self.changesPerTurn == 0:
                yield
        for before, after in changes.alter:
            byIdentity[id(before)].alter(after)
            count += 1
            if count % self.changesPerTurn == 0:
                yield
        for spec in changes.start:
            self._add(spec)
            self.log.info("{service}: started", service=spec.name, origin=str(spec.origin))
            count += 1
            if count % self.changesPerTurn == 0:
                yield
        self._learnNetwork()
        self._watchSurroundings()
        # The versions of a service whose sockets are as before may have changed.
        self.registrar.refresh()
        self._lookForMultiplexer()


def reportDiagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """
    Put what there is to say about a configuration into the log.

    @param diagnostics: from a loader.
    """
    for diagnostic in diagnostics:
        if diagnostic.severity is Severity.NOTE:
            continue  # for whoever asks with --check
        InetdService.log.emit(
            _LEVELS[diagnostic.severity], "{diagnostic}", diagnostic=str(diagnostic)
        )


def countBadLines(diagnostics: Iterable[Diagnostic]) -> int:
    """
    How many lines make no service because of what is wrong with them.

    @param diagnostics: from a loader.
    """
    return len({(each.origin.path, each.origin.line) for each in diagnostics if each.dropped})


_LEVELS = {
    Severity.NOTE: LogLevel.info,
    Severity.WARNING: LogLevel.warn,
    Severity.ERROR: LogLevel.error,
}
