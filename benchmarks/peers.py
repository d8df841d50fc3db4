"""
The super-servers that are compared: their configurations and command lines.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import attrs

from benchmarks.limited import limited
from benchmarks.running import HOST, CannotServe, Peer, Service

__all__ = ["OURS", "PEERS"]

#: The name of this project among them.
OURS = "txinetd"


def installed(name: str) -> str:
    """
    The path of a program: from the variable named after it, or from where programs
    are.
    """
    given = os.environ.get(f"BENCH_{name.upper().replace('-', '_')}")
    found = given or shutil.which(
        name, path=os.environ["PATH"] + ":/usr/sbin:/sbin:/usr/lib/systemd"
    )
    if not found:
        raise CannotServe("not installed")
    return found


def only(service: Service, *, internal: bool = False, others: bool = False) -> None:
    """
    Refuse what a super-server does not know at all.

    @param internal: whether it has internal services.
    @param others: whether it serves more than one service.
    """
    if service.internal and not internal:
        raise CannotServe("has no internal services")
    if service.others and not others:
        raise CannotServe("serves one service only")


def _lines(service: Service, kinds: tuple[str, str], separator: str, who: str) -> str:
    """
    The lines of an inetd.conf.

    @param kinds: the words for connections and for datagrams.
    @param separator: what follows C{nowait}.
    """
    lines = []
    for entry in [service.measured, *service.besides()]:
        datagrams = service.datagrams and entry is service.measured
        how = f"dgram {kinds[1]} wait" if datagrams else f"stream {kinds[0]} nowait{separator}"
        lines.append(
            f"{HOST}:{entry.port} {how} {who} {entry.program} {' '.join(entry.arguments)}\n"
        )
    return "".join(lines)


#: What twistd's script does.
_RUN = "from twisted.scripts.twistd import run; run()"

#: The same without records, to know what they cost.
_UNRECORDED = (
    "from txinetd.record import RecordLog; RecordLog.record = lambda self, record: None; " + _RUN
)

#: And without the gate as well.
_UNGATED = (
    "from txinetd.gate.gate import Gate; from txinetd.gate.verdict import ALLOWED; "
    "Gate.judge = lambda self, source, now: ALLOWED; "
    "Gate.release = lambda self, source, now: None; " + _UNRECORDED
)


def _twistd(code: str, directory: Path, *words: str) -> list[str]:
    """
    The words of a twistd.
    """
    return [
        sys.executable, "-c", code,
        "--nodaemon", "--pidfile=", f"--logfile={directory}/twistd.log", *words,
    ]  # fmt: skip


def _ours(code: str) -> Callable[[Service, Path], list[str]]:
    """
    This project, as it comes or changed.
    """

    def command(service: Service, directory: Path) -> list[str]:
        if service.limited:
            path = directory / "txinetd.tac"
            path.write_text(limited(service))
            return _twistd(code, directory, "--python", str(path))
        path = directory / "txinetd.conf"
        path.write_text(_lines(service, ("tcp4", "udp4"), ".0", service.user or "-"))
        return _twistd(code, directory, "inetd", "-f", str(path), "--backlog", "1024")

    return command


def _xinetd(service: Service, directory: Path) -> list[str]:
    """
    xinetd, with its limits lifted.
    """
    program = installed("xinetd")
    path = directory / "xinetd.conf"
    # It knows no rates of sources: this is the nearest that there is.
    source = "4" if service.limited else "UNLIMITED"
    blocks = [
        f"defaults\n{{\n instances = UNLIMITED\n cps = 1000000 1\n per_source = {source}\n"
        " log_type = FILE /dev/null\n}\n"
    ]
    for entry in [service.measured, *service.besides()]:
        measured = entry is service.measured
        name = entry.arguments[0] if measured and service.internal else f"s{entry.port}"
        server = "type = INTERNAL UNLISTED"
        if not (measured and service.internal):
            words = " ".join(entry.arguments[1:])
            server = f"type = UNLISTED\n server = {entry.program}"
            server += f"\n server_args = {words}" if words else ""
        how = " socket_type = stream\n protocol = tcp\n wait = no\n"
        if measured and service.datagrams:
            how = " socket_type = dgram\n protocol = udp\n wait = yes\n"
        blocks.append(
            f"service {name}\n{{\n id = s{entry.port}\n {server}\n{how}"
            f" port = {entry.port}\n bind = {HOST}\n user = {service.who}\n}}\n"
        )
    path.write_text("".join(blocks))
    return [program, "-dontfork", "-f", str(path), "-pidfile", str(directory / "xinetd.pid")]


def _tcpserver(service: Service, directory: Path) -> list[str]:
    """
    tcpserver, without look-ups.
    """
    program = installed("tcpserver")
    only(service)
    who = ["-u", str(service.uid), "-g", str(service.uid)] if service.user else []
    return [
        program, "-H", "-R", "-l0", "-c", "10000", "-b", "1024", *who, HOST,
        str(service.measured.port), service.measured.program, *service.measured.arguments[1:],
    ]  # fmt: skip


def _classic(
    name: str, separator: str, *options: str, loopback: bool = True
) -> Callable[[Service, Path], list[str]]:
    """
    An inetd that reads inetd.conf.

    @param separator: what follows C{nowait}.
    @param options: before the name of the file.
    @param loopback: whether it answers datagrams from loopback addresses.
    """

    def command(service: Service, directory: Path) -> list[str]:
        program = installed(name)
        if os.geteuid() != 0:
            raise CannotServe("needs root")
        if service.datagrams and not loopback:
            raise CannotServe("does not answer datagrams that come from loopback addresses")
        text = _lines(service, ("tcp", "udp"), separator, service.who)
        if service.internal:
            # They find their internal services by the names of ports.
            service_ = service.measured.arguments[0]
            text = text.replace(f"{HOST}:{service.measured.port} ", f"{HOST}:{service_} ")
            text = text.replace(f" internal {service_}\n", " internal\n")
        path = directory / f"{name}.conf"
        path.write_text(text)
        return [program, *options, str(path)]

    return command


def _standardPort(service: Service) -> Service:
    """
    Where a classic inetd can be asked for an internal service: on its own port.
    """
    if not service.internal:
        return service
    try:
        port = socket.getservbyname(
            service.measured.arguments[0], "udp" if service.datagrams else "tcp"
        )
    except OSError as error:
        raise CannotServe(f"{service.measured.arguments[0]}: {error}") from error
    return attrs.evolve(service, measured=attrs.evolve(service.measured, port=port))


def _systemd(service: Service, directory: Path) -> list[str]:
    """
    systemd's socket activation from the command line: one program on all addresses.
    """
    program = installed("systemd-socket-activate")
    only(service, others=True)
    if service.user:
        raise CannotServe("does not change users")
    addresses = [f"-l{HOST}:{port}" for port in (service.measured.port, *service.others)]
    # It writes several lines about each connection otherwise.
    return [
        "/usr/bin/env", "SYSTEMD_LOG_LEVEL=err", program, "--inetd", "-a", *addresses,
        service.measured.program, *service.measured.arguments[1:],
    ]  # fmt: skip


def _socat(service: Service, directory: Path) -> list[str]:
    """
    socat.
    """
    program = installed("socat")
    only(service)
    who = f",su={service.user}" if service.user else ""
    words = " ".join([service.measured.program, *service.measured.arguments[1:]])
    return [
        program,
        f"TCP4-LISTEN:{service.measured.port},bind={HOST},reuseaddr,fork,backlog=1024",
        f"EXEC:{words},nofork{who}",
    ]


#: Twisted's own plugin under the name that it has besides ours, with a services file
#: of its own and on loopback, with the others' backlog.
_TWISTED = """\
import functools, sys, types
from twisted.application import internet
from twisted.runner import inetdconf, inetdtap
inetdconf.ServicesConf.defaultFilename = sys.argv.pop(1)
server = functools.partial(internet.TCPServer, interface="127.0.0.1", backlog=1024)
inetdtap.internet = types.SimpleNamespace(TCPServer=server)
"""


def _twisted(service: Service, directory: Path) -> list[str]:
    """
    The inetd that comes with Twisted.
    """
    if service.datagrams:
        raise CannotServe("serves no datagrams")
    if service.mode == "end" and not service.internal:
        raise CannotServe(
            "keeps its copy of a connection until garbage is collected: no client sees the end"
        )
    services = directory / "services"
    services.write_text(
        f"measured {service.measured.port}/tcp {' '.join(service.measured.arguments[:1])}\n"
    )
    path = directory / "twisted-inetd.conf"
    name = service.measured.arguments[0] if service.internal else "measured"
    text = _lines(service, ("tcp", "udp"), "", service.who)
    text = text.replace(f"{HOST}:{service.measured.port} ", f"{name} ").replace(f"{HOST}:", "")
    path.write_text(text)
    words = _twistd(_TWISTED + _RUN, directory, "twisted-inetd", "-f", str(path))
    return [*words[:3], str(services), *words[3:]]


def _loop(service: Service, directory: Path) -> list[str]:
    """
    The bare loop in C.
    """
    only(service)
    return [
        str(directory / "loop"), str(service.measured.port),
        str(service.uid) if service.user else "-",
        service.measured.program, *service.measured.arguments[1:],
    ]  # fmt: skip


PEERS = [
    Peer(OURS, _ours(_RUN), reloads=True, limits=("source", "all")),
    Peer("unrecorded", _ours(_UNRECORDED), reloads=True, limits=("source", "all")),
    Peer("ungated", _ours(_UNGATED), reloads=True),
    Peer("tcpserver", _tcpserver),
    Peer("xinetd", _xinetd, reloads=True, limits=("source",)),
    Peer(
        "openbsd-inetd",
        _classic("openbsd-inetd", ".1000000", "-i", "-R", "0", "-q", "1024", loopback=False),
        _standardPort,
        reloads=True,
    ),
    # It sleeps for a second whenever the end of a server interrupts its select(), which
    # is why it serves so few; nothing in its configuration changes that.
    Peer(
        "inetutils-inetd",
        _classic("inetutils-inetd", "", "-d", "-R", "1000000"),
        _standardPort,
        reloads=True,
    ),
    Peer("systemd-socket-activate", _systemd),
    Peer("socat", _socat),
    Peer("twisted-inetd", _twisted),
    Peer("C loop", _loop),
]
