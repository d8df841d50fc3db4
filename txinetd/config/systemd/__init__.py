# -*- test-case-name: tests.test_config_systemd_dialect -*-
"""
The format of systemd.socket(5): a socket unit, and the service unit that it starts, as
a service.
"""

from __future__ import annotations

from txinetd.config.systemd.dialect import SystemdDialect

__all__ = ["SystemdDialect"]
