# -*- test-case-name: tests.test_process_turns -*-
"""
Short turns on a processor, for a process that has little to do but must do it soon.

Who starts servers competes with the servers for the processors, and they are many.
The kernel lets a process that asks for shorter turns have them sooner (Linux 6.12
and later; the C{sched_runtime} of sched_setattr(2)), at no privilege and at no more
time in all.  Where that is unknown, nothing changes.
"""

from __future__ import annotations

import ctypes
import os
import struct

__all__ = ["shortTurns", "turns"]

#: sched_setattr(2) and sched_getattr(2).
_CALLS = {"x86_64": (314, 315), "aarch64": (274, 275), "riscv64": (274, 275)}

#: C{struct sched_attr}: size, policy, flags, nice, priority, runtime, deadline,
#: period, and two that do not matter here.
_ATTRIBUTES = struct.Struct("=IIQiIQQQII")

_SCHED_FLAG_RESET_ON_FORK = 1

#: The shortest that the kernel gives.
_SHORTEST = 100_000


def turns(pid: int = 0) -> tuple[int, int] | None:
    """
    How long the turns of a thread are.

    @param pid: the thread; the calling one if 0.
    @return: nanoseconds (0 where the kernel does not say) and the flags, or C{None}
        where it cannot be known.
    """
    calls = _CALLS.get(os.uname().machine)
    if calls is None:
        return None
    data = ctypes.create_string_buffer(_ATTRIBUTES.size)
    if ctypes.CDLL(None).syscall(calls[1], pid, data, _ATTRIBUTES.size, 0) != 0:
        return None
    fields = _ATTRIBUTES.unpack(data.raw)
    return fields[5], fields[2]


def shortTurns() -> bool:
    """
    Ask for short turns for the calling thread, and that its children have ordinary
    ones.

    @return: whether the kernel has taken the wish.
    """
    calls = _CALLS.get(os.uname().machine)
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    if calls is None or os.sched_getscheduler(0) != os.SCHED_OTHER or nice < 0:
        # What is said here of children would take their niceness, too.
        return False
    wish = _ATTRIBUTES.pack(
        _ATTRIBUTES.size,
        os.SCHED_OTHER,
        _SCHED_FLAG_RESET_ON_FORK,
        nice,
        0,
        _SHORTEST,
        *(0,) * 4,
    )
    return bool(ctypes.CDLL(None).syscall(calls[0], 0, wish, 0) == 0)
