# -*- test-case-name: tests.test_process_roads -*-
"""
vfork(2) and execve(2) from Python, for a child with this process's own identity.

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
import termios
from collections.abc import Callable, Sequence

_forkExec: Callable[..., int] | None
try:
    # Not when the first child is started: whoever has given up its privileges by
    # then may not read its own interpreter's files any more.
    from _posixsubprocess import fork_exec as _forkExec
except ImportError:
    _forkExec = None

__all__ = ["Vfork", "isSupported"]

_UNUSED = -1

#: How much FIONREAD says of an empty pipe.
_NOTHING = bytes(4)


def isSupported() -> bool:
    """
    Whether this interpreter and system have the function that is called here, in
    the form that is known.
    """
    return (
        _forkExec is not None
        and sys.platform == "linux"
        and sys.implementation.name == "cpython"
        and (3, 11) <= sys.version_info[:2] <= (3, 14)
    )


class Vfork:
    """
    Starts programs.
    """

    def __init__(self) -> None:
        self._pipe: tuple[int, int] | None = None
        #: What all calls end in but for, before 3.14, whether to use vfork.
        self._vfork: tuple[bool, ...] = (True,) if sys.version_info < (3, 14) else ()

    def _prepare(self) -> tuple[int, int]:
        """
        Make the pipe on which a child says what went wrong; one for all children,
        as each has either become its program or ended when vfork(2) returns.
        """
        read, write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        # The function wants it above the descriptors that it replaces.
        self._pipe = (_above(read, 3), _above(write, 3))
        return self._pipe

    def close(self) -> None:
        """
        Give the pipe back.
        """
        pipe, self._pipe = self._pipe, None
        for number in pipe or ():
            os.close(number)

    def start(
        self,
        executable: bytes,
        argv: Sequence[bytes],
        environment: Sequence[bytes],
        directory: bytes,
        descriptor: int,
        umask: int,
    ) -> tuple[int, str, int]:
        """
        Start a program in a session of its own, with no descriptor but 0 to 2.

        @param executable: the file.
        @param argv: its arguments, beginning with argv[0].
        @param environment: C{NAME=value} each.
        @param directory: where it starts.
        @param descriptor: becomes 0, 1 and 2.
        @param umask: its file mode creation mask.
        @return: its process id, and two that say nothing; or 0, the step that
            failed and the errno.
        """
        if descriptor < 0:
            # Closed; to what is called below it means this process's own.
            return 0, "dup2", errno.EBADF
        try:
            read, write = self._pipe or self._prepare()
        except OSError as error:
            return 0, "pipe", error.errno or 0
        assert _forkExec is not None
        try:
            pid = _forkExec(
                argv,
                (executable,),
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
                umask,
                None,  # no Python code in the child
                *self._vfork,
            )
        except OSError as error:
            return 0, "fork", error.errno or 0
        # To ask costs less than a read that raises.
        if fcntl.ioctl(read, termios.FIONREAD, _NOTHING) == _NOTHING:
            return pid, "", 0
        said = os.read(read, 50_000)
        os.waitpid(pid, 0)
        step, number = _understood(said)
        return 0, step, number


def _above(number: int, least: int) -> int:
    """
    The same open file under a number of at least so much.
    """
    if number >= least:
        return number
    moved = fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, least)
    os.close(number)
    return moved


def _understood(said: bytes) -> tuple[str, int]:
    """
    What the child said went wrong.

    @param said: C{kind:hexadecimal errno:place}, where the place begins with
        C{noexec} for anything before execve(2).
    @return: step and errno.
    """
    parts = said.split(b":", 2)
    try:
        number = int(parts[1], 16)
    except (IndexError, ValueError):
        number = errno.EPROTO
    return ("chdir" if parts[-1].startswith(b"noexec") else "exec"), number
