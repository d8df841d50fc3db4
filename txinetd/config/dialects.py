# -*- test-case-name: tests.test_config_loader -*-
"""
The formats that files may have, by name: another format is one more entry in
L{DIALECTS}.
"""

from __future__ import annotations

import re

import attrs

from txinetd.config.inetd import ClassicDialect
from txinetd.config.interfaces import IDialect
from txinetd.config.systems import SYSTEMS
from txinetd.config.text import shown
from txinetd.errors import UsageProblem

__all__ = ["DEFAULT_DIALECT", "DIALECTS", "Source", "source"]

DEFAULT_DIALECT = "txinetd"

DIALECTS: dict[str, IDialect] = {rules.name: ClassicDialect(rules) for rules in SYSTEMS}

_PREFIX = re.compile(r"([A-Za-z][A-Za-z0-9_+-]*):(.*)", re.DOTALL)


@attrs.frozen
class Source:
    """
    What C{-f [DIALECT:]PATH} names.
    """

    dialect: str
    path: str


def source(text: str, default: str = DEFAULT_DIALECT) -> Source:
    """
    Take the argument of C{-f} apart.

    @param default: the format of a file for which none is named.
    @raise UsageProblem: it names no file, or a format that there is not.
    """
    match = _PREFIX.fullmatch(text)
    dialect, path = match.groups() if match is not None else (default, text)
    if dialect not in DIALECTS:
        known = ", ".join(sorted(DIALECTS))
        raise UsageProblem(
            f"unknown dialect {shown(dialect)} in {shown(text)}; known: {known} "
            f"(for a file of that name write ./{shown(text)[1:-1]})"
        )
    if not path or "\0" in path:
        raise UsageProblem(f"no file named in {shown(text)}")
    return Source(dialect, path)
