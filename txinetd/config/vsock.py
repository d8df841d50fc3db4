# -*- test-case-name: tests.test_config_vsock -*-
"""
Addresses between virtual machines and their host (vsock(7)), as they are written.

Forms::

    port                on every context id that this machine has
    *:port              the same
    cid:port            on one
    vsock:cid:port      either of these, as records and systemd.socket(5) have it
"""

from __future__ import annotations

import re

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.text import shown
from txinetd.spec import VsockAddress

__all__ = ["vsockAddress", "vsockFrom"]

_FORM = re.compile(r"(?:vsock:)?(?:([0-9]{1,10}|\*|):)?([0-9]{1,10})")

#: The last port is any (C{VMADDR_PORT_ANY}), as the last context id is.
_HIGHEST = 2**32 - 2


def vsockFrom(text: str) -> VsockAddress | None:
    """
    The address that a text stands for, or C{None} where that is none.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    cid = int(match[1]) if match[1] and match[1] != "*" else VsockAddress.ANY
    port = int(match[2])
    if not 1 <= port <= _HIGHEST or (cid > _HIGHEST and cid != VsockAddress.ANY):
        return None
    return VsockAddress(cid, port)


def vsockAddress(token: Token, reporter: Reporter) -> VsockAddress | None:
    """
    The address that a service's name is, with the protocol C{vsock}.

    @return: C{None} after having said what is wrong.
    """
    address = vsockFrom(token.text)
    if address is None:
        expected = f"[CID:]PORT, with a port from 1 to {_HIGHEST} and a context id or *"
        reporter.drop("bad-vsock-address", token, shown(token.text), expected)
    return address
