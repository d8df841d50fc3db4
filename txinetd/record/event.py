# -*- test-case-name: tests.test_record_text -*-
"""
One arrival at one service, and what there is to know about it.
"""

from __future__ import annotations

import attrs

from txinetd.recording import DEFAULT_RECORDING, Recording

__all__ = ["ConnectionRecord", "hostOf"]


@attrs.define(eq=False)
class ConnectionRecord:
    """
    One arrival at one service and what became of it.

    @ivar identifier: a number that no other record of this process has, but for one
        that says that its server has started.
    @ivar service: the service's name.
    @ivar protocol: C{tcp}, C{udp} or C{unix}.
    @ivar local: the address it arrived at, as text.
    @ivar peer: where it came from, as text; C{-} where that cannot be known.
    @ivar arrived: the wall clock then, in seconds.
    @ivar started: the monotonic clock then, in seconds.
    @ivar user: whom the server ran as.
    @ivar uid: whom the server ran as, as a number, or C{None}.
    @ivar recording: what is to be written.
    @ivar verdict: C{served}, C{refused} (by the gate) or C{failed} (allowed, but
        could not be served); C{started} while it is being served.
    @ivar reason: why it was refused or failed; empty when served.
    @ivar pid: the server's process id, or C{None} where no process was started.
    @ivar duration: from arrival to end, in seconds.
    @ivar status: the server's exit status, or C{None}.
    @ivar signal: the signal that ended it, or C{None}.
    @ivar userTime: user time of the server and its waited-for children, in seconds,
        or C{None} where it is not known.
    @ivar systemTime: the same for system time.
    @ivar maxRss: the most memory that the server had at a time, in kilobytes, or
        C{None} where it is not known.
    @ivar rule: the rule that refused it; empty where none did.
    @ivar origin: where that rule was written; empty where that is not known.
    @ivar waited: seconds that it was kept waiting for its server, or C{None} where it
        was not.
    @ivar received: bytes from the client, where this process carried them.
    @ivar sent: bytes to the client, likewise.
    @ivar remoteUser: who the client is, where the system knows, or an identd on its
        machine has said so; else empty.
    @ivar remoteSystem: the operating system that the identd has named; else empty.
    """

    identifier: int
    service: str
    protocol: str
    local: str
    peer: str
    arrived: float
    started: float
    user: str = ""
    uid: int | None = None
    recording: Recording = DEFAULT_RECORDING
    verdict: str = "served"
    reason: str = ""
    pid: int | None = None
    duration: float = 0.0
    status: int | None = None
    signal: int | None = None
    userTime: float | None = None
    systemTime: float | None = None
    maxRss: int | None = None
    rule: str = ""
    origin: str = ""
    waited: float | None = None
    received: int | None = None
    sent: int | None = None
    remoteUser: str = ""
    remoteSystem: str = ""

    @property
    def cpu(self) -> float | None:
        """
        User and system time together.
        """
        if self.userTime is None or self.systemTime is None:
            return None
        return self.userTime + self.systemTime


def hostOf(peer: str) -> str:
    """
    The host of a peer as records have it.

    @param peer: C{192.0.2.1:25}, C{[2001:db8::1]:25}, or what is no internet address.
    @return: the numeric address, or nothing.
    """
    host, separator, port = peer.rpartition(":")
    if not separator or not port.isascii() or not port.isdigit():
        return ""
    if host.startswith("["):
        return host[1:-1] if host.endswith("]") else ""
    return host if host[:1].isdigit() else ""
