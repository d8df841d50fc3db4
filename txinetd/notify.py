# -*- test-case-name: tests.integration.test_stop -*-
"""
Tells a service manager how far the daemon is: the protocol of sd_notify(3).
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

from twisted.logger import Logger

__all__ = ["ServiceManager"]


class ServiceManager:
    """
    Whoever started the daemon and wants to know.  Without a C{NOTIFY_SOCKET} in
    the environment, nobody does and all calls do nothing.
    """

    log = Logger()

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """
        @param environment: where C{NOTIFY_SOCKET} is looked for.
        """
        self._address = environment.get("NOTIFY_SOCKET", "")

    def ready(self) -> None:
        """
        Everything that can listen does.
        """
        self._send(f"READY=1\nMAINPID={os.getpid()}")

    def reloading(self) -> None:
        """
        A reload has begun; L{ready} ends it.
        """
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={microseconds}")

    def stopping(self) -> None:
        """
        The daemon is about to end.
        """
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        """
        Send one message, without ever waiting for the receiver.
        """
        if not self._address:
            return
        address = self._address
        if address.startswith("@"):
            address = "\0" + address[1:]
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.setblocking(False)
                sock.sendto(message.encode("ascii"), address)
        except OSError as error:
            self.log.warn("cannot tell the service manager: {reason}", reason=error.strerror)
