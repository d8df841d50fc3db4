"""
Tests for L{txinetd.record.syslog}.
"""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from tests.record_support import heard
from txinetd.record.places import Line
from txinetd.record.syslog import SyslogPlace
from txinetd.recording import SyslogDestination

LINE = Line(0.0, "hello")


class SyslogTests(TestCase):
    """
    Tests for L{SyslogPlace}.
    """

    def setUp(self) -> None:
        # A socket's path may not be long.
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = Path(directory.name, "log")
        self.clock = Clock()
        self.said = heard(self, "txinetd.record.trouble.Trouble")

    def logger(self, kind: socket.SocketKind = socket.SOCK_DGRAM) -> socket.socket:
        """
        The system's logger.
        """
        own = socket.socket(socket.AF_UNIX, kind)
        self.addCleanup(own.close)
        own.settimeout(10)
        own.bind(str(self.path))
        if kind == socket.SOCK_STREAM:
            own.listen(4)
        return own

    def place(self, **changes: str) -> SyslogPlace:
        """
        What writes to it.
        """
        destination = SyslogDestination(path=str(self.path), **changes)
        place = SyslogPlace(destination, "txinetd", self.clock.seconds)
        self.addCleanup(place.close)
        return place

    def test_message(self) -> None:
        """
        A message has facility and priority, time, ident and process id (RFC 3164).
        """
        logger = self.logger()
        self.assertEqual(self.place().write([LINE]), 0)
        pattern = rf"^<30>[A-Z][a-z]{{2}} [ \d]\d \d\d:\d\d:\d\d txinetd\[{os.getpid()}\]: hello$"
        self.assertRegex(logger.recv(1000).decode(), pattern)

    def test_settings(self) -> None:
        """
        Facility, priority and ident are what they were set to.
        """
        logger = self.logger()
        self.place(facility="local3", priority="notice", ident="xinetd").write([LINE])
        message = logger.recv(1000)
        self.assertTrue(message.startswith(b"<157>"), message)
        self.assertIn(b" xinetd[", message)

    def test_stream(self) -> None:
        """
        A logger on a stream gets messages that end in a zero byte.
        """
        logger = self.logger(socket.SOCK_STREAM)
        place = self.place()
        self.assertEqual(place.write([LINE, LINE]), 0)
        connection, _ = logger.accept()
        place.close()
        with connection, connection.makefile("rb") as file:
            data = file.read()
        self.assertEqual(data.count(b": hello\0"), 2)

    def test_full(self) -> None:
        """
        A logger that does not read holds nobody up: what it does not take is dropped
        and counted, that is said once, and it goes on when the logger reads again.
        """
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            self.said.clear()
            logger = self.logger(kind)
            place = self.place()
            dropped = sum(place.write([Line(0.0, "x" * 5000)] * 100) for _ in range(20))
            self.assertGreater(dropped, 0)
            self.assertEqual(len(self.said), 1)
            self.assertIn("does not keep up", self.said[0])
            reader = logger if kind == socket.SOCK_DGRAM else logger.accept()[0]
            self.addCleanup(reader.close)
            reader.setblocking(False)
            tail = b""
            while place.write([LINE]):
                tail = reader.recv(10**6)
            while not tail.rstrip(b"\0").endswith(b": hello"):
                tail = reader.recv(10**6)
            self.assertRegex(self.said[-1], r"again; \d+ were dropped")
            place.close()
            self.path.unlink()

    def test_dead(self) -> None:
        """
        Without a logger lines are dropped and counted; it is looked for again after a
        while, not for each line.
        """
        place = self.place()
        self.assertEqual(place.write([LINE, LINE]), 2)
        logger = self.logger()
        self.assertEqual(place.write([LINE]), 1)
        self.clock.advance(place.pause)
        self.assertEqual(place.write([LINE]), 0)
        self.assertIn(b"hello", logger.recv(1000))
        self.assertEqual(len(self.said), 2)
        self.assertIn("3 were dropped", self.said[1])

    def test_restarted(self) -> None:
        """
        When the logger has been restarted, no line is lost.
        """
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            old = self.logger(kind)
            place = self.place()
            self.assertEqual(place.write([LINE]), 0)
            old.close()
            self.path.unlink()
            new = self.logger(kind)
            self.assertEqual(place.write([LINE]), 0)
            reader = new if kind == socket.SOCK_DGRAM else new.accept()[0]
            self.addCleanup(reader.close)
            self.assertIn(b"hello", reader.recv(1000))
            place.close()
            self.path.unlink()

    def test_left(self) -> None:
        """
        The socket of a logger that has ended is no logger.
        """
        self.logger().close()
        place = self.place()
        self.assertEqual(place.write([LINE]), 1)
        self.assertEqual(place.write([LINE]), 1)
        self.assertEqual(len(self.said), 1)
