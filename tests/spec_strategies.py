"""
Hypothesis strategies for specs: every one that a file can describe, with the users and
groups of L{tests.config_support.NAMES}.
"""

from __future__ import annotations

import ipaddress
import resource
from typing import Any

import attrs
from hypothesis import strategies as st

from tests.config_support import NAMES, ROOT
from txinetd.config.access import allowDeny, noAccess, onlyFrom
from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.settings.networks import networkText
from txinetd.config.settings.resources import RESOURCES
from txinetd.config.values import BUILTINS, STREAM_ONLY
from txinetd.policy import (
    Access,
    AddressRule,
    Bucket,
    ConnectionsPerSecond,
    Limits,
    Network,
    Order,
    Penalties,
    Prefixes,
    Pressure,
    Reaction,
    Sensor,
)
from txinetd.recording import (
    FACILITIES,
    FAILURE_WORDS,
    PRIORITIES,
    SUCCESS_WORDS,
    Aggregation,
    LogFileDestination,
    RecordFormat,
    Recording,
    SyslogDestination,
    TwistedLog,
)
from txinetd.sockopts import SocketOptions
from txinetd.spec import (
    Box,
    Builtin,
    Identity,
    InetAddress,
    Multiplexed,
    Program,
    Redirect,
    Rpc,
    Server,
    ServiceSpec,
    SocketType,
    UnixAddress,
    VsockAddress,
)

__all__ = ["accesses", "boxes", "limits", "socketOptions", "specs"]

counts = st.integers(1, 2**31 - 1)
optional = st.none() | counts
times = st.floats(0.001, 1e7, allow_nan=False)
amounts = st.floats(0, 1e7, allow_nan=False)
seconds = st.none() | times

#: What an argument can be: any bytes but zero.
arguments = st.binary(max_size=12).map(lambda data: data.replace(b"\0", b"0"))
paths = arguments.map(lambda data: b"/" + data)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_.+-]{0,10}", fullmatch=True)


def _prefixes(bits: int) -> st.SearchStrategy[tuple[tuple[int, int], ...]]:
    """
    Lengths, the longest first.
    """
    lengths = st.lists(st.integers(0, bits), min_size=1, max_size=4, unique=True)
    return st.tuples(lengths, st.lists(counts, min_size=4, max_size=4)).map(
        lambda both: tuple(zip(sorted(both[0], reverse=True), both[1], strict=False))
    )


buckets = st.none() | st.builds(Bucket, counts, times)

limits = st.builds(
    Limits,
    startsPerMinute=optional,
    startsPerSource=optional,
    bucket=buckets,
    sourceBucket=buckets,
    perSecond=st.none() | st.builds(ConnectionsPerSecond, counts, amounts),
    instances=optional,
    instancesPerSource=optional,
    prefixes=st.builds(Prefixes, _prefixes(32), _prefixes(128)),
    load=seconds,
    pressure=st.lists(
        st.builds(
            Pressure,
            st.sampled_from(["cpu", "io", "memory"]),
            st.floats(0.01, 100, allow_nan=False),
        ),
        unique_by=lambda each: each.resource,
    ).map(tuple),
    reaction=st.sampled_from(Reaction),
    closedFor=seconds,
    queue=st.integers(1, 65536),
    queueSeconds=times,
)


def _network(version: int, one: int, other: int) -> Network:
    """
    From one address to another.
    """
    bits = 32 if version == 4 else 128
    first, last = sorted((one % 2**bits, other % 2**bits))
    return Network(version, first, last)


def _prefix(version: int, number: int, length: int) -> Network:
    """
    The first bits of an address.
    """
    bits = 32 if version == 4 else 128
    length %= bits + 1
    kind = ipaddress.ip_network((number % 2**bits >> (bits - length) << (bits - length), length))
    return Network(version, int(kind.network_address), int(kind.broadcast_address))


numbers = st.integers(0, 2**128 - 1)
networks = st.one_of(
    st.builds(_network, st.sampled_from([4, 6]), numbers, numbers),
    # ip_network takes a number below 2**32 for an IPv4 one.
    st.builds(_prefix, st.just(4), numbers, st.integers(0, 32)),
)


def _access(order: Order, words: list[tuple[bool, str]], **others: Any) -> Access:
    """
    What some words mean, in the forms of either kind of rules.
    """
    reporter = Reporter("strategies", "")
    rules: list[AddressRule] = []
    for allow, text in words:
        token = Token(text, 1, 1)
        if order is Order.FIRST:
            rules += allowDeny(token, allow, [token], NAMES, reporter)
        elif allow:
            rules += onlyFrom(token, [token], NAMES, reporter)
        else:
            rules += noAccess([token], NAMES, reporter)
    assert not reporter.dropped, reporter.diagnostics
    return Access(rules=tuple(rules), order=order, **others)


ruleWords = networks.map(networkText) | st.sampled_from(
    ["localhost", "four", "SIX.", "10.0.0.0", "192.0.2.9/24", "::ffff:192.0.2.1", "::/0", "[::1]"]
)
minutes = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(
    # All day round is from midnight to midnight.
    lambda pair: pair[0] != pair[1]
)
ruleNames = st.from_regex(r"[a-z]{1,6}(-[a-z]{1,6}){0,2}", fullmatch=True)

penalties = st.builds(
    Penalties,
    refused=amounts,
    early=amounts,
    timeout=amounts,
    failed=amounts,
    least=st.floats(0, 100, allow_nan=False),
    most=st.floats(100, 1e6, allow_nan=False),
    sources=st.integers(1, 2**24),
    exempt=st.lists(networks, max_size=3).map(tuple),
)

accesses = st.builds(
    _access,
    st.sampled_from(Order),
    st.lists(st.tuples(st.booleans(), ruleWords), max_size=5),
    default=st.booleans(),
    times=st.lists(minutes, max_size=3).map(tuple),
    wrap=st.none() | names | st.just("a \\xff, b"),
    sensor=st.none() | st.builds(Sensor, st.none() | amounts),
    firstByte=seconds,
    startWithin=seconds,
    identified=st.booleans(),
    penalties=penalties,
    banner=st.none() | paths,
    bannerSuccess=st.none() | paths,
    bannerFail=st.none() | paths,
    shadow=st.frozensets(ruleNames, max_size=3),
)


def _resource(which: int, one: int, other: int) -> tuple[int, int, int]:
    """
    A limit; the largest number stands for none.
    """
    soft, hard = sorted((one, other))
    infinite = 2**63 - 1
    return (
        which,
        resource.RLIM_INFINITY if soft == infinite else soft,
        resource.RLIM_INFINITY if hard == infinite else hard,
    )


sizes = st.integers(0, 2**63 - 1) | st.just(2**63 - 1)
groupIds = st.integers(0, 2**32 - 2)
variables = st.tuples(
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).map(str.encode), arguments
)

boxes = st.builds(
    Box,
    umask=st.integers(0, 0o777),
    directory=paths,
    chroot=st.none() | paths,
    groups=st.none() | st.lists(groupIds, max_size=4).map(tuple),
    limits=st.lists(
        st.builds(_resource, st.sampled_from(sorted(RESOURCES)), sizes, sizes),
        max_size=4,
        unique_by=lambda each: each[0],
    ).map(tuple),
    nice=st.none() | st.integers(-20, 19),
    ioPriority=st.none() | st.tuples(st.integers(0, 3), st.integers(0, 7)),
    outOfMemory=st.none() | st.integers(-1000, 1000),
    affinity=st.none() | st.frozensets(st.integers(0, 100), min_size=1, max_size=5),
    noNewPrivileges=st.booleans(),
    bounding=st.none() | st.frozensets(st.integers(0, 63), max_size=6),
    ambient=st.frozensets(st.integers(0, 63), max_size=3),
    seconds=seconds,
    grace=amounts,
    passed=st.none() | st.frozensets(variables.map(lambda pair: pair[0]), max_size=3),
    environment=st.lists(variables, max_size=3, unique_by=lambda pair: pair[0]).map(tuple),
)

_buffers = st.none() | st.integers(1, 2**30)
socketOptions = st.builds(
    SocketOptions,
    sendBuffer=_buffers,
    receiveBuffer=_buffers,
    deferAccept=st.none() | st.integers(1, 86400),
    noDelay=st.booleans(),
    keepAlive=st.booleans(),
    reusePort=st.booleans(),
    freeBind=st.booleans(),
    mark=st.none() | st.integers(0, 2**32 - 1),
    device=st.none() | st.from_regex(r"[a-z][a-z0-9.]{0,14}", fullmatch=True),
    fastOpen=st.none() | st.integers(1, 65535),
)


_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
_files = st.builds(
    lambda path, soft, more: LogFileDestination(
        f"/{path}", soft, None if more is None else (soft or 1) + more
    ),
    _texts,
    optional,
    st.none() | st.integers(0, 2**40),
)
_syslogs = st.builds(
    SyslogDestination,
    st.sampled_from(sorted(FACILITIES)),
    st.sampled_from(sorted(PRIORITIES)),
    st.none() | names,
    st.just("/dev/log") | _texts.map("/{}".format),
)
_aggregations = st.builds(
    Aggregation,
    first=st.integers(0, 2**31 - 1),
    most=st.integers(0, 2**31 - 1),
    seconds=times,
    ipv4=st.integers(0, 32),
    ipv6=st.integers(0, 128),
    groups=st.integers(1, 2**24),
)
recordings = st.none() | st.builds(
    Recording,
    format=st.sampled_from(RecordFormat),
    destination=st.just(TwistedLog()) | _files | _syslogs,
    onSuccess=st.frozensets(st.sampled_from(sorted(SUCCESS_WORDS))),
    onFailure=st.frozensets(st.sampled_from(sorted(FAILURE_WORDS))),
    starts=st.booleans(),
    aggregation=st.none() | st.just(Aggregation()) | _aggregations,
)


def _identity(user: str, gid: int | None) -> Identity:
    """
    Somebody that L{NAMES} knows, or a number that nobody has.
    """
    if user == "-":
        return ROOT
    entry = NAMES.user(user)
    if entry is None:
        number = 5 if gid is None else gid
        return Identity(user, int(user), number, (number,))
    name, uid, primary = entry
    group = primary if gid is None else gid
    return Identity(name, uid, group, NAMES.groups(name, group))


identities = st.builds(
    _identity,
    st.sampled_from(["-", "root", "alice", "nobody", "www.data", "bob", "4321"]),
    st.none() | st.sampled_from([0, 5, 100, 1000, 54321]),
)

_WILD = {
    "tcp": (("0.0.0.0", False), ("::", False)),
    "tcp4": (("0.0.0.0", False),),
    "tcp6": (("::", False),),
    "tcp46": (("::", True),),
}
_hosts = {
    "4": st.integers(1, 2**32 - 1).map(lambda number: str(ipaddress.IPv4Address(number))),
    "6": st.integers(2**125, 2**126 - 1).map(lambda number: str(ipaddress.IPv6Address(number))),
}
_hosts[""] = _hosts["46"] = _hosts["4"] | _hosts["6"]


@st.composite
def _internet(draw: st.DrawFn) -> dict[str, Any]:
    """
    Name, protocol and addresses.
    """
    transport = draw(st.sampled_from(["tcp", "udp"]))
    family = draw(st.sampled_from(["", "4", "6", "46"]))
    port = draw(st.integers(1, 65535))
    wild = _WILD[f"tcp{family}"]
    hosts = draw(st.lists(_hosts[family], min_size=1, max_size=3, unique=True))
    some = draw(st.booleans())
    addresses = [(host, False) for host in hosts] if some else list(wild)
    name = draw(st.sampled_from([str(port), "ftp", "echo"]) | names)
    found: dict[str, Any] = {"name": name, "protocol": f"{transport}{family}"}
    if draw(st.integers(0, 3)) == 0:
        found = draw(_registered(found["name"], found["protocol"]))
        port = draw(st.sampled_from([0, 0, port]))
    return {
        **found,
        "socketType": SocketType.STREAM if transport == "tcp" else SocketType.DGRAM,
        "addresses": tuple(InetAddress(host, port, dual) for host, dual in addresses),
    }


@st.composite
def _registered(draw: st.DrawFn, name: str, protocol: str) -> dict[str, Any]:
    """
    Name and protocol of an RPC service.
    """
    program = draw(st.sampled_from(["rstatd", "rusersd", "100001", "391002"]))
    number = NAMES.rpc(program) or int(program)
    first = draw(st.integers(0, 2**32 - 300))
    rpc = Rpc(number, program, first, first + draw(st.integers(0, 255)))
    named = draw(st.sampled_from([f"{program}/{rpc.versions}", name]))
    return {"name": named, "protocol": f"rpc/{protocol}", "rpc": rpc}


@st.composite
def _behind(draw: st.DrawFn) -> dict[str, Any]:
    """
    The same for a service behind tcpmux.
    """
    characters = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
    plain = st.text(characters, min_size=1, max_size=12)
    name = draw(plain.filter(lambda text: text[0] != "+" and text.lower() != "help"))
    ready = draw(st.booleans())
    return {
        "name": f"tcpmux/{'+' if ready else ''}{name}",
        "protocol": draw(st.sampled_from(["tcp", "tcp4", "tcp6", "tcp46"])),
        "socketType": SocketType.STREAM,
        "addresses": (),
        "multiplexed": Multiplexed(name, ready),
    }


@st.composite
def _local(draw: st.DrawFn) -> dict[str, Any]:
    """
    The same for a unix socket.
    """
    path = draw(paths.filter(lambda path: len(path) > 1))
    address = UnixAddress(
        path, draw(st.sampled_from([0, 33, 1000, 999])), draw(groupIds), draw(st.integers(0, 0o777))
    )
    return {
        "name": str(address),
        "protocol": "unix",
        "socketType": draw(st.sampled_from(SocketType)),
        "addresses": (address,),
    }


@st.composite
def _virtual(draw: st.DrawFn) -> dict[str, Any]:
    """
    The same for virtual machines.
    """
    cid = draw(st.sampled_from([1, 2, VsockAddress.ANY]) | st.integers(0, 2**32 - 2))
    address = VsockAddress(cid, draw(st.integers(1, 2**32 - 2)))
    return {
        "name": str(address),
        "protocol": "vsock",
        "socketType": SocketType.STREAM,
        "addresses": (address,),
    }


def _redirect(host: str, port: str) -> Redirect:
    """
    A server elsewhere.
    """
    number = int(port) if port.isdigit() else NAMES.port(port, "tcp")
    assert number is not None
    return Redirect(tuple((each, number) for each in NAMES.addresses(host)), f"{host} {port}")


redirects = st.builds(
    _redirect,
    st.sampled_from(["192.0.2.1", "2001:db8::1", "localhost", "two", "six"]),
    st.integers(1, 65535).map(str) | st.sampled_from(["ftp", "telnet"]),
)
_options = st.lists(
    st.sampled_from([b"-r", b"-f", b"-g", b"-n", b"-i", b"-t30.5", b"-oUNKNOWN"]), max_size=3
).map(tuple)


@st.composite
def _servers(draw: st.DrawFn, kind: SocketType, unix: bool) -> tuple[Server, bool]:
    """
    What serves, and whether it gets the socket itself.
    """
    datagrams = kind is SocketType.DGRAM
    choice = draw(st.integers(0, 5))
    if choice < 3 or kind is SocketType.SEQPACKET:
        path = draw(paths.filter(lambda path: not path.endswith(b"/")))
        argv = draw(st.lists(arguments, min_size=1, max_size=4).map(tuple))
        return Program(path, argv), True if unix and datagrams else draw(st.booleans())
    if choice == 3 and kind is SocketType.STREAM:
        return draw(redirects), False
    name = draw(st.sampled_from(sorted(BUILTINS - STREAM_ONLY if datagrams else BUILTINS)))
    return Builtin(name, draw(_options) if name == "auth" else ()), datagrams


@st.composite
def specs(draw: st.DrawFn) -> ServiceSpec:
    """
    Any service that a file can describe.
    """
    where = draw(st.one_of(_internet(), _local(), _behind(), _virtual()))
    unix = where["protocol"] == "unix"
    datagrams = where["socketType"] is SocketType.DGRAM
    server, wait = draw(_servers(where["socketType"], unix))
    access = draw(accesses)
    options = draw(socketOptions)
    if datagrams:
        access = attrs.evolve(access, firstByte=None)
    if not where["protocol"].removeprefix("rpc/").startswith("tcp"):
        options = attrs.evolve(
            options,
            deferAccept=None,
            noDelay=False,
            keepAlive=False,
            reusePort=False,
            fastOpen=None,
        )
    if unix or where["protocol"] == "vsock":
        options = attrs.evolve(options, freeBind=False, mark=None, device=None)
    if where["protocol"] == "vsock":
        options = attrs.evolve(options, sendBuffer=None, receiveBuffer=None)
        access = attrs.evolve(
            access, rules=(), default=True, wrap=None, sensor=None, identified=False
        )
        if not isinstance(server, Program):
            server = Program(b"/bin/cat", (b"cat",))
    return ServiceSpec(
        wait=wait,
        server=server,
        identity=draw(identities),
        limits=draw(limits),
        access=access,
        backlog=draw(counts),
        box=draw(boxes),
        recording=draw(recordings),
        socketOptions=options,
        **where,
    )
