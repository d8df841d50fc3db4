"""
What the kinds of measurement find, and how their figures are printed.
"""

from __future__ import annotations

import attrs

__all__ = ["KINDS", "Column", "Kind"]


@attrs.frozen
class Column:
    """
    One figure of a measurement.

    @ivar field: its name in the samples.
    @ivar title: what is printed above it.
    @ivar form: its format, as for C{format()}.
    @ivar total: whether the rounds are added up; their median is taken otherwise.
    @ivar most: the value above which the row is flagged.
    """

    field: str
    title: str
    form: str = ".0f"
    total: bool = False
    most: float | None = None


@attrs.frozen
class Kind:
    """
    One kind of measurement.

    @ivar columns: its figures; the first is the one whose spread is printed and which
        is drawn.
    @ivar unit: what the first is counted in.
    @ivar ratios: the fields that are compared pair by pair.
    @ivar warning: what a flag means.
    """

    columns: tuple[Column, ...]
    unit: str
    ratios: tuple[str, ...]
    warning: str = ""


KINDS = {
    # processor: of the whole machine for each connection, without the client's;
    # client: the client's share of one processor.
    "rate": Kind(
        (
            Column("rate", "conn/s"),
            Column("p50", "p50 us"),
            Column("p99", "p99 us"),
            Column("processor", "cpu ms", ".2f"),
            Column("client", "client", ".0%", most=0.6),
            Column("failed", "lost", ".0f", total=True),
        ),
        "/s",
        ("rate", "p50"),
        "the client used more than 60% of a processor: it may have been the limit",
    ),
    # of one client: without a flood and with it, and how often it got no answer then;
    # flood: what the flood came to, and what of it was answered.
    "flood": Kind(
        (
            Column("loaded", "p50 us"),
            Column("idle", "idle us"),
            Column("ratio", "ratio", ".2f"),
            Column("failed", "lost", ".0f", total=True),
            Column("flood", "flood/s"),
            Column("answered", "answered", ".0%"),
        ),
        " us",
        ("loaded", "ratio"),
    ),
    "memory": Kind(
        (Column("pss", "PSS kB"), Column("processes", "processes")),
        " kB",
        ("pss",),
    ),
    "live": Kind(
        (Column("each", "B/conn"), Column("pss", "PSS kB"), Column("idle", "idle kB")),
        " B",
        ("each",),
    ),
    "start": Kind((Column("start", "start ms", ".1f"),), " ms", ("start",)),
    # pause and usual: the longest that a client waited, while the reload went on and
    # before it; took: until the changed service answered as it should.
    "reload": Kind(
        (
            Column("pause", "pause ms", ".1f"),
            Column("usual", "usual ms", ".1f"),
            Column("took", "took ms", ".1f"),
            Column("failed", "lost", ".0f", total=True),
        ),
        " ms",
        ("pause", "took"),
    ),
}
