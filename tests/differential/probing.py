"""
What can be seen of a daemon from outside: its sockets, and what clients from several
addresses get.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

import attrs

from tests.differential.daemons import Running
from tests.differential.rewriting import Sandbox

__all__ = ["Seen", "Socket", "look"]

#: Seconds after which a datagram is taken for unanswered.
_SILENCE = 0.4

#: Seconds after which a connection is taken for silent.
_PATIENCE = 2.0


@attrs.frozen(order=True)
class Socket:
    """
    A socket that somebody may come to.
    """

    protocol: str
    port: int
    host: str

    def __str__(self) -> str:
        return f"{self.protocol}/{self.port}"


@attrs.define
class Seen:
    """
    What was seen of one daemon.

    @ivar sockets: those that it listens on.
    @ivar answers: what clients got, by socket and source.
    @ivar reports: what servers have written, by socket, source and kind of line.
    @ivar log: lines about services.
    """

    sockets: list[Socket] = attrs.field(factory=list)
    answers: dict[tuple[str, str], str] = attrs.field(factory=dict)
    reports: dict[tuple[str, str], dict[str, list[str]]] = attrs.field(factory=dict)
    log: list[str] = attrs.field(factory=list)


def _sockets() -> list[Socket]:
    """
    What listens in this network namespace.
    """
    found = set()
    for name in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/self/net/{name}").read_text().splitlines()[1:]:
            words = line.split()
            place, state = words[1], words[3]
            if state != ("0A" if name.startswith("tcp") else "07"):
                continue
            host, port = place.split(":")
            data = bytes.fromhex(host)
            # Each group of four bytes is a number in this machine's order.
            order = b"".join(data[start : start + 4][::-1] for start in range(0, len(data), 4))
            found.add(Socket(name[:3], int(port, 16), str(ipaddress.ip_address(order))))
    return sorted(found)


def _destination(sock: Socket, source: str) -> str | None:
    """
    Where a client from somewhere reaches a socket.
    """
    bound = ipaddress.ip_address(sock.host)
    here = ipaddress.ip_address(source)
    if bound.is_unspecified:
        if bound.version < here.version:
            return None
        return "127.0.0.1" if here.version == 4 else "::1"
    return str(bound) if bound.version == here.version else None


def look(daemon: Running, sandbox: Sandbox, sources: Sequence[str]) -> Seen:
    """
    See what there is to see.
    """
    seen = Seen(_sockets())
    for sock in seen.sockets:
        for source in sources:
            destination = _destination(sock, source)
            key = str(sock), source
            if destination is None or key in seen.answers:
                continue
            kind = socket.SOCK_STREAM if sock.protocol == "tcp" else socket.SOCK_DGRAM
            seen.answers[key] = _ask(kind, source, destination, sock.port)
            daemon.settle()
            seen.reports[key] = _reports(sandbox)
    return seen


def _ask(kind: socket.SocketKind, source: str, destination: str, port: int) -> str:
    """
    Be a client.
    """
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with socket.socket(family, kind) as client:
        client.settimeout(_PATIENCE if kind == socket.SOCK_STREAM else _SILENCE)
        client.bind((source, 0))
        try:
            client.connect((destination, port))
            if kind == socket.SOCK_DGRAM:
                client.send(b"hello\r\n")
                return _shown(client.recv(65535))
            return _conversation(client)
        except TimeoutError:
            return "silence"
        except OSError as error:
            return type(error).__name__


def _conversation(client: socket.socket) -> str:
    """
    What comes on a connection, up to what one line would be.
    """
    got = b""
    with contextlib.suppress(ConnectionResetError, BrokenPipeError, TimeoutError):
        piece = got = _first(client)
        while piece and len(got) < 200:
            piece = client.recv(4096)
            got += piece
    return _shown(got[:70])


def _first(client: socket.socket) -> bytes:
    """
    What comes first on a connection.  Who speaks by himself, or closes, is not sent
    anything, because what he leaves unread would make his end a reset.
    """
    client.settimeout(_SILENCE)
    with contextlib.suppress(TimeoutError):
        return client.recv(4096)
    client.settimeout(_PATIENCE)
    client.sendall(b"hello\r\n")
    got = client.recv(4096)
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_WR)
    return got


def _shown(data: bytes) -> str:
    """
    An answer without what differs from second to second.
    """
    if re.fullmatch(rb"\w+ \w+ [ \d]\d [\d:]{8} \d{4}\r?\n|\d\d \w+ \d{4} [\d:]{8} .*\r\n", data):
        return "a date"
    return "four bytes" if len(data) == 4 else repr(data)


def _reports(sandbox: Sandbox) -> dict[str, list[str]]:
    """
    What servers have written, which is taken away.
    """
    folder = sandbox.directory / "reports"
    found: dict[str, list[str]] = {}
    for path in sorted(folder.iterdir()):
        for line in path.read_text().splitlines():
            kind, _, text = line.partition(" ")
            found.setdefault(kind, []).append(text)
    shutil.rmtree(folder)
    folder.mkdir()
    folder.chmod(0o1777)
    return found
