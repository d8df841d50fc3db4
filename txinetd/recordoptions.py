# -*- test-case-name: tests.test_recordoptions -*-
"""
The options of the command line that are about records and numbers.
"""

from __future__ import annotations

import ipaddress
import os

from txinetd.errors import UsageProblem
from txinetd.recording import (
    FACILITIES,
    PRIORITIES,
    Destination,
    LogFileDestination,
    RecordFormat,
    Recording,
    SyslogDestination,
    TwistedLog,
)

__all__ = ["metricsAddress", "recordingFor"]


def recordingFor(format_: str, to: str) -> Recording:
    """
    What C{--record-format} and C{--record-to} come to.

    @param format_: a L{RecordFormat}'s word.
    @param to: C{log}, C{syslog[:FACILITY[.PRIORITY]]}, or a file; one of that name
        is written C{./log}.
    @raise UsageProblem: if there is no such thing.
    """
    try:
        form = RecordFormat(format_)
    except ValueError:
        raise UsageProblem(f"--record-format {format_}: expected text, json or xinetd") from None
    return Recording(form, _destination(to))


def _destination(to: str) -> Destination:
    """
    Where C{--record-to} points.
    """
    if to == "log":
        return TwistedLog()
    word, separator, rest = to.partition(":")
    if word == "syslog" and "/" not in to:
        facility, dot, priority = rest.partition(".")
        if not separator:
            facility = "daemon"
        if not dot:
            priority = "info"
        if facility not in FACILITIES:
            raise UsageProblem(
                f"--record-to {to}: {facility!r} is no facility; expected one of "
                + ", ".join(FACILITIES)
            )
        if priority not in PRIORITIES:
            raise UsageProblem(
                f"--record-to {to}: {priority!r} is no priority; expected one of "
                + ", ".join(PRIORITIES)
            )
        return SyslogDestination(facility, priority)
    if not to:
        raise UsageProblem("--record-to: expected log, FILE or syslog[:FACILITY[.PRIORITY]]")
    # twistd changes the directory when it daemonises.
    return LogFileDestination(os.path.abspath(to))


def metricsAddress(text: str) -> tuple[str, int]:
    """
    The address that C{--metrics} names.

    @param text: C{192.0.2.1:9100} or C{[::1]:9100}.
    @return: the numeric address and the port.
    @raise UsageProblem: if it is none, or there is nothing to serve them with.
    """
    host, _, number = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    try:
        address = ipaddress.ip_address(host[1:-1] if bracketed else host)
        port = int(number) if number.isascii() and number.isdigit() else 0
    except ValueError:
        port = 0
    if not 0 < port < 65536 or bracketed != (address.version == 6):
        raise UsageProblem(f"--metrics {text}: expected ADDRESS:PORT or [ADDRESS]:PORT, in numbers")
    # Not before there is somebody who wants them: it brings a web server along.
    from txinetd.metrics import haveClient

    if not haveClient():
        raise UsageProblem("--metrics needs prometheus_client: pip install 'txinetd[metrics]'")
    return str(address), port
