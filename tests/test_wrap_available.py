"""
Tests for L{txinetd.wrap.available}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.wrap_support import needLibwrap
from txinetd.wrap.available import unavailable


class AvailableTests(SynchronousTestCase):
    """
    Tests for L{unavailable}.
    """

    def test_installed(self) -> None:
        """
        Where it is installed there is nothing to say.
        """
        needLibwrap()
        self.assertIsNone(unavailable())

    def test_missing(self) -> None:
        """
        Where it is not, the reason, the package and what follows are said.
        """
        said = unavailable("libwrap-that-is-not.so.0")
        assert said is not None
        self.assertIn("libwrap-that-is-not.so.0: cannot open shared object file", said)
        self.assertIn("install libwrap0", said)
        self.assertIn("refused", said)

    def test_another(self) -> None:
        """
        A library that is not libwrap will not do.
        """
        said = unavailable("libc.so.6")
        assert said is not None
        self.assertIn("request_init", said)
