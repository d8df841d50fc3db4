# -*- test-case-name: tests.test_config_systems -*-
"""
OpenBSD's inetd.conf(5), and Debian's openbsd-inetd's::

    [host[,host]:]service  stream|dgram  protocol  wait|nowait[.max]
    user[(.|:)group]  program  [arguments]

    service  = name | port | (name | number)/low[-high] (RPC) | path (unix)
    protocol = ("tcp" | "udp")["4" | "6"] | "rpc/" ... | "unix"
             | ("tcp" | "udp")"46"                          (Debian)

C{tcp} is IPv4 for OpenBSD; for Debian it is IPv4 and IPv6, a socket for each, and C{tcp46}
one socket for both.  A host stands for all of its addresses; C{hosts:} alone on a line holds
for those after it; C{:service} is every address.  C{max} is how many starts a minute (256
where nothing is said; octal and hexadecimal are understood); more of them close the service
for ten minutes, but one on a port from 1024 on only turns them away.  There are no quotes.  A
program without arguments has its base name as argv[0].  A unix socket is the daemon's with
mode 0666.

Where this departs from the originals:

 - a word in the wait field that is neither C{wait} nor C{nowait} is C{nowait}, as there,
   with a warning (C{wait/3}, C{wait:100});
 - a limit that is no number, or 0, is 256, as there, with a warning;
 - RPC program numbers may be larger than 65535;
 - for high ports IPv6 is as IPv4: the originals close that socket;
 - all arguments are passed on; the originals cut them after 20;
 - Debian's C{,sndbuf=N} and C{,rcvbuf=N} count; there they are parsed and forgotten;
 - arguments on continuation lines are those of both families; Debian's loses the second's.
"""

from __future__ import annotations

import attrs

from txinetd.config.rules import (
    Arguments,
    Families,
    Lexing,
    Misspelt,
    Rules,
    UnixForm,
    UserForm,
    WaitForm,
    Zero,
    protocolTable,
)
from txinetd.policy import Limits

__all__ = ["DEBIAN", "OPENBSD"]

OPENBSD = Rules(
    name="openbsd",
    title="OpenBSD's inetd",
    lexing=Lexing(longest=1023),
    types=frozenset({"stream", "dgram"}),
    protocols=protocolTable(("", Families.IPV4), ("4", Families.IPV4), ("6", Families.IPV6)),
    rpc=True,
    waiting=WaitForm(anyBase=True, zero=Zero.DEFAULT, misspelt=Misspelt.NOWAIT),
    user=UserForm.DOT,
    unix=UnixForm(permissions=0o666),
    arguments=Arguments(most=20),
    limits=Limits(256, closedFor=600.0),
    keepsHighPorts=True,
)

DEBIAN = attrs.evolve(
    OPENBSD,
    name="debian",
    title="Debian's openbsd-inetd",
    protocols=protocolTable(
        ("", Families.BOTH), ("4", Families.IPV4), ("6", Families.IPV6), ("46", Families.DUAL)
    ),
    buffers=True,
)
