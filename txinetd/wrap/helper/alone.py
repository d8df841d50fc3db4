# -*- test-case-name: tests.test_wrap_wrapper -*-
"""
One question that is put to libwrap in a process of its own, as its rules may block,
change that process, or make it another program.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import signal
import syslog

from .library import Library, Request

__all__ = ["FAILED", "answerAlone"]

#: What the process ends with if it could not even ask.
FAILED = 70


def answerAlone(library: Library, request: Request, report: int, dry: bool) -> None:
    """
    Ask, tell, and end: never returns.

    What is told is C{(allowed, file, line, environment, severity, problem)} in the form
    of L{marshal}; nothing where this process became another program.

    @param report: where to tell it.
    @param dry: whether nothing is to be done but deciding.
    """
    try:
        # A group of its own, to be ended together with what its rules run.
        os.setpgid(0, 0)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        if request.descriptor >= 0:
            # What a rule writes, and what takes this process over, expects that.
            os.set_blocking(request.descriptor, True)
        library.mayBeReplaced(request.descriptor >= 0)
        library.isDry = dry
        before, given, severities = _self(), dict(_environment()), library.severities
        allowed = library.isAllowed(request, named=True)
        name, line = library.decider()
        problem = ""
        if dry and not library.isDry:
            allowed, problem = False, "the rule would answer the client itself"
        elif _self() != before:
            # The server would have to be so, and cannot be made so from here.
            allowed = False
            problem = "options user, group, umask and nice only work before spawn or twist"
        severity = -1
        if library.severities != severities:
            severity = library.severities[0 if allowed else 1]
            if not dry:
                said = "connect from" if allowed else "refused connect from"
                client = library.clientName(request)
                syslog.syslog(severity, f"{os.fsdecode(request.daemon)}: {said} {client}")
        environment = [item for item in _environment() if given.get(item[0]) != item[1]]
        told = (allowed, name, line, environment, severity, problem)
        data = marshal.dumps(told)
        while data:
            data = data[os.write(report, data) :]
        os._exit(0)
    finally:
        # Whatever happened, it must not run on as a second helper.
        os._exit(FAILED)


def _self() -> tuple[object, ...]:
    """
    What the options C{user}, C{group}, C{umask} and C{nice} change of a process.
    """
    umask = os.umask(0o077)
    os.umask(umask)
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    return os.getresuid(), os.getresgid(), sorted(os.getgroups()), umask, niceness


def _environment() -> list[tuple[bytes, bytes]]:
    """
    The environment as C has it: setenv(3) is called there, and Python does not see it.
    """
    variables = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
    found = []
    number = 0
    while variables and (item := variables[number]) is not None:
        name, _, value = item.partition(b"=")
        found.append((name, value))
        number += 1
    return found
