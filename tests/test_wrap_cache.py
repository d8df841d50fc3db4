"""
Tests for L{txinetd.wrap.cache}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txinetd.wrap.answer import Answer, Key
from txinetd.wrap.cache import Cache

YES = Answer(allowed=True, reason="a test")


def key(number: int) -> Key:
    """
    One of many questions.
    """
    return b"in.test", f"192.0.2.{number}", "127.0.0.1"


class CacheTests(SynchronousTestCase):
    """
    Tests for L{Cache}.
    """

    def setUp(self) -> None:
        self.cache = Cache(3)
        self.cache.heard(1, 100.0)

    def test_remembered(self) -> None:
        """
        What was kept is found, and nothing else.
        """
        self.cache.keep(key(1), YES, 1)
        self.assertEqual(self.cache.look(key(1), 100.1), YES)
        self.assertIsNone(self.cache.look(key(2), 100.1))

    def test_fresh(self) -> None:
        """
        It counts for half a second after the files were seen, and again once they
        have been seen to be the same.
        """
        self.cache.keep(key(1), YES, 1)
        self.assertIsNotNone(self.cache.look(key(1), 100.5))
        self.assertIsNone(self.cache.look(key(1), 100.6))
        self.cache.heard(1, 100.6)
        self.assertIsNotNone(self.cache.look(key(1), 101.1))

    def test_changed(self) -> None:
        """
        It is forgotten when the files have changed.
        """
        self.cache.keep(key(1), YES, 1)
        self.cache.heard(2, 100.1)
        self.assertIsNone(self.cache.look(key(1), 100.2))
        self.assertEqual(len(self.cache), 0)

    def test_late(self) -> None:
        """
        An answer by the rules of before is neither kept nor a sign that those are
        still the rules.
        """
        self.cache.heard(2, 100.1)
        self.cache.keep(key(2), YES, 2)
        self.cache.heard(1, 100.4)
        self.cache.keep(key(1), YES, 1)
        self.assertIsNone(self.cache.look(key(1), 100.5))
        self.assertIsNotNone(self.cache.look(key(2), 100.5))
        self.assertIsNone(self.cache.look(key(2), 100.7))

    def test_bounded(self) -> None:
        """
        There are never more than so many, and the one that was asked for longest ago
        goes first.
        """
        for number in (1, 2, 3):
            self.cache.keep(key(number), YES, 1)
        self.cache.look(key(1), 100.1)
        self.cache.keep(key(4), YES, 1)
        self.assertEqual(len(self.cache), 3)
        self.assertIsNotNone(self.cache.look(key(1), 100.1))
        self.assertIsNone(self.cache.look(key(2), 100.1))

    def test_clear(self) -> None:
        """
        After it was cleared nothing of before counts, whatever its generation.
        """
        self.cache.keep(key(1), YES, 1)
        self.cache.clear()
        self.cache.heard(1, 100.1)
        self.assertIsNone(self.cache.look(key(1), 100.2))
