# -*- test-case-name: tests.test_process_launcher -*-
"""
A launcher: a small process that is already whom its servers are to be, and starts
them on request.

It talks over one socket (unix(7), C{SOCK_SEQPACKET}), on descriptor 0 when it
begins; every message is a tuple in the form of L{marshal}:

  - to it: C{("plan", {...})} once, with a shared page of memory; then
    C{("start", [(number, executable, argv, environment, directory, umask), ...])}
    with a descriptor for each; C{("signal", pid, number)}.
  - from it: L{BEGUN} and a number, before that request is carried out;
    C{("ready",)} or C{("unable", step, errno)}; then lists of
    C{("started", number, pid)}, C{("failed", number, step, errno)} (with the
    descriptor) and C{("ended", pid, status, usage)}.

Before a server is started its number is written into the shared page.  So if this
process dies, it is known which requests it had begun and which can be made again
elsewhere without any client getting two servers.
"""

from __future__ import annotations

import fcntl
import marshal
import mmap
import os
import resource
import select
import signal
import socket
import struct
import time
from array import array
from collections import deque

# Relative, as the package has another name in a launcher of its own.
from .peak import Peaks
from .restrict import Failed, inherited, listening, ownLimits, unseen
from .turns import shortTurns
from .vfork import Vfork

# What these modules bring takes as long as all else that a launcher does to begin.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: The longest message, and the most descriptors that one may bring.
LONGEST = 1 << 18
MOST = 253

#: Seconds between two looks at the servers that are young; how many times in a row that is
#: put off while more are started; and how many looks they are young for.
PAUSE = 0.001
POSTPONED = 3
LOOKS = 5

#: What a message that is no marshalled tuple begins with.
BEGUN = b"B"

#: What a process ends with that did not come as far as its program.
NOT_STARTED = 127

_NUMBER = struct.Struct("=Q")


class Launcher:
    """
    One launcher.
    """

    def __init__(self, channel: socket.socket) -> None:
        """
        @param channel: to whom it obeys.
        """
        self._channel = channel
        self._vfork = Vfork()
        # One for all: a new one of this size is a new mapping each time.
        self._buffer = memoryview(bytearray(LONGEST))
        #: Those that are looked at every now and then, and for how many times still;
        #: those that are watched, by pidfd; and all of them.
        self._young: deque[tuple[int, int]] = deque()
        self._children: dict[int, int] = {}
        self._alive: set[int] = set()
        self._look = 0.0
        self._poll = select.epoll()
        self._reports: list[tuple[Any, ...]] = []
        self._peaks = Peaks()

    def begin(self) -> bool:
        """
        Become what the plan says.

        @return: whether that worked; it has been said if not.
        """
        data, descriptors = self._receive()
        if not data:
            return False
        _, plan = marshal.loads(data)
        self._page = mmap.mmap(descriptors[0], mmap.PAGESIZE)
        os.close(descriptors[0])
        self._plan = plan
        self._forks = bool(plan["forks"])
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        self._many, self._few = (hard, hard), (plan["softDescriptors"] or hard, hard)
        self._raised = True
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, self._many)
            inherited(plan)
            # With the niceness that it has by then.
            shortTurns()
            unseen()
            self._lower()
        except Failed as failed:
            self._say(("unable", failed.step, failed.errno))
            return False
        self._say(("ready",))
        return True

    def _lower(self) -> None:
        """
        Have the limit on descriptors that servers are to have, as long as that will
        do: it would have to be changed twice for each message otherwise.
        """
        if self._few[0] - len(self._alive) > 2 * MOST:
            resource.setrlimit(resource.RLIMIT_NOFILE, self._few)
            self._raised = False

    def _raise(self) -> None:
        """
        Have as many descriptors as there may be, if fewer would not do.
        """
        if self._raised or self._few[0] - len(self._alive) < 2 * MOST:
            resource.setrlimit(resource.RLIMIT_NOFILE, self._many)
            self._raised = True

    def _say(self, message: Any) -> None:
        """
        Send a message; waits where there is no room.
        """
        self._channel.sendall(marshal.dumps(message))

    def _receive(self) -> tuple[memoryview, list[int]]:
        """
        Take the next message and its descriptors; an empty one at the end.

        @return: what is overwritten by the next.
        """
        size, ancillary, flags, _ = self._channel.recvmsg_into(
            [self._buffer], socket.CMSG_SPACE(MOST * 4), socket.MSG_CMSG_CLOEXEC
        )
        data = self._buffer[:size]
        descriptors = array("i")
        for level, kind, passed in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(passed[: len(passed) - len(passed) % 4])
        if flags & (socket.MSG_CTRUNC | socket.MSG_TRUNC):
            # Some are missing, and which cannot be known.
            for descriptor in descriptors:
                os.close(descriptor)
            return data, []
        return data, list(descriptors)

    def run(self) -> None:
        """
        Obey until the channel ends.
        """
        channel = self._channel.fileno()
        self._poll.register(channel, select.EPOLLIN)
        while True:
            # A server's client sees its end a little before it is dead, and the next
            # one may come at once.  It goes first.
            events = self._poll.poll(PAUSE if self._young else None)
            for descriptor, _ in events:
                if descriptor != channel:
                    self._reap(descriptor)
                    continue
                data, descriptors = self._receive()
                if not data:
                    self._report()
                    return
                self._obey(marshal.loads(data), descriptors)
            if self._young and (not events or time.monotonic() >= self._look):
                self._lookAtYoung()
            self._report()

    def _report(self) -> None:
        """
        Tell what has happened.
        """
        if self._reports:
            reports, self._reports = self._reports, []
            self._say(reports)

    def _obey(self, message: tuple[Any, ...], descriptors: list[int]) -> None:
        """
        Do what a message asks for.
        """
        if message[0] == "signal":
            _, pid, number = message
            if pid in self._alive:
                os.kill(pid, number)
            return
        starts = message[1]
        if len(descriptors) != len(starts):
            for descriptor in descriptors:
                os.close(descriptor)
            self._reports.extend(("failed", start[0], "descriptors", 0) for start in starts)
            return
        if self._raised:
            resource.setrlimit(resource.RLIMIT_NOFILE, self._few)
        if not self._young:
            self._look = time.monotonic() + PAUSE * (1 + POSTPONED)
        for start, descriptor in zip(starts, descriptors, strict=True):
            number = _NUMBER.pack(start[0])
            self._page[: _NUMBER.size] = number
            if len(starts) > 1:
                # From here on nobody else may start it, so its sender need not keep
                # it: the client sees no end of file before everybody has let go.
                # Where it is the only one, its report comes as early.
                self._channel.sendall(BEGUN + number)
            pid, step, error = self._start(start, descriptor)
            if pid:
                self._alive.add(pid)
                self._young.append((pid, LOOKS))
                self._reports.append(("started", start[0], pid))
            else:
                # Back with it: how to close a connection is its sender's to know.
                report = [("failed", start[0], step, error)]
                self._channel.sendmsg(
                    [marshal.dumps(report)],
                    [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [descriptor]))],
                )
            os.close(descriptor)
        self._raise()

    def _start(self, start: Any, descriptor: int) -> tuple[int, str, int]:
        """
        Start one server.

        @return: its process id; or 0, the step that failed and the errno.
        """
        _, executable, argv, environment, directory, umask = start
        if self._forks:
            return self._fork(executable, argv, environment, directory, descriptor, umask)
        return self._vfork.start(executable, argv, environment, directory, descriptor, umask)

    def _fork(
        self,
        executable: bytes,
        argv: tuple[bytes, ...],
        environment: list[bytes],
        directory: bytes,
        descriptor: int,
        umask: int,
    ) -> tuple[int, str, int]:
        """
        Start one server that has limits of its own.
        """
        try:
            read, write = os.pipe2(os.O_CLOEXEC)
            try:
                pid = os.fork()
            except OSError as error:
                os.close(read)
                os.close(write)
                return 0, "fork", error.errno or 0
        except OSError as error:
            return 0, "pipe", error.errno or 0
        if pid == 0:
            self._become(executable, argv, environment, directory, descriptor, umask, write)
        os.close(write)
        said = os.read(read, 1000)
        os.close(read)
        if not said:
            return pid, "", 0
        os.waitpid(pid, 0)
        failure: tuple[str, int] = marshal.loads(said)
        return 0, *failure

    def _become(
        self,
        executable: bytes,
        argv: tuple[bytes, ...],
        environment: list[bytes],
        directory: bytes,
        descriptor: int,
        umask: int,
        errors: int,
    ) -> None:
        """
        Become a server, in the new process; does not return.
        """
        step = "begin"
        try:
            step = "setsid"
            os.setsid()
            step = "dup2"
            for number in range(3):
                os.dup2(descriptor, number)
            step = "sigaction"
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            step = "umask"
            os.umask(umask)
            step = "chdir"
            os.chdir(directory)
            step = "close"
            first = 3
            if self._plan["listens"]:
                if errors == first:
                    errors = fcntl.fcntl(errors, fcntl.F_DUPFD_CLOEXEC, first + 1)
                os.dup2(0, first)
                first += 1
            os.closerange(first, errors)
            os.closerange(errors + 1, 2**31 - 1)
            # The last, lest they catch what has still to be done here.
            ownLimits(self._plan)
            step = "exec"
            os.execve(executable, argv, listening(self._plan, environment))
        except Failed as failed:
            os.write(errors, marshal.dumps((failed.step, failed.errno)))
        except OSError as error:
            os.write(errors, marshal.dumps((step, error.errno or 0)))
        except BaseException:
            # Whatever it is, it must not run on as a second launcher.
            os.write(errors, marshal.dumps((step, 0)))
        finally:
            os._exit(NOT_STARTED)

    def _lookAtYoung(self) -> None:
        """
        See which servers have ended already: many live for less than it would cost to
        watch them.
        """
        self._look = time.monotonic() + PAUSE * (1 + POSTPONED)
        for _ in range(len(self._young)):
            pid, looks = self._young.popleft()
            reaped, status, usage = os.wait4(pid, os.WNOHANG)
            if reaped:
                self._ended(pid, status, usage)
            elif looks > 1:
                self._young.append((pid, looks - 1))
            else:
                self._watch(pid)

    def _watch(self, pid: int) -> None:
        """
        Be told of a server's end.
        """
        descriptor = os.pidfd_open(pid)
        self._children[descriptor] = pid
        self._poll.register(descriptor, select.EPOLLIN)

    def _reap(self, descriptor: int) -> None:
        """
        A server has ended that was watched.
        """
        pid = self._children.pop(descriptor)
        self._poll.unregister(descriptor)
        os.close(descriptor)
        _, status, usage = os.wait4(pid, 0)
        self._ended(pid, status, usage)

    def _ended(self, pid: int, status: int, usage: resource.struct_rusage) -> None:
        """
        A server has ended and is reaped.
        """
        self._alive.discard(pid)
        self._reports.append(("ended", pid, status, tuple(self._peaks.clean(usage))))


def main() -> None:
    """
    Be a launcher.
    """
    # Away from where servers have theirs, and nothing in its place but what can
    # do no harm: an error's text would be a message otherwise.
    channel = socket.socket(fileno=fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 3))
    null = os.open("/dev/null", os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    os.close(null)
    channel.setblocking(True)
    # For whoever looks at a list of processes; without proc(5) nobody does.
    try:
        with open("/proc/self/comm", "wb") as name:
            name.write(b"txinetd-launch")
    except OSError:
        pass
    launcher = Launcher(channel)
    if launcher.begin():
        try:  # noqa: SIM105 - contextlib is one of those that take long
            launcher.run()
        except ConnectionError:
            pass  # nobody is there any more to be told
    os._exit(0)
