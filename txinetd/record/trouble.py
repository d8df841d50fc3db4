# -*- test-case-name: tests.test_record_trouble -*-
"""
Saying that records are being dropped, and that they no longer are, without a flood of
its own where that changes all the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from twisted.logger import Logger

__all__ = ["Trouble"]


class Trouble:
    """
    What keeps one place from taking records.
    """

    log = Logger()

    #: Seconds after a trouble was said until the next one is.
    quiet = 10.0

    def __init__(self, path: str, clock: Callable[[], float] = time.monotonic) -> None:
        """
        @param path: the place.
        @param clock: monotonic seconds.
        """
        self._path = path
        self._clock = clock
        self._count = 0
        self._said = False
        self._next = float("-inf")

    def dropped(self, count: int, why: str) -> None:
        """
        Some records were not written.

        @param count: how many.
        @param why: what is wrong.
        """
        self._count += count
        now = self._clock()
        if self._said or now < self._next:
            return
        self._said = True
        self._next = now + self.quiet
        self.log.error(
            "cannot write records to {path}: {reason}; dropping them until it works",
            path=self._path,
            reason=why,
        )

    def over(self) -> None:
        """
        Records were written.
        """
        if not self._said:
            return
        count, self._count, self._said = self._count, 0, False
        self.log.info(
            "writes records to {path} again; {count} were dropped", path=self._path, count=count
        )
