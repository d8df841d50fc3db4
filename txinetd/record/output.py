# -*- test-case-name: tests.test_record_writer -*-
"""
What one L{Recording} makes of records: which of them are written, and how.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from txinetd.record.event import ConnectionRecord
from txinetd.record.places import Line, Place
from txinetd.record.refusals import MoreRefused, Refusals
from txinetd.record.text import formatJson, formatJsonMore, formatMore, formatRecord
from txinetd.record.xinetd import formatXinetd, formatXinetdMore
from txinetd.recording import RecordFormat, Recording

__all__ = ["Output"]

#: The formats in which a record is one line.
_LINE: dict[RecordFormat, Callable[[ConnectionRecord, float], str]] = {
    RecordFormat.TEXT: formatRecord,
    RecordFormat.JSON: formatJson,
}

_MORE: dict[RecordFormat, Callable[[MoreRefused, float], str]] = {
    RecordFormat.TEXT: lambda more, when: formatMore(more),
    RecordFormat.JSON: formatJsonMore,
    RecordFormat.XINETD: lambda more, when: formatXinetdMore(more),
}


class Output:
    """
    Turns records into lines for one place.

    @ivar place: where the lines go.
    @ivar period: seconds after which L{due} has something to say, or C{None}.
    """

    def __init__(self, recording: Recording, place: Place) -> None:
        self.place = place
        self._success = bool(recording.onSuccess)
        self._failure = bool(recording.onFailure)
        self._formatLine = _LINE.get(recording.format)
        self._formatMore = _MORE[recording.format]
        self._dated = recording.format is RecordFormat.JSON
        aggregation = recording.aggregation
        self._refusals = None if aggregation is None else Refusals(aggregation)
        self.period = None if aggregation is None else aggregation.seconds

    @property
    def isPending(self) -> bool:
        """
        Whether refusals have been counted that are to be spoken of later.
        """
        return self._refusals is not None and self._refusals.isPending

    def lines(self, record: ConnectionRecord, when: float, now: float) -> list[Line]:
        """
        What is to be written about a record.

        @param record: what happened.
        @param when: seconds since the epoch.
        @param now: monotonic seconds.
        """
        verdict = record.verdict
        if verdict == "served" or verdict == "started":
            if not self._success:
                return []
        elif not self._failure:
            return []
        elif verdict == "refused" and self._refusals is not None:
            each, before = self._refusals.admit(record, now)
            if before or not each:
                found = self._more(before, when)
                return found + self._each(record, when) if each else found
        return self._each(record, when)

    def _each(self, record: ConnectionRecord, when: float) -> list[Line]:
        """
        A record's own lines.
        """
        if self._formatLine is not None:
            return [Line(when, self._formatLine(record, when), self._dated, record)]
        return [Line(when, text, self._dated, record) for text in formatXinetd(record)]

    def _more(self, counted: Sequence[MoreRefused], when: float) -> list[Line]:
        """
        The lines of refusals that were only counted.
        """
        return [Line(when, self._formatMore(more, when), self._dated) for more in counted]

    def due(self, when: float, now: float) -> list[Line]:
        """
        What is to be written because time has passed.
        """
        return [] if self._refusals is None else self._more(self._refusals.due(now), when)

    def rest(self, when: float, now: float) -> list[Line]:
        """
        What is to be written because nothing follows.
        """
        return [] if self._refusals is None else self._more(self._refusals.rest(now), when)
