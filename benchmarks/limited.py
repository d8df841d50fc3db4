"""
This project with limits and rules: a C{.tac}, as what is measured is not to depend on how
limits are written in any configuration.
"""

from __future__ import annotations

from benchmarks.running import HOST, Service

__all__ = ["limited"]

#: A source may have 40 a second, and a whole network twice as many.
_SOURCE = """\
Limits(None, sourceBucket=Bucket(40, 40.0), prefixes=Prefixes(ipv4=((32, 1), (24, 2))))
"""

#: Every limit there is, none of which is ever reached.
_ALL = """\
Limits(
    10_000_000,
    startsPerSource=10_000_000,
    bucket=Bucket(1_000_000, 1e6),
    sourceBucket=Bucket(1_000_000, 1e6),
    perSecond=ConnectionsPerSecond(1_000_000, 1.0),
    instances=100_000,
    instancesPerSource=100_000,
    load=1e6,
    pressure=(Pressure("cpu", 1000.0), Pressure("io", 1000.0), Pressure("memory", 1000.0)),
)
"""

#: Ten rules that fit nobody here, and times that are always.
_RULES = """\
Access(
    rules=tuple(
        AddressRule(False, (Network(4, first << 16, (first << 16) + 0xffff),), "rule")
        for first in range(0x0a00, 0x0a14, 2)
    ),
    times=((0, 1440),),
)
"""

_TEXT = """\
import os
from twisted.application.service import Application
from twisted.internet import reactor
from txinetd.policy import *
from txinetd.server import InetdService
from txinetd.spec import Identity, InetAddress, Program, ServiceSpec, SocketType

identity = {identity}
limits = {limits}
access = {access}
specs = [
    ServiceSpec(
        f"s{{port}}", SocketType.STREAM, "tcp4", (InetAddress({host!r}, port),), False,
        Program(path, words), identity, limits, access, 1024,
    )
    for port, path, words in {entries!r}
]
application = Application("txinetd")
InetdService(reactor, specs).setServiceParent(application)
"""


def limited(service: Service) -> str:
    """
    The text of a C{.tac} that serves what is to be served, with its limits.
    """
    entries = [
        (entry.port, entry.program.encode(), tuple(word.encode() for word in entry.arguments))
        for entry in [service.measured, *service.besides()]
    ]
    identity = f"Identity({service.who!r}, {service.uid}, {service.uid}, ({service.uid},))"
    if service.user is None:
        identity = "Identity('-', os.getuid(), os.getgid(), tuple(os.getgroups()), keep=True)"
    everything = service.limited == "all"
    return _TEXT.format(
        identity=identity,
        limits=_ALL if everything else _SOURCE,
        access=_RULES if everything else "Access()",
        host=HOST,
        entries=entries,
    )
