# -*- test-case-name: tests.test_convert_units -*-
"""
What becomes of a service's sockets: the section C{[Socket]} of systemd.socket(5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from txinetd.convert.draft import Draft, rawText
from txinetd.spec import ServiceSpec, SocketType, UnixAddress, VsockAddress

__all__ = ["CARRIED", "listeners"]

_KEYS = {
    SocketType.STREAM: "ListenStream",
    SocketType.DGRAM: "ListenDatagram",
    SocketType.SEQPACKET: "ListenSequentialPacket",
}

#: systemd reads a mark as a C int.
_HIGHEST_MARK = 2**31 - 1


def listeners(draft: Draft, spec: ServiceSpec) -> None:
    """
    The addresses.
    """
    key = _KEYS[spec.socketType]
    if not spec.addresses:
        draft.leaveOut("bind", "it has no socket of its own")
    modes: set[bool] = set()
    owners: set[tuple[int, int, int]] = set()
    for address in spec.addresses:
        if isinstance(address, UnixAddress):
            path = rawText(address.path)
            if path is None:
                draft.leaveOut("bind", "systemd cannot write the path of its socket")
                continue
            owners.add((address.uid, address.gid, address.permissions))
            draft.socket.append((key, path))
            continue
        if isinstance(address, VsockAddress):
            cid = "" if address.cid == address.ANY else str(address.cid)
            draft.socket.append((key, f"vsock:{cid}:{address.port}"))
            continue
        if not address.port:
            draft.leaveOut("port", "systemd cannot leave the choice of a port to the kernel")
            continue
        if ":" in address.host:
            modes.add(address.dualStack)
        if "%" in address.host:
            draft.change("bind", "systemd takes the address only while its interface exists")
        draft.socket.append((key, str(address).replace("%", "%%")))
    _families(draft, modes)
    if spec.socketType.accepts:
        # Said in any case: systemd's own default is another one.
        draft.socket.append(("Backlog", str(spec.backlog)))
    if len(owners) > 1:
        draft.leaveOut("bind", "systemd's sockets of one unit have one owner and mode")
    for uid, gid, permissions in sorted(owners)[:1]:
        draft.socket += [
            ("SocketUser", str(uid)),
            ("SocketGroup", str(gid)),
            ("SocketMode", f"{permissions:04o}"),
            ("RemoveOnStop", "yes"),
        ]


def _families(draft: Draft, modes: set[bool]) -> None:
    """
    Whether sockets for IPv6 take IPv4, too.
    """
    if len(modes) == 1:
        draft.socket.append(("BindIPv6Only", "both" if modes == {True} else "ipv6-only"))
    elif modes:
        draft.leaveOut("bind", "systemd's sockets of one unit take IPv4 all or none")


def _sendBuffer(draft: Draft, spec: ServiceSpec) -> None:
    """
    C{SO_SNDBUF}.
    """
    draft.socket.append(("SendBuffer", str(spec.socketOptions.sendBuffer)))


def _receiveBuffer(draft: Draft, spec: ServiceSpec) -> None:
    """
    C{SO_RCVBUF}.
    """
    draft.socket.append(("ReceiveBuffer", str(spec.socketOptions.receiveBuffer)))


def _deferAccept(draft: Draft, spec: ServiceSpec) -> None:
    """
    C{TCP_DEFER_ACCEPT}.
    """
    draft.socket.append(("DeferAcceptSec", f"{spec.socketOptions.deferAccept}s"))


def _mark(draft: Draft, spec: ServiceSpec) -> None:
    """
    C{SO_MARK}.
    """
    mark = spec.socketOptions.mark
    assert mark is not None
    if mark > _HIGHEST_MARK:
        draft.unprotect("mark", f"systemd has no marks over {_HIGHEST_MARK}")
    else:
        draft.socket.append(("Mark", str(mark)))


def _device(draft: Draft, spec: ServiceSpec) -> None:
    """
    C{SO_BINDTODEVICE}.
    """
    draft.socket.append(("BindToDevice", str(spec.socketOptions.device).replace("%", "%%")))


def _fastOpen(draft: Draft, spec: ServiceSpec) -> None:
    """
    C{TCP_FASTOPEN}.
    """
    draft.change("fast_open", "systemd has no setting for it")


def _switch(key: str) -> Callable[[Draft, ServiceSpec], None]:
    """
    An option that is on.
    """

    def carry(draft: Draft, spec: ServiceSpec) -> None:
        """
        Write it.
        """
        draft.socket.append((key, "yes"))

    return carry


CARRIED: Mapping[str, Callable[[Draft, ServiceSpec], None]] = {
    "sndbuf": _sendBuffer,
    "recvbuf": _receiveBuffer,
    "acceptfilter": _deferAccept,
    "nodelay": _switch("NoDelay"),
    "keepalive": _switch("KeepAlive"),
    "reuse_port": _switch("ReusePort"),
    "free_bind": _switch("FreeBind"),
    "mark": _mark,
    "device": _device,
    "fast_open": _fastOpen,
}
