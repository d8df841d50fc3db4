# -*- test-case-name: tests.test_convert_command -*-
"""
From services to the files of others: L{txinetd.config}'s own canonical text, and units
of systemd.
"""

from __future__ import annotations

from txinetd.convert.canonical import canonical
from txinetd.convert.command import SYSTEMD, TARGETS, Conversion, convert, writeUnits
from txinetd.convert.units import Units, unitsOf

__all__ = [
    "SYSTEMD",
    "TARGETS",
    "Conversion",
    "Units",
    "canonical",
    "convert",
    "unitsOf",
    "writeUnits",
]
