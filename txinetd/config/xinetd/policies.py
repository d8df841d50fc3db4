# -*- test-case-name: tests.test_config_xinetd_build -*-
"""
Limits, access and surroundings of a service, from its attributes.
"""

from __future__ import annotations

import math
import os.path
import resource

from txinetd.config.access import withXinetdRules
from txinetd.config.lexer import Token
from txinetd.config.xinetd.draft import Draft
from txinetd.config.xinetd.serving import isInternal
from txinetd.policy import Access, ConnectionsPerSecond, Limits, Sensor
from txinetd.spec import Box, Identity, Program, Server, SocketOptions

__all__ = ["DEFAULT_RATE", "acceptsItself", "access", "box", "limits", "socketOptions", "wrapName"]

#: What xinetd does where C{cps} is not written.
DEFAULT_RATE = ConnectionsPerSecond(50, 10.0)

#: Fields of a draft with the resource of getrlimit(2) that they limit.
_RESOURCES = (
    ("limitAddressSpace", resource.RLIMIT_AS),
    ("limitCpu", resource.RLIMIT_CPU),
    ("limitData", resource.RLIMIT_DATA),
    ("limitResident", resource.RLIMIT_RSS),
    ("limitStack", resource.RLIMIT_STACK),
    ("limitFiles", resource.RLIMIT_NOFILE),
)


def _finite(number: float | None) -> int | None:
    """
    A number as a limit; C{UNLIMITED} is none.
    """
    return None if number is None or number == math.inf else int(number)


def limits(draft: Draft) -> Limits:
    """
    How often, and how many at a time.
    """
    rate: ConnectionsPerSecond | None = DEFAULT_RATE
    if draft.cps is not None:
        most, pause = draft.cps
        rate = ConnectionsPerSecond(most, float(pause)) if most else None
    return Limits(
        startsPerMinute=None,
        perSecond=rate,
        instances=_finite(draft.instances),
        instancesPerSource=_finite(draft.perSource),
        load=draft.maxLoad,
    )


def access(draft: Draft, name: Token, server: Server) -> Access:
    """
    Who may come in.
    """
    sensor = None
    if "SENSOR" in draft.flags:
        sensor = Sensor(0.0 if draft.denyTime is None else draft.denyTime[0])
    files = (draft.banner, draft.bannerSuccess, draft.bannerFail)
    banner, success, fail = (None if each is None else each.value for each in files)
    plain = Access(
        times=draft.times or (),
        wrap=wrapName(draft, name, server),
        sensor=sensor,
        identified="IDONLY" in draft.flags,
        banner=banner,
        bannerSuccess=success,
        bannerFail=fail,
    )
    if draft.onlyFrom is None and draft.noAccess is None:
        return plain
    return withXinetdRules(plain, draft.onlyFrom, draft.noAccess)


def acceptsItself(draft: Draft, server: Server) -> bool:
    """
    Whether a program accepts its clients by itself, so that nobody can judge them.
    """
    return draft.socketType == "stream" and bool(draft.wait) and isinstance(server, Program)


def wrapName(draft: Draft, name: Token, server: Server) -> str | None:
    """
    The name by which hosts_access(5) is asked about a service, or C{None} where it is
    not: with C{NOLIBWRAP}, for RPC over tcp as with xinetd, and where a program accepts
    its clients by itself.
    """
    if "NOLIBWRAP" in draft.flags or ("RPC" in draft.type and draft.socketType == "stream"):
        return None
    if draft.libwrap is not None:
        return draft.libwrap
    if acceptsItself(draft, server):
        return None
    if isInternal(draft) or not isinstance(server, Program):
        return name.text
    path = server.argv[0] if "NAMEINARGS" in draft.flags else server.path
    return os.path.basename(path).decode("utf-8", "surrogateescape")


def box(draft: Draft, runsAs: Identity) -> Box:
    """
    What a program is kept in.  Without C{groups = yes} it is in no group but its own,
    which asks for nothing where its user is in no other.
    """
    alone = not draft.groups and not runsAs.keep and bool(set(runsAs.groups) - {runsAs.gid})
    bounds = []
    for field, which in _RESOURCES:
        number = getattr(draft, field)
        if number is not None:
            bound = resource.RLIM_INFINITY if number == math.inf else int(number)
            bounds.append((which, bound, bound))
    return Box(
        umask=0o022 if draft.umask is None else draft.umask,
        groups=() if alone else None,
        limits=tuple(bounds),
        nice=draft.nice,
        passed=None if draft.passed is None else frozenset(draft.passed),
        environment=draft.environment or (),
    )


def socketOptions(draft: Draft) -> SocketOptions:
    """
    What is asked of the service's sockets.
    """
    stream = draft.socketType == "stream"
    return SocketOptions(
        noDelay=stream and "NODELAY" in draft.flags,
        keepAlive=stream and "KEEPALIVE" in draft.flags,
    )
