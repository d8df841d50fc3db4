"""
Tests for L{txinetd.config.letters}: what the options of other daemons mean.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txinetd.config import POSITIONAL, Settings, translate
from txinetd.config.letters import LETTERS, Value
from txinetd.errors import UsageProblem


def takesValue(name: str) -> bool:
    """
    Our own options, for these tests.
    """
    return name in ("--backlog", "--dialect")


def take(dialect: str, *words: str) -> tuple[list[str], Settings]:
    """
    Take a command line apart.
    """
    return translate(dialect, words, takesValue)


class TranslateTests(SynchronousTestCase):
    """
    Tests for L{translate}.
    """

    def test_dialects(self) -> None:
        """
        Each dialect has its table.
        """
        self.assertEqual(set(LETTERS), set(POSITIONAL))

    def test_documented(self) -> None:
        """
        Each option has a meaning, or an answer.
        """
        for dialect, letters in LETTERS.items():
            for letter in letters:
                self.assertNotEqual(letter.apply is None, not letter.answer, (dialect, letter))
                self.assertTrue(letter.help)

    #: By dialect: the daemon's options that its manual has.
    KNOWN = (
        ("freebsd", "-a -c -C -R -s -w -W -l -d -p"),
        ("netbsd", "-d -l"),
        ("openbsd", "-d -R"),
        ("debian", "-d -R -E -i -l -q"),
        ("gnu", "-d --debug --environment --resolve -p --pidfile -R --rate"),
        ("busybox", "-e -q -R"),
        ("illumos", ""),
        ("txinetd", ""),
    )

    def test_known(self) -> None:
        """
        No option of theirs is missing, but for C{-f}, which is ours everywhere.
        """
        for dialect, names in self.KNOWN:
            table = {name for letter in LETTERS[dialect] for name in letter.names}
            self.assertEqual(table, set(names.split()), dialect)

    def test_limits(self) -> None:
        """
        Limits are taken, in any base, and 0 is none.
        """
        words = ("-c", "5", "-C10", "-R0x20", "-s", "010")
        left, settings = take("freebsd", *words)
        self.assertEqual(left, [])
        self.assertEqual(
            settings.limits,
            {
                "instances": 5,
                "startsPerSource": 10,
                "startsPerMinute": 32,
                "instancesPerSource": 8,
            },
        )
        self.assertEqual(take("gnu", "--rate=0")[1].limits, {"startsPerMinute": None})
        self.assertEqual(take("gnu", "--rate", "7")[1].limits, {"startsPerMinute": 7})

    def test_others(self) -> None:
        """
        So are the address, the queue, and who is to be asked.
        """
        self.assertEqual(take("freebsd", "-a", "192.0.2.1")[1].address, "192.0.2.1")
        settings = take("freebsd", "-wWl")[1]
        self.assertEqual((settings.wrapPrograms, settings.wrapInternal), (True, True))
        settings = take("debian", "-l", "-q5")[1]
        self.assertEqual((settings.wrapPrograms, settings.backlog), (True, 10))
        self.assertEqual(take("busybox", "-q", "99")[1].backlog, 99)
        self.assertEqual(len(take("gnu", "--environment", "--resolve")[1].remarks), 1)

    def test_left(self) -> None:
        """
        Files and our own options stay, in order, with their values.
        """
        words = ["--dialect", "freebsd", "-f", "x", "/a", "--backlog", "-5", "-f", "y", "-", "b"]
        self.assertEqual(take("freebsd", *words, "-l"), (words, Settings()))
        self.assertEqual(take("freebsd", "-lfy")[0], ["-f", "y"])
        self.assertEqual(take("freebsd", "--", "-l")[0], ["--", "-l"])
        self.assertEqual(take("busybox", "-f", "/etc/inetd.conf")[0], ["-f", "/etc/inetd.conf"])

    def test_ours(self) -> None:
        """
        The default dialect has no options besides ours.
        """
        self.assertEqual(take("txinetd", "-c", "5"), (["-c", "5"], Settings()))

    def test_problems(self) -> None:
        """
        Each mistake is told in one line.
        """
        for dialect, words, part in (
            ("freebsd", ("-x",), "no option of --dialect freebsd"),
            ("freebsd", ("-c",), "needs a value"),
            ("freebsd", ("-c", "x"), "whole number"),
            ("freebsd", ("-c", "-1"), "whole number"),
            ("freebsd", ("-c", "09"), "whole number"),
            ("freebsd", ("-R" + "9" * 5000,), "whole number"),
            ("freebsd", ("-p", "/x"), "--pidfile"),
            ("freebsd", ("-d",), "--nodaemon"),
            ("debian", ("-i",), "--nodaemon"),
            ("debian", ("-E",), "clean environment"),
            ("gnu", ("-p/x",), "--pidfile"),
            ("gnu", ("--pidfile",), "--pidfile"),
            ("gnu", ("--environment=x",), "no value"),
            ("gnu", ("--rate",), "needs a value"),
            ("busybox", ("-e",), "--logfile"),
            ("illumos", ("-x",), "known: none"),
        ):
            problem = self.assertRaises(UsageProblem, take, dialect, *words)
            self.assertIn(part, str(problem))
            self.assertNotIn("\n", str(problem))

    def test_optionalValues(self) -> None:
        """
        An optional value stands in the same word.
        """
        optional = [letter for letter in LETTERS["gnu"] if letter.value is Value.OPTIONAL]
        self.assertEqual([letter.names[0] for letter in optional], ["-p"])
