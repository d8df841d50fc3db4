# -*- test-case-name: tests.test_wrap_wrapper -*-
"""
Asks the helper of tcp wrappers, and never waits for it: the helper may hang, crash or
be killed, and then those who wait for an answer are refused.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections import deque
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from txinetd.errors import SpawnError
from txinetd.process.environment import baseEnvironment, daemonEnvironment
from txinetd.process.limits import DescriptorLimit
from txinetd.process.reaper import Reaper
from txinetd.wrap.answer import Answer, Question, refusal
from txinetd.wrap.available import LIBRARY, advice
from txinetd.wrap.cache import Cache
from txinetd.wrap.channel import Helper

__all__ = ["Wrapper"]

_MAPPED = "::ffff:"


class Wrapper:
    """
    Answers whether libwrap lets clients in.
    """

    log = Logger()

    #: Seconds that a decision may take, with all name look-ups and commands that its
    #: rules ask for.
    patience = 15.0

    #: So many seconds later the helper itself is taken for stuck.
    grace = 1.0

    #: Questions that the helper has at a time, at most.
    most = 64

    #: Questions that wait beyond these, at most; more are refused.
    queue = 256

    #: Seconds without another helper when one could not be started.
    pause = 1.0

    #: Decisions remembered, at most.
    remembered = 4096

    def __init__(
        self,
        reactor: Any,
        reaper: Reaper,
        limit: DescriptorLimit,
        *,
        allowFile: bytes = b"/etc/hosts.allow",
        denyFile: bytes = b"/etc/hosts.deny",
        library: str = LIBRARY,
        environment: Sequence[bytes] | None = None,
    ) -> None:
        """
        @param reactor: its clock, and what watches the helper.
        @param reaper: waits for the helper.
        @param limit: the descriptor limit that the helper and commands are to have.
        @param allowFile: hosts.allow.
        @param denyFile: hosts.deny.
        @param library: libwrap's name or path.
        @param environment: of commands that rules run; the servers' if C{None}.
        """
        self._reactor = reactor
        self._reaper = reaper
        self._limit = limit
        self._files = (allowFile, denyFile)
        self._library = library
        self._environment = environment
        self._cache = Cache(self.remembered)
        self._helper: Helper | None = None
        self._ready = False
        self._waiting: deque[Question] = deque()
        self._asked: dict[int, Question] = {}
        self._number = 0
        self._ends: dict[int, Deferred[int | None]] = {}
        self._again: IDelayedCall | None = None
        self._broken = ("", 0.0)
        self._closed = False

    @property
    def helperPid(self) -> int:
        """
        The helper's process, 0 where there is none.
        """
        return 0 if self._helper is None else self._helper.pid

    def __len__(self) -> int:
        """
        How many questions have no answer yet.
        """
        return len(self._asked) + len(self._waiting)

    def ask(
        self,
        daemon: bytes,
        peerHost: str,
        peerPort: int,
        localHost: str,
        localPort: int,
        descriptor: int | None = None,
        dry: bool = False,
    ) -> Deferred[Answer]:
        """
        Ask about one connection.

        @param daemon: the name that rules know the service by.
        @param peerHost: the client's numeric address, with a scope if it has one.
        @param localHost: this machine's.
        @param descriptor: the connection.  Without it rules that answer the client
            themselves refuse, and banners are not sent.
        @param dry: only decide: no command is run and nothing is sent or logged.
        @return: fires with the answer, always: where there is no decision it is a
            refusal.
        """
        key = (daemon, _plain(peerHost), _plain(localHost))
        remembered = self._cache.look(key, self._reactor.seconds())
        if remembered is not None:
            return succeed(remembered)
        problem = self._problem()
        if problem:
            return succeed(refusal(problem))
        copy, blocking = -1, False
        if descriptor is not None and not dry:
            try:
                copy, blocking = os.dup(descriptor), os.get_blocking(descriptor)
            except OSError as error:
                return succeed(refusal(f"descriptor: {error.strerror}"))
        answered: Deferred[Answer] = Deferred()
        question = Question(key, (peerPort, localPort), dry, copy, blocking, answered)
        question.timer = self._reactor.callLater(self.patience, self._late, question)
        self._waiting.append(question)
        self._send()
        return answered

    def _problem(self) -> str:
        """
        Why nothing can be asked now, or an empty string.
        """
        if self._closed:
            return "stopped"
        reason, until = self._broken
        if self._reactor.seconds() < until:
            return reason
        if len(self._waiting) >= self.queue:
            return f"more than {self.most + self.queue} connections wait for a decision"
        if self._helper is None:
            try:
                self._start()
            except SpawnError as error:
                self._fail(str(error))
                return str(error)
        return ""

    def _start(self) -> None:
        """
        Start a helper.
        """
        environment = self._environment
        if environment is None:
            own = baseEnvironment(daemonEnvironment())
            environment = [name + b"=" + value for name, value in own.items()]
        begin = ("begin", self._library, *self._files, list(environment), self.patience)
        self._ready = False
        self._helper = Helper(
            self._reactor, self._reaper, self._limit, begin, self._heard, self._lost
        )

    def _send(self) -> None:
        """
        Send what waits, as far as the helper takes it.
        """
        while self._waiting and self._helper is not None and len(self._asked) < self.most:
            question = self._waiting[0]
            daemon, peer, local = question.key
            peerPort, localPort = question.ports
            message = (
                "ask", self._number + 1, daemon, (peer, peerPort), (local, localPort),
                question.dry,
            )  # fmt: skip
            if not self._helper.send(message, question.descriptor):
                if self._again is None:
                    self._again = self._reactor.callLater(0.002, self._sendAgain)
                return
            self._waiting.popleft()
            self._number += 1
            self._asked[self._number] = question
            question.asked = self._reactor.seconds()
            question.timer.reset(self.patience + self.grace)

    def _sendAgain(self) -> None:
        """
        There may be room now.
        """
        self._again = None
        self._send()

    # What the helper says.

    def _heard(self, message: tuple[Any, ...]) -> None:
        """
        Take a message.
        """
        kind, *rest = message
        if kind == "ready":
            self._ready = True
        elif kind == "unable":
            reason = advice(self._library, rest[0])
            self.log.error("tcp wrappers: {reason}", reason=reason)
            self._fail(reason)
            self._giveUp(reason)
        elif kind == "begun":
            self._asked[rest[0]].pid = rest[1]
        elif kind == "answer":
            self._answer(*rest)
        else:
            pid, status = rest
            self._ends.pop(pid).callback(status)

    def _answer(
        self,
        number: int,
        allowed: bool,
        reason: str,
        environment: Sequence[tuple[bytes, bytes]],
        severity: int,
        handled: int,
        lasting: bool,
        generation: int,
    ) -> None:
        """
        Take an answer.
        """
        question = self._asked.pop(number)
        ended: Deferred[int | None] | None = None
        if handled:
            ended = self._ends[handled] = Deferred()
        answer = Answer(
            allowed,
            f"tcp wrappers: {reason}",
            tuple(environment),
            bool(handled),
            None if severity < 0 else severity,
            handled,
            ended,
        )
        self._cache.heard(generation, question.asked)
        if lasting:
            self._cache.keep(question.key, answer, generation)
        self._tell(question, answer)
        self._send()

    def _tell(self, question: Question, answer: Answer) -> None:
        """
        Give the one who asked an answer.
        """
        if question.timer.active():
            question.timer.cancel()
        if question.descriptor >= 0:
            # Its mode is that of the connection, not of this copy: a process that was
            # to write to it may have changed that, and may have ended since.
            if not answer.handled:
                os.set_blocking(question.descriptor, question.blocking)
            os.close(question.descriptor)
        question.answered.callback(answer)

    # What goes wrong.

    def _late(self, question: Question) -> None:
        """
        A question has taken too long.
        """
        if question in self._waiting:
            self._waiting.remove(question)
            self._tell(question, refusal("too many connections wait for a decision"))
            return
        self.log.error("the helper for tcp wrappers does not answer; ending it")
        if self._helper is not None:
            self._helper.kill()
        self._giveUp(f"no decision within {self.patience:g} seconds")

    def _lost(self) -> None:
        """
        The helper has ended by itself.
        """
        self.log.error("the helper for tcp wrappers has ended")
        reason = "the helper has ended"
        if not self._ready:
            self._fail(reason)
        self._giveUp(reason)

    def _fail(self, reason: str) -> None:
        """
        No helper can be started; try none for a while.
        """
        self._broken = (reason, self._reactor.seconds() + self.pause)

    def _giveUp(self, reason: str) -> None:
        """
        There is no helper any more: what it was asked is refused, and not asked again,
        as it may have run commands already.  The next question has another helper.
        """
        helper, self._helper = self._helper, None
        if helper is not None:
            helper.kill()
        self._cache.clear()
        asked, self._asked = self._asked, {}
        waiting, self._waiting = self._waiting, deque()
        for question in asked.values():
            if question.pid:
                # Its parent is gone; it would go on, with what it waits for.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(question.pid, signal.SIGKILL)
        for question in (*asked.values(), *waiting):
            self._tell(question, refusal(reason))
        ends, self._ends = self._ends, {}
        for ended in ends.values():
            ended.callback(None)

    def close(self) -> None:
        """
        End the helper, for good.  Programs that answer clients go on.
        """
        self._closed = True
        if self._again is not None:
            self._again.cancel()
            self._again = None
        self._giveUp("stopped")


def _plain(host: str) -> str:
    """
    An address as libwrap is to see it: one that stands for an IPv4 address is that.
    """
    rest = host[len(_MAPPED) :]
    return rest if host.lower().startswith(_MAPPED) and "." in rest else host
