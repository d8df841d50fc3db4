# -*- test-case-name: tests.test_process_roads -*-
"""
What happens inside a new process between fork(2) and execve(2).

Nothing here logs, imports or touches the reactor; whatever fails ends in an
error of one step and one number on a pipe, and never in a byte to the client.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import signal
from typing import Any, NoReturn

import attrs

from txinetd.process.launch.restrict import Failed, inherited, listening, ownLimits

__all__ = ["Start", "becomeServer"]

#: The exit status of a process that did not come as far as its program; what a
#: shell says of a command that it cannot find.
NOT_STARTED = 127

#: Above any descriptor there can be.
_MOST_DESCRIPTORS = 2**31 - 1


@attrs.frozen
class Start:
    """
    How a server is to be started.

    @ivar executable: the file.
    @ivar argv: its arguments, beginning with argv[0].
    @ivar environment: its whole environment, C{NAME=value} each.
    @ivar directory: where it starts.
    @ivar umask: its file mode creation mask.
    @ivar descriptor: becomes 0, 1 and 2.
    @ivar plan: whom it runs as, and in what: see L{txinetd.process.plan.plan}.
    """

    executable: bytes
    argv: tuple[bytes, ...]
    environment: tuple[bytes, ...]
    directory: bytes
    umask: int
    descriptor: int
    plan: dict[str, Any]


def becomeServer(start: Start, errors: int) -> NoReturn:
    """
    Become the server.  To be called in the new process, with all signals
    blocked; does not return.

    @param start: what to become.
    @param errors: a close-on-exec pipe for C{step:errno} if that fails.
    """
    step = "begin"
    try:
        errors = _keepAboveStandard(errors)
        step = "setsid"
        os.setsid()
        step = "dup2"
        _standardDescriptors(start.descriptor)
        step = "sigaction"
        _defaultSignals()
        step = "umask"
        os.umask(start.umask)
        step = "setrlimit"
        soft = start.plan["softDescriptors"]
        if soft is not None:
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        inherited(start.plan)
        step = "chdir"
        os.chdir(start.directory)
        step = "close"
        first = 3
        if start.plan["listens"]:
            if errors == first:
                errors = fcntl.fcntl(errors, fcntl.F_DUPFD_CLOEXEC, first + 1)
            os.dup2(0, first)
            first += 1
        os.closerange(first, errors)
        os.closerange(errors + 1, _MOST_DESCRIPTORS)
        # The last, lest they catch what has still to be done here.
        ownLimits(start.plan)
        step = "sigprocmask"
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        step = "exec"
        os.execve(start.executable, start.argv, listening(start.plan, start.environment))
    except Failed as failed:
        _report(errors, failed.step, failed.errno)
    except OSError as error:
        _report(errors, step, error.errno or 0)
    except BaseException:
        # Whatever it is, it must not run on as a second daemon.
        _report(errors, step, 0)
    os._exit(NOT_STARTED)


def _report(errors: int, step: str, number: int) -> None:
    """
    Tell the parent.
    """
    # It fails where the parent is gone, and then nobody is left to tell.
    with contextlib.suppress(OSError):
        os.write(errors, b"%s:%d" % (step.encode("ascii"), number))


def _keepAboveStandard(errors: int) -> int:
    """
    Move the pipe out of the way of descriptors 0 to 2.
    """
    return errors if errors > 2 else fcntl.fcntl(errors, fcntl.F_DUPFD_CLOEXEC, 3)


def _standardDescriptors(descriptor: int) -> None:
    """
    Make a socket descriptors 0, 1 and 2.
    """
    for number in range(3):
        if number != descriptor:
            os.dup2(descriptor, number)
        else:
            os.set_inheritable(number, True)


def _defaultSignals() -> None:
    """
    Give every signal its default; execve(2) would leave the ignored ones so.
    """
    for number in signal.valid_signals():
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
