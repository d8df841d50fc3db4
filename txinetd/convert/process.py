# -*- test-case-name: tests.test_convert_units -*-
"""
What becomes of what a program is kept in: the section C{[Service]} of
systemd.service(5), with the settings of systemd.exec(5).
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Mapping

from txinetd.config.settings.capabilities import CAPABILITIES
from txinetd.config.settings.scalars import secondsText
from txinetd.config.systemd.tables import CLASSES, LIMITS
from txinetd.config.text import visible
from txinetd.convert.draft import Draft, rawText
from txinetd.convert.quoting import variable, variableName
from txinetd.spec import ServiceSpec

__all__ = ["CARRIED", "carryIdentity", "carryResources", "carryTimes"]

#: systemd reads more of these as a number, but no longer as a time.
_LONGEST = 10**12

#: The values of RLIMIT_NICE that mean something.
_NICEST = 40

_NAMES = {which: (name, unit) for name, (which, unit) in LIMITS.items()}


def carryIdentity(draft: Draft, spec: ServiceSpec) -> None:
    """
    Whom it runs as.  The system's manager is root.
    """
    identity = spec.identity
    if not (identity.keep and identity.uid == 0):
        draft.service += [
            ("User", visible(identity.user).replace("%", "%%")),
            ("Group", str(identity.gid)),
        ]
        if identity.user.isdigit():
            draft.otherwise("user", f"systemd starts nothing for {identity.user} without an entry")
        if spec.isVsock:
            # It takes the connection for a terminal and wants to give it to the user.
            text = "systemd 252 fails to start a server with User= on vsock; user - has none"
            draft.change("user", text)
    _groups(draft, spec)


def _groups(draft: Draft, spec: ServiceSpec) -> None:
    """
    Supplementary groups: systemd adds to those of the user, and takes none away.
    """
    wanted = spec.box.groups
    if wanted is None:
        return
    users = set(spec.identity.groups) - {spec.identity.gid}
    if users - set(wanted):
        listed = " ".join(map(str, sorted(users - set(wanted))))
        text = f"with systemd it is in all groups of its user: {listed} besides"
        draft.unprotect("groups", text)
    more = [each for each in wanted if each not in users and each != spec.identity.gid]
    if more:
        draft.service.append(("SupplementaryGroups", " ".join(map(str, more))))


def carryResources(draft: Draft, spec: ServiceSpec) -> None:
    """
    Resource limits.
    """
    for which, soft, hard in spec.box.limits:
        name, unit = _NAMES[which]
        most = {"nice": _NICEST, "seconds": _LONGEST, "microseconds": _LONGEST}.get(unit)
        numbers = [each for each in (soft, hard) if each != resource.RLIM_INFINITY]
        if most is not None and any(each > most for each in numbers):
            draft.unprotect(f"rlimit ({name})", f"systemd has no {name} over {most}")
            continue
        draft.service.append((name, f"{_limit(soft)}:{_limit(hard)}"))


def _limit(number: int) -> str:
    """
    One number.
    """
    return "infinity" if number == resource.RLIM_INFINITY else str(number)


def _umask(draft: Draft, spec: ServiceSpec) -> None:
    """
    The file mode creation mask.
    """
    draft.service.append(("UMask", f"{spec.box.umask:04o}"))


def _directory(draft: Draft, spec: ServiceSpec) -> None:
    """
    Where it starts.
    """
    text = rawText(spec.box.directory)
    if text is None:
        draft.leaveOut("directory", "systemd cannot write the name of the directory")
    else:
        draft.service.append(("WorkingDirectory", text))


def _chroot(draft: Draft, spec: ServiceSpec) -> None:
    """
    Its root directory.
    """
    text = rawText(spec.box.chroot or b"")
    if text is None:
        draft.leaveOut("chroot", "systemd cannot write the name of the directory")
    else:
        draft.service.append(("RootDirectory", text))


def _nice(draft: Draft, spec: ServiceSpec) -> None:
    """
    Its niceness.
    """
    draft.service.append(("Nice", str(spec.box.nice)))


def _priority(draft: Draft, spec: ServiceSpec) -> None:
    """
    Class and level of ioprio_set(2).  C{none} is what a process has without any.
    """
    assert spec.box.ioPriority is not None
    kind, level = spec.box.ioPriority
    if kind:
        draft.service.append(("IOSchedulingClass", CLASSES[kind]))
    if kind in (1, 2):
        draft.service.append(("IOSchedulingPriority", str(level)))


def _outOfMemory(draft: Draft, spec: ServiceSpec) -> None:
    """
    How soon the kernel ends it.
    """
    draft.service.append(("OOMScoreAdjust", str(spec.box.outOfMemory)))


def _affinity(draft: Draft, spec: ServiceSpec) -> None:
    """
    The processors.
    """
    listed = " ".join(str(each) for each in sorted(spec.box.affinity or ()))
    draft.service.append(("CPUAffinity", listed))


def _noNewPrivileges(draft: Draft, spec: ServiceSpec) -> None:
    """
    That nothing it runs gains privileges.
    """
    draft.service.append(("NoNewPrivileges", "yes"))


def _capabilities(numbers: frozenset[int]) -> str:
    """
    Capabilities by name; those without a name are none that the kernel has.
    """
    known = [each for each in sorted(numbers) if each < len(CAPABILITIES)]
    return " ".join(f"CAP_{CAPABILITIES[each].upper()}" for each in known)


def _bounding(draft: Draft, spec: ServiceSpec) -> None:
    """
    What remains of the capabilities; the empty text is none of them.
    """
    draft.service.append(("CapabilityBoundingSet", _capabilities(spec.box.bounding or frozenset())))


def _ambient(draft: Draft, spec: ServiceSpec) -> None:
    """
    What it may do though its user may not.
    """
    text = _capabilities(spec.box.ambient)
    if len(text.split()) < len(spec.box.ambient):
        draft.change("ambient_capabilities", "capabilities without a name are left out")
    if text:
        draft.service.append(("AmbientCapabilities", text))


def _seconds(draft: Draft, spec: ServiceSpec) -> None:
    """
    How long it may run.
    """
    assert spec.box.seconds is not None
    draft.service.append(("RuntimeMaxSec", _span(spec.box.seconds)))


def _span(seconds: float) -> str:
    """
    A time; none at all would be for ever to systemd.
    """
    return f"{secondsText(max(round(seconds, 6), 0.000001))}s"


def carryTimes(draft: Draft, spec: ServiceSpec) -> None:
    """
    How long it has to end; systemd's own default is another one.
    """
    draft.service.append(("TimeoutStopSec", _span(spec.box.grace)))


def _passed(draft: Draft, spec: ServiceSpec) -> None:
    """
    Variables of the manager.
    """
    names = sorted(spec.box.passed or ())
    good = [each.decode("ascii") for each in names if variableName(each)]
    if len(good) < len(names):
        draft.change("passenv", "variables with names that systemd does not take are left out")
    if good:
        draft.service.append(("PassEnvironment", " ".join(good)))


def _environment(draft: Draft, spec: ServiceSpec) -> None:
    """
    Variables to set.
    """
    for name, value in spec.box.environment:
        text = variable(name, value)
        if text is None:
            shown = visible(name.decode("utf-8", "surrogateescape"))
            draft.change("env", f"systemd does not take this name or value: {shown}")
        else:
            draft.service.append(("Environment", text))


CARRIED: Mapping[str, Callable[[Draft, ServiceSpec], None]] = {
    "umask": _umask,
    "directory": _directory,
    "chroot": _chroot,
    "nice": _nice,
    "ioprio": _priority,
    "oom_score_adj": _outOfMemory,
    "cpu_affinity": _affinity,
    "no_new_privs": _noNewPrivileges,
    "capabilities": _bounding,
    "ambient_capabilities": _ambient,
    "session_time": _seconds,
    "passenv": _passed,
    "env": _environment,
}
