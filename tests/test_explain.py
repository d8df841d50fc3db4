"""
Tests for L{txinetd.explain} and C{--explain}.
"""

from __future__ import annotations

import contextlib
import io

import attrs
from twisted.trial.unittest import SynchronousTestCase

from txinetd.errors import UsageProblem
from txinetd.explain import Answer, explain, peerOf
from txinetd.gate.networks import networks
from txinetd.origin import Origin
from txinetd.policy import Access, AddressRule, Limits, Sensor
from txinetd.spec import Identity, InetAddress, Program, ServiceSpec, SocketType
from txinetd.tap import Options
from txinetd.wallclock import WallClock

SPEC = ServiceSpec(
    "ftp",
    SocketType.STREAM,
    "tcp",
    (InetAddress("127.0.0.1", 21),),
    False,
    Program(b"/bin/true", (b"true",)),
    Identity("nobody", 65534, 65534),
    origin=Origin("/etc/inetd.conf", 7, 1, "ftp"),
)


def rule(allow: bool, text: str, line: int) -> AddressRule:
    """
    A rule of a file.
    """
    return AddressRule(allow, tuple(networks(text)), text, origin=Origin("/etc/inetd.conf", line))


class PeerTests(SynchronousTestCase):
    """
    Tests for L{peerOf}.
    """

    def test_forms(self) -> None:
        """
        Addresses have a port or none.
        """
        for text, expected in (
            ("192.0.2.1", ("192.0.2.1", 0)),
            ("192.0.2.1:40000", ("192.0.2.1", 40000)),
            ("2001:db8::1", ("2001:db8::1", 0)),
            ("[2001:db8::1]", ("2001:db8::1", 0)),
            ("[2001:db8::1]:9", ("2001:db8::1", 9)),
        ):
            self.assertEqual(peerOf(text), expected)

    def test_others(self) -> None:
        """
        Whatever else is typed is said to be none.
        """
        for text in ("", "localhost", "192.0.2.1:x", "192.0.2.1:70000", "[::1", "[::1]9", "[]"):
            self.assertRaises(UsageProblem, peerOf, text)


class ExplainTests(SynchronousTestCase):
    """
    Tests for L{explain}.
    """

    def say(self, spec: ServiceSpec, address: str = "192.0.2.1") -> tuple[str, Answer]:
        """
        What is said about one address.
        """
        told = explain([SPEC, spec], "ftp", address, 0, WallClock(), lambda *_: (False, "deny:3"))
        return told.text, told.answer

    def only(self, spec: ServiceSpec, address: str = "192.0.2.1") -> tuple[str, Answer]:
        """
        The same where there is no other service.
        """
        told = explain([spec], "ftp", address, 0, WallClock(), lambda *_: (False, "deny:3"))
        return told.text, told.answer

    def test_allowed(self) -> None:
        """
        Without rules everybody may come in.
        """
        text, answer = self.only(SPEC)
        self.assertEqual(answer, Answer.ALLOWED)
        self.assertIn("ftp tcp (/etc/inetd.conf:7)", text)
        self.assertTrue(text.endswith("  allowed\n"))

    def test_decisive(self) -> None:
        """
        The rule that decides is named with its place.
        """
        access = Access((rule(False, "192.0.2.0/24", 3), rule(True, "all", 4)))
        spec = attrs.evolve(SPEC, access=access)
        text, answer = self.only(spec)
        self.assertEqual(answer, Answer.REFUSED)
        self.assertIn("refused by deny 192.0.2.0/24", text)
        self.assertIn("(/etc/inetd.conf:3)", text)
        text, answer = self.only(spec, "198.51.100.1")
        self.assertEqual(answer, Answer.ALLOWED)
        self.assertIn("(/etc/inetd.conf:4)", text)

    def test_unknown(self) -> None:
        """
        A service that there is not is none.
        """
        told = explain([SPEC], "gopher", "192.0.2.1", 0, WallClock())
        self.assertEqual(told.answer, Answer.UNKNOWN)

    def test_several(self) -> None:
        """
        Of several services of one name the one that refuses counts.
        """
        trap = attrs.evolve(SPEC, access=Access(sensor=Sensor(60.0)))
        text, answer = self.say(trap)
        self.assertEqual(answer, Answer.REFUSED)
        self.assertIn("the service is a trap", text)

    def test_wrappers(self) -> None:
        """
        hosts_access(5) is asked where the service asks it.
        """
        text, answer = self.only(attrs.evolve(SPEC, access=Access(wrap="ftpd")))
        self.assertEqual(answer, Answer.REFUSED)
        self.assertIn("refused by tcp-wrappers: deny:3", text)

    def test_shadow(self) -> None:
        """
        A rule in shadow is named, and does not refuse.
        """
        access = Access((rule(False, "all", 3),), shadow=frozenset({"access"}))
        text, answer = self.only(attrs.evolve(SPEC, access=access))
        self.assertEqual(answer, Answer.ALLOWED)
        self.assertIn("in shadow", text)

    def test_limits(self) -> None:
        """
        Limits are listed, though nobody has used them.
        """
        text, _ = self.only(attrs.evolve(SPEC, limits=Limits(5, instances=2)))
        self.assertIn("instances: ", text)


class CommandTests(SynchronousTestCase):
    """
    Tests for C{--explain}.
    """

    def run_(self, *words: str) -> tuple[str, object]:
        """
        What the command prints, and its exit status.
        """
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            ended = self.assertRaises(SystemExit, Options().parseOptions, list(words))
        return out.getvalue(), ended.code

    def test_anywhere(self) -> None:
        """
        Options may stand before and after it.
        """
        path = self.mktemp()
        with open(path, "w") as file:
            file.write("127.0.0.1:7777 stream tcp nowait - /bin/true true\n")
        for words in (
            ("-f", path, "--explain", "192.0.2.1", "7777"),
            ("--explain", "192.0.2.1:5", "7777", "-f", path),
            ("--explain=[::1]:5", "7777", "-f", path, "--as-me"),
        ):
            text, status = self.run_(*words)
            self.assertEqual(status, 0)
            self.assertTrue(text.startswith("7777 tcp "), text)
        self.assertEqual(self.run_("--explain", "192.0.2.1", "1", "-f", path)[1], 2)
