"""
The same files with this project's daemon and with xinetd itself, as in C{python -m
tests.differential}.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.corpus_support import corpus
from tests.integration.support import needCommand, needRoot

#: Says, as C{all}, that all files of the corpus are to be compared, which takes minutes.
VARIABLE = "TXINETD_DIFFERENTIAL"

#: Files of the corpus that are compared otherwise.
SOME = (
    "Bee1To+raspbmc-files__etc%xinetd.d%ftp",
    "Cov-ComSec+docker-jail-template__ctf.xinetd",
    "jvivona+pbx-scripts__etc%xinetd.d%nrpe",
    "kmmorozov+syseng2122__xinetd.d%echo-stream",
    "karlcchen+etc__xinetd.d%tftp",
)

FILE = """\
defaults
{
    instances = 20
    log_on_success = PID HOST EXIT DURATION
    log_on_failure = HOST ATTEMPT
    passenv = PATH MARK
}
service one
{
    type = UNLISTED
    port = 7001
    socket_type = stream
    wait = no
    user = daemon
    group = nogroup
    groups = no
    server = /usr/bin/one
    server_args = a ${b} "c d" 'e' --f
    env = X=1
    env += Y=2
    passenv -= MARK
    umask = 037
    nice = 3
    rlimit_cpu = 5
    rlimit_as = 512M
    rlimit_files = 64
    rlimit_stack = 8M
    only_from = 127.0.0.0/8 192.0.2.0/24
    no_access = 127.0.0.2
    flags = IPv4 NODELAY KEEPALIVE
}
service named
{
    type = UNLISTED
    port = 7002
    bind = 127.0.0.1
    socket_type = stream
    wait = no
    user = nobody
    flags = NAMEINARGS
    log_on_success = PID HOST
    log_on_failure =
    server = /usr/bin/two
    server_args = argv0 second
}
service whole
{
    type = UNLISTED
    port = 7003
    socket_type = stream
    protocol = tcp
    wait = yes
    user = nobody
    server = /usr/bin/three
    flags = IPv4 NOLIBWRAP
}
service datagrams
{
    type = UNLISTED
    port = 7004
    socket_type = dgram
    protocol = udp
    wait = yes
    user = nobody
    server = /usr/bin/four
    flags = IPv4
}
service closed
{
    type = UNLISTED
    port = 7005
    socket_type = stream
    wait = no
    user = nobody
    server = /usr/bin/five
    only_from =
    banner_fail = /etc/banner
    banner = /etc/banner
    flags = IPv6
}
"""


class DifferentialTests(SynchronousTestCase):
    """
    Tests of what is different.
    """

    def setUp(self) -> None:
        needRoot()
        for name in ("xinetd", "cc", "ip"):
            needCommand(name)

    def compare(self, files: Sequence[str]) -> str:
        """
        Compare files; whatever is different has a reason.

        @return: the table.
        """
        done = subprocess.run(
            [sys.executable, "-m", "tests.differential", *files],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}")
        return done.stdout

    def test_made(self) -> None:
        """
        A file of our own, in which most things are that servers are given.
        """
        path = Path(self.mktemp())
        path.write_text(FILE)
        compared = self.compare([str(path.resolve())])
        self.assertIn("1 of them with services that both serve", compared)

    def test_some(self) -> None:
        """
        Some files from the wild, or all of them.
        """
        place = corpus() / "xinetd"
        files = [] if os.environ.get(VARIABLE) == "all" else [str(place / name) for name in SOME]
        self.assertIn(" 0 cells without an explanation", self.compare(files))
