"""
Tests for L{txinetd.internal.ident.options}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txinetd.internal.ident import IdentOptions, parseOptions


class OptionsTests(SynchronousTestCase):
    """
    Tests for L{parseOptions}.
    """

    def test_none(self) -> None:
        """
        Without options nobody is named, and there are ten seconds.
        """
        options = parseOptions([])
        self.assertEqual(options, IdentOptions())
        self.assertEqual((options.real, options.fallback, options.seconds), (False, None, 10.0))

    def test_manual(self) -> None:
        """
        The example of inetd.conf in FreeBSD is read.
        """
        self.assertEqual(
            parseOptions([b"-r", b"-f", b"-n", b"-o", b"UNKNOWN", b"-t", b"30"]),
            IdentOptions(real=True, fake=True, hide=True, system="UNKNOWN", seconds=30.0),
        )

    def test_together(self) -> None:
        """
        Letters may stand together, with a value at the end.
        """
        self.assertEqual(
            parseOptions([b"-rFgind", b"nobody", b"-t1.5"]),
            IdentOptions(
                real=True,
                fakeAny=True,
                garbled=True,
                numeric=True,
                hide=True,
                fallback="nobody",
                seconds=1.5,
            ),
        )

    def test_wrong(self) -> None:
        """
        What is none of these is refused, by name.
        """
        for words, part in (
            ([b"-x"], "-x"),
            ([b"-o"], "-o"),
            ([b"-r", b"auth"], "'auth' is not an option"),
            ([b"-t", b"soon"], "'soon' is not a number"),
            ([b"-t", b"0"], "'0' is not a number"),
            ([b"-t", b"-1"], "'-1' is not a number"),
            ([b"-o", b"A B"], "'A B' cannot be told"),
            ([b"-o", b"A:B"], "'A:B' cannot be told"),
            ([b"-d", b"a\r\nb"], "cannot be told"),
            ([b"-d", b"\xff"], "ASCII"),
        ):
            error = self.assertRaises(ValueError, parseOptions, words)
            self.assertIn(part, str(error))
