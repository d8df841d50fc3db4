"""
Tests for L{txinetd.config.xinetd.own}: our own settings, written as xinetd's attributes
are.
"""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import OPTIONS
from tests.xinetd_support import BASE, codes, defaults, entry, parse, said, service
from txinetd.config.settings.table import SETTINGS
from txinetd.config.xinetd.attributes import ATTRIBUTES
from txinetd.config.xinetd.own import OWN
from txinetd.policy import Order, Reaction

STRICT = attrs.evolve(OPTIONS, strictXinetd=True)


class OwnTests(SynchronousTestCase):
    """
    Tests for settings that xinetd does not have.
    """

    def test_all(self) -> None:
        """
        Every setting that there is can be written, those with a name of xinetd's as
        xinetd has them.
        """
        self.assertEqual(set(SETTINGS) - set(OWN) - set(ATTRIBUTES), set())
        self.assertEqual(set(OWN) & set(ATTRIBUTES), set())

    def test_used(self) -> None:
        """
        They change the service.
        """
        spec = service(
            entry(
                "over_limit = pause\nservice_max = 60\nfirst_byte = 5s\nchroot = /srv\n"
                "no_new_privs = yes\nbacklog = 7\ninstances = 3"
            )
        )
        self.assertEqual(spec.limits.reaction, Reaction.PAUSE)
        self.assertEqual((spec.limits.startsPerMinute, spec.limits.instances), (60, 3))
        self.assertEqual((spec.access.firstByte, spec.box.chroot), (5.0, b"/srv"))
        self.assertEqual((spec.box.noNewPrivileges, spec.backlog), (True, 7))

    def test_defaults(self) -> None:
        """
        They may stand in C{defaults}; a service's own counts.
        """
        text = defaults("service_max = 60\nbacklog = 7") + entry("backlog = 9")
        self.assertEqual((service(text).limits.startsPerMinute, service(text).backlog), (60, 9))

    def test_bad(self) -> None:
        """
        A value that one does not take costs the service, or those that inherit it.
        """
        (problem,) = said(entry("service_max = many"))
        self.assertEqual((problem.dropped, problem.origin.line), (True, 7))
        text = defaults("service_max = many")
        self.assertEqual(parse(text + entry()).services, ())
        self.assertEqual(len(parse(text + entry("service_max = 5")).services), 1)

    def test_operator(self) -> None:
        """
        They are assigned, and nothing else.
        """
        self.assertEqual(codes(entry("service_max += 5")), ["bad-operator"])
        self.assertEqual(parse(entry("service_max += 5")).services, ())

    def test_twice(self) -> None:
        """
        The first counts, but rules add up.
        """
        text = entry("backlog = 7\nbacklog = 9")
        self.assertEqual((codes(text), service(text).backlog), (["attribute-twice"], 7))
        spec = service(entry("deny = 10.0.0.1\nallow = 10.0.0.0/8"))
        self.assertEqual([rule.text for rule in spec.access.rules], ["10.0.0.1", "10.0.0.0/8"])
        self.assertEqual((spec.access.order, spec.access.default), (Order.FIRST, False))

    def test_mixedRules(self) -> None:
        """
        Rules of which the first counts do not go with those of which the better match
        does, wherever they are written.
        """
        for text in (
            entry("only_from = 10.0.0.0\ndeny = 10.0.0.1"),
            defaults("no_access = 10.0.0.1") + entry("allow = 10.0.0.0/8"),
        ):
            self.assertEqual((codes(text), parse(text).services), (["mixed-rules"], ()))

    def test_protocol(self) -> None:
        """
        A setting that is not for the service's protocol costs it, but not where it is
        inherited.
        """
        base = BASE.replace("stream", "dgram").replace("wait = no", "wait = yes")
        self.assertEqual(codes(entry("first_byte = 5s", base, "tftp")), ["key-and-protocol"])
        text = defaults("first_byte = 5s") + entry("", base, "tftp")
        self.assertEqual((codes(text), service(text).access.firstByte), ([], None))

    def test_strict(self) -> None:
        """
        They can be refused.  A service is then not served without them.
        """
        self.assertEqual(codes(entry("backlog = 7"), STRICT), ["strict-xinetd"])
        self.assertEqual(parse(entry("backlog = 7"), STRICT).services, ())
        text = defaults("backlog = 7") + entry()
        self.assertEqual(codes(text, STRICT), ["strict-xinetd", "broken-default"])
        self.assertEqual(codes(entry("instances = 7"), STRICT), [])
