# -*- test-case-name: tests.test_handlers_multiplexer -*-
"""
Which services can be reached by way of tcpmux at the moment.
"""

from __future__ import annotations

import socket
from typing import Protocol

from twisted.logger import Logger

from txinetd.process.facts import ConnectionFacts

__all__ = ["HELP", "LONGEST_NAME", "UNAVAILABLE", "Takes", "Targets"]

#: What a client is told that does not get what it has asked for, in the words of the
#: BSD inetds.
UNAVAILABLE = b"-Service not available\r\n"

#: What a client asks for to be told the names of the services.
HELP = "help"

#: The longest name that a client can ask for.
LONGEST_NAME = 64


class Takes(Protocol):
    """
    A service that takes connections which another has accepted;
    L{txinetd.handlers.target.Target} is one.
    """

    def take(self, connection: socket.socket, facts: ConnectionFacts) -> None:
        """
        Take a connection, which is then this service's to serve, refuse and close.

        @param connection: the connection.
        @param facts: where it came from.
        """


class Targets:
    """
    Services by the names that clients ask for, in any case.
    """

    log = Logger()

    def __init__(self) -> None:
        self._byName: dict[str, list[tuple[str, Takes]]] = {}

    @property
    def names(self) -> list[str]:
        """
        The names that can be asked for, as they were written, in order.
        """
        return [entries[0][0] for entries in self._byName.values()]

    def add(self, name: str, target: Takes) -> None:
        """
        Make a service known.  Of several with one name the first counts, and when
        it goes, the next.

        @param name: the service's name.
        @param target: takes its connections.
        """
        if name.lower() == HELP or len(name.encode()) > LONGEST_NAME:
            self.log.error(
                "{name}: cannot be asked for by way of tcpmux, where {help!r} is the list of"
                " services and a name has at most {longest} bytes",
                name=name,
                help=HELP,
                longest=LONGEST_NAME,
            )
            return
        entries = self._byName.setdefault(name.lower(), [])
        if entries:
            self.log.error("{name}: tcpmux has a service of that name already", name=name)
        entries.append((name, target))

    def remove(self, name: str, target: Takes) -> None:
        """
        Make a service unknown.

        @param name: its name.
        @param target: what was added.
        """
        entries = self._byName.get(name.lower(), [])
        entries[:] = [entry for entry in entries if entry[1] is not target]
        if not entries:
            self._byName.pop(name.lower(), None)

    def find(self, name: str) -> Takes | None:
        """
        The service of a name, or C{None}.
        """
        entries = self._byName.get(name.lower())
        return entries[0][1] if entries else None
