"""
Sockets from a service manager, and sockets for servers that expect one.
"""

from __future__ import annotations

import shutil
import socket
import threading

from twisted.trial.unittest import SkipTest

from tests.integration.support import DaemonTestCase, readAll, waitFor

#: Prints what sd_listen_fds(3) looks at, and what is on descriptor 3.
LOOK = (
    'test "$LISTEN_PID" = $$ && echo mine; echo $LISTEN_FDS $LISTEN_FDNAMES;'
    " test $(stat -Lc %i /proc/$$/fd/3) = $(stat -Lc %i /proc/$$/fd/0) && echo same;"
    " ls /proc/$$/fd"
)


class ManagerTests(DaemonTestCase):
    """
    A daemon that is started by systemd-socket-activate.
    """

    def test_inherited(self) -> None:
        """
        A service has the socket that was passed, with whoever was waiting in it; its
        server has it on 0 to 2 and no other.
        """
        program = shutil.which("systemd-socket-activate")
        if program is None:
            raise SkipTest("systemd-socket-activate is not installed")
        port = self.freePort()
        clients: list[socket.socket] = []

        def connect() -> bool:
            try:
                clients.append(socket.create_connection(("127.0.0.1", port), 30))
            except OSError:
                return False
            return True

        # It starts the daemon when the first client comes.
        knocking = threading.Thread(target=waitFor, args=(connect, "the listener"))
        knocking.start()
        self.addCleanup(knocking.join)
        daemon = self.start(
            f"127.0.0.1:{port} stream tcp nowait - /bin/sh sh -c 'ls /proc/$$/fd; exit 0'\n",
            command=[program, "-l", f"127.0.0.1:{port}"],
        )
        knocking.join()
        with clients[0] as client:
            self.assertEqual(readAll(client).split(), [b"0", b"1", b"2"])
        self.assertEqual(self.ask(port).split(), [b"0", b"1", b"2"])
        self.assertNotIn("nobody serves the inherited", daemon.log())


class ServerTests(DaemonTestCase):
    """
    Servers that look for a socket as sd_listen_fds(3) does.
    """

    def see(self, *options: str) -> list[str]:
        """
        What such a server sees.
        """
        port = self.freePort()
        self.start(
            f"127.0.0.1:{port} on protocol = tcp4, wait = no, user = -, exec = /bin/sh,"
            f" args = sh -c '{LOOK}', listen_fds = yes;\n",
            *options,
        )
        return self.ask(port).decode().split("\n")

    def test_each(self) -> None:
        """
        On each road that can: the variables are meant for it, and descriptor 3 is the
        connection, as 0 is; there is no other.
        """
        for options in ((), ("--road", "fork"), ("--road", "launcher")):
            mine, told, same, *descriptors = self.see(*options)
            self.assertEqual((mine, same), ("mine", "same"), options)
            self.assertTrue(told.startswith("1 "), told)
            self.assertEqual([each for each in descriptors if each], ["0", "1", "2", "3"])
