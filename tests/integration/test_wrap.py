"""
Tests for L{txinetd.wrap} against what the system has: tcpdmatch(8), a name server that
does not answer, and the system's log.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import inlineCallbacks
from twisted.trial.unittest import SkipTest, TestCase

import txinetd
from tests.integration.support import needCommand
from tests.integration.wrap_table import HOSTS, NSSWITCH, Result, compare
from tests.wrap_support import needLibwrap

_ROOT = Path(txinetd.__file__).parent.parent

#: Any number will do; with another the table is another.
SEED = int(os.environ.get("TXINETD_WRAP_SEED", "4"))

#: Pairs of rule files; 15 cases each.
SETS = int(os.environ.get("TXINETD_WRAP_SETS", "70"))

#: What a wrapper is asked in a namespace: prints the answer and how long it took.
_ASK = """
import sys, time
from twisted.internet import task
from twisted.internet.defer import inlineCallbacks
from txinetd.process.limits import DescriptorLimit
from txinetd.process.reaper import Reaper
from txinetd.wrap import Wrapper

@inlineCallbacks
def ask(reactor):
    reaper = Reaper(reactor)
    Wrapper.patience = 1.0
    wrapper = Wrapper(reactor, reaper, DescriptorLimit(), allowFile=sys.argv[1].encode(),
                      denyFile=b"/no/such/file")
    for daemon in sys.argv[2:]:
        began = time.monotonic()
        answer = yield wrapper.ask(daemon.encode(), "192.0.2.7", 40000, "127.0.0.1", 21)
        print(daemon, answer.allowed, time.monotonic() - began, answer.reason)
    wrapper.close()
    while reaper.pids:
        yield task.deferLater(reactor, 0.001)
"""


def inNamespace(directory: Path, prepare: str, *command: str, stdin: str = "") -> str:
    """
    Run a command in namespaces of its own, with loopback and no other network.

    @param prepare: what the shell is to do there first.
    @return: what it prints.
    """
    unshare = needCommand("unshare")
    ip = needCommand("ip")
    options = ["-mn"] if os.geteuid() == 0 else ["-mnr"]
    tried = subprocess.run([unshare, *options, "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        raise SkipTest(f"no namespaces: {tried.stderr.strip()}")
    done = subprocess.run(
        [
            unshare,
            *options,
            "sh",
            "-ec",
            f'{ip} link set lo up; {prepare}; exec "$@"',
            "sh",
            *command,
        ],
        cwd=_ROOT,
        env={**os.environ, "D": str(directory)},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return done.stdout


class IntegrationTestCase(TestCase):
    """
    Needs libwrap and a directory.
    """

    timeout = 300

    def setUp(self) -> None:
        needLibwrap()
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()


class TableTests(IntegrationTestCase):
    """
    The same verdicts as tcpdmatch's, over a generated table.  C{TXINETD_WRAP_SETS} makes
    it longer and C{TXINETD_WRAP_SEED} makes it another.
    """

    def setUp(self) -> None:
        super().setUp()
        self.program = needCommand("tcpdmatch")

    def check(self, result: Result, here: int) -> None:
        """
        See that all was the same, and that not all of it was alike.

        @param here: so many at least were decided in the helper itself.
        """
        self.assertEqual(result.differences, [])
        self.assertEqual(result.cases, SETS * 15)
        self.assertGreater(result.verdicts["granted"], result.cases / 10)
        self.assertGreater(result.verdicts["denied"], result.cases / 10)
        self.assertGreater(result.verdicts["delegated"], 0)
        self.assertGreater(result.here, result.cases * here / 100)

    def isolated(self, seed: int, kind: str) -> Result:
        """
        Compare where no name server is asked.

        @param kind: C{names} or C{addresses}.
        """
        (self.directory / "hosts").write_text(HOSTS)
        (self.directory / "nsswitch.conf").write_text(NSSWITCH)
        table = self.directory / "table"
        table.mkdir()
        said = inNamespace(
            self.directory,
            'mount --bind "$D/hosts" /etc/hosts; '
            'mount --bind "$D/nsswitch.conf" /etc/nsswitch.conf',
            sys.executable, "-m", "tests.integration.wrap_table",
            self.program, str(table), str(seed), str(SETS), kind,
        )  # fmt: skip
        return Result(**json.loads(said))

    @inlineCallbacks
    def test_addresses(self) -> Any:
        """
        Rules by addresses and daemons, with and without options.
        """
        try:
            result = self.isolated(SEED, "addresses")
        except SkipTest:
            # These need no names of their own.
            result = yield compare(reactor, self.program, self.directory, SEED, SETS, False)
        self.check(result, here=30)

    def test_names(self) -> None:
        """
        Rules that name hosts, users, files and wildcards, with names of their own.
        """
        self.check(self.isolated(SEED + 1, "names"), here=3)


class SystemTests(IntegrationTestCase):
    """
    What a helper needs of the system, and what when that does not answer.
    """

    def ask(self, rules: str, prepare: str, before: str, *daemons: str) -> list[list[str]]:
        """
        Ask about a client, for some daemons.

        @param prepare: as of L{inNamespace}.
        @param before: what Python is to do first.
        @return: daemon, whether it is allowed, seconds, and the reason, of each; then
            what C{before} wants to say.
        """
        (self.directory / "rules").write_text(rules)
        program = f"{_ASK}\n{before}\ntask.react(ask)\n"
        said = inNamespace(
            self.directory,
            prepare,
            sys.executable, "-c", program, str(self.directory / "rules"), *daemons,
        )  # fmt: skip
        return [line.split(" ", 3) for line in said.splitlines()]

    def test_nameServer(self) -> None:
        """
        When a name server does not answer, those whose rules need a name are refused in
        time, and all others are answered as ever.
        """
        (self.directory / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:30\n")
        (self.directory / "nsswitch.conf").write_text("hosts: dns\n")
        answers = self.ask(
            "in.named: .example.org\nALL: ALL\n",
            'mount --bind "$D/resolv.conf" /etc/resolv.conf; '
            'mount --bind "$D/nsswitch.conf" /etc/nsswitch.conf',
            "import socket; silent = socket.socket(type=socket.SOCK_DGRAM); "
            "silent.bind(('127.0.0.1', 53))",
            "in.plain", "in.named", "in.plain",
        )  # fmt: skip
        self.assertEqual([answer[1] for answer in answers], ["True", "False", "True"])
        self.assertIn("no decision within 1 seconds", answers[1][3])
        self.assertTrue(1.0 <= float(answers[1][2]) < 20)

    def test_paranoid(self) -> None:
        """
        A name that is not that of the address it was found for is no name.
        """
        (self.directory / "hosts").write_text("192.0.2.7 192.0.2.77\n")
        (self.directory / "nsswitch.conf").write_text("hosts: files\n")
        answers = self.ask(
            "in.paranoid: PARANOID: deny\nin.known: KNOWN: deny\n"
            "in.unknown: UNKNOWN: deny\nALL: ALL: allow\n",
            'mount --bind "$D/hosts" /etc/hosts; '
            'mount --bind "$D/nsswitch.conf" /etc/nsswitch.conf',
            "",
            "in.paranoid", "in.known", "in.unknown",
        )  # fmt: skip
        self.assertEqual([answer[1] for answer in answers], ["False", "True", "True"])

    def test_severity(self) -> None:
        """
        A rule's severity is that of the line in the system's log.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root can have a log of its own")
        said = self.ask(
            "in.good: ALL: severity mail.notice\n"
            "in.bad: ALL: severity auth.crit: deny\n"
            "ALL: ALL: setenv A b\n",
            'mkdir "$D/dev"; mount -t tmpfs none "$D/dev"; '
            'for each in null urandom; do touch "$D/dev/$each"; '
            'mount --bind /dev/$each "$D/dev/$each"; done; mount --move "$D/dev" /dev',
            "import atexit, socket\n"
            "log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
            "log.bind('/dev/log')\n"
            "log.setblocking(False)\n"
            "@atexit.register\n"
            "def read():\n"
            "    try:\n"
            "        while True: print(log.recv(1000).decode())\n"
            "    except BlockingIOError:\n"
            "        pass\n",
            "in.good", "in.bad", "in.other",
        )  # fmt: skip
        self.assertEqual([line[1] for line in said[:3]], ["True", "False", "True"])
        lines = [" ".join(line) for line in said[3:]]
        self.assertEqual(len(lines), 2)
        self.assertRegex(lines[0], r"^<21>.* txinetd\[\d+\]: in.good: connect from 192.0.2.7$")
        self.assertRegex(
            lines[1], r"^<34>.* txinetd\[\d+\]: in.bad: refused connect from 192.0.2.7$"
        )
