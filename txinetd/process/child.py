# -*- test-case-name: tests.test_process_roads -*-
"""
A running server program as the rest of the daemon sees it.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterable

from twisted.internet import error
from twisted.internet.interfaces import IAddress, IProcessProtocol
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from txinetd.interfaces import IChild

__all__ = ["Child", "endOf"]


def endOf(status: int | None) -> Failure:
    """
    A status as wait(2) gives it in Twisted's words.

    @param status: the status, or C{None} where it is not known.
    @return: L{error.ProcessDone} or L{error.ProcessTerminated}.
    """
    if status == 0:
        return _DONE
    if status is None:
        return Failure(error.ProcessTerminated())
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    return Failure(error.ProcessTerminated(code, number, status))


@implementer(IAddress)
class _ProcessAddress:
    """
    A process has no address.
    """


#: How most children end.
_DONE = Failure(error.ProcessDone(0))

#: What an ended child's protocol is.
_NOBODY = ProcessProtocol()


@implementer(IChild)
class Child:
    """
    One program.  All of its descriptors are the client's, so there is nothing to
    write to it or to read from it.

    @ivar pid: its process id, C{None} when it has been reaped.
    @ivar rusage: see L{IChild}.
    """

    pid: int | None
    protocol: IProcessProtocol
    rusage: resource.struct_rusage | None = None

    def __init__(self, pid: int, protocol: IProcessProtocol) -> None:
        """
        @param pid: its process id.
        @param protocol: told of its start and its end.
        """
        self.pid = pid
        self.protocol = protocol

    def __repr__(self) -> str:
        return f"<Child pid={self.pid}>"

    def ended(self, status: int | None, usage: resource.struct_rusage | None) -> None:
        """
        It has ended and is reaped.

        @param status: as wait(2) gives it, or C{None}.
        @param usage: from wait4(2), or C{None}.
        """
        self.failed(endOf(status), usage)

    def failed(self, reason: Failure, usage: resource.struct_rusage | None = None) -> None:
        """
        It is over, for a reason of any kind.
        """
        self.pid = None
        self.rusage = usage
        protocol = self.protocol
        # The protocol knows this as its transport: without an end to that, each
        # child would leave a ring for the garbage collector, which comes rarely.
        self.protocol = _NOBODY
        protocol.processExited(reason)
        protocol.processEnded(reason)

    def signalProcess(self, signalID: str | int) -> None:
        """
        Send it a signal.

        @param signalID: a number, or a name without C{SIG}.
        @raise error.ProcessExitedAlready: if it has ended.
        """
        if self.pid is None:
            raise error.ProcessExitedAlready()
        number = signal.Signals[f"SIG{signalID}"] if isinstance(signalID, str) else signalID
        # Not reaped yet, so the number is still its own.
        os.kill(self.pid, number)

    def closeStdin(self) -> None:
        """
        There is nothing here to close.
        """

    def closeStdout(self) -> None:
        """
        There is nothing here to close.
        """

    def closeStderr(self) -> None:
        """
        There is nothing here to close.
        """

    def closeChildFD(self, descriptor: int) -> None:
        """
        There is nothing here to close.
        """

    def writeToChild(self, childFD: int, data: bytes) -> None:
        """
        Its descriptors belong to its client.

        @raise KeyError: always.
        """
        raise KeyError(childFD)

    def write(self, data: bytes) -> None:
        """
        Its descriptors belong to its client: this does nothing.
        """

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """
        Its descriptors belong to its client: this does nothing.
        """

    def loseConnection(self) -> None:
        """
        There is nothing here to close.
        """

    def getPeer(self) -> IAddress:
        """
        The other side of a process.
        """
        return _ProcessAddress()

    def getHost(self) -> IAddress:
        """
        This side of a process.
        """
        return _ProcessAddress()
