# -*- test-case-name: tests.test_reload -*-
"""
What a service is: the values that every configuration format produces and
everything after the formats reads.

All classes here are frozen and compare by value: two specs that compare equal
are the same service, which is what a reload compares.  Where a spec was read
from (L{Origin}) takes no part in the comparison.
"""

from __future__ import annotations

import enum
import socket
from typing import ClassVar

import attrs
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.protocol import DatagramProtocol

from txinetd.origin import Origin
from txinetd.policy import (
    DEFAULT_LIMITS,
    DEFAULT_STARTS_PER_MINUTE,
    EVERYBODY,
    Access,
    Limits,
    Recording,
)
from txinetd.sockopts import DEFAULT_SOCKET_OPTIONS, SocketOptions

__all__ = [
    "DEFAULT_STARTS_PER_MINUTE",
    "NO_BOX",
    "Access",
    "Address",
    "Box",
    "Builtin",
    "Identity",
    "InProcess",
    "InetAddress",
    "Limits",
    "Multiplexed",
    "Origin",
    "Program",
    "Recording",
    "Redirect",
    "Rpc",
    "Server",
    "ServiceSpec",
    "SocketKey",
    "SocketOptions",
    "SocketType",
    "UnixAddress",
    "VsockAddress",
]

#: Length of the queue of connections not yet accepted: what Debian's
#: openbsd-inetd, NetBSD and busybox use.
DEFAULT_BACKLOG = 128


class SocketType(enum.Enum):
    """
    The second field of inetd.conf(5).
    """

    STREAM = "stream"
    DGRAM = "dgram"
    SEQPACKET = "seqpacket"

    @property
    def kind(self) -> socket.SocketKind:
        """
        The C{SOCK_*} constant for socket(2).
        """
        return _KINDS[self]

    @property
    def accepts(self) -> bool:
        """
        Whether a listening socket of this type yields connections (accept(2)),
        rather than datagrams.
        """
        return self is not SocketType.DGRAM


_KINDS = {
    SocketType.STREAM: socket.SOCK_STREAM,
    SocketType.DGRAM: socket.SOCK_DGRAM,
    SocketType.SEQPACKET: socket.SOCK_SEQPACKET,
}


@attrs.frozen
class InetAddress:
    """
    One IPv4 or IPv6 address and port to bind.

    @ivar host: a numeric address; C{"0.0.0.0"} and C{"::"} are the wildcards.
    @ivar port: 1 to 65535, or 0 to let the kernel choose.
    @ivar dualStack: for an IPv6 address, whether the socket takes IPv4 too
        (C{IPV6_V6ONLY} off).
    """

    host: str
    port: int
    dualStack: bool = False

    @property
    def family(self) -> socket.AddressFamily:
        """
        C{AF_INET} or C{AF_INET6}.
        """
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@attrs.frozen
class UnixAddress:
    """
    One unix socket to bind.

    @ivar path: the absolute path in the file system; or a NUL and a name for one that
        has no file (unix(7), "abstract"), which belongs to nobody and anybody may use.
    @ivar uid: the socket file's owner.
    @ivar gid: the socket file's group.
    @ivar permissions: the socket file's permission bits, e.g. C{0o600}.
    """

    path: bytes
    uid: int
    gid: int
    permissions: int = 0o600

    @property
    def family(self) -> socket.AddressFamily:
        """
        C{AF_UNIX}.
        """
        return socket.AF_UNIX

    @property
    def isAbstract(self) -> bool:
        """
        Whether it has no file.
        """
        return self.path.startswith(b"\0")

    def __str__(self) -> str:
        return self.path.replace(b"\0", b"@").decode("utf-8", "backslashreplace")


@attrs.frozen
class VsockAddress:
    """
    One address to bind between virtual machines and their host (vsock(7)).

    @cvar ANY: the context id that stands for every one that this machine has.
    @ivar cid: the context id: 2 for the host, 1 for this machine itself.
    @ivar port: 1 to 4294967294.
    """

    ANY: ClassVar[int] = 0xFFFFFFFF

    cid: int
    port: int

    @property
    def family(self) -> socket.AddressFamily:
        """
        C{AF_VSOCK}.
        """
        return socket.AF_VSOCK

    def __str__(self) -> str:
        return f"vsock:{'*' if self.cid == self.ANY else self.cid}:{self.port}"


Address = InetAddress | UnixAddress | VsockAddress

#: What pairs a running socket with one of a new configuration: socket type,
#: family, address, port (0 for a unix socket).
SocketKey = tuple[SocketType, int, str | bytes, int]


@attrs.frozen
class Identity:
    """
    Whom a server runs as, resolved when the configuration is loaded.

    @ivar user: the user's name as it is to be shown; for a numeric id without
        a passwd entry, the digits.
    @ivar uid: user id.
    @ivar gid: group id.
    @ivar groups: the supplementary group ids, sorted, without C{gid} unless the
        group database lists it.
    @ivar keep: C{True} for C{-}: the server keeps the daemon's own identity
        and nothing is switched.
    """

    user: str
    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    keep: bool = False


@attrs.frozen
class Program:
    """
    A server program that gets the socket on descriptors 0, 1 and 2.

    @ivar path: the file to execute.
    @ivar argv: its arguments, beginning with argv[0].
    """

    path: bytes
    argv: tuple[bytes, ...]


@attrs.frozen
class Builtin:
    """
    A service that txinetd itself answers (C{internal}).

    @ivar name: the key in L{txinetd.internal.BUILTINS}.
    @ivar arguments: the words that follow the name in the service's line, for a
        service that has options.
    """

    name: str
    arguments: tuple[bytes, ...] = ()


@attrs.frozen
class InProcess:
    """
    A Twisted protocol served in this process, behind the same gate and with
    the same record as a program.  Only Python code makes these.

    @ivar factory: for a stream an L{IProtocolFactory}; for a datagram service
        a L{DatagramProtocol}.
    """

    factory: IProtocolFactory | DatagramProtocol


@attrs.frozen
class Redirect:
    """
    Connections that are passed on to a server elsewhere (C{redirect} of
    xinetd.conf(5)).

    @ivar addresses: where to, numeric; tried in this order.
    @ivar text: as it was written.
    """

    addresses: tuple[tuple[str, int], ...]
    text: str


Server = Program | Builtin | InProcess | Redirect


@attrs.frozen
class Rpc:
    """
    What a service is registered as with rpcbind(8).

    @ivar number: the program's number.
    @ivar name: its name, as it is to be shown.
    @ivar first: the lowest version.
    @ivar last: the highest.
    """

    number: int
    name: str
    first: int
    last: int

    @property
    def versions(self) -> str:
        """
        The versions as they are written.
        """
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


@attrs.frozen
class Multiplexed:
    """
    A service that is reached by way of tcpmux (RFC 1078) and has no socket of its
    own.

    @ivar name: what a client asks for.
    @ivar ready: whether txinetd itself says that it is ready (C{+}), rather than the
        server.
    """

    name: str
    ready: bool


@attrs.frozen
class Box:
    """
    What a server program is kept in.  Each of these is done, or the server is not
    started.

    @ivar umask: the file mode creation mask.
    @ivar directory: where it starts, as it is called within C{chroot}.
    @ivar chroot: its root directory, or C{None} for the system's.
    @ivar groups: the supplementary group ids in place of the user's, or C{None}.
    @ivar limits: resource limits by the number of getrlimit(2): C{(which, soft,
        hard)} each, C{resource.RLIM_INFINITY} for none.
    @ivar nice: its niceness, -20 to 19, or C{None} for the daemon's.
    @ivar ioPriority: class and level of ioprio_set(2), or C{None}.
    @ivar outOfMemory: C{oom_score_adj}, -1000 to 1000, or C{None}.
    @ivar affinity: the processors it may run on, or C{None} for all.
    @ivar noNewPrivileges: whether no program it runs can gain privileges.
    @ivar bounding: the capabilities that remain in its bounding set, or C{None}
        for all.
    @ivar ambient: the capabilities that it has though its user has none.
    @ivar seconds: how long it may run, or C{None}; then it gets SIGTERM.
    @ivar grace: seconds from SIGTERM to SIGKILL.
    @ivar passed: the names of the daemon's environment that it gets, or C{None} for
        all of them.
    @ivar environment: variables to set besides: name and value each.
    @ivar listenDescriptors: whether it gets its socket on descriptor 3 besides, with the
        variables of sd_listen_fds(3).
    """

    umask: int = 0o022
    directory: bytes = b"/"
    chroot: bytes | None = None
    groups: tuple[int, ...] | None = None
    limits: tuple[tuple[int, int, int], ...] = ()
    nice: int | None = None
    ioPriority: tuple[int, int] | None = None
    outOfMemory: int | None = None
    affinity: frozenset[int] | None = None
    noNewPrivileges: bool = False
    bounding: frozenset[int] | None = None
    ambient: frozenset[int] = frozenset()
    seconds: float | None = None
    grace: float = 5.0
    passed: frozenset[bytes] | None = None
    environment: tuple[tuple[bytes, bytes], ...] = ()
    listenDescriptors: bool = False


#: Nothing special.
NO_BOX = Box()


@attrs.frozen
class ServiceSpec:
    """
    One service, completely resolved: nothing in it needs a look-up to be used.

    @ivar name: the service's name for logs: the name or port of its line
        without the address, or a unix socket's path.
    @ivar socketType: stream, dgram or seqpacket.
    @ivar protocol: the protocol field in the words of our dialect (C{tcp}, C{udp6},
        C{unix}, ...); what it means is in C{addresses}.
    @ivar addresses: what to bind, at least one unless it is C{multiplexed}; one
        service with several sockets shares its limits over all of them.
    @ivar wait: C{True}: one child at a time gets the listening (or bound)
        socket itself; C{False}: one child per connection or datagram.
    @ivar server: what serves.
    @ivar identity: whom a program runs as.
    @ivar limits: how often.
    @ivar access: who may come in.
    @ivar backlog: the listen(2) queue.
    @ivar socketOptions: what is asked of its sockets.
    @ivar box: what a program is kept in.
    @ivar rpc: what it is registered as with rpcbind(8), or C{None}.
    @ivar multiplexed: how it is reached by way of tcpmux, or C{None}.
    @ivar recording: what is written about arrivals; C{None} is what holds for the
        whole server.
    @ivar origin: where it was read; not compared.
    """

    name: str
    socketType: SocketType
    protocol: str
    addresses: tuple[Address, ...]
    wait: bool
    server: Server
    identity: Identity
    limits: Limits = DEFAULT_LIMITS
    access: Access = EVERYBODY
    backlog: int = DEFAULT_BACKLOG
    socketOptions: SocketOptions = DEFAULT_SOCKET_OPTIONS
    box: Box = NO_BOX
    rpc: Rpc | None = None
    multiplexed: Multiplexed | None = None
    recording: Recording | None = None
    origin: Origin = attrs.field(default=Origin(), eq=False)

    def socketKey(self, address: Address) -> SocketKey:
        """
        The identity of one of this service's sockets across a reload.

        @param address: one of C{addresses}.
        """
        if isinstance(address, UnixAddress):
            return (self.socketType, int(address.family), address.path, 0)
        if isinstance(address, VsockAddress):
            return (self.socketType, int(address.family), str(address), address.port)
        if self.rpc is not None and address.port == 0:
            # All of these have port 0: it is the program that tells them apart.
            host = f"{address.host} rpc {self.rpc.number}/{self.rpc.first}"
            return (self.socketType, int(address.family), host, 0)
        return (self.socketType, int(address.family), address.host, address.port)

    @property
    def socketKeys(self) -> tuple[SocketKey, ...]:
        """
        The identities of all of this service's sockets, and that of a service
        without any, which is its name with tcpmux.
        """
        keys = tuple(self.socketKey(address) for address in self.addresses)
        if self.multiplexed is None:
            return keys
        name = self.multiplexed.name.lower().encode()
        return (*keys, (self.socketType, int(socket.AF_UNSPEC), b"tcpmux/" + name, 0))

    @property
    def isUnix(self) -> bool:
        """
        Whether this service listens on a unix socket.
        """
        return any(isinstance(address, UnixAddress) for address in self.addresses)

    @property
    def isVsock(self) -> bool:
        """
        Whether this service listens for virtual machines (vsock(7)).
        """
        return any(isinstance(address, VsockAddress) for address in self.addresses)
