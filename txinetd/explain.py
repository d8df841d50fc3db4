# -*- test-case-name: tests.test_explain -*-
"""
The text of C{--explain}: what every rule of a service says about an address, and the
verdict, without anybody having come.

Nothing has been counted in the process that explains: it speaks of the rules, and of
limits as they are when nobody has used them.
"""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Callable, Sequence

import attrs

from txinetd.config.text import visible
from txinetd.errors import UsageProblem
from txinetd.gate.assemble import accessRules
from txinetd.gate.gate import Gate
from txinetd.gate.load import Readings
from txinetd.gate.rule import Source, sourceOf
from txinetd.gate.times import LocalTime
from txinetd.spec import ServiceSpec

__all__ = ["Answer", "Explained", "explain", "peerOf"]


class Answer(enum.IntEnum):
    """
    What C{--explain} exits with.
    """

    ALLOWED = 0
    UNKNOWN = 2
    REFUSED = 3


@attrs.frozen
class Explained:
    """
    What there is to say.

    @ivar text: for people.
    @ivar answer: for the exit status.
    """

    text: str
    answer: Answer


def peerOf(text: str) -> tuple[str, int]:
    """
    Read an C{ADDRESS}, C{ADDRESS:PORT}, C{[v6]} or C{[v6]:PORT}.

    @return: the address and the port, 0 where none is named.
    @raise UsageProblem: if it is none.
    """
    host, port = text, "0"
    if text.startswith("["):
        host, bracket, after = text[1:].partition("]")
        if not bracket:
            host = ""
        if after:
            host, port = (host, after[1:]) if after.startswith(":") else ("", port)
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    try:
        address = str(ipaddress.ip_address(host))
        if not (port.isascii() and port.isdigit() and int(port) < 65536):
            raise ValueError
    except ValueError:
        raise UsageProblem(
            f"--explain {visible(text)}: expected ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT"
        ) from None
    return address, int(port)


def explain(
    specs: Sequence[ServiceSpec],
    name: str,
    address: str,
    port: int,
    local: LocalTime,
    askWrappers: Callable[[ServiceSpec, str, int], tuple[bool, str]] | None = None,
) -> Explained:
    """
    Say what would become of a client.

    @param specs: all services.
    @param name: the service's name, or the first field of its line.
    @param address: the client's numeric address.
    @param port: its port, 0 if that does not matter.
    @param local: what time it is.
    @param askWrappers: asks hosts_access(5) for a service that wants that, without
        doing anything else.
    """
    found = [spec for spec in specs if name in (spec.name, spec.origin.label)]
    if not found:
        return Explained(f"there is no service {visible(name)}\n", Answer.UNKNOWN)
    source = sourceOf(address)
    lines: list[str] = []
    answers = []
    for spec in found:
        lines.append(f"{visible(spec.name)} {spec.protocol} ({visible(str(spec.origin))})")
        said, answer = _one(spec, source, address, port, local, askWrappers)
        lines += [f"  {each}" for each in said]
        answers.append(answer)
    worst = Answer.REFUSED if Answer.REFUSED in answers else Answer.ALLOWED
    return Explained("\n".join(lines) + "\n", worst)


def _one(
    spec: ServiceSpec,
    source: Source,
    address: str,
    port: int,
    local: LocalTime,
    askWrappers: Callable[[ServiceSpec, str, int], tuple[bool, str]] | None,
) -> tuple[list[str], Answer]:
    """
    What one service's rules say.
    """
    readings = Readings()
    readings.refresh()
    gate = Gate(
        spec.limits,
        own=accessRules(spec.access, local),
        shadow=spec.access.shadow,
        readings=readings,
    )
    lines = [
        f"{rule}: {visible(words)}" + ("" if origin is None else f" ({visible(str(origin))})")
        for rule, words, origin in gate.explain(source, 0.0)
    ]
    refusals = gate.refusals(source, 0.0)
    reason = f"{refusals[0].rule}: {refusals[0].reason}" if refusals else ""
    if not reason and spec.access.sensor is not None:
        reason = "sensor: the service is a trap"
        lines.append(reason)
    if spec.access.wrap is not None and askWrappers is not None:
        allowed, words = askWrappers(spec, address, port)
        lines.append(f"tcp-wrappers: {'allows' if allowed else 'refuses'}: {visible(words)}")
        if not allowed and not reason:
            reason = f"tcp-wrappers: {words}"
    if reason:
        return [*lines, f"refused by {visible(reason)}"], Answer.REFUSED
    return [*lines, "allowed"], Answer.ALLOWED
