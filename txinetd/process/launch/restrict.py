# -*- test-case-name: tests.test_process_box -*-
"""
Becoming somebody, within limits: what a process does to itself before it runs a
server, or before it starts servers that inherit it.

Everything asked for is done, and read back where the system allows, or L{Failed}
says which step did not work.  Nothing is ever skipped.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource

# Not for a launcher: see there.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

__all__ = ["Failed", "inherited", "listening", "ownLimits", "raised", "unseen"]

#: What L{inherited} and L{ownLimits} take: see L{txinetd.process.plan}.
Plan: TypeAlias = "dict[str, Any]"

_PR_SET_PDEATHSIG, _SIGKILL = 1, 9
_PR_SET_DUMPABLE = 4
_PR_SET_KEEPCAPS = 8
_PR_CAPBSET_READ, _PR_CAPBSET_DROP = 23, 24
_PR_SET_NO_NEW_PRIVS, _PR_GET_NO_NEW_PRIVS = 38, 39
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_IS_SET, _PR_CAP_AMBIENT_RAISE = 47, 1, 2

_CAPABILITY_VERSION_3 = 0x20080522
_CAP_SETUID = 7

_SYS_IOPRIO_SET = {"x86_64": 251, "aarch64": 30, "riscv64": 30, "i686": 289, "armv7l": 314}
_IOPRIO_WHO_PROCESS, _IOPRIO_CLASS_SHIFT = 1, 13
_IOPRIO_CLASS_RT = 1

_OOM_SCORE_ADJ = "/proc/self/oom_score_adj"


class Failed(Exception):
    """
    A step did not work.

    @ivar step: which.
    @ivar errno: the system's reason, 0 where it has none.
    """

    def __init__(self, step: str, number: int) -> None:
        super().__init__(step, number)
        self.step = step
        self.errno = number


_libc: Any = None


def _call(step: str, function: str, *arguments: int) -> int:
    """
    Call a function of the C library that says -1 when it fails.
    """
    global _libc
    if _libc is None:
        _libc = ctypes.CDLL(None, use_errno=True)
    result: int = getattr(_libc, function)(*map(ctypes.c_long, arguments))
    if result == -1:
        raise Failed(step, ctypes.get_errno())
    return result


def _prctl(step: str, option: int, *arguments: int) -> int:
    """
    prctl(2), whose unused arguments have to be zero.
    """
    return _call(step, "prctl", option, *arguments, *(0,) * (4 - len(arguments)))


def _step(step: str, function: Any, *arguments: Any) -> Any:
    """
    Call a function that raises OSError when it fails.
    """
    try:
        return function(*arguments)
    except ValueError as error:
        # How setrlimit(2) is said to have failed, one way or the other.
        number = errno.EPERM if "not allowed" in str(error) else errno.EINVAL
        raise Failed(step, number) from None
    except (OSError, OverflowError) as error:
        raise Failed(step, getattr(error, "errno", None) or errno.EINVAL) from None


def inherited(plan: Plan) -> None:
    """
    Take on what children inherit: root directory, affinity, capabilities, groups,
    group, user, and the promise to gain no new privileges; then see that it is so.

    @param plan: see L{txinetd.process.plan.plan}.
    @raise Failed: if anything of it could not be done.
    """
    # While there is proc(5), too.
    raised(plan)
    if plan["affinity"] is not None:
        _step("affinity", os.sched_setaffinity, 0, plan["affinity"])
    if plan["bounding"] is not None:
        _dropBounding(set(plan["bounding"]))
    if plan["chroot"] is not None:
        _step("chroot", os.chroot, plan["chroot"])
        _step("chroot", os.chdir, "/")
    ambient = set(plan["ambient"])
    if not plan["keep"]:
        _become(plan, keepCapabilities=bool(ambient))
    if ambient:
        _raiseAmbient(ambient)
    if plan["noNewPrivileges"]:
        _prctl("no_new_privs", _PR_SET_NO_NEW_PRIVS, 1)
    _verify(plan, ambient)


def raised(plan: Plan) -> None:
    """
    Take on, while this process still may, what its user could not: a hard limit above
    the present one, a niceness or a readiness to be ended below it, an I/O priority
    of the real-time class.  None of that can catch who has it, so that children may
    inherit it; L{ownLimits} does the rest of each.  In another root directory there
    may be no proc(5), so that all of what is written there is done here.

    @param plan: see L{txinetd.process.plan.plan}.
    @raise Failed: if anything of it could not be done.
    """
    for which, _, hard in plan["limits"]:
        soft, present = resource.getrlimit(which)
        if _exceeds(hard, present):
            _step("setrlimit", resource.setrlimit, which, (soft, hard))
    if plan["nice"] is not None and plan["nice"] < os.getpriority(os.PRIO_PROCESS, 0):
        _setNice(plan["nice"])
    if plan["ioPriority"] is not None and plan["ioPriority"][0] == _IOPRIO_CLASS_RT:
        _setIOPriority(*plan["ioPriority"])
    wanted = plan["outOfMemory"]
    if wanted is not None and (
        plan["chroot"] is not None or wanted < int(_step("oom_score_adj", _read, _OOM_SCORE_ADJ))
    ):
        _setOutOfMemory(wanted)


def _exceeds(one: int, other: int) -> bool:
    """
    Whether a limit is above another.
    """
    return other != resource.RLIM_INFINITY and (one == resource.RLIM_INFINITY or one > other)


def unseen() -> None:
    """
    Let nobody of the same user look into this process, or take it over; and have it
    end with its parent, though somebody has stopped it.
    """
    _prctl("dumpable", _PR_SET_DUMPABLE, 0)
    # After the switch of user, which would undo it.
    _prctl("pdeathsig", _PR_SET_PDEATHSIG, _SIGKILL)


def _become(plan: Plan, keepCapabilities: bool) -> None:
    """
    Switch groups, group and user, in this order.
    """
    _step("setgroups", os.setgroups, plan["groups"])
    _step("setgid", os.setresgid, *(plan["gid"],) * 3)
    if keepCapabilities:
        _prctl("keepcaps", _PR_SET_KEEPCAPS, 1)
    _step("setuid", os.setresuid, *(plan["uid"],) * 3)


def _dropBounding(kept: set[int]) -> None:
    """
    Drop every capability but some from the bounding set, as far as the kernel
    knows any.
    """
    number = 0
    while True:
        try:
            present = _prctl("bounding", _PR_CAPBSET_READ, number)
        except Failed as failed:
            if failed.errno == errno.EINVAL and number > 0:
                return  # one more than there are
            raise
        if present and number not in kept:
            _prctl("bounding", _PR_CAPBSET_DROP, number)
        number += 1


def _raiseAmbient(wanted: set[int]) -> None:
    """
    Have some capabilities survive the execve(2) of a program without any.
    """
    low = sum(1 << number for number in wanted if number < 32)
    high = sum(1 << (number - 32) for number in wanted if number >= 32)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(low, low, low, high, high, high)
    _call("capset", "capset", ctypes.addressof(header), ctypes.addressof(data))
    for number in sorted(wanted):
        _prctl("ambient", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, number)
    _prctl("keepcaps", _PR_SET_KEEPCAPS, 0)


def _verify(plan: Plan, ambient: set[int]) -> None:
    """
    See that this process is what it should be, and for good.
    """
    if not plan["keep"]:
        uid, gid = plan["uid"], plan["gid"]
        if os.getresuid() != (uid,) * 3 or os.getresgid() != (gid,) * 3:
            raise Failed("verify", 0)
        if set(os.getgroups()) != set(plan["groups"]):
            raise Failed("verify", 0)
        if uid != 0 and _CAP_SETUID not in ambient:
            try:
                os.setresuid(0, 0, 0)
            except OSError:
                pass
            else:
                raise Failed("verify", 0)
    if plan["noNewPrivileges"] and _prctl("verify", _PR_GET_NO_NEW_PRIVS) != 1:
        raise Failed("verify", 0)
    for number in ambient:
        if _prctl("verify", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_IS_SET, number) != 1:
            raise Failed("verify", 0)


def ownLimits(plan: Plan) -> None:
    """
    Take on what is a server's own: resource limits, niceness, I/O priority, and
    how ready the kernel is to end it.  To be called in its own process: a process
    that starts many would be caught by these itself.

    @param plan: see L{txinetd.process.plan.plan}.
    @raise Failed: if anything of it could not be done.
    """
    if plan["outOfMemory"] is not None and plan["chroot"] is None:
        _setOutOfMemory(plan["outOfMemory"])
    if plan["nice"] is not None:
        _setNice(plan["nice"])
    if plan["ioPriority"] is not None:
        _setIOPriority(*plan["ioPriority"])
    for which, soft, hard in plan["limits"]:
        _step("setrlimit", resource.setrlimit, which, (soft, hard))
        if resource.getrlimit(which) != (soft, hard):
            raise Failed("setrlimit", 0)


def listening(plan: Plan, environment: list[bytes] | tuple[bytes, ...]) -> dict[bytes, bytes]:
    """
    The environment of a server; where it is to find its socket as sd_listen_fds(3)
    does, with what that wants to see and only the server's own process can know.

    @param environment: C{NAME=value} each.
    """
    found = dict(each.split(b"=", 1) for each in environment)
    if plan["listens"]:
        found[b"LISTEN_PID"] = b"%d" % os.getpid()
    return found


def _setOutOfMemory(score: int) -> None:
    """
    How ready the kernel is to end this process.
    """
    # What nobody may look into has its files in proc(5) owned by root; the program
    # that this becomes is like any other again.
    _prctl("dumpable", _PR_SET_DUMPABLE, 1)
    _step("oom_score_adj", _write, _OOM_SCORE_ADJ, b"%d" % score)
    if int(_step("oom_score_adj", _read, _OOM_SCORE_ADJ)) != score:
        raise Failed("oom_score_adj", 0)


def _setNice(nice: int) -> None:
    """
    The niceness.
    """
    _step("nice", os.setpriority, os.PRIO_PROCESS, 0, nice)
    if os.getpriority(os.PRIO_PROCESS, 0) != nice:
        # The system cuts off what is out of its range.
        raise Failed("nice", errno.EINVAL)


def _setIOPriority(kind: int, level: int) -> None:
    """
    Class and level of the I/O priority.
    """
    number = _SYS_IOPRIO_SET.get(os.uname().machine)
    if number is None:
        raise Failed("ioprio", errno.ENOSYS)
    if not (0 <= kind <= 3 and 0 <= level <= 7):
        # The kernel would look at some of the bits only.
        raise Failed("ioprio", errno.EINVAL)
    value = kind << _IOPRIO_CLASS_SHIFT | level
    # ioprio_get(2) is the next call everywhere.  Whoever has been given a priority
    # may not be allowed to take it.
    if _call("ioprio", "syscall", number + 1, _IOPRIO_WHO_PROCESS, 0) != value:
        _call("ioprio", "syscall", number, _IOPRIO_WHO_PROCESS, 0, value)


def _read(path: str) -> bytes:
    """
    Read a file of the kernel's.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 100)
    finally:
        os.close(descriptor)


def _write(path: str, data: bytes) -> None:
    """
    Write a file of the kernel's.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)
