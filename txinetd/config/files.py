# -*- test-case-name: tests.test_config_loader -*-
"""
From the paths of C{-f} to the contents of files.

A directory means its files in the order of their names (by bytes, as with
C{LC_ALL=C ls}), without those that editors and package managers leave behind.
Only regular files are read: opening a fifo could wait for ever.
"""

from __future__ import annotations

import fnmatch
import os
import stat

import attrs

from txinetd.config.text import shown
from txinetd.errors import Diagnostic, Severity
from txinetd.spec import Origin

__all__ = ["MAXIMUM_FILE", "SKIPPED", "Files", "readFiles"]

#: The largest file that is read: a thousand times a large configuration.
MAXIMUM_FILE = 16 * 1024 * 1024

#: Names in a directory that are no fragments.
SKIPPED = (".*", "*~", "*.bak", "*.dpkg-*", "*.rpm*", "*.swp")


@attrs.define
class Files:
    """
    What was found.

    @ivar contents: path and bytes of each file, in order.
    @ivar diagnostics: what there is to say about files as such.
    @ivar unreadable: the paths of which nothing is known.
    """

    contents: list[tuple[str, bytes]] = attrs.field(factory=list)
    diagnostics: list[Diagnostic] = attrs.field(factory=list)
    unreadable: list[str] = attrs.field(factory=list)
    _seen: dict[tuple[int, int], str] = attrs.field(factory=dict)

    def _say(
        self, severity: Severity, code: str, path: str, found: str, expected: str, hint: str = ""
    ) -> None:
        """
        Add a diagnostic about a file as a whole.
        """
        self.diagnostics.append(Diagnostic(severity, code, Origin(path), found, expected, hint))

    def _failed(self, code: str, path: str, found: str) -> None:
        """
        Nothing can be known about C{path}.
        """
        self.unreadable.append(path)
        self._say(Severity.ERROR, code, path, found, "a file or directory that can be read")

    def add(self, path: str) -> None:
        """
        Read what a path of C{-f} names.
        """
        try:
            names = sorted(os.listdir(path), key=os.fsencode)
        except NotADirectoryError:
            self.file(path)
        except FileNotFoundError:
            self._failed("unreadable-file", path, "no such file or directory")
        except OSError as error:
            self._failed("unreadable-file", path, error.strerror or str(error))
        else:
            for name in names:
                self._fragment(path, name)

    def _fragment(self, directory: str, name: str) -> None:
        """
        Read a file of a directory, if it is one to read.
        """
        path = os.path.join(directory, name)
        for pattern in SKIPPED:
            if fnmatch.fnmatchcase(name, pattern):
                found = shown(name)
                hint = f"it is skipped, like everything named {pattern}"
                self._say(Severity.NOTE, "skipped-fragment", path, found, "a fragment", hint)
                return
        if os.path.isdir(path):
            hint = "directories in a directory are skipped"
            self._say(Severity.NOTE, "skipped-fragment", path, shown(name), "a file", hint)
            return
        self.file(path)

    def file(self, path: str) -> None:
        """
        Read one file, and no directory.
        """
        try:
            # Non-blocking, lest a fifo without a writer stop everything here;
            # what is not a regular file is not read at all.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            self._failed("unreadable-file", path, error.strerror or str(error))
            return
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            self._failed("not-a-regular-file", path, "something that is not a regular file")
            return
        with open(descriptor, "rb") as file:
            try:
                data = file.read(MAXIMUM_FILE + 1)
            except OSError as error:
                self._failed("unreadable-file", path, error.strerror or str(error))
                return
        if len(data) > MAXIMUM_FILE:
            self._failed("file-too-large", path, f"more than {MAXIMUM_FILE} bytes")
            return
        other = self._seen.setdefault((status.st_dev, status.st_ino), path)
        if other != path or any(each == path for each, _ in self.contents):
            found = f"the same file as {shown(other)}"
            self._say(
                Severity.WARNING, "file-twice", path, found, "each file once", "it is skipped"
            )
            return
        self.contents.append((path, data))


def readFiles(paths: list[str]) -> Files:
    """
    Read all files that C{paths} name.
    """
    files = Files()
    for path in paths:
        files.add(path)
    return files
