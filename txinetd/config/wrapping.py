# -*- test-case-name: tests.test_config_systems -*-
"""
By which name hosts_access(5) is asked about the clients of a service whose entry does
not say.
"""

from __future__ import annotations

import os.path

from txinetd.config.reporter import Reporter
from txinetd.config.rules import Protocol, Rules
from txinetd.config.text import visible
from txinetd.config.values import LoadOptions
from txinetd.config.waiting import Waiting
from txinetd.spec import Program, Server

__all__ = ["wrapName"]


def wrapName(
    server: Server,
    waits: Waiting,
    protocol: Protocol,
    options: LoadOptions,
    rules: Rules,
    reporter: Reporter,
) -> str | None:
    """
    The name.

    @return: it is empty for the service's, or C{None} where nothing is asked: clients of
        a unix socket, and virtual machines, have no address that rules could be about,
        and tcpd(8) asks by itself.
    """
    if not protocol.isInternet:
        return None
    if not isinstance(server, Program):
        return "" if options.wrapInternal else None
    program = os.path.basename(server.path)
    if not (options.wrapPrograms or rules.wraps) or program == b"tcpd":
        return None
    if waits.wait:
        if options.wrapPrograms:
            hint = "its program meets its clients by itself"
            found = "wait for a service that hosts_access(5) is to be asked about"
            reporter.warn("wait-not-wrapped", waits.token, found, "nowait", hint)
        return None
    name = os.path.basename(server.argv[0]) if rules.wrapsByArgument else program
    return visible((name or program).decode("utf-8", "replace"))
