# -*- test-case-name: tests.test_internal_ident_users -*-
"""
What C{auth} is told by a user's entry in passwd(5) and by the files with which
users may hide.  All of it blocks, and is called in threads.

Those files are the users' own, so they are read with the user's rights (those of
the reading thread alone), never through a symbolic link, never from anything but a
file of that user's, and only so much of it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import pwd
import re
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator

import attrs

__all__ = ["User", "Users", "fakeName", "filesOf", "isHidden"]

#: How much of C{~/.fakeid} is looked at, and how long a name in it may be.
_PIECE = 512
_LONGEST = 32

#: What an answer can tell.
_WORD = re.compile(rb"[!-~]+")

#: An id that is none: what to change it to in order to learn what it is.
_NO_CHANGE = 0xFFFFFFFF


@attrs.frozen
class User:
    """
    A user.

    @ivar name: the name.
    @ivar uid: the user id.
    @ivar gid: the primary group's id.
    @ivar home: the home directory.
    """

    name: str
    uid: int
    gid: int
    home: str


class Users:
    """
    passwd(5), with a memory.
    """

    #: Entries remembered, and for how many seconds.
    most = 1024
    seconds = 60.0

    def __init__(
        self,
        look: Callable[[int], pwd.struct_passwd] = pwd.getpwuid,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        @param look: getpwuid(3).
        @param clock: monotonic seconds.
        """
        self._look = look
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[int, tuple[float, User | None]] = OrderedDict()

    def byId(self, uid: int) -> User | None:
        """
        The user with an id, or C{None}.
        """
        now = self._clock()
        with self._lock:
            known = self._known.get(uid)
        if known is not None and now < known[0]:
            return known[1]
        user: User | None = None
        with contextlib.suppress(KeyError):
            entry = self._look(uid)
            user = User(entry.pw_name, uid, entry.pw_gid, entry.pw_dir)
        with self._lock:
            self._known[uid] = (now + self.seconds, user)
            self._known.move_to_end(uid)
            while len(self._known) > self.most:
                self._known.popitem(last=False)
        return user


@contextlib.contextmanager
def filesOf(user: User) -> Iterator[None]:
    """
    Have a user's rights to files, and no other's, in this thread.  (setfsuid(2) is
    about one thread; this process's supplementary groups stay, which is why files are
    looked at for their owner as well.)

    @param user: the user.
    @raise PermissionError: if this process may not become that user.
    """
    if os.geteuid() == user.uid:
        yield
        return
    libc = ctypes.CDLL(None)
    for call in (libc.setfsuid, libc.setfsgid):
        call.argtypes = [ctypes.c_uint32]
        call.restype = ctypes.c_uint32
    group = libc.setfsgid(user.gid)
    owner = libc.setfsuid(user.uid)
    try:
        # They tell no error, only what was before.
        if (libc.setfsuid(_NO_CHANGE), libc.setfsgid(_NO_CHANGE)) != (user.uid, user.gid):
            raise PermissionError(errno.EPERM, "cannot have the rights of that user")
        yield
    finally:
        libc.setfsuid(owner)
        libc.setfsgid(group)


def isHidden(user: User) -> bool:
    """
    Whether a user has a file C{~/.noident}; also where that cannot be found out.
    """
    try:
        with filesOf(user):
            os.lstat(os.path.join(user.home, ".noident"))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        pass  # whoever wants to be hidden is not to depend on this
    return True


def fakeName(user: User) -> str | None:
    """
    The first word of a user's file C{~/.fakeid}.

    @return: the word; C{None} where there is no such file, or it is not what it is
        to be.
    @raise PermissionError: if this process may not become that user.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    with filesOf(user):
        try:
            descriptor = os.open(os.path.join(user.home, ".fakeid"), flags)
        except OSError:
            return None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != user.uid:
                return None
            piece = os.read(descriptor, _PIECE)
        except OSError:
            return None
        finally:
            os.close(descriptor)
    word = next(iter(piece.split()), b"")[:_LONGEST]
    return word.decode("ascii") if _WORD.fullmatch(word) else None
