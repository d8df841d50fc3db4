# -*- test-case-name: tests.test_consistency -*-
"""
Whether what a super-server believes of itself is so: its sockets are open and bound, its
servers run, and the numbers that it limits by are the numbers of those who are in.
"""

from __future__ import annotations

import os
import socket
import stat
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from txinetd.endpoint import Endpoint, State
from txinetd.gate.gate import Gate
from txinetd.handlers.children import Children
from txinetd.handlers.door import Door
from txinetd.service import RunningService
from txinetd.spec import SocketType

__all__ = ["problems"]


def problems(
    services: Iterable[RunningService],
    doors: Collection[Door],
    children: Children,
    gate: Gate | None,
) -> list[str]:
    """
    Look for what is not as it has to be.  Nothing is changed.

    @param services: the services that there are.
    @param doors: their doors, and those of services that there were before and that
        still serve somebody.
    @param children: the server programs that run.
    @param gate: the gate of the whole server, or C{None}.
    @return: a sentence for each problem; empty where all is well.
    """
    found: list[str] = []
    for service in services:
        for endpoint in service.endpoints:
            found.extend(f"{service.spec.name}: {each}" for each in _ofSocket(endpoint))
    for door in doors:
        found.extend(_ofDoor(door))
    found.extend(_ofChildren(children, doors))
    if gate is not None:
        inside = sum(door.gate.running for door in doors)
        if gate.running != inside:
            found.append(f"{inside} are in, and {gate.running} count for the whole server")
    return found


def _ofSocket(endpoint: Endpoint) -> Iterator[str]:
    """
    Whether a socket that is served is one, and the right one.
    """
    if endpoint.state in (State.CLOSED, State.RETRYING):
        return
    number = endpoint.descriptor
    if number is None:
        yield f"{endpoint.address}: {endpoint.state.value}, without a socket"
        return
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            yield f"{endpoint.address}: descriptor {number} is no socket"
            return
    except OSError as error:
        yield f"{endpoint.address}: descriptor {number}: {error.strerror}"
        return
    # Only looked at: it is not this one's to close.
    sock = socket.socket(fileno=number)
    try:
        if sock.family != endpoint.address.family:
            yield f"{endpoint.address}: descriptor {number} is of another family"
        # A server may shut down a socket that it holds; that is seen to when it ends.
        elif (
            endpoint.spec.socketType is not SocketType.DGRAM
            and endpoint.state is not State.RUNNING
            and not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        ):
            yield f"{endpoint.address}: descriptor {number} does not listen"
    finally:
        sock.detach()


def _ofDoor(door: Door) -> Iterator[str]:
    """
    Whether a service's limits count who is in.
    """
    inside = len(door.inside)
    if door.gate.running != inside:
        yield f"{door.name}: {inside} are in, and {door.gate.running} count for its limits"


def _ofChildren(children: Children, doors: Iterable[Door]) -> Iterator[str]:
    """
    Whether each server is a process, and each serves somebody who is in.
    """
    inside: set[int] = set()
    for door in doors:
        inside.update(door.inside)
    pids = Counter(record.pid for record in children.records if record.pid)
    for record in children.records:
        if record.identifier not in inside:
            yield f"{record.service}: process {record.pid} serves nobody who is in"
        # Until its launcher has said which process it is there is none to look for.
        if record.pid and not _exists(record.pid):
            yield f"{record.service}: there is no process {record.pid}"
        if record.pid and pids[record.pid] > 1:
            yield f"{record.service}: process {record.pid} is there {pids[record.pid]} times"


def _exists(pid: int) -> bool:
    """
    Whether there is a process, be it one that has ended and has not been waited for.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
