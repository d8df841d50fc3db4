"""
Tests with one file of xinetd's, read by this daemon and by xinetd itself: what their
servers and their clients see.
"""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess

from tests.integration.support import DaemonTestCase, needCommand, needRoot, readAll, waitFor

#: Tells what it is and what it has.
SCRIPT = """\
#!/bin/sh
echo "arguments $0 $*"
echo "ids $(id -u) $(id -g)"
echo "umask $(umask)"
echo "nice $(nice)"
echo "processor $(ulimit -t)"
echo "mine $MINE $OTHER"
echo "inherited ${INHERITED-none} ${DROPPED-none}"
"""

FILE = """\
defaults
{{
    passenv = INHERITED DROPPED
    umask = 077
}}
service told
{{
    type = UNLISTED
    port = {told}
    bind = 127.0.0.1
    socket_type = stream
    wait = no
    user = nobody
    server = {script}
    server_args = one ${{two}} "three four"
    env = MINE=1
    env += OTHER=2
    passenv -= DROPPED
    umask = 027
    nice = 7
    rlimit_cpu = 9
    flags = NOLIBWRAP
}}
service refused
{{
    type = UNLISTED
    port = {refused}
    bind = 127.0.0.1
    socket_type = stream
    wait = no
    user = nobody
    server = {script}
    only_from = 192.0.2.1
    banner_fail = {banner}
    flags = NOLIBWRAP
}}
service passed
{{
    type = UNLISTED
    port = {passed}
    bind = 127.0.0.1
    socket_type = stream
    wait = no
    user = nobody
    redirect = 127.0.0.1 {told}
    flags = NOLIBWRAP
}}
service off
{{
    disable = yes
    type = UNLISTED
    port = {off}
    bind = 127.0.0.1
    socket_type = stream
    wait = no
    user = nobody
    server = {script}
}}
"""

#: Of these one is passed on.
ENVIRONMENT = {"INHERITED": "x", "DROPPED": "x"}


class FileTests(DaemonTestCase):
    """
    Tests for a file of xinetd's.
    """

    def setUp(self) -> None:
        super().setUp()
        needRoot()
        script = self.script("server", SCRIPT)
        banner = self.write("not you\n", "banner")
        self.ports = {name: self.freePort() for name in ("told", "refused", "passed", "off")}
        self.text = FILE.format(script=script, banner=banner, **self.ports)

    def answers(self) -> dict[str, bytes]:
        """
        What a client of each service reads.
        """
        return {name: self.answer(port) for name, port in self.ports.items()}

    def answer(self, port: int) -> bytes:
        """
        What a client reads that sends nothing.
        """
        try:
            with self.connect(port) as connection:
                return readAll(connection)
        except ConnectionRefusedError:
            return b"nobody listens"

    def test_served(self) -> None:
        """
        Servers get what the file says, clients are refused and passed on, and what is
        switched off is not there.
        """
        self.start(self.text, environment=ENVIRONMENT)
        found = self.answers()
        told = dict(line.split(" ", 1) for line in found["told"].decode().splitlines())
        self.assertEqual(
            {name: value for name, value in told.items() if name not in ("ids", "arguments")},
            {"umask": "0027", "nice": "7", "processor": "9", "mine": "1 2", "inherited": "x none"},
        )
        self.assertTrue(told["arguments"].endswith(' one ${two} "three four"'))
        self.assertEqual(found["passed"], found["told"])
        self.assertEqual(found["refused"], b"not you\n")
        self.assertEqual(found["off"], b"nobody listens")

    def test_same(self) -> None:
        """
        The same servers and clients see the same with xinetd.
        """
        xinetd = needCommand("xinetd")
        daemon = self.start(self.text, environment=ENVIRONMENT)
        ours = self.answers()
        daemon.stop()
        path = self.write(self.text, "xinetd.conf")
        process = subprocess.Popen(
            [
                *(xinetd, "-dontfork", "-f", str(path)),
                *("-filelog", str(self.directory / "xinetd.log")),
                *("-pidfile", str(self.directory / "xinetd.pid")),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **ENVIRONMENT},
            process_group=0,
        )
        self.addCleanup(process.wait)
        self.addCleanup(os.killpg, process.pid, signal.SIGKILL)

        def listens() -> bool:
            """
            Whether it has begun.
            """
            try:
                socket.create_connection(("127.0.0.1", self.ports["told"])).close()
            except ConnectionRefusedError:
                return False
            return True

        waitFor(listens, "xinetd to listen")
        self.assertEqual(self.answers(), ours)


INTERNAL = """\
service {name}
{{
    type = INTERNAL UNLISTED
    id = the-{name}
    port = {port}
    bind = 127.0.0.1
    socket_type = stream
    protocol = tcp
    wait = no
    flags = NOLIBWRAP
}}
"""

BEHIND = """\
service behind
{{
    type = TCPMUXPLUS UNLISTED
    socket_type = stream
    protocol = tcp
    wait = no
    user = {user}
    server = /bin/echo
    server_args = hello
    flags = NOLIBWRAP
}}
"""


class InternalTests(DaemonTestCase):
    """
    Tests for the internal services that older versions of xinetd have, and for what is
    reached by way of tcpmux.
    """

    def test_served(self) -> None:
        """
        They tell what is served and what runs, and change nothing.
        """
        names = ("servers", "services", "xadmin", "tcpmux", "auth")
        ports = {name: self.freePort() for name in names}
        text = "".join(INTERNAL.format(name=name, port=port) for name, port in ports.items())
        user = pwd.getpwuid(os.geteuid()).pw_name
        daemon = self.start(text + BEHIND.format(user=user))
        services = self.ask(ports["services"]).decode().splitlines()
        for name, port in ports.items():
            self.assertIn(f"the-{name} tcp4 {port}", services)
        self.assertEqual(self.ask(ports["servers"]), b"")
        told = self.ask(ports["xadmin"], b"show avail\r\nstop the-auth\r\nbye\r\n")
        self.assertIn(b"the-services", told)
        self.assertEqual(self.ask(ports["tcpmux"], b"behind\r\n"), b"+Go\r\nhello\n")
        self.assertIn(b": ERROR : ", self.ask(ports["auth"], b"1,2\r\n"))
        self.assertEqual(self.ask(ports["services"]).decode().splitlines(), services)
        self.assertNotIn("Traceback", daemon.log())
