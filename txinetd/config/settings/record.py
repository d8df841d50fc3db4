# -*- test-case-name: tests.test_config_settings -*-
"""
The settings that L{txinetd.recording.Recording} is made of: what is written about
arrivals, and where to.

Those that a service does not have are as for the whole server.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from txinetd.config.settings.scalars import UNLIMITED, natural, real, secondsText, size
from txinetd.config.settings.setting import (
    At,
    BadValue,
    Context,
    Converter,
    Owner,
    Setting,
    Words,
)
from txinetd.config.settings.terms import Choice, Switch
from txinetd.config.text import shown
from txinetd.recording import (
    DEFAULT_AGGREGATION,
    DEFAULT_RECORDING,
    FACILITIES,
    FAILURE_WORDS,
    PRIORITIES,
    SUCCESS_WORDS,
    Aggregation,
    Destination,
    LogFileDestination,
    RecordFormat,
    SyslogDestination,
    TwistedLog,
    defaultHardLimit,
)
from txinetd.spec import ServiceSpec

__all__ = ["RECORD"]

_LARGEST = 2**63 - 1
_MOST = 2**31 - 1

#: The numbers of a limit on floods that are whole, and the highest of each.
_WHOLE = {"first": _MOST, "most": _MOST, "ipv4": 32, "ipv6": 128, "groups": 2**24}


class RecordPlace(At):
    """
    A part of what is recorded about a service of which anything of that kind is said.
    """

    def get(self, spec: ServiceSpec) -> Any:
        """
        The value, or C{None} where nothing is said.
        """
        return None if spec.recording is None else super().get(spec)

    def put(self, spec: ServiceSpec, value: Any) -> ServiceSpec:
        """
        Set it.
        """
        if spec.recording is None:
            spec = attrs.evolve(spec, recording=DEFAULT_RECORDING)
        return super().put(spec, value)


class FloodPlace(RecordPlace):
    """
    The same for floods: C{False} stands for writing each refusal.
    """

    def get(self, spec: ServiceSpec) -> Any:
        """
        See L{RecordPlace.get}.
        """
        if spec.recording is None:
            return None
        return spec.recording.aggregation or False

    def put(self, spec: ServiceSpec, value: Any) -> ServiceSpec:
        """
        See L{RecordPlace.put}.
        """
        return super().put(spec, value or None)


class LogType(Converter):
    """
    xinetd's C{log_type}, with the log of the daemon besides.
    """

    def read(self, words: Words, context: Context) -> Destination:
        """
        C{SYSLOG}, C{FILE} or C{LOG}, with what belongs to each.
        """
        expected = "SYSLOG FACILITY [PRIORITY], FILE PATH [SOFT [HARD]], or LOG"
        kind, *rest = words.some(expected)
        word = kind.text.upper()
        if word == "LOG" and not rest:
            return TwistedLog()
        if word == "SYSLOG" and rest:
            return _syslog(Words(kind, tuple(rest)))
        if word == "FILE" and 1 <= len(rest) <= 3:
            return _file(Words(kind, tuple(rest)))
        raise BadValue(kind, shown(" ".join(each.text for each in words.values)), expected)

    def write(self, value: Destination) -> Sequence[str]:
        """
        The same.
        """
        if isinstance(value, SyslogDestination):
            more = []
            if value.ident is not None:
                more.append(f"ident={value.ident}")
            if value.path != SyslogDestination().path:
                more.append(f"socket={value.path}")
            return ("SYSLOG", value.facility, value.priority, *more)
        if not isinstance(value, LogFileDestination):
            return ("LOG",)
        if value.soft is None and value.hard is None:
            return ("FILE", value.path)
        limits = (value.soft, value.hard)
        return ("FILE", value.path, *(UNLIMITED if n is None else str(n) for n in limits))


def _syslog(words: Words) -> SyslogDestination:
    """
    What follows C{SYSLOG}.
    """
    facility, *rest = words.values
    if facility.text not in FACILITIES:
        raise BadValue(facility, shown(facility.text), f"one of {', '.join(FACILITIES)}")
    found = SyslogDestination(facility.text)
    if rest and "=" not in rest[0].text:
        priority = rest.pop(0)
        if priority.text not in PRIORITIES:
            raise BadValue(priority, shown(priority.text), f"one of {', '.join(PRIORITIES)}")
        found = attrs.evolve(found, priority=priority.text)
    seen: set[str] = set()
    for token in rest:
        name, _, value = token.text.partition("=")
        right = {
            "ident": value.isprintable() and not value.startswith(" "),
            "socket": value.startswith("/"),
        }
        if not value or name in seen or not right.get(name):
            raise BadValue(token, shown(token.text), "ident=NAME or socket=/PATH, each once")
        seen.add(name)
        if name == "ident":
            found = attrs.evolve(found, ident=value)
        else:
            found = attrs.evolve(found, path=value)
    return found


def _file(words: Words) -> LogFileDestination:
    """
    What follows C{FILE}.
    """
    path, *rest = words.values
    if not path.text.startswith("/"):
        raise BadValue(path, shown(path.text), "a path that begins with /")
    expected = f"a size of at least a byte, such as 10m, or {UNLIMITED}"
    limits = [
        None if each.text.upper() == UNLIMITED else size(each, 1, _LARGEST, expected)
        for each in rest
    ]
    soft = limits[0] if limits else None
    if len(limits) < 2:
        return LogFileDestination(path.text, soft, None if soft is None else defaultHardLimit(soft))
    hard = limits[1]
    if soft is not None and hard is not None and hard < soft:
        raise BadValue(rest[1], shown(rest[1].text), f"at least the soft limit, {soft}")
    return LogFileDestination(path.text, soft, hard)


@attrs.frozen
class LogWords(Converter):
    """
    Some words of a few, or none of them.

    @ivar known: which there are.
    """

    known: frozenset[str]

    def read(self, words: Words, context: Context) -> frozenset[str]:
        """
        The words.
        """
        found = set()
        for token in words.values:
            word = token.text.upper()
            if word not in self.known:
                expected = f"words among {', '.join(sorted(self.known))}"
                raise BadValue(token, shown(token.text), expected)
            found.add(word)
        return frozenset(found)

    def write(self, value: frozenset[str]) -> Sequence[str]:
        """
        The same, in order.
        """
        return sorted(value)


class Floods(Converter):
    """
    How floods of refusals are kept short.
    """

    def read(self, words: Words, context: Context) -> Aggregation | bool:
        """
        C{yes}, C{no}, or numbers by their names; what is not named is as always.
        """
        names = [each.name for each in attrs.fields(Aggregation)]
        expected = f"yes, no, or NAME=NUMBER, where NAME is one of {', '.join(names)}"
        tokens = words.some(expected)
        if len(tokens) == 1 and tokens[0].text in ("yes", "no"):
            return DEFAULT_AGGREGATION if tokens[0].text == "yes" else False
        found: dict[str, Any] = {}
        for token in tokens:
            name, _, text = token.text.partition("=")
            if name not in names or name in found:
                raise BadValue(token, shown(token.text), expected)
            if name == "seconds":
                found[name] = real(token, expected, text)
                if not found[name]:
                    raise BadValue(token, shown(token.text), "seconds over 0")
            else:
                least = 1 if name == "groups" else 0
                within = f"a number from {least} to {_WHOLE[name]} for {name}"
                found[name] = natural(token, least, _WHOLE[name], within, text)
        return Aggregation(**found)

    def write(self, value: Aggregation | bool) -> Sequence[str]:
        """
        What is not as always.
        """
        if not isinstance(value, Aggregation):
            return ("no",)
        names = [each.name for each in attrs.fields(Aggregation)]
        changed = [n for n in names if getattr(value, n) != getattr(DEFAULT_AGGREGATION, n)]
        return tuple(f"{n}={secondsText(getattr(value, n))}" for n in changed) or ("yes",)


RECORD = (
    Setting("record_format", Owner.OURS, Choice.of(RecordFormat), RecordPlace("recording.format")),
    Setting("log_type", Owner.XINETD, LogType(), RecordPlace("recording.destination")),
    Setting(
        "log_on_success", Owner.XINETD, LogWords(SUCCESS_WORDS), RecordPlace("recording.onSuccess")
    ),
    Setting(
        "log_on_failure", Owner.XINETD, LogWords(FAILURE_WORDS), RecordPlace("recording.onFailure")
    ),
    Setting("record_starts", Owner.OURS, Switch(), RecordPlace("recording.starts")),
    Setting("record_floods", Owner.OURS, Floods(), FloodPlace("recording.aggregation")),
)
