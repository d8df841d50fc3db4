"""
Many clients: nobody is lost, and nothing is left behind.
"""

from __future__ import annotations

import selectors
import socket
from pathlib import Path

from tests.integration.support import PATIENCE, DaemonTestCase, waitFor


def allocated(pid: int) -> int:
    """
    The memory that a process has got for what it keeps, in kilobytes: the anonymous
    pages, which do not change with what other processes do, as a share of a library
    would.
    """
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1])
    raise AssertionError("the kernel does not tell")


class LoadTestCase(DaemonTestCase):
    """
    Makes many connections.
    """

    def rush(self, port: int, total: int, together: int) -> int:
        """
        Make connections, so many at a time, and read each to its end.

        @return: how many were answered with C{ok}.
        """
        selector = selectors.DefaultSelector()
        self.addCleanup(selector.close)
        answered, begun = 0, 0
        answers: dict[socket.socket, bytes] = {}
        while answered < total:
            while begun < total and len(answers) < together:
                connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
                connection.setblocking(False)
                answers[connection] = b""
                selector.register(connection, selectors.EVENT_READ)
                begun += 1
            ready = selector.select(PATIENCE)
            self.assertTrue(ready, f"{answered} of {total} answered, {len(answers)} open")
            for key, _ in ready:
                connection = key.fileobj  # type: ignore[assignment]
                piece = connection.recv(100)
                answers[connection] += piece
                if not piece:
                    selector.unregister(connection)
                    connection.close()
                    self.assertEqual(answers.pop(connection), b"ok\n")
                    answered += 1
        return answered


class ManyTests(LoadTestCase):
    """
    A service without a limit, and many clients.
    """

    def test_atOnce(self) -> None:
        """
        500 clients that are connected at the same time are all served.
        """
        port = self.freePort()
        daemon = self.start(
            f"127.0.0.1:{port} stream tcp nowait.0 - /bin/sh sh -c 'read go; echo ok'\n",
            "--backlog",
            "1000",
        )
        connections = [self.connect(port) for _ in range(500)]
        waitFor(lambda: len(daemon.children()) == 500, "500 servers")
        for connection in connections:
            connection.sendall(b"go\n")
        for connection in connections:
            self.assertEqual(connection.makefile("rb").read(), b"ok\n")
            connection.close()
        daemon.records(500, verdict="served", exit="0")
        self.assertEqual(daemon.children(), [])

    def test_inARow(self) -> None:
        """
        20,000 clients one after the other are all served; after the last one
        there is no zombie, no descriptor more than before, and hardly any memory
        more than after the first 2,000.
        """
        port = self.freePort()
        daemon = self.start(f"127.0.0.1:{port} stream tcp nowait.0 - /bin/echo echo ok\n")
        self.assertEqual(self.rush(port, 2000, 4), 2000)
        daemon.records(2000, verdict="served", exit="0")
        memory = allocated(daemon.pid)
        descriptors = daemon.descriptors()
        self.assertEqual(self.rush(port, 18000, 4), 18000)
        daemon.records(20000, verdict="served", exit="0")
        self.assertEqual(daemon.children(), [])
        self.assertEqual(daemon.descriptors(), descriptors)
        self.assertLessEqual(allocated(daemon.pid), memory + 1024)
