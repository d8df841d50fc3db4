# -*- test-case-name: tests.test_wrap_library -*-
"""
libwrap (hosts_access(3)), called through ctypes.

It works on static state, may block, may end the process, and may become another
program.  It has two variables that its callers are to define, C{allow_severity} and
C{deny_severity}; where it was built with weak ones of its own (as Debian's is), no
compiler is needed here.  Elsewhere it cannot be loaded, and the loader says so.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from typing import Any

__all__ = ["Library", "Request"]

#: The keys of request_init(3).
_RQ_FILE, _RQ_DAEMON = 1, 2
_RQ_CLIENT_NAME, _RQ_CLIENT_SIN = 4, 6
_RQ_SERVER_NAME, _RQ_SERVER_SIN = 7, 9

#: The length of its strings, with the NUL.
_STRING = 128

#: What it takes a name for that could not be found.
_UNKNOWN = b"unknown"


class _Host(ctypes.Structure):
    """
    C{struct host_info}.
    """

    _fields_ = (
        ("name", ctypes.c_char * _STRING),
        ("addr", ctypes.c_char * _STRING),
        ("sin", ctypes.c_void_p),
        ("unit", ctypes.c_void_p),
        ("request", ctypes.c_void_p),
    )


class _Request(ctypes.Structure):
    """
    C{struct request_info}.
    """

    _fields_ = (
        ("fd", ctypes.c_int),
        ("user", ctypes.c_char * _STRING),
        ("daemon", ctypes.c_char * _STRING),
        ("pid", ctypes.c_char * 10),
        ("client", _Host),
        ("server", _Host),
        ("sink", ctypes.c_void_p),
        ("hostname", ctypes.c_void_p),
        ("hostaddr", ctypes.c_void_p),
        ("cleanup", ctypes.c_void_p),
        ("config", ctypes.c_void_p),
    )


class _Context(ctypes.Structure):
    """
    C{struct tcpd_context}: the rule that is looked at.
    """

    _fields_ = (("file", ctypes.c_char_p), ("line", ctypes.c_int))


def _socketAddress(host: str, port: int) -> Any:
    """
    A C{struct sockaddr_in} or C{sockaddr_in6}.

    @param host: a numeric address, perhaps with a scope.
    """
    number = port.to_bytes(2, "big")
    if ":" in host:
        address, _, scope = host.partition("%")
        index = 0
        if scope:
            index = int(scope) if scope.isdigit() else socket.if_nametoindex(scope)
        family, rest = socket.AF_INET6, bytes(4) + socket.inet_pton(socket.AF_INET6, address)
        rest += index.to_bytes(4, sys.byteorder)
    else:
        family, rest = socket.AF_INET, socket.inet_pton(socket.AF_INET, host) + bytes(8)
    data = int(family).to_bytes(2, sys.byteorder) + number + rest
    # As long as any, as some of it is copied whole.
    return ctypes.create_string_buffer(data, 128)


class Request:
    """
    One question as libwrap wants it.
    """

    def __init__(
        self, daemon: bytes, peer: tuple[str, int], local: tuple[str, int], descriptor: int = -1
    ) -> None:
        """
        @param daemon: the name that rules know the service by.
        @param peer: the client's address and port.
        @param local: this machine's.
        @param descriptor: the connection; -1 where there is none.
        @raise OSError: if an address is none.
        """
        self.daemon = daemon
        self.peer = _socketAddress(*peer)
        self.local = _socketAddress(*local)
        self.descriptor = descriptor
        self.info = _Request()


class Library:
    """
    The library.
    """

    def __init__(self, name: str) -> None:
        """
        @param name: the name or path of the shared object.
        @raise OSError: if it cannot be loaded, with the loader's reason.
        """
        self._library = ctypes.CDLL(name)
        try:
            self._functions = [
                ctypes.cast(self._library[name], ctypes.c_void_p).value
                for name in ("sock_hostname", "sock_hostaddr")
            ]
            self._init, self._access = self._library.request_init, self._library.hosts_access
            self._client = self._library.eval_client
            for variable in ("allow_severity", "deny_severity", "resident", "dry_run"):
                self._integer(variable)
            self._context = _Context.in_dll(self._library, "tcpd_context")
            self._tables = [
                ctypes.c_char_p.in_dll(self._library, name)
                for name in ("hosts_allow_table", "hosts_deny_table")
            ]
        except (AttributeError, ValueError) as error:
            raise OSError(str(error)) from None
        self._init.restype = self._access.restype = ctypes.c_int
        self._client.restype = ctypes.c_char_p

    def _integer(self, name: str) -> ctypes.c_int:
        """
        One of its variables.
        """
        return ctypes.c_int.in_dll(self._library, name)

    def useTables(self, allow: bytes, deny: bytes) -> None:
        """
        Have it read other files than the system's.
        """
        for table, path in zip(self._tables, (allow, deny), strict=True):
            table.value = path

    def isAllowed(self, request: Request, named: bool) -> bool:
        """
        Ask it.

        @param named: whether it may look for names; if not they count as unknown.
        """
        info = ctypes.byref(request.info)
        arguments: list[Any] = [ctypes.c_int(_RQ_FILE), ctypes.c_int(request.descriptor)]
        arguments += [ctypes.c_int(_RQ_DAEMON), ctypes.c_char_p(request.daemon)]
        arguments += [ctypes.c_int(_RQ_CLIENT_SIN), request.peer]
        arguments += [ctypes.c_int(_RQ_SERVER_SIN), request.local]
        if not named:
            for key in (_RQ_CLIENT_NAME, _RQ_SERVER_NAME):
                arguments += [ctypes.c_int(key), ctypes.c_char_p(_UNKNOWN)]
        self._init(info, *arguments, ctypes.c_int(0))
        # What its header's sock_methods() does.
        request.info.hostname, request.info.hostaddr = self._functions
        # A rule without options leaves this as it was; one that decided by an option,
        # or by an error, leaves where it stands.
        self._context.file, self._context.line = None, 0
        return bool(self._access(info))

    def decider(self) -> tuple[str, int]:
        """
        The file and line of the rule that decided by an option; an empty name if none
        did.
        """
        name = self._context.file
        return (os.fsdecode(name), self._context.line) if name else ("", 0)

    def clientName(self, request: Request) -> str:
        """
        The client as libwrap's own messages name it.
        """
        name: bytes = self._client(ctypes.byref(request.info))
        return os.fsdecode(name)

    @property
    def severities(self) -> tuple[int, int]:
        """
        The facility and level of what is logged of a client that is let in, and of
        one that is not.
        """
        return self._integer("allow_severity").value, self._integer("deny_severity").value

    def mayBeReplaced(self, may: bool) -> None:
        """
        Say whether C{twist} may make this process another program.
        """
        # It goes up by one at each question until it is more than 0, and then the
        # option is an error.
        self._integer("resident").value = -1 if may else 1

    @property
    def isDry(self) -> bool:
        """
        Whether options only say what they would do.  One that would have become
        another program ends this.
        """
        return bool(self._integer("dry_run").value)

    @isDry.setter
    def isDry(self, dry: bool) -> None:
        self._integer("dry_run").value = int(dry)
