"""
A chart of rates, as SVG.
"""

from __future__ import annotations

import statistics
from typing import Any
from xml.sax.saxutils import escape

__all__ = ["chart"]

_BAR, _GAP, _LABEL, _WIDTH = 18, 26, 150, 420


def chart(results: dict[str, dict[str, list[dict[str, Any]]]], titles: dict[str, str]) -> str:
    """
    Draw the median rate of each peer in each scenario.

    @param results: the samples by scenario and peer.
    @param titles: what each scenario is called.
    """
    parts: list[str] = []
    y = 10
    for name, peers in results.items():
        y += _GAP
        parts.append(f'<text x="4" y="{y - 8}" font-weight="bold">{escape(titles[name])}</text>')
        rates = {
            peer: statistics.median(sample["rate"] for sample in samples)
            for peer, samples in peers.items()
        }
        most = max(rates.values(), default=1.0) or 1.0
        for peer, rate in rates.items():
            width = _WIDTH * rate / most
            color = "#2a6f97" if peer == "txinetd" else "#b8c4cc"
            parts.append(f'<text x="4" y="{y + 13}">{escape(peer)}</text>')
            parts.append(
                f'<rect x="{_LABEL}" y="{y}" width="{width:.0f}" height="{_BAR - 3}"'
                f' fill="{color}"/>'
            )
            parts.append(f'<text x="{_LABEL + width + 6:.0f}" y="{y + 13}">{rate:.0f}/s</text>')
            y += _BAR
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LABEL + _WIDTH + 80}" height="{y + 10}"'
        ' font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, *parts, "</svg>"]) + "\n"
