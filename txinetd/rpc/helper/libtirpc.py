# -*- test-case-name: tests.test_rpc_helper -*-
"""
The part of libtirpc that speaks to this machine's rpcbind(8), by L{ctypes}: the
functions of rpcbind(3) and getnetconfig(3).  All of them block.
"""

from __future__ import annotations

import ctypes

__all__ = ["LIBRARY", "Rpcbind", "Unreachable"]

#: The library's name, which is also that of its version.
LIBRARY = "libtirpc.so.3"

#: How libtirpc reaches rpcbind without a network.
_LOCAL = b"local"


class Unreachable(Exception):
    """
    rpcbind does not answer; the text is libtirpc's.
    """


class _Address(ctypes.Structure):
    """
    C{struct netbuf}: a socket address.
    """

    _fields_ = [
        ("most", ctypes.c_uint),
        ("length", ctypes.c_uint),
        ("bytes", ctypes.c_void_p),
    ]


class _Entry(ctypes.Structure):
    """
    C{struct rpcb}: one registration.
    """

    _fields_ = [
        ("program", ctypes.c_uint32),
        ("version", ctypes.c_uint32),
        ("transport", ctypes.c_char_p),
        ("address", ctypes.c_char_p),
        ("owner", ctypes.c_char_p),
    ]


class _List(ctypes.Structure):
    """
    C{struct rpcblist}: registrations, linked.
    """


_List._fields_ = [("entry", _Entry), ("next", ctypes.POINTER(_List))]


class Rpcbind:
    """
    This machine's rpcbind.
    """

    def __init__(self) -> None:
        """
        @raise OSError: if there is no libtirpc.
        """
        library = self._library = ctypes.CDLL(LIBRARY)
        library.getnetconfigent.restype = ctypes.c_void_p
        library.getnetconfigent.argtypes = [ctypes.c_char_p]
        library.uaddr2taddr.restype = ctypes.POINTER(_Address)
        library.uaddr2taddr.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        library.rpcb_set.argtypes = [
            ctypes.c_uint32,
            ctypes.c_uint32,
            ctypes.c_void_p,
            ctypes.POINTER(_Address),
        ]
        library.rpcb_unset.argtypes = [ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p]
        library.rpcb_getmaps.restype = ctypes.POINTER(_List)
        library.rpcb_getmaps.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        library.clnt_spcreateerror.restype = ctypes.c_char_p
        library.clnt_spcreateerror.argtypes = [ctypes.c_char_p]
        self._transports: dict[str, int] = {}
        self._freeAddress = ctypes.CDLL(None).free
        self._freeAddress.argtypes = [ctypes.c_void_p]

    def _transport(self, name: str) -> int:
        """
        A transport of netconfig(5).

        @raise ValueError: if it is not in that file.
        """
        known = self._transports.get(name)
        if known is None:
            known = self._library.getnetconfigent(name.encode("ascii"))
            if not known:
                raise ValueError(f"{name} is not in /etc/netconfig")
            self._transports[name] = known
        return known

    def entries(self) -> dict[tuple[int, int, str], str]:
        """
        All that is registered: address by program, version and transport.

        @raise Unreachable: if rpcbind does not answer.
        """
        first = self._library.rpcb_getmaps(self._transport(_LOCAL.decode()), b"localhost")
        if not first:
            # Also where nothing is registered, which cannot be: rpcbind itself is.
            raise Unreachable(self._library.clnt_spcreateerror(b"rpcbind").decode(errors="replace"))
        found = {}
        each = first
        while each:
            entry = each.contents.entry
            transport = (entry.transport or b"").decode(errors="replace")
            address = (entry.address or b"").decode(errors="replace")
            found[entry.program, entry.version, transport] = address
            each = each.contents.next
        self._library.xdr_free(self._library.xdr_rpcblist_ptr, ctypes.byref(first))
        return found

    def register(self, program: int, version: int, transport: str, address: str) -> bool:
        """
        Register one version on one transport.

        @return: whether rpcbind has accepted that.
        @raise ValueError: if there is no such transport or address.
        """
        config = self._transport(transport)
        target = self._library.uaddr2taddr(config, address.encode("ascii"))
        if not target:
            raise ValueError(f"{address} is no address for {transport}")
        try:
            return bool(self._library.rpcb_set(program, version, config, target))
        finally:
            self._freeAddress(target.contents.bytes)
            self._freeAddress(ctypes.cast(target, ctypes.c_void_p))

    def unregister(self, program: int, version: int, transport: str) -> bool:
        """
        Take one version on one transport out again.

        @return: whether it was there and rpcbind has done that.
        @raise ValueError: if there is no such transport.
        """
        return bool(self._library.rpcb_unset(program, version, self._transport(transport)))
