# -*- test-case-name: tests.test_names -*-
"""
Look-ups in the system's databases of services, users, groups and hosts.

They go through the C library, so that NSS (files, LDAP, DNS, ...) answers as
it does for every other program.  They may block: they are made while a
configuration is loaded, never on the way of a connection.
"""

from __future__ import annotations

import grp
import os
import pwd
import re
import socket
from collections.abc import Sequence

from zope.interface import implementer

from txinetd.interfaces import INames

__all__ = ["HIGHEST_ID", "RPC_FILE", "SystemNames", "isNumber", "rpcPrograms"]

#: rpc(5).  The C library has no function for it that Python can call.
RPC_FILE = "/etc/rpc"

#: The largest user or group id: the next one, C{(uid_t)-1}, means "leave it as
#: it is" to setreuid(2) and chown(2) and must never be taken for an id.
HIGHEST_ID = 2**32 - 2

_NUMBER = re.compile(r"[0-9]{1,10}")


def isNumber(text: str) -> bool:
    """
    Whether C{text} is a plain decimal number: ASCII digits only, and not so
    many that they cannot be an id.
    """
    return _NUMBER.fullmatch(text) is not None


def rpcPrograms(text: str) -> dict[str, int]:
    """
    The names and aliases of rpc(5), each with its program's number; of two with one
    name the first.
    """
    found: dict[str, int] = {}
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) >= 2 and isNumber(words[1]):
            for name in (words[0], *words[2:]):
                found.setdefault(name, int(words[1]))
    return found


@implementer(INames)
class SystemNames:
    """
    L{INames} from the running system.

    Text that cannot even be asked about (a NUL, bytes that are no text) has
    no entry, like any other name that nobody has.

    @param rpcFile: where RPC programs are listed.
    """

    def __init__(self, rpcFile: str = RPC_FILE) -> None:
        self._rpcFile = rpcFile

    def port(self, service: str, protocol: str) -> int | None:
        """
        See L{INames.port}.
        """
        try:
            return socket.getservbyname(service, protocol)
        except (OSError, ValueError):
            return None

    def service(self, port: int, protocol: str) -> str | None:
        """
        See L{INames.service}.
        """
        try:
            return socket.getservbyport(port, protocol)
        except (OSError, OverflowError):
            return None

    def user(self, name: str) -> tuple[str, int, int] | None:
        """
        See L{INames.user}.
        """
        try:
            entry = pwd.getpwnam(name)
        except (KeyError, ValueError):
            if not isNumber(name) or int(name) > HIGHEST_ID:
                return None
            try:
                entry = pwd.getpwuid(int(name))
            except KeyError:
                return None
        return entry.pw_name, entry.pw_uid, entry.pw_gid

    def group(self, name: str) -> int | None:
        """
        See L{INames.group}.
        """
        try:
            return grp.getgrnam(name).gr_gid
        except (KeyError, ValueError):
            if isNumber(name) and int(name) <= HIGHEST_ID:
                return int(name)
            return None

    def groups(self, user: str, gid: int) -> tuple[int, ...]:
        """
        See L{INames.groups}.
        """
        return tuple(sorted({*os.getgrouplist(user, gid), gid}))

    def addresses(self, host: str) -> Sequence[str]:
        """
        See L{INames.addresses}.
        """
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, ValueError):
            # UnicodeError, which a name that IDNA refuses gives, is a ValueError.
            return ()
        addresses: dict[str, None] = {}
        for family, _, _, _, address in found:
            if family == socket.AF_INET6 and len(address) == 4 and address[3]:
                # A link-local address means nothing without its interface.
                addresses[f"{str(address[0]).partition('%')[0]}%{address[3]}"] = None
            elif family in (socket.AF_INET, socket.AF_INET6):
                addresses[str(address[0])] = None
        return tuple(addresses)

    def rpc(self, name: str) -> int | None:
        """
        See L{INames.rpc}.
        """
        try:
            with open(self._rpcFile, encoding="utf-8", errors="replace") as file:
                return rpcPrograms(file.read()).get(name)
        except OSError:
            return None
