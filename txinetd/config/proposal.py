# -*- test-case-name: tests.test_config_proposal -*-
"""
Which dialect fits a file best: the one in which it has the fewest errors; of several, the
default one, else the one in which it has the fewest warnings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from txinetd.config.dialects import DEFAULT_DIALECT, POSITIONAL, source
from txinetd.config.loader import load
from txinetd.config.text import visible
from txinetd.config.values import Configuration, LoadOptions
from txinetd.errors import Diagnostic, Severity
from txinetd.interfaces import INames

__all__ = ["Proposal", "proposals", "reportProposals"]


@attrs.frozen
class Proposal:
    """
    A dialect for a file.

    @ivar errors: how many the file has in it.
    @ivar before: how many it has in the default one.
    """

    path: str
    dialect: str
    errors: int
    before: int

    def __str__(self) -> str:
        word = "error" if self.errors == 1 else "errors"
        return (
            f"{self.path}: --dialect {self.dialect} fits this file better:"
            f" {self.errors} {word}, not {self.before}"
        )


def _errors(diagnostics: Iterable[Diagnostic]) -> int:
    """
    How many errors there are.
    """
    return _count(Severity.ERROR, diagnostics)


def _count(severity: Severity, diagnostics: Iterable[Diagnostic]) -> int:
    """
    How many there are of one severity.
    """
    return sum(each.severity is severity for each in diagnostics)


def proposals(
    paths: Sequence[str], names: INames, options: LoadOptions, found: Configuration
) -> list[Proposal]:
    """
    What to propose for the files that were read in the default dialect and have errors.

    @param paths: as for L{load<txinetd.config.load>}.
    @param found: what it made of them.
    """
    if options.dialect != DEFAULT_DIALECT:
        return []
    mine = [source(each) for each in paths]
    if any(each.dialect not in (None, DEFAULT_DIALECT) for each in mine):
        # Somebody has said which file is of which system.
        return []
    made: list[Proposal] = []
    for path in found.files:
        before = _errors(each for each in found.diagnostics if each.origin.path == path)
        if before:
            best, errors = _best(path, names, options)
            if best != DEFAULT_DIALECT and errors < before:
                made.append(Proposal(path, best, errors, before))
    return made


def _best(path: str, names: INames, options: LoadOptions) -> tuple[str, int]:
    """
    The dialect that fits one file, and how many errors it has in it.
    """
    ranks: dict[str, tuple[int, bool, int]] = {}
    for dialect in POSITIONAL:
        said = load([f"{dialect}:{path}"], names, options).diagnostics
        warnings = _count(Severity.WARNING, said)
        ranks[dialect] = (_errors(said), dialect != DEFAULT_DIALECT, warnings)
    best = min(ranks, key=lambda dialect: ranks[dialect])
    return best, ranks[best][0]


def reportProposals(made: Iterable[Proposal]) -> str:
    """
    One line for each.
    """
    return "".join(f"{visible(str(each))}\n" for each in made)
