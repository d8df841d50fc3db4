# -*- test-case-name: tests.test_process_launcher -*-
"""
This process's end of one launcher: what it is asked, what it answers, and what
becomes of all that when it dies.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import marshal
import mmap
import os
import resource
import signal
import socket
import struct
import termios
from array import array
from collections import deque
from typing import Any, Protocol

from twisted.internet.interfaces import IDelayedCall, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txinetd.errors import SpawnError
from txinetd.process.launch.launcher import BEGUN, LONGEST
from txinetd.process.launched import Job, LaunchedChild
from txinetd.process.reaper import Reaper

__all__ = ["Launcher"]

_NUMBER = struct.Struct("=Q")

#: Where a message is received.  One for all: a new one of this size is a new mapping
#: each time.
_buffer = memoryview(bytearray(LONGEST))

#: How much FIONREAD says where nothing is to be read.
_NOTHING = bytes(4)

_ONE_DESCRIPTOR = socket.CMSG_SPACE(4)


class Owner(Protocol):
    """
    What a launcher asks of its pool.
    """

    reactor: Any
    reaper: Reaper
    family: int

    def start(self, channel: int) -> int:
        """
        Start its process.
        """

    def lost(self, launcher: Launcher, jobs: list[Job]) -> None:
        """
        It has gone, and had not begun these.
        """

    def idle(self) -> None:
        """
        It has no servers any more.
        """

    def becameReady(self, launcher: Launcher) -> None:
        """
        It has become what it should.
        """

    def grown(self, launcher: Launcher) -> None:
        """
        It has one server more, and as many as it is to have.
        """


@implementer(IReadDescriptor)
class Launcher:
    """
    This process's end of one launcher.
    """

    log = Logger()

    #: Requests in one message.
    batch = 32

    #: Seconds without an answer after which it is taken for stuck.
    patience = 5.0

    #: So many times longer may it take to begin.
    slow = 10

    def __init__(self, pool: Owner, plan: dict[str, Any]) -> None:
        """
        @param pool: whose it is.
        @param plan: what it is to become.
        @raise SpawnError: if it cannot be started.
        """
        self._pool = pool
        self._waiting: deque[Job] = deque()
        self._begun: dict[int, Job] = {}
        self.children: dict[int, LaunchedChild] = {}
        self._number = 0
        self._flushing: IDelayedCall | None = None
        self._watching: IDelayedCall | None = None
        self._watched = -1
        self._slow = 0
        self._retiring = False
        self._orphans: dict[int, LaunchedChild] = {}
        self.ready = False
        self.gone = False
        try:
            self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            memory = os.memfd_create("txinetd launcher")
        except OSError as error:
            raise SpawnError("launcher", error.errno or 0) from error
        try:
            os.ftruncate(memory, mmap.PAGESIZE)
            self._page = mmap.mmap(memory, mmap.PAGESIZE)
            self._channel.setblocking(False)
            self.pid = pool.start(theirs.fileno())
            self._channel.sendmsg(
                [marshal.dumps(("plan", plan))],
                [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [memory]))],
            )
        except BaseException:
            self._channel.close()
            raise
        finally:
            os.close(memory)
            theirs.close()
        pool.reactor.addReader(self)
        pool.reaper.watch(self.pid, self._ended)

    # What the pool asks.

    def __len__(self) -> int:
        """
        How many requests it has not answered.
        """
        return len(self._waiting) + len(self._begun)

    @property
    def isIdle(self) -> bool:
        """
        Whether nothing depends on it.
        """
        return not self._waiting and not self._begun and not self.children

    def gather(self, job: Job) -> None:
        """
        Start a server, at the next L{flush}.
        """
        self._waiting.append(job)

    def flush(self) -> None:
        """
        Send what was gathered: at once if there is nothing else to do; else what comes
        in the same turn of the reactor goes into one message.
        """
        if not self._waiting:
            return
        if not self._begun or len(self._waiting) >= self.batch:
            self._flush()
        elif self._flushing is None:
            self._flushing = self._pool.reactor.callLater(0, self._flushNow)

    def take(self, job: Job) -> None:
        """
        Start a server now.
        """
        self.gather(job)
        self.flush()

    def signal(self, pid: int, number: int) -> None:
        """
        Send one of its servers a signal.
        """
        self._send(("signal", pid, number), [])

    def retire(self) -> list[Job]:
        """
        Let it end as soon as it has done what it has begun; its servers go on and
        become this process's children.

        @return: what it had not been asked yet, for another.
        """
        self._retiring = True
        jobs = list(self._waiting)
        self._waiting.clear()
        self._retireWhenDone()
        return jobs

    def _retireWhenDone(self) -> None:
        """
        Say that no more will come, once everything is answered: what it still has to
        say is read, until it ends.
        """
        if self._retiring and not self._begun and not self.gone:
            for child in self.children.values():
                child.launcher = None
            with contextlib.suppress(OSError):
                self._channel.shutdown(socket.SHUT_WR)

    def end(self) -> None:
        """
        Let it end: it does when its channel does.
        """
        self._lost(resend=False)
        if self.pid:
            # Unless somebody has stopped it.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signal.SIGCONT)

    # Sending.

    def _flushNow(self) -> None:
        """
        The turn is over.
        """
        self._flushing = None
        self._flush()

    def _flush(self) -> None:
        """
        Send what waits.
        """
        while self._waiting and not self.gone:
            jobs = [self._waiting[n] for n in range(min(self.batch, len(self._waiting)))]
            starts = [(self._number + n, *job.start) for n, job in enumerate(jobs, 1)]
            if not self._send(("start", starts), [job.descriptor for job in jobs]):
                if not self.gone and self._flushing is None:
                    # No room: it is slow, or there are many.
                    self._flushing = self._pool.reactor.callLater(0.002, self._flushNow)
                return
            for job in jobs:
                self._number += 1
                self._begun[self._number] = job
                self._waiting.popleft()
            if self._watching is None:
                self._watch()

    def _send(self, message: Any, descriptors: list[int]) -> bool:
        """
        Send one message.

        @return: whether it has gone.
        """
        ancillary = []
        if descriptors:
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", descriptors))]
        try:
            self._channel.sendmsg([marshal.dumps(message)], ancillary)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno != errno.ETOOMANYREFS:
                # It has gone; first what it has still said.
                self._takeRest()
                self._lost(resend=True)
            return False
        return True

    # Receiving.

    def fileno(self) -> int:
        """
        The channel.
        """
        return self._channel.fileno()

    def logPrefix(self) -> str:
        """
        For the reactor's log.
        """
        return "txinetd launcher"

    def doRead(self) -> None:
        """
        It has something to say, or has gone.
        """
        # To ask whether there is more costs less than a read that raises.
        while self._take() and fcntl.ioctl(self._channel, termios.FIONREAD, _NOTHING) != _NOTHING:
            pass

    def _takeRest(self) -> None:
        """
        Take all that it has still said.
        """
        while self._take():
            pass

    def _take(self) -> bool:
        """
        Take one message, or notice that it has gone.

        @return: whether there may be more.
        """
        if self.gone:
            return False
        try:
            size, ancillary, _, _ = self._channel.recvmsg_into(
                [_buffer], _ONE_DESCRIPTOR, socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            return False
        except ConnectionResetError:
            # It has ended without reading everything, which the kernel tells
            # once, before what it has still said.
            return True
        except OSError:
            size = 0
        if not size:
            self._lost(resend=True)
            return False
        if _buffer[0] == BEGUN[0]:
            job = self._begun.get(_NUMBER.unpack_from(_buffer, 1)[0])
            if job is not None:
                job.handedOver()
            return not self.gone
        message = marshal.loads(_buffer[:size])
        if isinstance(message, list):
            for report in message:
                self._reported(report, ancillary)
        elif message[0] == "ready":
            self.ready = True
            self._pool.becameReady(self)
        else:
            self._unable(message[1], message[2])
        return not self.gone

    def connectionLost(self, reason: Failure) -> None:
        """
        The reactor tells in this way that the channel has ended, or that it is
        itself about to.
        """
        if not self.gone:
            self._lost(resend=True)

    def _reported(self, report: tuple[Any, ...], ancillary: list[Any]) -> None:
        """
        Take one report.

        @param ancillary: what came with it: of one that failed, its descriptor.
        """
        if report[0] == "started":
            job = self._begun.pop(report[1])
            child = job.child
            child.pid, child.launcher = report[2], self
            self.children[report[2]] = child
            job.close()
            child.protocol.makeConnection(child)
            if not self.gone:
                if len(self.children) >= self._pool.family:
                    self._pool.grown(self)
                if self._retiring:
                    self._retireWhenDone()
        elif report[0] == "failed":
            job = self._begun.pop(report[1])
            for _, _, passed in ancillary:
                job.handedBack(array("i", passed)[0])
            job.failed(report[2], report[3])
            self._retireWhenDone()
        else:
            child = self.children.pop(report[1])
            child.launcher = None
            if not self.children:
                self._pool.idle()
            child.ended(report[2], resource.struct_rusage(report[3]))

    def _unable(self, step: str, number: int) -> None:
        """
        It could not become what it should: its servers cannot be started.
        """
        jobs = [*self._begun.values(), *self._waiting]
        self._begun.clear()
        self._waiting.clear()
        self._lost(resend=False)
        for job in jobs:
            job.failed(step, number)

    # The end.

    def _watch(self) -> None:
        """
        See from time to time that it answers.
        """
        oldest = next(iter(self._begun), -1)
        if not self.ready:
            self._slow += 1
        if oldest != -1 and oldest == self._watched and (self.ready or self._slow > self.slow):
            self._watching = None
            self.log.error("launcher {pid} does not answer; ending it", pid=self.pid)
            # What it has begun is known for certain only when it has ended, which
            # the end of its channel tells.
            self._kill()
            return
        self._watched = oldest
        self._watching = (
            None if oldest == -1 else self._pool.reactor.callLater(self.patience, self._watch)
        )

    def _kill(self) -> None:
        """
        End its process whatever state that is in.
        """
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def _ended(self, status: int | None, usage: resource.struct_rusage | None) -> None:
        """
        Its process has ended.
        """
        self.pid = 0
        if not self.gone:
            # First what it has still said.
            self._takeRest()
        orphans, self._orphans = self._orphans, {}
        for pid, child in orphans.items():
            # Where this process adopts nobody they are not its children.
            self._pool.reaper.watch(pid, child.ended, young=False)

    def _lost(self, resend: bool) -> None:
        """
        It is of no more use.

        @param resend: whether it went by itself; then what depends on it is looked
            after.
        """
        if self.gone:
            return
        self.gone = True
        reactor = self._pool.reactor
        reactor.removeReader(self)
        self._channel.close()
        for call in (self._flushing, self._watching):
            if call is not None and call.active():
                call.cancel()
        if resend:
            self._kill()
        begun = _NUMBER.unpack_from(self._page, 0)[0]
        self._page.close()
        jobs, self._begun = self._begun, {}
        again = [job for number, job in jobs.items() if number > begun]
        lost = [job for number, job in jobs.items() if number <= begun]
        again.extend(self._waiting)
        self._waiting.clear()
        children, self.children = self.children, {}
        self._pool.lost(self, again)
        for job in lost:
            job.failed("launcher-lost", 0)
        for child in children.values():
            child.launcher = None
        # Nobody but their parent can wait for them, which is this process once the
        # launcher's has ended.
        self._orphans = children
        if not self.pid:
            self._ended(None, None)
