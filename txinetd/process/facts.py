# -*- test-case-name: tests.test_process_environment -*-
"""
What is known about one arrival: where it came from and where it arrived.
"""

from __future__ import annotations

import attrs

__all__ = ["ConnectionFacts", "End", "plainHost"]

_MAPPED = "::ffff:"


def plainHost(host: str) -> str:
    """
    An address as people write it: the IPv4 form of an IPv4-mapped one.

    @param host: a numeric address.
    """
    if host.startswith(_MAPPED) and "." in host:
        return host[len(_MAPPED) :]
    return host


# Neither of these is ever changed.  But they are made for each connection, and what is
# frozen takes three times as long to make.


@attrs.define(unsafe_hash=True)
class End:
    """
    One end of a connection, or the source or destination of a datagram.

    @ivar host: a numeric address, or C{None} where there is none.
    @ivar port: the port, or C{None}.
    @ivar path: the path of a unix socket, or C{None}.
    @ivar cid: the context id of a machine (vsock(7)), or C{None}.
    @ivar text: for logs: C{192.0.2.1:25}, C{[2001:db8::1]:25}, a path, C{vsock:3:1024},
        or C{-} where nothing is known; made from the others where it is not given.
    """

    host: str | None = None
    port: int | None = None
    path: bytes | None = None
    cid: int | None = None
    text: str = attrs.field(eq=False, repr=False)

    @text.default
    def _text(self) -> str:
        """
        What is shown.
        """
        if self.host is not None:
            if ":" in self.host:
                return f"[{self.host}]:{self.port}"
            return f"{self.host}:{self.port}"
        if self.path:
            return self.path.decode("utf-8", "backslashreplace")
        if self.cid is not None:
            return f"{self.machine}:{self.port}"
        return "-"

    @property
    def machine(self) -> str:
        """
        The machine that a context id stands for, as systemd writes it: C{vsock:3}.
        """
        return f"vsock:{self.cid}"


#: Nothing is known.
_NOWHERE = End()


@attrs.define(unsafe_hash=True)
class ConnectionFacts:
    """
    Where an arrival came from and where it arrived.

    @ivar transport: C{tcp}, C{udp}, C{unix} or C{vsock}.
    @ivar local: this side.
    @ivar peer: the other side; empty where it cannot be known, as for a wait
        service, whose program finds out for itself.
    @ivar peerUser: user and group id of a unix client, or C{None}.
    """

    transport: str
    local: End
    peer: End = _NOWHERE
    peerUser: tuple[int, int] | None = None

    @property
    def peerText(self) -> str:
        """
        The other side, for logs; a unix client without a path of its own by its
        user: C{uid:1000}.
        """
        text = self.peer.text
        if text == "-" and self.peerUser is not None:
            return f"uid:{self.peerUser[0]}"
        return text
