# -*- test-case-name: tests.test_process_environment -*-
"""
The environment of a server program: what it inherits, and what it is told about
its client.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path

from txinetd.process.facts import ConnectionFacts

__all__ = ["baseEnvironment", "connectionEnvironment", "daemonEnvironment"]

#: What a server gets when the daemon was started without one: every system
#: directory that may hold programs.
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: What tells about whoever started the daemon and not about the machine.  The
#: first two groups are those that Debian's openbsd-inetd removes.
_PERSONAL = frozenset(
    """
    DISPLAY EDITOR GROUP HOME IFS LOGNAME MAIL PATH PRINTER PWD SHELL SHLVL USER
    VISUAL _ OLDPWD
    BASH_ENV ENV NOTIFY_SOCKET WATCHDOG_PID WATCHDOG_USEC VIRTUAL_ENV
    PROTO REMOTE_ADDR REMOTE_HOST REMOTE_PORT TXINETD_ID
    """.split()  # noqa: SIM905
)
_PERSONAL_PREFIXES = (
    "CVS", "LD_", "SSH", "TERM", "TMP",
    "PYTHON", "LISTEN_",
    "TCPREMOTE", "TCPLOCAL", "UDPREMOTE", "UDPLOCAL", "IPCREMOTE", "IPCLOCAL",
    "VSOCKREMOTE", "VSOCKLOCAL",
)  # fmt: skip


def daemonEnvironment() -> dict[str, str]:
    """
    This process's environment, without what Python itself has put there: in the C
    locale it sets C{LC_CTYPE} for its children (PEP 538), which here are not
    Python's.
    """
    environ = dict(os.environ)
    try:
        given = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return environ
    if not any(variable.startswith(b"LC_CTYPE=") for variable in given):
        environ.pop("LC_CTYPE", None)
    return environ


def baseEnvironment(environ: Mapping[str, str]) -> dict[bytes, bytes]:
    """
    What every server inherits: the daemon's own environment without what would
    tell about the person who started it, change how programs are loaded, or pass
    for a fact about the client.

    @param environ: the environment to take from.
    """
    kept = {
        os.fsencode(name): os.fsencode(value)
        for name, value in environ.items()
        if name not in _PERSONAL and not name.startswith(_PERSONAL_PREFIXES)
    }
    kept[b"PATH"] = os.fsencode(environ.get("PATH") or DEFAULT_PATH)
    return kept


def connectionEnvironment(facts: ConnectionFacts) -> list[bytes]:
    """
    What a server is told about its client, in the names of UCSPI (C{tcpserver},
    C{s6-tcpserver}, C{s6-ipcserver}) and in those of xinetd and systemd.  There is
    never a resolved name in it, and nothing about the client of a wait service.

    @param facts: where the arrival came from.
    @return: C{NAME=value} each.
    """
    if facts.transport == "unix":
        return _unixEnvironment(facts)
    if facts.transport == "vsock":
        return _vsockEnvironment(facts)
    local, peer = facts.local, facts.peer
    told, remotePort = _internetEnvironment(facts.transport, local.host, local.port, peer.host)
    port = peer.port
    if port is None:
        return [*told]
    return [*told, remotePort % port, b"REMOTE_PORT=%d" % port]


# Whoever comes, comes often.  That is so many entries at most, whoever comes.
@functools.lru_cache(maxsize=1024)
def _internetEnvironment(
    transport: str, localHost: str | None, localPort: int | None, host: str | None
) -> tuple[tuple[bytes, ...], bytes]:
    """
    What is the same for all that comes from one host to one port.

    @return: C{NAME=value} each; and what makes one of a client's port.
    """
    family = transport.upper()
    told = f"PROTO={family}"
    if localHost is not None:
        told += f"\n{family}LOCALIP={localHost}\n{family}LOCALPORT={localPort}"
    if host is not None:
        told += f"\n{family}REMOTEIP={host}\nREMOTE_ADDR={host}\nREMOTE_HOST={host}"
    return tuple(told.encode("ascii").split(b"\n")), b"%bREMOTEPORT=%%d" % family.encode("ascii")


def _unixEnvironment(facts: ConnectionFacts) -> list[bytes]:
    """
    The same for a unix socket, in the names of C{s6-ipcserver}.
    """
    told = [b"PROTO=IPC"]
    if facts.local.path:
        told.append(b"IPCLOCALPATH=" + facts.local.path)
    if facts.peer.path:
        told.append(b"IPCREMOTEPATH=" + facts.peer.path)
    if facts.peerUser is not None:
        told.append(b"IPCREMOTEEUID=%d" % facts.peerUser[0])
        told.append(b"IPCREMOTEEGID=%d" % facts.peerUser[1])
    return told


def _vsockEnvironment(facts: ConnectionFacts) -> list[bytes]:
    """
    The same between machines: there is no usage but systemd's, which has C{REMOTE_ADDR}
    and C{REMOTE_PORT}.
    """
    local, peer = facts.local, facts.peer
    told = f"PROTO=VSOCK\nVSOCKLOCALCID={local.cid}\nVSOCKLOCALPORT={local.port}"
    if peer.cid is not None:
        told += (
            f"\nVSOCKREMOTECID={peer.cid}\nVSOCKREMOTEPORT={peer.port}"
            f"\nREMOTE_ADDR={peer.machine}\nREMOTE_HOST={peer.machine}\nREMOTE_PORT={peer.port}"
        )
    return told.encode("ascii").split(b"\n")
