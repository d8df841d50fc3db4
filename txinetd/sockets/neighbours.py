# -*- test-case-name: tests.test_sockets_stream -*-
"""
Whether connections come to more than one socket, so that they have to share the reactor.
"""

from __future__ import annotations

import math

__all__ = ["Neighbours"]


class Neighbours:
    """
    Knows whether connections come to more than one socket.
    """

    #: Seconds for which somebody is remembered.
    memory = 0.05

    def __init__(self) -> None:
        self._latest: object = None
        self._changed = -math.inf

    def areThere(self, listener: object, now: float) -> bool:
        """
        Note that somebody has come, and tell whether others have lately.

        @param listener: to whom.
        @param now: the time.
        """
        if listener is not self._latest:
            self._latest = listener
            self._changed = now
        return now - self._changed < self.memory
