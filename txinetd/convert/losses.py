# -*- test-case-name: tests.test_convert_units -*-
"""
The settings that systemd has nothing for, with what that means.  One that stands
neither here nor among those that are carried over is taken for a protection: nothing
is lost without a word.
"""

from __future__ import annotations

from txinetd.convert.draft import Grade

__all__ = ["BY_PART", "LOST", "UNKNOWN"]

#: By the key of L{txinetd.config.settings}.
LOST: dict[str, tuple[Grade, str]] = {
    "access_times": (Grade.PROTECTION, "systemd has no times of the day for a socket"),
    "libwrap": (Grade.PROTECTION, "systemd does not ask hosts_access(5)"),
    "identified": (Grade.PROTECTION, "systemd does not ask identd(8)"),
    "deny_time": (Grade.PROTECTION, "systemd has no traps"),
    "first_byte": (Grade.PROTECTION, "systemd starts a server before its client says anything"),
    "start_within": (Grade.PROTECTION, "systemd has no limit on the time until a start"),
    "penalties": (Grade.PROTECTION, "systemd has no penalties"),
    "penalty_exempt": (Grade.OTHERWISE, "systemd has no penalties"),
    "banner": (Grade.FUNCTION, "systemd sends nothing to clients"),
    "banner_success": (Grade.FUNCTION, "systemd sends nothing to clients"),
    "banner_fail": (Grade.FUNCTION, "systemd sends nothing to clients"),
    "shadow": (Grade.FUNCTION, "rules and limits are kept, whatever is in this list"),
    "closed_for": (Grade.FUNCTION, "systemd does not open a socket again that has failed"),
    "parallel": (Grade.FUNCTION, "with Accept=no there is one server at a time"),
    "queue_length": (Grade.OTHERWISE, "systemd has no queue of its own"),
    "queue_time": (Grade.OTHERWISE, "systemd has no queue of its own"),
}

#: By the attribute of a spec, for keys that are not listed.
BY_PART: dict[str, tuple[Grade, str]] = {
    "recording": (Grade.FUNCTION, "systemd writes its own records, to the journal"),
}

#: For all others.
UNKNOWN = (Grade.PROTECTION, "systemd has no counterpart")
