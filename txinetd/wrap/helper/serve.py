# -*- test-case-name: tests.test_wrap_wrapper -*-
"""
The helper: a small process that asks libwrap, and may be killed at any time.

It talks over one socket (unix(7), C{SOCK_SEQPACKET}), on descriptor 0 when it begins;
every message is a tuple in the form of L{marshal}:

  - to it: C{("begin", library, allow, deny, environment, patience)} once; then
    C{("ask", number, daemon, peer, local, dry)}, with the connection's descriptor if
    there is one.
  - from it: C{("ready",)} or C{("unable", reason)}; then C{("begun", number, pid)} where
    a question has a process of its own; C{("answer", number, allowed, reason,
    environment, severity, handled, lasting, generation)}, where C{handled} is the process
    that answers the client itself, or 0, and C{lasting} says that the same question has
    the same answer as long as the generation is the same; C{("ended", pid, status)} of
    a process that answered a client.

Where all rules decide by addresses alone, libwrap is asked right here: it only reads
two files then.
"""

from __future__ import annotations

import contextlib
import fcntl
import marshal
import os
import select
import signal
import socket
import syslog
import time
from array import array
from collections.abc import Callable
from typing import Any

# Relative, as the package has another name in a helper of its own.
from .alone import FAILED, answerAlone
from .library import Library, Request
from .rules import RuleFiles, Unreadable

#: The longest message.
LONGEST = 1 << 18

#: Signals that say that a process failed, not that a program was ended by somebody.
_CRASHES = frozenset(
    {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGSYS}
    | {signal.SIGKILL}
)


class _Child:
    """
    A question that has a process of its own.

    @ivar answered: whether its answer has been told.
    @ivar handles: whether it answers the client itself.
    """

    def __init__(self, number: int, pid: int, report: int, deadline: float) -> None:
        self.number = number
        self.pid = pid
        self.report = report
        self.deadline = deadline
        self.said = b""
        self.answered = False
        self.handles = False


class Helper:
    """
    The helper.
    """

    def __init__(self, channel: socket.socket) -> None:
        """
        @param channel: who asks.
        """
        self._channel = channel
        self._poll = select.epoll()
        self._ends: dict[int, _Child] = {}
        self._reports: dict[int, _Child] = {}

    def begin(self) -> bool:
        """
        Load the library.

        @return: whether that worked; it has been said if not.
        """
        data, _ = self._receive()
        if not data:
            return False
        _, name, allow, deny, environment, self._patience = marshal.loads(data)
        # This interpreter has put something of its own there perhaps.
        os.environb.clear()
        os.environb.update(item.split(b"=", 1) for item in environment)
        try:
            self._library = Library(name)
        except OSError as error:
            self._say("unable", str(error))
            return False
        self._library.useTables(allow, deny)
        # Not this process itself.
        self._library.mayBeReplaced(False)
        self._allow, self._deny = os.fsdecode(allow), os.fsdecode(deny)
        self._files = RuleFiles(allow, deny)
        with contextlib.suppress(OSError):
            self._program = os.readlink("/proc/self/exe")
        syslog.openlog("txinetd", syslog.LOG_PID, syslog.LOG_DAEMON)
        self._say("ready")
        return True

    def _say(self, *message: Any) -> None:
        """
        Send a message; waits where there is no room.
        """
        self._channel.sendall(marshal.dumps(message))

    def _receive(self) -> tuple[bytes, int]:
        """
        Take the next message and its descriptor, or -1; C{b""} at the end.
        """
        data, ancillary, _, _ = self._channel.recvmsg(
            LONGEST, socket.CMSG_SPACE(4), socket.MSG_CMSG_CLOEXEC
        )
        for level, kind, passed in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                return data, array("i", passed)[0]
        return data, -1

    def run(self) -> None:
        """
        Answer until the channel ends.
        """
        channel = self._channel.fileno()
        self._poll.register(channel, select.EPOLLIN)
        while True:
            ready = [descriptor for descriptor, _ in self._poll.poll(self._rest())]
            # A question last: it makes descriptors, whose numbers may be those of others
            # that end here.
            for descriptor in sorted(ready, key=channel.__eq__):
                if descriptor == channel:
                    data, connection = self._receive()
                    if not data:
                        return
                    try:
                        self._ask(connection, *marshal.loads(data)[1:])
                    finally:
                        # Nobody's but the process's that was started for it: a client
                        # sees the end when all have let go.
                        if connection >= 0:
                            os.close(connection)
                elif descriptor in self._reports:
                    self._reported(self._reports[descriptor])
                elif descriptor in self._ends:
                    self._reap(descriptor)
            self._expire()

    # One question.

    def _ask(
        self,
        connection: int,
        number: int,
        daemon: bytes,
        peer: tuple[str, int],
        local: tuple[str, int],
        dry: bool,
    ) -> None:
        """
        Answer a question, or have it answered.
        """
        try:
            request = Request(daemon, peer, local, connection)
            self._files.look()
        except (OSError, Unreadable) as error:
            self._answer(number, False, str(error))
            return
        if self._files.plain and self._files.isSettled():
            allowed = self._library.isAllowed(request, named=False)
            # libwrap reads them itself, so perhaps others by now.
            if self._files.isSettled():
                self._answer(number, allowed, self._reason(allowed), lasting=True)
                return
        self._fork(number, request, dry)

    def _reason(self, allowed: bool, name: str = "", line: int = 0) -> str:
        """
        Where the rule stands that decided.
        """
        if name:
            return f"{name} line {line}"
        return f"{self._allow}, or no rule" if allowed else self._deny

    def _answer(
        self,
        number: int,
        allowed: bool,
        reason: str,
        environment: Any = (),
        severity: int = -1,
        handled: int = 0,
        lasting: bool = False,
    ) -> None:
        """
        Tell an answer.
        """
        self._say(
            "answer", number, allowed, reason, environment, severity, handled, lasting,
            self._files.generation,
        )  # fmt: skip

    def _fork(self, number: int, request: Request, dry: bool) -> None:
        """
        Have a question answered by a process of its own.
        """
        try:
            read, write = os.pipe2(os.O_CLOEXEC)
        except OSError as error:
            self._answer(number, False, f"pipe: {error.strerror}")
            return
        try:
            pid = os.fork()
        except OSError as error:
            os.close(read)
            os.close(write)
            self._answer(number, False, f"fork: {error.strerror}")
            return
        if pid == 0:
            # Or the other end would not see it when the helper is gone.
            self._channel.close()
            self._poll.close()
            answerAlone(self._library, request, write, dry)
        os.close(write)
        os.set_blocking(read, False)
        # Here too, as it may be ended before it has come so far itself.
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        child = _Child(number, pid, read, time.monotonic() + self._patience)
        end = os.pidfd_open(pid)
        self._ends[end] = self._reports[read] = child
        self._poll.register(end, select.EPOLLIN)
        self._poll.register(read, select.EPOLLIN)
        self._say("begun", number, pid)

    # What becomes of it.

    def _reported(self, child: _Child) -> None:
        """
        It has said something, or will say no more.
        """
        try:
            data = os.read(child.report, LONGEST)
        except BlockingIOError:
            return
        if data:
            child.said += data
            return
        self._poll.unregister(child.report)
        os.close(self._reports.pop(child.report).report)
        if child.answered:
            return
        if child.said:
            child.answered = True
            allowed, name, line, environment, severity, problem = marshal.loads(child.said)
            reason = self._reason(allowed, name, line)
            if problem:
                reason += f": {problem}"
            self._answer(child.number, allowed, reason, environment, severity)
        elif self._isOther(child.pid):
            self._handed(child)
        # Else it ends, and how is about to be known.

    def _isOther(self, pid: int) -> bool:
        """
        Whether a process runs another program than this one.
        """
        try:
            return os.readlink(f"/proc/{pid}/exe") != self._program
        except OSError:
            return False

    def _handed(self, child: _Child) -> None:
        """
        It answers the client itself, however long that takes.
        """
        child.answered = child.handles = True
        self._answer(child.number, False, "answered by its rule (twist)", handled=child.pid)

    def _reap(self, end: int) -> None:
        """
        It has ended.
        """
        child = self._ends.pop(end)
        self._poll.unregister(end)
        os.close(end)
        _, status = os.waitpid(child.pid, 0)
        while self._reports.get(child.report) is child:
            self._reported(child)
        if not child.answered:
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) in _CRASHES:
                child.answered = True
                name = signal.Signals(os.WTERMSIG(status)).name
                self._answer(child.number, False, f"libwrap crashed ({name})")
            elif os.WIFEXITED(status) and os.WEXITSTATUS(status) == FAILED:
                child.answered = True
                self._answer(child.number, False, "libwrap could not be asked")
            else:
                self._handed(child)
        if child.handles:
            self._say("ended", child.pid, status)

    def _rest(self) -> float:
        """
        Seconds until somebody has taken too long; -1 for no one.
        """
        first = min(
            (child.deadline for child in self._ends.values() if not child.answered), default=None
        )
        return -1 if first is None else max(0.0, first - time.monotonic())

    def _expire(self) -> None:
        """
        End those that take too long, with what they wait for.
        """
        now = time.monotonic()
        for child in self._ends.values():
            if not child.answered and child.deadline <= now:
                child.answered = True
                for end in (os.killpg, os.kill):
                    with contextlib.suppress(ProcessLookupError):
                        end(child.pid, signal.SIGKILL)
                reason = f"no decision within {self._patience:g} seconds"
                self._answer(child.number, False, reason)


def main(unseen: Callable[[], None]) -> None:
    """
    Be the helper.

    @param unseen: hides this process from others of the same user, and has it end
        with its parent.
    """
    # Away from where programs have theirs, and nothing in its place but what can do no
    # harm: an error's text would be a message otherwise.
    channel = socket.socket(fileno=fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 10))
    null = os.open("/dev/null", os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    os.close(null)
    channel.setblocking(True)
    # What this process ignores is ignored by what its rules run.
    for signum in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError):
            signal.signal(signum, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    unseen()
    # For whoever looks at a list of processes; without proc(5) nobody does.
    with contextlib.suppress(OSError), open("/proc/self/comm", "wb") as name:
        name.write(b"txinetd-wrap")
    helper = Helper(channel)
    # It fails where nobody is there any more to be told.
    with contextlib.suppress(ConnectionError):
        if helper.begin():
            helper.run()
    os._exit(0)
