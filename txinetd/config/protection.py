# -*- test-case-name: tests.test_config_protection -*-
"""
Whether what guards a service can guard one of its kind, whatever format it was read from.

The server of a C{wait} service accepts its clients, or reads what they send, by itself;
and the sender of a datagram can be forged.  What needs more than that is refused, rather
than not done: the service is off.  So are limits that cannot be meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from txinetd.errors import Diagnostic, Severity
from txinetd.gate.fairqueue import FairQueue
from txinetd.gate.gate import Gate
from txinetd.gate.load import Readings
from txinetd.gate.penalties import PenaltyBook
from txinetd.policy import NO_PENALTIES, Access, Limits, Reaction
from txinetd.spec import Program, ServiceSpec

__all__ = ["protected"]

#: What works for connections that the daemon has accepted, by the name of its setting.
_CONNECTIONS: Mapping[str, Callable[[Access], bool]] = {
    "first_byte": lambda access: access.firstByte is not None,
    "start_within": lambda access: access.startWithin is not None,
    "deny_time (a trap)": lambda access: access.sensor is not None,
    "identified (IDONLY)": lambda access: access.identified,
}

#: What takes an address of the internet besides rules.
_ADDRESSED: Mapping[str, Callable[[Access], bool]] = {
    name: _CONNECTIONS[name] for name in ("deny_time (a trap)", "identified (IDONLY)")
}

#: What tells clients something, likewise.
_BANNERS: Mapping[str, Callable[[Access], bool]] = {
    "banner": lambda access: access.banner is not None,
    "banner_success": lambda access: access.bannerSuccess is not None,
    "banner_fail": lambda access: access.bannerFail is not None,
}

#: What asks who somebody is.
_RULES: Mapping[str, Callable[[Access], bool]] = {
    "rules about addresses": lambda access: bool(access.rules) or not access.default,
    "libwrap": lambda access: access.wrap is not None,
}

_NOWAIT = "a stream service with nowait (wait = no)"


def protected(
    services: Sequence[ServiceSpec],
) -> tuple[list[ServiceSpec], list[Diagnostic]]:
    """
    Take out the services whose guards cannot work.

    @return: the others, in order, and what there is to say.
    """
    kept: list[ServiceSpec] = []
    diagnostics: list[Diagnostic] = []
    meant: dict[Limits, str] = {}
    for spec in services:
        if spec.limits not in meant:
            meant[spec.limits] = _limitsProblem(spec.limits)
        found = [*_ofKind(spec), *_ofNumbers(spec, meant[spec.limits])]
        diagnostics.extend(found)
        if not any(each.dropped for each in found):
            kept.append(spec)
    return kept, diagnostics


def _ofKind(spec: ServiceSpec) -> Iterator[Diagnostic]:
    """
    What a service of this kind cannot have.
    """
    access = spec.access
    if spec.isVsock:
        yield from _ofVirtual(spec)
    if spec.socketType.accepts and not spec.wait:
        return
    recording = spec.recording
    if recording is not None and "USERID" in recording.onSuccess | recording.onFailure:
        hint = "nobody is asked whose a datagram is, or a client that a server accepts by itself"
        yield Diagnostic(Severity.NOTE, "not-asked", spec.origin, "USERID", _NOWAIT, hint)
    kind = "a stream service with wait" if spec.socketType.accepts else "a datagram service"
    for name, has in _CONNECTIONS.items():
        if has(access):
            hint = "it would not be protected, and is off"
            yield _refused(spec, "no-protection", f"{name} for {kind}", _NOWAIT, hint)
    for name, has in _BANNERS.items():
        if has(access):
            hint = "nobody is told anything"
            found = f"{name} for {kind}"
            yield Diagnostic(Severity.WARNING, "no-banner", spec.origin, found, _NOWAIT, hint)
    if spec.socketType.accepts and isinstance(spec.server, Program):
        for name, has in _RULES.items():
            if has(access) and not spec.isVsock:
                hint = "its server accepts its clients by itself, and nobody can judge them"
                yield _refused(spec, "unjudged-clients", f"{name} for {kind}", _NOWAIT, hint)


def _ofVirtual(spec: ServiceSpec) -> Iterator[Diagnostic]:
    """
    What a service for virtual machines cannot have: they have a context id and no address
    of the internet, and Twisted has no transport for them.
    """
    if not isinstance(spec.server, Program):
        hint = "what this process serves by itself has tcp, udp or unix"
        yield _refused(spec, "no-program", "vsock without a program", "a program", hint)
    for name, has in {**_RULES, **_ADDRESSED}.items():
        if has(spec.access):
            hint = "it would not be protected, and is off"
            yield _refused(spec, "no-protection", f"{name} for vsock", "tcp or udp", hint)


def _ofNumbers(spec: ServiceSpec, problem: str) -> Iterator[Diagnostic]:
    """
    What cannot be meant.

    @param problem: what of its limits cannot be, or nothing.
    """
    for each in (problem, _penaltiesProblem(spec.access)):
        if each:
            expected = "a limit that can be kept"
            yield _refused(spec, "impossible-limit", each, expected, "the service is off")


def _limitsProblem(limits: Limits) -> str:
    """
    Why some limits cannot be kept, as whoever keeps them says; nothing if they can.
    """
    try:
        Gate(limits, readings=Readings(), sources=1)
        if limits.reaction is Reaction.QUEUE:
            FairQueue[object](limits.queue, limits.queueSeconds, limits.prefixes)
    except ValueError as error:
        return str(error)
    return ""


def _penaltiesProblem(access: Access) -> str:
    """
    The same for penalties.
    """
    if access.penalties != NO_PENALTIES:
        try:
            PenaltyBook(access.penalties)
        except ValueError as error:
            return str(error)
    return ""


def _refused(spec: ServiceSpec, code: str, found: str, expected: str, hint: str) -> Diagnostic:
    """
    What takes the service out.
    """
    return Diagnostic(Severity.ERROR, code, spec.origin, found, expected, hint, dropped=True)
