"""
What the tests of L{txinetd.record} share.
"""

from __future__ import annotations

from typing import Any, cast

from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import TestCase

from txinetd.record import ConnectionRecord


def record(**changes: Any) -> ConnectionRecord:
    """
    A record with something in every field that must have it.
    """
    made = ConnectionRecord(7, "ftp", "tcp", "127.0.0.1:21", "192.0.2.1:4000", 0.0, 0.0)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def heard(case: TestCase, namespace: str) -> list[str]:
    """
    The lines that one namespace logs during a test.
    """
    lines: list[str] = []

    def note(event: LogEvent) -> None:
        if event.get("log_namespace") == namespace:
            lines.append(formatEvent(event))

    observer = cast(ILogObserver, note)
    globalLogPublisher.addObserver(observer)
    case.addCleanup(globalLogPublisher.removeObserver, observer)
    return lines
