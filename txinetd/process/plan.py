# -*- test-case-name: tests.test_process_box -*-
"""
An identity and a box as the plain values that another process can be told.
"""

from __future__ import annotations

import resource
from typing import Any

import attrs

from txinetd.spec import NO_BOX, Box, Identity

__all__ = ["hasOwnLimits", "inheritable", "isPlain", "plan"]


def isPlain(box: Box) -> bool:
    """
    Whether a server in a box needs nothing done to its process: what of the box is
    seen to elsewhere (mask, directory, time, environment) does not count.
    """
    plain = attrs.evolve(
        box,
        umask=NO_BOX.umask,
        directory=NO_BOX.directory,
        seconds=NO_BOX.seconds,
        grace=NO_BOX.grace,
        passed=NO_BOX.passed,
        environment=NO_BOX.environment,
    )
    return plain == NO_BOX


def inheritable(box: Box) -> Box:
    """
    As much of a box as tells one launcher from another.
    """
    return attrs.evolve(
        box,
        umask=NO_BOX.umask,
        directory=NO_BOX.directory,
        seconds=None,
        grace=NO_BOX.grace,
        passed=None,
        environment=(),
    )


def hasOwnLimits(made: dict[str, Any]) -> bool:
    """
    Whether a plan has something that each server must do in its own process.
    """
    return bool(
        made["limits"]
        or made["nice"] is not None
        or made["ioPriority"] is not None
        or made["outOfMemory"] is not None
        or made["listens"]
    )


def plan(identity: Identity, box: Box, softDescriptors: int | None) -> dict[str, Any]:
    """
    The values that L{txinetd.process.launch.restrict} works with: numbers, bytes
    and tuples of them, which marshal(3) takes.

    @param identity: whom the server runs as.
    @param box: what it is kept in.
    @param softDescriptors: the soft limit on descriptors, where the box says
        nothing of that and the process that starts it has another; or C{None}.
    """
    groups = identity.groups if box.groups is None else box.groups
    return {
        "keep": identity.keep and box.groups is None,
        "uid": identity.uid,
        "gid": identity.gid,
        "groups": tuple(sorted(groups)),
        "chroot": box.chroot,
        "affinity": None if box.affinity is None else tuple(sorted(box.affinity)),
        "bounding": None if box.bounding is None else tuple(sorted(box.bounding)),
        "ambient": tuple(sorted(box.ambient)),
        "noNewPrivileges": box.noNewPrivileges,
        "limits": box.limits,
        "nice": box.nice,
        "ioPriority": box.ioPriority,
        "outOfMemory": box.outOfMemory,
        "listens": box.listenDescriptors,
        "softDescriptors": None if _limitsDescriptors(box) else softDescriptors,
    }


def _limitsDescriptors(box: Box) -> bool:
    """
    Whether a box has a limit on descriptors of its own.
    """
    return any(which == resource.RLIMIT_NOFILE for which, _, _ in box.limits)
