# -*- test-case-name: tests.test_config_systemd_values -*-
"""
The specifiers of systemd.unit(5): C{%} and a letter, in most values.  Those are resolved
that are the same on every machine or follow from the unit's name; an instance has none
before there is a connection.
"""

from __future__ import annotations

import os.path
import re

import attrs

__all__ = ["Names", "UnknownSpecifier"]

#: Of the system's manager, which is root's.
_FIXED = {
    "%": "%",
    "h": "/root",
    "u": "root",
    "U": "0",
    "g": "root",
    "G": "0",
    "s": "/bin/sh",
    "t": "/run",
    "S": "/var/lib",
    "C": "/var/cache",
    "L": "/var/log",
    "E": "/etc",
    "T": "/tmp",
    "V": "/var/tmp",
}

_ESCAPED = re.compile(r"\\x([0-9a-fA-F]{2})")


class UnknownSpecifier(Exception):
    """
    A specifier that cannot be resolved.

    @ivar offset: where in the text it stands.
    """

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


@attrs.frozen
class Names:
    """
    What a unit's specifiers are resolved with.

    @ivar unit: its file's name; that of a template is not the name of any unit.
    """

    unit: str

    def resolved(self, text: str) -> str:
        """
        A text with all specifiers resolved.

        @raise UnknownSpecifier: one of them cannot be.
        """
        if "%" not in text:
            return text
        known = self._known()
        said = []
        position = 0
        while True:
            found = text.find("%", position)
            if found < 0:
                said.append(text[position:])
                return "".join(said)
            said.append(text[position:found])
            letter = text[found + 1 : found + 2]
            if letter and letter in known:
                said.append(known[letter])
                position = found + 2
            elif letter.isalnum():
                raise UnknownSpecifier(found)
            else:
                # systemd leaves a percent sign alone that no letter follows.
                said.append("%")
                position = found + 1

    def _known(self) -> dict[str, str]:
        """
        All that can be resolved.
        """
        known = dict(_FIXED)
        stem = os.path.splitext(self.unit)[0]
        prefix, at, instance = stem.partition("@")
        last = prefix.rpartition("-")[2]
        known.update(p=prefix, P=_unescaped(prefix), j=last, J=_unescaped(last))
        if not at or instance:
            known.update(n=self.unit, N=stem, i=instance, I=_unescaped(instance))
        return known


def _unescaped(text: str) -> str:
    """
    The text that a part of a unit's name stands for.
    """
    text = text.replace("-", "/")
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
