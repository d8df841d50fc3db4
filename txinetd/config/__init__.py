# -*- test-case-name: tests.test_config_loader -*-
"""
Configuration: from text to L{txinetd.spec.ServiceSpec}s.

L{load} reads files; everything here is pure but for reading them and looking
names up: no sockets, no processes, no reactor.
"""

from __future__ import annotations

from txinetd.config.dialects import DEFAULT_DIALECT, DIALECTS, POSITIONAL, XINETD, Source, source
from txinetd.config.dump import dumpConfiguration
from txinetd.config.interfaces import IDialect, ParsedFile
from txinetd.config.letters import Settings, translate
from txinetd.config.loader import formatOf, load
from txinetd.config.proposal import proposals, reportProposals
from txinetd.config.report import exitStatus, reportConfiguration
from txinetd.config.values import BUILTINS, Configuration, LoadOptions, hostList, ownIdentity

__all__ = [
    "BUILTINS",
    "DEFAULT_DIALECT",
    "DIALECTS",
    "POSITIONAL",
    "XINETD",
    "Configuration",
    "IDialect",
    "LoadOptions",
    "ParsedFile",
    "Settings",
    "Source",
    "dumpConfiguration",
    "exitStatus",
    "formatOf",
    "hostList",
    "load",
    "ownIdentity",
    "proposals",
    "reportConfiguration",
    "reportProposals",
    "source",
    "translate",
]
