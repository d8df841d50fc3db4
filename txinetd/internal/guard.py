# -*- test-case-name: tests.test_internal_guard -*-
"""
Who must not be answered over UDP.

A datagram's source address is whatever its sender wrote there.  If that is the
port of another small service, the two answer each other for ever; if it is a
group of machines, each of them gets the answer.  The rules are those of the
BSD inetds together (FreeBSD looks for its own ports, NetBSD for well-known
ones and for addresses), except that loopback is answered: Debian's openbsd-inetd
refuses it, and the first thing anybody tries is a request from the same
machine.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

import attrs

__all__ = ["ANSWERING_PORTS", "LoopGuard", "refusal"]

#: Ports of services that answer whatever they are sent: echo, discard (which
#: does not, but is where others forward to), daytime, quote of the day,
#: chargen, time.
ANSWERING_PORTS = frozenset({7, 9, 13, 17, 19, 37})

_THIS_NETWORK = IPv4Network("0.0.0.0/8")
_TOP_NETWORK = IPv4Network("255.0.0.0/8")


def refusal(
    peerHost: str,
    peerPort: int,
    ownPorts: Collection[int] = (),
    broadcasts: Collection[str] = (),
) -> str | None:
    """
    Why a datagram is not to be answered.

    @param peerHost: the numeric address it came from, IPv4 or IPv6, perhaps
        with a scope (C{fe80::1%eth0}).
    @param peerPort: the port it came from.
    @param ownPorts: the ports of this server's own datagram services of this
        kind.
    @param broadcasts: the broadcast addresses of this machine's interfaces, as
        L{txinetd.internal.broadcasts.interfaceBroadcasts} finds them.
    @return: the reason, or C{None} where it may be answered.
    """
    if peerPort == 0:
        return "port 0 cannot be answered"
    if peerPort in ANSWERING_PORTS:
        return f"port {peerPort} belongs to a service that answers"
    if peerPort in ownPorts:
        return f"port {peerPort} is one of this server's own"
    try:
        address = ip_address(peerHost)
    except ValueError:
        return "not an address"
    if isinstance(address, IPv6Address):
        address = _embedded(address) or address
    return _groupAddress(address, broadcasts)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """
    The IPv4 address within an IPv4-mapped (C{::ffff:a.b.c.d}) or the obsolete
    IPv4-compatible (C{::a.b.c.d}) form.
    """
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    value = int(address)
    # :: and ::1 have this form too and are IPv6's own.
    return IPv4Address(value) if 1 < value < 2**32 else None


def _groupAddress(address: IPv4Address | IPv6Address, broadcasts: Collection[str]) -> str | None:
    """
    Why an address is not one machine's, or C{None} where it is.
    """
    if address.is_unspecified:
        return "unspecified address"
    if address.is_multicast:
        return "multicast address"
    if isinstance(address, IPv6Address):
        return None
    if address in _THIS_NETWORK:
        return "address of no machine (0/8)"
    if address in _TOP_NETWORK or str(address) in broadcasts:
        return "broadcast address"
    return None


@attrs.define
class LoopGuard:
    """
    L{refusal} with what it must know about this server, shared by all of its
    datagram services.  A reload, or an interface that comes up, replaces the
    attributes.

    @ivar ownPorts: see L{refusal}.
    @ivar broadcasts: see L{refusal}.
    """

    ownPorts: Collection[int] = frozenset()
    broadcasts: Collection[str] = frozenset()

    def __call__(self, peerHost: str, peerPort: int) -> str | None:
        """
        Why a datagram from there is not to be answered, or C{None}.
        """
        return refusal(peerHost, peerPort, self.ownPorts, self.broadcasts)
