# -*- test-case-name: tests.test_sockets_datagram -*-
"""
Datagrams for a protocol in this process: whole ones, up to the longest there can
be, answered from the address that they were sent to.

Twisted's own port cuts datagrams at 8,192 bytes, answers from whichever address
the kernel picks, and knows no unix sockets that others have bound.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import struct
from collections.abc import Callable
from typing import Any

from twisted.internet import address, defer, error
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.interfaces import IUDPTransport
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger
from zope.interface import implementer

from txinetd.process.facts import ConnectionFacts
from txinetd.sockets.peers import datagramFacts
from txinetd.sockets.readable import Readable

__all__ = ["DatagramPort"]

_LONGEST = 65535

#: From the kernel's linux/in.h; L{socket} does not have it everywhere.
_IP_PKTINFO = getattr(socket, "IP_PKTINFO", 8)

#: Interface, the address of this machine that the datagram belongs to, and the
#: one in its header: C{struct in_pktinfo}, ip(7).
_PKTINFO4 = struct.Struct("=i4s4s")
#: Address and interface: C{struct in6_pktinfo}, RFC 3542, 6.1.
_PKTINFO6 = struct.Struct("=16sI")
_ANCILLARY = socket.CMSG_SPACE(_PKTINFO4.size) + socket.CMSG_SPACE(_PKTINFO6.size)

#: Judges a datagram: its facts, and whether it was sent to many machines at
#: once.  What is not C{None} lets it through, perhaps later, and is what C{served} is
#: told afterwards.
Admit = Callable[[ConnectionFacts, bool], Any]


@implementer(IUDPTransport)
class DatagramPort:
    """
    Reads datagrams off a socket and gives them to a L{DatagramProtocol}.  To the
    protocol this is its L{IUDPTransport}; for a unix socket, addresses are paths.

    The socket is the caller's to close.
    """

    log = Logger()

    #: Datagrams read before other descriptors get their turn.
    batch = 64

    def __init__(
        self,
        reactor: Any,
        sock: socket.socket,
        protocol: DatagramProtocol,
        admit: Admit,
        served: Callable[[Any, Exception | None], None],
    ) -> None:
        """
        @param reactor: watches the socket.
        @param sock: a bound datagram socket that does not block.
        @param protocol: what serves.
        @param admit: judges each datagram; one that it refuses is read and dropped.
        @param served: called when the protocol is done with one that was let
            through: with what C{admit} said, and with what was raised.
        """
        self._socket = sock
        self._protocol = protocol
        self._admit = admit
        self._served = served
        self._readable = Readable(reactor, sock, self._ready)
        self._running = False
        self._paused = False
        #: What answers carry so as to leave from where the request arrived.
        self._origin: list[tuple[int, int, bytes]] = []

    def start(self) -> None:
        """
        Begin.
        """
        if self._socket.family == socket.AF_INET:
            self._socket.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        elif self._socket.family == socket.AF_INET6:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        self._running = True
        self._protocol.makeConnection(self)
        if self._running and not self._paused:
            self._readable.watch()

    def stop(self) -> None:
        """
        Cease, and tell the protocol.
        """
        if self._running:
            self._running = False
            self._readable.pause()
            self._protocol.doStop()

    def pause(self, why: object) -> None:
        """
        Read nothing for a while.
        """
        self._paused = True
        self._readable.pause()

    def resume(self, why: object) -> None:
        """
        Read again.
        """
        self._paused = False
        if self._running:
            self._readable.watch()

    def _ready(self) -> None:
        """
        Read what is there, up to a batch.
        """
        for _ in range(self.batch):
            try:
                datagram, ancillary, _, peer = self._socket.recvmsg(_LONGEST, _ANCILLARY)
            except BlockingIOError:
                return
            except OSError:
                # An answer that did not arrive; it is told once and has nothing
                # to do with the next datagram.
                continue
            self._received(datagram, ancillary, peer)
            if not self._running or self._paused:
                return

    def _received(
        self, datagram: bytes, ancillary: list[tuple[int, int, bytes]], peer: Any
    ) -> None:
        """
        Judge one datagram and have it served.
        """
        destination, toMany, origin = _arrival(ancillary)
        admitted = self._admit(datagramFacts(self._socket, peer, destination), toMany)
        if isinstance(admitted, defer.Deferred):
            admitted.addCallback(lambda later: self._serve(later, datagram, peer, origin))
        else:
            self._serve(admitted, datagram, peer, origin)

    def _serve(
        self, admitted: Any, datagram: bytes, peer: Any, origin: list[tuple[int, int, bytes]]
    ) -> None:
        """
        Have one datagram served that has been judged.
        """
        if admitted is None:
            return
        if not self._running:
            self._served(admitted, ConnectionAbortedError("the service has been stopped"))
            return
        raised: Exception | None = None
        self._origin = origin
        try:
            self._protocol.datagramReceived(datagram, peer)
        except Exception as exception:
            self.log.failure("{protocol} failed", protocol=self._protocol)
            raised = exception
        finally:
            self._origin = []
        self._served(admitted, raised)

    # IUDPTransport

    def write(self, packet: bytes, addr: Any = None) -> None:
        """
        Send a datagram; while one is being served, from the address that it was
        sent to.

        @param packet: what to send.
        @param addr: where to, as C{datagramReceived} has it; C{None} after
            L{connect}.
        @raise error.MessageLengthError: if it is too long.
        @raise error.ConnectionRefusedError: if nobody is there.
        """
        try:
            if addr is None:
                self._socket.send(packet)
            else:
                self._socket.sendmsg([packet], self._origin, 0, addr)
        except BlockingIOError:
            pass  # no room: the network may drop a datagram, and so may we
        except OSError as problem:
            if problem.errno == errno.EMSGSIZE:
                raise error.MessageLengthError("message too long") from problem
            if problem.errno == errno.ECONNREFUSED and addr is None:
                raise error.ConnectionRefusedError() from problem
            raise

    def connect(self, host: str, port: int) -> None:
        """
        Hear only one peer from now on, and send to it.

        @param host: a numeric address.
        @param port: its port.
        """
        if not isIPAddress(host) and not isIPv6Address(host):
            raise error.InvalidAddressError(host, "not an IPv4 or IPv6 address.")
        self._socket.connect((host, port))

    # The interface does not think of unix sockets.
    def getHost(  # type: ignore[override]
        self,
    ) -> address.IPv4Address | address.IPv6Address | address.UNIXAddress:
        """
        What the socket is bound to.
        """
        name = self._socket.getsockname()
        if self._socket.family == socket.AF_INET:
            return address.IPv4Address("UDP", *name)
        if self._socket.family == socket.AF_INET6:
            return address.IPv6Address("UDP", *name)
        return address.UNIXAddress(name)

    def stopListening(self) -> defer.Deferred[None]:
        """
        Cease.
        """
        self.stop()
        return defer.succeed(None)

    def setBroadcastAllowed(self, enabled: bool) -> None:
        """
        Allow or forbid to send to broadcast addresses.
        """
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, enabled)

    def getBroadcastAllowed(self) -> bool:
        """
        Whether sending to broadcast addresses is allowed.
        """
        return bool(self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST))


def _arrival(
    ancillary: list[tuple[int, int, bytes]],
) -> tuple[str | None, bool, list[tuple[int, int, bytes]]]:
    """
    Where a datagram arrived.

    @param ancillary: what came with it.
    @return: the numeric address it was sent to or C{None}; whether that stands for
        many machines; and what to send along with an answer.
    """
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
            _, own, header = _PKTINFO4.unpack(data[: _PKTINFO4.size])
            # The interface is left to the routing table: the way back need not
            # be the way here.
            answer = (level, kind, _PKTINFO4.pack(0, own, bytes(4)))
            return socket.inet_ntop(socket.AF_INET, header), own != header, [answer]
        if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
            header, interface = _PKTINFO6.unpack(data[: _PKTINFO6.size])
            host = ipaddress.IPv6Address(header)
            if host.is_multicast:
                return str(host), True, []
            # Only an address that means nothing without an interface needs it.
            scope = interface if host.is_link_local else 0
            return str(host), False, [(level, kind, _PKTINFO6.pack(header, scope))]
    return None, False, []
