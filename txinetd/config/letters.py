# -*- test-case-name: tests.test_config_letters -*-
"""
The options of the other systems' daemons, by dialect: what each letter means here, or in
one line why it means nothing.

With C{--dialect} the command line may be the one of that system's inetd: its options, and
the names of its files as plain words.  C{-f} names a file in every dialect.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping, Sequence

import attrs

from txinetd.config.text import shown
from txinetd.errors import UsageProblem

__all__ = ["LETTERS", "Letter", "Settings", "Value", "translate"]

_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10}")
_MOST = 2**31 - 1


class Value(enum.Enum):
    """
    Whether an option takes one.
    """

    NONE = "none"
    #: In the same word or the next.
    NEEDED = "needed"
    #: In the same word.
    OPTIONAL = "optional"


@attrs.define
class Settings:
    """
    What such options say.

    @ivar limits: limits instead of the dialect's own, see
        L{txinetd.config.LoadOptions.limits}.
    @ivar address: the default address, or C{None}.
    @ivar backlog: the listen(2) queue, or C{None}.
    @ivar wrapPrograms: whether hosts_access(5) is asked about programs' clients.
    @ivar wrapInternal: the same for internal services.
    @ivar remarks: what is to be said about options that are as good as given.
    """

    limits: dict[str, int | None] = attrs.field(factory=dict)
    address: str | None = None
    backlog: int | None = None
    wrapPrograms: bool = False
    wrapInternal: bool = False
    remarks: list[str] = attrs.field(factory=list)


@attrs.frozen
class Letter:
    """
    One option.

    @ivar names: the option, with its dashes.
    @ivar help: what it does, in a few words.
    @ivar apply: does it, given the settings, the option and its value; or C{None}:
        then it is refused.
    @ivar answer: what to say when it is refused.
    @ivar value: whether it takes one.
    """

    names: tuple[str, ...]
    help: str
    apply: Callable[[Settings, str, str], None] | None = None
    answer: str = ""
    value: Value = Value.NONE


def _number(option: str, text: str) -> int:
    """
    A number as strtol(3) reads it, in any base.

    @raise UsageProblem: it is none.
    """
    if _NUMBER.fullmatch(text):
        octal = text[0] == "0" and text.isdigit()
        try:
            number = int(text, 8) if octal else int(text, 0)
        except ValueError:
            number = _MOST + 1
        if number <= _MOST:
            return number
    raise UsageProblem(f"{option} {shown(text)}: expected a whole number from 0 to {_MOST}")


def _limit(name: str) -> Callable[[Settings, str, str], None]:
    """
    An option that is a limit; 0 is none.
    """

    def apply(settings: Settings, option: str, value: str) -> None:
        settings.limits[name] = _number(option, value) or None

    return apply


def _address(settings: Settings, option: str, value: str) -> None:
    """
    Where to listen.
    """
    settings.address = value


def _backlog(settings: Settings, option: str, value: str) -> None:
    """
    The listen(2) queue; less than ten is ten, as in the original.
    """
    settings.backlog = max(10, _number(option, value))


def _wrapPrograms(settings: Settings, option: str, value: str) -> None:
    """
    Ask hosts_access(5).
    """
    settings.wrapPrograms = True


def _wrapInternal(settings: Settings, option: str, value: str) -> None:
    """
    The same for internal services.
    """
    settings.wrapInternal = True


def _always(settings: Settings, option: str, value: str) -> None:
    """
    What is done anyway.
    """


def _neverResolved(settings: Settings, option: str, value: str) -> None:
    """
    What would hold connections up.
    """
    settings.remarks.append(
        f"{option}: TCPREMOTEHOST and TCPLOCALHOST are not set: no name is looked up while"
        " somebody waits"
    )


_FOREGROUND = "use twistd --nodaemon inetd"
_DEBUG = Letter(("-d",), "debug, in the foreground", answer=_FOREGROUND)
_PIDFILE = "use twistd --pidfile=FILE inetd"


def _rate(*names: str) -> Letter:
    """
    C{-R}.
    """
    return Letter(names, "starts a minute", _limit("startsPerMinute"), value=Value.NEEDED)


_QUEUE = Letter(("-q",), "the listen(2) queue", _backlog, value=Value.NEEDED)

_OPENBSD = (_DEBUG, _rate("-R"))

#: By dialect.
LETTERS: Mapping[str, tuple[Letter, ...]] = {
    "txinetd": (),
    "freebsd": (
        Letter(("-a",), "the address to listen on", _address, value=Value.NEEDED),
        Letter(("-c",), "servers at a time", _limit("instances"), value=Value.NEEDED),
        Letter(
            ("-C",),
            "starts a minute for one address",
            _limit("startsPerSource"),
            value=Value.NEEDED,
        ),
        _rate("-R"),
        Letter(
            ("-s",),
            "servers at a time for one address",
            _limit("instancesPerSource"),
            value=Value.NEEDED,
        ),
        Letter(("-w",), "hosts_access(5) for programs", _wrapPrograms),
        Letter(("-W",), "hosts_access(5) for internal services", _wrapInternal),
        Letter(("-l",), "a log line for each connection: always so", _always),
        _DEBUG,
        Letter(("-p",), "the pid file", answer=_PIDFILE, value=Value.NEEDED),
    ),
    "netbsd": (
        _DEBUG,
        Letter(("-l",), "log what hosts_access(5) says: always so", _always),
    ),
    "openbsd": _OPENBSD,
    "debian": (
        *_OPENBSD,
        Letter(
            ("-E",),
            "leave the environment as it is",
            answer="servers get a clean environment, without what whoever starts the daemon has",
        ),
        Letter(("-i",), "stay in the foreground", answer=_FOREGROUND),
        Letter(("-l",), "hosts_access(5) for programs", _wrapPrograms),
        _QUEUE,
    ),
    "gnu": (
        attrs.evolve(_DEBUG, names=("-d", "--debug")),
        Letter(("--environment",), "TCP* variables: always so", _always),
        Letter(("--resolve",), "names in TCP* variables", _neverResolved),
        Letter(("-p", "--pidfile"), "the pid file", answer=_PIDFILE, value=Value.OPTIONAL),
        _rate("-R", "--rate"),
    ),
    "busybox": (
        Letter(("-e",), "log to stderr", answer="use twistd --nodaemon --logfile=- inetd"),
        _QUEUE,
        _rate("-R"),
    ),
    "illumos": (),
}


def _use(letter: Letter, option: str, value: str, settings: Settings) -> None:
    """
    Do what an option says.

    @raise UsageProblem: it cannot be done.
    """
    if letter.apply is None:
        raise UsageProblem(f"{option}: {letter.answer}")
    letter.apply(settings, option, value)


def translate(
    dialect: str, words: Sequence[str], takesValue: Callable[[str], bool]
) -> tuple[list[str], Settings]:
    """
    Take a daemon's own options out of a command line.

    @param dialect: whose.
    @param words: the command line.
    @param takesValue: whether one of our own options, with two dashes, is followed by a
        value.
    @return: what is left, and what was taken.
    @raise UsageProblem: an option that is not known, or that means nothing here.
    """
    settings = Settings()
    table = {name: letter for letter in LETTERS[dialect] for name in letter.names}
    left: list[str] = []
    if not table and dialect == "txinetd":
        return list(words), settings
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*left, word, *rest], settings
        name, equals, value = word.partition("=")
        if word.startswith("--") and name in table:
            letter = table[name]
            if letter.value is Value.NEEDED and not equals:
                value = _next(name, rest)
            elif letter.value is Value.NONE and equals:
                raise UsageProblem(f"{name} takes no value")
            _use(letter, name, value, settings)
        elif word.startswith("--") or word == "-" or not word.startswith("-"):
            left.append(word)
            if word.startswith("--") and not equals and takesValue(name) and rest:
                left.append(rest.pop(0))
        else:
            _cluster(dialect, word, rest, table, left, settings)
    return left, settings


def _cluster(
    dialect: str,
    word: str,
    rest: list[str],
    table: Mapping[str, Letter],
    left: list[str],
    settings: Settings,
) -> None:
    """
    Take letters behind one dash.
    """
    letters = word[1:]
    while letters:
        name, letters = f"-{letters[0]}", letters[1:]
        if name == "-f":
            # Ours everywhere: the file.
            left += [name, letters] if letters else [name, *rest[:1]]
            if not letters:
                del rest[:1]
            return
        letter = table.get(name)
        if letter is None:
            known = " ".join(sorted(table)) or "none"
            raise UsageProblem(f"{name}: no option of --dialect {dialect}; known: {known}")
        value = ""
        if letter.value is not Value.NONE:
            value, letters = letters, ""
            if letter.value is Value.NEEDED and not value:
                value = _next(name, rest)
        _use(letter, name, value, settings)


def _next(name: str, rest: list[str]) -> str:
    """
    The value of an option, from the next word.
    """
    if not rest:
        raise UsageProblem(f"{name} needs a value")
    return rest.pop(0)
