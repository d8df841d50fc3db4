# -*- test-case-name: tests.test_config_inetd -*-
"""
Warnings about servers that would start and then not do what was meant.

Each rule is kept narrow: a warning that is not true teaches people to ignore
warnings.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Sequence

from txinetd.config.fields import Waiting
from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.text import shown
from txinetd.spec import SocketType

__all__ = ["advise"]

#: Programs that look at argv[0] to know what to be: there the first argument
#: is the name of another program, and rightly so.
_WRAPPERS = frozenset({"tcpd", "busybox", "toybox"})

#: Programs whose first own argument is another program.
_RUNNERS = frozenset({"chroot", "env", "ionice", "nice", "setpriv", "setsid", "sudo", "timeout"})

_INTERPRETERS = re.compile(
    r"(?:ba|da|k|z|a|c|tc)?sh|(?:python|perl|ruby|php|lua|tclsh|wish|node|nodejs|guile)[0-9.]*"
)
_SCRIPT = re.compile(r"\.(?:awk|bash|js|lua|php|pl|py|rb|sh|tcl)$")

#: Servers that serve the one connection they are given; each starts by talking
#: to its standard input, which as a listening socket is connected to nobody.
_ONE_CONNECTION = frozenset(
    {
        "cvs",
        "fingerd",
        "ftpd",
        "git",
        "git-daemon",
        "in.fingerd",
        "in.ftpd",
        "in.rexecd",
        "in.rlogind",
        "in.rshd",
        "in.telnetd",
        "pure-ftpd",
        "rexecd",
        "rlogind",
        "rshd",
        "rsync",
        "sshd",
        "telnetd",
        "vsftpd",
    }
)

#: Datagram servers that read their socket in a loop, or answer from another
#: socket and expect to keep this one: one of them is to run at a time.
_WHOLE_SOCKET = frozenset(
    {
        "atftpd",
        "bootpd",
        "comsat",
        "in.bootpd",
        "in.comsat",
        "in.ntalkd",
        "in.talkd",
        "in.tftpd",
        "ntalkd",
        "talkd",
        "tftpd",
    }
)

#: What only a shell would take for more than an argument.
_SHELL = re.compile(r"[0-9]*>>?(?:&?[^>]*)|[0-9]*<[^<>]*|\|\|?|&&?|;|.*(?:\$\(|`).*", re.DOTALL)

_ONE = "it serves one connection that somebody else accepted"
_WHOLE = "one of it is to have the whole socket"


def advise(
    path: Token,
    arguments: Sequence[Token],
    kind: SocketType,
    waits: Waiting | None,
    reporter: Reporter,
) -> None:
    """
    Warn about one server.

    @param path: the program.
    @param arguments: its arguments from argv[0] on, as written.
    """
    name = os.path.basename(path.text)
    _aboutArgumentZero(name, path, arguments, reporter)
    _aboutShell(arguments, reporter)
    if waits is not None:
        _aboutWaiting(name, arguments, kind, waits, reporter)


def _aboutArgumentZero(
    name: str, path: Token, arguments: Sequence[Token], reporter: Reporter
) -> None:
    """
    The first argument is the name that the program is called by; leaving it
    out costs the first real argument.
    """
    if not arguments or name in _WRAPPERS:
        return
    zero = arguments[0]
    base = os.path.basename(zero.text)
    if _same(name, base):
        return
    expected = f"argv[0], usually {shown(name)}"
    if zero.text.startswith("-") and zero.text[1:] != name:
        hint = f"write {shown(name)} before it; as it is, the program does not see it"
        reporter.warn("forgotten-argv0", zero, shown(zero.text), expected, hint)
    elif _INTERPRETERS.fullmatch(name) and ("/" in zero.text or _SCRIPT.search(base)):
        hint = f"{name} does not run a script that stands in place of argv[0]"
        reporter.warn("script-as-argv0", zero, shown(zero.text), expected, hint)
    elif name in _RUNNERS or zero.text.startswith("/"):
        hint = f"write {shown(name)} before it; as it is, the program does not see it"
        reporter.warn("forgotten-argv0", zero, shown(zero.text), expected, hint)
    elif _SCRIPT.search(name):
        hint = "the system puts the script's path in its place: the script never sees it"
        reporter.warn("forgotten-argv0", zero, shown(zero.text), expected, hint)


def _same(name: str, zero: str) -> bool:
    """
    Whether two base names are one program's, with or without its version or
    ending (python3 and python3.11, server.py and server).
    """
    return bool(zero) and (name.startswith(zero) or zero.startswith(name))


def _aboutShell(arguments: Sequence[Token], reporter: Reporter) -> None:
    """
    No shell reads the line: what only a shell understands is an argument.
    """
    for each in arguments[1:]:
        if not each.quoted and _SHELL.fullmatch(each.text):
            hint = "no shell reads this line: it is passed to the program; use sh -c '...'"
            reporter.warn("shell-syntax", each, shown(each.text), "a plain argument", hint)
            return


def _aboutWaiting(
    name: str, arguments: Sequence[Token], kind: SocketType, waits: Waiting, reporter: Reporter
) -> None:
    """
    C{wait} and C{nowait} must be what the server is written for.
    """
    where = arguments[0] if arguments else None
    server = name
    if where is not None and name in _WRAPPERS:
        server = os.path.basename(where.text)
    if kind is SocketType.STREAM and waits.wait and server in _ONE_CONNECTION:
        if server == "telnetd" and any(each.text.startswith("-w") for each in arguments):
            return  # busybox's accepts connections itself then.
        reporter.warn("wait-mismatch", waits.token, f"wait for {server}", "nowait", _ONE)
    elif kind is SocketType.DGRAM and not waits.wait and server in _WHOLE_SOCKET:
        if name in ("busybox", "toybox"):
            return  # Its tftpd serves one transfer, either way.
        reporter.warn("nowait-mismatch", waits.token, f"nowait for {server}", "wait", _WHOLE)
