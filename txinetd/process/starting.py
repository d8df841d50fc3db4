# -*- test-case-name: tests.test_process_roads -*-
"""
What roads have in common that start one program several times.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from twisted.internet.interfaces import IProcessProtocol, IReactorProcess

from txinetd.interfaces import IStart
from txinetd.spec import Program

__all__ = ["handBack", "handOver", "oneByOne"]


def oneByOne(road: IReactorProcess, program: Program, starts: Iterable[IStart]) -> None:
    """
    Start a program several times where nothing is gained by doing that together.

    @param road: starts each.
    @param program: the program.
    @param starts: taken one after the other.
    """
    for each in starts:
        descriptor = each.descriptor
        road.spawnProcess(
            each.protocol,
            program.path,
            program.argv,
            each.environment,
            childFDs={0: descriptor, 1: descriptor, 2: descriptor},
        )


def handOver(protocol: IProcessProtocol) -> None:
    """
    Tell a protocol, if it wants to know, that its socket is not this process's any more.
    """
    tell = getattr(protocol, "handedOver", None)
    if tell is not None:
        tell()


def handBack(protocol: IProcessProtocol, descriptor: int) -> None:
    """
    Give a protocol the socket back, if it wants it, of a server that could not be started.

    @param descriptor: what was to be the server's; from now on somebody's here.
    """
    take = getattr(protocol, "handedBack", None)
    if take is None:
        os.close(descriptor)
    else:
        take(descriptor)
