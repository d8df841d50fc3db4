# -*- test-case-name: tests.test_wrap_rules -*-
"""
What kind of rules hosts.allow and hosts.deny hold: just enough is understood here to
know whether a decision depends on nothing but addresses.  What a rule means is
libwrap's to say.
"""

from __future__ import annotations

import os
import re
import time

__all__ = ["RuleFiles", "Unreadable", "isPlain"]

#: What libwrap parts the words of a list at.
_BETWEEN = re.compile(rb"[,\ \t\r\n]+")

_ADDRESSES = rb"(?:all|[0-9./]+|\[[0-9a-f:.]+\](?:/[0-9]+)?)"

#: A client that is told by its address alone.
_CLIENT = re.compile(rb"except|" + _ADDRESSES, re.IGNORECASE)

#: A daemon, perhaps at one of this machine's addresses.
_DAEMON = re.compile(rb"[\w.+-]+(?:@" + _ADDRESSES + rb")?", re.IGNORECASE)

_BRACKETED = re.compile(rb"\[[^][]*\]")

#: Nanoseconds within which a second change may leave a file's times as they were.
_TICK = 100_000_000

#: When a file was changed, and which one it is; C{None} where there is none.
Signature = tuple[int, ...] | None


class Unreadable(Exception):
    """
    A rule file is there and cannot be read.
    """


def isPlain(text: bytes) -> bool:
    """
    Whether all rules of a file decide by addresses and names of daemons alone: no
    options, names of hosts, users, netgroups, other files, nor wildcards that need
    a name.  What is not understood is not plain.
    """
    for line in text.replace(b"\\\n", b"").splitlines():
        line = line.partition(b"#")[0]
        # An address in brackets holds colons that part no fields.
        colons = _BRACKETED.sub(lambda match: b"x" * len(match[0]), line)
        if not line.strip():
            continue
        if colons.count(b":") != 1:
            return False
        at = colons.index(b":")
        if not all(map(_DAEMON.fullmatch, _words(line[:at]))):
            return False
        if not all(map(_CLIENT.fullmatch, _words(line[at + 1 :]))):
            return False
    return True


def _words(text: bytes) -> list[bytes]:
    """
    The words of a list.
    """
    return [word for word in _BETWEEN.split(text) if word]


class RuleFiles:
    """
    The two files, watched for changes.

    @ivar generation: goes up when they are seen to have changed.
    @ivar plain: whether they hold plain rules only.
    """

    def __init__(self, *paths: bytes) -> None:
        """
        @param paths: the files; one that is not there is an empty one.
        """
        self._paths = paths
        self._seen: list[Signature] | None = None
        self.generation = 0
        self.plain = False

    def look(self) -> None:
        """
        See whether they have changed.

        @raise Unreadable: if one is there and cannot be read: for libwrap that is an
            empty file, which lets everybody in where it is the one that denies.
        """
        seen = [self._signature(path) for path in self._paths]
        if seen == self._seen:
            return
        # Not before all is known: after an error the next look is a fresh one.
        self._seen = None
        self.generation += 1
        plain = True
        for path in self._paths:
            try:
                with open(path, "rb") as file:
                    plain = isPlain(file.read()) and plain
            except FileNotFoundError:
                continue
            except OSError as error:
                raise Unreadable(self._complaint(path, error)) from None
        self.plain = plain
        newest = max((each[-1] for each in seen if each is not None), default=0)
        if abs(time.time_ns() - newest) > _TICK:
            self._seen = seen

    def isSettled(self) -> bool:
        """
        Whether they are now as they were at the last look, and any change since then
        would be seen.
        """
        try:
            return [self._signature(path) for path in self._paths] == self._seen
        except Unreadable:
            return False

    def _signature(self, path: bytes) -> Signature:
        """
        What tells one state of a file from the next.
        """
        try:
            status = os.stat(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unreadable(self._complaint(path, error)) from None
        return (
            status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns,
        )  # fmt: skip

    @staticmethod
    def _complaint(path: bytes, error: OSError) -> str:
        """
        What is wrong with a file.
        """
        return f"{os.fsdecode(path)}: {error.strerror}"
