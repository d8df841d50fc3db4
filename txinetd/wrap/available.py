# -*- test-case-name: tests.test_wrap_available -*-
"""
Whether libwrap is installed, and what to do where it is not.
"""

from __future__ import annotations

import subprocess
import sys

__all__ = ["LIBRARY", "advice", "unavailable"]

#: The shared object, as every system has it that has one.
LIBRARY = "libwrap.so.0"

_TRY = """
import ctypes, sys
try:
    library = ctypes.CDLL(sys.argv[1])
    for name in ("request_init", "hosts_access", "sock_hostname", "tcpd_context"):
        getattr(library, name)
except (OSError, AttributeError) as error:
    print(error)
"""

#: Seconds that loading it may take.
_PATIENCE = 30


def advice(library: str, reason: str) -> str:
    """
    What is wrong, what follows from it and what to do.

    @param reason: what the loader says.
    """
    return (
        f"{library} cannot be loaded ({reason}); install libwrap0 (tcp_wrappers-libs on "
        "some systems); until then connections to services that use tcp wrappers are refused"
    )


def unavailable(library: str = LIBRARY) -> str | None:
    """
    See whether the library can be loaded, in a process of its own.  Blocks for as
    long as it takes to start an interpreter: for reading a configuration, not for the
    reactor.

    @return: L{advice}, or C{None} where all is well.
    """
    command = [sys.executable, "-I", "-S", "-c", _TRY, library]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError) as error:
        return advice(library, str(error))
    reason = done.stdout.strip()
    if done.returncode != 0 and not reason:
        reason = f"status {done.returncode}"
    return advice(library, reason) if reason else None
