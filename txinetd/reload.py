# -*- test-case-name: tests.test_reload -*-
"""
What a new configuration changes: a pure comparison of two lists of specs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import attrs

from txinetd.errors import Diagnostic
from txinetd.spec import ServiceSpec, SocketKey

__all__ = ["Plan", "plan", "retained"]


@attrs.frozen
class Plan:
    """
    How to get from what runs to what shall run.

    @ivar start: services to begin.
    @ivar stop: services to end.
    @ivar alter: pairs of (as it runs, as it shall run) that share a socket.
    @ivar keep: pairs that are equal; the second differs in its origin at most.
    """

    start: tuple[ServiceSpec, ...]
    stop: tuple[ServiceSpec, ...]
    alter: tuple[tuple[ServiceSpec, ServiceSpec], ...]
    keep: tuple[tuple[ServiceSpec, ServiceSpec], ...]

    @property
    def isEmpty(self) -> bool:
        """
        Whether nothing changes.
        """
        return not (self.start or self.stop or self.alter)


def plan(old: Sequence[ServiceSpec], new: Sequence[ServiceSpec]) -> Plan:
    """
    Compare two configurations.  Services are paired by what they listen on
    (address, port, protocol and socket type), not by name; equality then decides
    between keep and alter.

    @param old: the specs that run.
    @param new: the specs that shall run.
    """
    unclaimed = dict(enumerate(old))
    byKey: dict[SocketKey, list[int]] = {}
    for index, spec in unclaimed.items():
        for key in spec.socketKeys:
            byKey.setdefault(key, []).append(index)

    def partner(spec: ServiceSpec, exact: bool) -> int | None:
        """
        An old spec, not yet claimed, that shares a socket with C{spec}.
        """
        for key in spec.socketKeys:
            for index in byKey.get(key, ()):
                if index in unclaimed and (not exact or unclaimed[index] == spec):
                    return index
        return None

    pairs: dict[int, int] = {}
    # Equal ones first, so that a near match cannot take an equal one's partner.
    for exact in (True, False):
        for position, spec in enumerate(new):
            if position in pairs:
                continue
            claimed = partner(spec, exact)
            if claimed is not None:
                pairs[position] = claimed
                del unclaimed[claimed]
    paired = [(old[pairs[position]], new[position]) for position in sorted(pairs)]
    return Plan(
        start=tuple(spec for position, spec in enumerate(new) if position not in pairs),
        stop=tuple(unclaimed.values()),
        alter=tuple((before, after) for before, after in paired if before != after),
        keep=tuple((before, after) for before, after in paired if before == after),
    )


def retained(
    running: Sequence[ServiceSpec],
    new: Sequence[ServiceSpec],
    diagnostics: Iterable[Diagnostic],
    unreadable: Sequence[str] = (),
) -> list[ServiceSpec]:
    """
    The running services that a faulty configuration does not get to stop: those
    whose line has become a bad one (matched by file and first field), and all
    from a file that can no longer be read.

    @param running: the specs that run.
    @param new: the specs that were read.
    @param diagnostics: what was said while reading.
    @param unreadable: files and directories that could not be read.
    @return: the running specs to keep beside C{new}.
    """
    claimed = {key for spec in new for key in spec.socketKeys}
    bad = Counter(
        (diagnostic.origin.path, diagnostic.origin.label)
        for diagnostic in diagnostics
        if diagnostic.dropped
    )
    # An entry in the new configuration that is well accounts for one running
    # service of the same name; what is left over is what went bad.
    kept: list[ServiceSpec] = []
    for spec in running:
        if claimed.intersection(spec.socketKeys):
            continue
        label = (spec.origin.path, spec.origin.label)
        if any(_isIn(spec.origin.path, path) for path in unreadable):
            kept.append(spec)
        elif bad[label] > 0:
            bad[label] -= 1
            kept.append(spec)
    return kept


def _isIn(path: str, place: str) -> bool:
    """
    Whether a file is, or lies in, a place.
    """
    return path == place or path.startswith(place.rstrip("/") + "/")
