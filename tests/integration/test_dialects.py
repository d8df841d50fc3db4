"""
Tests of the dialects against the daemons whose they are: what a real inetd says it makes
of a line is what is made of it here.

A daemon is looked for where programs are, or is named by C{BENCH_OPENBSD_INETD} or
C{BENCH_INETUTILS_INETD}.  It runs with a network of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.config_support import OPTIONS
from tests.integration.support import needCommand, needRoot, waitFor
from txinetd.config.dialects import DIALECTS
from txinetd.names import SystemNames
from txinetd.spec import InetAddress

#: The fields from the protocol on.  Ports are given in order; the last line tells that
#: the daemon has read all before it.
LINES = (
    "tcp nowait root /bin/cat cat",
    "tcp wait root /bin/cat x",
    "tcp nowait.10 root /bin/cat cat",
    "tcp wait.10 root /bin/cat x",
    "tcp nowait:10 root /bin/cat cat",
    "tcp wait:10 root /bin/cat x",
    "tcp nowait/10 root /bin/cat cat",
    "tcp wait/3 root /bin/cat x",
    "tcp nowait.5000 root /bin/cat cat",
    "tcp nowait.0 root /bin/cat cat",
    "tcp nowait.010 root /bin/cat cat",
    "tcp nowait.10x root /bin/cat cat",
    "tcp waiting root /bin/cat x",
    "tcp waut root /bin/cat cat",
    "tcp4 nowait root /bin/cat cat",
    "tcp6 nowait root /bin/cat cat",
    "tcp nowait daemon.tty /bin/cat cat",
    "tcp nowait daemon:tty /bin/cat cat",
    "tcp nowait root /bin/cat cat # note",
    'tcp nowait root /bin/cat cat "a b"',
    "tcp nowait root /bin/cat",
    "tcp nowait root /bin/cat cat a\n\t9998 stream tcp nowait root /bin/cat cat",
    "tcp nowait root /bin/cat cat",
)

#: What Debian's has in hexadecimal or octal alone.
ANY_BASE = ("tcp nowait.0x20 root /bin/cat cat", "tcp46 nowait root /bin/cat cat")

FIRST = 9001

#: For each port and protocol: whether it waits, and how often it starts.
Made = dict[tuple[str, str], tuple[bool, int]]


def daemon(name: str) -> str:
    """
    The path of a daemon; skips the test where there is none.
    """
    given = os.environ.get(f"BENCH_{name.upper().replace('-', '_')}")
    return needCommand(*([given] if given else []), name)


class DaemonTests(SynchronousTestCase):
    """
    Tests with daemons that say what they read.
    """

    def setUp(self) -> None:
        needRoot()
        needCommand("unshare")
        try:
            subprocess.run(["unshare", "--net", "--mount", "true"], check=True, timeout=30)
        except subprocess.CalledProcessError:
            raise SkipTest("there can be no network of one's own here") from None

    def file(self, lines: tuple[str, ...]) -> Path:
        """
        Write the lines.
        """
        path = Path(self.mktemp()).absolute()
        path.write_text(
            "".join(f"{number} stream {line}\n" for number, line in enumerate(lines, FIRST))
        )
        return path

    def said(self, program: str, path: Path, last: int) -> str:
        """
        What a daemon prints about a file.
        """
        output = Path(self.mktemp()).absolute()
        command = 'mount -t tmpfs none /run && exec "$0" -d "$1"'
        with open(output, "wb") as file:
            process = subprocess.Popen(
                ["unshare", "--net", "--mount", "sh", "-c", command, program, str(path)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        try:
            pattern = rf"ADD ?: (?:\*:)?{last} "
            waitFor(
                lambda: re.search(pattern, output.read_text("utf-8", "replace")),
                "the daemon's last line",
            )
        finally:
            process.kill()
            process.wait()
        return output.read_text("utf-8", "replace")

    def ours(self, dialect: str, path: Path) -> Made:
        """
        What is made of it here.
        """
        parsed = DIALECTS[dialect].parse(str(path), path.read_bytes(), SystemNames(), OPTIONS)
        return {
            (spec.name, family): (spec.wait, spec.limits.startsPerMinute or 0)
            for spec in parsed.services
            for address in spec.addresses
            if isinstance(address, InetAddress)
            for family in ["46" if address.dualStack else "6" if ":" in address.host else "4"]
        }

    def test_debian(self) -> None:
        """
        Debian's openbsd-inetd.
        """
        program = daemon("openbsd-inetd")
        path = self.file((*ANY_BASE, *LINES))
        text = self.said(program, path, FIRST + len(ANY_BASE) + len(LINES) - 1)
        families = {"tcp": "4", "tcp4": "4", "tcp6": "6", "tcp46": "46"}
        found = re.findall(r"^ADD: (\S+) proto=(\S+), wait\.max=([01])\.(\d+) ", text, re.MULTILINE)
        theirs = {
            (port, families[protocol]): (wait == "1", int(most))
            for port, protocol, wait, most in found
        }
        # The second family of the last line may not have been printed yet.
        theirs[found[-1][0], "6"] = theirs[found[-1][0], "4"]
        self.assertEqual(self.ours("debian", path), theirs)

    def test_gnu(self) -> None:
        """
        GNU's, as Debian has it; its limit of all services is not printed.
        """
        program = daemon("inetutils-inetd")
        path = self.file(LINES)
        text = self.said(program, path, FIRST + len(LINES) - 1)
        families = {"tcp": "4", "tcp4": "4", "tcp6": "46"}
        found = re.findall(
            r"ADD : \*:(\S+) proto=(\S+), wait=([01]), max=(\d+), ", text, re.MULTILINE
        )
        theirs = {
            (port, families[protocol]): (wait == "1", min(int(most) or 1000, 1000))
            for port, protocol, wait, most in found
        }
        self.assertEqual(self.ours("gnu", path), theirs)
