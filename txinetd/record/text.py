# -*- test-case-name: tests.test_record_text -*-
"""
Records as one line each, of C{key=value} fields or as a JSON object.

The keys and their order are stable, and what does not apply is left out.
Whatever comes from the network cannot end a line or a field, nor turn about how a
terminal shows it: both forms are printable ASCII.
"""

from __future__ import annotations

import json
from typing import Any

from txinetd.record.event import ConnectionRecord
from txinetd.record.refusals import MoreRefused

__all__ = ["formatJson", "formatJsonMore", "formatMore", "formatRecord", "safe"]

#: Characters that may stand in a record's value as they are: everything
#: printable in ASCII but the blank, the double quote and the backslash.
_PLAIN = frozenset(chr(code) for code in range(0x21, 0x7F)) - {'"', "\\"}


def safe(text: str) -> str:
    """
    Make text that may come from the network fit for one field of one line.

    @param text: anything.
    @return: the text itself where it is harmless, else in double quotes with
        every other character as a backslash escape.
    """
    if text and _PLAIN.issuperset(text):
        return text
    escaped = "".join(
        character
        if character in _PLAIN or character == " "
        else character.encode("unicode_escape").decode("ascii")
        if character not in '"\\'
        else "\\" + character
        for character in text
    )
    return f'"{escaped}"'


def formatRecord(record: ConnectionRecord) -> str:
    """
    A record as C{key=value} fields.

    @param record: what happened.
    """
    parts = [
        f"service={safe(record.service)} protocol={record.protocol} peer={safe(record.peer)}"
        f" local={safe(record.local)} verdict={record.verdict}"
    ]
    if record.reason:
        parts.append(f"reason={safe(record.reason)}")
    if record.rule:
        parts.append(f"rule={safe(record.rule)}")
        if record.origin:
            parts.append(f"origin={safe(record.origin)}")
    if record.remoteUser:
        parts.append(f"remote={safe(record.remoteUser)}")
    if record.pid is not None:
        parts.append(f"pid={record.pid} user={safe(record.user)}")
        if record.uid is not None:
            parts.append(f"uid={record.uid}")
    if record.waited is not None:
        parts.append(f"waited={record.waited:.3f}")
    if record.verdict != "started":
        parts.append(f"duration={record.duration:.3f}")
    if record.status is not None:
        parts.append(f"exit={record.status}")
    if record.signal is not None:
        parts.append(f"signal={record.signal}")
    if record.userTime is not None and record.systemTime is not None:
        parts.append(
            f"cpu={record.userTime + record.systemTime:.3f}"
            f" utime={record.userTime:.3f} stime={record.systemTime:.3f}"
        )
    if record.maxRss is not None:
        parts.append(f"maxrss={record.maxRss}")
    if record.received is not None:
        parts.append(f"in={record.received}")
    if record.sent is not None:
        parts.append(f"out={record.sent}")
    parts.append(f"id={record.identifier}")
    return " ".join(parts)


def formatMore(more: MoreRefused) -> str:
    """
    Refusals that were only counted, as one line.

    @param more: how many, and of whom.
    """
    return (
        f"{more.count} more refused from {more.source} in {more.seconds:.0f} s:"
        f" service={safe(more.service)} rule={safe(more.rule)}"
    )


_encode = json.JSONEncoder(separators=(",", ":")).encode


def _whole(text: str) -> str:
    """
    Text that is valid Unicode: what was not valid UTF-8 to begin with as backslash
    escapes.
    """
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def formatJson(record: ConnectionRecord, when: float) -> str:
    """
    A record as a JSON object.

    @param record: what happened.
    @param when: the time of writing, in seconds since the epoch.
    """
    found: dict[str, Any] = {
        "time": round(when, 3),
        "service": _whole(record.service),
        "protocol": record.protocol,
        "peer": _whole(record.peer),
        "local": _whole(record.local),
        "verdict": record.verdict,
    }
    if record.reason:
        found["reason"] = _whole(record.reason)
    if record.rule:
        found["rule"] = _whole(record.rule)
        if record.origin:
            found["origin"] = _whole(record.origin)
    if record.remoteUser:
        found["remote"] = _whole(record.remoteUser)
    if record.pid is not None:
        found["pid"] = record.pid
        found["user"] = _whole(record.user)
        if record.uid is not None:
            found["uid"] = record.uid
    if record.waited is not None:
        found["waited"] = round(record.waited, 6)
    if record.verdict != "started":
        found["duration"] = round(record.duration, 6)
    if record.status is not None:
        found["exit"] = record.status
    if record.signal is not None:
        found["signal"] = record.signal
    if record.userTime is not None and record.systemTime is not None:
        found["utime"] = round(record.userTime, 6)
        found["stime"] = round(record.systemTime, 6)
    if record.maxRss is not None:
        found["maxrss"] = record.maxRss
    if record.received is not None:
        found["in"] = record.received
    if record.sent is not None:
        found["out"] = record.sent
    found["id"] = record.identifier
    return _encode(found)


def formatJsonMore(more: MoreRefused, when: float) -> str:
    """
    Refusals that were only counted, as a JSON object.

    @param more: how many, and of whom.
    @param when: the time of writing, in seconds since the epoch.
    """
    return _encode(
        {
            "time": round(when, 3),
            "service": _whole(more.service),
            "verdict": "refused",
            "rule": _whole(more.rule),
            "source": more.source,
            "count": more.count,
            "seconds": round(more.seconds, 3),
        }
    )
