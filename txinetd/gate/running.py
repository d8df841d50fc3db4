# -*- test-case-name: tests.test_gate_instances -*-
"""
Who has been let in and has not gone.
"""

from __future__ import annotations

from txinetd.gate.rule import Source

__all__ = ["Running"]


class Running:
    """
    Those whom a gate has let in and who have not gone, by their sources.

    It is kept also where nothing limits how many they may be: a limit that comes
    with a reload has to count who is there already, and who goes then must not be
    taken off what came later.

    @ivar total: how many.
    @ivar sources: how many by version and number.
    """

    __slots__ = ("sources", "total")

    def __init__(self) -> None:
        self.total = 0
        self.sources: dict[tuple[int, int], int] = {}

    def add(self, source: Source) -> None:
        """
        One more.
        """
        self.total += 1
        key = source.version, source.number
        self.sources[key] = self.sources.get(key, 0) + 1

    def remove(self, source: Source) -> None:
        """
        One less.

        @raise ValueError: if nobody from there is in.
        """
        key = source.version, source.number
        count = self.sources.get(key, 0)
        if count == 0:
            raise ValueError(f"nobody from {source.text} is in")
        self.total -= 1
        if count == 1:
            del self.sources[key]
        else:
            self.sources[key] = count - 1
