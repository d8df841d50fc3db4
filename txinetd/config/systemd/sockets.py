# -*- test-case-name: tests.test_config_systemd_dialect -*-
"""
The section C{[Socket]}: what to bind, and what is asked of it.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Sequence

from txinetd.config.systemd.scope import Scope
from txinetd.config.systemd.unitfile import Assignment
from txinetd.config.vsock import vsockFrom
from txinetd.names import HIGHEST_ID, isNumber
from txinetd.spec import (
    DEFAULT_BACKLOG,
    Address,
    InetAddress,
    SocketOptions,
    SocketType,
    UnixAddress,
    VsockAddress,
)

__all__ = ["addresses", "backlog", "socketOptions", "socketType"]

_SECTION = "Socket"

_TYPES = {
    "ListenStream": SocketType.STREAM,
    "ListenDatagram": SocketType.DGRAM,
    "ListenSequentialPacket": SocketType.SEQPACKET,
}

_INTERNET = re.compile(r"(?:\[([^\]]+)\]|([0-9.]+)):([0-9]{1,5})")
_PORT = re.compile(r"[0-9]{1,5}")
_MODE = re.compile(r"[0-7]{1,4}")

_LONGEST_PATH = 107
_BUFFER = 2**30
_LONGEST_DEFER = 86400


def socketType(scope: Scope) -> SocketType | None:
    """
    What its sockets are, or C{None} after having said that they are not of one type.
    """
    found = {kind: given for key, kind in _TYPES.items() if (given := scope.all(_SECTION, key))}
    if len(found) == 1:
        return next(iter(found))
    expected = "sockets of one type, by ListenStream=, ListenDatagram= or the like"
    if not found:
        first = scope.pair.found[0] if scope.pair.found else None
        if first is not None:
            scope.drop(first, first.key, "no-address", "a socket unit without a socket", expected)
        return None
    at = list(found.values())[1][0]
    scope.drop(at, at.key, "several-types", "sockets of several types", expected)
    return None


def addresses(scope: Scope, kind: SocketType) -> tuple[Address, ...] | None:
    """
    What to bind.  A port alone is both families, as C{BindIPv6Only} says.
    """
    key = next(key for key, each in _TYPES.items() if each is kind)
    only = scope.last(_SECTION, "BindIPv6Only")
    word = "default" if only is None else only.value
    if only is not None and word not in ("default", "both", "ipv6-only"):
        scope.bad(only, "default, both or ipv6-only")
        return None
    # The kernel's own default is both.
    dual = word != "ipv6-only"
    owner = _owner(scope)
    found: list[Address] = []
    for at in scope.all(_SECTION, key):
        text = scope.text(at)
        made = None if text is None or owner is None else _address(scope, at, text, dual, owner)
        if made is None:
            return None
        if made not in found:
            found.append(made)
    return tuple(found)


def _address(
    scope: Scope, at: Assignment, text: str, dual: bool, owner: tuple[int, int, int]
) -> Address | None:
    """
    One address.
    """
    if text.startswith("/"):
        path = text.encode("utf-8", "surrogateescape")
        if len(path) > _LONGEST_PATH:
            scope.bad(at, f"a path of at most {_LONGEST_PATH} bytes")
            return None
        return UnixAddress(path, *owner)
    if text.startswith("vsock:"):
        virtual = vsockFrom(text)
        if virtual is None or at.key.text != "ListenStream":
            scope.bad(at, "ListenStream=vsock:[CID]:PORT")
            return None
        return virtual
    if _PORT.fullmatch(text):
        if 1 <= int(text) <= 65535:
            if scope.options.haveIPv6:
                return InetAddress("::", int(text), dual)
            return InetAddress("0.0.0.0", int(text))
    elif (match := _INTERNET.fullmatch(text)) is not None and 1 <= int(match[3]) <= 65535:
        try:
            if match[2] is not None:
                return InetAddress(str(ipaddress.IPv4Address(match[2])), int(match[3]))
            six = ipaddress.IPv6Address(match[1])
        except ValueError:
            pass
        else:
            if six.ipv4_mapped is None:
                wild = six == ipaddress.IPv6Address(0)
                return InetAddress(str(six), int(match[3]), dual and wild)
    hint = "abstract names are not supported" if text.startswith("@") else ""
    scope.bad(at, "a port, ADDRESS:PORT, [ADDRESS]:PORT, /path or vsock:[CID]:PORT", hint)
    return None


def _owner(scope: Scope) -> tuple[int, int, int] | None:
    """
    Whose a unix socket is, and its permissions; root's, for everybody, where nothing is
    said.
    """
    uid, gid, mode = 0, 0, 0o666
    user, group = scope.last(_SECTION, "SocketUser"), scope.last(_SECTION, "SocketGroup")
    bits = scope.last(_SECTION, "SocketMode")
    if user is not None:
        entry = scope.names.user(user.value)
        if entry is not None:
            _, uid, gid = entry
        elif isNumber(user.value) and int(user.value) <= HIGHEST_ID:
            uid = int(user.value)
        else:
            scope.bad(user, "a user that exists")
            return None
    if group is not None:
        found = scope.names.group(group.value)
        if found is None:
            scope.bad(group, "a group that exists")
            return None
        gid = found
    if bits is not None:
        if _MODE.fullmatch(bits.value) is None or int(bits.value, 8) > 0o777:
            scope.bad(bits, "permissions in octal, such as 0660")
            return None
        mode = int(bits.value, 8)
    return uid, gid, mode


def backlog(scope: Scope) -> int:
    """
    The queue; where nothing is said, what it is for other services.
    """
    found = scope.number(_SECTION, "Backlog", 1, 2**32 - 1)
    default = scope.options.backlog or DEFAULT_BACKLOG
    return default if found is None else min(found, 2**31 - 1)


def socketOptions(scope: Scope, kind: SocketType, found: Sequence[Address]) -> SocketOptions:
    """
    What is asked of the sockets.
    """
    unix = any(isinstance(each, UnixAddress) for each in found)
    other = unix or any(isinstance(each, VsockAddress) for each in found)
    if other or kind is not SocketType.STREAM:
        for key in ("NoDelay", "KeepAlive", "DeferAcceptSec", "ReusePort"):
            _elsewhere(scope, key, "stream sockets of the internet")
    if other and not unix:
        for key in ("SendBuffer", "ReceiveBuffer"):
            _elsewhere(scope, key, "other sockets")
    if other:
        for key in ("Mark", "BindToDevice", "FreeBind"):
            _elsewhere(scope, key, "sockets of the internet")
    # None at all is what it is where nothing is said.
    seconds = scope.seconds(_SECTION, "DeferAcceptSec") or None
    return SocketOptions(
        sendBuffer=scope.size(_SECTION, "SendBuffer", _BUFFER),
        receiveBuffer=scope.size(_SECTION, "ReceiveBuffer", _BUFFER),
        deferAccept=None if seconds is None else math.ceil(min(seconds, _LONGEST_DEFER)),
        noDelay=scope.switch(_SECTION, "NoDelay"),
        keepAlive=scope.switch(_SECTION, "KeepAlive"),
        reusePort=scope.switch(_SECTION, "ReusePort"),
        freeBind=scope.switch(_SECTION, "FreeBind"),
        mark=scope.number(_SECTION, "Mark", 0, 2**31 - 1),
        device=_device(scope),
    )


def _elsewhere(scope: Scope, key: str, where: str) -> None:
    """
    Say that a setting is for other sockets.
    """
    at = scope.last(_SECTION, key)
    if at is not None:
        found = f"{key} for other sockets"
        scope.drop(at, at.key, "key-and-protocol", found, f"it for {where} only")


def _device(scope: Scope) -> str | None:
    """
    An interface.
    """
    at = scope.last(_SECTION, "BindToDevice")
    text = None if at is None else scope.text(at)
    if at is None or text is None:
        return None
    if not 0 < len(text.encode()) <= 15 or not text.isprintable() or set(text) & set(" /"):
        scope.bad(at, "an interface's name")
        return None
    return text
