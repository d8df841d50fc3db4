# -*- test-case-name: tests.test_convert_units -*-
"""
One service as two units of systemd: C{NAME.socket}, and C{NAME@.service} where systemd
accepts the connections (C{nowait}) or C{NAME.service} where the server gets the socket
itself (C{wait}).

A service that would be less protected than it is gets units all the same, but its
socket has an C{AssertPathExists=!/}, which no system fulfils: it cannot be started
before somebody has read why and taken that line out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import attrs

from txinetd.config.settings import SETTINGS, pairs
from txinetd.config.settings.resources import RESOURCES
from txinetd.config.systemd.tables import EXTENSION
from txinetd.config.text import visible
from txinetd.convert import limits, process, sockets
from txinetd.convert.access import carryRules
from txinetd.convert.draft import Draft, Grade, Loss
from txinetd.convert.losses import BY_PART, LOST, UNKNOWN
from txinetd.convert.servers import carryServer
from txinetd.spec import Program, ServiceSpec, SocketType

__all__ = ["CARRIED", "GUARD", "HEADER", "OWN_PARTS", "WHOLE", "Units", "unitsOf"]

#: What the first line of each file begins with.
HEADER = "# Written by txinetd"

#: What keeps a socket from being started.
GUARD = "AssertPathExists=!/"

#: Settings that become one assignment, or a few, by themselves.
CARRIED: dict[str, Callable[[Draft, ServiceSpec], None]] = {**sockets.CARRIED, **process.CARRIED}

#: Settings that are looked at together, whatever they are.
WHOLE = frozenset(
    {
        *("service_max", "ip_max", "instances", "per_source", "cps", "rate", "source_rate"),
        *("source_prefix4", "source_prefix6", "max_load", "max_pressure", "over_limit"),
        *("allow", "deny", "only_from", "no_access", "access_default", "access_order"),
        *(setting.name for setting in RESOURCES.values()),
        *("groups", "backlog", "libwrap", "session_grace", "listen_fds"),
    }
)

#: The attributes of a spec that are carried over, or left out, by themselves.
OWN_PARTS = frozenset({"addresses", "server", "identity", "rpc", "multiplexed"})

_ENVIRONMENT = (
    "the server has the environment of systemd.exec(5): LISTEN_FDS, LISTEN_PID and, with"
    " Accept=yes, REMOTE_ADDR and REMOTE_PORT, but not REMOTE_HOST, PROTO, TCPREMOTEIP"
    " and the like, nor that of txinetd"
)


@attrs.frozen
class Units:
    """
    What becomes of a service.

    @ivar spec: the service.
    @ivar files: text by name; none where there can be no units.
    @ivar losses: what is lost.
    @ivar guarded: whether the socket is kept from being started.
    """

    spec: ServiceSpec
    files: dict[str, str]
    losses: tuple[Loss, ...]
    guarded: bool = False


def unitsOf(spec: ServiceSpec, name: str, without: Collection[str] = ()) -> Units:
    """
    The units of one service.

    @param name: what they are called, without the suffix.
    @param without: attributes that may be lost though they protect.
    """
    accepts = spec.socketType.accepts and not spec.wait
    if not accepts and isinstance(spec.server, Program) and len(spec.addresses) > 1:
        return _each(spec, name, without)
    draft = Draft(accepts=accepts)
    sockets.listeners(draft, spec)
    if spec.rpc is not None:
        draft.leaveOut("rpc", "systemd registers nothing with rpcbind(8)")
    if spec.multiplexed is not None:
        draft.leaveOut("tcpmux", "systemd has no tcpmux")
    if not spec.wait and spec.socketType is SocketType.DGRAM:
        draft.leaveOut("wait", "systemd starts no server for each datagram")
    carryServer(draft, spec)
    process.carryIdentity(draft, spec)
    limits.carryLimits(draft, spec)
    carryRules(draft, spec)
    process.carryResources(draft, spec)
    process.carryTimes(draft, spec)
    _settings(draft, spec)
    draft.otherwise("environment", _ENVIRONMENT)
    losses = tuple(draft.losses)
    if draft.grade is Grade.SERVICE:
        # What would become of the rest is of no interest.
        return Units(spec, {}, tuple(each for each in losses if each.grade is Grade.SERVICE))
    lost = [each for each in losses if each.grade is Grade.PROTECTION]
    guarded = any(each.attribute not in without for each in lost)
    service = f"{name}@.service" if draft.accepts else f"{name}.service"
    files = {
        f"{name}.socket": _socketUnit(spec, draft, losses, guarded),
        service: _serviceUnit(spec, draft),
    }
    return Units(spec, files, losses, guarded)


def _each(spec: ServiceSpec, name: str, without: Collection[str]) -> Units:
    """
    Units for each of the sockets of a C{wait} service: its program can get but one as
    standard input.
    """
    files: dict[str, str] = {}
    losses: dict[Loss, None] = {}
    guarded = False
    for number, address in enumerate(spec.addresses, 1):
        one = attrs.evolve(spec, addresses=(address,))
        made = unitsOf(one, name if number == 1 else f"{name}-{number}", without)
        files.update(made.files)
        losses.update(dict.fromkeys(made.losses))
        guarded = guarded or made.guarded
    if any(loss.grade is Grade.SERVICE for loss in losses):
        files = {}
    text = "each of its sockets has units of its own, and limits count for each"
    losses[Loss(Grade.FUNCTION, "bind", text)] = None
    return Units(spec, files, tuple(losses), guarded and bool(files))


def _settings(draft: Draft, spec: ServiceSpec) -> None:
    """
    Everything that is not the default, by its key.
    """
    for key, _ in pairs(spec):
        if key in CARRIED:
            CARRIED[key](draft, spec)
        elif key in LOST and key not in WHOLE:
            draft.losses.append(Loss(LOST[key][0], key, LOST[key][1]))
        elif key not in WHOLE:
            part = SETTINGS[key].place.part if key in SETTINGS else ""
            grade, text = BY_PART.get(part, UNKNOWN)
            if part not in OWN_PARTS:
                draft.losses.append(Loss(grade, key, text))
    if spec.recording is not None and not any("records" in each.text for each in draft.losses):
        grade, text = BY_PART["recording"]
        draft.losses.append(Loss(grade, "recording", text))


_GRADES = {
    Grade.OTHERWISE: "otherwise",
    Grade.FUNCTION: "changed",
    Grade.PROTECTION: "PROTECTION LOST",
    Grade.SERVICE: "left out",
}


def _comment(losses: Iterable[Loss]) -> list[str]:
    """
    What is lost, as comments.
    """
    return [f"# {_GRADES[each.grade]}: {each.attribute}: {visible(each.text)}" for each in losses]


def _head(spec: ServiceSpec) -> list[str]:
    """
    What every file begins with.
    """
    return [f"{HEADER} from {visible(str(spec.origin))}."]


def _description(spec: ServiceSpec) -> str:
    """
    What the units are called where people see it.
    """
    return f"Description={_escaped(spec.name)} ({_escaped(str(spec.origin))})"


def _escaped(text: str) -> str:
    """
    Text that stands for itself in a value; a backslash at its end would continue it.
    """
    return visible(text).replace("%", "%%").strip().rstrip("\\")


def _lines(assignments: Iterable[tuple[str, str]]) -> list[str]:
    """
    Assignments as lines.
    """
    return [f"{key}={value}" for key, value in assignments]


def _socketUnit(spec: ServiceSpec, draft: Draft, losses: tuple[Loss, ...], guarded: bool) -> str:
    """
    The text of the socket unit.
    """
    lines = [*_head(spec), *_comment(losses), "", "[Unit]", _description(spec)]
    if guarded:
        lines += [
            "# Not all that protects this service could be carried over: see above.  If that",
            "# is well, take out the next line; else the socket cannot be started.",
            GUARD,
        ]
    lines += ["", "[Socket]", *_lines(draft.socket)]
    lines.append(f"Accept={'yes' if draft.accepts else 'no'}")
    lines += ["", f"[{EXTENSION}]", f"Name={_escaped(spec.name)}", f"Protocol={spec.protocol}"]
    lines += ["", "[Install]", "WantedBy=sockets.target"]
    return "\n".join(lines) + "\n"


def _serviceUnit(spec: ServiceSpec, draft: Draft) -> str:
    """
    The text of the service unit.
    """
    lines = [*_head(spec), "", "[Unit]", _description(spec)]
    if draft.accepts:
        # Else each instance that failed would be kept for somebody to look at.
        lines.append("CollectMode=inactive-or-failed")
    lines += ["", "[Service]", *_lines(draft.service)]
    return "\n".join(lines) + "\n"
