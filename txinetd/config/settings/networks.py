# -*- test-case-name: tests.test_config_settings -*-
"""
The forms of addresses in rules, and of times of the day: the one place where settings
read and write them.
"""

from __future__ import annotations

import ipaddress
import re

from txinetd.config.text import shown
from txinetd.policy import Network

__all__ = [
    "AddressProblem",
    "TimesProblem",
    "networkText",
    "networks",
    "parseTimes",
    "timesText",
    "xinetdNetworks",
]

_DAY = 24 * 60
_INTERVAL = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")


class _Unreadable(ValueError):
    """
    A text that cannot be read.

    @ivar found: what is wrong in it.
    @ivar expected: what could stand there.
    @ivar hint: what to write, or empty.
    """

    def __init__(self, found: str, expected: str, hint: str = "") -> None:
        super().__init__(found, expected, hint)
        self.found = found
        self.expected = expected
        self.hint = hint


class AddressProblem(_Unreadable):
    """
    A text that stands for no addresses.
    """


class TimesProblem(_Unreadable):
    """
    A text that stands for no times of the day.
    """


def networks(text: str) -> tuple[Network, ...]:
    """
    An address, address/length, address/mask, or address-address.

    @raise AddressProblem: it is none of these.
    """
    first, dash, last = text.partition("-")
    try:
        if dash:
            lowest, highest = ipaddress.ip_address(first), ipaddress.ip_address(last)
            if lowest.version == highest.version and int(lowest) <= int(highest):
                return (Network(lowest.version, int(lowest), int(highest)),)
        else:
            found = ipaddress.ip_network(text, strict=False)
            lowest, highest = found.network_address, found.broadcast_address
            return (Network(found.version, int(lowest), int(highest)),)
    except ValueError:
        pass
    expected = "an address, address/length, address/mask or address-address"
    raise AddressProblem(shown(text), expected)


def xinetdNetworks(text: str) -> tuple[Network, ...]:
    """
    The same for rules of xinetd's.

    @raise AddressProblem: it is none of these.
    """
    return networks(text)


def networkText(network: Network) -> str:
    """
    Addresses in the shortest form that L{networks} reads.
    """
    kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    first, last = kind(network.first), kind(network.last)
    if first == last:
        return str(first)
    free = (network.first ^ network.last).bit_length()
    if network.last - network.first == (1 << free) - 1 and not network.first & ((1 << free) - 1):
        return f"{first}/{first.max_prefixlen - free}"
    return f"{first}-{last}"


def parseTimes(text: str) -> tuple[tuple[int, int], ...]:
    """
    C{hour:minute-hour:minute}, with blanks between several; the whole of the last minute
    is in it.  It may go past midnight, or end with the day at C{24:00}.

    @return: for each the first minute of the day, and the one after the last.
    @raise TimesProblem: one of them is none.
    """
    return tuple(_interval(each) for each in text.split() or [text])


def _interval(word: str) -> tuple[int, int]:
    """
    One of them.
    """
    match = _INTERVAL.fullmatch(word)
    if match is not None:
        hours, minutes, lastHours, lastMinutes = map(int, match.groups())
        first, last = hours * 60 + minutes, lastHours * 60 + lastMinutes
        inDay = first < _DAY and last <= _DAY and first != last
        if inDay and minutes < 60 and lastMinutes < 60:
            return first, min(last + 1, _DAY)
    expected = "hour:minute-hour:minute, such as 8:00-17:00"
    raise TimesProblem(shown(word), expected)


def timesText(times: tuple[tuple[int, int], ...]) -> str:
    """
    Intervals as L{parseTimes} reads them.
    """
    texts = []
    for first, end in times:
        last = (end - 1) % _DAY
        texts.append(f"{first // 60}:{first % 60:02}-{last // 60}:{last % 60:02}")
    return " ".join(texts)
