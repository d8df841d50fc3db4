# -*- test-case-name: tests.test_config_settings -*-
"""
Addresses as settings write them.
"""

from __future__ import annotations

import ipaddress

from txinetd.policy import Network

__all__ = ["networkText"]


def networkText(network: Network) -> str:
    """
    Addresses in the shortest form that L{txinetd.gate.networks.networks} reads.
    """
    kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    first, last = kind(network.first), kind(network.last)
    if first == last:
        return str(first)
    free = (network.first ^ network.last).bit_length()
    if network.last - network.first == (1 << free) - 1 and not network.first & ((1 << free) - 1):
        return f"{first}/{first.max_prefixlen - free}"
    return f"{first}-{last}"
