# -*- test-case-name: tests.test_handlers_banners -*-
"""
What clients are told before anybody serves them: C{banner}, C{banner_success} and
C{banner_fail} of xinetd.conf(5).

The files are read when the configuration is put in force, and not when somebody
connects: no client waits for a disk.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat

import attrs
from twisted.logger import Logger

from txinetd.policy import Access

__all__ = ["LONGEST", "Banners", "readBanners", "say"]

_log = Logger()

#: Bytes of a banner.  As many fit into the buffer of any new connection, so that
#: sending them never has to wait.
LONGEST = 16384


@attrs.frozen
class Banners:
    """
    The texts of one service; empty where there is none.

    @ivar always: for everybody.
    @ivar success: for who is let in.
    @ivar fail: for who is refused.
    """

    always: bytes = b""
    success: bytes = b""
    fail: bytes = b""


def _read(path: bytes | None) -> bytes:
    """
    One file, as far as it is sent.
    """
    if path is None:
        return b""
    try:
        # Nobody waits for whoever writes into a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            text = file.read(LONGEST + 1)
    except OSError as error:
        _log.error(
            "{path}: the banner cannot be read: {reason}; clients get none",
            path=os.fsdecode(path),
            reason=error.strerror,
        )
        return b""
    if len(text) > LONGEST:
        _log.warn(
            "{path}: the banner is cut after {longest} bytes",
            path=os.fsdecode(path),
            longest=LONGEST,
        )
    return text[:LONGEST]


def readBanners(access: Access) -> Banners:
    """
    Read the files that a service's clients are to be sent.

    @param access: which files.
    """
    return Banners(_read(access.banner), _read(access.bannerSuccess), _read(access.bannerFail))


def say(connection: socket.socket, text: bytes) -> None:
    """
    Send a client a text, without ever waiting.

    @param connection: a new connection.
    @param text: what to send; nothing if empty.
    """
    if text:
        # A client that has gone again already has lost nothing.
        with contextlib.suppress(OSError):
            connection.send(text, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
