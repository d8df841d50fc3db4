# -*- test-case-name: tests.test_config_settings -*-
"""
What a service may do and what may be done to it, as keys and values: one table for
every format that has keys, and for what is written of a spec.
"""

from __future__ import annotations

from txinetd.config.settings.setting import Context, Owner, Setting, Words
from txinetd.config.settings.table import SETTINGS, applied, pairs, readSetting, similarKey

__all__ = [
    "SETTINGS",
    "Context",
    "Owner",
    "Setting",
    "Words",
    "applied",
    "pairs",
    "readSetting",
    "similarKey",
]
