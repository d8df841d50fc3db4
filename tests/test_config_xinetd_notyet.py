"""
Tests for L{txinetd.config.xinetd.notyet}: nothing is read and then ignored.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import NAMES, OPTIONS
from tests.xinetd_support import BASE, WHOLE, defaults, entry, parse
from txinetd.config.xinetd import XinetdDialect
from txinetd.config.xinetd.draft import Draft
from txinetd.config.xinetd.notyet import NEVER_DONE, NOT_DONE, NotDone

DGRAM = BASE.replace("stream", "dgram").replace("wait = no", "wait = yes")


class NotDoneTests(SynchronousTestCase):
    """
    Tests for what is not done.
    """

    #: As if binding, and nothing else, were not done.
    BOUND = NotDone("bind", lambda draft: draft.bind is not None, "why", True)
    PASSED = NotDone("nice", lambda draft: draft.nice is not None, "why", False)

    def said(self, text: str, table: dict[str, NotDone]) -> tuple[int, list[tuple[str, int, bool]]]:
        """
        How many services there are, and what is said.
        """
        found = parse(text, dialect=XinetdDialect(notDone=table))
        return len(found.services), [
            (each.code, each.origin.line, each.dropped) for each in found.diagnostics
        ]

    def test_off(self) -> None:
        """
        A service that asks for what would protect it is not served.
        """
        text = entry("bind = 127.0.0.1") + entry(name="telnet")
        self.assertEqual(self.said(text, {"bind": self.BOUND}), (1, [("not-done", 7, True)]))

    def test_inherited(self) -> None:
        """
        The same where C{defaults} ask for it.
        """
        text = defaults("bind = 127.0.0.1") + entry()
        self.assertEqual(self.said(text, {"bind": self.BOUND}), (0, [("not-done", 5, True)]))

    def test_without(self) -> None:
        """
        What is only missed is warned about.
        """
        self.assertEqual(
            self.said(entry("nice = 3"), {"nice": self.PASSED}), (1, [("not-done", 7, False)])
        )

    def test_forGood(self) -> None:
        """
        What is never done is refused whatever the table says.
        """
        for lines, base, name in (
            ("flags = INTERCEPT", DGRAM, "tftp"),
            ("flags = LABELED", BASE, "ftp"),
        ):
            self.assertEqual(self.said(entry(lines, base, name), {}), (0, [("not-done", 7, True)]))

    def test_table(self) -> None:
        """
        The rows of the tables are about fields that there are, and say what follows.
        """
        for each in (*NEVER_DONE.values(), *NOT_DONE.values()):
            self.assertIn(each.field, Draft.__annotations__)
            self.assertTrue(each.hint)

    def test_asked(self) -> None:
        """
        A service that asks for nothing special asks for nothing that is not done.
        """
        text = entry("instances = UNLIMITED\nper_source = UNLIMITED\ncps = 0 0\nnice = 1")
        found = XinetdDialect().parse("x", text.encode(), NAMES, OPTIONS)
        self.assertEqual((found.diagnostics, len(found.services)), ((), 1))
        self.assertEqual(WHOLE.notDone, {})
