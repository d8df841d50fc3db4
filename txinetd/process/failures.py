# -*- test-case-name: tests.test_process_clone -*-
"""
What processes say that could not become their programs (see L{txinetd.process.clone}).
"""

from __future__ import annotations

import fcntl
import os
import resource
import socket
import struct
from array import array
from typing import Any

from twisted.internet.interfaces import IProcessProtocol, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txinetd.errors import SpawnError
from txinetd.process.child import Child, endOf
from txinetd.process.dumpable import Dumpable
from txinetd.process.starting import handBack

__all__ = ["RESERVED", "STEPS", "ClonedChild", "Failures"]

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

#: How many may share it at a time.
RESERVED = 8


def _above(sock: socket.socket) -> socket.socket:
    """
    Another descriptor of a socket, none of those that are a server's.
    """
    return socket.socket(fileno=fcntl.fcntl(sock, fcntl.F_DUPFD_CLOEXEC, 3))


class ClonedChild(Child):
    """
    A server that has been started, or is about to be.

    @ivar why: why it could not be, once that is known.
    """

    why: SpawnError | None = None

    def __init__(self, pid: int, protocol: IProcessProtocol, failures: Failures) -> None:
        # Not by way of the other one: each call counts, and one is made for each server.
        self.pid = pid
        self.protocol = protocol
        self._failures = failures

    def ended(self, status: int | None, usage: resource.struct_rusage | None) -> None:
        """
        It has ended, perhaps before it was its program.
        """
        assert self.pid is not None
        self._failures.over(self.pid, status == 0)
        if self.why is None:
            self.failed(endOf(status), usage)
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
        self.dumpable = Dumpable()
        self._children: dict[int, ClonedChild] = {}
        self._ours: socket.socket | None = None
        self._theirs: socket.socket | None = None
        self._kept: list[socket.socket] = []
        #: Numbers of descriptors that may be anything for a while.
        self.reserved: tuple[int, ...] = ()
        #: What L{listen} returns, while they are heard; else -1.
        self.channel = -1

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
                self._kept = [_above(theirs) for _ in range(RESERVED)]
                self.reserved = tuple([each.fileno() for each in self._kept])
                self._ours = ours

    def listen(self) -> int:
        """
        Hear what they say.

        @return: the descriptor on which they are to say it.
        @raise OSError: if it cannot be had.
        """
        if self.channel < 0:
            self.reserve()
            assert self._theirs is not None
            self.channel = self._theirs.fileno()
            self._reactor.addReader(self)
        return self.channel

    def close(self) -> None:
        """
        Hear no more of them.
        """
        if self.channel >= 0:
            self.doRead()
            self._reactor.removeReader(self)
        self._forget()

    def _forget(self) -> None:
        """
        Give the descriptors back.
        """
        for each in (self._ours, self._theirs, *self._kept):
            if each is not None:
                each.close()
        self._ours, self._theirs, self._kept = None, None, []
        self.channel = -1
        self.dumpable.close()

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
