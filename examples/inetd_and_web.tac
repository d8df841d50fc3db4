"""
A web site, and beside it, behind the same limits and with the same records, a
program, an internal service and a protocol of our own:

    twistd --nodaemon --pidfile= --python examples/inetd_and_web.tac
"""

import os

from twisted.application import service, strports
from twisted.internet import protocol, reactor
from twisted.protocols import basic
from twisted.web import resource, server, static

from txinetd.server import InetdService
from txinetd.spec import (
    Builtin,
    Identity,
    InetAddress,
    InProcess,
    Limits,
    Program,
    ServiceSpec,
    SocketType,
)

FIRST_PORT = int(os.environ.get("FIRST_PORT", "8100"))


class Reverse(basic.LineReceiver):
    """
    Sends back each line the other way round.
    """

    delimiter = b"\n"

    def lineReceived(self, line: bytes) -> None:
        self.sendLine(line[::-1])


def stream(name: str, offset: int, serves: Program | Builtin | InProcess) -> ServiceSpec:
    """
    A service on loopback, for whoever runs this.
    """
    return ServiceSpec(
        name=name,
        socketType=SocketType.STREAM,
        protocol="tcp",
        addresses=(InetAddress("127.0.0.1", FIRST_PORT + offset),),
        wait=False,
        server=serves,
        identity=Identity("me", os.getuid(), os.getgid(), keep=True),
        limits=Limits(startsPerMinute=600),
    )


application = service.Application("a web site and an inetd")

root = resource.Resource()
root.putChild(b"", static.Data(b"a page\n", "text/plain"))
site = server.Site(root)
strports.service(f"tcp:{FIRST_PORT}:interface=127.0.0.1", site).setServiceParent(application)

inetd = InetdService(
    reactor,
    [
        stream("environment", 1, Program(b"/usr/bin/env", (b"env",))),
        stream("daytime", 2, Builtin("daytime")),
        stream("reverse", 3, InProcess(protocol.Factory.forProtocol(Reverse))),
    ],
)
inetd.setServiceParent(application)
