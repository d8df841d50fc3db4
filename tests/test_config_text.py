# -*- test-case-name: tests.test_config_text -*-
"""
Tests for L{txinetd.config.text}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txinetd.config.text import shown, visible


class VisibleTests(SynchronousTestCase):
    """
    Tests for L{visible} and L{shown}.
    """

    def test_plain(self) -> None:
        """
        Ordinary text, in any script, stays as it is.
        """
        self.assertEqual(visible("caf\xe9 \u65e5"), "caf\xe9 \u65e5")

    def test_controls(self) -> None:
        """
        A sequence that would change a terminal becomes harmless text.
        """
        self.assertEqual(visible("\x1b[2J\n"), "\\x1b[2J\\x0a")

    def test_invalidBytes(self) -> None:
        """
        A byte that is not UTF-8 is shown as that byte.
        """
        text = b"\xff".decode("utf-8", "surrogateescape")
        self.assertEqual(visible(text), "\\xff")

    def test_direction(self) -> None:
        """
        A character that would turn the direction of writing is shown by number.
        """
        self.assertEqual(visible("a\u202eb"), "a\\u202eb")

    def test_long(self) -> None:
        """
        Long text is cut.
        """
        self.assertEqual(shown("x" * 1000), f"'{'x' * 60}...'")

    @given(st.text())
    def test_always(self, text: str) -> None:
        """
        Whatever there is, what is shown can be printed.
        """
        self.assertTrue(shown(text).isprintable())
