# -*- test-case-name: tests.test_gate_networks -*-
"""
Tests for L{txinetd.gate.networks}.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txinetd.gate.networks import (
    EVERY_IPV4,
    EVERY_IPV6,
    AddressProblem,
    beginning,
    isHostName,
    mappedPart,
    networks,
    single,
    xinetdNetworks,
)
from txinetd.gate.rule import sourceOf
from txinetd.policy import Network

Reader = Callable[[str], tuple[Network, ...]]

octets = st.integers(0, 255)
factors = st.lists(octets, min_size=1, max_size=5)


def prefix(text: str) -> Network:
    """
    A network by way of the standard library, which knows no mapped ones.
    """
    found = ipaddress.ip_network(text)
    return Network(found.version, int(found[0]), int(found[-1]))


class CommonTests(SynchronousTestCase):
    """
    Tests for the forms that both L{networks} and L{xinetdNetworks} read.
    """

    def both(self, text: str, *expected: str) -> None:
        """
        Check what a word stands for.
        """
        for reader in (networks, xinetdNetworks):
            self.assertEqual(reader(text), tuple(map(prefix, expected)), text)

    def test_address(self) -> None:
        """
        An address is itself, with brackets where it is of IPv6.
        """
        self.both("192.0.2.1", "192.0.2.1")
        self.both("2001:db8::1", "2001:db8::1")
        self.both("[2001:db8::1]", "2001:db8::1")

    def test_zerosOfIPv6(self) -> None:
        """
        Zeros at the end of an IPv6 address are zeros, in either reading.
        """
        self.both("2001:db8::", "2001:db8::")
        self.both("::", "::")

    def test_length(self) -> None:
        """
        After a slash stands how many bits count; the others may be anything.
        """
        self.both("192.0.2.0/24", "192.0.2.0/24")
        self.both("192.0.2.77/24", "192.0.2.0/24")
        self.both("0.0.0.0/0", "0.0.0.0/0")
        self.both("10.0.0.0/32", "10.0.0.0/32")
        self.both("2001:db8::/32", "2001:db8::/32")
        self.both("[2001:db8::]/32", "2001:db8::/32")
        self.both("::/0", "::/0")

    def test_mask(self) -> None:
        """
        A mask is as good as a length.
        """
        self.both("192.0.2.0/255.255.255.0", "192.0.2.0/24")
        self.both("192.0.2.0/255.255.255.255", "192.0.2.0/32")
        self.both("192.0.2.0/0.0.0.0", "0.0.0.0/0")
        self.both("2001:db8::/ffff:ffff::", "2001:db8::/32")

    def test_range(self) -> None:
        """
        A range has both of its ends, and zeros in it are zeros.
        """
        first = int(ipaddress.ip_address("10.0.0.0"))
        for reader in (networks, xinetdNetworks):
            self.assertEqual(reader("10.0.0.0-10.0.1.5"), (Network(4, first, first + 261),))
        self.both("10.0.0.7-10.0.0.7", "10.0.0.7")

    def test_mapped(self) -> None:
        """
        An IPv6 address, prefix or range that stands for IPv4 is of IPv4.
        """
        self.both("::ffff:192.0.2.0", "192.0.2.0")
        self.both("::ffff:192.0.2.0/120", "192.0.2.0/24")
        self.both("::ffff:0:0/96", "0.0.0.0/0")
        self.both("::ffff:10.0.0.0-::ffff:10.0.0.3", "10.0.0.0/30")
        # Its first bits are also those of addresses that stand for nothing.
        self.both("::ffff:0:0/95", "::fffe:0:0/95")

    def refused(self, text: str, reader: Reader = networks) -> AddressProblem:
        """
        Check that a word is refused.
        """
        with self.assertRaises(AddressProblem) as caught:
            reader(text)
        problem = caught.exception
        assert isinstance(problem, AddressProblem)
        return problem

    def test_refused(self) -> None:
        """
        What stands for no addresses, or could stand for several things, is refused.
        """
        for text in (
            "",
            ".",
            "{}",
            "/24",
            "-",
            "10.0.0.1/",
            "10.0.0.1/33",
            "::1/129",
            "10.0.0.1/-1",
            "10.0.0.1/+8",
            "10.0.0.1/8/8",
            "10.0.0.0/0.0.0.255",
            "10.0.0.0/255.0.255.0",
            "10.0.0.0/ffff::",
            "10.0.0.5-10.0.0.4",
            "10.0.0.1-::1",
            "10.0.0.1-",
            "10.1",
            "10.0.0.256",
            "010.0.0.1",
            "1.2.3.4.5",
            "0x0a.0.0.1",
            "167772161",
            "[10.0.0.1]",
            "[::1",
            "::1]",
            "fe80::1%eth0",
            "@trusted",
            "10.0.0.1,10.0.0.2",
            "\u0661.0.0.1",
            "10.0.0.1\n",
            " 10.0.0.1",
            "*",
        ):
            self.refused(text, networks)
            self.refused(text, xinetdNetworks)

    def test_said(self) -> None:
        """
        A problem says what was found, what was expected, and often what to write.
        """
        problem = self.refused("10.0.0.0/0.0.0.255", networks)
        self.assertEqual(problem.found, "the mask '0.0.0.255'")
        self.assertEqual(problem.hint, "as a mask of those it is 255.255.255.0")
        self.assertIn("found the mask '0.0.0.255'; expected a length", str(problem))
        self.assertIn("netgroup", self.refused("@trusted", networks).found)
        self.assertIn("octal", self.refused("010.0.0.1", networks).hint)
        self.assertIn("octal", self.refused("10.{010}", xinetdNetworks).hint)
        self.assertIn("all four", self.refused("10.1", xinetdNetworks).hint)
        self.assertIn("255", self.refused("10.0.0.256", networks).hint)
        self.assertIn("blanks", self.refused("10.0.0.1,10.0.0.2", networks).hint)
        self.assertNotIn("\x1b", str(self.refused("\x1b[2J", networks)))

    @given(st.text(max_size=30) | st.text("0123456789.:/-{},[]@%fx", max_size=30))
    def test_anything(self, text: str) -> None:
        """
        Whatever is read is either refused or stands for addresses of one family
        each, the lower end first.
        """
        for reader in (networks, xinetdNetworks):
            try:
                found = reader(text)
            except AddressProblem:
                continue
            self.assertTrue(found)
            for each in found:
                self.assertLessEqual(0, each.first)
                self.assertLessEqual(each.first, each.last)
                self.assertLess(each.last, 1 << {4: 32, 6: 128}[each.version])

    @given(st.ip_addresses(), st.data())
    def test_asTheLibraryHasIt(self, address: ipaddress.IPv4Address, data: st.DataObject) -> None:
        """
        Addresses with a length or a mask are what the standard library says.
        """
        length = data.draw(st.integers(0, address.max_prefixlen))
        known = ipaddress.ip_network((address, length), strict=False)
        expected = Network(known.version, int(known[0]), int(known[-1]))
        inside = mappedPart(expected)
        if inside is None:
            self.assertEqual(networks(f"{address}/{length}"), (expected,))
            self.assertEqual(networks(f"{address}/{known.netmask}"), (expected,))

    @given(st.ip_addresses())
    def test_asArrivals(self, address: ipaddress.IPv4Address) -> None:
        """
        An address in a rule and the same address of an arrival are one number.
        """
        (network,) = networks(str(address))
        source = sourceOf(str(address))
        self.assertEqual(network, Network(source.version, source.number, source.number))


class OwnTests(SynchronousTestCase):
    """
    Tests for L{networks}.
    """

    def test_zeros(self) -> None:
        """
        Zeros at the end are part of the address.
        """
        self.assertEqual(networks("10.0.0.0"), (prefix("10.0.0.0/32"),))
        self.assertEqual(networks("0.0.0.0"), (prefix("0.0.0.0/32"),))

    def test_all(self) -> None:
        """
        One word stands for everybody.
        """
        self.assertEqual(networks("all"), (EVERY_IPV4, EVERY_IPV6))

    def test_notXinetds(self) -> None:
        """
        Forms of xinetd are refused.
        """
        for text in ("10.1.", "10.1.{2,3}"):
            self.assertRaises(AddressProblem, networks, text)


class XinetdTests(SynchronousTestCase):
    """
    Tests for L{xinetdNetworks}.
    """

    def test_zeros(self) -> None:
        """
        Zeros at the end of an IPv4 address stand for anything; those between
        other numbers do not.
        """
        for text, expected in (
            ("128.138.12.0", "128.138.12.0/24"),
            ("192.168.0.0", "192.168.0.0/16"),
            ("10.0.0.0", "10.0.0.0/8"),
            ("10.0.1.0", "10.0.1.0/24"),
            ("10.0.0.1", "10.0.0.1/32"),
            ("0.0.0.0", "0.0.0.0/0"),
            ("0.0.0.1", "0.0.0.1/32"),
        ):
            self.assertEqual(xinetdNetworks(text), (prefix(expected),), text)

    def test_factorised(self) -> None:
        """
        What stands in braces are alternatives, at whichever place they end.
        """
        expected = tuple(map(prefix, ("10.1.2.0/24", "10.1.3.0/24")))
        self.assertEqual(xinetdNetworks("10.1.{3,2,3}"), expected)
        expected = tuple(map(prefix, ("10.1.2.0/32", "10.1.2.4/32")))
        self.assertEqual(xinetdNetworks("10.1.2.{0,4}"), expected)
        self.assertEqual(xinetdNetworks("127.{0}"), (prefix("127.0.0.0/16"),))
        self.assertEqual(xinetdNetworks("{127}"), (prefix("127.0.0.0/8"),))

    def test_partial(self) -> None:
        """
        After a dot at the end may come anything.
        """
        self.assertEqual(xinetdNetworks("192.168."), (prefix("192.168.0.0/16"),))
        self.assertEqual(xinetdNetworks("192.0."), (prefix("192.0.0.0/16"),))
        self.assertEqual(xinetdNetworks("10.0.1."), (prefix("10.0.1.0/24"),))

    def test_refused(self) -> None:
        """
        Braces that are not the last of at most four numbers are no address.
        """
        for text in (
            "10.{1,}",
            "10.{,1}",
            "10.{}",
            "10.{256}",
            "10.{1}.2",
            "10.{1",
            "10..{1}",
            "300.",
            "1.2.3.4.",
            "1.2.3.4.{5}",
            "10.{1}/8",
            "10.{1 ,2}",
            "2001:db8::{1,2}",
        ):
            self.assertRaises(AddressProblem, xinetdNetworks, text)

    @given(octets, octets, octets, factors)
    def test_factorsAreAlternatives(self, a: int, b: int, c: int, ends: list[int]) -> None:
        """
        Factors stand for the same as each alternative written for itself.
        """
        listed = ",".join(map(str, ends))
        apart = {prefix(f"{a}.{b}.{c}.{end}/32") for end in ends}
        self.assertEqual(set(xinetdNetworks(f"{a}.{b}.{c}.{{{listed}}}")), apart)
        apart = {prefix(f"{a}.{b}.{end}.0/24") for end in ends}
        self.assertEqual(set(xinetdNetworks(f"{a}.{b}.{{{listed}}}")), apart)


class NameTests(SynchronousTestCase):
    """
    Tests for L{isHostName}.
    """

    def test_names(self) -> None:
        """
        Host names are.
        """
        for text in ("localhost", "a.example.org", "a.example.org.", "10.example", "_x.y", "x-1"):
            self.assertTrue(isHostName(text), text)

    def test_noNames(self) -> None:
        """
        Addresses, what inet_aton(3) takes for one, and everything odd are not.
        """
        for text in (
            "",
            "10.1",
            "167772161",
            "0x0a000001",
            "10.0.0.1",
            "10.0.0.1.",
            "::1",
            "dead:beef",
            ".example.org",
            "a..b",
            "-a",
            "a-",
            "a/8",
            "@group",
            "a b",
            "a\n",
            "\u00e9.example",
            "x" * 64,
            ".".join(["abcdefgh"] * 30),
        ):
            self.assertFalse(isHostName(text), text)


class PartTests(SynchronousTestCase):
    """
    Tests for L{single}, L{mappedPart} and L{beginning}.
    """

    def test_single(self) -> None:
        """
        What a look-up gives is one address; its scope does not count.
        """
        self.assertEqual(single("0.0.0.0"), prefix("0.0.0.0/32"))
        self.assertEqual(single("::ffff:192.0.2.1"), prefix("192.0.2.1/32"))
        self.assertEqual(single("fe80::1%2"), prefix("fe80::1/128"))
        self.assertRaises(ValueError, single, "localhost")

    def test_mappedPart(self) -> None:
        """
        A prefix of IPv6 may have addresses of IPv4 in it.
        """
        self.assertEqual(mappedPart(prefix("::/0")), EVERY_IPV4)
        self.assertEqual(mappedPart(prefix("::ffff:192.0.2.0/120")), prefix("192.0.2.0/24"))
        self.assertIsNone(mappedPart(prefix("2001:db8::/32")))
        self.assertIsNone(mappedPart(prefix("10.0.0.0/8")))

    def test_beginning(self) -> None:
        """
        The lowest address is told in its usual form, small numbers of IPv6 too.
        """
        self.assertEqual(beginning(prefix("10.0.0.0/8")), "10.0.0.0")
        self.assertEqual(beginning(prefix("::/0")), "::")
