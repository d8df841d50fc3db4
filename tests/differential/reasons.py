"""
Why this project's daemon does not do the same as xinetd: each difference there is, with its
reason, and a way to make both alike where that, and nothing else, is the difference.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import attrs

__all__ = ["REASONS", "Cell", "Reason", "explain"]

#: What is compared of one file: lines, in no order.
Cell = frozenset[str]

_Pair = tuple[Cell, Cell]


#: What a file with the missing brace of a service has.
_OPEN = re.compile(r"^\s*\{[^}]*^\s*service\s", re.MULTILINE)

_ANYWHERE = re.compile("")


@attrs.frozen
class Reason:
    """
    One difference.

    @ivar text: what it is, and why.
    @ivar alike: makes what xinetd and what this project's daemon have shown alike, in each
        column in which it is seen.
    @ivar where: found in each file in which it can be.
    """

    text: str
    alike: Mapping[str, Callable[[Cell, Cell], _Pair]]
    where: re.Pattern[str] = _ANYWHERE


_Change = Callable[[str], str | None]


def _theirs(change: _Change) -> Callable[[Cell, Cell], _Pair]:
    """
    Change each of xinetd's lines, or leave it out.
    """
    return lambda theirs, ours: (_changed(theirs, change), ours)


def _ours(change: _Change) -> Callable[[Cell, Cell], _Pair]:
    """
    The same of this project's.
    """
    return lambda theirs, ours: (theirs, _changed(ours, change))


def _both(change: _Change) -> Callable[[Cell, Cell], _Pair]:
    """
    The same of both.
    """
    return lambda theirs, ours: (_changed(theirs, change), _changed(ours, change))


def _changed(cell: Cell, change: _Change) -> Cell:
    """
    All lines changed.
    """
    return frozenset(line for line in map(change, cell) if line is not None)


def _without(pattern: str, by: str = "") -> _Change:
    """
    The line with something else in it.
    """
    return lambda line: re.sub(pattern, by, line)


def _unless(pattern: str) -> _Change:
    """
    The line, but for some.
    """
    return lambda line: None if re.search(pattern, line) else line


def _ownGroup(theirs: Cell, ours: Cell) -> _Pair:
    """
    Without the main group among the others.
    """
    main = {
        (match[1], match[2])
        for line in theirs | ours
        if (match := re.match(r"(.* )gid:(\d+):", line))
    }

    def change(line: str) -> str | None:
        match = re.match(r"(.* )group:(\d+)$", line)
        return None if match and (match[1], match[2]) in main else line

    return _changed(theirs, change), _changed(ours, change)


def _counter(cell: Cell) -> Counter[str]:
    """
    Lines of a log, with how often they are there.
    """
    pairs = (line.rsplit(" x", 1) for line in cell)
    return Counter({line: int(count) for line, count in pairs})


def _cell(counter: Counter[str]) -> Cell:
    """
    The same as it was.
    """
    return frozenset(f"{line} x{count}" for line, count in counter.items() if count > 0)


#: A line about somebody whom a process of xinetd's has refused.
_REFUSED = re.compile(
    r"FAIL: (?P<failed>\S+) (?:address|libwrap)(?P<from> from=\S+)?"
    r"|NOID: (?P<nobody>\S+) (?P<source>\S+) "
)


def _refusedStarts(theirs: Cell, ours: Cell) -> _Pair:
    """
    Without what xinetd writes about the process that refuses somebody.
    """
    lines = _counter(theirs)
    for line, count in tuple(lines.items()):
        match = _REFUSED.match(line)
        if match is None:
            continue
        service = re.escape(match["failed"] or match["nobody"])
        source = f" from={match['source']}" if match["source"] else match["from"] or ""
        source = re.escape(source)
        for pattern in (rf"START: {service}( pid=#)?({source})?$", rf"EXIT: {service} "):
            found = sorted((each for each in lines if re.match(pattern, each)), key=len)
            for each in found[-1:]:
                lines[each] -= count
    return _cell(lines), ours


def _noProcess(theirs: Cell, ours: Cell) -> _Pair:
    """
    Without the process ids of what has a process with xinetd only.
    """

    def kinds(cell: Cell, pid: bool) -> set[str]:
        found = (line for line in cell if line.startswith(("START:", "EXIT:")))
        return {" ".join(line.split()[:2]) for line in found if (" pid=#" in line) is pid}

    alone = kinds(theirs, True) & kinds(ours, False) - kinds(ours, True)
    lines: Counter[str] = Counter()
    for line, count in _counter(theirs).items():
        here = " ".join(line.split()[:2]) in alone
        lines[line.replace(" pid=#", "") if here else line] += count
    return _cell(lines), ours


def _endless(theirs: Cell, ours: Cell) -> _Pair:
    """
    Without how chargen ends, which its client does, in one moment or another.
    """

    def change(cell: Cell) -> Cell:
        lines: Counter[str] = Counter()
        for line, count in _counter(cell).items():
            lines[re.sub(r"^(EXIT: chargen\S*) \w+=\d+", r"\1", line)] += count
        return _cell(lines)

    return change(theirs), change(ours)


def _silentExits(theirs: Cell, ours: Cell) -> _Pair:
    """
    Without the ends of what xinetd answers by itself.
    """
    there = {line.split()[1] for line in theirs if line.startswith("EXIT:")}
    return theirs, frozenset(
        line for line in ours if not line.startswith("EXIT:") or line.split()[1] in there
    )


def _answeredFrom(theirs: Cell, ours: Cell) -> _Pair:
    """
    Without datagrams that are answered from the right address here only.
    """
    lost = {
        line.rsplit(" ", 1)[0]
        for line in theirs
        if re.match(r"udp/\d+ (?!127\.|::1 )\S+ silence$", line)
    }
    found = frozenset(line for line in ours if " ".join(line.split()[:2]) in lost)
    return frozenset(line for line in theirs if line.rsplit(" ", 1)[0] not in lost), ours - found


def _key(line: str) -> str:
    """
    The socket and the source that a line is about.
    """
    return " ".join(line.split()[:2])


def _untold(theirs: Cell, ours: Cell) -> _Pair:
    """
    Without the client where it is not told here.
    """
    told = {_key(line) for line in ours if " REMOTE_HOST=" in line}
    return frozenset(
        line for line in theirs if " REMOTE_HOST=" not in line or _key(line) in told
    ), ours


def _letIn(theirs: Cell, ours: Cell) -> _Pair:
    """
    Without those of this machine who get an answer here only.
    """
    out = {
        _key(line) for line in theirs if re.match(r"\S+ (127\.0\.0\.1|::1) (b''|silence)$", line)
    }
    return tuple(  # type: ignore[return-value]
        frozenset(line for line in cell if _key(line) not in out) for cell in (theirs, ours)
    )


def _servedHere(theirs: Cell, ours: Cell) -> _Pair:
    """
    Without servers for this machine that there are here only.
    """
    there = set(map(_key, theirs))
    return theirs, frozenset(
        line for line in ours if _key(line) in there or _key(line).split()[1] not in _LOOPBACK
    )


def _letInLog(theirs: Cell, ours: Cell) -> _Pair:
    """
    Without the lines about them.
    """
    there, here = _counter(theirs), _counter(ours)
    for line in tuple(there):
        match = re.match(r"FAIL: (\S+) address from=(?:::ffff:)?(127\.0\.0\.1|::1)$", line)
        if match is None:
            continue
        service, source = map(re.escape, match.groups())
        starts = [each for each in here if re.match(rf"START: {service} .*from={source}$", each)]
        for start in starts:
            here[start] -= there[line]
            for end in [each for each in here if each.startswith(f"EXIT: {match[1]} ")]:
                here[end] -= there[line]
        nobody = [each for each in here if each.startswith(f"NOID: {match[1]} {match[2]} ")]
        for each in nobody:
            del here[each]
        if starts or nobody or f"FAIL: {match[1]} address from={match[2]}" not in here:
            del there[line]
    return _cell(there), _cell(here)


def _moreHere(theirs: Cell, ours: Cell) -> _Pair:
    """
    Without what there is here only.
    """
    return theirs, ours & theirs


def _moreServices(theirs: Cell, ours: Cell) -> _Pair:
    """
    Without services that are logged here only.
    """
    there = {line.split()[1] for line in theirs}
    return theirs, frozenset(line for line in ours if line.split()[1] in there)


#: This machine.
_LOOPBACK = ("127.0.0.1", "::1")

REASONS: Sequence[Reason] = (
    Reason(
        "REMOTE_HOST has the IPv4 address of a client that came by IPv4; with xinetd, whose"
        " sockets are for both families, it begins with ::ffff:",
        {"environment": _theirs(_without("::ffff:"))},
    ),
    Reason(
        "servers find the variables of UCSPI, REMOTE_ADDR, REMOTE_PORT and TXINETD_ID besides",
        {
            "environment": _ours(
                _unless(r" (PROTO|(TCP|UDP)(LOCAL|REMOTE)\w+|REMOTE_(ADDR|PORT)|TXINETD_ID)=")
            )
        },
    ),
    Reason(
        "a server with wait = yes reads what its clients send by itself, and so is told of "
        "none; with xinetd it is told where the first datagram came from",
        {"environment": _untold},
    ),
    Reason(
        "without rlimit_files a server has the soft limit of descriptors that the daemon "
        "was started with, as from a shell; xinetd raises it to the hard one",
        {"limits": _both(_without(r"files:\d+:(\d+)$", r"files:#:\1"))},
    ),
    Reason(
        "the main group may stand among the other groups, too, where it gives nothing, or "
        "not; with xinetd it does with groups = yes",
        {"ids": _ownGroup},
    ),
    Reason(
        "the internal chargen answers a datagram with one line, as RFC 864 asks for; xinetd"
        " with a kilobyte, which serves who forges the address of a victim",
        {"refusals": _both(lambda line: re.sub(r"^(udp/19 \S+) b.*", r"\1 some text", line))},
    ),
    Reason(
        "a datagram is answered from the address that it was sent to; with xinetd the "
        "kernel chooses one, and a client that waits for an answer of that address gets "
        "none",
        {"refusals": _answeredFrom},
    ),
    Reason(
        "the address of a client that came by IPv4 is written as such, and not with ::ffff:",
        {"log": _theirs(_without("::ffff:"))},
    ),
    Reason(
        "who is refused is refused before a process is made; xinetd makes one, which "
        "refuses, and logs its START and its EXIT",
        {"log": _refusedStarts},
    ),
    Reason(
        "internal services and redirections are served by the daemon, without a process and"
        " its number",
        {"log": _noProcess},
    ),
    Reason(
        "an internal service logs an EXIT for each START; with xinetd one that it answers "
        "without a process does not",
        {"log": _silentExits},
    ),
    Reason(
        "the comment behind rlimit_cpu is left out, with a warning; to xinetd it is more "
        "values, and there is no limit",
        {"limits": _both(_without(r"cpu:.*", "cpu:#"))},
        where=re.compile(r"^\s*rlimit_cpu\s*=\s*\d+ +#", re.MULTILINE),
    ),
    Reason(
        "a name in only_from fits all addresses of the host, and a prefix of 128 its "
        "address; with xinetd a socket for both families has a name fit IPv6 addresses "
        "only, and such a prefix nobody",
        {
            "refusals": _letIn,
            "argv": _servedHere,
            "fds": _servedHere,
            "ids": _servedHere,
            "environment": _servedHere,
            "limits": _servedHere,
            "log": _letInLog,
        },
        where=re.compile(r"^\s*only_from\s*\+?=.*(localhost|/128)", re.MULTILINE),
    ),
    Reason(
        "chargen begins with the blank, as in RFC 864, and ends well when its client goes; xinetd's"
        " begins with the exclamation mark, and a signal may end it",
        {
            "refusals": _both(_without(r"(tcp/19 \S+) b.*", r"\1 some text")),
            "log": _endless,
        },
        where=re.compile("service\\s+chargen"),
    ),
    Reason(
        "servers and services are there, for this machine alone; the xinetd of today does "
        "not know them",
        {
            "ports": _ours(_unless(r"tcp/909[89] ")),
            "log": _ours(_unless(r"^\w+: (servers|services) ")),
        },
        where=re.compile(r"service\s+(servers|services)\b"),
    ),
    Reason(
        "a service is read whose predecessor lacks its closing brace; xinetd reads nothing "
        "after it",
        {"ports": _moreHere, "log": _moreServices},
        where=_OPEN,
    ),
    Reason(
        "an RPC service listens and waits for rpcbind; xinetd drops it where there is none",
        {"ports": _ours(_unless(r"\w+/(3[2-9]|[456]\d)\d{3} ")), "log": _moreServices},
        where=re.compile(r"^\s*type\s*=.*RPC", re.MULTILINE),
    ),
    Reason(
        "a client whom nobody names is logged as not identified; xinetd has words for why",
        {"log": _both(_without(r"(NOID: \S+ \S+) .*( x\d+)$", r"\1\2"))},
    ),
)


def explain(column: str, text: str, theirs: Cell, ours: Cell) -> tuple[list[int], Cell, Cell]:
    """
    Which reasons make a cell alike.

    @param text: the file.
    @return: the numbers of those that change anything, from 1, and what then remains of
        both sides, which is alike where these are all the reasons there are.
    """
    used = []
    for number, reason in enumerate(REASONS, 1):
        if theirs == ours:
            break
        alike = reason.alike.get(column)
        if alike is not None and reason.where.search(text):
            changed = alike(theirs, ours)
            if changed != (theirs, ours):
                used.append(number)
                theirs, ours = changed
    return used, theirs, ours
