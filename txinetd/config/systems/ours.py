# -*- test-case-name: tests.test_config_systems -*-
"""
The default dialect: what the others have in common, and what each adds where no two
of them disagree.  L{txinetd.config.inetd} has its grammar.
"""

from __future__ import annotations

from txinetd.config.rules import (
    Comments,
    Continuation,
    Families,
    Lexing,
    Quotes,
    Rules,
    UnixForm,
    UserForm,
    WaitForm,
    protocolTable,
)

__all__ = ["TXINETD"]

TXINETD = Rules(
    name="txinetd",
    title="txinetd",
    lexing=Lexing(Comments.WORD, Quotes.ESCAPED, Continuation.BOTH),
    protocols=protocolTable(
        ("", Families.BOTH),
        ("4", Families.IPV4),
        ("6", Families.IPV6),
        ("46", Families.DUAL),
        vsock=True,
    ),
    rpc=True,
    defaultVersion=True,
    tcpmux=True,
    waiting=WaitForm(separators=".:"),
    user=UserForm.KNOWN,
    unix=UnixForm(ownership=True, service=True, abstract=True),
    internalNames=True,
    policies=True,
    directives=True,
    notes=True,
)
