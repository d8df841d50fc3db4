# -*- test-case-name: tests.test_metrics -*-
"""
The counters for Prometheus, over HTTP.

It needs C{prometheus_client} (the extra C{metrics}), which is looked for only when
there is something to serve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from twisted.application import service
from twisted.internet import defer
from twisted.internet.error import CannotListenError
from twisted.logger import Logger
from twisted.web import resource, server
from twisted.web.http import Request

if TYPE_CHECKING:
    from prometheus_client import Metric

__all__ = ["CountersCollector", "MetricsResource", "MetricsService", "haveClient"]

Snapshot = Callable[[], dict[str, Any]]

#: What is said of the server: name, key of the snapshot, whether it only grows, help.
_SERVER = (
    ("reloads", "reloads", True, "Configurations put in force after the first."),
    ("bad_lines", "bad_lines", False, "Lines of the configuration that make no service."),
    ("paused_services", "paused", False, "Services that are over their limit."),
    ("records_dropped", "records_dropped", True, "Records that could not be written."),
    ("penalised_sources", "penalised", True, "Sources that were given a penalty."),
    ("barred_sources", "barred", True, "Sources that were barred."),
)

#: Of each service.
_SERVICE = (
    ("accepted", "accepted", True, "Arrivals that were let in."),
    ("running", "running", False, "Arrivals that are being served or wait for that."),
    ("queued", "queued", False, "Arrivals that wait to be served."),
    ("paused", "paused", False, "Whether the service is over its limit."),
    ("served_seconds", "seconds", True, "Time for which arrivals were served."),
    ("longest_seconds", "longest", False, "The longest time for which one was served."),
    ("received_bytes", "received", True, "Bytes from clients of services in this process."),
    ("sent_bytes", "sent", True, "Bytes to clients of services in this process."),
)

#: Of each service, by a label of its own.
_LABELLED = (
    ("refused", "refused", "rule", "Arrivals that were refused."),
    ("shadowed", "shadowed", "rule", "Arrivals that a rule in shadow would have refused."),
    ("failed", "failed", "step", "Arrivals that were let in and could not be served."),
    ("exits", "exits", "status", "Servers that ended."),
    ("killed", "signals", "signal", "Servers that a signal ended."),
)


def haveClient() -> bool:
    """
    Whether C{prometheus_client} is there.
    """
    try:
        import prometheus_client  # noqa: F401
    except ImportError:
        return False
    return True


class CountersCollector:
    """
    Makes metrics of the counters whenever they are asked for.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        """
        @param snapshot: the counters, as L{txinetd.counters.Counters.snapshot} has
            them.
        """
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """
        The metrics.
        """
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        found = self._snapshot()
        services = found["services"]
        for name, key, grows, text in _SERVER:
            family = CounterMetricFamily if grows else GaugeMetricFamily
            yield family(f"txinetd_{name}", text, value=found[key])
        for name, key, grows, text in _SERVICE:
            family = CounterMetricFamily if grows else GaugeMetricFamily
            metric = family(f"txinetd_service_{name}", text, labels=("service", "type"))
            for each in services:
                metric.add_metric((_label(each["service"]), each["type"]), float(each[key]))
            yield metric
        for name, key, label, text in _LABELLED:
            metric = CounterMetricFamily(
                f"txinetd_service_{name}", text, labels=("service", "type", label)
            )
            for each in services:
                for which, count in each[key].items():
                    labels = (_label(each["service"]), each["type"], _label(which))
                    metric.add_metric(labels, count)
            yield metric


def _label(text: str) -> str:
    """
    Text as a label's value, which is to be UTF-8.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class MetricsResource(resource.Resource):
    """
    The page C{/metrics}, and nothing else.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        """
        @param snapshot: see L{CountersCollector}.
        """
        super().__init__()
        from prometheus_client import CollectorRegistry

        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(CountersCollector(snapshot))
        self.putChild(b"metrics", _Page(self._registry))


class _Page(resource.Resource):
    """
    What a registry holds.
    """

    isLeaf = True

    def __init__(self, registry: Any) -> None:
        super().__init__()
        self._registry = registry

    def render_GET(self, request: Request) -> bytes:
        """
        In the text format, version 0.0.4, which everything that reads metrics reads.
        """
        from prometheus_client.exposition import generate_latest

        request.setHeader(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
        return bytes(generate_latest(self._registry))


class _QuietSite(server.Site):
    """
    A site that does not log each request.
    """

    noisy = False

    def log(self, request: Request) -> None:
        """
        Whoever collects metrics comes every few seconds.
        """


class MetricsService(service.Service):
    """
    Serves the metrics on one address.

    @ivar port: what listens, or C{None}.
    """

    log = Logger()

    def __init__(self, reactor: Any, host: str, port: int, snapshot: Snapshot) -> None:
        """
        @param reactor: listens.
        @param host: a numeric address of this machine.
        @param port: the port.
        @param snapshot: see L{CountersCollector}.
        """
        self._reactor = reactor
        self._host = host
        self._number = port
        self._site = _QuietSite(MetricsResource(snapshot))
        self._site.displayTracebacks = False
        self.port: Any = None

    def privilegedStartService(self) -> None:
        """
        Bind, while the daemon may still bind anything.
        """
        super().privilegedStartService()
        self._listen()

    def startService(self) -> None:
        """
        Serve.
        """
        super().startService()
        self._listen()

    def _listen(self) -> None:
        """
        Listen, if that is not so already.  Where it cannot be, the services go on
        without metrics.
        """
        if self.port is not None:
            return
        try:
            self.port = self._reactor.listenTCP(self._number, self._site, interface=self._host)
        except CannotListenError as error:
            self.log.error(
                "no metrics: cannot listen on {host}: {reason}",
                host=f"{self._host}:{self._number}",
                reason=str(error.socketError),
            )

    def stopService(self) -> defer.Deferred[Any]:
        """
        Serve no more.
        """
        super().stopService()
        port, self.port = self.port, None
        return defer.maybeDeferred(lambda: None if port is None else port.stopListening())
