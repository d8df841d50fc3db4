# -*- test-case-name: tests.test_config_settings -*-
"""
The forms of addresses in rules, and of times: the one place where settings read
them.
"""

from __future__ import annotations

import ipaddress
import re

from txinetd.policy import Network

__all__ = ["network", "networkText", "timeOfDay", "timeText"]

_DAY = 24 * 60
_INTERVAL = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")


def network(text: str) -> Network | None:
    """
    An address, address/length, address/mask, or address-address.

    @return: the addresses, or C{None} where C{text} is none of these.
    """
    first, dash, last = text.partition("-")
    try:
        if dash:
            lowest, highest = ipaddress.ip_address(first), ipaddress.ip_address(last)
            if lowest.version != highest.version or int(lowest) > int(highest):
                return None
            return Network(lowest.version, int(lowest), int(highest))
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return Network(found.version, int(found.network_address), int(found.broadcast_address))


def networkText(network: Network) -> str:
    """
    Addresses in the shortest form that L{network} reads.
    """
    kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    first, last = kind(network.first), kind(network.last)
    if first == last:
        return str(first)
    free = (network.first ^ network.last).bit_length()
    if network.last - network.first == (1 << free) - 1 and not network.first & ((1 << free) - 1):
        return f"{first}/{first.max_prefixlen - free}"
    return f"{first}-{last}"


def timeOfDay(text: str) -> tuple[int, int] | None:
    """
    C{hour:minute-hour:minute}, the whole of the last minute included; it may go past
    midnight, or end with the day at C{24:00}.

    @return: the first minute of the day, and the one after the last; or C{None}.
    """
    match = _INTERVAL.fullmatch(text) if text.isascii() else None
    if match is None:
        return None
    hours, minutes, lastHours, lastMinutes = map(int, match.groups())
    first, last = hours * 60 + minutes, lastHours * 60 + lastMinutes
    if minutes > 59 or lastMinutes > 59 or first >= _DAY or last > _DAY or first == last:
        return None
    return first, min(last + 1, _DAY)


def timeText(interval: tuple[int, int]) -> str:
    """
    An interval as L{timeOfDay} reads it.
    """
    first, end = interval
    last = (end - 1) % _DAY
    return f"{first // 60}:{first % 60:02}-{last // 60}:{last % 60:02}"
