"""
Tests for L{txinetd.config.xinetd.options}: what the options of xinetd(8) are here.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txinetd.config.xinetd.options import OPTIONS, Rewritten, rewritten
from txinetd.errors import UsageProblem

#: What twistd lets be set.
TWISTD = frozenset({"nodaemon", "logfile", "pidfile"})


def ofXinetd(*words: str, parent: frozenset[str] = TWISTD) -> Rewritten:
    """
    Rewrite a command line for files of xinetd's.
    """
    return rewritten(words, lambda name: True, parent)


class RewritingTests(SynchronousTestCase):
    """
    Tests for L{rewritten}.
    """

    def test_table(self) -> None:
        """
        Each option does something, or says why it does not.
        """
        for word, option in OPTIONS.items():
            self.assertTrue(word.startswith("-") and not word.startswith("--"))
            self.assertTrue(option.words or option.parent or option.note or option.answer, word)
            self.assertFalse(option.answer and (option.words or option.parent or option.note))

    def test_manual(self) -> None:
        """
        All options of its manual are there, but C{-f}, which is ours, too.
        """
        manual = {
            *("-d", "-syslog", "-filelog", "-pidfile", "-dontfork", "-stayalive", "-limit"),
            *("-logprocs", "-version", "-inetd_compat", "-cc", "-reuse", "-shutdownprocs"),
        }
        self.assertEqual(manual - set(OPTIONS), set())

    def test_twistd(self) -> None:
        """
        Where to log and what to write is for twistd to do.
        """
        found = ofXinetd("-dontfork", "-filelog", "/x", "-f", "/y", "-pidfile", "/z")
        self.assertEqual(found.words, ("-f", "/y"))
        self.assertEqual(found.parent, (("nodaemon", True), ("logfile", "/x"), ("pidfile", "/z")))

    def test_twist(self) -> None:
        """
        twist is always in the foreground, and has no such files.
        """
        self.assertEqual(ofXinetd("-dontfork", parent=frozenset()), Rewritten(()))
        problem = self.assertRaises(UsageProblem, ofXinetd, "-filelog", "/x", parent=frozenset())
        self.assertIn("twist", str(problem))

    def test_inetdToo(self) -> None:
        """
        C{-inetd_compat} reads another file after all others.
        """
        found = ofXinetd("-inetd_compat", "-f", "/y", "--check")
        self.assertEqual(found.words, ("-f", "/y", "--check", "-f", "txinetd:/etc/inetd.conf"))

    def test_limit(self) -> None:
        """
        The limit of all servers is ours, too, and that of questions to identds.
        """
        self.assertEqual(ofXinetd("-limit", "50").words, ("--limit", "50"))
        self.assertEqual(ofXinetd("-logprocs", "5").words, ("--questions", "5"))

    def test_notes(self) -> None:
        """
        What does nothing is said, once each.
        """
        found = ofXinetd("-stayalive", "-cc", "60", "-reuse")
        self.assertEqual((found.words, len(found.notes)), ((), 3))
        self.assertIn("-cc", found.notes[1])

    def test_cannot(self) -> None:
        """
        What cannot be done ends it, in one line.
        """
        for words in (("-limit",), ("-syslog", "daemon"), ("-pidfile",), ("-cc", "-d")):
            problem = self.assertRaises(UsageProblem, ofXinetd, *words)
            self.assertTrue(str(problem).startswith(f"{words[0]}: "))

    def test_otherFormat(self) -> None:
        """
        For files of another format nothing is rewritten, nor where there is nothing.
        """
        words = ("-filelog", "-f", "/etc/inetd.conf")
        self.assertEqual(rewritten(words, lambda name: False, TWISTD), Rewritten(words))
        self.assertEqual(ofXinetd("-f", "x", "--check"), Rewritten(("-f", "x", "--check")))

    def test_files(self) -> None:
        """
        The files of the command line say whether it is xinetd's, or the one that is
        read without any.
        """
        for words, expected in (
            (("-d", "-f", "a"), ["a"]),
            (("-fa", "--file", "b", "--file=c", "-d"), ["a", "b", "c"]),
            (("-filelog", "x", "-d"), [None]),
            (("-d", "--", "-f", "a"), [None]),
        ):
            asked: list[str | None] = []

            def isXinetd(name: str | None, asked: list[str | None] = asked) -> bool:
                """
                Remember who was asked about.
                """
                asked.append(name)
                return False

            rewritten(words, isXinetd, TWISTD)
            self.assertEqual(asked, expected)

    def test_rest(self) -> None:
        """
        Nothing is rewritten after C{--}.
        """
        self.assertEqual(ofXinetd("-d", "--", "-d").words, ("--", "-d"))
