# -*- test-case-name: tests.test_gate_networks -*-
"""
The forms in which addresses are written.

Those that mean the same everywhere::

    192.0.2.1, 2001:db8::1, [2001:db8::1]    one address
    192.0.2.0/24, 2001:db8::/32              its first bits
    192.0.2.0/255.255.255.0                  the same
    192.0.2.10-192.0.2.20                    from one to another

C{all}, for every address, and those that xinetd.conf(5) has instead, for IPv4 only::

    192.0.2.0, 10.0.0.0, 0.0.0.0             zeros at the end stand for anything
    10.1.{2,3}, 10.1.2.{3,4}                 one of several, the rest anything
    10.1.                                    what is not there is anything

An IPv6 address that stands for an IPv4 one is that one.  Names are not looked up
here, and what could be read in two ways is refused: C{10.1} (to inet_aton(3) that is
10.0.0.1), C{010.0.0.1} (there that is 8.0.0.1), C{fe80::1%eth0} (rules know of no
interfaces).
"""

from __future__ import annotations

import ipaddress
import re

from txinetd.policy import Network

__all__ = [
    "EVERY_IPV4",
    "EVERY_IPV6",
    "AddressProblem",
    "beginning",
    "isHostName",
    "mappedPart",
    "networks",
    "single",
    "xinetdNetworks",
]

_BITS = {4: 32, 6: 128}

#: Where IPv6 has the addresses that stand for IPv4 ones, C{::ffff:0:0/96}.
_MAPPED = 0xFFFF << 32

EVERY_IPV4 = Network(4, 0, 2**32 - 1)
EVERY_IPV6 = Network(6, 0, 2**128 - 1)

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
#: What inet_aton(3) takes for a number, and getaddrinfo(3) therefore for an address.
_ATON = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_LENGTH = re.compile(r"[0-9]{1,3}")
_OCTETS = re.compile(r"((?:[0-9]+\.)*)(?:\{([^{}]*)\})?")

_EXPECTED = "an address, address/length, address/mask or address-address"
_XINETD_EXPECTED = "an address, address/length, or 10.1.{2,3}, as xinetd.conf(5) has them"


class AddressProblem(ValueError):
    """
    A text that stands for no addresses.

    @ivar found: what is wrong in it.
    @ivar expected: what could stand there.
    @ivar hint: what to write, or empty.
    """

    def __init__(self, found: str, expected: str, hint: str = "") -> None:
        text = f"found {found}; expected {expected}"
        super().__init__(f"{text}; {hint}" if hint else text)
        self.found = found
        self.expected = expected
        self.hint = hint


def isHostName(text: str) -> bool:
    """
    Whether C{text} can be a host's name.  What inet_aton(3) would take for an
    address cannot.
    """
    if len(text) > 253 or _HOST.fullmatch(text) is None:
        return False
    return _ATON.fullmatch(text.rstrip(".").rpartition(".")[2]) is None


def single(address: str) -> Network:
    """
    One numeric address.  A scope does not count: the sources of arrivals have none.

    @raise ValueError: if it is none.
    """
    return _parsed(address.partition("%")[0])


def mappedPart(network: Network) -> Network | None:
    """
    The IPv4 addresses that stand as IPv6 ones inside of a network of IPv6, or
    C{None} where there are none.

    A server that hears both families on one socket, and compares bits, counts them
    in.
    """
    first = max(network.first, _MAPPED)
    last = min(network.last, _MAPPED + 2**32 - 1)
    if network.version != 6 or first > last:
        return None
    return Network(4, first - _MAPPED, last - _MAPPED)


def beginning(network: Network) -> str:
    """
    The lowest address of a network, as text.
    """
    kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    return str(kind(network.first))


def networks(text: str) -> tuple[Network, ...]:
    """
    Read one word.  All of its octets count, zeros, too.

    @raise AddressProblem: if it stands for no addresses.
    """
    if text == "all":
        return (EVERY_IPV4, EVERY_IPV6)
    return _common(text, _EXPECTED)


def xinetdNetworks(text: str) -> tuple[Network, ...]:
    """
    Read one word of xinetd's C{only_from} or C{no_access}.

    @raise AddressProblem: if it stands for no addresses.
    """
    match = _OCTETS.fullmatch(text)
    if match is not None and text:
        return _factorised(text, match[1].split(".")[:-1], match[2])
    found = _common(text, _XINETD_EXPECTED)
    if "/" in text or "-" in text or ":" in text:
        return found
    (address,) = found
    free = 0
    while free < 32 and not address.first >> free & 0xFF:
        free += 8
    return (_cut(4, address.first, 32 - free),)


def _common(text: str, expected: str) -> tuple[Network, ...]:
    """
    The forms that both have.
    """
    if text.startswith("@"):
        hint = "write its hosts or networks one by one"
        raise AddressProblem("a netgroup, which is not supported", expected, hint)
    if "%" in text:
        hint = "rules by interface are not supported"
        raise AddressProblem("an address with a scope", expected, hint)
    if "," in text and "{" not in text:
        raise AddressProblem("a comma", expected, "put blanks between addresses")
    if "/" in text:
        address, _, length = text.partition("/")
        return (_prefix(_address(address, expected), length),)
    if "-" in text:
        first, _, last = text.partition("-")
        return _range(_address(first, expected), _address(last, expected))
    return (_mapped(_address(text, expected)),)


def _parsed(text: str, raw: bool = False) -> Network:
    """
    One address, as IPv4 if it stands for such a one.

    @param raw: leave it as it is.
    @raise ValueError: if it is none.
    """
    found = ipaddress.ip_address(text)
    network = Network(found.version, int(found), int(found))
    return network if raw else _mapped(network)


def _mapped(network: Network) -> Network:
    """
    A network, as one of IPv4 if all of it stands for such addresses.
    """
    inside = mappedPart(network)
    if inside is None or inside.last - inside.first != network.last - network.first:
        return network
    return inside


def _address(text: str, expected: str) -> Network:
    """
    One address as it is written, with or without brackets.
    """
    bare = text
    if text.startswith("[") and text.endswith("]") and ":" in text:
        bare = text[1:-1]
    try:
        return _parsed(bare, raw=True)
    except ValueError:
        pass
    octets = bare.split(".")
    hint = ""
    if all(each.isascii() and each.isdigit() for each in octets if each) and any(octets):
        if any(len(each) > 1 and each.startswith("0") for each in octets):
            hint = "write numbers without zeros before them: to some programs they are octal"
        elif any(int(each[:9]) > 255 for each in octets if each):
            hint = "no number in an IPv4 address is over 255"
        elif len(octets) < 4 or not octets[-1]:
            hint = "write all four numbers of the address, and /length"
    found = f"{text!a}, which is no address" if text else "no address"
    raise AddressProblem(found, expected, hint)


def _cut(version: int, number: int, length: int) -> Network:
    """
    All addresses that begin as one does.
    """
    free = (1 << (_BITS[version] - length)) - 1
    return Network(version, number & ~free, number | free)


def _prefix(address: Network, length: str) -> Network:
    """
    The addresses whose first bits, or whose bits in a mask, are those of C{address}.
    """
    bits = _BITS[address.version]
    expected = f"a length from 0 to {bits}"
    if _LENGTH.fullmatch(length):
        if int(length) > bits:
            raise AddressProblem(f"the length {length!a}", expected)
        return _mapped(_cut(address.version, address.first, int(length)))
    if address.version == 4:
        expected = f"{expected}, or a mask such as 255.255.255.0"
    try:
        mask = _parsed(length, raw=True)
    except ValueError:
        raise AddressProblem(f"the length {length!a}", expected) from None
    free = mask.first ^ ((1 << bits) - 1)
    if mask.version != address.version:
        raise AddressProblem(f"the mask {length!a} of another family", expected)
    if free & (free + 1):
        hint = "the ones of a mask come first"
        if not mask.first & (mask.first + 1):
            hint = f"as a mask of those it is {ipaddress.ip_address(free)}"
        raise AddressProblem(f"the mask {length!a}", expected, hint)
    return _mapped(_cut(address.version, address.first, bits - free.bit_length()))


def _range(first: Network, last: Network) -> tuple[Network, ...]:
    """
    From one address to another.
    """
    expected = "two addresses of one family, the lower first"
    if first.version != last.version:
        raise AddressProblem("a range from one family to another", expected)
    if first.first > last.last:
        raise AddressProblem("a range that ends before it begins", expected)
    return (_mapped(Network(first.version, first.first, last.last)),)


def _octet(text: str, whole: str) -> int:
    """
    One number of an IPv4 address.
    """
    if not (text.isascii() and text.isdigit()) or len(text) > 3 or int(text) > 255:
        raise AddressProblem(f"{text!a} in {whole!a}", "a number from 0 to 255")
    if len(text) > 1 and text.startswith("0"):
        hint = "write numbers without zeros before them: to some programs they are octal"
        raise AddressProblem(f"{text!a} in {whole!a}", "a number from 0 to 255", hint)
    return int(text)


def _factorised(text: str, fixed: list[str], factors: str | None) -> tuple[Network, ...]:
    """
    What begins with some octets, perhaps followed by one of several.
    """
    length = 8 * (len(fixed) + (factors is not None))
    if length > 32 or (factors is None and length == 32):
        raise AddressProblem(f"{text!a}, which has too many numbers", _XINETD_EXPECTED)
    number = 0
    for octet in fixed:
        number = number << 8 | _octet(octet, text)
    if factors is None:
        return (_cut(4, number << (32 - length), length),)
    ends = sorted({_octet(each, text) for each in factors.split(",")})
    return tuple(_cut(4, (number << 8 | end) << (32 - length), length) for end in ends)
