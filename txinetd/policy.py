# -*- test-case-name: tests.test_gate_gate -*-
"""
Who may use a service, and how often: the values that the gate decides by.

All classes here are frozen and compare by value, as those of L{txinetd.spec} do.
Where a rule was read from takes no part in the comparison.
"""

from __future__ import annotations

import enum

import attrs

from txinetd.origin import Origin
from txinetd.recording import Recording

__all__ = [
    "DEFAULT_LIMITS",
    "DEFAULT_STARTS_PER_MINUTE",
    "EVERYBODY",
    "FLOOD_PENALTIES",
    "NO_PENALTIES",
    "NO_POLICY",
    "Access",
    "AddressRule",
    "Bucket",
    "ConnectionsPerSecond",
    "Limits",
    "Network",
    "Order",
    "Penalties",
    "Policy",
    "Prefixes",
    "Pressure",
    "Reaction",
    "Recording",
    "Sensor",
]

#: Starts a minute that a service may make when its line says nothing, as in
#: the BSD inetds (C{TOOMANY}).
DEFAULT_STARTS_PER_MINUTE = 256


class Reaction(enum.Enum):
    """
    What happens to an arrival that is one too many.
    """

    #: Accepted, told what the banner says if there is one, and closed.
    CLOSE = "close"
    #: Nobody is accepted until there is room: the kernel's queue holds them.
    PAUSE = "pause"
    #: Accepted and kept, for a while, in turns by source.
    QUEUE = "queue"


@attrs.frozen
class Bucket:
    """
    A token bucket: at most C{burst + refill * t} in any C{t} seconds.

    @ivar burst: how many at once, at least one.
    @ivar refill: how many more a second.
    """

    burst: int
    refill: float


@attrs.frozen
class ConnectionsPerSecond:
    """
    C{cps} of xinetd.conf(5): more than so many arrivals in a second, and the
    service is off for a while.

    @ivar most: how many in one second.
    @ivar pause: for how many seconds it is then off.
    """

    most: int
    pause: float


@attrs.frozen
class Prefixes:
    """
    What counts as one source: lengths of prefixes, the narrowest first, each with
    how many times the limit of one source all in it may have.
    """

    ipv4: tuple[tuple[int, int], ...] = ((32, 1),)
    ipv6: tuple[tuple[int, int], ...] = ((64, 1), (56, 4), (48, 16))


@attrs.frozen
class Pressure:
    """
    A threshold of the kernel's pressure stall information.

    @ivar resource: C{cpu}, C{io} or C{memory}.
    @ivar share: percent of the last ten seconds in which somebody stalled.
    """

    resource: str
    share: float


@attrs.frozen
class Limits:
    """
    How often, and how many at a time.  C{None} is no limit, for each.

    @ivar startsPerMinute: starts in any 60 seconds (a sliding window).
    @ivar startsPerSource: starts for one source in any 60 seconds.
    @ivar bucket: starts, by a token bucket.
    @ivar sourceBucket: starts for one source, by a token bucket.
    @ivar perSecond: arrivals in a second, and the pause after too many.
    @ivar instances: servers (or connections, for what is answered in this
        process) at a time.
    @ivar instancesPerSource: the same for one source.
    @ivar parallel: for a service that waits, how many servers may have its socket at a
        time: with more than one, further ones are started for as long as there is
        somebody whom none has accepted yet, as with C{wait/3} of FreeBSD's inetd.
    @ivar prefixes: what one source is.
    @ivar load: the one-minute load average from which on nobody is let in.
    @ivar pressure: thresholds from which on nobody is let in.
    @ivar reaction: what happens to who is one too many.
    @ivar closedFor: where not C{None}, the service is off for so many seconds once
        C{startsPerMinute} has been exceeded, as the BSD inetds do; else it is back
        as soon as there is room.
    @ivar queue: who may wait in the queue, at most, with L{Reaction.QUEUE}.
    @ivar queueSeconds: how long each may wait there.
    """

    startsPerMinute: int | None = DEFAULT_STARTS_PER_MINUTE
    startsPerSource: int | None = None
    bucket: Bucket | None = None
    sourceBucket: Bucket | None = None
    perSecond: ConnectionsPerSecond | None = None
    instances: int | None = None
    instancesPerSource: int | None = None
    parallel: int = 1
    prefixes: Prefixes = Prefixes()
    load: float | None = None
    pressure: tuple[Pressure, ...] = ()
    reaction: Reaction = Reaction.CLOSE
    closedFor: float | None = None
    queue: int = 64
    queueSeconds: float = 10.0


#: What holds where a service's line says nothing.
DEFAULT_LIMITS = Limits()


@attrs.frozen
class Network:
    """
    All addresses from one to another.

    @ivar version: 4 or 6.
    @ivar first: the lowest, as a number.
    @ivar last: the highest.
    """

    version: int
    first: int
    last: int


@attrs.frozen
class AddressRule:
    """
    One rule about where arrivals come from.

    @ivar allow: whether it lets in or keeps out.
    @ivar networks: whom it is about; empty fits nobody, but for a host that is to be
        kept out: then anybody might be that host.
    @ivar text: the rule as it was written.
    @ivar host: the name that C{networks} was looked up for, and is to be looked up
        for again from time to time; else C{None}.
    @ivar origin: where it was read; not compared.
    """

    allow: bool
    networks: tuple[Network, ...]
    text: str
    host: str | None = None
    origin: Origin = attrs.field(default=Origin(), eq=False)


class Order(enum.Enum):
    """
    Which of several rules that fit counts.
    """

    #: The first.
    FIRST = "first"
    #: The one with the fewest addresses; of two alike, the one that keeps out.
    #: xinetd's, for C{only_from} and C{no_access}.
    LONGEST = "longest"


@attrs.frozen
class Sensor:
    """
    A trap: who touches it is kept out of every service.

    @ivar seconds: for how long; C{None} for ever.
    """

    seconds: float | None


@attrs.frozen
class Penalties:
    """
    Seconds that a source collects, by what it does, and the time it is kept out
    once it has collected enough (as C{PerSourcePenalties} of sshd_config(5)).

    @ivar refused: for being refused by a rule or a limit.
    @ivar early: for closing before its server has begun, or without a first byte.
    @ivar timeout: for sending nothing, or staying too long.
    @ivar failed: for a server that ends badly.
    @ivar least: nobody is kept out for less; what is collected below that only adds up.
    @ivar most: nobody is kept out for more.
    @ivar sources: how many sources are remembered.
    @ivar exempt: who never collects any.
    """

    refused: float = 0.0
    early: float = 0.0
    timeout: float = 0.0
    failed: float = 0.0
    least: float = 15.0
    most: float = 600.0
    sources: int = 65536
    exempt: tuple[Network, ...] = ()


#: Nobody collects any.
NO_PENALTIES = Penalties()


#: For those who come again and again though they are refused for what they do
#: themselves: more than five times a second, and for seconds on end.
FLOOD_PENALTIES = Penalties(refused=0.2, least=10.0, most=60.0)


@attrs.frozen
class Access:
    """
    Who may come in.

    @ivar rules: by address, in the order in which they were written.
    @ivar order: which of several that fit counts.
    @ivar default: what counts where none fits.
    @ivar times: minutes of the day, local time, in which anybody may come in: from
        (included) and to (excluded) each; empty for all day.
    @ivar wrap: the daemon's name by which hosts_access(5) is asked, or C{None}.
    @ivar sensor: where not C{None}, the service is a trap.
    @ivar firstByte: seconds within which a client must have sent something before
        its server is started, or C{None} to start it at once.
    @ivar startWithin: seconds within which the server must have been started, or
        C{None}.
    @ivar identified: whether only who is named by an identd on its machine (RFC 1413)
        may come in.
    @ivar penalties: what sources collect.
    @ivar banner: a file that is sent to everybody first.
    @ivar bannerSuccess: a file that is sent to who is let in.
    @ivar bannerFail: a file that is sent to who is refused.
    @ivar shadow: the names of rules and limits that only say what they would have
        refused.
    """

    rules: tuple[AddressRule, ...] = ()
    order: Order = Order.FIRST
    default: bool = True
    times: tuple[tuple[int, int], ...] = ()
    wrap: str | None = None
    sensor: Sensor | None = None
    firstByte: float | None = None
    startWithin: float | None = None
    identified: bool = False
    penalties: Penalties = NO_PENALTIES
    banner: bytes | None = None
    bannerSuccess: bytes | None = None
    bannerFail: bytes | None = None
    shadow: frozenset[str] = frozenset()


#: Whoever comes.
EVERYBODY = Access()


@attrs.frozen
class Policy:
    """
    What holds for a whole server, before what its services have of their own.

    @ivar access: who may come in at all.
    @ivar limits: for all services together.
    @ivar questions: about how many clients an identd (RFC 1413) is asked at a time, or
        C{None} for what is usual.
    """

    access: Access = EVERYBODY
    limits: Limits = Limits(startsPerMinute=None)
    questions: int | None = None


#: Nothing.
NO_POLICY = Policy()
