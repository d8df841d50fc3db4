# -*- test-case-name: tests.test_config_systems -*-
"""
busybox's inetd.conf::

    [host[,host]:]service  type  protocol  wait|nowait[.max]
    user[(.|:)group]  program  [arguments]

    service  = name | port | (name | number)/low[-high] (RPC) | path (unix)
    protocol = ("tcp" | "udp")["6"] | "rpc/" ... | "unix"

C{tcp} is IPv4; C{tcp6} is what Linux makes of it, IPv6 and IPv4 on one socket.  There is no
C{tcp4}.  C{hosts:} alone on a line holds for those after it; IPv6 addresses need no brackets.
C{max} is how many starts a minute; where nothing is said there is no limit; more of them
close the service for a minute.  B{C{#} is a comment wherever it stands}, a backslash at the
end of a line continues it, B{a line that begins with a blank is an entry of its own}, and
there are no quotes.  C{PATH} is searched for programs (here: when the file is read, in the
usual directories).  A program without arguments has its whole path as argv[0].

Where this departs from the original:

 - where C{tcp} and C{tcp6} want the same port both work, each for its family; there the
   second cannot be bound;
 - internal services are known by their whole names; there by seven characters, and longer
   names are taken for a program called C{internal};
 - a name stands for all of its addresses, not for the first;
 - all arguments are words of their own; there the twentieth is the rest of the line;
 - a unix socket is the daemon's with mode 0600: what C{umask} leaves of it there.
"""

from __future__ import annotations

from txinetd.config.rules import (
    Arguments,
    Comments,
    Continuation,
    Families,
    Lexing,
    Rules,
    UserForm,
    protocolTable,
)
from txinetd.policy import Limits

__all__ = ["BUSYBOX"]

BUSYBOX = Rules(
    name="busybox",
    title="busybox's inetd",
    lexing=Lexing(Comments.ANYWHERE, continuation=Continuation.BACKSLASH),
    bareHosts=True,
    types=frozenset({"stream", "dgram", "seqpacket", "rdm", "raw"}),
    protocols=protocolTable(("", Families.IPV4), ("6", Families.DUAL)),
    rpc=True,
    user=UserForm.DOT,
    arguments=Arguments(most=20, zero="path", searched=True),
    strictInternal=True,
    limits=Limits(None, closedFor=60.0),
)
