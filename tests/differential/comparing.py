"""
From what was seen of both daemons to a row of the table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import attrs

from tests.differential.probing import Seen
from tests.differential.reasons import Cell, explain

__all__ = ["COLUMNS", "Row", "compare", "table"]

#: What is compared, and the kind of a stub's lines that it is made of, if it is.
COLUMNS = {
    "ports": "",
    "refusals": "",
    "argv": "argv",
    "fds": "fd",
    "ids": "id",
    "environment": "environment",
    "limits": "limit",
    "log": "",
}


@attrs.frozen
class Row:
    """
    One file.

    @ivar cells: what stands in each column: C{=}, numbers of reasons, or C{!}.
    @ivar served: whether both serve anything in it.
    @ivar details: for what is not explained, what there is on one side only.
    """

    file: str
    cells: tuple[str, ...]
    details: tuple[str, ...]
    served: bool = True

    @property
    def explained(self) -> bool:
        """
        Whether everything is.
        """
        return "!" not in self.cells


def compare(name: str, text: str, theirs: Seen, ours: Seen) -> Row:
    """
    Compare.

    @param text: what both have read.
    """
    both = set(map(str, theirs.sockets)) & set(map(str, ours.sockets))
    cells: list[str] = []
    details: list[str] = []
    for column, kind in COLUMNS.items():
        one, other = (_cell(column, kind, seen, both) for seen in (theirs, ours))
        if one == other:
            cells.append("=")
            continue
        numbers, one, other = explain(column, text, one, other)
        if one != other:
            details.extend(f"{column}: xinetd only: {line}" for line in sorted(one - other))
            details.extend(f"{column}: here only: {line}" for line in sorted(other - one))
        cells.append("!" if one != other else ",".join(map(str, numbers)))
    return Row(name, tuple(cells), tuple(details), bool(both))


def _cell(column: str, kind: str, seen: Seen, both: set[str]) -> Cell:
    """
    What was seen of one daemon in one column.
    """
    if column == "ports":
        return frozenset(f"{each} {each.host}" for each in seen.sockets)
    if column == "refusals":
        return frozenset(
            f"{sock} {source} {answer}"
            for (sock, source), answer in seen.answers.items()
            if sock in both
        )
    if column == "log":
        return _counted(map(_masked, seen.log))
    return frozenset(
        f"{sock} {source} {place}{line}"
        for (sock, source), report in seen.reports.items()
        if sock in both
        # The words of a command line have an order.
        for number, line in enumerate(report.get(kind, ()))
        for place in (f"{number} " if kind == "argv" else "",)
    )


def _masked(line: str) -> str:
    """
    A line of the log without what is never the same.
    """
    line = re.sub(r"^\d+/\d+/\d+@\d+:\d+:\d+: ", "", line)
    return re.sub(r"(pid|duration)=\d+", r"\1=#", line)


def _counted(lines: Iterable[str]) -> Cell:
    """
    Lines with how often they are there.
    """
    return frozenset(f"{line} x{count}" for line, count in Counter(lines).items())


def table(rows: Sequence[Row]) -> str:
    """
    Rows as text.
    """
    cells = [("file", *COLUMNS), *((row.file, *row.cells) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        + "\n"
        for row in cells
    )
