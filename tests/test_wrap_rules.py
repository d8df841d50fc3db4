"""
Tests for L{txinetd.wrap.helper.rules}.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from txinetd.wrap.helper.rules import RuleFiles, Unreadable, isPlain


class PlainTests(SynchronousTestCase):
    """
    Tests for L{isPlain}.
    """

    def test_plain(self) -> None:
        """
        Rules of daemons and addresses are plain, in all the forms that addresses have.
        """
        for text in (
            b"",
            b"# nothing: here : at all\n\n   \n",
            b"ALL: ALL\n",
            b"in.ftpd, in.telnetd : 192.0.2. 10.0.0.0/255.0.0.0, 10.0.0.0/8\n",
            b"ALL EXCEPT in.ftpd: all except 192.0.2.1\n",
            b"a: [2001:db8::]/32 [::1]\n",
            b"a@127.0.0.1 b@[::1]/128: ALL\n",
            b"a: \\\n  192.0.2.1\n",
            b"a: 192.0.2.1 # host.example\n",
        ):
            self.assertTrue(isPlain(text), text)

    def test_notPlain(self) -> None:
        """
        Options, names, users, files and netgroups are not plain, nor is what nobody
        understands.
        """
        for text in (
            b"ALL: ALL: ALLOW\n",
            b"ALL: 192.0.2.1: spawn true\n",
            b"ALL: [::1]: deny\n",
            b"ALL: 192.0.2.1:\n",
            b"ALL: .example.org\n",
            b"ALL: host\n",
            b"ALL: LOCAL\n",
            b"ALL: KNOWN\n",
            b"ALL: unknown\n",
            b"ALL: PARANOID\n",
            b"ALL: joe@192.0.2.1\n",
            b"ALL: @group\n",
            b"ALL: /etc/bad-hosts\n",
            b"/etc/daemons: ALL\n",
            b"a@host: ALL\n",
            b"ALL: 192.0.2.*\n",
            b"ALL: 192.0.2.?\n",
            b"ALL 192.0.2.1\n",
            b"ALL: [::1\n",
            b"ALL: fe80::1\n",
            b"a: 192.0.2.1 \\\n : spawn true\n",
            b"a: 192.0.2.1 \\# : spawn true\n",
        ):
            self.assertFalse(isPlain(text), text)


class FilesTests(SynchronousTestCase):
    """
    Tests for L{RuleFiles}.
    """

    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        self.allow, self.deny = self.directory / "allow", self.directory / "deny"
        self.files = RuleFiles(bytes(self.allow), bytes(self.deny))

    def test_missing(self) -> None:
        """
        Files that are not there are empty ones.
        """
        self.files.look()
        self.assertTrue(self.files.plain)
        self.assertTrue(self.files.isSettled())

    def test_both(self) -> None:
        """
        Both have to be plain.
        """
        for allow, deny, plain in (
            ("ALL: ALL\n", "ALL: ALL\n", True),
            ("ALL: ALL\n", "ALL: LOCAL\n", False),
            ("ALL: LOCAL\n", "ALL: ALL\n", False),
        ):
            self.allow.write_text(allow)
            self.deny.write_text(deny)
            self.files.look()
            self.assertEqual(self.files.plain, plain)

    def test_recent(self) -> None:
        """
        Files that have just been changed are not settled, as the next change may leave
        no trace; they are once the system's clock can tell the two apart.
        """
        self.allow.write_text("ALL: ALL\n")
        changed = time.time()
        self.files.look()
        settled = self.files.isSettled()
        if time.time() - changed < 0.05:
            self.assertFalse(settled)
        while not self.files.isSettled():
            self.assertLess(time.time() - changed, 30)
            self.files.look()

    def test_generation(self) -> None:
        """
        Every change is another generation: other words, another file, none at all.
        """
        seen = set()
        for change in (
            lambda: self.allow.write_text("ALL: ALL\n"),
            lambda: self.allow.write_text("ALL: 127.\n"),
            lambda: (
                (self.directory / "n").write_text("ALL: 127.\n")
                and (self.directory / "n").rename(self.allow)
            ),
            lambda: self.deny.write_text("ALL: ALL\n"),
            self.deny.unlink,
        ):
            change()
            self.files.look()
            seen.add(self.files.generation)
            while not self.files.isSettled():
                self.files.look()
        self.assertEqual(len(seen), 5)

    def test_same(self) -> None:
        """
        Without a change the generation stays.
        """
        self.allow.write_text("ALL: ALL\n")
        self.files.look()
        while not self.files.isSettled():
            self.files.look()
        generation = self.files.generation
        self.files.look()
        self.assertEqual(self.files.generation, generation)

    def test_notSettledAfterChange(self) -> None:
        """
        Files that were changed since the last look are not settled.
        """
        self.files.look()
        self.assertTrue(self.files.isSettled())
        self.deny.write_text("ALL: ALL\n")
        self.assertFalse(self.files.isSettled())

    def test_unreadable(self) -> None:
        """
        A file that is there and cannot be read is an error that names it, at every
        look.
        """
        self.deny.mkdir()
        for _ in range(2):
            error = self.assertRaises(Unreadable, self.files.look)
            self.assertIn(str(self.deny), str(error))

    def test_forbidden(self) -> None:
        """
        So is one that may not be read.
        """
        if os.geteuid() == 0:
            raise SkipTest("root may read everything")
        self.deny.write_text("ALL: ALL\n")
        self.deny.chmod(0)
        self.assertRaises(Unreadable, self.files.look)
