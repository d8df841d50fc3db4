# -*- test-case-name: tests.test_record_xinetd -*-
"""
Records as the lines of xinetd.log(5), byte for byte, so that filters and analysers
made for that work.

What stands before them (a time in a file, an ident for the system's logger) is the
destination's.  An IPv4 client of a socket for both families is written by its IPv4
address, where xinetd has C{::ffff:}.
"""

from __future__ import annotations

import re

from txinetd.record.event import ConnectionRecord, hostOf
from txinetd.record.refusals import MoreRefused

__all__ = ["formatXinetd", "formatXinetdMore", "reasonOf"]

#: What xinetd calls it, by the name of our rule or of the step that failed.
_REASONS = {
    "address": "address",
    "access": "address",
    "only-from": "address",
    "no-access": "address",
    "sensor": "address",
    "barred": "address",
    "penalty": "address",
    "wrap": "libwrap",
    "tcp-wrappers": "libwrap",
    "times": "time",
    "access-times": "time",
    "instances": "service_limit",
    "instances-per-source": "per_source_limit",
    "server-instances": "process_limit",
    "all-instances": "process_limit",
    "load": "load",
    "pressure": "load",
    "starts-per-minute": "connections per second",
    "starts-per-source": "per_source_limit",
    "connections-per-second": "connections per second",
    "per-second": "connections per second",
    "cps": "connections per second",
    "bucket": "connections per second",
    "source-bucket": "per_source_limit",
}

_UNPRINTABLE = re.compile(r"[^\x21-\x5b\x5d-\x7e]")


def _word(text: str) -> str:
    """
    One word that nothing from the network can end: blanks, backslashes and whatever
    is not printable ASCII as backslash escapes.
    """
    return _UNPRINTABLE.sub(_escape, text) if _UNPRINTABLE.search(text) else text


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


def reasonOf(record: ConnectionRecord) -> str:
    """
    Why somebody was not served, in xinetd's words; where it has none, in ours.

    @param record: a record that was refused or failed.
    """
    if record.verdict == "failed":
        return "fork"
    rule = record.rule or record.reason
    return _REASONS.get(rule) or _word(rule)


def _address(record: ConnectionRecord) -> str:
    """
    Where somebody came from, as xinetd writes it.
    """
    return _word(hostOf(record.peer)) or "<no address>"


def _remoteUser(record: ConnectionRecord) -> list[str]:
    """
    The line of who the client is, if anybody has said so: what the identd has answered
    but for the ports.
    """
    if not record.remoteUser:
        return []
    system = f"{_word(record.remoteSystem)} : " if record.remoteSystem else ""
    return [f"USERID: {_word(record.service)} {system}{_word(record.remoteUser)}"]


def formatXinetd(record: ConnectionRecord) -> list[str]:
    """
    A record as the lines that C{log_on_success} and C{log_on_failure} ask for.

    @param record: what happened.
    """
    if record.verdict in ("refused", "failed"):
        return _failure(record)
    return _start(record) if record.verdict == "started" else _end(record)


def _failure(record: ConnectionRecord) -> list[str]:
    """
    The lines of who was not served.
    """
    words = record.recording.onFailure
    if record.rule == "identified":
        return [f"NOID: {_word(record.service)} {_address(record)} not identified"]
    line = f"FAIL: {_word(record.service)} {reasonOf(record)}"
    if "HOST" in words:
        line += f" from={_address(record)}"
    return [line, *_remoteUser(record)] if "USERID" in words else [line]


def _start(record: ConnectionRecord) -> list[str]:
    """
    The lines of who is going to be served.
    """
    words = record.recording.onSuccess
    line = f"START: {_word(record.service)}"
    if "PID" in words and record.pid is not None:
        line += f" pid={record.pid}"
    if "HOST" in words:
        line += f" from={_address(record)}"
    return [line, *_remoteUser(record)] if "USERID" in words else [line]


def _end(record: ConnectionRecord) -> list[str]:
    """
    The lines of who was.
    """
    words = record.recording.onSuccess
    service = _word(record.service)
    lines = []
    if "TRAFFIC" in words and record.received is not None and record.sent is not None:
        lines.append(f"TRAFFIC: {service} in={record.received}(bytes) out={record.sent}(bytes)")
    # Its manual says PID, too, but does not do so.
    if not words.isdisjoint(("EXIT", "DURATION")):
        line = f"EXIT: {service}"
        if "EXIT" in words:
            if record.signal is not None:
                line += f" signal={record.signal}"
            else:
                # What is answered in this process has no other end.
                line += f" status={record.status or 0}"
        if "PID" in words and record.pid is not None:
            line += f" pid={record.pid}"
        if "DURATION" in words:
            line += f" duration={record.duration:.0f}(sec)"
        lines.append(line)
    return lines


def formatXinetdMore(more: MoreRefused) -> str:
    """
    Refusals that were only counted; xinetd has no such line, so it is one of those in
    which it speaks of other things.

    @param more: how many, and of whom.
    """
    return (
        f"NOTICE: {more.count} more refused from {more.source} in {more.seconds:.0f} s:"
        f" {_word(more.service)} {_REASONS.get(more.rule) or _word(more.rule)}"
    )
