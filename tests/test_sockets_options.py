"""
Tests for L{txinetd.sockets.options} and L{txinetd.sockopts}: what was asked of a socket,
read back from the kernel.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import Any

import attrs
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from txinetd.errors import BindError
from txinetd.sockets.bind import openSocket
from txinetd.sockets.private import privateSocket
from txinetd.sockopts import SocketOptions
from txinetd.spec import Builtin, Identity, InetAddress, ServiceSpec, SocketType

IP_FREEBIND = 15

NOBODY = Identity("nobody", 65534, 65534)

#: Never an address of this machine (RFC 5737).
ELSEWHERE = "192.0.2.77"


def spec(options: SocketOptions, host: str = "127.0.0.1", **changes: Any) -> ServiceSpec:
    """
    A service on a port of the kernel's choice.
    """
    made = ServiceSpec(
        name="test",
        socketType=SocketType.STREAM,
        protocol="tcp",
        addresses=(InetAddress(host, 0),),
        wait=False,
        server=Builtin("echo"),
        identity=NOBODY,
        socketOptions=options,
    )
    return attrs.evolve(made, **changes)


class OptionTests(SynchronousTestCase):
    """
    Tests for single options.
    """

    def open(self, spec: ServiceSpec) -> socket.socket:
        """
        Make a socket.
        """
        sock = openSocket(spec, spec.addresses[0])
        self.addCleanup(sock.close)
        return sock

    def option(self, level: int, option: int, **asked: Any) -> int:
        """
        What the kernel says of an option.
        """
        return self.open(spec(SocketOptions(**asked))).getsockopt(level, option)

    def refused(self, spec: ServiceSpec) -> BindError:
        """
        What is said about a socket that there cannot be.
        """
        error = self.assertRaises(BindError, openSocket, spec, spec.addresses[0])
        assert isinstance(error, BindError)
        return error

    def test_buffers(self) -> None:
        """
        A buffer has the size asked for; the kernel tells twice as much.
        """
        send = self.option(socket.SOL_SOCKET, socket.SO_SNDBUF, sendBuffer=16384)
        receive = self.option(socket.SOL_SOCKET, socket.SO_RCVBUF, receiveBuffer=24576)
        self.assertEqual((send, receive), (32768, 49152))

    def test_bufferCutDown(self) -> None:
        """
        A buffer that is larger than anybody may have is had by who may, and to
        everybody else is an error that says so.
        """
        with open("/proc/sys/net/core/rmem_max") as file:
            most = int(file.read())
        options = SocketOptions(receiveBuffer=2 * most)
        try:
            sock = openSocket(spec(options), InetAddress("127.0.0.1", 0))
        except BindError as error:
            self.assertEqual((error.step, error.errno), ("recvbuf", errno.EPERM))
            self.assertIn(str(most), error.hint)
            return
        self.addCleanup(sock.close)
        self.assertEqual(sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF), 4 * most)

    def test_switches(self) -> None:
        """
        What is on or off is off unless asked for.
        """
        switches = {
            "noDelay": (socket.IPPROTO_TCP, socket.TCP_NODELAY),
            "keepAlive": (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
            "reusePort": (socket.SOL_SOCKET, socket.SO_REUSEPORT),
            "freeBind": (socket.IPPROTO_IP, IP_FREEBIND),
        }
        for name, (level, option) in switches.items():
            found = [bool(self.option(level, option, **{name: on})) for on in (False, True)]
            self.assertEqual(found, [False, True], name)

    def test_deferAccept(self) -> None:
        """
        Who sends nothing is not accepted for a while, of about the length asked for:
        the kernel counts in tries.
        """
        asked = {"deferAccept": 30}
        found = self.option(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, **asked)
        self.assertTrue(30 <= found <= 63, str(found))

    def test_fastOpen(self) -> None:
        """
        Data may come with the first packet.
        """
        self.assertEqual(self.option(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, fastOpen=17), 17)

    def test_inherited(self) -> None:
        """
        A connection has the options of the socket that it came in by.
        """
        sock = self.open(spec(SocketOptions(noDelay=True, keepAlive=True)))
        with socket.create_connection(sock.getsockname()):
            sock.setblocking(True)
            connection, _ = sock.accept()
            self.addCleanup(connection.close)
        for level, option in (
            (socket.IPPROTO_TCP, socket.TCP_NODELAY),
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
        ):
            self.assertTrue(connection.getsockopt(level, option))

    def test_freeBind(self) -> None:
        """
        An address that does not exist can be listened on where that is asked for, of
        either family.
        """
        self.assertEqual(self.refused(spec(SocketOptions(), ELSEWHERE)).errno, errno.EADDRNOTAVAIL)
        sock = self.open(spec(SocketOptions(freeBind=True), ELSEWHERE))
        self.assertEqual(sock.getsockname()[0], ELSEWHERE)
        if not socket.has_ipv6 or not os.path.exists("/proc/net/if_inet6"):
            raise SkipTest("no IPv6 here")
        sock = self.open(spec(SocketOptions(freeBind=True), "2001:db8::77"))
        self.assertEqual(sock.getsockname()[0], "2001:db8::77")

    def test_mark(self) -> None:
        """
        A mark is set, or the error names it.
        """
        for mark in (7, 2**32 - 2):
            asked = spec(SocketOptions(mark=mark))
            try:
                sock = openSocket(asked, asked.addresses[0])
            except BindError as error:
                self.assertEqual((error.step, error.errno), ("mark", errno.EPERM))
                self.assertIn("CAP_NET_ADMIN", str(error))
                continue
            self.addCleanup(sock.close)
            (found,) = struct.unpack("=I", sock.getsockopt(socket.SOL_SOCKET, socket.SO_MARK, 4))
            self.assertEqual(found, mark)

    def test_device(self) -> None:
        """
        A socket hears one interface only.
        """
        try:
            sock = self.open(spec(SocketOptions(device="lo")))
        except BindError as error:
            self.assertEqual((error.step, error.errno), ("device", errno.EPERM))
            return
        found = sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
        self.assertEqual(found.rstrip(b"\0"), b"lo")

    def test_noDevice(self) -> None:
        """
        An interface that does not exist is an error, and not every interface.
        """
        error = self.refused(spec(SocketOptions(device="nonesuch0")))
        self.assertEqual(error.step, "device")
        self.assertIn(error.errno, (errno.ENODEV, errno.EPERM))

    def test_refused(self) -> None:
        """
        An option that a socket of this kind cannot have is an error.
        """
        asked = spec(SocketOptions(deferAccept=5), socketType=SocketType.DGRAM, protocol="udp")
        self.assertEqual(self.refused(asked).step, "acceptfilter")


class PrivateTests(SynchronousTestCase):
    """
    Tests for the options of datagram sockets that are given away.
    """

    def test_replacement(self) -> None:
        """
        What takes the place of a socket that was given away has its options, too.
        """
        options = SocketOptions(receiveBuffer=20480)
        asked = spec(options, socketType=SocketType.DGRAM, protocol="udp")
        sock = openSocket(asked, asked.addresses[0])
        self.addCleanup(sock.close)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"hello", sock.getsockname())
            private = privateSocket(sock, options)
        self.addCleanup(private.replacement.close)
        found = private.replacement.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        self.assertEqual(found, 40960)
