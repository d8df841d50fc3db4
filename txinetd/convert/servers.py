# -*- test-case-name: tests.test_convert_units -*-
"""
What becomes of who serves: a program is started with the socket on descriptors 0, 1 and
2, connections that are passed on are for systemd-socket-proxyd(8), and nobody has
txinetd's own services but txinetd.
"""

from __future__ import annotations

import os.path

from txinetd.convert.draft import Draft, Loss
from txinetd.convert.losses import LOST
from txinetd.convert.quoting import command
from txinetd.spec import Builtin, InetAddress, InProcess, Program, Redirect, ServiceSpec

__all__ = ["PROXY", "TCPD", "carryServer"]

PROXY = b"/lib/systemd/systemd-socket-proxyd"
TCPD = b"/usr/sbin/tcpd"

#: What C{--connections-max} is where nothing limits it.
_MANY = 2**31 - 1


def carryServer(draft: Draft, spec: ServiceSpec) -> None:
    """
    Write who serves.
    """
    server = spec.server
    if isinstance(server, Builtin):
        draft.leaveOut("internal", f"systemd has no internal service {server.name}")
    elif isinstance(server, InProcess):
        draft.leaveOut("server", "Python code serves it")
    elif isinstance(server, Redirect):
        _proxy(draft, spec, server)
    else:
        _program(draft, spec, server)


def _program(draft: Draft, spec: ServiceSpec, program: Program) -> None:
    """
    Start a program.
    """
    text = command(_wrapped(draft, spec, program))
    if text is None:
        draft.leaveOut("server", "systemd cannot write this program and its arguments")
        return
    draft.service += [
        ("ExecStart", text),
        ("StandardInput", "socket"),
        ("StandardOutput", "socket"),
        ("StandardError", "socket"),
        # What a server leaves behind stays, as with any inetd.
        ("KillMode", "process"),
    ]


def _wrapped(draft: Draft, spec: ServiceSpec, program: Program) -> Program:
    """
    The program, behind tcpd(8) where hosts_access(5) is to be asked and tcpd can: it
    knows no names for a program but that of its file, and passes its path on as
    argv[0].
    """
    wanted = spec.access.wrap
    if wanted is None:
        return program
    name = os.path.basename(program.path).decode("utf-8", "surrogateescape")
    internet = all(isinstance(each, InetAddress) for each in spec.addresses)
    judges = draft.accepts or not spec.socketType.accepts
    if wanted != name or not internet or not judges or spec.box.chroot is not None:
        draft.losses.append(_lostWrappers())
        return program
    draft.change("libwrap", "tcpd(8) asks hosts_access(5), and passes on the path as argv[0]")
    return Program(TCPD, (program.path, *program.argv[1:]))


def _lostWrappers() -> Loss:
    """
    That nobody asks hosts_access(5).
    """
    grade, text = LOST["libwrap"]
    return Loss(grade, "libwrap", text)


def _proxy(draft: Draft, spec: ServiceSpec, redirect: Redirect) -> None:
    """
    Pass connections on.  The proxy accepts them itself.
    """
    draft.accepts = False
    if spec.access.wrap is not None:
        draft.losses.append(_lostWrappers())
    if len(redirect.addresses) > 1:
        draft.change("redirect", "only the first of the addresses is tried")
    host, port = redirect.addresses[0]
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    most = _MANY if spec.limits.instances is None else spec.limits.instances
    argv = (PROXY, b"--connections-max=%d" % most, target.encode())
    text = command(Program(PROXY, argv))
    assert text is not None
    draft.service.append(("ExecStart", text))
    text = (
        "systemd-socket-proxyd(8) passes connections on, as a process, and cuts off the answer"
        " to a client that closes its side first"
    )
    draft.change("redirect", text)
