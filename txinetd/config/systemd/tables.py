# -*- test-case-name: tests.test_config_systemd_values -*-
"""
Names that systemd.exec(5) has for what has other names, or numbers, here.  Reading
and writing use the same tables.
"""

from __future__ import annotations

import resource

__all__ = ["CLASSES", "EXTENSION", "FALSE", "LIMITS", "NAMED_NETWORKS", "TRUE", "UNLIMITED"]

#: The section in which L{txinetd.convert} keeps what systemd has no setting for.
#: systemd passes over every section that begins like this.
EXTENSION = "X-txinetd"

#: What is written, and read, for so many connections that nobody counts them.
UNLIMITED = 2**31 - 1

#: Words for yes and no (systemd.syntax(7)).
TRUE = frozenset({"1", "yes", "y", "true", "t", "on"})
FALSE = frozenset({"0", "no", "n", "false", "f", "off"})

#: By the setting's name: which limit, and what one of it is: a number of bytes
#: (C{bytes}), seconds or microseconds of time, or just a number.
LIMITS = {
    "LimitAS": (resource.RLIMIT_AS, "bytes"),
    "LimitCORE": (resource.RLIMIT_CORE, "bytes"),
    "LimitCPU": (resource.RLIMIT_CPU, "seconds"),
    "LimitDATA": (resource.RLIMIT_DATA, "bytes"),
    "LimitFSIZE": (resource.RLIMIT_FSIZE, "bytes"),
    "LimitMEMLOCK": (resource.RLIMIT_MEMLOCK, "bytes"),
    "LimitMSGQUEUE": (resource.RLIMIT_MSGQUEUE, "bytes"),
    "LimitNICE": (resource.RLIMIT_NICE, "nice"),
    "LimitNOFILE": (resource.RLIMIT_NOFILE, "number"),
    "LimitNPROC": (resource.RLIMIT_NPROC, "number"),
    "LimitRSS": (resource.RLIMIT_RSS, "bytes"),
    "LimitRTPRIO": (resource.RLIMIT_RTPRIO, "number"),
    "LimitRTTIME": (resource.RLIMIT_RTTIME, "microseconds"),
    "LimitSIGPENDING": (resource.RLIMIT_SIGPENDING, "number"),
    "LimitSTACK": (resource.RLIMIT_STACK, "bytes"),
}

#: The scheduling classes of ioprio_set(2), by number.
CLASSES = ("none", "realtime", "best-effort", "idle")

#: What C{IPAddressAllow} and C{IPAddressDeny} have names for
#: (systemd.resource-control(5)).
NAMED_NETWORKS = {
    "any": ("0.0.0.0/0", "::/0"),
    "localhost": ("127.0.0.0/8", "::1/128"),
    "link-local": ("169.254.0.0/16", "fe80::/64"),
    "multicast": ("224.0.0.0/4", "ff00::/8"),
}
