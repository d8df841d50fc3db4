# -*- test-case-name: tests.test_config_systems -*-
"""
FreeBSD's (and DragonFly's) inetd.conf(5)::

    service type protocol wait user program arguments

    service  = name | name[/low[-high]] (RPC) | tcpmux/[+]name
             | path | :user:group:mode:path (unix)
    protocol = ("tcp" | "udp") {"4" | "6"} | "rpc/" ... | "unix"
    wait     = ("wait" | "nowait") [ "/" max-child [ "/" max-connections-per-ip-per-minute
               [ "/" max-child-per-ip ]]]
    user     = user[:group][/login-class]

C{tcp} is IPv4, C{tcp6} IPv6 alone and C{tcp46} one socket for both; there are no
addresses in lines (C{-a} names one for all).  C{/max-child} is how many at a time (1 for
C{wait} where nothing is said, 0 for no limit); who is one too many waits in the kernel's
queue.  More than 256 starts a minute close the service for ten minutes.  A unix socket is
the daemon's with mode 0200.  C{#} is a comment in the first column only, a word that
begins with a quote ends at the next one, and a line that begins with a blank continues
the one before.

Where this departs from the original:

 - a syntax error costs its line; the original exits, even at a reload;
 - a number of the wait field that is none is an error for all three, not for the first
   alone: no limit is ever lost.  What follows a number is left out with a warning;
 - C{nowait.10} and C{waiting} are taken for C{nowait} and C{wait} as there, with a warning;
 - the services after C{#@ POLICY} are left out up to the line C{#@}, as the manual has it:
   the original applies the policy to one of them only;
 - login classes are left out with a warning, which says that what they would set is not
   set: this system has none;
 - what follows C{tcp/} is left out with a warning; C{faith} is an error;
 - C{rdm} and C{raw} sockets are refused;
 - of the servers of C{wait/3} another is started only when those that run have had a moment
   to take who is there;
 - hosts_access(5) is asked about clients of C{nowait} services alone (C{-w});
 - C{-a} with a name takes all of its addresses.
"""

from __future__ import annotations

import attrs

from txinetd.config.rules import (
    Arguments,
    Families,
    HostForm,
    Lexing,
    Misspelt,
    Quotes,
    Rules,
    UnixForm,
    UserForm,
    WaitForm,
    Zero,
    protocolTable,
)
from txinetd.policy import Limits, Reaction

__all__ = ["FREEBSD"]

#: C{tcp4}, C{tcp64}, ...: each digit adds a family.
_SUFFIXES = [
    ("".join(digits), families)
    for families, choices in (
        (Families.IPV4, ("", "4", "44")),
        (Families.IPV6, ("6", "66")),
        (Families.DUAL, ("46", "64")),
    )
    for digits in choices
]

_LIMITS = Limits(256, reaction=Reaction.PAUSE, closedFor=600.0)

FREEBSD = Rules(
    name="freebsd",
    title="FreeBSD's inetd",
    lexing=Lexing(quotes=Quotes.WORD, longest=2047),
    hosts=HostForm.NONE,
    defaultHosts=False,
    ports=False,
    types=frozenset({"stream", "dgram", "seqpacket", "rdm", "raw"}),
    protocols=protocolTable(*_SUFFIXES),
    rpc=True,
    defaultVersion=True,
    tcpmux=True,
    waiting=WaitForm(separators="", slash=True, zero=Zero.NO_LIMIT, misspelt=Misspelt.PREFIX),
    user=UserForm.CLASS,
    unix=UnixForm(ownership=True, permissions=0o200),
    arguments=Arguments(most=20, refused=True, zero="error"),
    limits=_LIMITS,
    waitLimits=attrs.evolve(_LIMITS, instances=1),
    policies=True,
    wrapsByArgument=False,
)
