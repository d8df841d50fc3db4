"""
Tests for L{txinetd.config.systemd.command}: C{ExecStart}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.systemd_support import readUnits
from txinetd.config import Configuration
from txinetd.spec import Program


class CommandTests(SynchronousTestCase):
    """
    Tests for C{ExecStart}.
    """

    def read(self, *lines: str) -> Configuration:
        """
        A pair whose service has some lines.
        """
        return readUnits(
            self.mktemp(),
            {
                "a.socket": "[Socket]\nListenStream=127.0.0.1:25\nAccept=yes\n",
                "a@.service": "\n".join(("[Service]", "StandardInput=socket", *lines)),
            },
        )

    def program(self, *lines: str) -> Program:
        """
        The program of such a pair, about which there is nothing to say.
        """
        configuration = self.read(*lines)
        self.assertEqual([str(each) for each in configuration.diagnostics], [])
        (spec,) = configuration.services
        assert isinstance(spec.server, Program)
        return spec.server

    def test_plain(self) -> None:
        """
        The path is argv[0] unless C{@} says another; C{-} changes nothing here.
        """
        self.assertEqual(
            self.program("ExecStart=-/bin/cat -u 'a b'"),
            Program(b"/bin/cat", (b"/bin/cat", b"-u", b"a b")),
        )
        self.assertEqual(
            self.program('ExecStart="@-/bin/my cat" cat "%%d" %p \\;'),
            Program(b"/bin/my cat", (b"cat", b"%d", b"a", b";")),
        )

    def test_variables(self) -> None:
        """
        Variables that the unit sets are replaced, a dollar is written twice, and after
        C{:} there are no variables.
        """
        environment = 'Environment="A=x y" B=z'
        self.assertEqual(
            self.program(environment, "ExecStart=@/bin/a a $A ${A}${B} $$A p$A"),
            Program(b"/bin/a", (b"a", b"x", b"y", b"x yz", b"$A", b"p$A")),
        )
        self.assertEqual(
            self.program("ExecStart=:@/bin/a a $A ${B} $$"),
            Program(b"/bin/a", (b"a", b"$A", b"${B}", b"$$")),
        )

    def test_last(self) -> None:
        """
        An empty assignment takes back a command.
        """
        found = self.program("ExecStart=/bin/a", "ExecStart=", "ExecStart=/bin/b")
        self.assertEqual(found.path, b"/bin/b")

    def test_refused(self) -> None:
        """
        What cannot be started as it is meant is not started at all, and the place is
        said.
        """
        for lines, code in {
            (): "bad-command",
            ("ExecStart=/bin/a", "ExecStart=/bin/b"): "bad-command",
            ("ExecStart=/bin/a ; /bin/b",): "bad-command",
            ("ExecStart=@/bin/a",): "bad-command",
            ("ExecStart=+/bin/a",): "privileged-command",
            ("ExecStart=!!/bin/a",): "privileged-command",
            ("ExecStart=cat",): "relative-program",
            ("ExecStart=/bin/a %i",): "unknown-specifier",
            ("ExecStart=/bin/a $OPTIONS",): "unknown-variable",
            ("ExecStart=/bin/a ${OPTIONS}",): "unknown-variable",
            ('ExecStart=/bin/a "b',): "bad-value",
        }.items():
            configuration = self.read(*lines)
            self.assertEqual(configuration.services, (), lines)
            codes = [each.code for each in configuration.diagnostics]
            self.assertIn(code, codes, lines)
            self.assertEqual(sum(each.dropped for each in configuration.diagnostics), 1)
