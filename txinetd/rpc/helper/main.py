# -*- test-case-name: tests.test_rpc_helper -*-
"""
A process that registers services with rpcbind(8), because libtirpc blocks and may
do so for minutes.

It reads lines from descriptor 0 and answers each by a line on descriptor 1, both
JSON: it is told everything that is to be registered, again and again, and compares
that with what rpcbind has.  So a line is a request to change something, and at the
same time the question whether rpcbind still knows: it may have been started anew.

  - to it: C{{"wanted": [...], "ours": [...]}}, of entries C{[program, version,
    transport, address]}: what is to be registered, and what was registered before
    by another process of this kind.
  - from it: C{{"set": [...], "unset": [...], "failed": [...], "taken": [...], "ours":
    [...]}}, of entries as above, for C{failed} and C{taken} with a reason as fifth
    element; or C{{"error": text}}.

At the end of its input, which comes also when the daemon is killed, it takes out
what it has registered, and ends.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterable
from typing import IO, Any, Protocol

# Relative, as the package has another name in the process of its own.
from .libtirpc import LIBRARY, Rpcbind, Unreachable

__all__ = ["Entry", "Keeper", "main", "serve"]

#: Program, version, transport and universal address.
Entry = tuple[int, int, str, str]

#: Seconds that taking everything out may last, when nobody waits any more.
_PARTING = 20


class Binder(Protocol):
    """
    What is asked of L{Rpcbind}.
    """

    def entries(self) -> dict[tuple[int, int, str], str]: ...

    def register(self, program: int, version: int, transport: str, address: str) -> bool: ...

    def unregister(self, program: int, version: int, transport: str) -> bool: ...


class Keeper:
    """
    Keeps registered what is wanted.
    """

    def __init__(self, rpcbind: Binder) -> None:
        """
        @param rpcbind: where to register.
        """
        self._rpcbind = rpcbind
        self._ours: set[Entry] = set()

    def keep(self, wanted: Iterable[Entry], ours: Iterable[Entry] = ()) -> dict[str, Any]:
        """
        Have exactly this registered, besides what others have registered.

        What rpcbind has already is not touched, so that there is no moment in which
        a client is told that a service is not there.  What it has elsewhere is taken
        out first, for rpcbind lets nobody replace anything.  But that is done once:
        whoever registers in our place later, means it.

        @param wanted: what there is to be.
        @param ours: what has been registered for the same daemon before.
        @return: what was done.
        """
        told: dict[str, Any] = {"set": [], "unset": [], "failed": [], "taken": []}
        self._ours.update(ours)
        try:
            there = self._rpcbind.entries()
        except Unreachable as error:
            return {"error": str(error)}
        wanted = dict.fromkeys(wanted)
        for entry in sorted(self._ours.difference(wanted)):
            # Not what somebody else has put there since.
            if there.get(entry[:3]) == entry[3] and self._rpcbind.unregister(*entry[:3]):
                del there[entry[:3]]
                told["unset"].append(entry)
            self._ours.discard(entry)
        for entry in wanted:
            current = there.get(entry[:3])
            if current == entry[3]:
                self._ours.add(entry)
            elif current is not None and entry in self._ours:
                told["taken"].append((*entry, f"registered for {current}"))
            else:
                self._register(entry, told)
        told["ours"] = sorted(self._ours)
        return told

    def _register(self, entry: Entry, told: dict[str, Any]) -> None:
        """
        Register one.
        """
        try:
            self._rpcbind.unregister(*entry[:3])
            done = self._rpcbind.register(*entry)
            reason = "rpcbind refuses"
        except ValueError as error:
            done = False
            reason = str(error)
        if done:
            self._ours.add(entry)
            told["set"].append(entry)
        else:
            self._ours.discard(entry)
            told["failed"].append((*entry, reason))


def serve(requests: IO[bytes], answers: IO[bytes], rpcbind: Binder) -> None:
    """
    Do what is asked until there is nothing more to come, and clean up.

    @param requests: where the requests come from.
    @param answers: where the answers go to.
    @param rpcbind: where to register.
    """
    keeper = Keeper(rpcbind)
    # Not by iterating, which may read ahead.
    while line := requests.readline():
        request = json.loads(line)
        wanted, ours = (map(tuple, request[name]) for name in ("wanted", "ours"))
        try:
            answers.write(json.dumps(keeper.keep(wanted, ours)).encode("ascii") + b"\n")
            answers.flush()
        except BrokenPipeError:
            break
    signal.alarm(_PARTING)
    keeper.keep(())
    signal.alarm(0)


def main() -> None:
    """
    Be that process.
    """
    # The end of the daemon is the end of its input: a signal to its whole group is
    # not, as the registrations would stay behind.
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    try:
        rpcbind = Rpcbind()
    except OSError:
        text = f"{LIBRARY} is not there; Debian has it in the package libtirpc3"
        sys.stdout.write(json.dumps({"error": text}) + "\n")
        return
    serve(sys.stdin.buffer, sys.stdout.buffer, rpcbind)
