# -*- test-case-name: tests.integration.test_trouble -*-
"""
Unix sockets in the file system: made with the owner, group and mode asked for and
never with more, never in the place of something that is not ours to remove.
"""

from __future__ import annotations

import errno
import os
import socket
import stat

import attrs
from twisted.logger import Logger

from txinetd.errors import BindError
from txinetd.spec import UnixAddress

__all__ = ["FileIdentity", "bindUnix", "identify", "removeSocketFile"]

_log = Logger()

#: Bytes that fit into C{sun_path} with the zero at their end, unix(7).
LONGEST_PATH = 107


@attrs.frozen
class FileIdentity:
    """
    Which file it is, whatever its name.

    @ivar device: the file system.
    @ivar inode: the file within it.
    """

    device: int
    inode: int


def identify(path: bytes) -> FileIdentity | None:
    """
    The socket at a path.

    @return: its identity, or C{None} where there is no socket.
    """
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return FileIdentity(found.st_dev, found.st_ino) if stat.S_ISSOCK(found.st_mode) else None


def removeSocketFile(path: bytes, identity: FileIdentity) -> None:
    """
    Remove a socket's file if it is still the one that was made.

    @param path: where it was made.
    @param identity: what L{identify} said then.
    """
    if identify(path) != identity:
        return
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        _log.warn("{path}: cannot be removed: {reason}", path=path, reason=error.strerror)


def bindUnix(sock: socket.socket, address: UnixAddress) -> None:
    """
    Bind a socket to a path.

    @param sock: a unix socket of the service's type.
    @param address: path, owner, group and mode.
    @raise BindError: if that cannot be done; then nothing is left behind.
    """
    if len(address.path) > LONGEST_PATH:
        hint = f"the path of a socket has at most {LONGEST_PATH} bytes"
        raise BindError(str(address), "path", errno.ENAMETOOLONG, hint)
    if address.isAbstract:
        _bindTo(sock, address)
        return
    _removeStale(sock, address)
    # The file gets the mode that the socket's own inode has: none at all, until
    # it has its owner.
    os.fchmod(sock.fileno(), 0)
    _bindTo(sock, address)
    try:
        _setOwner(address)
    except BaseException:
        os.unlink(address.path)
        raise


def _bindTo(sock: socket.socket, address: UnixAddress) -> None:
    """
    Bind, and nothing else.
    """
    try:
        sock.bind(address.path)
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, "")
        raise BindError(str(address), "bind", error.errno or 0, hint) from error


_HINTS = {
    errno.ENOENT: "its directory has to exist",
    errno.EACCES: "the daemon may not write to its directory",
    errno.EADDRINUSE: "another process has it: ss -xlp shows which",
}


def _removeStale(sock: socket.socket, address: UnixAddress) -> None:
    """
    Remove the file of a server that has gone.  A live one's stays, and so does
    whatever is not a socket.
    """
    identity = identify(address.path)
    if identity is None:
        if os.path.lexists(address.path):
            hint = "what is there is not a socket; remove it, or choose another path"
            raise BindError(str(address), "bind", errno.EADDRINUSE, hint)
        return
    try:
        with socket.socket(socket.AF_UNIX, sock.type) as probe:
            probe.setblocking(False)
            probe.connect(address.path)
    except ConnectionRefusedError:
        removeSocketFile(address.path, identity)
        return
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EPROTOTYPE, errno.EINPROGRESS):
            hint = "cannot tell whether the socket there is in use"
            raise BindError(str(address), "stale", error.errno or 0, hint) from error
        # A full queue or a socket of another type: either way somebody's.
    hint = "a running server has that socket"
    raise BindError(str(address), "bind", errno.EADDRINUSE, hint)


def _setOwner(address: UnixAddress) -> None:
    """
    Give the file that was just made its owner, group and mode.
    """
    step = "open"
    try:
        # By a descriptor, so that nobody who may write to the directory can
        # make these changes hit another file.
        descriptor = os.open(address.path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISSOCK(found.st_mode):
                raise BindError(str(address), "bind", 0, "the socket was replaced at once")
            name = f"/proc/self/fd/{descriptor}"
            if (found.st_uid, found.st_gid) != (address.uid, address.gid):
                step = "chown"
                os.chown(name, address.uid, address.gid)
            step = "chmod"
            os.chmod(name, address.permissions)
        finally:
            os.close(descriptor)
    except OSError as error:
        hint = "only root can give a socket away" if step == "chown" else ""
        raise BindError(str(address), step, error.errno or 0, hint) from error
