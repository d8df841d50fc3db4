# -*- test-case-name: tests.test_config_systemd_dialect -*-
"""
C{IPAddressAllow} and C{IPAddressDeny}: whom the first names is let in, whom only the
second names is not, and everybody else is.

What they say in the service's unit is about what the server itself does with other
sockets, and cannot be carried out.
"""

from __future__ import annotations

from txinetd.config.settings.networks import networkText
from txinetd.config.systemd.scope import Scope
from txinetd.config.systemd.tables import NAMED_NETWORKS
from txinetd.config.text import shown
from txinetd.gate.networks import AddressProblem, networks
from txinetd.policy import Access, AddressRule, Network

__all__ = ["access"]

_SECTION = "Socket"


def access(scope: Scope) -> Access:
    """
    Who may come in.
    """
    allowed = _rules(scope, "IPAddressAllow", True)
    denied = _rules(scope, "IPAddressDeny", False)
    every = [network for rule in denied for network in rule.networks]
    everybody = {each.version for each in every if _isAll(each)} == {4, 6}
    if everybody:
        # Whoever is not let in is kept out: that needs no rules.
        return Access(rules=allowed, default=False)
    return Access(rules=(*allowed, *denied))


def _isAll(network: Network) -> bool:
    """
    Whether a network is all of its family.
    """
    last = 2**32 - 1 if network.version == 4 else 2**128 - 1
    return (network.first, network.last) == (0, last)


def _rules(scope: Scope, key: str, allow: bool) -> tuple[AddressRule, ...]:
    """
    The rules of one setting.
    """
    found: list[AddressRule] = []
    for at, word in scope.resolvedWords(_SECTION, key):
        scope.reporter.path = at.path
        origin = scope.reporter.origin(word.token)
        for text in NAMED_NETWORKS.get(word.text, (word.text,)):
            try:
                made = networks(text)
            except AddressProblem as problem:
                expected = "an address, ADDRESS/LENGTH, any, localhost, link-local or multicast"
                token = word.token
                scope.drop(at, token, "bad-address", shown(token.text), expected, problem.hint)
                continue
            found += [
                AddressRule(allow, (network,), networkText(network), None, origin)
                for network in made
            ]
    return tuple(found)
