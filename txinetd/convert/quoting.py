# -*- test-case-name: tests.test_convert_quoting -*-
"""
Commands and variables as systemd.service(5) and systemd.exec(5) write them: in ASCII,
with C{%} doubled, which begins a specifier, and in a command C{$}, which begins a
variable.
"""

from __future__ import annotations

import re
import string

from txinetd.config.systemd.words import quoted
from txinetd.spec import Program

__all__ = ["command", "variable", "variableName"]

_PLAIN = (string.ascii_letters + string.digits + "_./:@%+-,=").encode()
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")

#: What systemd does not take in the path of a program.
_FORBIDDEN = re.compile("[\\x00-\\x1f\\x7f\"'\\\\]")


def _argument(data: bytes) -> str:
    """
    One argument.
    """
    return quoted(data.replace(b"%", b"%%").replace(b"$", b"$$"), _PLAIN)


def command(program: Program) -> str | None:
    """
    A program and its arguments.

    @return: C{None} where systemd cannot start it.
    """
    try:
        text = program.path.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if _FORBIDDEN.search(text) or text.endswith("/") or not program.argv:
        return None
    path, arguments = program.path.replace(b"%", b"%%"), program.argv[1:]
    # Without argv[0] the path would be it, with its dollars taken for variables.
    if program.argv[0] != program.path or b"$" in path:
        path, arguments = b"@" + path, program.argv
    words = (quoted(path, _PLAIN), *map(_argument, arguments))
    return " ".join(words)


def variableName(name: bytes) -> bool:
    """
    Whether systemd takes a variable of this name.
    """
    return _NAME.fullmatch(name) is not None


def variable(name: bytes, value: bytes) -> str | None:
    """
    One variable.

    @return: C{None} where systemd does not take it.
    """
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if not variableName(name) or any(ord(each) < 32 and each not in "\t\n" for each in text):
        return None
    if "\x7f" in text:
        return None
    return quoted((name + b"=" + value).replace(b"%", b"%%"), _PLAIN)
