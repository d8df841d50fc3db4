"""
Tests for L{txinetd.wrap.helper.library}, by way of programs of their own: libwrap
works on static state, and not in the process of these tests.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import txinetd
from tests.wrap_support import needLibwrap

_BEGIN = f"""
import sys
sys.path.insert(0, {str(Path(txinetd.__file__).parent.parent)!r})
from txinetd.wrap.helper.library import Library, Request
library = Library("libwrap.so.0")
library.useTables(b"hosts.allow", b"hosts.deny")
def ask(peer="192.0.2.7", local="127.0.0.1", daemon=b"in.test", named=True):
    global request
    request = Request(daemon, (peer, 40000), (local, 21))
    return library.isAllowed(request, named)
"""


class LibraryTests(SynchronousTestCase):
    """
    Tests for L{Library}.
    """

    def setUp(self) -> None:
        needLibwrap()
        self.directory = Path(self.mktemp())
        self.directory.mkdir()

    def run_(self, program: str, allow: str = "", deny: str = "") -> list[str]:
        """
        Run a program that has C{library} and C{ask}.

        @return: the lines it prints.
        """
        (self.directory / "hosts.allow").write_text(allow)
        (self.directory / "hosts.deny").write_text(deny)
        done = subprocess.run(
            [sys.executable, "-c", _BEGIN + program],
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    def test_tables(self) -> None:
        """
        It goes by the files that it was given.
        """
        lines = self.run_("print(ask(), ask('192.0.2.8'))", "ALL: 192.0.2.8\n", "ALL: ALL\n")
        self.assertEqual(lines, ["False True"])

    def test_decider(self) -> None:
        """
        The rule that decided by an option is known by file and line, and forgotten at
        the next question.
        """
        lines = self.run_(
            "ask(); print(library.decider()); ask('192.0.2.8'); print(library.decider())",
            "# one\nALL: 192.0.2.7: ALLOW\n",
        )
        self.assertEqual(lines, ["('hosts.allow', 2)", "('', 0)"])

    def test_severity(self) -> None:
        """
        A rule sets how what follows is logged.
        """
        lines = self.run_(
            "ask(); print(library.severities)", "ALL: ALL: severity auth.crit: deny\n"
        )
        self.assertEqual(lines, [str((4 << 3 | 2,) * 2)])

    def test_names(self) -> None:
        """
        Without leave to look for names, all are unknown; with it, this machine's own
        is found.
        """
        program = "print(ask('127.0.0.1', named=True), ask('127.0.0.1', named=False))"
        self.assertEqual(self.run_(program, "ALL: KNOWN\n", "ALL: ALL\n"), ["True False"])

    def test_replaced(self) -> None:
        """
        Where this process may not become another program, a rule that would have it is
        an error: refused.
        """
        program = "library.mayBeReplaced(False); print(ask(), ask())"
        self.assertEqual(self.run_(program, "ALL: ALL: twist echo no\n"), ["False False"])

    def test_dry(self) -> None:
        """
        Where it only tries, no command is run, and that another program would have
        answered is known.
        """
        program = (
            "library.isDry = True; ask(); print(library.isDry); "
            "ask(daemon=b'in.other'); print(library.isDry)"
        )
        lines = self.run_(program, "in.test: ALL: spawn touch x: allow\nALL: ALL: twist echo no\n")
        self.assertEqual(lines, ["True", "False"])
        self.assertFalse((self.directory / "x").exists())

    def test_scope(self) -> None:
        """
        A link-local address may have the name or number of an interface.
        """
        program = "print(ask('fe80::1%lo'), ask('fe80::1%1'), ask('fe80::1'))"
        rules = "ALL: [fe80::]/10\n", "ALL: ALL\n"
        self.assertEqual(self.run_(program, *rules), ["True True True"])

    def test_noAddress(self) -> None:
        """
        What is no address is an error.
        """
        program = """
try:
    ask('nobody')
except OSError:
    print("refused")
"""
        self.assertEqual(self.run_(program), ["refused"])

    def test_missing(self) -> None:
        """
        A library that is not there, or is another one, is an error by name.
        """
        program = """
for name in ("libwrap-that-is-not.so.0", "libc.so.6"):
    try:
        Library(name)
    except OSError as error:
        print(error)
"""
        first, second = self.run_(program)
        self.assertIn("libwrap-that-is-not.so.0", first)
        self.assertIn("sock_hostname", second)
