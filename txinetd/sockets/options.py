# -*- test-case-name: tests.test_sockets_options -*-
"""
From a service's socket options to setsockopt(2).

Nothing is skipped: an option that the kernel refuses, or grants in part only, is an
error that names it.
"""

from __future__ import annotations

import errno
import socket
import sys
from pathlib import Path

from txinetd.errors import BindError
from txinetd.sockopts import DEFAULT_SOCKET_OPTIONS, SocketOptions

__all__ = ["applyOptions"]

#: From the kernel's asm-generic/socket.h and in.h; L{socket} does not have them.
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33
_IP_FREEBIND = 15

_PRIVILEGED = "this is for root or CAP_NET_ADMIN"

_HINTS = {
    ("mark", errno.EPERM): _PRIVILEGED,
    ("device", errno.EPERM): "this is for root or CAP_NET_RAW",
    ("device", errno.ENODEV): "there is no interface of that name",
}


def applyOptions(sock: socket.socket, options: SocketOptions, where: str) -> None:
    """
    Set the options of a new socket, before it is bound: some would come too late
    afterwards.

    @param where: its address, for errors.
    @raise BindError: the kernel does not grant one; its C{step} is the option's key.
    """
    if options == DEFAULT_SOCKET_OPTIONS:
        return
    switches = [
        ("nodelay", options.noDelay, socket.IPPROTO_TCP, socket.TCP_NODELAY),
        ("keepalive", options.keepAlive, socket.SOL_SOCKET, socket.SO_KEEPALIVE),
        ("reuse_port", options.reusePort, socket.SOL_SOCKET, socket.SO_REUSEPORT),
        # For IPv6 sockets, too: the kernel has one bit for both.
        ("free_bind", options.freeBind, socket.IPPROTO_IP, _IP_FREEBIND),
    ]
    for key, wanted, level, option in switches:
        if wanted:
            _set(sock, key, where, level, option, 1)
    numbers = [
        ("acceptfilter", options.deferAccept, socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT),
        ("mark", options.mark, socket.SOL_SOCKET, socket.SO_MARK),
        ("fast_open", options.fastOpen, socket.IPPROTO_TCP, socket.TCP_FASTOPEN),
    ]
    for key, number, level, option in numbers:
        if number is not None:
            _set(sock, key, where, level, option, number)
    if options.device is not None:
        name = options.device.encode("utf-8", "surrogateescape")
        _set(sock, "device", where, socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
    if options.sendBuffer is not None:
        kinds = (socket.SO_SNDBUF, _SO_SNDBUFFORCE)
        _buffer(sock, "sndbuf", where, kinds, options.sendBuffer, "wmem_max")
    if options.receiveBuffer is not None:
        kinds = (socket.SO_RCVBUF, _SO_RCVBUFFORCE)
        _buffer(sock, "recvbuf", where, kinds, options.receiveBuffer, "rmem_max")


def _set(
    sock: socket.socket, key: str, where: str, level: int, option: int, value: int | bytes
) -> None:
    """
    Set one option.
    """
    if isinstance(value, int) and value >= 2**31:
        value = value.to_bytes(4, sys.byteorder)
    try:
        sock.setsockopt(level, option, value)
    except OSError as error:
        number = error.errno or 0
        raise BindError(where, key, number, _HINTS.get((key, number), "")) from error


def _buffer(
    sock: socket.socket, key: str, where: str, kinds: tuple[int, int], size: int, most: str
) -> None:
    """
    Set the size of a buffer.  The kernel cuts it down, in silence, to what anybody may
    have; whoever may have more asks in another way.
    """
    plain, forced = kinds
    _set(sock, key, where, socket.SOL_SOCKET, plain, size)
    # Twice as much is what it says, for its own overhead is in it.
    if sock.getsockopt(socket.SOL_SOCKET, plain) >= 2 * size:
        return
    try:
        sock.setsockopt(socket.SOL_SOCKET, forced, size)
    except OSError as error:
        hint = f"the most for anybody is {_allowed(most)} (sysctl net.core.{most}); {_PRIVILEGED}"
        raise BindError(where, key, error.errno or 0, hint) from error


def _allowed(name: str) -> str:
    """
    A limit of the kernel's.
    """
    try:
        return Path("/proc/sys/net/core", name).read_text().strip()
    except OSError:
        return "less"
