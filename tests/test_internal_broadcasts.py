# -*- test-case-name: tests.test_internal_broadcasts -*-
"""
Tests for L{txinetd.internal.broadcasts}.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from txinetd.internal.broadcasts import broadcastsIn, interfaceBroadcasts

_SIOCGIFFLAGS = 0x8913
_SIOCGIFBRDADDR = 0x8919
_IFF_BROADCAST = 0x2


def message(kind: int, body: bytes = b"") -> bytes:
    """
    One message of rtnetlink(7).
    """
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 1, 0) + body


def attribute(kind: int, value: bytes) -> bytes:
    """
    One attribute, filled up to a multiple of four.
    """
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def address(*attributes: bytes) -> bytes:
    """
    The message about one interface's address.
    """
    return message(20, struct.pack("=BBBBI", 2, 24, 0, 0, 2) + b"".join(attributes))


class BroadcastsInTests(SynchronousTestCase):
    """
    Tests for L{broadcastsIn}.
    """

    def test_found(self) -> None:
        """
        An address's broadcast address is found among its other attributes.
        """
        reply = address(
            attribute(1, bytes([192, 0, 2, 1])),
            attribute(3, b"eth0\0"),
            attribute(4, bytes([192, 0, 2, 255])),
        )
        self.assertEqual(broadcastsIn(reply), (["192.0.2.255"], True))

    def test_several(self) -> None:
        """
        All addresses of all interfaces are looked at.
        """
        reply = address(attribute(4, bytes([192, 0, 2, 255]))) + address(
            attribute(4, bytes([198, 51, 100, 127]))
        )
        self.assertEqual(broadcastsIn(reply)[0], ["192.0.2.255", "198.51.100.127"])

    def test_none(self) -> None:
        """
        An address without one, such as loopback's, adds nothing.
        """
        self.assertEqual(broadcastsIn(address(attribute(1, bytes([127, 0, 0, 1])))), ([], True))

    def test_done(self) -> None:
        """
        The list ends where the kernel says that it does.
        """
        self.assertEqual(broadcastsIn(message(3, bytes(4))), ([], False))

    def test_error(self) -> None:
        """
        What the kernel refuses is an error with its number.
        """
        refused = self.assertRaises(
            OSError, broadcastsIn, message(2, struct.pack("=i", -1) + bytes(16))
        )
        self.assertEqual(refused.errno, 1)

    def test_cutOff(self) -> None:
        """
        A message that is not whole is not half believed.
        """
        whole = address(attribute(4, bytes([192, 0, 2, 255])))
        self.assertRaises(OSError, broadcastsIn, whole[:-1])

    @given(st.binary(max_size=200))
    def test_garbage(self, reply: bytes) -> None:
        """
        Bytes of any kind are read to an end, or are an error.
        """
        try:
            found, _ = broadcastsIn(reply)
        except OSError:
            return
        self.assertTrue(all(socket.inet_pton(socket.AF_INET, host) for host in found))


class InterfaceBroadcastsTests(SynchronousTestCase):
    """
    Tests for L{interfaceBroadcasts}.
    """

    def test_thisMachine(self) -> None:
        """
        What the kernel says of single interfaces by another way is in the list.
        """
        if os.uname().sysname != "Linux":
            raise SkipTest("only Linux has rtnetlink")
        expected = set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            for _, name in socket.if_nameindex():
                request = struct.pack("=16s24x", name.encode())
                try:
                    flags = fcntl.ioctl(asking, _SIOCGIFFLAGS, request)
                    answer = fcntl.ioctl(asking, _SIOCGIFBRDADDR, request)
                except OSError:
                    # An interface that has no IPv4 address.
                    continue
                host = socket.inet_ntop(socket.AF_INET, answer[20:24])
                if struct.unpack_from("=H", flags, 16)[0] & _IFF_BROADCAST and host != "0.0.0.0":
                    expected.add(host)
        if not expected:
            raise SkipTest("no interface of this machine has a broadcast address")
        self.assertLessEqual(expected, interfaceBroadcasts())
