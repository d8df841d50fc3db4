# -*- test-case-name: tests.test_gate_gate -*-
"""
What each rule of the gate has in common, and from whom an arrival comes.
"""

from __future__ import annotations

import abc
import functools
import socket
from collections.abc import Sized

import attrs

from txinetd.origin import Origin

__all__ = ["NOBODY", "VSOCK", "Refusal", "Rule", "Source", "sourceOf"]


#: What stands for the version of an address where it is a context id (vsock(7)).
VSOCK = 40


@attrs.frozen
class Source:
    """
    Where an arrival came from, as a number.

    @ivar version: 4 or 6; 0 for a peer on the same machine, or L{VSOCK}.
    @ivar number: the address; for a peer on the same machine its user id, for another
        machine its context id.
    @ivar text: as it is shown.
    """

    version: int
    number: int
    text: str


#: Whom nothing can be told about.
NOBODY = Source(0, -1, "-")

_MAPPED = bytes(10) + b"\xff\xff"


# Whoever comes, comes often.  That is so many bytes at most, whoever comes.
@functools.lru_cache(maxsize=4096)
def sourceOf(host: str) -> Source:
    """
    The source of a numeric address.  An IPv6 address that stands for an IPv4 one
    is that one; a scope does not count.

    @param host: as the kernel gives it.
    @raise OSError: if it is no address.
    """
    if ":" not in host:
        return Source(4, int.from_bytes(socket.inet_pton(socket.AF_INET, host), "big"), host)
    packed = socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    if packed.startswith(_MAPPED):
        return Source(
            4, int.from_bytes(packed[12:], "big"), socket.inet_ntop(socket.AF_INET, packed[12:])
        )
    return Source(6, int.from_bytes(packed, "big"), host)


@attrs.frozen
class Refusal:
    """
    Why one rule does not let somebody in.

    @ivar rule: the rule's stable name, as it stands in logs.
    @ivar reason: its words.
    @ivar until: when this rule will let somebody in again, on the clock that it was
        asked with; C{None} where time alone will not help.
    @ivar perSource: whether it is about this source only, rather than about all.
    @ivar origin: where the rule was written, where that is known.
    """

    rule: str
    reason: str
    until: float | None = None
    perSource: bool = False
    origin: Origin | None = None


class Rule(abc.ABC):
    """
    One rule.  It is asked first, and told of the arrival only when all rules have
    let it in: an arrival that one of them refuses is not counted by the others.

    Nothing here reads a clock, looks a name up, opens a file or blocks.

    @cvar name: the rule's stable name, as it stands in logs, counters and
        L{txinetd.policy.Access.shadow}.
    @ivar memory: what it goes by, where it has nothing against anybody as long as there is
        nothing in any of these: then it need not be asked.  Always the same ones.
    """

    name: str = ""
    memory: tuple[Sized, ...] = ()

    @abc.abstractmethod
    def check(self, source: Source, now: float) -> Refusal | None:
        """
        Whether somebody may come in, without counting it.

        @param source: from where.
        @param now: monotonic seconds.
        """

    def arrive(self, source: Source, now: float) -> Refusal | None:
        """
        The same for somebody who has come, rather than is only asked about: for rules
        that count arrivals, also those whom they or later rules refuse.
        """
        return self.check(source, now)

    def explain(self, source: Source, now: float) -> tuple[str, Origin | None]:
        """
        What it says about a source, in words, and where the part of it was written that
        decides; without counting anything.
        """
        refusal = self.check(source, now)
        return ("allows", None) if refusal is None else (refusal.reason, refusal.origin)

    def take(self, source: Source, now: float) -> None:  # noqa: B027
        """
        It has come in.
        """

    def release(self, source: Source, now: float) -> None:  # noqa: B027
        """
        It has gone.  Called once for each L{take}.
        """
