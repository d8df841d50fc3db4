# -*- test-case-name: tests.test_config_loader -*-
"""
The formats that files may have, by name: another format is one more entry in
L{DIALECTS}.  A file whose first word is C{service}, C{defaults}, C{include} or
C{includedir} is one for xinetd where no format is named.
"""

from __future__ import annotations

import re

import attrs

from txinetd.config.foreign import startsXinetd
from txinetd.config.inetd import ClassicDialect
from txinetd.config.interfaces import IDialect
from txinetd.config.lexer import decoded, lex
from txinetd.config.systemd import SystemdDialect
from txinetd.config.systems import SYSTEMS
from txinetd.config.text import shown
from txinetd.config.xinetd import XinetdDialect
from txinetd.errors import UsageProblem

__all__ = ["DEFAULT_DIALECT", "DIALECTS", "POSITIONAL", "XINETD", "Source", "dialectOf", "source"]

DEFAULT_DIALECT = "txinetd"
XINETD = "xinetd"

#: Those that are dialects of inetd.conf(5).
POSITIONAL = tuple(rules.name for rules in SYSTEMS)

DIALECTS: dict[str, IDialect] = {
    **{rules.name: ClassicDialect(rules) for rules in SYSTEMS},
    XINETD: XinetdDialect(),
    "systemd": SystemdDialect(),
}

_PREFIX = re.compile(r"([A-Za-z][A-Za-z0-9_+-]*):(.*)", re.DOTALL)


@attrs.frozen
class Source:
    """
    What C{-f [DIALECT:]PATH} names.

    @ivar dialect: a key of L{DIALECTS}, or C{None} where none is named.
    """

    dialect: str | None
    path: str


def source(text: str) -> Source:
    """
    Take the argument of C{-f} apart.

    @raise UsageProblem: it names no file, or a format that there is not.
    """
    match = _PREFIX.fullmatch(text)
    dialect, path = match.groups() if match is not None else (None, text)
    if dialect is not None and dialect not in DIALECTS:
        known = ", ".join(sorted(DIALECTS))
        raise UsageProblem(
            f"unknown dialect {shown(dialect)} in {shown(text)}; known: {known} "
            f"(for a file of that name write ./{shown(text)[1:-1]})"
        )
    if not path or "\0" in path:
        raise UsageProblem(f"no file named in {shown(text)}")
    return Source(dialect, path)


def dialectOf(named: Source, data: bytes, default: str = DEFAULT_DIALECT) -> str:
    """
    The format of one file: the one that is named, or else the one it looks like.

    @param data: the file's contents.
    @param default: what it is where it does not look like any other.
    """
    if named.dialect is not None:
        return named.dialect
    for entry in lex(decoded(data)):
        if entry.tokens:
            return XINETD if startsXinetd(entry.tokens) else default
    return default
