"""
A chart of what was found, as SVG.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from xml.sax.saxutils import escape

from benchmarks.kinds import KINDS
from benchmarks.measuring import Measured
from benchmarks.peers import OURS
from benchmarks.scenarios import Scenario

__all__ = ["chart"]

_BAR, _GAP, _LABEL, _WIDTH = 18, 26, 230, 420


def chart(results: Iterable[tuple[Scenario, Measured]]) -> str:
    """
    Draw the median of the first figure of each peer in each scenario.
    """
    parts: list[str] = []
    y = 10
    for scenario, measured in results:
        kind = KINDS[scenario.kind]
        field = kind.columns[0].field
        y += _GAP
        parts.append(f'<text x="4" y="{y - 8}" font-weight="bold">{escape(scenario.title)}</text>')
        found: dict[tuple[str, int], list[float]] = {}
        for sample in measured.samples:
            found.setdefault((sample.peer, sample.size), []).append(sample.values[field])
        middles = {row: statistics.median(values) for row, values in found.items()}
        most = max(middles.values(), default=1.0)
        for (peer, size), value in middles.items():
            width = max(_WIDTH * value / most, 0.0) if most > 0 else 0.0
            color = "#2a6f97" if peer == OURS else "#b8c4cc"
            label = f"{peer}, {size:,} {scenario.grows}" if scenario.grows else peer
            parts.append(f'<text x="4" y="{y + 13}">{escape(label)}</text>')
            parts.append(
                f'<rect x="{_LABEL}" y="{y}" width="{width:.0f}" height="{_BAR - 3}"'
                f' fill="{color}"/>'
            )
            parts.append(
                f'<text x="{_LABEL + width + 6:.0f}" y="{y + 13}">{value:.0f}{kind.unit}</text>'
            )
            y += _BAR
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LABEL + _WIDTH + 80}" height="{y + 10}"'
        ' font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, *parts, "</svg>"]) + "\n"
