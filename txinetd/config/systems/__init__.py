# -*- test-case-name: tests.test_config_systems -*-
"""
The positional dialects of inetd.conf(5), a module for each system.  Each docstring
says what that system's files mean here and where this departs from its daemon.

What holds for all of them: lines end with LF or CR LF; a line costs only itself,
never the daemon; ports as numbers, numeric ids and C{-} (whoever runs the daemon) are
understood even where the original does not; internal services take their sockets as
they must; an entry may be 65,536 characters long.
"""

from __future__ import annotations

from txinetd.config.rules import Rules
from txinetd.config.systems.busybox import BUSYBOX
from txinetd.config.systems.freebsd import FREEBSD
from txinetd.config.systems.gnu import GNU
from txinetd.config.systems.illumos import ILLUMOS
from txinetd.config.systems.netbsd import NETBSD
from txinetd.config.systems.openbsd import DEBIAN, OPENBSD
from txinetd.config.systems.ours import TXINETD

__all__ = ["SYSTEMS"]

#: Ours first.
SYSTEMS: tuple[Rules, ...] = (
    TXINETD,
    BUSYBOX,
    DEBIAN,
    FREEBSD,
    GNU,
    ILLUMOS,
    NETBSD,
    OPENBSD,
)
