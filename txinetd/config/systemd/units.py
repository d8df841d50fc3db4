# -*- test-case-name: tests.test_config_systemd_units -*-
"""
The files of a socket unit: its own, that of the service it starts, and the drop-ins of
both (C{NAME.socket.d/*.conf}), all in one directory.
"""

from __future__ import annotations

import os.path

import attrs

from txinetd.config.files import Files
from txinetd.config.systemd.tables import TRUE
from txinetd.config.systemd.unitfile import Assignment, Fault, parseUnit

__all__ = ["Pair", "readPair"]


@attrs.define
class Pair:
    """
    A socket and what it starts.

    @ivar socket: the name of the socket unit.
    @ivar service: the name of the service unit's file.
    @ivar found: all assignments, in the order in which they count.
    @ivar faults: lines that are none.
    @ivar files: the files besides the socket's own.
    @ivar missing: whether there is no file of the service.
    """

    socket: str
    service: str = ""
    found: list[Assignment] = attrs.field(factory=list)
    faults: list[Fault] = attrs.field(factory=list)
    files: Files = attrs.field(factory=Files)
    missing: bool = False
    _byKey: dict[tuple[str, str], list[Assignment]] = attrs.field(factory=dict)

    def last(self, section: str, key: str) -> Assignment | None:
        """
        The last assignment to a setting.
        """
        given = self.all(section, key)
        return given[-1] if given else None

    def all(self, section: str, key: str) -> list[Assignment]:
        """
        All assignments to a setting; an empty one takes back those before it.
        """
        listed: list[Assignment] = []
        for each in self._byKey.get((section, key), ()):
            if each.value:
                listed.append(each)
            else:
                listed.clear()
        return listed

    def emptied(self, section: str, key: str) -> Assignment | None:
        """
        The empty assignment that nothing follows, for a setting to which that means
        something.
        """
        given = self._byKey.get((section, key))
        return given[-1] if given and not given[-1].value else None

    def add(self, path: str, data: bytes) -> None:
        """
        Take what a file says.
        """
        for each in parseUnit(path, data):
            if isinstance(each, Fault):
                self.faults.append(each)
            else:
                self.found.append(each)
                self._byKey.setdefault((each.section, each.key.text), []).append(each)


def readPair(path: str, data: bytes) -> Pair:
    """
    Read the files that belong to a socket unit.

    @param path: its file.
    @param data: that file's contents.
    """
    directory, name = os.path.split(path)
    pair = Pair(name)
    pair.add(path, data)
    _dropIns(pair, directory, name)
    stem = name.removesuffix(".socket")
    accept = pair.last("Socket", "Accept")
    named = pair.last("Socket", "Service")
    if accept is not None and accept.value.lower() in TRUE:
        pair.service = f"{stem}@.service"
    else:
        pair.service = f"{stem}.service" if named is None else named.value
    if "/" in pair.service:
        pair.missing = True
        return pair
    service = os.path.join(directory, pair.service)
    pair.missing = not os.path.lexists(service)
    if not pair.missing:
        before = len(pair.files.contents)
        pair.files.file(service)
        for found, contents in pair.files.contents[before:]:
            pair.add(found, contents)
        _dropIns(pair, directory, pair.service)
    return pair


def _dropIns(pair: Pair, directory: str, name: str) -> None:
    """
    Read the drop-ins of a unit.
    """
    where = os.path.join(directory, f"{name}.d")
    try:
        listed = sorted(each for each in os.listdir(where) if each.endswith(".conf"))
    except FileNotFoundError:
        return
    except OSError:
        # Let it say what is wrong.
        pair.files.file(where)
        return
    for each in listed:
        before = len(pair.files.contents)
        pair.files.file(os.path.join(where, each))
        for found, contents in pair.files.contents[before:]:
            pair.add(found, contents)
