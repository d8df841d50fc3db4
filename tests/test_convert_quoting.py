"""
Tests for L{txinetd.convert.quoting}: commands and variables.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txinetd.convert.quoting import command, variable
from txinetd.spec import Program


class CommandTests(SynchronousTestCase):
    """
    Tests for L{command}.
    """

    def test_arguments(self) -> None:
        """
        Arguments are in ASCII, with percent signs and dollars doubled.
        """
        argv = (
            b"cat",
            b"-u",
            b"",
            b"a b",
            b"100%",
            b"$HOME",
            b"${X}",
            b'"\\',
            b";",
            b"\xff\n",
            b"#",
        )
        self.assertEqual(
            command(Program(b"/bin/cat", argv)),
            '@/bin/cat cat -u "" "a b" 100%% "$$HOME" "$${X}" "\\"\\\\" ";" "\\xff\\n" "#"',
        )

    def test_path(self) -> None:
        """
        The path is argv[0] by itself where it is the same, but for one with a dollar.
        """
        self.assertEqual(command(Program(b"/bin/a", (b"/bin/a", b"x"))), "/bin/a x")
        self.assertEqual(command(Program(b"/b $/a", (b"/b $/a",))), '"@/b $/a" "/b $$/a"')

    def test_impossible(self) -> None:
        """
        A path that systemd does not take, and a program without argv[0], is no command.
        """
        for path in (b"/bin/\xff", b'/bin/"', b"/bin/\\", b"/bin/\n", b"/bin/"):
            self.assertIsNone(command(Program(path, (b"a",))), path)
        self.assertIsNone(command(Program(b"/bin/a", ())))


class VariableTests(SynchronousTestCase):
    """
    Tests for L{variable}.
    """

    def test_variables(self) -> None:
        """
        A variable is one word; a dollar is itself in it.
        """
        self.assertEqual(variable(b"A", b"b"), "A=b")
        self.assertEqual(variable(b"A_1", b'$x 5%\n"'), '"A_1=$x 5%%\\n\\""')

    def test_impossible(self) -> None:
        """
        Some names and values systemd does not take.
        """
        for name, value in [(b"A-B", b""), (b"1", b""), (b"A", b"\xff"), (b"A", b"\x01")]:
            self.assertIsNone(variable(name, value))
        self.assertIsNone(variable(b"A", b"\x7f"))
