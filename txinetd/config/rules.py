# -*- test-case-name: tests.test_config_systems -*-
"""
What the positional dialects of inetd.conf(5) differ in: one value describes one
dialect, and the code that reads fields asks that value and never for a name.

L{txinetd.config.systems} has one module for each system's value.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import attrs

from txinetd.policy import DEFAULT_LIMITS, Limits

__all__ = [
    "Arguments",
    "Comments",
    "Continuation",
    "Families",
    "HostForm",
    "Lexing",
    "Misspelt",
    "Protocol",
    "Quotes",
    "Rules",
    "UnixForm",
    "UserForm",
    "WaitForm",
    "Zero",
    "protocolTable",
]


class Comments(enum.Enum):
    """
    Where C{#} starts a comment.
    """

    #: In the first column of a line.
    LINE = "line"
    #: At the start of a word.
    WORD = "word"
    #: Anywhere, even within a word.
    ANYWHERE = "anywhere"


class Quotes(enum.Enum):
    """
    What C{'} and C{"} do.
    """

    #: Nothing: they are characters like others.
    NONE = "none"
    #: A word that begins with one ends at the next one of its kind.
    WORD = "word"
    #: The same, with a backslash before a quote or a backslash within C{"}.
    ESCAPED = "escaped"
    #: They keep blanks together wherever in a word they stand, as in sh(1).
    ANYWHERE = "anywhere"


class Continuation(enum.Enum):
    """
    How an entry goes on in the next line.
    """

    NONE = "none"
    #: The next line begins with a blank.
    BLANK = "blank"
    #: The line ends in a backslash.
    BACKSLASH = "backslash"
    #: Either.
    BOTH = "both"

    @property
    def byBlank(self) -> bool:
        """
        Whether a line that begins with a blank continues the one before it.
        """
        return self in (Continuation.BLANK, Continuation.BOTH)

    @property
    def byBackslash(self) -> bool:
        """
        Whether a backslash at the end of a line does.
        """
        return self in (Continuation.BACKSLASH, Continuation.BOTH)


@attrs.frozen
class Lexing:
    """
    How a file becomes words.

    @ivar longest: characters of a line that the original's buffer holds, or
        C{None}; a longer line is read whole here, with a warning.
    """

    comments: Comments = Comments.LINE
    quotes: Quotes = Quotes.NONE
    continuation: Continuation = Continuation.BLANK
    longest: int | None = None


class HostForm(enum.Enum):
    """
    What may stand before the service.
    """

    NONE = "none"
    #: One host, with one address of the protocol's family.
    ONE = "one"
    #: Hosts, each with all of its addresses.
    LIST = "list"


class Families(enum.Enum):
    """
    Which address families a protocol field asks for.
    """

    IPV4 = "4"
    IPV6 = "6"
    DUAL = "46"
    BOTH = ""
    UNIX = "unix"
    VSOCK = "vsock"


@attrs.frozen
class Protocol:
    """
    The third field.

    @ivar text: the field as it stands, without options after a comma.
    @ivar transport: C{tcp}, C{udp}, C{unix} or C{vsock}.
    @ivar families: which families to bind.
    @ivar rpc: whether the service is registered with rpcbind(8).
    """

    text: str
    transport: str
    families: Families
    rpc: bool = False

    @property
    def isInternet(self) -> bool:
        """
        Whether it has internet addresses.
        """
        return self.families not in (Families.UNIX, Families.VSOCK)


def protocolTable(
    *words: tuple[str, Families], unix: bool = True, vsock: bool = False
) -> dict[str, Protocol]:
    """
    The protocols of a dialect.

    @param words: what may follow C{tcp} and C{udp}, and what it means.
    @param unix: whether there is C{unix}.
    @param vsock: whether there is C{vsock}.
    """
    table = {
        f"{transport}{suffix}": Protocol(f"{transport}{suffix}", transport, families)
        for transport in ("tcp", "udp")
        for suffix, families in words
    }
    if unix:
        table["unix"] = Protocol("unix", "unix", Families.UNIX)
    if vsock:
        table["vsock"] = Protocol("vsock", "vsock", Families.VSOCK)
    return table


class Zero(enum.Enum):
    """
    What the number 0 means as a limit.
    """

    NO_LIMIT = "no limit"
    #: The original would serve nobody.
    REFUSED = "refused"
    #: What the dialect has where nothing is said, as for what is no number.
    DEFAULT = "default"


class Misspelt(enum.Enum):
    """
    What becomes of a word in the fourth field that is not C{wait} or C{nowait}.
    """

    REFUSED = "refused"
    #: It is C{nowait}.
    NOWAIT = "nowait"
    #: What it begins with counts.
    PREFIX = "prefix"


@attrs.frozen
class WaitForm:
    """
    The fourth field.

    @ivar separators: characters that a limit of starts a minute may follow.
    @ivar slash: whether C{/max-child/max-connections-per-ip-per-minute/
        max-child-per-ip} may follow.
    @ivar anyBase: whether numbers may be octal or hexadecimal, as strtol(3) has it.
    @ivar zero: what C{.0} means.
    @ivar misspelt: what another word means.
    @ivar ceiling: whether the dialect's own limit holds besides a line's.
    """

    separators: str = "."
    slash: bool = False
    anyBase: bool = False
    zero: Zero = Zero.NO_LIMIT
    misspelt: Misspelt = Misspelt.REFUSED
    ceiling: bool = False


class UserForm(enum.Enum):
    """
    How user and group are told apart.
    """

    #: C{user:group}, or C{user.group} where no user has that name.
    KNOWN = "known"
    #: C{user:group}, C{user.group}, looked for in this order.
    COLON = "colon"
    #: The same in the other order.
    DOT = "dot"
    #: The user alone.
    PLAIN = "plain"
    #: C{user[:group][/class]}, each cut off at the last such character.
    CLASS = "class"


@attrs.frozen
class UnixForm:
    """
    Unix sockets.

    @ivar ownership: whether C{:user:group:mode:path} is understood.
    @ivar service: whether the socket is the service's user's (where nothing is
        said), rather than the daemon's.
    @ivar permissions: where nothing is said.
    @ivar abstract: whether C{@name} is one without a file.
    """

    ownership: bool = False
    service: bool = False
    permissions: int = 0o600
    abstract: bool = False


@attrs.frozen
class Arguments:
    """
    A program's arguments.

    @ivar most: how many the original takes, argv[0] included, or C{None}.
    @ivar refused: whether more are an error in the original; else they are cut or
        joined there, and all kept here, with a warning.
    @ivar zero: what argv[0] is where the line has none: C{base} name, C{path}, or
        C{error}.
    @ivar searched: whether C{PATH} is searched for the program.
    """

    most: int | None = None
    refused: bool = False
    zero: str = "base"
    searched: bool = False


@attrs.frozen
class Rules:
    """
    One dialect.

    @ivar name: what C{--dialect} calls it.
    @ivar title: what messages call it.
    @ivar lexing: how words are found.
    @ivar hosts: what may stand before the service.
    @ivar bareHosts: whether IPv6 addresses need no brackets.
    @ivar defaultHosts: whether C{address:} alone on a line is understood.
    @ivar ports: whether a port may be given as a number; where it may not it is
        understood all the same, with a note.
    @ivar types: the socket types.
    @ivar protocols: the protocols that are no RPC.
    @ivar rpc: whether there are RPC services.
    @ivar transports: for RPC, the names that stand for transports, each with those
        it stands for; empty where the names are those of C{protocols}.
    @ivar defaultVersion: whether an RPC service without a version is version 1.
    @ivar tcpmux: whether there are TCPMUX services.
    @ivar ownTcpmux: whether the daemon itself listens for tcpmux once a line needs it.
    @ivar buffers: whether C{,sndbuf=N,rcvbuf=N} may follow the protocol.
    @ivar accepts: whether C{,N} and C{:filter} may follow the socket type.
    @ivar waiting: the fourth field.
    @ivar user: the fifth.
    @ivar unix: unix sockets.
    @ivar arguments: a program's arguments.
    @ivar internalNames: whether C{internal NAME} serves NAME; else what follows
        C{internal} is the service's arguments, which none has here.
    @ivar strictInternal: whether C{wait} for an internal stream service, or C{nowait}
        for a datagram one, is an error.
    @ivar limits: what holds where a line says nothing.
    @ivar waitLimits: the same for C{wait}, or C{None} where that is no different.
    @ivar keepsHighPorts: whether a service on a port from 1024 on is never closed for
        going over its limit, lest somebody else take the port.
    @ivar policies: whether C{#@} lines are IPsec policies.
    @ivar directives: whether C{.include} is understood.
    @ivar wraps: whether the daemon asks hosts_access(5) about the clients of programs
        without being told to.
    @ivar wrapsByArgument: whether it asks by the name in argv[0], not the program's.
    @ivar notes: whether it is said what a line would mean to other systems.
    """

    name: str
    title: str
    lexing: Lexing = Lexing()
    hosts: HostForm = HostForm.LIST
    bareHosts: bool = False
    defaultHosts: bool = True
    ports: bool = True
    types: frozenset[str] = frozenset({"stream", "dgram", "seqpacket"})
    protocols: Mapping[str, Protocol] = attrs.field(factory=dict)
    rpc: bool = False
    transports: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    defaultVersion: bool = False
    tcpmux: bool = False
    ownTcpmux: bool = False
    buffers: bool = False
    accepts: bool = False
    waiting: WaitForm = WaitForm()
    user: UserForm = UserForm.COLON
    unix: UnixForm = UnixForm()
    arguments: Arguments = Arguments()
    internalNames: bool = False
    strictInternal: bool = False
    limits: Limits = DEFAULT_LIMITS
    waitLimits: Limits | None = None
    keepsHighPorts: bool = False
    policies: bool = False
    directives: bool = False
    wraps: bool = False
    wrapsByArgument: bool = True
    notes: bool = False

    def limitsFor(self, wait: bool) -> Limits:
        """
        What holds for a service whose line says nothing.
        """
        return self.waitLimits if wait and self.waitLimits is not None else self.limits
