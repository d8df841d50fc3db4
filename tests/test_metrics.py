"""
Tests for L{txinetd.metrics}.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import inlineCallbacks
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SkipTest, TestCase

from tests.record_support import heard, record
from txinetd.counters import Counters
from txinetd.metrics import MetricsService, haveClient

reactor: Any = _reactor


def get(port: int, path: bytes) -> tuple[bytes, bytes]:
    """
    Ask for a page.

    @return: its head and its body.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"GET " + path + b" HTTP/1.0\r\n\r\n")
        with connection.makefile("rb") as file:
            head, _, body = file.read().partition(b"\r\n\r\n")
    return head, body


class MetricsTests(TestCase):
    """
    Tests for L{MetricsService}.
    """

    def setUp(self) -> None:
        if not haveClient():
            raise SkipTest("prometheus_client is not installed")
        self.counters = Counters()
        self.service = MetricsService(reactor, "127.0.0.1", 0, lambda: self.counters.snapshot(4))
        self.service.privilegedStartService()
        self.service.startService()
        self.addCleanup(self.service.stopService)
        self.port = self.service.port.getHost().port

    @inlineCallbacks
    def test_exposition(self) -> Any:
        """
        The page is read by prometheus_client's own parser, with every number as it is
        at that moment, whatever the services are called.
        """
        from prometheus_client.parser import text_string_to_metric_families

        name = 'a"b\\c\n\u202e\udc80'
        ours = self.counters.forService(name, "stream")
        ours.accepted = ours.running = 3
        ours.refused.add("address")
        ours.ended(record(status=7, duration=1.5))
        self.counters.reloads = 2
        head, body = yield deferToThread(get, self.port, b"/metrics")
        self.assertIn(b" 200 ", head.split(b"\r\n")[0])
        self.assertIn(b"text/plain; version=0.0.4", head)
        samples = {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(body.decode("utf-8"))
            for sample in family.samples
        }
        labels = (("service", 'a"b\\c\n\u202e\\udc80'), ("type", "stream"))
        for wanted, value in (
            (("txinetd_reloads_total",), 2.0),
            (("txinetd_records_dropped_total",), 4.0),
            (("txinetd_paused_services",), 0.0),
            (("txinetd_service_accepted_total", *labels), 3.0),
            (("txinetd_service_running", *labels), 2.0),
            (("txinetd_service_served_seconds_total", *labels), 1.5),
            (("txinetd_service_refused_total", ("rule", "address"), *labels), 1.0),
            (
                ("txinetd_service_exits_total", labels[0], ("status", "7"), labels[1]),
                1.0,
            ),
        ):
            self.assertEqual(samples[wanted], value)

    @inlineCallbacks
    def test_nothingElse(self) -> Any:
        """
        There is no other page.
        """
        for path in (b"/", b"/other", b"/../etc/passwd"):
            head, _ = yield deferToThread(get, self.port, path)
            self.assertIn(b" 404 ", head.split(b"\r\n")[0])

    @inlineCallbacks
    def test_taken(self) -> Any:
        """
        Where the address is taken, that is said, and everything else goes on.
        """
        said = heard(self, "txinetd.metrics.MetricsService")
        other = MetricsService(reactor, "127.0.0.1", self.port, self.counters.snapshot)
        other.startService()
        self.assertEqual(len(said), 1)
        self.assertIn(f"127.0.0.1:{self.port}", said[0])
        yield other.stopService()
