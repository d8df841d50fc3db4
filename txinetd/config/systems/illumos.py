# -*- test-case-name: tests.test_config_systems -*-
"""
The inetd.conf(5) of illumos and Solaris, from which inetconv(8) makes services::

    service  type  protocol  wait|nowait  user  program  [arguments]

    service  = name | port | (name | number)/versions (RPC)
    versions = version | version-version { "," ... }
    type     = "stream" | "dgram" | "seqpacket" | "raw" | "tli"
    protocol = ("tcp" | "udp")["6" | "6only"] | "rpc/" transports
    transports = "*" | transport { "," transport }

C{tcp} is IPv4, C{tcp6} IPv6 and IPv4 on one socket, C{tcp6only} IPv6 alone.  The transports of
RPC are C{tcp}, C{tcp6}, C{udp}, C{udp6}, C{circuit_v} (connections), C{datagram_v} (datagrams)
and C{*} (both); with type C{tli} they decide by themselves.  There are no addresses in lines
and no limits: a C{wait} service may be started 40 times a minute.

Where this departs from the original:

 - the file is used as it is; there inetconv turns it into manifests, and the properties of a
   service (C{max_copies}, C{max_con_rate}, C{bind_addr}, ...) are none of this file;
 - a C{wait} service that is started too often is back after ten minutes; there it is in
   maintenance until somebody clears it;
 - where C{tcp} and C{tcp6} want the same port both work, each for its family;
 - C{ticlts}, C{ticots} and C{ticotsord}, the transports within the machine, do not exist: a
   line that names only those is an error, one that names others too is served on those;
 - C{tli} for anything but RPC, and C{raw}, are refused.
"""

from __future__ import annotations

from txinetd.config.rules import (
    Continuation,
    Families,
    HostForm,
    Lexing,
    Rules,
    UserForm,
    WaitForm,
    protocolTable,
)
from txinetd.policy import Limits

__all__ = ["ILLUMOS"]

ILLUMOS = Rules(
    name="illumos",
    title="illumos's inetd",
    lexing=Lexing(continuation=Continuation.NONE),
    hosts=HostForm.NONE,
    defaultHosts=False,
    types=frozenset({"stream", "dgram", "seqpacket", "raw", "tli"}),
    protocols=protocolTable(
        ("", Families.IPV4), ("6", Families.DUAL), ("6only", Families.IPV6), unix=False
    ),
    rpc=True,
    transports={
        "tcp": ("tcp",),
        "tcp6": ("tcp6only",),
        "udp": ("udp",),
        "udp6": ("udp6only",),
        "circuit_v": ("tcp", "tcp6only"),
        "datagram_v": ("udp", "udp6only"),
        "netpath": ("tcp", "tcp6only", "udp", "udp6only"),
        "visible": ("tcp", "tcp6only", "udp", "udp6only"),
        "*": ("tcp", "tcp6only", "udp", "udp6only"),
        "ticlts": (),
        "ticots": (),
        "ticotsord": (),
    },
    waiting=WaitForm(separators=""),
    user=UserForm.PLAIN,
    limits=Limits(None),
    waitLimits=Limits(40, closedFor=600.0),
)
