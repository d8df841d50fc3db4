# -*- test-case-name: tests.test_config_systems -*-
"""
GNU inetutils' inetd.conf(5)::

    [node[,node]:]service  type  protocol  wait|nowait[.max]
    user[(:|.)group]  program  [arguments]

    service  = name | port | tcpmux/[+]name
    protocol = ("tcp" | "udp")["4" | "6" | "6only"]

C{tcp} is IPv4, C{tcp6} IPv6 and IPv4 on one socket, C{tcp6only} IPv6 alone.  A node stands for
all of its addresses; C{nodes:} alone on a line holds for those after it.  C{max} is how many
starts a minute, besides the 1000 that any service may have (C{-R}); more of them close it.
A word that begins with a quote ends at the next one.  C{#} is a comment in the first column
only, and B{a line that begins with a blank is an entry of its own}.  A line with C{tcpmux/NAME}
makes the daemon listen for tcpmux, if no line does.  There are neither unix sockets nor RPC.

Where this departs from the original:

 - C{tcp6} means what the manual says and Debian's binary does; with the unpatched 2.4 it is
   C{tcp6only};
 - where C{tcp} and C{tcp6} want the same port both work, each for its family; there the
   second cannot be bound;
 - a service that was closed is back after ten minutes; there it never is;
 - a word in the wait field that is neither C{wait} nor C{nowait} is C{nowait}, as there, with
   a warning (C{wait/3}, too);
 - a quote within a word is a character; there it breaks the word;
 - an unknown socket type is an error, not a warning.
"""

from __future__ import annotations

from txinetd.config.rules import (
    Continuation,
    Families,
    Lexing,
    Misspelt,
    Quotes,
    Rules,
    WaitForm,
    protocolTable,
)
from txinetd.policy import Limits

__all__ = ["GNU"]

GNU = Rules(
    name="gnu",
    title="GNU's inetd",
    lexing=Lexing(quotes=Quotes.WORD, continuation=Continuation.NONE),
    types=frozenset({"stream", "dgram", "seqpacket", "rdm", "raw"}),
    protocols=protocolTable(
        ("", Families.IPV4),
        ("4", Families.IPV4),
        ("6", Families.DUAL),
        ("6only", Families.IPV6),
        unix=False,
    ),
    tcpmux=True,
    ownTcpmux=True,
    waiting=WaitForm(misspelt=Misspelt.NOWAIT, ceiling=True),
    limits=Limits(1000, closedFor=600.0),
)
