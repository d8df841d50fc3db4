# -*- test-case-name: tests.test_process_parts -*-
"""
SIGCHLD, which Twisted has delivered for each child there is, while nobody needs it.

Twisted wakes its reactor for each of these signals, and then looks for the processes
that it has started itself.  Whoever starts hundreds of others a second, and knows by
other means when they end, is only held up by that.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

from twisted.internet import process

__all__ = ["ChildSignal"]

#: Where Twisted's handler comes from.
_HANDLERS = "twisted.internet._signals"


class ChildSignal:
    """
    Turns the signal off and on.

    Off means to the kernel that nothing is to be done about it; the dead can be waited
    for all the same.  It is off only while Twisted waits for none of its own and the
    handler is Twisted's; anybody else's stays.
    """

    def __init__(self) -> None:
        self._handler: Callable[..., Any] | None = None

    def silence(self) -> None:
        """
        Turn it off, if nobody else needs it.
        """
        if process.reapProcessHandlers or threading.current_thread() is not threading.main_thread():
            return
        handler = signal.getsignal(signal.SIGCHLD)
        if callable(handler) and getattr(handler, "__module__", None) == _HANDLERS:
            self._handler = handler
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def yieldToOthers(self) -> None:
        """
        Turn it on again if somebody needs it by now.
        """
        if process.reapProcessHandlers:
            self.restore()

    def restore(self) -> None:
        """
        Turn it on again, and make up for what was not told meanwhile.
        """
        handler, self._handler = self._handler, None
        if handler is None or signal.getsignal(signal.SIGCHLD) != signal.SIG_DFL:
            return
        signal.signal(signal.SIGCHLD, handler)
        signal.siginterrupt(signal.SIGCHLD, False)
        process.reapAllProcesses()
