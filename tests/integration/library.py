"""
A daemon made with the library, for what there is no configuration file in these
tests: C{python library.py FILE} serves the C{specs} that the Python file makes, and
reads it again at SIGHUP.
"""

from __future__ import annotations

import runpy
import signal
import sys
from typing import Any

from twisted.internet import reactor as chosen
from twisted.logger import globalLogBeginner, textFileLogObserver

from txinetd.config.values import Configuration
from txinetd.server import InetdService

__all__ = ["main"]


def main(path: str) -> None:
    """
    Serve until told to end.

    @param path: the Python file.
    """
    reactor: Any = chosen
    globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stdout)], redirectStandardIO=False)

    def load() -> Configuration:
        return Configuration(tuple(runpy.run_path(path)["specs"]), ())

    server = InetdService(reactor, load().services, loader=load)

    def start() -> None:
        signal.signal(
            signal.SIGHUP,
            lambda *_: reactor.callFromThread(server.reload),
        )
        server.privilegedStartService()
        server.startService()

    reactor.callWhenRunning(start)
    reactor.addSystemEventTrigger("before", "shutdown", server.stopService)
    reactor.run()


if __name__ == "__main__":
    main(sys.argv[1])
