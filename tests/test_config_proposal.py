"""
Tests for L{txinetd.config.proposal}: which dialect is proposed for a file.
"""

from __future__ import annotations

from pathlib import Path

import attrs
from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import NAMES, OPTIONS
from txinetd.config import LoadOptions, load, proposals, reportProposals


class ProposalTests(SynchronousTestCase):
    """
    Tests for L{proposals}.
    """

    def proposed(self, text: str, prefix: str = "", options: LoadOptions = OPTIONS) -> list[str]:
        """
        What is proposed for a text.
        """
        path = Path(self.mktemp()).absolute()
        path.write_text(text)
        paths = [f"{prefix}{path}"]
        found = load(paths, NAMES, options)
        return [each.dialect for each in proposals(paths, NAMES, options, found)]

    #: A line that is an error in the default dialect, and whose it is.
    TABLE = (
        ("ftp stream tcp nowait/10/2 root /bin/cat cat\n", "freebsd"),
        ("ftp stream tcp nowait bob/daemon /bin/cat cat\n", "freebsd"),
        ("ftp stream,5 tcp nowait root /bin/cat cat\n", "netbsd"),
        ("ftp stream tcp6only nowait root /bin/cat cat\n", "gnu"),
        ("tftp dgram udp nowait root cat cat\n", "busybox"),
    )

    def test_each(self) -> None:
        """
        It is the one in which the file has the fewest errors.
        """
        for text, dialect in self.TABLE:
            self.assertEqual(self.proposed(text), [dialect], text)

    def test_none(self) -> None:
        """
        Nothing is proposed for a file without errors, or where no other has fewer.
        """
        for text in (
            "ftp stream tcp nowait root /bin/cat cat\n",
            "nosuch stream tcp nowait root /bin/cat cat\n",
            "",
        ):
            self.assertEqual(self.proposed(text), [], text)

    def test_said(self) -> None:
        """
        Nothing is proposed where somebody has said whose the file is.
        """
        text = self.TABLE[0][0]
        self.assertEqual(self.proposed(text, "netbsd:"), [])
        options = attrs.evolve(OPTIONS, dialect="gnu")
        self.assertEqual(self.proposed(text, options=options), [])

    def test_report(self) -> None:
        """
        There is a line for each file, with numbers.
        """
        directory = Path(self.mktemp()).absolute()
        directory.mkdir()
        for number, (text, _) in enumerate(self.TABLE[:2]):
            (directory / str(number)).write_text(text)
        found = load([str(directory)], NAMES, OPTIONS)
        report = reportProposals(proposals([str(directory)], NAMES, OPTIONS, found))
        self.assertEqual(
            report,
            f"{directory}/0: --dialect freebsd fits this file better: 0 errors, not 1\n"
            f"{directory}/1: --dialect freebsd fits this file better: 0 errors, not 1\n",
        )
