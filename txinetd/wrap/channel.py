# -*- test-case-name: tests.test_wrap_wrapper -*-
"""
This process's end of one helper.
"""

from __future__ import annotations

import contextlib
import errno
import marshal
import os
import resource
import signal
import socket
import sys
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

import txinetd.process
from txinetd.errors import SpawnError
from txinetd.process.launch.vfork import Vfork
from txinetd.process.limits import DescriptorLimit
from txinetd.process.reaper import Reaper

__all__ = ["Helper"]

_LONGEST = 1 << 18

#: What a helper runs.  Isolated from the environment and from site packages: it is to
#: be small, and nobody's to change.
_COMMAND = (
    "import sys; sys.path[:0] = {directories!r}; import helper.serve, launch.restrict; "
    "del sys.path[:2]; helper.serve.main(launch.restrict.unseen)"
)


@implementer(IReadDescriptor)
class Helper:
    """
    One helper.

    @ivar pid: its process; 0 when that has ended.
    """

    def __init__(
        self,
        reactor: Any,
        reaper: Reaper,
        limit: DescriptorLimit,
        begin: tuple[Any, ...],
        heard: Callable[[tuple[Any, ...]], None],
        lost: Callable[[], None],
    ) -> None:
        """
        Start it.

        @param reactor: watches the channel.
        @param reaper: waits for the process.
        @param limit: the descriptor limit that it and what it runs are to have.
        @param begin: the first message.
        @param heard: told what it says.
        @param lost: told, once, when it is of no more use, unless L{kill} was called.
        @raise SpawnError: if it cannot be started.
        """
        self._reactor = reactor
        self._heard = heard
        self._lost = lost
        self._gone = False
        try:
            self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except OSError as error:
            raise SpawnError("wrap", error.errno or 0) from error
        try:
            self._channel.setblocking(False)
            self.pid = self._start(theirs.fileno(), limit)
        except BaseException:
            self._channel.close()
            raise
        finally:
            theirs.close()
        self.send(begin, -1)
        reactor.addReader(self)
        reaper.watch(self.pid, self._ended)

    def _start(self, channel: int, limit: DescriptorLimit) -> int:
        """
        Start the process.
        """
        directories = [str(Path(__file__).parent), str(Path(txinetd.process.__file__).parent)]
        command = _COMMAND.format(directories=directories)
        python = os.fsencode(sys.executable)
        vfork = Vfork()
        try:
            with limit:
                pid, step, number = vfork.start(
                    python,
                    (python, b"-I", b"-S", b"-c", command.encode()),
                    [],
                    b"/",
                    channel,
                    0o022,
                )
        finally:
            vfork.close()
        if not pid:
            raise SpawnError(f"wrap: {step}", number)
        return pid

    def send(self, message: tuple[Any, ...], descriptor: int) -> bool:
        """
        Send a message.

        @param descriptor: goes with it; -1 for none.
        @return: whether it has gone; if not, try again later or be told of the end.
        """
        ancillary = []
        if descriptor >= 0:
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [descriptor]))]
        try:
            self._channel.sendmsg([marshal.dumps(message)], ancillary)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ETOOMANYREFS):
                # Not from within the call: who sends is in the midst of something.
                self._reactor.callLater(0, self._over)
            return False
        return True

    # What the reactor asks.

    def fileno(self) -> int:
        """
        The channel.
        """
        return self._channel.fileno()

    def logPrefix(self) -> str:
        """
        For the reactor's log.
        """
        return "txinetd tcp wrappers"

    def doRead(self) -> None:
        """
        It has something to say, or has gone.
        """
        while not self._gone:
            try:
                data = self._channel.recv(_LONGEST)
            except BlockingIOError:
                return
            except ConnectionResetError:
                # It has ended without reading everything, which the kernel tells
                # once, before what it has still said.
                continue
            except OSError:
                data = b""
            if not data:
                self._over()
                return
            self._heard(marshal.loads(data))

    def connectionLost(self, reason: Failure) -> None:
        """
        The reactor tells in this way that the channel has ended, or that it is itself
        about to.
        """
        self._over()

    # The end.

    def _ended(self, status: int | None, usage: resource.struct_rusage | None) -> None:
        """
        Its process has ended.
        """
        self.pid = 0
        if not self._gone:
            # First what it has still said.
            self.doRead()
        self._over()

    def _over(self) -> None:
        """
        It is of no more use.
        """
        if not self._gone:
            self.kill()
            self._lost()

    def kill(self) -> None:
        """
        End it, whatever state it is in.
        """
        if self._gone:
            return
        self._gone = True
        self._reactor.removeReader(self)
        self._channel.close()
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
