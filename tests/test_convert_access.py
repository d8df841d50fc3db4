"""
Tests for L{txinetd.convert.access}: rules as two lists.
"""

from __future__ import annotations

import ipaddress

from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from tests.spec_strategies import accesses
from txinetd.config.systemd.tables import NAMED_NETWORKS
from txinetd.convert.access import MOST_NETWORKS, addressLists
from txinetd.gate.addressrules import AddressRules
from txinetd.gate.rule import Source
from txinetd.policy import Access, AddressRule, Network, Order

TEN = Network(4, 10 << 24, (11 << 24) - 1)
PART = Network(4, (10 << 24) + 256, (10 << 24) + 511)


def granted(lists: tuple[list[str], list[str]], version: int, number: int) -> bool:
    """
    What systemd says about an address.
    """
    address = (ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address)(number)

    def listed(words: list[str]) -> bool:
        """
        Whether it is in a list.
        """
        texts = [text for word in words for text in NAMED_NETWORKS.get(word, (word,))]
        return any(address in ipaddress.ip_network(text) for text in texts)

    return listed(lists[0]) or not listed(lists[1])


class ListTests(SynchronousTestCase):
    """
    Tests for L{addressLists}.
    """

    def test_plain(self) -> None:
        """
        Rules in systemd's own form are written as they are.
        """
        allow, deny = AddressRule(True, (PART,), "part"), AddressRule(False, (TEN,), "ten")
        self.assertEqual(addressLists(Access((allow, deny))), (["10.0.1.0/24"], ["10.0.0.0/8"]))
        self.assertEqual(addressLists(Access((allow,), default=False)), (["10.0.1.0/24"], ("any",)))
        self.assertEqual(addressLists(Access((), default=False)), ([], ("any",)))

    def test_others(self) -> None:
        """
        Of others, those that are let in or those that are kept out are listed.
        """
        allow, deny = AddressRule(True, (PART,), "part"), AddressRule(False, (TEN,), "ten")
        found = addressLists(Access((deny, allow), Order.FIRST))
        self.assertEqual(found, ((), ["10.0.0.0/8"]))
        found = addressLists(Access((deny, allow), Order.LONGEST, default=False))
        self.assertEqual(found, (["10.0.1.0/24"], ("any",)))

    def test_nobody(self) -> None:
        """
        A host that is kept out and whose addresses are not known keeps everybody out.
        """
        blind = AddressRule(False, (), "somewhere", host="somewhere")
        self.assertEqual(addressLists(Access((blind,))), ((), ("any",)))

    def test_tooMany(self) -> None:
        """
        Lists have an end.
        """
        rules = tuple(
            AddressRule(bool(number % 2), (Network(4, number, number),), str(number))
            for number in range(4 * MOST_NETWORKS)
        )
        self.assertIsNone(addressLists(Access(rules)))

    @given(accesses)
    def test_same(self, access: Access) -> None:
        """
        For every address at which something may change, the lists say what the rules do.
        """
        lists = addressLists(access)
        assert lists is not None
        both = (list(lists[0]), list(lists[1]))
        rules = AddressRules(access)
        ends = {
            (network.version, number + step)
            for rule in access.rules
            for network in rule.networks
            for number in (network.first, network.last)
            for step in (-1, 0, 1)
        } | {(4, 0), (6, 0)}
        for version, number in ends:
            if 0 <= number < 2 ** (32 if version == 4 else 128):
                allowed = rules.check(Source(version, number, "-"), 0.0) is None
                self.assertEqual(granted(both, version, number), allowed, (version, number))
