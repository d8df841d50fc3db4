# -*- test-case-name: tests.test_config_access -*-
"""
Tests for L{txinetd.config.access}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txinetd.config.access import allowDeny, noAccess, onlyFrom, withRules, withXinetdRules
from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.errors import Severity
from txinetd.gate.addressrules import AddressRules
from txinetd.gate.rule import sourceOf
from txinetd.origin import Origin
from txinetd.policy import Access, AddressRule, Order
from txinetd.testing import MemoryNames

NAMES = MemoryNames(hosts={"two.example": ["192.0.2.1", "2001:db8::1"], "zero": ["10.0.0.0"]})
ATTRIBUTE = Token("only_from", 7, 2)


def tokens(text: str) -> list[Token]:
    """
    Words of one line.
    """
    return [Token(word, 7, 12 + number) for number, word in enumerate(text.split())]


class AccessTestCase(SynchronousTestCase):
    """
    What these tests have in common: one entry whose words are read.
    """

    def setUp(self) -> None:
        """
        Begin an entry.
        """
        self.reporter = Reporter("xinetd.conf", "ftp")

    def xinetd(self, only: str | None = None, no: str | None = None) -> Access:
        """
        Rules as xinetd has them.
        """
        self.reporter = Reporter("xinetd.conf", "ftp")
        allowed = None
        if only is not None:
            allowed = onlyFrom(ATTRIBUTE, tokens(only), NAMES, self.reporter)
        refused = None if no is None else noAccess(tokens(no), NAMES, self.reporter)
        return withXinetdRules(Access(), allowed, refused)

    def ours(self, *lines: str) -> Access:
        """
        Rules in the order in which they stand.
        """
        self.reporter = Reporter("inetd.conf", "ftp")
        rules: list[AddressRule] = []
        nobody = False
        for line in lines:
            key, *words = tokens(line)
            allow = key.text == "allow"
            rules += allowDeny(key, allow, words, NAMES, self.reporter)
            nobody = nobody or (allow and not words)
        return withRules(Access(), rules, nobody=nobody)

    def codes(self) -> list[str]:
        """
        What was said about the entry, by code.
        """
        return [each.code for each in self.reporter.diagnostics]

    def allowed(self, access: Access, *addresses: str) -> list[bool]:
        """
        Who is let in.
        """
        rules = AddressRules(access)
        return [rules.check(sourceOf(address), 0) is None for address in addresses]


class XinetdTests(AccessTestCase):
    """
    Tests for L{onlyFrom}, L{noAccess} and L{withXinetdRules}.
    """

    def test_neither(self) -> None:
        """
        Without either, everybody is let in.
        """
        self.assertEqual(self.allowed(self.xinetd(), "10.0.0.1", "::1"), [True, True])
        self.assertEqual(self.xinetd().order, Order.LONGEST)

    def test_onlyFrom(self) -> None:
        """
        Who is in C{only_from} is let in, and nobody else.
        """
        access = self.xinetd("192.168.0.0 10.1.{2,3} ::1/128")
        addresses = ("192.168.9.9", "10.1.3.1", "10.1.4.1", "::1", "::2", "::ffff:192.168.1.1")
        self.assertEqual(self.allowed(access, *addresses), [True, True, False, True, False, True])
        self.assertEqual(self.codes(), [])

    def test_noAccess(self) -> None:
        """
        Who is in C{no_access} is not let in, and everybody else is.
        """
        access = self.xinetd(no="192.168.1.3")
        self.assertEqual(self.allowed(access, "192.168.1.3", "192.168.1.4"), [False, True])

    def test_both(self) -> None:
        """
        Of both the better match counts, and of two alike C{no_access}.
        """
        access = self.xinetd("128.138.209.0 10.0.0.1", "128.138.209.10 10.0.0.1")
        self.assertEqual(
            self.allowed(access, "128.138.209.10", "128.138.209.11", "10.0.0.1", "10.0.0.2"),
            [False, True, False, False],
        )

    def test_origin(self) -> None:
        """
        Each rule knows its word and where that stands.
        """
        rule = self.xinetd("10.0.0.1 10.0.0.2").rules[1]
        self.assertEqual((rule.text, rule.allow), ("10.0.0.2", True))
        self.assertEqual(rule.origin, Origin("xinetd.conf", 7, 13, "ftp"))

    def test_empty(self) -> None:
        """
        C{only_from} without addresses lets nobody in, and that is said; C{no_access}
        without addresses keeps nobody out.
        """
        access = self.xinetd("")
        self.assertEqual(self.allowed(access, "10.0.0.1", "::1"), [False, False])
        (diagnostic,) = self.reporter.diagnostics
        self.assertEqual(
            (diagnostic.code, diagnostic.severity), ("nobody-allowed", Severity.WARNING)
        )
        self.assertEqual(str(diagnostic.origin), "xinetd.conf:7")
        self.assertEqual(self.allowed(self.xinetd(no=""), "10.0.0.1"), [True])
        self.assertEqual(self.codes(), [])

    def test_host(self) -> None:
        """
        A host is all of its addresses, and nothing but these.
        """
        access = self.xinetd("Two.example. zero")
        self.assertEqual(
            self.allowed(access, "192.0.2.1", "2001:db8::1", "10.0.0.0", "10.0.0.1"),
            [True, True, True, False],
        )
        self.assertEqual([rule.host for rule in access.rules], ["two.example", "zero"])
        self.assertEqual(access.rules[0].text, "Two.example.")

    def test_unknownHost(self) -> None:
        """
        A host that is not known is not let in; where it is to be kept out nobody is
        let in.  Either is an error, and the service stays for when it is known.
        """
        access = self.xinetd("gone.example 10.0.0.1")
        self.assertEqual(self.allowed(access, "10.0.0.1", "10.0.0.2"), [True, False])
        self.assertEqual(access.rules[0].host, "gone.example")
        self.assertEqual((self.codes(), self.reporter.dropped), (["unknown-host"], False))
        access = self.xinetd("10.0.0.1", "gone.example")
        self.assertEqual(self.allowed(access, "10.0.0.1"), [False])
        self.assertEqual((self.codes(), self.reporter.dropped), (["unknown-host"], False))

    def test_badAllowed(self) -> None:
        """
        A bad word in C{only_from} lets nobody in, and the good ones are as they were.
        """
        for word, code in (
            ("10.0.0.1/33", "bad-address"),
            ("10.1", "bad-address"),
            ("10.0.0.1,", "bad-address"),
            ("@trusted", "unsupported-netgroup"),
            (".example.org", "unsupported-domain"),
            ("10.{1", "bad-address"),
            ("all\x1b", "bad-address"),
        ):
            access = self.xinetd(f"{word} 192.0.2.7")
            self.assertEqual((self.codes(), self.reporter.dropped), ([code], False), word)
            self.assertEqual(
                self.allowed(access, "192.0.2.7", "10.0.0.1", "::1"), [True, False, False]
            )
            self.assertIn("lets nobody in", self.reporter.diagnostics[0].hint)
            self.assertTrue(access.rules[0].text.isprintable())
        self.assertEqual(self.allowed(self.xinetd("10.1"), "10.0.0.1", "192.0.2.7"), [False] * 2)

    def test_badRefused(self) -> None:
        """
        A bad word in C{no_access} leaves no service: nobody knows who is to be kept out.
        """
        for word in ("10.0.0.1/33", "@trusted", ".example.org", "$(bogusnet)`"):
            access = self.xinetd(None, f"192.0.2.7 {word}")
            self.assertTrue(self.reporter.dropped, word)
            self.assertEqual(self.reporter.diagnostics[0].severity, Severity.ERROR)
            self.assertIn("nobody knows", self.reporter.diagnostics[0].hint)
            self.assertEqual(self.allowed(access, "192.0.2.8", "::1"), [False, False])

    def test_everybodyOfIPv6(self) -> None:
        """
        C{::/0} lets IPv6 in, with a note about IPv4; where it keeps out it keeps both
        out, as it does with xinetd on a socket for both.
        """
        access = self.xinetd("::/0")
        self.assertEqual(self.allowed(access, "2001:db8::1", "10.0.0.1"), [True, False])
        self.assertEqual(self.codes(), ["no-ipv4"])
        access = self.xinetd(None, "::/0")
        self.assertEqual(self.allowed(access, "2001:db8::1", "10.0.0.1"), [False, False])
        self.assertEqual(self.codes(), [])

    def test_doubtful(self) -> None:
        """
        What is probably not what was meant is warned of, and means what it says.
        """
        access = self.xinetd("10.1.2.3/8 ::")
        self.assertEqual(self.codes(), ["host-bits", "nobody-meant"])
        self.assertIn("begins with 10.0.0.0", self.reporter.diagnostics[0].hint)
        self.assertEqual(self.allowed(access, "10.9.9.9", "::1"), [True, False])
        self.xinetd("10.0.0.0/8 ::ffff:10.0.0.0/104 2001:db8::/32 0.0.0.0/0 [::1]/128")
        self.assertEqual(self.codes(), [])
        self.xinetd("10.1.2.3/255.0.0.0 ::ffff:10.0.0.1/104")
        self.assertEqual(self.codes(), ["host-bits", "host-bits"])

    @given(st.lists(st.text("0123456789./:-{},@%ax", min_size=1, max_size=12), max_size=3))
    def test_neverMore(self, words: list[str]) -> None:
        """
        Whatever the words are, each makes one rule; with C{only_from} somebody in whom
        none of them means is not let in, and a word that is none of C{no_access} takes
        the service away.
        """
        access = self.xinetd(" ".join(words))
        self.assertEqual(len(access.rules), len(" ".join(words).split()))
        self.assertFalse(access.default)
        self.assertFalse(self.reporter.dropped)
        access = self.xinetd(None, " ".join(words))
        bad = any(each.severity is Severity.ERROR for each in self.reporter.diagnostics)
        if bad:
            self.assertEqual(self.allowed(access, "198.51.100.1"), [False])


class OrderedTests(AccessTestCase):
    """
    Tests for L{allowDeny} and L{withRules}.
    """

    def test_first(self) -> None:
        """
        The first rule that fits counts.
        """
        access = self.ours("deny 10.0.0.1", "allow 10.0.0.0/8 192.0.2.1-192.0.2.9", "deny all")
        self.assertEqual(access.order, Order.FIRST)
        self.assertEqual(
            self.allowed(access, "10.0.0.1", "10.0.0.2", "192.0.2.9", "192.0.3.1"),
            [False, True, True, False],
        )
        self.assertEqual(self.codes(), [])

    def test_none(self) -> None:
        """
        Whoever no rule fits is let in where rules only keep out.
        """
        self.assertEqual(self.allowed(self.ours(), "10.0.0.1"), [True])
        self.assertEqual(self.allowed(self.ours("deny 10.0.0.1"), "10.0.0.2"), [True])
        self.assertEqual(self.allowed(self.ours("allow 10.0.0.1"), "10.0.0.2"), [False])
        access = self.ours("deny 10.0.0.1", "allow 10.0.0.0/8")
        self.assertEqual(self.allowed(access, "11.0.0.1"), [False])

    def test_zeros(self) -> None:
        """
        Zeros at the end are zeros.
        """
        self.assertEqual(self.allowed(self.ours("allow 10.0.0.0"), "10.0.0.1"), [False])

    def test_empty(self) -> None:
        """
        C{allow} without addresses lets nobody in, and C{deny} without any leaves no
        service.
        """
        self.assertEqual(self.allowed(self.ours("allow"), "10.0.0.1"), [False])
        self.assertEqual((self.codes(), self.reporter.dropped), (["nobody-allowed"], False))
        self.ours("deny")
        self.assertTrue(self.reporter.dropped)

    def test_bad(self) -> None:
        """
        Bad words are handled as xinetd's are; its forms are bad words here.
        """
        access = self.ours("allow 10.1.{2,3} 10.0.0.1")
        self.assertEqual(self.allowed(access, "10.1.2.0", "10.0.0.1"), [False, True])
        self.assertEqual((self.codes(), self.reporter.dropped), (["bad-address"], False))
        self.ours("deny 10.1.")
        self.assertTrue(self.reporter.dropped)

    def test_unknownHost(self) -> None:
        """
        A host that is not known keeps everybody out from its place on.
        """
        access = self.ours("allow 10.0.0.1", "deny gone.example", "allow all")
        self.assertEqual(self.allowed(access, "10.0.0.1", "10.0.0.2"), [True, False])
        self.assertEqual((self.codes(), self.reporter.dropped), (["unknown-host"], False))

    def test_everybodyOfIPv6(self) -> None:
        """
        C{::/0} is IPv6 only, in either, with a note.
        """
        self.assertEqual(self.allowed(self.ours("deny ::/0"), "::1", "10.0.0.1"), [False, True])
        self.assertEqual(self.codes(), ["no-ipv4"])
        self.ours("allow all")
        self.assertEqual(self.codes(), [])
