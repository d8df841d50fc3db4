# -*- test-case-name: tests.test_record_text -*-
"""
Records as one line each, of C{key=value} fields or as a JSON object.

The keys and their order are stable, and what does not apply is left out.
Whatever comes from the network cannot end a line or a field, nor turn about how a
terminal shows it: both forms are printable ASCII.
"""

from __future__ import annotations

import functools
import re
from json.encoder import encode_basestring_ascii

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


#: The same for what is in one record after the other: names of services and of users,
#: and addresses of this machine.
_safeAgain = functools.lru_cache(maxsize=1024)(safe)


def formatRecord(record: ConnectionRecord, when: float = 0.0) -> str:
    """
    A record as C{key=value} fields.

    @param record: what happened.
    @param when: not shown, as the log that this goes to shows it.
    """
    text = (
        f"service={_safeAgain(record.service)} protocol={record.protocol}"
        f" peer={safe(record.peer)} local={_safeAgain(record.local)} verdict={record.verdict}"
    )
    if record.reason:
        text += f" reason={safe(record.reason)}"
    if record.rule:
        text += f" rule={safe(record.rule)}"
        if record.origin:
            text += f" origin={safe(record.origin)}"
    if record.remoteUser:
        text += f" remote={safe(record.remoteUser)}"
    if record.pid is not None:
        text += f" pid={record.pid} user={_safeAgain(record.user)}"
        if record.uid is not None:
            text += f" uid={record.uid}"
    if record.waited is not None:
        text += f" waited={record.waited:.3f}"
    if record.verdict != "started":
        text += f" duration={record.duration:.3f}"
    if record.status is not None:
        text += f" exit={record.status}"
    if record.signal is not None:
        text += f" signal={record.signal}"
    if record.userTime is not None and record.systemTime is not None:
        text += (
            f" cpu={record.userTime + record.systemTime:.3f}"
            f" utime={record.userTime:.3f} stime={record.systemTime:.3f}"
        )
    if record.maxRss is not None:
        text += f" maxrss={record.maxRss}"
    if record.received is not None:
        text += f" in={record.received}"
    if record.sent is not None:
        text += f" out={record.sent}"
    return f"{text} id={record.identifier}"


def formatMore(more: MoreRefused) -> str:
    """
    Refusals that were only counted, as one line.

    @param more: how many, and of whom.
    """
    return (
        f"{more.count} more refused from {more.source} in {more.seconds:.0f} s:"
        f" service={safe(more.service)} rule={safe(more.rule)}"
    )


_HALVES = re.compile("[\ud800-\udfff]")


def _half(match: re.Match[str]) -> str:
    """
    A lone surrogate in plain characters.
    """
    code = ord(match.group())
    return f"\\x{code & 0xFF:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def _quoted(text: str) -> str:
    """
    Text as a JSON string in ASCII; what was not valid UTF-8 to begin with as backslash
    escapes.
    """
    if not text.isascii():
        # What stood for bytes that are no text is shown as these; whatever else is half
        # of a character, as that.
        text = _HALVES.sub(_half, text)
    return encode_basestring_ascii(text)


def formatJson(record: ConnectionRecord, when: float) -> str:
    """
    A record as a JSON object.

    @param record: what happened.
    @param when: the time of writing, in seconds since the epoch.
    """
    # Put together here: the encoder of the standard library takes twice as long.
    parts = [
        f'{{"time":{when:.3f},"service":{_quoted(record.service)}'
        f',"protocol":"{record.protocol}","peer":{_quoted(record.peer)}'
        f',"local":{_quoted(record.local)},"verdict":"{record.verdict}"'
    ]
    if record.reason:
        parts.append(f'"reason":{_quoted(record.reason)}')
    if record.rule:
        parts.append(f'"rule":{_quoted(record.rule)}')
        if record.origin:
            parts.append(f'"origin":{_quoted(record.origin)}')
    if record.remoteUser:
        parts.append(f'"remote":{_quoted(record.remoteUser)}')
    if record.pid is not None:
        parts.append(f'"pid":{record.pid},"user":{_quoted(record.user)}')
        if record.uid is not None:
            parts.append(f'"uid":{record.uid}')
    if record.waited is not None:
        parts.append(f'"waited":{record.waited:.6f}')
    if record.verdict != "started":
        parts.append(f'"duration":{record.duration:.6f}')
    if record.status is not None:
        parts.append(f'"exit":{record.status}')
    if record.signal is not None:
        parts.append(f'"signal":{record.signal}')
    if record.userTime is not None and record.systemTime is not None:
        parts.append(f'"utime":{record.userTime:.6f},"stime":{record.systemTime:.6f}')
    if record.maxRss is not None:
        parts.append(f'"maxrss":{record.maxRss}')
    if record.received is not None:
        parts.append(f'"in":{record.received}')
    if record.sent is not None:
        parts.append(f'"out":{record.sent}')
    parts.append(f'"id":{record.identifier}}}')
    return ",".join(parts)


def formatJsonMore(more: MoreRefused, when: float) -> str:
    """
    Refusals that were only counted, as a JSON object.

    @param more: how many, and of whom.
    @param when: the time of writing, in seconds since the epoch.
    """
    return (
        f'{{"time":{when:.3f},"service":{_quoted(more.service)},"verdict":"refused"'
        f',"rule":{_quoted(more.rule)},"source":{_quoted(more.source)}'
        f',"count":{more.count},"seconds":{more.seconds:.3f}}}'
    )
