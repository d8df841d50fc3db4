"""
The seams between the parts, as L{zope.interface} interfaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from twisted.internet.interfaces import IProcessTransport, IReactorProcess
from zope.interface import Attribute, Interface

from txinetd.overview import RunningServer, ServiceView
from txinetd.spec import NO_BOX, Box, Identity, Program

__all__ = ["IChild", "INames", "IRoad", "IServerView", "ISpawner", "IStart"]


class INames(Interface):
    """
    Look-ups in the system's databases.  They may block, so they are made only
    while a configuration is being loaded, away from the reactor.
    """

    def port(service: str, protocol: str) -> int | None:
        """
        getservbyname(3).

        @param service: a service's name or alias.
        @param protocol: C{"tcp"} or C{"udp"}.
        @return: the port, or C{None} where there is none such.
        """

    def service(port: int, protocol: str) -> str | None:
        """
        getservbyport(3).
        """

    def user(name: str) -> tuple[str, int, int] | None:
        """
        getpwnam(3), and getpwuid(3) for a name of digits that no user has.

        @return: name, user id and primary group id, or C{None}.
        """

    def group(name: str) -> int | None:
        """
        getgrnam(3); a name of digits that no group has is the id itself.
        """

    def groups(user: str, gid: int) -> tuple[int, ...]:
        """
        getgrouplist(3): the ids of the groups C{user} is in, sorted, with
        C{gid} always among them.
        """

    def addresses(host: str) -> Sequence[str]:
        """
        getaddrinfo(3).

        @return: the numeric IPv4 and IPv6 addresses of C{host} in the system's
            order, without repeats; empty where it has none.
        """

    def rpc(name: str) -> int | None:
        """
        getrpcbyname(3).

        @param name: an RPC program's name or alias.
        @return: its number, or C{None} where there is none such.
        """


class IChild(IProcessTransport):
    """
    A running server program.
    """

    rusage = Attribute(
        """
        After its end, the L{resource.struct_rusage} of the child from wait4(2),
        or C{None} where it could not be had; C{ru_maxrss} is 0 where that may be
        the peak of whoever started it, which the kernel passes on.
        """
    )


class IStart(Interface):
    """
    One start of a program that is started several times.
    """

    protocol = Attribute("The L{IProcessProtocol} that is told of its start and end.")
    environment = Attribute("A list of C{NAME=value} each.")
    descriptor = Attribute("What becomes its descriptors 0, 1 and 2.")


class IRoad(IReactorProcess):
    """
    Starts the servers of one identity in one box.
    """

    def expect(crowd: bool) -> None:
        """
        Say how many starts are about to come at once.

        @param crowd: whether they are many.
        """

    def spawnTogether(program: Program, starts: Iterable[IStart]) -> None:
        """
        Start a program several times, as C{spawnProcess} does (see
        L{ISpawner.forIdentity}).  The connectionMade of all may come when the last has
        been started, but C{handedOver} at once.

        @param program: the program.
        @param starts: taken one after the other, each when it is its turn.
        @raise SpawnError: if the one that was taken last could not be started; those
            before it have been.
        """


class ISpawner(Interface):
    """
    Starts server programs, by whichever road fits.
    """

    pids = Attribute(
        """
        The process ids of the children that this waits for.
        """
    )

    def close() -> None:
        """
        Give back what is held for starting servers; those that run go on.  It may be
        used again after that.
        """

    def forIdentity(identity: Identity, box: Box = NO_BOX) -> IRoad:
        """
        The road for servers of one identity, in one box.

        The provider's C{spawnProcess(processProtocol, executable, args, env,
        path, uid, gid, usePTY, childFDs)} takes C{childFDs} as C{{0: fd, 1: fd,
        2: fd}} with descriptors of this process, C{env} as a sequence of
        C{NAME=value}, and ignores C{uid} and C{gid}:
        they are C{identity}'s; without C{path} the directory is the box's.  It calls
        the protocol's C{connectionMade} when the child has its descriptors and the
        caller may close its own copies (perhaps before it returns); C{handedOver},
        if the protocol has it, when the latter is so already (then, if it fails all
        the same, C{handedBack} with a descriptor of the socket); and
        C{processEnded} once the child has ended or could not be started: then the
        reason's value is a
        L{txinetd.errors.SpawnError} and C{connectionMade} may not have been
        called.  It may also raise that error itself, and then calls nothing.
        The transport provides L{IChild}.
        """


class IServerView(Interface):
    """
    Tells what a super-server does now, for those of its own services that tell
    others.
    """

    def services() -> Iterable[ServiceView]:
        """
        What is served, in the order of the configuration.
        """

    def servers() -> Iterable[RunningServer]:
        """
        The server programs that run.
        """
