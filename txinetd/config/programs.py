# -*- test-case-name: tests.test_config_loader -*-
"""
Whether a user could execute a program, judged from outside: by permission
bits, without becoming that user and without running anything.
"""

from __future__ import annotations

import errno
import os
import stat

import attrs

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.text import shown, visible
from txinetd.spec import Identity

__all__ = ["Obstacle", "judge", "obstacle"]

#: As many symbolic links as Linux follows.
_MOST_LINKS = 40


@attrs.frozen
class Obstacle:
    """
    Why a program cannot be executed.

    @ivar code: C{missing-program}, C{not-executable} or, where this process may
        not look, C{unseen-program}.
    @ivar found: what there is.
    """

    code: str
    found: str


def _may(status: os.stat_result, identity: Identity) -> bool:
    """
    Whether C{identity} may execute a file or search a directory.
    """
    mode = status.st_mode
    if identity.uid == 0:
        return stat.S_ISDIR(mode) or bool(mode & 0o111)
    if status.st_uid == identity.uid:
        return bool(mode & stat.S_IXUSR)
    if status.st_gid in (identity.gid, *identity.groups):
        return bool(mode & stat.S_IXGRP)
    return bool(mode & stat.S_IXOTH)


def _hasAccessList(path: bytes) -> bool:
    """
    Whether an access control list says more than the permission bits.
    """
    if not hasattr(os, "getxattr"):
        return False
    try:
        os.getxattr(path, "system.posix_acl_access")
    except OSError:
        return False
    return True


def obstacle(path: bytes, identity: Identity) -> Obstacle | None:
    """
    What keeps C{identity} from executing C{path}: walk the path as the kernel
    does, symbolic links included.

    @param path: an absolute path.
    @return: C{None} where nothing does.
    """
    links = 0
    here = b"/"
    rest = [part for part in reversed(path.split(b"/")) if part]
    while rest:
        try:
            status = os.stat(here)
            if not _may(status, identity) and not _hasAccessList(here):
                return Obstacle("not-executable", f"{_name(here)} not searchable")
            part = rest.pop()
            if part == b".":
                continue
            here = os.path.join(here, part)
            if part == b"..":
                here = os.path.dirname(os.path.dirname(here))
                continue
            if stat.S_ISLNK(os.lstat(here).st_mode):
                links += 1
                if links > _MOST_LINKS:
                    return Obstacle("missing-program", "too many symbolic links")
                target = os.readlink(here)
                here = b"/" if target.startswith(b"/") else os.path.dirname(here)
                rest.extend(each for each in reversed(target.split(b"/")) if each)
        except PermissionError:
            return Obstacle("unseen-program", f"{_name(here)}, where this user may not look")
        except OSError as error:
            return Obstacle("missing-program", _reason(here, error))
    return _file(here, identity)


def _file(path: bytes, identity: Identity) -> Obstacle | None:
    """
    The same for the file at the end.
    """
    try:
        status = os.stat(path)
        mounted = os.statvfs(path)
    except OSError as error:
        return Obstacle("missing-program", _reason(path, error))
    if not stat.S_ISREG(status.st_mode):
        return Obstacle("not-executable", f"{_name(path)}, not a regular file")
    if not _may(status, identity) and not _hasAccessList(path):
        return Obstacle("not-executable", f"{_name(path)}, mode {status.st_mode & 0o7777:04o}")
    if mounted.f_flag & os.ST_NOEXEC:
        return Obstacle("not-executable", f"{_name(path)} on a file system mounted noexec")
    return None


def _name(path: bytes) -> str:
    """
    A path as text.
    """
    return visible(path.decode("utf-8", "surrogateescape"))


def _reason(path: bytes, error: OSError) -> str:
    """
    What the system said about a path.
    """
    if error.errno == errno.ENOENT:
        return f"no {_name(path)}"
    return f"{_name(path)}: {error.strerror}"


def judge(token: Token, path: bytes, identity: Identity, reporter: Reporter) -> None:
    """
    Say so if a line's program cannot be executed by its user.  The service
    listens all the same, and refuses until the program is there.
    """
    found = obstacle(path, identity)
    if found is None:
        return
    expected = f"a program that the user {visible(identity.user)} can execute"
    if found.code == "unseen-program":
        reporter.note(found.code, token, found.found, expected, "run the check as root to know")
    else:
        text = f"{shown(token.text)} ({found.found})"
        reporter.defect(found.code, token, text, expected)
