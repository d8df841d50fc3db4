# -*- test-case-name: tests.test_logfile -*-
"""
Twistd's own log file, where that is all the log there is: so that many lines can be
written as one.

Publishing an event for each line costs a write(2) each, and with it a hand-over of
the interpreter between the thread that logs and the reactor, which at some thousand
lines a second is a tenth of what the daemon can do.
"""

from __future__ import annotations

from typing import Protocol

from twisted.logger import FileLogObserver, LogPublisher, globalLogPublisher

__all__ = ["LogFile", "textFile"]


class LogFile(Protocol):
    """
    What is asked of a log file.
    """

    def write(self, data: str) -> object:
        """
        Write text.
        """

    def flush(self) -> object:
        """
        Write it out.
        """


def textFile(publisher: LogPublisher = globalLogPublisher) -> LogFile | None:
    """
    The file that the log goes to, if it goes to one file as text and nowhere else.

    Which observers there are, and which file one writes to, Twisted does not tell:
    this looks at attributes that are its own, and takes whatever is unfamiliar for
    "no".

    @param publisher: where events are published.
    """
    observers = getattr(publisher, "_observers", None)
    if not isinstance(observers, list) or len(observers) != 1:
        return None
    observer = observers[0]
    if type(observer) is not FileLogObserver:
        return None
    # The other kind of file is JSON.
    if not getattr(observer.formatEvent, "__qualname__", "").startswith("textFileLogObserver."):
        return None
    file: LogFile | None = getattr(observer, "_outFile", None)
    return file if hasattr(file, "write") and hasattr(file, "flush") else None
