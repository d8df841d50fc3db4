# -*- test-case-name: tests.test_internal_table -*-
"""
The services that txinetd answers itself, in one table.
"""

from txinetd.internal.accounting import NoProtocolError, accounted
from txinetd.internal.broadcasts import interfaceBroadcasts
from txinetd.internal.guard import LoopGuard, refusal
from txinetd.internal.table import ALIASES, BUILTINS, BuiltinService

__all__ = [
    "ALIASES",
    "BUILTINS",
    "BuiltinService",
    "LoopGuard",
    "NoProtocolError",
    "accounted",
    "interfaceBroadcasts",
    "refusal",
]
