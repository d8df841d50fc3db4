# -*- test-case-name: tests.test_convert_access -*-
"""
What becomes of rules by address: C{IPAddressAllow} and C{IPAddressDeny} of
systemd.resource-control(5).

With systemd, whom C{IPAddressAllow} names is let in, whom only C{IPAddressDeny} names
is not, and everybody else is.  Rules of which the first counts, or the narrowest, say
who is let in all the same: where they do not have that form, the addresses that they
let in, or those that they keep out, are listed instead.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterable, Sequence

from txinetd.convert.draft import Draft
from txinetd.gate.addressrules import AddressRules
from txinetd.policy import Access, AddressRule, Network, Order
from txinetd.spec import InetAddress, ServiceSpec

__all__ = ["MOST_NETWORKS", "addressLists", "carryRules"]

#: So many networks are written, each way.
MOST_NETWORKS = 1024

_ANY = "any"

#: The keys of rules, for what is said about them.
_WORDS = {
    (Order.FIRST, True): "allow",
    (Order.FIRST, False): "deny",
    (Order.LONGEST, True): "only_from",
    (Order.LONGEST, False): "no_access",
}


def carryRules(draft: Draft, spec: ServiceSpec) -> None:
    """
    Write the rules.  Who has no internet address is not subject to them.
    """
    access = spec.access
    internet = any(isinstance(each, InetAddress) for each in spec.addresses)
    if not internet or (not access.rules and access.default):
        return
    name = _WORDS[access.order, access.rules[0].allow] if access.rules else "access_default"
    for rule in access.rules:
        if rule.host is None:
            continue
        word = _WORDS[access.order, rule.allow]
        if rule.allow:
            text = f"the addresses that {rule.text} has today; systemd looks up no names"
            draft.change(word, text)
        else:
            text = f"{rule.text} is kept out only while it has the addresses of today"
            draft.unprotect(word, text)
    lists = addressLists(access)
    if lists is None:
        draft.unprotect(name, f"more than {MOST_NETWORKS} networks")
        return
    allowed, denied = lists
    draft.socket += [("IPAddressAllow", each) for each in allowed]
    draft.socket += [("IPAddressDeny", each) for each in denied]
    if allowed or denied:
        text = (
            "IPAddressAllow= and IPAddressDeny= drop packets, and nobody is told; where the"
            " kernel cannot do it, systemd only logs that"
        )
        draft.change(name, text)


def addressLists(access: Access) -> tuple[Sequence[str], Sequence[str]] | None:
    """
    The rules as two lists, of whom to let in and of whom to keep out unless the other
    has him.

    @return: C{None} where they would be too long.
    """
    plain = _plain(access)
    if plain is not None:
        return plain
    rules = AddressRules(access)
    sides: dict[bool, list[str]] = {True: [], False: []}
    for version in (4, 6):
        for first, last, allow in rules.stretches(version):
            left = MOST_NETWORKS + 1 - len(sides[allow])
            found = itertools.islice(_prefixes(Network(version, first, last)), max(left, 0))
            sides[allow] += found
    if not sides[False]:
        return (), ()
    if not sides[True]:
        return (), (_ANY,)
    if len(sides[True]) <= len(sides[False]):
        lists: tuple[Sequence[str], Sequence[str]] = (sides[True], (_ANY,))
    else:
        lists = ((), sides[False])
    return None if max(map(len, lists)) > MOST_NETWORKS else lists


def _plain(access: Access) -> tuple[Sequence[str], Sequence[str]] | None:
    """
    Rules that have systemd's own form.
    """
    allowed = list(itertools.takewhile(lambda rule: rule.allow, access.rules))
    denied = access.rules[len(allowed) :]
    if access.order is not Order.FIRST or any(rule.allow for rule in denied):
        return None
    if denied and not access.default:
        return None
    if any(rule.host is not None and not rule.networks for rule in denied):
        # It keeps everybody out who is not let in before it.
        return None
    sides = [list(itertools.islice(_all(rules), MOST_NETWORKS + 1)) for rules in (allowed, denied)]
    if max(map(len, sides)) > MOST_NETWORKS:
        return None
    return sides[0], (sides[1] if access.default else (_ANY,))


def _all(rules: Iterable[AddressRule]) -> Iterable[str]:
    """
    All networks of some rules.
    """
    return itertools.chain.from_iterable(
        _prefixes(network) for rule in rules for network in rule.networks
    )


def _prefixes(network: Network) -> Iterable[str]:
    """
    A stretch of addresses as addresses and prefixes.
    """
    if network.version == 4:
        four = ipaddress.summarize_address_range(
            ipaddress.IPv4Address(network.first), ipaddress.IPv4Address(network.last)
        )
        return map(_text, four)
    six = ipaddress.summarize_address_range(
        ipaddress.IPv6Address(network.first), ipaddress.IPv6Address(network.last)
    )
    return map(_text, six)


def _text(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
    """
    One of them.
    """
    if network.prefixlen == network.max_prefixlen:
        return str(network.network_address)
    return str(network)
