# -*- test-case-name: tests.test_internal_inspect -*-
"""
The services of earlier xinetds that tell about the super-server itself, to clients
on the same machine: C{services} lists what is served, C{servers} the programs that
run, and C{xadmin} answers commands.  None of them changes anything.

They tell nothing to clients of other machines, whatever the rules of their service
allow, unless their one option is given: C{-r} (remote).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import IPv6Address, ip_address
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from txinetd.interfaces import IServerView
from txinetd.internal.stream import StreamFactory
from txinetd.overview import RunningServer, ServiceView
from txinetd.record import safe

__all__ = ["inspectorFactory", "isNear", "serversText", "servicesText"]


@implementer(IServerView)
class _NothingThere:
    """
    No server.
    """

    def services(self) -> Iterable[ServiceView]:
        """
        Nothing is served.
        """
        return ()

    def servers(self) -> Iterable[RunningServer]:
        """
        Nothing runs.
        """
        return ()


_HELP = """\
show run    the services with servers that run, and those servers
show avail  the services and where they are served
help        this
bye, exit   ends the connection
"""


def isNear(peer: Any) -> bool:
    """
    Whether a client is on this machine.

    @param peer: its address, as a transport gives it.
    """
    host = getattr(peer, "host", None)
    if host is None:
        return True  # a unix socket
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback


def servicesText(view: IServerView) -> Iterator[str]:
    """
    Every service: its name, protocol and port, each once.
    """
    lines = {
        f"{service.name} {service.protocol} {place.text if place.port is None else place.port}\n": 0
        for service in view.services()
        for place in service.places
    }
    yield from lines


def serversText(view: IServerView) -> Iterator[str]:
    """
    Every server that runs, with its client.
    """
    for server in view.servers():
        yield (
            f"{server.service} server\n"
            f"\tpid = {server.pid}\n"
            f"\tstart_time = {time.ctime(server.since)}\n"
            f"\tuser = {server.user}\n"
            f"\tremote_address = {safe(server.peer)}\n"
            f"\tlocal_address = {safe(server.local)}\n"
        )


def _availableText(view: IServerView) -> Iterator[str]:
    """
    Every service: where it is served, and how that is.
    """
    yield f"{'service':<20} {'protocol':<8} {'port':<6} {'state':<10} {'user':<12} address\n"
    for service in view.services():
        for place in service.places:
            port = "-" if place.port is None else place.port
            yield (
                f"{service.name:<20} {service.protocol:<8} {port:<6} {place.state:<10}"
                f" {service.user:<12} {place.text}\n"
            )
        if not service.places:
            yield (
                f"{service.name:<20} {service.protocol:<8} {'-':<6} {'-':<10}"
                f" {service.user:<12} by way of tcpmux\n"
            )


def _runningText(view: IServerView) -> Iterator[str]:
    """
    The services with servers that run.
    """
    servers = list(view.servers())
    pids: dict[str, list[str]] = {}
    for server in servers:
        pids.setdefault(server.service, []).append(str(server.pid))
    yield f"{'service':<20} {'run':<6} pids\n"
    for name, count in Counter(server.service for server in servers).items():
        yield f"{name:<20} {count:<6} {' '.join(pids[name])}\n"


class _Told(Protocol):
    """
    Says one thing and closes.
    """

    transport: Any

    def __init__(self, text: Callable[[], str], remote: bool) -> None:
        """
        @param text: what to say.
        @param remote: whether to anybody.
        """
        self._text = text
        self._remote = remote

    def connectionMade(self) -> None:
        """
        Say it.
        """
        if self._remote or isNear(self.transport.getPeer()):
            self.transport.write(self._text().encode("utf-8", "backslashreplace"))
        else:
            _refuse(self.transport)
        self.transport.loseConnection()


class _Admin(LineReceiver):
    """
    One conversation.  It goes on only while the client reads what it is told.
    """

    transport: Any

    delimiter = b"\n"
    MAX_LENGTH = 256

    #: Seconds that a client may say nothing.
    patience = 300.0

    def __init__(self, reactor: Any, view: IServerView, remote: bool) -> None:
        """
        @param reactor: has the time.
        @param view: what to tell about.
        @param remote: whether to tell anybody.
        """
        self._reactor = reactor
        self._view = view
        self._remote = remote
        self._timer: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """
        Ask for a command.
        """
        if not (self._remote or isNear(self.transport.getPeer())):
            _refuse(self.transport)
            self.transport.loseConnection()
            return
        self.transport.registerProducer(self, True)
        self._timer = self._reactor.callLater(self.patience, self._end)
        self.transport.write(b"> ")

    def lineReceived(self, line: bytes) -> None:
        """
        A command.
        """
        if self._timer is None:
            return
        self._timer.reset(self.patience)
        words = line.decode("ascii", "replace").split()
        answer: Iterator[str]
        if words in (["bye"], ["exit"]):
            self._end()
            return
        if words == ["show", "run"]:
            answer = _runningText(self._view)
        elif words == ["show", "avail"]:
            answer = _availableText(self._view)
        elif words in (["help"], ["?"]):
            answer = iter((_HELP,))
        else:
            answer = iter(("unknown command; try help\n",) if words else ())
        text = "".join(answer) + "> "
        self.transport.write(text.encode("utf-8", "backslashreplace"))

    def resumeProducing(self) -> None:
        """
        All is written: go on, unless the server has asked for this connection to be
        closed, which was waiting for this moment.
        """
        if self.transport.disconnecting:
            self._end()
        else:
            super().resumeProducing()

    def lineLengthExceeded(self, line: bytes) -> None:
        """
        No command is so long.
        """
        self._end()

    def _end(self) -> None:
        """
        The conversation is over.
        """
        timer, self._timer = self._timer, None
        if timer is not None:
            if timer.active():
                timer.cancel()
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The client has gone.
        """
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()


_log = Logger()


def _refuse(transport: Any) -> None:
    """
    Tell the log who wanted to know.
    """
    _log.warn(
        "told {peer} nothing: it is on another machine (-r would allow it)",
        peer=str(transport.getPeer()),
    )


def _isRemote(arguments: Sequence[bytes]) -> bool:
    """
    Whether anybody is told, which is so for exactly one option.
    """
    if arguments and tuple(arguments) != (b"-r",):
        _log.error("{arguments!r}: the only option there is is -r", arguments=list(arguments))
    return tuple(arguments) == (b"-r",)


def inspectorFactory(
    name: str, reactor: Any, arguments: Sequence[bytes], view: IServerView | None
) -> StreamFactory:
    """
    Serve one of them.

    @param name: C{services}, C{servers} or C{xadmin}.
    @param reactor: has the time.
    @param arguments: its options.
    @param view: what to tell about, or C{None} where there is nothing to be told.
    """
    view = _NothingThere() if view is None else view
    remote = _isRemote(arguments)
    if name == "xadmin":
        return StreamFactory(lambda: _Admin(reactor, view, remote))
    text = servicesText if name == "services" else serversText
    return StreamFactory(lambda: _Told(lambda: "".join(text(view)), remote))
