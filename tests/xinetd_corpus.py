"""
Prints what is made of the configuration files from the wild: C{python -m
tests.xinetd_corpus}, one line for each service: file, service, whether it is served, and how many
warnings and errors there are about it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from tests.config_support import ROOT
from tests.corpus_support import corpus, names
from txinetd.config import Configuration, LoadOptions, load
from txinetd.config.text import visible
from txinetd.errors import Severity

__all__ = ["Row", "rows", "table"]


@attrs.frozen
class Row:
    """
    One service, or the lines of a file that belong to none.

    @ivar service: its name, or what the lines begin with; C{-} for the file.
    @ivar enabled: C{yes}, C{no} where its file says so, C{error}, or C{-}.
    """

    file: str
    service: str
    enabled: str
    warnings: int
    errors: int


def rows(name: str, configuration: Configuration) -> Iterator[Row]:
    """
    What was made of one file.
    """
    states: dict[str, str] = {}
    for diagnostic in configuration.diagnostics:
        label = diagnostic.origin.label
        if diagnostic.dropped:
            states[label] = "error"
        elif diagnostic.code == "disabled":
            states[label] = "no"
        else:
            states.setdefault(label, "-")
    for spec in configuration.services:
        states[spec.origin.label] = "yes"
    for label, state in states.items():
        about = [each for each in configuration.diagnostics if each.origin.label == label]
        found = [each.severity for each in about]
        if not label and not any(found):
            # Only that the file was recognised.
            continue
        yield Row(
            name,
            visible(label) or "-",
            state,
            found.count(Severity.WARNING),
            found.count(Severity.ERROR),
        )


def table(found: Sequence[Row]) -> str:
    """
    Rows as text.
    """
    cells = [["file", "service", "enabled", "warnings", "errors"]]
    cells += [[str(each) for each in attrs.astuple(row)] for row in found]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = []
    for row in cells:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join(padded).rstrip() + "\n")
    return "".join(lines)


def main(folder: str) -> None:
    """
    Print the table of one folder.
    """
    place = corpus()
    options = LoadOptions(daemon=ROOT, checkPrograms=False)
    found: list[Row] = []
    for path in sorted((place / folder).iterdir()):
        found.extend(rows(path.name, load([str(Path(path))], names(place), options)))
    sys.stdout.write(table(found))
    served = sum(row.enabled == "yes" for row in found)
    sys.stdout.write(f"{len({row.file for row in found})} files, {served} services\n")


if __name__ == "__main__":
    main(sys.argv[1])
