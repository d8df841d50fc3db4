# -*- test-case-name: tests.test_config_loader -*-
"""
Configuration: from text to L{txinetd.spec.ServiceSpec}s.

L{load} reads files; everything here is pure but for reading them and looking
names up: no sockets, no processes, no reactor.
"""

from __future__ import annotations

from txinetd.config.dialects import DEFAULT_DIALECT, DIALECTS, Source, source
from txinetd.config.dump import dump
from txinetd.config.interfaces import IDialect, ParsedFile
from txinetd.config.loader import load, parseDefaultAddresses
from txinetd.config.report import exitCode, report
from txinetd.config.values import BUILTINS, Configuration, LoadOptions, ownIdentity

__all__ = [
    "BUILTINS",
    "DEFAULT_DIALECT",
    "DIALECTS",
    "Configuration",
    "IDialect",
    "LoadOptions",
    "ParsedFile",
    "Source",
    "dump",
    "exitCode",
    "load",
    "ownIdentity",
    "parseDefaultAddresses",
    "report",
    "source",
]
