# -*- test-case-name: tests.test_config_systemd_dialect -*-
"""
The section C{[Service]}: whom a program runs as and what it is kept in, as
systemd.exec(5) has it.
"""

from __future__ import annotations

import math
import re

from txinetd.config.settings.capabilities import CAPABILITIES, HIGHEST
from txinetd.config.systemd.resources import resources
from txinetd.config.systemd.scope import Scope
from txinetd.config.systemd.tables import CLASSES
from txinetd.config.systemd.values import integer
from txinetd.config.text import shown
from txinetd.config.users import resolved
from txinetd.spec import Box, Identity

__all__ = ["box", "identity", "variables"]

_SECTION = "Service"

_OCTAL = re.compile(r"[0-7]{1,4}")
_RANGE = re.compile(r"([0-9]{1,4})(?:-([0-9]{1,4}))?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

#: Seconds from SIGTERM to SIGKILL where nothing is said, and for ever.
_GRACE = 90.0
_FOREVER = 1e9

#: The level of a class that has levels, where none is said.
_LEVEL = 4


def identity(scope: Scope) -> Identity | None:
    """
    Whom it runs as: root where nothing is said.
    """
    user, group = scope.last(_SECTION, "User"), scope.last(_SECTION, "Group")
    said = user if user is not None else group
    place = said if said is not None else scope.pair.found[0]
    name = "0" if user is None else scope.text(user)
    groupName = None if group is None else scope.text(group)
    if name is None or (group is not None and groupName is None):
        return None
    scope.reporter.path = place.path
    token = place.token() if said is not None else place.key
    return resolved(
        name,
        token,
        groupName,
        token if group is None else group.token(),
        scope.names,
        scope.options,
        scope.reporter,
        runs=True,
    )


def variables(scope: Scope) -> dict[bytes, bytes]:
    """
    What C{Environment} sets.
    """
    found: dict[bytes, bytes] = {}
    for at, word in scope.resolvedWords(_SECTION, "Environment"):
        name, equals, value = word.text.partition("=")
        if not equals or _NAME.fullmatch(name) is None:
            scope.drop(at, word.token, "bad-value", shown(word.text), "NAME=VALUE")
            continue
        found[name.encode()] = value.encode("utf-8", "surrogateescape")
    return found


def box(scope: Scope, runsAs: Identity, environment: dict[bytes, bytes]) -> Box:
    """
    What it is kept in.
    """
    directory, root = _path(scope, "WorkingDirectory"), _path(scope, "RootDirectory")
    grace = scope.seconds(_SECTION, "TimeoutStopSec")
    seconds = scope.seconds(_SECTION, "RuntimeMaxSec")
    if seconds == 0:
        at = scope.last(_SECTION, "RuntimeMaxSec")
        assert at is not None
        scope.bad(at, "a time over 0")
    return Box(
        umask=_umask(scope),
        directory=b"/" if directory is None else directory,
        chroot=root,
        groups=_groups(scope, runsAs),
        limits=resources(scope),
        nice=scope.number(_SECTION, "Nice", -20, 19),
        ioPriority=_priority(scope),
        outOfMemory=scope.number(_SECTION, "OOMScoreAdjust", -1000, 1000),
        affinity=_affinity(scope),
        noNewPrivileges=scope.switch(_SECTION, "NoNewPrivileges"),
        bounding=_capabilities(scope, "CapabilityBoundingSet"),
        ambient=_capabilities(scope, "AmbientCapabilities") or frozenset(),
        seconds=None if seconds is None or math.isinf(seconds) else seconds,
        # No time at all is for ever.
        grace=_GRACE if grace is None else min(grace or _FOREVER, _FOREVER),
        passed=_passed(scope),
        environment=tuple(environment.items()),
    )


def _path(scope: Scope, key: str) -> bytes | None:
    """
    A directory.
    """
    at = scope.last(_SECTION, key)
    text = None if at is None else scope.text(at)
    if at is None or text is None:
        return None
    if text.startswith("-/") and key == "WorkingDirectory":
        hint = "without that directory the server is not started"
        scope.warn(at, at.token(), "not-carried-over", shown(text), "no - before it", hint)
        text = text[1:]
    if not text.startswith("/"):
        scope.bad(at, "a path that begins with /")
        return None
    return text.encode("utf-8", "surrogateescape")


def _umask(scope: Scope) -> int:
    """
    Permission bits.
    """
    at = scope.last(_SECTION, "UMask")
    if at is None:
        return 0o022
    if _OCTAL.fullmatch(at.value) is None or int(at.value, 8) > 0o777:
        scope.bad(at, "permissions in octal, such as 0022")
        return 0o777
    return int(at.value, 8)


def _groups(scope: Scope, runsAs: Identity) -> tuple[int, ...] | None:
    """
    Groups besides those of the user.
    """
    more: set[int] = set()
    for at, word in scope.resolvedWords(_SECTION, "SupplementaryGroups"):
        gid = scope.names.group(word.text)
        if gid is None:
            expected = "a group that exists"
            scope.drop(at, word.token, "unknown-group", shown(word.text), expected)
        else:
            more.add(gid)
    return tuple(sorted(more.union(runsAs.groups))) if more else None


def _priority(scope: Scope) -> tuple[int, int] | None:
    """
    Class and level of ioprio_set(2).
    """

    def kind(text: str) -> int | None:
        """
        A class, by name or number.
        """
        return CLASSES.index(text) if text in CLASSES else integer(text, 0, len(CLASSES) - 1)

    expected = f"one of {', '.join(CLASSES)}"
    found = scope.value(_SECTION, "IOSchedulingClass", kind, expected)
    level = scope.number(_SECTION, "IOSchedulingPriority", 0, 7)
    if found is None and level is None:
        return None
    number = CLASSES.index("best-effort") if found is None else found
    if number not in (1, 2):
        return number, 0
    return number, _LEVEL if level is None else level


def _affinity(scope: Scope) -> frozenset[int] | None:
    """
    Processors by number.
    """
    found: set[int] = set()
    for at in scope.all(_SECTION, "CPUAffinity"):
        for piece in at.value.replace(",", " ").split():
            match = _RANGE.fullmatch(piece)
            first, last = (match[1], match[2] or match[1]) if match is not None else ("1", "0")
            if int(first) > int(last) or int(last) > 8191:
                scope.bad(at, "numbers of processors, or ranges of them, such as 0 2-5")
                break
            found.update(range(int(first), int(last) + 1))
    return frozenset(found) or None


def _capabilities(scope: Scope, key: str) -> frozenset[int] | None:
    """
    Capabilities; after C{~} all but those.
    """
    found: set[int] | None = None
    everything = set(range(HIGHEST + 1))
    for at in scope.all(_SECTION, key):
        inverted = at.value.startswith("~")
        listed: set[int] = set()
        for word in at.value.removeprefix("~").split():
            name = word.lower().removeprefix("cap_")
            if name not in CAPABILITIES:
                scope.bad(at, "names of capabilities(7) such as CAP_NET_BIND_SERVICE")
                break
            listed.add(CAPABILITIES.index(name))
        if inverted:
            found = (everything if found is None else found) - listed
        else:
            found = (found or set()) | listed
    if found is None:
        # Nothing after the sign is none of them; no such line is no restriction.
        return None if scope.pair.emptied(_SECTION, key) is None else frozenset()
    return None if found == everything else frozenset(found)


def _passed(scope: Scope) -> frozenset[bytes]:
    """
    Variables of the manager's environment.
    """
    found = set()
    for at, word in scope.resolvedWords(_SECTION, "PassEnvironment"):
        if _NAME.fullmatch(word.text) is None:
            scope.drop(at, word.token, "bad-value", shown(word.text), "names of variables")
        else:
            found.add(word.value)
    return frozenset(found)
