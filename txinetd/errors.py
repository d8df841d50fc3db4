"""
What can go wrong, by name: each error says where, what was found, what was
expected and what to do about it.
"""

from __future__ import annotations

import enum
import os

import attrs

from txinetd.spec import Origin

__all__ = ["BindError", "Diagnostic", "Severity", "SpawnError", "UsageProblem"]


class Severity(enum.IntEnum):
    """
    How much a L{Diagnostic} matters; C{--check} exits with the highest.
    """

    NOTE = 0
    WARNING = 1
    ERROR = 2


@attrs.frozen
class Diagnostic:
    """
    One thing to say about a place in a configuration file.

    @ivar severity: note, warning or error.
    @ivar code: a stable short name for this kind of problem, such as
        C{unknown-service}, for tests and for whoever greps.
    @ivar origin: file, line and column, and the entry's first field.
    @ivar found: what stands there.
    @ivar expected: what should.
    @ivar hint: what to do, or empty.
    @ivar dropped: whether the entry makes no service because of this.
    """

    severity: Severity
    code: str
    origin: Origin
    found: str
    expected: str
    hint: str = ""
    dropped: bool = False

    def __str__(self) -> str:
        where = f"{self.origin.path}:{self.origin.line}:{self.origin.column}"
        text = (
            f"{where}: {self.severity.name.lower()}: found {self.found}; expected {self.expected}"
        )
        if self.hint:
            text += f"; {self.hint}"
        return f"{text} [{self.code}]"


class UsageProblem(Exception):
    """
    What was typed on the command line cannot be done; the text is the one
    line that the user sees.
    """


class BindError(Exception):
    """
    A service's socket cannot be made.

    @ivar address: the address as text.
    @ivar step: what failed: C{socket}, C{setsockopt}, C{bind}, C{listen},
        C{chown}, C{stale}, ...
    @ivar errno: the system's error number, or 0 where none applies.
    @ivar hint: what to do, or empty.
    """

    def __init__(self, address: str, step: str, errno: int, hint: str = "") -> None:
        reason = os.strerror(errno) if errno else "refused"
        text = f"{address}: {step}: {reason}"
        super().__init__(f"{text} ({hint})" if hint else text)
        self.address = address
        self.step = step
        self.errno = errno
        self.hint = hint


class SpawnError(Exception):
    """
    A server could not be started; its client saw a clean close and no byte.

    @ivar step: what failed: C{fork}, C{setsid}, C{dup2}, C{setgroups},
        C{setgid}, C{setuid}, C{verify}, C{chdir}, C{exec}, ...
    @ivar errno: the system's error number, or 0 where none applies.
    """

    def __init__(self, step: str, errno: int) -> None:
        reason = os.strerror(errno) if errno else "refused"
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.errno = errno
