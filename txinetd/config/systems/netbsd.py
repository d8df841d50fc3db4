# -*- test-case-name: tests.test_config_systems -*-
"""
NetBSD's inetd.conf(5), its positional lines::

    [host:]service  type[,accept-max][:accept-filter[,argument]]
    protocol[,sndbuf=N[k|m]][,rcvbuf=N[k|m]]  wait|nowait[(:|.)max]
    user[(:|.)group]  program  arguments

    service  = name | port | (name | number)/low[-high] (RPC) | tcpmux/[+]name | path (unix)
    protocol = ("tcp" | "udp")["4" | "6"] | "rpc/" ... | "unix"

C{tcp} is IPv4.  C{host:} alone on a line holds for those after it.  C{max} is how many
starts a minute, 40 where nothing is said; more of them close the service for ten minutes.
C{accept-max} is how many at a time; who is one too many waits in the kernel's queue.
Quotes keep blanks together anywhere in a word.  C{.include PATTERN} reads files, relative
to the one it stands in; a C{host:} line in one holds to its end.  An entry whose second
word is C{on} or C{off} is of the key=value form.  The clients of C{nowait} programs are
checked by hosts_access(5), by the name in argv[0].

Where this departs from the original:

 - sizes may stand in any order, with or without C{k} and C{m}: the original stumbles over
   one without, followed by another;
 - an accept filter's argument is no part of its name;
 - a word in the wait field that is neither C{wait} nor C{nowait} is C{nowait}, as there,
   with a warning (C{wait/3}, too);
 - a limit of 0, which there is for ever exceeded, or one that is no number, is an error;
 - a wrong line takes its continuation lines with it;
 - included files are read in the order of their names;
 - all arguments are passed on; the original cuts them after 64;
 - the services after C{#@ POLICY} are left out, up to the line C{#@};
 - C{rdm} and C{raw} sockets, and C{faith}, are refused;
 - a unix socket is the daemon's with mode 0600: what C{umask} leaves of it there.
"""

from __future__ import annotations

from txinetd.config.rules import (
    Arguments,
    Families,
    HostForm,
    Lexing,
    Misspelt,
    Quotes,
    Rules,
    WaitForm,
    Zero,
    protocolTable,
)
from txinetd.policy import Limits

__all__ = ["NETBSD"]

NETBSD = Rules(
    name="netbsd",
    title="NetBSD's inetd",
    lexing=Lexing(quotes=Quotes.ANYWHERE),
    hosts=HostForm.ONE,
    types=frozenset({"stream", "dgram", "seqpacket", "rdm", "raw"}),
    protocols=protocolTable(("", Families.IPV4), ("4", Families.IPV4), ("6", Families.IPV6)),
    rpc=True,
    tcpmux=True,
    buffers=True,
    accepts=True,
    waiting=WaitForm(separators=":.", zero=Zero.REFUSED, misspelt=Misspelt.NOWAIT),
    arguments=Arguments(most=64, zero="error"),
    limits=Limits(40, closedFor=600.0),
    policies=True,
    directives=True,
    wraps=True,
)
