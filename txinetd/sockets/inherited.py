# -*- test-case-name: tests.test_sockets_inherited -*-
"""
Sockets that this process was started with, as sd_listen_fds(3) has them: by systemd,
systemd-socket-activate, podman.  A service takes its own instead of binding one.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping

import attrs
from twisted.logger import Logger

from txinetd.spec import Address, InetAddress, ServiceSpec, UnixAddress, VsockAddress

__all__ = ["Inherited", "NamedSocket", "environmentAtStart", "fromEnvironment"]

#: The first of them.
FIRST = 3


@attrs.frozen(eq=False)
class NamedSocket:
    """
    One of them.

    @ivar name: what its parent calls it, or empty.
    @ivar socket: the socket itself, which stays open: a service gets a duplicate, so
        that one that stops and begins again finds it once more.
    """

    name: str
    socket: socket.socket


class Inherited:
    """
    All of them.
    """

    log = Logger()

    def __init__(self, sockets: Iterable[NamedSocket] = ()) -> None:
        self._sockets = tuple(sockets)
        self._taken: set[NamedSocket] = set()

    def __len__(self) -> int:
        return len(self._sockets)

    def take(self, spec: ServiceSpec, address: Address) -> socket.socket | None:
        """
        The socket for one address of a service: the one that has the address, else the
        one that has the service's name.

        @return: a duplicate that does not survive an execve(2), or C{None} where there
            is none.
        """
        alike = [each for each in self._sockets if each.socket.type == spec.socketType.kind]
        found = next((each for each in alike if _hasAddress(each.socket, address)), None)
        if found is None:
            named = [
                each
                for each in alike
                if each.name == spec.name and each.socket.family == address.family
            ]
            found = named[0] if len(named) == 1 else None
        if found is None:
            return None
        self._taken.add(found)
        return found.socket.dup()

    def sayUnused(self) -> None:
        """
        Say which of them no service has taken.
        """
        for each in self._sockets:
            if each not in self._taken:
                self.log.warn(
                    "nobody serves the inherited socket {name} ({address})",
                    name=each.name or "without a name",
                    address=str(each.socket.getsockname()),
                )


def _hasAddress(sock: socket.socket, address: Address) -> bool:
    """
    Whether a socket is what a service would have bound.
    """
    name = sock.getsockname()
    if isinstance(address, UnixAddress):
        return sock.family == socket.AF_UNIX and os.fsencode(name) == address.path
    if isinstance(address, VsockAddress):
        return sock.family == socket.AF_VSOCK and name == (address.cid, address.port)
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or name[1] != address.port:
        return False
    if name[0] == address.host and sock.family == address.family:
        return True
    # One for both families serves the other family, too.
    return address == InetAddress("0.0.0.0", address.port) and _isDual(sock)


def _isDual(sock: socket.socket) -> bool:
    """
    Whether a socket is the wildcard for both families.
    """
    return (
        sock.family == socket.AF_INET6
        and sock.getsockname()[0] == "::"
        and not sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
    )


def environmentAtStart() -> Mapping[str, str]:
    """
    The environment that this process was started with.

    L{twisted.internet.endpoints} takes C{LISTEN_FDS} and the like out of the current one
    when it is imported, and twistd imports it before us, for the sake of another plugin,
    where it has no cache of plugins yet.
    """
    try:
        with open("/proc/self/environ", "rb") as file:
            pairs = [each.partition(b"=") for each in file.read().split(b"\0") if each]
    except OSError:
        return os.environ
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}


def fromEnvironment(environ: Mapping[str, str], pid: int, first: int = FIRST) -> Inherited:
    """
    The sockets that a process was started with.

    @param environ: its environment.
    @param pid: its process id: what was meant for another process is left alone.
    @param first: the first descriptor.
    """
    log = Inherited.log
    count = environ.get("LISTEN_FDS", "")
    if environ.get("LISTEN_PID") != str(pid) or not count:
        return Inherited()
    if not (count.isascii() and count.isdigit() and len(count) < 6):
        log.error("LISTEN_FDS is no number: {count!r}", count=count)
        return Inherited()
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    sockets = []
    for number in range(int(count)):
        descriptor = first + number
        try:
            os.set_inheritable(descriptor, False)
            sock = socket.socket(fileno=descriptor)
        except OSError as error:
            log.error(
                "an inherited descriptor is no socket: {descriptor}: {reason}",
                descriptor=descriptor,
                reason=error.strerror,
            )
            continue
        sockets.append(NamedSocket(names[number] if number < len(names) else "", sock))
    return Inherited(sockets)
