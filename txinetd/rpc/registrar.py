# -*- test-case-name: tests.test_rpc_registrar -*-
"""
Keeps a server's Sun RPC services registered with rpcbind(8).

libtirpc blocks, for a minute at a time where rpcbind hangs.  So a process of its
own talks to rpcbind (L{txinetd.rpc.helper}); it is there only while there are such
services, and one that does not answer in time is killed and another started.
Nothing here ever waits for it, and stopping only so long.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import attrs
from twisted.internet import defer
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IDelayedCall, IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from txinetd.rpc.registration import Registration

__all__ = ["Registrar", "startHelper"]

#: What the process runs.  Isolated from the environment and from site packages.
_COMMAND = (
    "import sys; sys.path.insert(0, {directory!r}); import helper.main; "
    "del sys.path[0]; helper.main.main()"
)

#: An answer is not longer, whatever happens.
_LONGEST = 1 << 22


def startHelper(reactor: Any, protocol: ProcessProtocol) -> IProcessTransport:
    """
    Start the process that talks to rpcbind.

    @param reactor: starts it.
    @param protocol: is told what it says.
    """
    python = os.fsencode(sys.executable)
    command = _COMMAND.format(directory=str(Path(__file__).parent))
    transport: IProcessTransport = reactor.spawnProcess(
        protocol,
        python,
        (python, b"-I", b"-S", b"-c", command.encode()),
        env={},
        path="/",
        childFDs={0: "w", 1: "r", 2: "r"},
    )
    return transport


class Registrar:
    """
    Has rpcbind know what is served where.
    """

    log = Logger()

    #: Seconds from one look at rpcbind to the next: it may have been started anew.
    interval = 5.0

    #: Seconds that an answer may take.
    patience = 10.0

    #: Seconds that stopping waits for the services to be taken out of rpcbind.
    parting = 3.0

    #: Seconds until another process is started: at first, and at most.
    firstPause = 1.0
    lastPause = 60.0

    def __init__(
        self,
        reactor: Any,
        wanted: Callable[[], Iterable[Registration]],
        start: Callable[[Any, ProcessProtocol], IProcessTransport] = startHelper,
    ) -> None:
        """
        @param reactor: timers and processes.
        @param wanted: says what is to be registered at the moment.
        @param start: starts the process that talks to rpcbind.
        """
        self._reactor = reactor
        self._wanted = wanted
        self._start = start
        self._running = False
        self._helper: _Helper | None = None
        self._timer: IDelayedCall | None = None
        self._ours: list[Any] = []
        self._asked = False
        self._again = False
        self._idle = False
        self._pause = self.firstPause
        self._said: frozenset[tuple[Any, ...]] = frozenset()
        self._told = ""
        self._stopped: defer.Deferred[None] | None = None

    def start(self) -> None:
        """
        Begin to register what is wanted.
        """
        self._running = True
        self.refresh()

    def refresh(self) -> None:
        """
        Something may have changed: look soon at what is wanted.
        """
        if not self._running:
            return
        if self._helper is not None and self._helper.leaving:
            return  # when it has ended it is looked at what is wanted
        if self._asked:
            self._again = True
        elif self._helper is not None or self._timer is None:
            self._schedule(0)

    def stop(self) -> defer.Deferred[None]:
        """
        Take out what has been registered.

        @return: a Deferred that fires when that is done, or is not to be had in time.
        """
        self._running = False
        self._cancel()
        helper = self._helper
        if helper is None:
            return defer.succeed(None)
        if self._stopped is None:
            self._stopped = defer.Deferred()
            helper.end()
            self._timer = self._reactor.callLater(self.parting, self._tooLate)
        return self._stopped

    def _schedule(self, delay: float) -> None:
        """
        Ask after a while, and not before.
        """
        self._cancel()
        self._timer = self._reactor.callLater(delay, self._ask)

    def _cancel(self) -> None:
        """
        Forget the timer.
        """
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _ask(self) -> None:
        """
        Say what is wanted.
        """
        self._timer = None
        wanted = list(self._wanted())
        if self._helper is None:
            if not wanted:
                return
            helper = _Helper(self)
            try:
                self._start(self._reactor, helper)
            except OSError as error:
                self._complain(f"cannot start its process: {error.strerror}")
                self._later()
                return
            self._helper = helper
        self._asked, self._again = True, False
        self._idle = not wanted
        request = {"wanted": [attrs.astuple(each) for each in wanted], "ours": self._ours}
        self._helper.ask(json.dumps(request).encode("ascii"))
        self._timer = self._reactor.callLater(self.patience, self._silent)

    def _silent(self) -> None:
        """
        There is no answer.
        """
        self._timer = None
        self._complain(f"rpcbind does not answer within {self.patience:.0f} s")
        assert self._helper is not None
        self._helper.kill()

    def _tooLate(self) -> None:
        """
        Stopping has taken long enough.
        """
        self._timer = None
        self.log.warn("rpcbind does not answer; leaving what is registered with it")
        assert self._helper is not None
        self._helper.kill()

    def _later(self) -> None:
        """
        Start another process after a while.
        """
        self._schedule(self._pause)
        self._pause = min(self._pause * 2, self.lastPause)

    def _complain(self, reason: str) -> None:
        """
        Say why nothing can be registered, unless that has been said.
        """
        if reason != self._told:
            self._told = reason
            self.log.error(
                "Sun RPC services are not registered: {reason}; trying again until it works",
                reason=reason,
            )

    def answered(self, answer: dict[str, Any]) -> None:
        """
        The process has done what it was asked.

        @param answer: see L{txinetd.rpc.helper.main}.
        """
        self._asked = False
        if not self._running:
            return
        self._cancel()
        if "error" in answer:
            self._complain(answer["error"])
        else:
            self._pause = self.firstPause
            self._report(answer)
        if self._again:
            self._schedule(0)
        elif self._idle:
            # Nothing is registered any more.
            assert self._helper is not None
            self._helper.end()
        else:
            self._schedule(self.interval)

    def _report(self, answer: dict[str, Any]) -> None:
        """
        Put what has changed into the log.
        """
        self._ours = answer["ours"]
        if self._told:
            self._told = ""
            self.log.info("Sun RPC services are registered with rpcbind again")
        for word, text in (("set", "registered"), ("unset", "unregistered")):
            for program, version, transport, address in answer[word]:
                self.log.info(
                    "program {program} version {version}: {what} for {transport} at {address}",
                    program=program,
                    version=version,
                    transport=transport,
                    address=address,
                    what=text,
                )
        troubles = frozenset(map(tuple, (*answer["failed"], *answer["taken"])))
        for program, version, transport, _, reason in sorted(troubles - self._said):
            self.log.error(
                "program {program} version {version}: is not registered for {transport}: {reason}",
                program=program,
                version=version,
                transport=transport,
                reason=reason,
            )
        self._said = troubles

    def ended(self, helper: _Helper) -> None:
        """
        The process has ended.

        @param helper: what it was.
        """
        self._helper = None
        self._asked = False
        self._cancel()
        stopped, self._stopped = self._stopped, None
        if helper.leaving:
            self._ours = []
            if self._running:
                self._schedule(0)
        elif self._running:
            if not self._told:
                self._complain(f"its process has ended: {helper.last or 'no reason given'}")
            self._later()
        if stopped is not None:
            stopped.callback(None)


class _Helper(ProcessProtocol):
    """
    The process that talks to rpcbind.

    @ivar leaving: whether it has been told that nothing more will come.
    @ivar last: the last line of what it had to say on standard error.
    """

    transport: Any

    def __init__(self, registrar: Registrar) -> None:
        self._registrar = registrar
        self._buffer = b""
        self.leaving = False
        self.last = ""

    def ask(self, line: bytes) -> None:
        """
        Send a request.
        """
        self.transport.write(line + b"\n")

    def end(self) -> None:
        """
        Say that there are no more.
        """
        self.leaving = True
        self.transport.closeStdin()

    def kill(self) -> None:
        """
        End it, whatever it does.
        """
        # It may have ended in this very moment, which is about to be told.
        with contextlib.suppress(ProcessExitedAlready):
            self.transport.signalProcess("KILL")

    def outReceived(self, data: bytes) -> None:
        """
        It answers.
        """
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if len(self._buffer) > _LONGEST:
            self.kill()
        for line in lines:
            self._registrar.answered(json.loads(line))

    def errReceived(self, data: bytes) -> None:
        """
        It complains, or libtirpc does.
        """
        lines = data.decode("utf-8", "backslashreplace").split("\n")
        self.last = next((line for line in reversed(lines) if line.strip()), self.last)[:500]

    def processEnded(self, reason: Failure) -> None:
        """
        It is gone.
        """
        self._registrar.ended(self)
