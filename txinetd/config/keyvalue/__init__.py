# -*- test-case-name: tests.test_config_keyvalue_entry -*-
"""
NetBSD's key=value form of inetd.conf(5) entries, with the keys that are ours.
"""

from __future__ import annotations

from txinetd.config.keyvalue.definition import Definition
from txinetd.config.keyvalue.entry import definedServices
from txinetd.config.keyvalue.keys import KEYS
from txinetd.config.keyvalue.mixed import merged, parted

__all__ = ["KEYS", "Definition", "definedServices", "merged", "parted"]
