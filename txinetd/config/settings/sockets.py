# -*- test-case-name: tests.test_config_settings -*-
"""
The settings that L{txinetd.sockopts.SocketOptions} is made of, and the length of the
queue: what a service asks of its socket.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from txinetd.config.settings.scalars import Number, Size, natural
from txinetd.config.settings.setting import (
    At,
    BadValue,
    Context,
    Converter,
    Owner,
    Setting,
    Words,
)
from txinetd.config.settings.terms import Switch, Text
from txinetd.config.text import shown

__all__ = ["SOCKETS"]

#: The accept filter that there is.
DATA_READY = "dataready"

#: Seconds that C{acceptfilter = dataready} waits where it does not say.
DATA_READY_SECONDS = 30

_TCP = frozenset({"tcp"})
_INTERNET = frozenset({"tcp", "udp"})
# The buffers of others have other options.
_BUFFERED = frozenset({"tcp", "udp", "unix"})

_HEXADECIMAL = re.compile(r"0[xX]([0-9a-fA-F]{1,8})")


class AcceptFilter(Converter):
    """
    NetBSD's accept filters, as far as Linux has one.
    """

    def read(self, words: Words, context: Context) -> int:
        """
        C{dataready}, and for how many seconds.
        """
        expected = "dataready, perhaps with a number of seconds"
        tokens = words.some(expected, most=2)
        if tokens[0].text != DATA_READY:
            hint = "no other accept filter is supported"
            found = shown(tokens[0].text)
            raise BadValue(tokens[0], found, expected, hint, "unsupported-accept-filter")
        if len(tokens) == 1:
            return DATA_READY_SECONDS
        return natural(tokens[1], 1, 86400, expected)

    def write(self, value: int) -> Sequence[str]:
        """
        The same.
        """
        return (DATA_READY, str(value))


class Mark(Converter):
    """
    A mark of packets.
    """

    def read(self, words: Words, context: Context) -> int:
        """
        A number, perhaps hexadecimal.
        """
        expected = f"a number from 0 to {2**32 - 1}, perhaps hexadecimal as in 0x1f"
        token = words.one(expected)
        match = _HEXADECIMAL.fullmatch(token.text)
        if match is not None:
            return int(match[1], 16)
        return natural(token, 0, 2**32 - 1, expected)

    def write(self, value: int) -> Sequence[str]:
        """
        A decimal number.
        """
        return (str(value),)


SOCKETS = (
    Setting("backlog", Owner.OURS, Number(1, 2**31 - 1), At("backlog")),
    Setting("sndbuf", Owner.NETBSD, Size(most=2**30), At("socketOptions.sendBuffer"), _BUFFERED),
    Setting(
        "recvbuf", Owner.NETBSD, Size(most=2**30), At("socketOptions.receiveBuffer"), _BUFFERED
    ),
    Setting("acceptfilter", Owner.NETBSD, AcceptFilter(), At("socketOptions.deferAccept"), _TCP),
    Setting("nodelay", Owner.OURS, Switch(), At("socketOptions.noDelay"), _TCP),
    Setting("keepalive", Owner.OURS, Switch(), At("socketOptions.keepAlive"), _TCP),
    # Not for datagrams: the kernel would deal them out among the sockets of a port, and
    # a nowait service has one for each peer.
    Setting("reuse_port", Owner.OURS, Switch(), At("socketOptions.reusePort"), _TCP),
    Setting("free_bind", Owner.OURS, Switch(), At("socketOptions.freeBind"), _INTERNET),
    Setting("mark", Owner.OURS, Mark(), At("socketOptions.mark"), _INTERNET),
    Setting(
        "device",
        Owner.OURS,
        Text("an interface's name", longest=15),
        At("socketOptions.device"),
        _INTERNET,
    ),
    Setting("fast_open", Owner.OURS, Number(1, 65535), At("socketOptions.fastOpen"), _TCP),
)
