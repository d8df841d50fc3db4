# -*- test-case-name: tests.test_process_parts -*-
"""
Signals that this process ignores, which its children must not inherit.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

__all__ = ["ignoredSignals", "replaceIgnoredSignals"]

#: What CPython's subprocess puts back to default in a child by itself.
_RESTORED = frozenset({signal.SIGPIPE, signal.SIGXFSZ})


def ignoredSignals() -> set[signal.Signals]:
    """
    The signals that a child of this process would ignore: those that were
    ignored when the process was started (by nohup, or by a shell's C{&}) or
    that somebody in it has set so.
    """
    return {
        number
        for number in signal.valid_signals()
        if isinstance(number, signal.Signals)
        and number not in _RESTORED
        and signal.getsignal(number) is signal.SIG_IGN
    }


def _nothing(number: int, frame: FrameType | None) -> None:
    """
    A handler that does nothing: to this process the same as ignoring the signal,
    but execve(2) puts handlers, unlike ignoring, back to default.
    """


def replaceIgnoredSignals() -> Callable[[], None]:
    """
    Handle what is ignored by doing nothing, so that children start with every
    signal's default.  To be called in the main thread.

    @return: puts it all back.
    """
    replaced = ignoredSignals()
    for number in replaced:
        signal.signal(number, _nothing)
        # Nor is a system call to notice the difference.
        signal.siginterrupt(number, False)

    def restore() -> None:
        for number in replaced:
            if signal.getsignal(number) is _nothing:
                signal.signal(number, signal.SIG_IGN)

    return restore
