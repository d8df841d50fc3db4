# -*- test-case-name: tests.test_internal_broadcasts -*-
"""
The broadcast addresses of this machine's interfaces, asked of the kernel.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator

from twisted.logger import Logger

__all__ = ["broadcastsIn", "interfaceBroadcasts"]

_log = Logger()

# Linux's rtnetlink(7); the standard library has no names for these.
_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_RTM_NEWADDR = 20
_RTM_GETADDR = 22
_NLM_F_REQUEST_DUMP = 0x301
_IFA_BROADCAST = 4

_HEADER = struct.Struct("=IHHII")
_ADDRESS = struct.Struct("=BBBBI")
_ATTRIBUTE = struct.Struct("=HH")

_REPLY = 65536


def interfaceBroadcasts() -> frozenset[str]:
    """
    The IPv4 broadcast addresses of all interfaces, in numbers.

    It takes one exchange with the kernel, which does not wait for anything.
    Where there is no such exchange (any system but Linux), or it is not
    permitted, the answer is empty and the log says so: then an answer that
    would have gone to a broadcast address is stopped by the kernel alone,
    which sends none from a socket that has not set C{SO_BROADCAST}.
    """
    family = getattr(socket, "AF_NETLINK", None)
    if family is None:
        _log.info("this system does not tell its broadcast addresses")
        return frozenset()
    found: set[str] = set()
    try:
        # The protocol's number, 0, is NETLINK_ROUTE.
        with socket.socket(family, socket.SOCK_RAW, 0) as netlink:
            body = _ADDRESS.pack(socket.AF_INET, 0, 0, 0, 0)
            header = (_HEADER.size + len(body), _RTM_GETADDR, _NLM_F_REQUEST_DUMP, 1, 0)
            netlink.sendto(_HEADER.pack(*header) + body, (0, 0))
            more = True
            while more:
                addresses, more = broadcastsIn(netlink.recv(_REPLY))
                found.update(addresses)
    except OSError as error:
        _log.warn("broadcast addresses cannot be listed: {error}", error=error)
        return frozenset()
    return frozenset(found)


def broadcastsIn(reply: bytes) -> tuple[list[str], bool]:
    """
    Read one part of the kernel's list.

    @param reply: messages of rtnetlink(7).
    @return: the broadcast addresses in them, and whether more parts follow.
    @raise OSError: if the kernel answered with an error, or not in this form.
    """
    found: list[str] = []
    while reply:
        try:
            length, kind, _, _, _ = _HEADER.unpack_from(reply)
        except struct.error:
            length, kind = 0, 0
        if not _HEADER.size <= length <= len(reply):
            raise OSError(errno.EPROTO, "a message of rtnetlink is cut off")
        body = reply[_HEADER.size : length]
        if kind == _NLMSG_DONE:
            return found, False
        if kind == _NLMSG_ERROR:
            number = -struct.unpack_from("=i", body)[0] if len(body) >= 4 else errno.EPROTO
            raise OSError(number, "rtnetlink refused")
        if kind == _RTM_NEWADDR:
            for name, value in _attributes(body[_ADDRESS.size :]):
                if name == _IFA_BROADCAST and len(value) == 4:
                    found.append(socket.inet_ntop(socket.AF_INET, value))
        reply = reply[_aligned(length) :]
    return found, True


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """
    The attributes that follow an address: kind and value.
    """
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if not _ATTRIBUTE.size <= length <= len(data):
            return
        yield kind, data[_ATTRIBUTE.size : length]
        data = data[_aligned(length) :]


def _aligned(length: int) -> int:
    """
    Where the next one begins: all of them do at multiples of four.
    """
    return (length + 3) & ~3
