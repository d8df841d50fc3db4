# -*- test-case-name: tests.test_recording -*-
"""
What is to be written about arrivals, in which form and where to: the values that
records are written by.
"""

from __future__ import annotations

import enum

import attrs

__all__ = [
    "DEFAULT_AGGREGATION",
    "DEFAULT_RECORDING",
    "FACILITIES",
    "FAILURE_WORDS",
    "PRIORITIES",
    "SUCCESS_WORDS",
    "Aggregation",
    "Destination",
    "LogFileDestination",
    "RecordFormat",
    "Recording",
    "SyslogDestination",
    "TwistedLog",
    "defaultHardLimit",
]

#: What C{log_on_success} and C{log_on_failure} of xinetd.conf(5) may say.
SUCCESS_WORDS = frozenset({"PID", "HOST", "USERID", "EXIT", "DURATION", "TRAFFIC"})
FAILURE_WORDS = frozenset({"HOST", "USERID", "ATTEMPT"})

#: The facilities of syslog(3), with their numbers (RFC 3164, 4.1.1).
FACILITIES = {
    "kern": 0,
    "user": 1,
    "mail": 2,
    "daemon": 3,
    "auth": 4,
    "syslog": 5,
    "lpr": 6,
    "news": 7,
    "uucp": 8,
    "cron": 9,
    "authpriv": 10,
    "ftp": 11,
    **{f"local{number}": 16 + number for number in range(8)},
}

#: Its priorities; C{err} and C{warning} have second names.
PRIORITIES = {
    "emerg": 0,
    "alert": 1,
    "crit": 2,
    "err": 3,
    "error": 3,
    "warning": 4,
    "warn": 4,
    "notice": 5,
    "info": 6,
    "debug": 7,
}


class RecordFormat(enum.Enum):
    """
    What a record looks like.
    """

    #: One line of C{key=value} fields.
    TEXT = "text"
    #: One line that is a JSON object.
    JSON = "json"
    #: The lines of xinetd.log(5).
    XINETD = "xinetd"


@attrs.frozen
class TwistedLog:
    """
    Records go to the log of the daemon.
    """


def defaultHardLimit(soft: int) -> int:
    """
    The hard limit of a log file for which only the soft one was given, as xinetd
    has it: a hundredth more, but at least 5 and at most 20 kilobytes.

    @param soft: bytes.
    """
    return soft + min(max(soft // 100, 5 * 1024), 20 * 1024)


@attrs.frozen
class LogFileDestination:
    """
    Records go to a file of their own: C{log_type = FILE} of xinetd.conf(5).

    @ivar path: the file; it is appended to, and made where it is not there.
    @ivar soft: the size in bytes above which a warning is logged, or C{None}.
    @ivar hard: the size that it never exceeds, or C{None}.
    """

    path: str
    soft: int | None = None
    hard: int | None = None


@attrs.frozen
class SyslogDestination:
    """
    Records go to syslog: C{log_type = SYSLOG} of xinetd.conf(5).

    @ivar facility: a key of L{FACILITIES}.
    @ivar priority: a key of L{PRIORITIES}.
    @ivar ident: the name that stands before each line; C{None} is C{xinetd} in that
        format and C{txinetd} in others.
    @ivar path: the socket of the system's logger.
    """

    facility: str = attrs.field(default="daemon", validator=attrs.validators.in_(FACILITIES))
    priority: str = attrs.field(default="info", validator=attrs.validators.in_(PRIORITIES))
    ident: str | None = None
    path: str = "/dev/log"


Destination = TwistedLog | LogFileDestination | SyslogDestination


@attrs.frozen
class Aggregation:
    """
    How many refusals are written each, before they are only counted.  What counts
    as alike is the service, the rule and the network of the source.

    @ivar first: of those that are alike, so many are written in each period.
    @ivar most: of one service and rule, from wherever, so many.
    @ivar seconds: the period; the number of the others is written at its end.
    @ivar ipv4: the length of the prefix that is one network.
    @ivar ipv6: the same for IPv6.
    @ivar groups: services and rules that are kept in mind.
    """

    first: int = 5
    most: int = 100
    seconds: float = 10.0
    ipv4: int = 24
    ipv6: int = 64
    groups: int = 256


#: What holds where nothing is said.
DEFAULT_AGGREGATION = Aggregation()


@attrs.frozen(cache_hash=True)
class Recording:
    """
    What is written about the arrivals at a service.

    @ivar format: what a record looks like.
    @ivar destination: where it goes.
    @ivar onSuccess: what C{log_on_success} asks for.  Empty, nothing is written about
        who was let in.  Which word shows what is xinetd's format only: the others
        show all there is.
    @ivar onFailure: what C{log_on_failure} asks for, likewise about who was not.
    @ivar starts: whether a record is written also when a server starts.  xinetd's
        format has that always.
    @ivar aggregation: how floods of refusals are kept short; C{None} writes each.
    @ivar wantsStarts: whether there is anything to write when a server starts.
    """

    format: RecordFormat = RecordFormat.TEXT
    destination: Destination = TwistedLog()
    onSuccess: frozenset[str] = attrs.field(
        default=SUCCESS_WORDS - {"USERID"},
        validator=attrs.validators.deep_iterable(attrs.validators.in_(SUCCESS_WORDS)),
    )
    onFailure: frozenset[str] = attrs.field(
        default=FAILURE_WORDS - {"USERID"},
        validator=attrs.validators.deep_iterable(attrs.validators.in_(FAILURE_WORDS)),
    )
    starts: bool = False
    aggregation: Aggregation | None = DEFAULT_AGGREGATION
    wantsStarts: bool = attrs.field(init=False, eq=False, repr=False)

    @wantsStarts.default
    def _wantsStarts(self) -> bool:
        """
        What follows from the others.
        """
        return bool(self.onSuccess) and (self.starts or self.format is RecordFormat.XINETD)


#: What holds where nothing is said.
DEFAULT_RECORDING = Recording()
