"""
Tests for L{txinetd.config.xinetd.sections} and L{txinetd.config.xinetd.merging}: what
counts where something is said more than once, and what C{defaults} give and take.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.xinetd_support import codes, defaults, entry, parse, said, service
from txinetd.errors import Severity
from txinetd.policy import Order
from txinetd.spec import ServiceSpec


def rules(spec: ServiceSpec) -> list[str]:
    """
    The rules of a service, those that keep out with a minus.
    """
    return [f"{'' if rule.allow else '-'}{rule.text}" for rule in spec.access.rules]


class RepetitionTests(SynchronousTestCase):
    """
    Tests for attributes that are given more than once.
    """

    def test_firstCounts(self) -> None:
        """
        The first value counts, and another is warned about.
        """
        text = entry("instances = 2\ninstances = 9")
        self.assertEqual(codes(text), ["attribute-twice"])
        self.assertEqual(service(text).limits.instances, 2)

    def test_synonyms(self) -> None:
        """
        C{interface} is C{bind} by another name.
        """
        text = entry("bind = 127.0.0.1\ninterface = 192.0.2.1")
        self.assertEqual(codes(text), ["attribute-twice"])
        self.assertEqual([str(each) for each in service(text).addresses], ["127.0.0.1:21"])

    def test_listBeginsAnew(self) -> None:
        """
        Within a service, C{=} begins a list anew, and C{+=} adds to it.
        """
        text = entry("only_from = 1.1.1.1\nonly_from = 2.2.2.2\nonly_from += 3.3.3.3")
        self.assertEqual((codes(text), rules(service(text))), ([], ["2.2.2.2", "3.3.3.3"]))

    def test_environment(self) -> None:
        """
        So it is with the environment, in which the last value of a variable counts.
        """
        spec = service(entry("env = A=1\nenv = B=2 C=3\nenv += B=4"))
        self.assertEqual(spec.box.environment, ((b"C", b"3"), (b"B", b"4")))

    def test_disabledAnywhere(self) -> None:
        """
        A service in which C{disable = yes} stands anywhere is not served, also where
        xinetd would take the first word for it.
        """
        for lines in ("disable = yes", "disable = no\ndisable = yes", "disable = yes # now"):
            found = parse(entry(lines))
            self.assertEqual(found.services, (), lines)
            self.assertEqual(found.diagnostics[-1].code, "disabled")

    def test_disabledIsNotBroken(self) -> None:
        """
        Nothing else is said about it, and a reload does not take it for a service that
        went bad.
        """
        found = parse(entry("disable = yes\nnice = nonsense\nfoo = 1"))
        self.assertEqual(
            [(each.code, each.severity, each.dropped) for each in found.diagnostics],
            [("disabled", Severity.NOTE, False)],
        )


class DefaultsTests(SynchronousTestCase):
    """
    Tests for what services inherit.
    """

    def test_inherited(self) -> None:
        """
        What a service does not say is what C{defaults} say.
        """
        text = defaults("instances = 5\nper_source = 3\ncps = 7 8\numask = 077\nbind = 127.0.0.1")
        spec = service(text + entry("per_source = 4"))
        self.assertEqual((spec.limits.instances, spec.limits.instancesPerSource), (5, 4))
        assert spec.limits.perSecond is not None
        self.assertEqual((spec.limits.perSecond.most, spec.limits.perSecond.pause), (7, 8))
        self.assertEqual(spec.box.umask, 0o077)
        self.assertEqual([str(each) for each in spec.addresses], ["127.0.0.1:21"])

    def test_anywhere(self) -> None:
        """
        They hold for services before them, too.
        """
        self.assertEqual(service(entry() + defaults("instances = 5")).limits.instances, 5)

    def test_equalsAdds(self) -> None:
        """
        Within them, C{=} adds to a list.
        """
        text = defaults("only_from = 10.0.0.0\nonly_from = 127.0.0.1") + entry()
        self.assertEqual((codes(text), rules(service(text))), ([], ["10.0.0.0", "127.0.0.1"]))

    def test_change(self) -> None:
        """
        A service adds to their list and takes from it.
        """
        text = defaults("only_from = 10.0.0.0 127.0.0.1\nno_access = 10.0.0.1")
        spec = service(text + entry("only_from += 3.3.3.3\nonly_from -= 127.0.0.1"))
        self.assertEqual(rules(spec), ["10.0.0.0", "3.3.3.3", "-10.0.0.1"])
        self.assertEqual((spec.access.order, spec.access.default), (Order.LONGEST, False))

    def test_replace(self) -> None:
        """
        Or puts its own in its place.
        """
        text = defaults("only_from = 10.0.0.0\nno_access = 10.0.0.1")
        self.assertEqual(
            rules(service(text + entry("only_from = 3.3.3.3\nno_access ="))), ["3.3.3.3"]
        )

    def test_nobodyLeft(self) -> None:
        """
        Where nobody is left of C{only_from}, nobody is let in, where xinetd would let
        everybody in; and that is said.
        """
        text = defaults("only_from = 10.0.0.0") + entry("only_from -= 10.0.0.0")
        self.assertEqual(codes(text), ["nobody-allowed"])
        spec = service(text)
        self.assertEqual((rules(spec), spec.access.default), ([], False))

    def test_empty(self) -> None:
        """
        An empty C{only_from} lets nobody in, whoever has it.
        """
        for text in (entry("only_from ="), defaults("only_from =") + entry()):
            self.assertEqual(codes(text), ["nobody-allowed"])
            spec = service(text)
            self.assertEqual((rules(spec), spec.access.default), ([], False))

    def test_notThere(self) -> None:
        """
        To take away what is not there costs the service where that would let in more
        than was meant, and is warned about otherwise.
        """
        self.assertEqual(parse(entry("only_from -= 10.0.0.1")).services, ())
        self.assertEqual(codes(entry("only_from -= 10.0.0.1")), ["not-in-list", "nobody-allowed"])
        self.assertEqual(codes(entry("passenv -= HOME")), ["not-in-list"])
        self.assertEqual(parse(entry("passenv -= HOME")).services, ())
        text = entry("no_access = 10.0.0.1\nno_access -= 10.0.0.2")
        self.assertEqual((codes(text), len(parse(text).services)), (["not-in-list"], 1))

    def test_notThereInDefaults(self) -> None:
        """
        The same in C{defaults} costs those who inherit the list.
        """
        text = defaults("only_from = 10.0.0.0\nonly_from -= 10.0.0.1") + entry()
        self.assertEqual(
            (codes(text), parse(text).services), (["not-in-list", "broken-default"], ())
        )

    def test_environmentPassed(self) -> None:
        """
        The names of what is passed on are a list, too.
        """
        spec = service(defaults("passenv = HOME PATH") + entry("passenv -= HOME"))
        self.assertEqual(spec.box.passed, frozenset({b"PATH"}))
        self.assertEqual(service(entry("passenv =")).box.passed, frozenset())
        self.assertIsNone(service(entry()).box.passed)

    def test_addNothing(self) -> None:
        """
        To add nothing, or take nothing away, changes nothing.
        """
        text = defaults("only_from = 10.0.0.0") + entry("only_from +=\nonly_from -=")
        self.assertEqual(codes(text), ["missing-value"] * 2)
        self.assertEqual(rules(service(text)), ["10.0.0.0"])
        self.assertTrue(service(entry("only_from +=")).access.default)


class BrokenDefaultsTests(SynchronousTestCase):
    """
    Tests for C{defaults} that are wrong: nobody is less protected because of it.
    """

    def test_guard(self) -> None:
        """
        Where what guards services is wrong, those that would inherit it are lost, each
        with a word about where it stands; one with its own is served.
        """
        for line in (
            "instances = many",
            "per_source = 0",
            "cps = 25",
            "max_load = high",
            "no_access = 10.1",
            "umask = 9",
            "bind = no.such.host.",
            "groups = perhaps",
            "instances += 3",
            "instances=5",
            "instances",
            "instance = 5",
        ):
            name = line.replace("=", " ").split()[0].replace("instance ", "instances ")
            text = defaults(line) + entry()
            if name == "bind":
                # A name is looked up for each service.
                self.assertEqual((codes(text), parse(text).services), (["unknown-host"], ()))
                continue
            found = said(text)
            self.assertEqual(
                [(each.dropped, each.origin.label) for each in found],
                [(False, "defaults"), (True, "ftp")],
                line,
            )
            self.assertEqual(found[1].code, "broken-default", line)
            self.assertIn("/etc/xinetd.conf:3", found[1].hint)
            self.assertEqual(parse(text).services, (), line)

    def test_ownValue(self) -> None:
        """
        A service that has a value of its own needs none of C{defaults}.
        """
        text = defaults("instances = many\nno_access = 10.1")
        self.assertEqual(service(text + entry("instances = 3\nno_access =")).limits.instances, 3)

    def test_added(self) -> None:
        """
        To add to a list that is wrong is not to have one of one's own.
        """
        text = defaults("no_access = 10.1") + entry("no_access += 10.0.0.1")
        self.assertEqual(parse(text).services, ())

    def test_noGuard(self) -> None:
        """
        What guards nobody is left out, and services are served.
        """
        text = defaults("log_type = LOUD\nbanner = relative\nfoo = 1") + entry()
        self.assertEqual(codes(text), ["bad-value", "relative-path", "unknown-attribute"])
        self.assertIsNone(service(text).recording)

    def test_unfinished(self) -> None:
        """
        Of C{defaults} that are not closed, what is there counts.
        """
        text = "defaults\n{\ninstances = 5\n" + entry()
        self.assertEqual(codes(text), ["missing-brace"])
        self.assertEqual(service(text).limits.instances, 5)

    def test_second(self) -> None:
        """
        A second section does not count.  Where it was to guard services by something
        that the first does not have, they are lost.
        """
        first = defaults("instances = 5")
        text = first + defaults("instances = 6\nbanner = /x") + entry()
        self.assertEqual(codes(text), ["second-defaults"])
        self.assertEqual(service(text).limits.instances, 5)
        text = first + defaults("only_from = 10.0.0.0") + entry()
        self.assertEqual(codes(text), ["second-defaults", "broken-default"])
        self.assertEqual(parse(text).services, ())

    def test_severity(self) -> None:
        """
        All of it is an error.
        """
        text = defaults("instances = many") + entry()
        self.assertEqual({each.severity for each in said(text)}, {Severity.ERROR})


class EnabledTests(SynchronousTestCase):
    """
    Tests for C{enabled} and C{disabled}, which go by id.
    """

    TEXT = entry("id = one") + entry("disable = yes\nid = two", name="telnet") + entry(name="time")

    def names(self, lines: str) -> list[str]:
        """
        The services that are served.
        """
        return [spec.name for spec in parse(defaults(lines) + self.TEXT).services]

    def test_disabled(self) -> None:
        """
        Who is C{disabled} is not served.
        """
        self.assertEqual(self.names("disabled = one ftp"), ["time"])

    def test_enabled(self) -> None:
        """
        Where some are C{enabled}, the others are not served, and those that are
        disabled or switched off are not, either.
        """
        self.assertEqual(self.names("enabled = one two"), ["one"])
        self.assertEqual(self.names("enabled = one time\ndisabled = one"), ["time"])
        self.assertEqual(self.names("enabled ="), [])
