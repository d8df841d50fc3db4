"""
Tests for L{txinetd.config.xinetd.dialect}: a file as a whole, and how it is known.
"""

from __future__ import annotations

import re
from pathlib import Path

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.config_support import NAMES, OPTIONS
from tests.xinetd_support import BASE, WHOLE, codes, defaults, entry, parse, said
from txinetd.config import load
from txinetd.config.interfaces import IDialect, ParsedFile
from txinetd.config.xinetd import XinetdDialect
from txinetd.config.xinetd.attributes import ATTRIBUTES, FLAGS, TYPES
from txinetd.errors import Severity
from txinetd.reload import retained
from txinetd.spec import ServiceSpec


class DialectTests(SynchronousTestCase):
    """
    Tests for L{XinetdDialect}.
    """

    def test_interface(self) -> None:
        """
        It is a dialect.
        """
        self.assertTrue(verifyObject(IDialect, XinetdDialect()))

    def test_empty(self) -> None:
        """
        A file may say nothing.
        """
        for text in ("", "\n", "# nothing\n", "\ufeff"):
            self.assertEqual(parse(text), ParsedFile())

    def test_faultOfOne(self) -> None:
        """
        A service that is wrong costs itself alone, with one word that says so.
        """
        text = entry("instances = x\nnice = y") + entry(name="telnet")
        found = parse(text)
        self.assertEqual([spec.name for spec in found.services], ["telnet"])
        self.assertEqual([each.dropped for each in found.diagnostics], [True, False])

    def test_tooMuch(self) -> None:
        """
        So much is said and no more.
        """
        found = parse("include /nonexistent/x\n" * 10_050 + entry())
        self.assertEqual(len(found.diagnostics), 10_001)
        self.assertEqual(found.diagnostics[-1].code, "too-many-problems")
        self.assertEqual(found.services, ())


class RecognitionTests(SynchronousTestCase):
    """
    Tests for files of which nobody says in which format they are.
    """

    def load(self, text: str, prefix: str = "") -> tuple[list[str], int]:
        """
        What is said about a file, and how many services it makes.
        """
        path = self.mktemp()
        Path(path).write_text(text)
        found = load([f"{prefix}{path}"], NAMES, OPTIONS)
        return [each.code for each in found.diagnostics], len(found.services)

    def test_recognised(self) -> None:
        """
        A file whose first word is one of xinetd's is read as one of xinetd's, and that
        is said.
        """
        plain = entry("cps = 0 0")
        for text in (plain, defaults("") + plain, "# x\n\n" + plain):
            self.assertEqual(self.load(text), (["format-found"], 1))
        self.assertEqual(self.load("includedir /nonexistent\n")[0][0], "format-found")

    def test_named(self) -> None:
        """
        Where the format is named, it counts.
        """
        self.assertEqual(self.load(entry(), "xinetd:"), ([], 1))
        self.assertEqual(self.load(entry(), "txinetd:"), (["xinetd-format"], 0))

    def test_classic(self) -> None:
        """
        Other files are those of an inetd, also with a service of such a name.
        """
        self.assertEqual(
            self.load("ftp stream tcp nowait root /bin/cat cat\n"), (["means-otherwise"], 1)
        )
        line = "service stream tcp4 nowait root /bin/cat cat\n"
        self.assertEqual(self.load(line), (["unknown-service"], 0))


class ReloadTests(SynchronousTestCase):
    """
    Tests for what a reload makes of mistakes.
    """

    def kept(self, text: str) -> list[str]:
        """
        The services that go on where one ran and the file says C{text}.
        """
        running = self.running()
        found = parse(text)
        return [spec.name for spec in retained(running, found.services, found.diagnostics)]

    def running(self) -> tuple[ServiceSpec, ...]:
        """
        What runs.
        """
        return parse(entry("id = one")).services

    def test_wentBad(self) -> None:
        """
        A service that has become wrong goes on as it was.
        """
        for lines in ("id = one\nnice = x", "nice = x\nid = one", "id = one\nnonsense"):
            self.assertEqual(self.kept(entry(lines)), ["one"], lines)

    def test_switchedOff(self) -> None:
        """
        One that is switched off, or gone, ends.
        """
        self.assertEqual(self.kept(entry("id = one\ndisable = yes")), [])
        self.assertEqual(self.kept(defaults("disabled = one") + entry("id = one")), [])
        self.assertEqual(self.kept(""), [])

    def test_brokenDefaults(self) -> None:
        """
        Services that lose what guards them go on with what guarded them.
        """
        self.assertEqual(self.kept(defaults("instances = x") + entry("id = one")), ["one"])


#: Words that mean something.
_KNOWN = re.findall(
    r"\S+",
    """
    service defaults include includedir { } = += -= # yes no stream dgram ftp
    0 1 022 UNLIMITED 10.0.0.0 10.1.{1,2} ::1 localhost nobody /bin/cat A=1 1-2
    allow deny rate first_byte 8:00-9:00 SYSLOG daemon FILE 1M FOREVER echo
    """,
)
#: Words of which files are made.
_WORDS = st.one_of(
    st.sampled_from([*ATTRIBUTES, *FLAGS, *TYPES, *_KNOWN]),
    st.text(max_size=8),
)
_LINES = st.lists(_WORDS, max_size=6).map(" ".join)
_SETTINGS = st.tuples(
    st.sampled_from([*ATTRIBUTES, "allow", "service_max", "xyz"]),
    st.sampled_from(["=", "=", "=", "+=", "-="]),
    st.lists(_WORDS, max_size=4).map(" ".join),
).map(" ".join)
_BLOCKS = st.tuples(
    st.sampled_from(["service ftp", "service echo", "defaults", "service x"]),
    st.sampled_from([BASE, "", "type = INTERNAL\nsocket_type = dgram\nwait = yes\n"]),
    st.lists(st.one_of(_SETTINGS, _SETTINGS, _SETTINGS, _LINES), max_size=12),
).map(lambda parts: f"{parts[0]}\n{{\n{parts[1]}" + "\n".join(parts[2]) + "\n}\n")
TEXTS = st.lists(st.one_of(_BLOCKS, _BLOCKS, _LINES), max_size=6).map("\n".join)


def check(data: bytes) -> None:
    """
    Read whatever it is, and look at what holds for all that is read.
    """
    for options in (OPTIONS, attrs.evolve(OPTIONS, strictXinetd=True, haveIPv6=False)):
        for dialect in (WHOLE, XinetdDialect()):
            found = dialect.parse("/dev/null", data, NAMES, options)
            assert found.understood
            for each in found.diagnostics:
                assert each.origin.line >= 1 and each.origin.column >= 1, each
                assert each.found and each.expected and each.code, each
                assert str(each).isprintable() or "\n" not in str(each), each
                assert each.severity is Severity.ERROR or not each.dropped, each
            for spec in found.services:
                assert hash(spec) is not None and spec.origin.line >= 1
                assert spec.addresses or spec.multiplexed


class FuzzTests(SynchronousTestCase):
    """
    Tests with whatever there may be in a file.
    """

    @settings(max_examples=150, deadline=None)
    @given(TEXTS)
    def test_texts(self, text: str) -> None:
        """
        Nothing that a text of such words holds raises, and all that is said has a place.
        """
        check(text.encode("utf-8", "surrogatepass"))

    @settings(max_examples=50, deadline=None)
    @given(st.binary(max_size=400))
    def test_bytes(self, data: bytes) -> None:
        """
        Nor anything else.
        """
        check(b"service x\n{\n" + data)
        check(data)

    def test_said(self) -> None:
        """
        What is said about a value is fit to be shown.
        """
        for text in (entry("nice = \x1b[2J"), entry("banner = \u202e/x"), "\x07\n"):
            for each in said(text):
                self.assertTrue(each.found.isprintable(), each.found)
        self.assertEqual(codes("\x07\n"), ["stray-line"])
