# -*- test-case-name: tests.test_process_clone -*-
"""
The clone road: servers are started straight from this process, as any user, and it need
not wait until their programs are loaded.

What it takes is in C (L{txinetd.process._clone}), as no Python code can run in a process
that shares this one's memory.  Where it could not be built or is not known to the system,
there are the other roads.

A server counts as started when its process is there.  If that cannot become its program
it tells this process so, and its protocol is told at last, instead of how it has ended,
at which step it has failed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import socket
import struct
import sys
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from twisted.internet.interfaces import IProcessProtocol, IReactorProcess, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txinetd.errors import SpawnError
from txinetd.interfaces import IStart
from txinetd.process.child import Child
from txinetd.process.limits import DescriptorLimit
from txinetd.process.reaper import Reaper
from txinetd.process.starting import handBack, handOver
from txinetd.spec import NO_BOX, Identity, Program

try:
    from txinetd.process import _clone
except ImportError:
    _clone = None  # type: ignore[assignment]

__all__ = ["CloneRoad", "Failures", "Setting", "isSupported"]

#: The steps by their numbers.
STEPS = (
    "unshare",
    "setsid",
    "dup2",
    "close",
    "setrlimit",
    "sigaction",
    "setgroups",
    "setgid",
    "setuid",
    "verify",
    "chdir",
    "exec",
)

#: What a process says of itself that could not become its program.
_FAILURE = struct.Struct("=iii")

_ONE_DESCRIPTOR = socket.CMSG_SPACE(4)

#: The highest descriptor of which a new table is copied rather than shared at first:
#: to copy one takes about 70 ns, to share it two or three switches between processes.
LARGE = 512

#: How many may share it at a time.
RESERVED = 8

#: Nanoseconds that this process sleeps, at most, after it has started one server alone.
_LONGEST_REST = 1_000_000

_supported: bool | None = None


def _above(sock: socket.socket) -> socket.socket:
    """
    Another descriptor of a socket, none of those that are a server's.
    """
    return socket.socket(fileno=fcntl.fcntl(sock, fcntl.F_DUPFD_CLOEXEC, 3))


def isSupported() -> bool:
    """
    Whether this can be done here.
    """
    global _supported
    if _supported is None:
        _supported = _clone is not None and _clone.isSupported(os.fsencode(sys.executable))
    return _supported


class Setting:
    """
    Says whether servers of other users may be started like this.  Between the switch and
    execve(2) such a process is theirs and has this one's memory, so that nobody may be
    able to look into it: the kernel sees to that, unless it has been told to let
    programs be debugged that have switched.
    """

    def __init__(self, path: str = "/proc/sys/fs/suid_dumpable") -> None:
        """
        @param path: see proc(5).
        """
        self._path = path
        self._file: int | None = None

    @property
    def allows(self) -> bool:
        """
        Whether they may now.
        """
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDONLY)
            return os.geteuid() == 0 and os.pread(self._file, 8, 0).strip() == b"0"
        except OSError:
            return False

    def close(self) -> None:
        """
        Give back what is held.
        """
        number, self._file = self._file, None
        if number is not None:
            os.close(number)


class ClonedChild(Child):
    """
    A server that has been started, or is about to be.

    @ivar why: why it could not be, once that is known.
    """

    def __init__(self, pid: int, protocol: IProcessProtocol, failures: Failures) -> None:
        super().__init__(pid, protocol)
        self.why: SpawnError | None = None
        self._failures = failures

    def ended(self, status: int | None, usage: resource.struct_rusage | None) -> None:
        """
        It has ended, perhaps before it was its program.
        """
        assert self.pid is not None
        self._failures.over(self.pid, sure=status == 0)
        if self.why is None:
            super().ended(status, usage)
        else:
            self.failed(Failure(self.why))


@implementer(IReadDescriptor)
class Failures:
    """
    Where processes say that they could not become their programs.
    """

    log = Logger()

    def __init__(self, reactor: Any) -> None:
        """
        @param reactor: sees when they do.
        """
        self._reactor = reactor
        #: Whether any of them may be another user's.
        self.setting = Setting()
        self._children: dict[int, ClonedChild] = {}
        self._ours: socket.socket | None = None
        self._theirs: socket.socket | None = None
        self._reserved: list[socket.socket] = []
        self._listening = False

    def reserve(self) -> None:
        """
        Have the descriptors.  The sooner they are there the lower are their numbers, and
        L{txinetd.process._clone} copies all that are below.

        @raise OSError: if they cannot be had.
        """
        if self._ours is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                ours.setblocking(False)
                # Above those that are a server's.
                self._theirs = _above(theirs)
                self._reserved = [_above(theirs) for _ in range(RESERVED)]
                self._ours = ours

    def listen(self) -> tuple[int, list[int]]:
        """
        Hear what they say.

        @return: the descriptor on which they are to say it; and some that may be anything
            for a while, but keep their numbers.
        @raise OSError: if they cannot be had.
        """
        self.reserve()
        assert self._theirs is not None
        if not self._listening:
            self._listening = True
            self._reactor.addReader(self)
        return self._theirs.fileno(), [each.fileno() for each in self._reserved]

    def close(self) -> None:
        """
        Hear no more of them.
        """
        if self._listening:
            # Whoever is on the way may still have something to say.
            _clone.waitForLast(_LONGEST_REST)
            self.doRead()
            self._reactor.removeReader(self)
        self._forget()

    def _forget(self) -> None:
        """
        Give the descriptors back.
        """
        for each in (self._ours, self._theirs, *self._reserved):
            if each is not None:
                each.close()
        self._ours, self._theirs, self._reserved = None, None, []
        self._listening = False
        self.setting.close()

    def expect(self, pid: int, protocol: IProcessProtocol) -> ClonedChild:
        """
        Another process is there.
        """
        child = self._children[pid] = ClonedChild(pid, protocol, self)
        return child

    def over(self, pid: int, sure: bool) -> None:
        """
        One has ended.

        @param sure: whether that was its program.
        """
        if not sure:
            # What it has said may not have been read yet.
            self.doRead()
        self._children.pop(pid, None)

    def fileno(self) -> int:
        """
        This side.
        """
        return -1 if self._ours is None else self._ours.fileno()

    def logPrefix(self) -> str:
        """
        For the reactor's log.
        """
        return "txinetd starts"

    def doRead(self) -> None:
        """
        Some may have failed.
        """
        while self._ours is not None:
            try:
                data, ancillary, _, _ = self._ours.recvmsg(
                    _FAILURE.size, _ONE_DESCRIPTOR, socket.MSG_CMSG_CLOEXEC
                )
            except OSError:
                # Nothing more, or no memory for it now.
                return
            pid, step, number = _FAILURE.unpack(data)
            child = self._children.get(pid)
            if child is not None:
                # Its protocol is told when the process has ended, as ever.
                child.why = SpawnError(STEPS[step], number)
            for _, _, passed in ancillary:
                self._giveBack(child, array("i", passed)[0])

    def _giveBack(self, child: ClonedChild | None, descriptor: int) -> None:
        """
        Give a protocol its socket back.
        """
        try:
            if child is None:
                os.close(descriptor)
            else:
                handBack(child.protocol, descriptor)
        except Exception:
            self.log.failure("an arrival could not be handled")

    def connectionLost(self, reason: Failure) -> None:
        """
        The reactor is going away and takes its readers with it.
        """
        self._forget()


@implementer(IReactorProcess)
class CloneRoad:
    """
    Starts servers of one identity.

    @ivar reaper: waits for them.
    """

    log = Logger()

    #: This process goes on while a program is loaded.
    suspends = False

    #: Seconds after which a process that is not its program yet is taken for stuck, and
    #: ended when others are started.
    patience = 30

    def __init__(
        self,
        reaper: Reaper,
        failures: Failures,
        limit: DescriptorLimit,
        identity: Identity | None,
        umask: int = NO_BOX.umask,
        directory: bytes = NO_BOX.directory,
    ) -> None:
        """
        @param reaper: waits for the servers.
        @param failures: where those say so that have failed.
        @param limit: the descriptor limit that they are to have.
        @param identity: whom they are to be, if that is not who this process is.
        @param umask: their file mode creation mask.
        @param directory: where they start.
        """
        self.reaper = reaper
        self._failures = failures
        self._limit = limit
        self._umask = umask
        self._directory = directory
        self._isOther = identity is not None
        self._who: tuple[int, int, bytes | None] = (0, 0, None)
        if identity is not None:
            groups = array("I", sorted(identity.groups)).tobytes()
            self._who = (identity.uid, identity.gid, groups)

    @property
    def isBarred(self) -> bool:
        """
        Whether another road is to be taken for now: many programs are being loaded, perhaps
        from where it takes long, or the system has been told to let others look into them.
        """
        return _clone.present() > _clone.MOST // 2 or self._isForbidden

    @property
    def _isForbidden(self) -> bool:
        """
        Whether it would not be safe now.
        """
        return self._isOther and not self._failures.setting.allows

    # Narrower than the interface in what it takes: ISpawner says how.
    def spawnProcess(  # type: ignore[override]
        self,
        processProtocol: IProcessProtocol,
        executable: bytes,
        args: Sequence[bytes] = (),
        env: Sequence[bytes] = (),
        path: bytes | None = None,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: bool = False,
        childFDs: Mapping[int, int] | None = None,
    ) -> Child:
        """
        See L{txinetd.interfaces.ISpawner.forIdentity}.

        @raise SpawnError: if the server cannot be started.
        """
        assert childFDs is not None
        start = self._prepared()
        pid = start(executable, args, env, path or self._directory, childFDs[0])
        _clone.release()
        return self._started(pid, processProtocol)

    def spawnTogether(self, program: Program, starts: Iterable[IStart]) -> None:
        """
        See L{txinetd.interfaces.IRoad.spawnTogether}.

        @raise SpawnError: if a server cannot be started.
        """
        executable, argv, directory = program.path, program.argv, self._directory
        start = self._prepared()
        started: list[tuple[int, IProcessProtocol]] = []
        try:
            for each in starts:
                pid = start(executable, argv, each.environment, directory, each.descriptor)
                protocol = each.protocol
                started.append((pid, protocol))
                # Its client sees the end when nobody has the connection any more.
                handOver(protocol)
        finally:
            if len(started) == 1:
                # Nobody else waits, so that there is nothing to do that could not be done
                # when the program is loaded, which goes faster alone; unless there are
                # several clients who come in turns.
                _clone.waitForLast(_LONGEST_REST)
            _clone.release()
            for pid, protocol in started:
                try:
                    self._started(pid, protocol)
                except Exception:
                    self.log.failure("an arrival could not be handled")

    def _prepared(self) -> Callable[[bytes, Sequence[bytes], Sequence[bytes], bytes, int], int]:
        """
        Get ready to start some.

        @return: what starts one, and returns its process id.
        @raise SpawnError: if none can be started.
        """
        try:
            channel, reserved = self._failures.listen()
        except OSError as error:
            raise SpawnError("pipe", error.errno or 0) from error
        if self._isForbidden:
            raise SpawnError("clone", errno.EPERM)
        _clone.endOlder(self.patience)
        limits = self._limit.forServers or (0, 0)
        terms = (self._umask, *limits, *self._who)
        free: list[int] = []

        def start(
            executable: bytes,
            argv: Sequence[bytes],
            environment: Sequence[bytes],
            directory: bytes,
            descriptor: int,
        ) -> int:
            if descriptor < 0:
                raise SpawnError("dup2", errno.EBADF)
            number = -1
            if descriptor >= LARGE:
                if not free:
                    _clone.release()
                    free.extend(reserved)
                number = free.pop()
            try:
                pid = _clone.start(
                    executable, argv, environment, directory, descriptor, terms, channel, number
                )
            except OSError as error:
                raise SpawnError("fork", error.errno or 0) from error
            if not pid:
                raise SpawnError("channel", 0)
            return pid

        return start

    def _started(self, pid: int, protocol: IProcessProtocol) -> Child:
        """
        A server has been started.
        """
        child = self._failures.expect(pid, protocol)
        self.reaper.watch(pid, child.ended)
        protocol.makeConnection(child)
        return child
