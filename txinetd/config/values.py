# -*- test-case-name: tests.test_config_loader -*-
"""
What goes into reading a configuration and what comes out of it.
"""

from __future__ import annotations

import ipaddress
import os
import pwd

import attrs

from txinetd.config.text import shown
from txinetd.errors import Diagnostic, Severity, UsageProblem
from txinetd.recording import DEFAULT_RECORDING, Recording
from txinetd.spec import DEFAULT_BACKLOG, Identity, ServiceSpec

__all__ = [
    "BUILTINS",
    "EVERY_KIND",
    "STREAM_ONLY",
    "Configuration",
    "LoadOptions",
    "hostList",
    "literal",
    "ownIdentity",
    "splitHosts",
]

#: The internal services that a line may ask for.  The part that serves them
#: comes after this one, so the names are written down here and a test keeps
#: the two tables equal.
BUILTINS = frozenset(
    """
    auth chargen daytime discard echo servers services tcpmux time xadmin
    """.split()  # noqa: SIM905
)

#: Those among them that are not served over datagrams.
STREAM_ONLY = frozenset({"auth", "servers", "services", "tcpmux", "xadmin"})

#: The kinds of services that have no port of their own.
EVERY_KIND = frozenset({"rpc", "tcpmux"})

#: Who root is, to judge a configuration as root would without being it.
_ROOT = Identity("root", 0, 0, (0,), keep=True)


def ownIdentity() -> Identity:
    """
    Whom this process runs as: what C{-} in the user field means.
    """
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return Identity(name, uid, os.getegid(), tuple(sorted(set(os.getgroups()))), keep=True)


def literal(text: str) -> str | None:
    """
    An IPv4 or IPv6 address in its usual form, or C{None} where C{text} is none.
    """
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def splitHosts(text: str) -> tuple[str, ...] | None:
    """
    Split a list of hosts.

    @return: the hosts without brackets, or C{None} where one of them is none.
    """
    hosts = []
    for host in text.split(","):
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
            if ":" not in host or literal(host) is None:
                return None
        elif not host or (":" in host and literal(host) is None) or set(host) & set("[]"):
            return None
        hosts.append(host)
    return tuple(hosts)


def hostList(text: str) -> tuple[str, ...]:
    """
    Read the argument of C{--default-address}: what an C{address:} line has,
    with or without its final colon.

    @raise UsageProblem: it is none.
    """
    hosts = splitHosts(text)
    if hosts is None and text.endswith(":"):
        hosts = splitHosts(text[:-1])
    if hosts is None or not text.isprintable() or " " in text:
        raise UsageProblem(
            f"bad default address {shown(text)}: expected host,host with IPv6 addresses in brackets"
        )
    return hosts


@attrs.frozen
class LoadOptions:
    """
    What the command line (or Python code) says about reading files.

    @ivar defaultAddresses: the hosts to bind for lines that name none, as in
        the list of an C{address:} line but one text each; none means C{*}.
    @ivar noInternal: leave out the services that txinetd would serve itself.
    @ivar backlog: the listen(2) queue of every service.
    @ivar haveIPv6: whether the machine has IPv6, so that C{tcp} and C{udp} mean
        both families.
    @ivar daemon: whom the daemon runs as.
    @ivar judgeAsRoot: judge every line as a daemon run by root would, whoever
        C{daemon} is.
    @ivar checkPrograms: look whether each program can be executed by its user.
    @ivar wrap: ask hosts_access(5) about the clients of every service.
    @ivar builtins: the internal services that there are.
    @ivar dialect: of files for which nothing else is said.
    @ivar serves: which kinds of services can be served besides those with a socket of
        their own: C{rpc} and C{tcpmux}, by default both.  Lines of a kind that cannot
        are errors.
    @ivar limits: limits to use instead of the dialect's own where a line says nothing,
        by the names of L{txinetd.policy.Limits}'s attributes.
    @ivar wrapPrograms: ask hosts_access(5) about the clients of programs.
    @ivar wrapInternal: the same for internal services.
    @ivar recording: what is recorded about services of which files say something about
        that, but not all.
    @ivar searchPath: the directories in which a dialect that searches C{PATH} looks for
        programs.
    @ivar strictXinetd: in an xinetd.conf(5), refuse what xinetd does not have.
    """

    defaultAddresses: tuple[str, ...] = ()
    noInternal: bool = False
    backlog: int = DEFAULT_BACKLOG
    haveIPv6: bool = True
    daemon: Identity = attrs.field(factory=ownIdentity)
    judgeAsRoot: bool = False
    checkPrograms: bool = True
    wrap: bool = False
    builtins: frozenset[str] = BUILTINS
    dialect: str = "txinetd"
    serves: frozenset[str] = EVERY_KIND
    limits: tuple[tuple[str, int | None], ...] = ()
    wrapPrograms: bool = False
    wrapInternal: bool = False
    recording: Recording = DEFAULT_RECORDING
    searchPath: tuple[str, ...] = ("/sbin", "/usr/sbin", "/bin", "/usr/bin")
    strictXinetd: bool = False

    @classmethod
    def forThisProcess(
        cls,
        defaultAddresses: str | None = None,
        noInternal: bool = False,
        backlog: int = DEFAULT_BACKLOG,
        haveIPv6: bool = True,
        asRoot: bool = False,
    ) -> LoadOptions:
        """
        The options of a command line, for a daemon with this process's identity.

        @param defaultAddresses: a list as in an C{address:} line, with or
            without its final colon; nothing means every address.
        @raise UsageProblem: C{defaultAddresses} is no such list.
        """
        return cls(
            defaultAddresses=() if defaultAddresses is None else hostList(defaultAddresses),
            noInternal=noInternal,
            backlog=backlog,
            haveIPv6=haveIPv6,
            judgeAsRoot=asRoot,
        )

    @property
    def runsAs(self) -> Identity:
        """
        Whom the daemon is taken to run as.
        """
        return _ROOT if self.judgeAsRoot and self.daemon.uid != 0 else self.daemon


@attrs.frozen
class Configuration:
    """
    Everything that was read.

    @ivar services: the services of all files, in order.
    @ivar diagnostics: what there is to say, by file, line and column.
    @ivar files: the files that were read, in order, as they were named.
    @ivar unreadable: files and directories that could not be read or whose
        format is not understood.  A reload keeps what runs from such a file
        and from every file beneath such a directory.
    """

    services: tuple[ServiceSpec, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    files: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    @property
    def severity(self) -> Severity:
        """
        The highest severity among the diagnostics: what C{--check} exits with.
        """
        return max((each.severity for each in self.diagnostics), default=Severity.NOTE)
