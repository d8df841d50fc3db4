# -*- test-case-name: tests.test_process_roads -*-
"""
The direct road: vfork(2) and execve(2) straight from this process, for servers
that run as whoever this process runs as.

CPython's subprocess module does this in C, about as fast as it can be done; its
C{Popen} adds a pipe, a few objects and a read for each child, which cost more
than the child.  So this calls the function below C{Popen}, whose name has an
underscore but which has kept its meaning for years; L{isSupported} says where it
is the one that is known here.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.interfaces import IProcessProtocol, IReactorProcess
from zope.interface import implementer

from txinetd.errors import SpawnError
from txinetd.process.child import Child
from txinetd.process.limits import DescriptorLimit
from txinetd.process.reaper import Reaper

__all__ = ["DirectRoad", "isSupported"]

_MASK = 0o022
_UNUSED = -1


def isSupported() -> bool:
    """
    Whether this interpreter and system have the function that is called here, in
    the form that is known.
    """
    return (
        sys.platform == "linux"
        and sys.implementation.name == "cpython"
        and (3, 11) <= sys.version_info[:2] <= (3, 14)
    )


@implementer(IReactorProcess)
class DirectRoad:
    """
    Starts servers with this process's own identity.
    """

    def __init__(self, reaper: Reaper, limit: DescriptorLimit) -> None:
        """
        @param reaper: waits for the servers.
        @param limit: the descriptor limit that they are to have.
        """
        self._reaper = reaper
        self._limit = limit
        self._errors: tuple[int, int] | None = None
        self._forkExec: Callable[..., int] | None = None

    def _pipe(self) -> tuple[int, int]:
        """
        Where a child says what went wrong; one for all children, as each has
        either become its program or ended when vfork(2) returns.
        """
        if self._errors is None:
            read, write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            # The function wants it above the descriptors that it replaces.
            self._errors = tuple(  # type: ignore[assignment]
                _above(number, 3) for number in (read, write)
            )
        assert self._errors is not None
        return self._errors

    def close(self) -> None:
        """
        Give the pipe back.
        """
        errors, self._errors = self._errors, None
        for number in errors or ():
            os.close(number)

    # Narrower than the interface in what it takes: ISpawner says how.
    def spawnProcess(  # type: ignore[override]
        self,
        processProtocol: IProcessProtocol,
        executable: bytes,
        args: Sequence[bytes] = (),
        env: Mapping[bytes, bytes] | None = None,
        path: bytes | None = b"/",
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
        try:
            read, write = self._pipe()
        except OSError as error:
            raise SpawnError("pipe", error.errno or 0) from error
        descriptor = childFDs[0]
        environment = [b"%b=%b" % item for item in (env or {}).items()]
        try:
            with self._limit.lowered():
                pid = self._call(args, (executable,), path, environment, descriptor, read, write)
        except OSError as error:
            raise SpawnError("fork", error.errno or 0) from error
        try:
            said = os.read(read, 50_000)
        except BlockingIOError:
            child = Child(pid, processProtocol)
            self._reaper.watch(pid, child.ended)
            processProtocol.makeConnection(child)
            return child
        os.waitpid(pid, 0)
        raise _understood(said)

    def _call(
        self,
        args: Sequence[bytes],
        executables: Sequence[bytes],
        directory: bytes | None,
        environment: list[bytes],
        descriptor: int,
        read: int,
        write: int,
    ) -> int:
        """
        Call C{fork_exec}.

        @return: the child's process id.
        """
        if self._forkExec is None:
            from _posixsubprocess import fork_exec

            self._forkExec = fork_exec
        arguments: list[Any] = [
            args,
            executables,
            True,  # close all descriptors from 3 up, but for:
            (write,),
            directory,
            environment,
            descriptor,  # becomes 0
            _UNUSED,
            _UNUSED,
            descriptor,  # becomes 1
            _UNUSED,
            descriptor,  # becomes 2
            read,
            write,
            True,  # restore SIGPIPE and SIGXFSZ
            True,  # setsid
            _UNUSED,  # no process group
            None,  # the same group id,
            None,  # the same groups
            None,  # and the same user id
            _MASK,
            None,  # no Python code in the child
        ]
        if sys.version_info < (3, 14):
            arguments.append(True)  # vfork
        return self._forkExec(*arguments)


def _above(number: int, least: int) -> int:
    """
    The same open file under a number of at least so much.
    """
    if number >= least:
        return number
    moved = fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, least)
    os.close(number)
    return moved


def _understood(said: bytes) -> SpawnError:
    """
    What the child said went wrong.

    @param said: C{kind:hexadecimal errno:place}, where the place is C{noexec} for
        anything before execve(2).
    """
    parts = said.split(b":", 2)
    try:
        number = int(parts[1], 16)
    except (IndexError, ValueError):
        number = errno.EPROTO
    step = "chdir" if parts[-1] == b"noexec" else "exec"
    return SpawnError(step, number)
