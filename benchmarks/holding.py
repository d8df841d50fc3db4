"""
Connections that are held open, so that their servers stay alive.
"""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from collections.abc import Iterator

from benchmarks.running import HOST, CannotServe, Running

__all__ = ["held"]

#: How many are opened before their answers are waited for.
_TOGETHER = 64

#: Seconds in which all of them are to be there: some peers take one at a time.
_PATIENCE = 30.0

#: Descriptors for everything else.
_SPARE = 200


@contextlib.contextmanager
def held(running: Running, count: int) -> Iterator[None]:
    """
    Hold so many connections, each of which has had its server's answer.
    """
    if count + _SPARE > resource.getrlimit(resource.RLIMIT_NOFILE)[0]:
        raise CannotServe(f"{count} connections are more than the open files (ulimit -n) allow")
    service = running.service
    held: list[socket.socket] = []
    deadline = time.monotonic() + _PATIENCE
    try:
        while len(held) < count:
            if time.monotonic() > deadline:
                raise CannotServe(f"served {len(held)} of {count} in {_PATIENCE:.0f} seconds")
            fresh = []
            for _ in range(min(_TOGETHER, count - len(held))):
                sock = socket.create_connection((HOST, service.measured.port), 20.0)
                held.append(sock)
                fresh.append(sock)
                if service.request:
                    sock.sendall(service.request.encode())
            for sock in fresh:
                if not sock.recv(4096):
                    raise CannotServe(f"one of the first {len(held)} connections was closed")
        yield
    except OSError as error:
        raise CannotServe(f"could not hold {count} connections: {error}") from error
    finally:
        for sock in held:
            sock.close()
