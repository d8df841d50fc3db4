"""
Tests for L{txinetd.config.dump}: what is written of a spec, and that it reads back.
"""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.protocol import Factory
from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import OPTIONS, configure, service
from tests.spec_strategies import specs
from txinetd.config import Configuration, dumpConfiguration
from txinetd.config.dump import entry
from txinetd.errors import Severity
from txinetd.policy import Access, AddressRule, Network, Order
from txinetd.recording import RecordFormat
from txinetd.spec import (
    InetAddress,
    InProcess,
    Multiplexed,
    Origin,
    Program,
    Recording,
    Redirect,
    ServiceSpec,
)

LINE = "ftp stream tcp4 nowait root /bin/cat cat\n"


class RoundTripTests(SynchronousTestCase):
    """
    Tests for reading what was written.
    """

    @settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(specs())
    def test_anySpec(self, spec: ServiceSpec) -> None:
        """
        Every spec that a file can describe reads back equal, from one line without a
        fault.
        """
        text = dumpConfiguration(Configuration((spec,)))
        self.assertEqual(text.count("\n"), 1)
        self.assertTrue(text.isascii() and text[:-1].isprintable(), text)
        configuration = configure(text)
        errors = [
            str(each) for each in configuration.diagnostics if each.severity is Severity.ERROR
        ]
        self.assertEqual(errors, [], text)
        self.assertEqual(configuration.services, (spec,), text)

    @settings(max_examples=30, suppress_health_check=list(HealthCheck), deadline=None)
    @given(st.lists(specs(), max_size=5))
    def test_twice(self, several: list[ServiceSpec]) -> None:
        """
        What is written of what was read is the same text, but for where it was read.
        """
        first = configure(dumpConfiguration(Configuration(tuple(several))))
        second = configure(dumpConfiguration(first))
        self.assertEqual(first.services, second.services)

    def test_interleaved(self) -> None:
        """
        Rules keep their order, and their words.
        """
        ten = Network(4, 10 << 24, (11 << 24) - 1)
        rules = (
            AddressRule(True, (ten,), "10.0.0.0/8"),
            AddressRule(False, (ten,), "10.0.0.0-10.255.255.255"),
            AddressRule(True, (ten,), "10.0.0.0/255.0.0.0"),
        )
        for order in Order:
            spec = attrs.evolve(service(LINE), access=Access(rules=rules, order=order))
            self.assertEqual(service(entry(spec)), spec)

    def test_otherOptions(self) -> None:
        """
        What the command line says where entries say nothing makes no difference.
        """
        options = attrs.evolve(OPTIONS, backlog=7, defaultAddresses=("127.0.0.1",))
        spec = service(LINE)
        self.assertEqual(service(entry(spec), options), spec)


class TextTests(SynchronousTestCase):
    """
    Tests for the text.
    """

    def test_line(self) -> None:
        """
        One line has what a service is, what is not the default, and where it was read.
        """
        self.assertEqual(
            entry(service(LINE)),
            "ftp on bind = 0.0.0.0, port = 21, socktype = stream, protocol = tcp4, wait = no,"
            " user = root, group = 0, exec = /bin/cat, args = cat, service_max = 256,"
            " backlog = 128;"
            "  # inetd.conf:1",
        )

    def test_own(self) -> None:
        """
        C{-} stays C{-}: what it stands for is another thing elsewhere.
        """
        self.assertIn(" user = -, exec", entry(service(LINE.replace("root", "-"))))

    def test_quoting(self) -> None:
        """
        A word that is not plain is quoted, with every byte that is not ASCII escaped.
        """
        line = LINE.replace("cat\n", "'a \"b;#' caf\u00e9 ,\n")
        self.assertIn(' args = "a \\"b;#" "caf\\xc3\\xa9" ",", ', entry(service(line)))

    def test_recording(self) -> None:
        """
        What is recorded about a service is said whole, if it is said at all: what holds for
        the server is another thing elsewhere.
        """
        spec = attrs.evolve(service(LINE), recording=Recording())
        self.assertIn(
            ", record_format = text, log_type = LOG, log_on_success = DURATION EXIT HOST PID"
            " TRAFFIC, log_on_failure = ATTEMPT HOST, record_starts = no, record_floods = yes;",
            entry(spec),
        )
        other = attrs.evolve(OPTIONS, recording=Recording(RecordFormat.JSON, starts=True))
        self.assertEqual(service(entry(spec), other), spec)
        self.assertEqual(service(entry(service(LINE)), other).recording, None)


class ObstacleTests(SynchronousTestCase):
    """
    Tests for what no file can say.
    """

    def test_comment(self) -> None:
        """
        It is a comment that says why, and makes no service when it is read.
        """
        spec = attrs.evolve(service(LINE), origin=Origin("x\ny on z = w;", 3))
        changes: list[dict[str, Any]] = [
            {"server": InProcess(Factory())},
            {"server": Redirect((("192.0.2.1", 80),), "the other one")},
            {"server": Program(b"/bin/cat", ())},
            {"access": Access(times=((480, 480),))},
            {"multiplexed": Multiplexed("date", False)},
            {"multiplexed": Multiplexed("date", False), "addresses": ()},
            {"addresses": (InetAddress("127.0.0.1", 1), InetAddress("127.0.0.2", 2))},
            {"addresses": (InetAddress("127.0.0.1", 0),)},
            {"name": "a:b"},
            {"name": "a\nb on protocol = tcp"},
        ]
        for change in changes:
            text = dumpConfiguration(Configuration((attrs.evolve(spec, **change),)))
            self.assertTrue(text.startswith("# ") and text.count("\n") == 1, text)
            self.assertIn(", because ", text)
            self.assertEqual(configure(text), Configuration((), (), ("inetd.conf",)))
