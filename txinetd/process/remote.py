# -*- test-case-name: tests.test_process_remote -*-
"""
Whether a program's file is somewhere that can keep whoever opens it waiting: on
another machine, or in the hands of another process.

vfork(2) suspends this process until the program has been loaded, so that such
programs are for launchers to start.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

__all__ = ["isRemote", "mounts"]

#: Types of file systems, without what follows a dot.
_REMOTE = frozenset(
    {
        "9p",
        "afs",
        "autofs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse",
        "fuseblk",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "orangefs",
        "smb3",
        "smbfs",
        "virtiofs",
    }
)

#: Symbolic links followed, at most, as the kernel does.
_MOST_LINKS = 40


def mounts(table: str = "/proc/self/mountinfo") -> dict[bytes, str]:
    """
    What is mounted where.

    @param table: in the form of proc(5), mountinfo.
    @return: the type of file system by its directory; empty where the system does
        not tell.
    """
    found = {}
    try:
        lines = Path(table).read_bytes().splitlines()
    except OSError:
        return {}
    for line in lines:
        before, _, after = line.partition(b" - ")
        fields = before.split()
        if len(fields) > 4 and after:
            # The later one lies on top.
            found[_unescaped(fields[4])] = after.split()[0].decode("ascii", "replace")
    return found


def _unescaped(name: bytes) -> bytes:
    """
    A name of that table: blanks stand there as octal numbers.
    """
    for character in b" \t\n\\":
        name = name.replace(b"\\%03o" % character, b"%c" % character)
    return name


def isRemote(path: bytes, table: Mapping[bytes, str] | None = None) -> bool:
    """
    Whether a file is on such a file system, by its own name or by way of symbolic
    links.  Nothing on one is ever touched to find that out.

    @param path: an absolute path.
    @param table: as L{mounts} gives it; the system's if C{None}.
    """
    if table is None:
        table = mounts()
    remote = {where for where, kind in table.items() if kind.partition(".")[0].lower() in _REMOTE}
    if not remote:
        return False
    links = 0
    done, left = b"/", [part for part in path.split(b"/") if part]
    while left:
        part = left.pop(0)
        if part == b".":
            continue
        if part == b"..":
            done = os.path.dirname(done)
            continue
        here = os.path.join(done, part)
        if here in remote:
            return True
        try:
            link = os.readlink(here) if stat.S_ISLNK(os.lstat(here).st_mode) else None
        except OSError:
            return False  # not there: nothing to wait for
        if link is None:
            done = here
            continue
        links += 1
        if links > _MOST_LINKS:
            return False
        if link.startswith(b"/"):
            done = b"/"
        left[:0] = [each for each in link.split(b"/") if each]
    return False
