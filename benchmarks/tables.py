"""
What was found, as text.
"""

from __future__ import annotations

import statistics

import attrs

from benchmarks.kinds import KINDS, Column
from benchmarks.measuring import Measured
from benchmarks.peers import OURS
from benchmarks.scenarios import Scenario

__all__ = ["asJSON", "table"]

_NAME, _SIZE, _WIDTH = 24, 8, 9

#: The figures of a peer with a size, by round.
Rounds = dict[int, dict[str, float]]


def byRow(measured: Measured) -> dict[tuple[str, int], Rounds]:
    """
    The samples, by peer and size.
    """
    rows: dict[tuple[str, int], Rounds] = {}
    for sample in measured.samples:
        rows.setdefault((sample.peer, sample.size), {})[sample.round] = sample.values
    return rows


def ratios(upper: Rounds, lower: Rounds, fields: tuple[str, ...]) -> str:
    """
    The medians of the ratios of each round's pair, with commas between the fields.
    """
    found = []
    for field in fields:
        pairs = [
            values[field] / lower[number][field]
            for number, values in upper.items()
            if number in lower and lower[number][field]
        ]
        found.append(f"{statistics.median(pairs):.2f}" if pairs else "-")
    return ", ".join(found)


def figure(column: Column, rounds: Rounds) -> tuple[str, bool]:
    """
    What is printed in a column, and whether the row is to be flagged for it.
    """
    values = [each[column.field] for each in rounds.values()]
    value = sum(values) if column.total else statistics.median(values)
    flagged = column.most is not None and value > column.most
    return format(value, column.form) + ("*" if flagged else ""), flagged


def spread(values: list[float]) -> str:
    """
    How far the rounds are apart, as a share of their median.
    """
    middle = statistics.median(values)
    return f"{(max(values) - min(values)) / middle:.0%}" if middle else "-"


def table(scenario: Scenario, measured: Measured) -> list[str]:
    """
    What there is to say about a scenario.
    """
    kind = KINDS[scenario.kind]
    first, *more = kind.columns
    several = len(scenario.sizes) > 1
    compared = ", ".join(column.title for column in kind.columns if column.field in kind.ratios)
    titles = [first.title, "spread", *(column.title for column in more)]
    head = f"{'':{_NAME}} {scenario.grows:>{_SIZE}}" + "".join(f" {t:>{_WIDTH}}" for t in titles)
    head += f"  {OURS}/peer: {compared}"
    if several:
        head += f"; of {scenario.sizes[0]} {scenario.grows}: {compared}"
    lines = [scenario.title, "  " + head + " (medians of pairs)"]
    rows, warn = byRow(measured), False
    for (peer, size), rounds in rows.items():
        texts = [spread([each[first.field] for each in rounds.values()])]
        for column in kind.columns:
            text, flagged = figure(column, rounds)
            warn = warn or flagged
            texts.append(text)
        texts[0], texts[1] = texts[1], texts[0]
        notes = []
        ours = rows.get((OURS, size), {})
        notes.append("" if peer == OURS else ratios(ours, rounds, kind.ratios))
        if several and size != scenario.sizes[0]:
            base = rows.get((peer, scenario.sizes[0]), {})
            notes.append(ratios(rounds, base, kind.ratios))
        shown = str(size) if scenario.grows else ""
        lines.append(
            f"  {peer:{_NAME}} {shown:>{_SIZE}}"
            + "".join(f" {text:>{_WIDTH}}" for text in texts)
            + "  "
            + "; ".join(notes)
        )
    unable: dict[tuple[str, str], list[int]] = {}
    for (peer, size), reason in measured.cannot.items():
        unable.setdefault((peer, reason), []).append(size)
    for (peer, reason), sizes in unable.items():
        shown = f"{', '.join(map(str, sizes))} {scenario.grows}: " if scenario.grows else ""
        lines.append(f"  {peer:{_NAME}} cannot: {shown}{reason}")
    if warn:
        lines.append(f"  * {kind.warning}")
    return [line.rstrip() for line in lines]


def asJSON(scenario: Scenario, measured: Measured) -> dict[str, object]:
    """
    What was found, for a program to read.
    """
    return {
        "title": scenario.title,
        "kind": scenario.kind,
        "grows": scenario.grows,
        "samples": [attrs.asdict(sample) for sample in measured.samples],
        "cannot": [
            {"peer": peer, "size": size, "reason": reason}
            for (peer, size), reason in measured.cannot.items()
        ],
    }
