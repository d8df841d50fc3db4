"""
Tests for L{txinetd.config.elsewhere}: what is said about lines that mean something else to
other systems, and that it is true.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import parse
from tests.test_config_systems import EVERY, codes, outcome
from txinetd.errors import Diagnostic, Severity

LINE = "{} stream {} {} {} /bin/cat cat\n"


def said(text: str) -> list[Diagnostic]:
    """
    The notes about a text.
    """
    return [each for each in parse(text).diagnostics if each.code == "means-otherwise"]


class ElsewhereTests(SynchronousTestCase):
    """
    Tests for the table.
    """

    #: A line, which of its fields is spoken of, and words of what is said.
    TABLE = (
        (LINE.format("ftp", "tcp", "nowait", "root"), 3, "Debian"),
        (LINE.format("ftp", "tcp4", "nowait", "root"), 3, "busybox"),
        (LINE.format("ftp", "tcp6", "nowait", "root"), 3, "GNU"),
        (LINE.format("ftp", "tcp46", "nowait", "root"), 3, "FreeBSD and Debian"),
        (LINE.format("8080", "tcp4", "nowait", "root"), 1, "FreeBSD"),
        (LINE.format("*:ftp", "tcp4", "nowait", "root"), 1, "FreeBSD and illumos"),
        (LINE.format(":ftp", "tcp4", "nowait", "root"), 1, "unix socket"),
        (LINE.format("127.0.0.1,192.0.2.1:ftp", "tcp4", "nowait", "root"), 1, "NetBSD"),
        (LINE.format("ftp", "tcp4", "nowait.5", "root"), 4, "FreeBSD ignores"),
        (LINE.format("ftp", "tcp4", "nowait:5", "root"), 4, "only NetBSD"),
        (LINE.format("ftp", "tcp4", "wait:5", "root"), 4, "nowait for OpenBSD"),
        (LINE.format("ftp", "tcp4", "nowait", "bob.tty"), 5, "FreeBSD takes all"),
        (LINE.format("ftp", "tcp4", "nowait", "www.data"), 5, "before the dot"),
        (LINE.format("ftp", "tcp4", "nowait", "www.data:tty"), 5, "busybox take"),
        (LINE.format("ftp", "tcp4", "nowait", "-"), 5, "whoever runs"),
        (LINE.format("ftp", "tcp4", "nowait", "1001"), 5, "user database"),
        ("/run/x stream unix nowait root /bin/cat cat\n", 1, "0666"),
        (":bob:tty:600:/run/x stream unix nowait root /bin/cat cat\n", 1, "know no"),
        ("echo stream tcp4 nowait root internal echo\n", 6, "ignore the name"),
    )

    def test_each(self) -> None:
        """
        Each row of the table has its note, at its field.
        """
        for text, field, words in self.TABLE:
            words_ = text.split()
            column = text.index(words_[field - 1]) + 1 if field > 1 else 1
            found = [each.hint for each in said(text) if each.origin.column == column]
            self.assertTrue(any(words in hint for hint in found), (text, found))

    def test_severity(self) -> None:
        """
        They are notes: the line is right here.
        """
        for text, _, _ in self.TABLE:
            self.assertEqual({each.severity for each in said(text)}, {Severity.NOTE})

    def test_nothing(self) -> None:
        """
        Nothing is said about a line that is the same everywhere but for C{tcp4}.
        """
        text = LINE.format("ftp", "tcp", "nowait", "root")
        self.assertEqual(len(said(text)), 1)
        text = "/run/x stream unix nowait root /bin/cat cat\n"
        self.assertEqual(len(said(text)), 1)

    def test_once(self) -> None:
        """
        What would be said about nearly every line is said once.
        """
        text = "".join(LINE.format(name, "tcp", "nowait", "root") for name in ("ftp", "echo"))
        self.assertEqual(len(said(text)), 1)

    def test_each_time(self) -> None:
        """
        What is dangerous is said each time.
        """
        text = "".join(LINE.format(name, "tcp4", "wait:5", "root") for name in ("ftp", "echo"))
        self.assertEqual(len([each for each in said(text) if "OpenBSD" in each.hint]), 2)

    def test_continuation(self) -> None:
        """
        A line that continues another is one that others take for an entry.
        """
        text = "ftp stream tcp4 nowait root /bin/cat cat\n -l\n"
        self.assertIn("GNU and busybox", " ".join(each.hint for each in said(text)))

    def test_default(self) -> None:
        """
        An C{address:} line is none to others.
        """
        self.assertIn("FreeBSD", said("127.0.0.1:\n")[0].hint)
        self.assertIn("NetBSD", said("127.0.0.1,[::1]:\n")[0].hint)

    def test_ourselves(self) -> None:
        """
        The other dialects, which know whose file it is, say nothing of the kind.
        """
        for text, _, _ in self.TABLE:
            for dialect in set(EVERY) - {"txinetd"}:
                self.assertNotIn("means-otherwise", codes(dialect, text))

    def test_true(self) -> None:
        """
        What is said about protocols is what those dialects do.
        """
        line = LINE.format("ftp", "{}", "nowait", "root")
        self.assertEqual(
            {dialect for dialect in EVERY if outcome(dialect, line.format("tcp")) == "4+6"},
            {"txinetd", "debian"},
        )
        self.assertEqual(
            {dialect for dialect in EVERY if outcome(dialect, line.format("tcp6")) == "46"},
            {"gnu", "busybox", "illumos"},
        )
        self.assertEqual(
            {dialect for dialect in EVERY if outcome(dialect, line.format("tcp46")) == "46"},
            {"txinetd", "debian", "freebsd"},
        )
