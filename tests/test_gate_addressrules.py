# -*- test-case-name: tests.test_gate_addressrules -*-
"""
Tests for L{txinetd.gate.addressrules}.
"""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txinetd.gate.addressrules import AddressRules
from txinetd.gate.networks import networks
from txinetd.gate.rule import NOBODY, Source, sourceOf
from txinetd.origin import Origin
from txinetd.policy import Access, AddressRule, Network, Order

#: So few addresses that rules overlap, begin and end together, and reach both ends.
TOP = {4: 2**32 - 1, 6: 2**128 - 1}
places = st.integers(0, 12) | st.integers(-4, -1)


@st.composite
def ranges(draw: st.DrawFn) -> Network:
    """
    A network at either end of the addresses.
    """
    version = draw(st.sampled_from((4, 6)))
    ends = sorted(each % (TOP[version] + 1) for each in (draw(places), draw(places)))
    return Network(version, *ends)


rules = st.lists(
    st.builds(
        AddressRule,
        st.booleans(),
        st.lists(ranges(), max_size=3).map(tuple),
        st.just("-"),
        st.sampled_from((None, None, None, "host")),
    ),
    max_size=8,
).map(tuple)
accesses = st.builds(Access, rules, st.sampled_from(Order), st.booleans())


def rule(allow: bool, *words: str, line: int = 0) -> AddressRule:
    """
    A rule about some addresses.
    """
    found = tuple(network for word in words for network in networks(word))
    return AddressRule(allow, found, " ".join(words), origin=Origin("f", line))


def plainly(access: Access, source: Source) -> AddressRule | None:
    """
    Which rule counts, by looking at all of them.
    """
    found: list[tuple[int, bool, int]] = []
    for position, each in enumerate(access.rules):
        if each.host and not each.allow and not each.networks:
            found.append((0, False, position))
        for network in each.networks:
            if network.version != source.version:
                continue
            if network.first <= source.number <= network.last:
                size = network.last - network.first
                longest = access.order is Order.LONGEST
                found.append((size, each.allow, position) if longest else (0, False, position))
    return access.rules[min(found)[2]] if found else None


class FirstTests(SynchronousTestCase):
    """
    Tests for L{AddressRules} where the first rule that fits counts.
    """

    access = AddressRules(
        Access(
            (
                rule(True, "10.0.0.1", line=1),
                rule(False, "10.0.0.0/8", "2001:db8::/32", line=2),
                rule(True, "all", line=3),
            )
        )
    )

    def allowed(self, address: str) -> bool:
        """
        Whether an address is let in.
        """
        return self.access.check(sourceOf(address), 0) is None

    def test_first(self) -> None:
        """
        The first rule that fits is the one that counts.
        """
        self.assertTrue(self.allowed("10.0.0.1"))
        self.assertFalse(self.allowed("10.0.0.0"))
        self.assertFalse(self.allowed("10.255.255.255"))
        self.assertTrue(self.allowed("11.0.0.0"))
        self.assertTrue(self.allowed("9.255.255.255"))

    def test_families(self) -> None:
        """
        A rule about one family says nothing about the other.
        """
        self.assertFalse(self.allowed("2001:db8::1"))
        self.assertTrue(self.allowed("2001:db9::"))
        self.assertTrue(self.allowed("::10.0.0.2"))

    def test_mapped(self) -> None:
        """
        An IPv6 address that stands for an IPv4 one is subject to the rules for that.
        """
        self.assertTrue(self.allowed("::ffff:10.0.0.1"))
        self.assertFalse(self.allowed("::ffff:10.0.0.2"))

    def test_refusal(self) -> None:
        """
        A refusal says which rule it was, and where that was read.
        """
        refusal = self.access.check(sourceOf("10.0.0.2"), 0)
        assert refusal is not None
        self.assertEqual((refusal.rule, refusal.until, refusal.perSource), ("access", None, True))
        self.assertIn("10.0.0.0/8 2001:db8::/32", refusal.reason)
        self.assertEqual(refusal.origin, Origin("f", 2))

    def test_explained(self) -> None:
        """
        All rules that fit are told, with the one that counts.
        """
        told = self.access.explanation(sourceOf("10.0.0.1"))
        self.assertTrue(told.allowed)
        self.assertEqual([each.origin.line for each in told.fitting], [1, 2, 3])
        assert told.decisive is not None
        self.assertEqual(told.decisive.origin.line, 1)
        told = self.access.explanation(sourceOf("10.0.0.2"))
        self.assertFalse(told.allowed)
        self.assertEqual([each.origin.line for each in told.fitting], [2, 3])


class LongestTests(SynchronousTestCase):
    """
    Tests for L{AddressRules} where the rule with the fewest addresses counts.
    """

    def allowed(self, address: str, *listed: AddressRule) -> bool:
        """
        Whether rules let an address in.
        """
        access = AddressRules(Access(listed, Order.LONGEST, False))
        told = access.explanation(sourceOf(address)).allowed
        self.assertEqual(access.check(sourceOf(address), 0) is None, told)
        return told

    def test_better(self) -> None:
        """
        The better match wins, wherever it stands.
        """
        only, no = rule(True, "128.138.209.0/24"), rule(False, "128.138.209.10")
        for listed in ((only, no), (no, only)):
            self.assertFalse(self.allowed("128.138.209.10", *listed))
            self.assertTrue(self.allowed("128.138.209.11", *listed))
        self.assertTrue(
            self.allowed("10.1.1.1", rule(False, "10.0.0.0/8"), rule(True, "10.1.0.0/16"))
        )

    def test_alike(self) -> None:
        """
        Of two alike the one that keeps out wins.
        """
        only, no = rule(True, "10.0.0.0/8"), rule(False, "10.0.0.0/8")
        for listed in ((only, no), (no, only)):
            self.assertFalse(self.allowed("10.1.1.1", *listed))

    def test_ofOneRule(self) -> None:
        """
        Where several networks of one rule fit, the smallest is its measure.
        """
        only = rule(True, "10.0.0.0/8", "10.1.1.1")
        self.assertTrue(self.allowed("10.1.1.1", rule(False, "10.1.0.0/16"), only))
        self.assertFalse(self.allowed("10.1.1.2", rule(False, "10.1.0.0/16"), only))


class AllTests(SynchronousTestCase):
    """
    Tests for L{AddressRules} in either order.
    """

    def test_none(self) -> None:
        """
        Where no rule fits, what holds without one does.
        """
        for order in Order:
            for default in (True, False):
                access = AddressRules(Access((rule(not default, "10.0.0.1"),), order, default))
                for address in ("10.0.0.0", "10.0.0.2", "::1"):
                    refusal = access.check(sourceOf(address), 0)
                    self.assertEqual(refusal is None, default)
                    self.assertEqual(access.explanation(sourceOf(address)).allowed, default)
                    self.assertIsNone(access.explanation(sourceOf(address)).decisive)

    def test_nobody(self) -> None:
        """
        A rule about no address fits nobody.
        """
        access = AddressRules(Access((AddressRule(True, (), "gone"),), default=False))
        refusal = access.check(sourceOf("10.0.0.1"), 0)
        assert refusal is not None
        self.assertIn("no rule", refusal.reason)
        self.assertIsNone(refusal.origin)

    def test_unknownHost(self) -> None:
        """
        As long as nobody knows who is to be kept out, nobody is let in but by a rule
        that counts before that one.
        """
        unknown = AddressRule(False, (), "bad.example", "bad.example")
        access = AddressRules(Access((rule(True, "10.0.0.1"), unknown, rule(True, "all"))))
        self.assertIsNone(access.check(sourceOf("10.0.0.1"), 0))
        for address in ("10.0.0.2", "2001:db8::1"):
            refusal = access.check(sourceOf(address), 0)
            assert refusal is not None
            self.assertIn("bad.example keeps out a host whose addresses", refusal.reason)
            self.assertEqual(access.explanation(sourceOf(address)).decisive, unknown)
        access = AddressRules(Access((rule(True, "10.0.0.1"), unknown), Order.LONGEST))
        self.assertIsNotNone(access.check(sourceOf("10.0.0.1"), 0))

    def test_noAddress(self) -> None:
        """
        Who comes from the same machine, without an internet address, is not subject to
        rules about them.
        """
        access = AddressRules(Access((rule(False, "all"),), default=False))
        source = Source(0, 1000, "uid 1000")
        self.assertIsNone(access.check(source, 0))
        self.assertTrue(access.explanation(source).allowed)

    def test_unknownAddress(self) -> None:
        """
        Whose address cannot be known is refused, whatever the rules say.
        """
        access = AddressRules(Access((rule(True, "all"),)))
        refusal = access.check(NOBODY, 0)
        assert refusal is not None
        self.assertEqual(refusal.reason, "the address cannot be known")
        self.assertFalse(access.explanation(NOBODY).allowed)

    @given(accesses)
    def test_asPlainly(self, access: Access) -> None:
        """
        For every address at which something may change, the decision is that of
        looking at all rules.
        """
        compiled = AddressRules(access)
        for version in (4, 6):
            for place in (*range(14), *range(-6, 0)):
                source = Source(version, place % (TOP[version] + 1), "-")
                expected = plainly(access, source)
                told = compiled.explanation(source)
                self.assertIs(told.decisive, expected)
                self.assertEqual(
                    told.allowed, access.default if expected is None else expected.allow
                )
                self.assertEqual(compiled.check(source, 0) is None, told.allowed)

    @given(accesses)
    def test_stretches(self, access: Access) -> None:
        """
        The stretches are all addresses, each let in or kept out as the rules say, and no
        two neighbours are alike.
        """
        compiled = AddressRules(access)
        for version in (4, 6):
            found = list(compiled.stretches(version))
            self.assertEqual((found[0][0], found[-1][1]), (0, TOP[version]))
            for (_, last, allowed), (first, _, other) in pairwise(found):
                self.assertEqual((last + 1, allowed), (first, not other))
            for first, last, allowed in found:
                for number in (first, last):
                    told = compiled.explanation(Source(version, number, "-"))
                    self.assertEqual(told.allowed, allowed)

    @given(accesses)
    def test_small(self, access: Access) -> None:
        """
        There are never more stretches than networks have ends, and no two neighbours
        in which the same rule counts.
        """
        compiled = AddressRules(access)
        for version, (starts, numbers) in compiled._stretches.items():
            count = sum(
                sum(each.version == version for each in rule.networks) or bool(rule.host)
                for rule in access.rules
            )
            self.assertLessEqual(len(starts), 2 * count + 1)
            self.assertEqual(starts, sorted(set(starts)))
            self.assertEqual(len(starts), len(numbers))
            self.assertTrue(all(a != b for a, b in pairwise(numbers)))

    def test_many(self) -> None:
        """
        Networks within networks, as deep as there are lengths, are still one list.
        """
        listed = [
            AddressRule(bool(length % 2), (Network(6, 0, (1 << (128 - length)) - 1),), str(length))
            for length in range(129)
        ]
        access = AddressRules(Access(tuple(listed), Order.LONGEST))
        for length in range(128):
            told = access.explanation(Source(6, (1 << (128 - length)) - 1, "-"))
            self.assertEqual((told.allowed, len(told.fitting)), (bool(length % 2), length + 1))
