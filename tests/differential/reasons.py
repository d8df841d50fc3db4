"""
Why this project's daemon does not do the same as xinetd: each difference there is, with its
reason, and a way to make both alike where that, and nothing else, is the difference.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

import attrs

__all__ = ["REASONS", "Cell", "Reason", "explain"]

#: What is compared of one file: lines, in no order.
Cell = frozenset[str]

_Pair = tuple[Cell, Cell]


@attrs.frozen
class Reason:
    """
    One difference.

    @ivar cell: the column that it is seen in.
    @ivar text: what it is, and why.
    @ivar alike: makes what xinetd and what this project's daemon have shown alike.
    """

    cell: str
    text: str
    alike: Callable[[Cell, Cell], _Pair]


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
    main = {(match[1], match[2]) for line in ours if (match := re.match(r"(.* )gid:(\d+):", line))}
    return theirs, frozenset(
        line
        for line in ours
        if not ((match := re.match(r"(.* )group:(\d+)$", line)) and (match[1], match[2]) in main)
    )


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


def _refusedStarts(theirs: Cell, ours: Cell) -> _Pair:
    """
    Without what xinetd writes about the process that refuses somebody.
    """
    lines = _counter(theirs)
    for line, count in tuple(lines.items()):
        match = re.match(r"FAIL: (\S+) (?:address|libwrap)( from=\S+)?", line)
        if match is None:
            continue
        service, source = re.escape(match[1]), re.escape(match[2] or "")
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


REASONS: Sequence[Reason] = (
    Reason(
        "environment",
        "REMOTE_HOST has the IPv4 address of a client that came by IPv4; with xinetd, whose"
        " sockets are for both families, it begins with ::ffff:",
        _theirs(_without("::ffff:")),
    ),
    Reason(
        "environment",
        "servers find the variables of UCSPI, REMOTE_ADDR, REMOTE_PORT and TXINETD_ID besides",
        _ours(_unless(r" (PROTO|(TCP|UDP)(LOCAL|REMOTE)\w+|REMOTE_(ADDR|PORT)|TXINETD_ID)=")),
    ),
    Reason(
        "limits",
        "without rlimit_files a server has the soft limit of descriptors that the daemon was"
        " started with, as from a shell; xinetd raises it to the hard one",
        _both(_without(r"files:\d+:(\d+)$", r"files:#:\1")),
    ),
    Reason(
        "ids",
        "without groups = yes the list of other groups may hold the main one, which gives"
        " nothing; with xinetd it is empty",
        _ownGroup,
    ),
    Reason(
        "refusals",
        "the internal chargen answers a datagram with one line, as RFC 864 asks for; xinetd with"
        " a kilobyte, which serves who forges the address of a victim",
        _both(lambda line: re.sub(r"^(udp/19 \S+) b.*", r"\1 some text", line)),
    ),
    Reason(
        "refusals",
        "a datagram is answered from the address that it was sent to; with xinetd the kernel"
        " chooses one, and a client that waits for an answer of that address gets none",
        _answeredFrom,
    ),
    Reason(
        "log",
        "the address of a client that came by IPv4 is written as such, and not with ::ffff:",
        _theirs(_without("::ffff:")),
    ),
    Reason(
        "log",
        "who is refused is refused before a process is made; xinetd makes one, which refuses,"
        " and logs its START and its EXIT",
        _refusedStarts,
    ),
    Reason(
        "log",
        "internal services and redirections are served by the daemon, without a process and its"
        " number",
        _noProcess,
    ),
    Reason(
        "log",
        "an internal datagram service logs an EXIT for each START; with xinetd there is none",
        _silentExits,
    ),
)


def explain(cell: str, theirs: Cell, ours: Cell) -> list[int] | None:
    """
    Which reasons make a cell alike.

    @return: the numbers of those that change anything, from 1; C{None} where it is not
        alike with all of them.
    """
    used = []
    for number, reason in enumerate(REASONS, 1):
        if theirs == ours:
            break
        if reason.cell == cell:
            changed = reason.alike(theirs, ours)
            if changed != (theirs, ours):
                used.append(number)
                theirs, ours = changed
    return used if theirs == ours else None
