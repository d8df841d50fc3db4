# -*- test-case-name: tests.test_config_xinetd_includes -*-
"""
Finds the files that C{include} and C{includedir} name.

Of a directory, regular files are read in the order of their names, by bytes; a name
with a dot in it, or with C{~} at its end, is skipped, as xinetd does, and that is
said.  Each file is read once, so that files may name each other.
"""

from __future__ import annotations

import os

import attrs

from txinetd.config.files import Files
from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.text import shown, visible
from txinetd.config.xinetd.blocks import Include

__all__ = ["MAXIMUM_DEPTH", "Includes"]

#: So many files may each name the next.
MAXIMUM_DEPTH = 32


@attrs.define
class Includes:
    """
    The files that one file brings with it.

    @ivar read: those that were read, in order.
    @ivar unreadable: those that could not be, and directories.
    """

    read: list[str] = attrs.field(factory=list)
    unreadable: list[str] = attrs.field(factory=list)
    _files: Files = attrs.field(factory=Files)
    _seen: set[str] = attrs.field(factory=set)

    def begin(self, path: str) -> None:
        """
        Remember the file that everything begins with.
        """
        self._seen.add(os.path.realpath(path))

    def find(
        self, include: Include, path: str, depth: int, reporter: Reporter
    ) -> list[tuple[str, bytes]]:
        """
        The files that a line stands for: path and contents each.

        @param path: the file that the line is in.
        @param depth: how many files lead to it.
        """
        token = include.path
        target = token.text
        if "\0" in target:
            # The file system could not even be asked.
            reporter.defect("unreadable-file", token, shown(target), "the path of a file")
            return []
        if not target.startswith("/"):
            target = os.path.join(os.path.dirname(path), target)
            hint = f"{shown(target)} is taken, beside this file"
            reporter.warn("relative-path", token, shown(token.text), "an absolute path", hint)
        if depth >= MAXIMUM_DEPTH:
            expected = f"at most {MAXIMUM_DEPTH} files that name each other"
            reporter.defect("include-depth", token, shown(target), expected, "it is not read")
            self.unreadable.append(target)
            return []
        if include.keyword.text == "include":
            return self._file(target, token, reporter)
        return self._directory(target, token, reporter)

    def _directory(self, target: str, token: Token, reporter: Reporter) -> list[tuple[str, bytes]]:
        """
        The files of a directory.
        """
        try:
            names = sorted(os.listdir(target), key=os.fsencode)
        except OSError as error:
            self._failed(target, token, error.strerror or str(error), "a directory", reporter)
            return []
        found = []
        for name in names:
            path = os.path.join(target, name)
            reason = ""
            if "." in name:
                reason = "a dot in its name"
            elif name.endswith("~"):
                reason = "~ at the end of its name"
            elif os.path.isdir(path):
                reason = "a directory"
            if reason:
                hint = f"it is skipped because of it: {visible(path)}"
                expected = "files whose names have no dot and no ~ at the end"
                reporter.note("skipped-fragment", token, reason, expected, hint)
            else:
                found.extend(self._file(path, token, reporter))
        return found

    def _file(self, path: str, token: Token, reporter: Reporter) -> list[tuple[str, bytes]]:
        """
        One file.
        """
        real = os.path.realpath(path)
        if real in self._seen:
            found, hint = f"{shown(path)} again", "it is skipped"
            reporter.warn("file-twice", token, found, "each file once", hint)
            return []
        self._seen.add(real)
        before, said = len(self._files.contents), len(self._files.diagnostics)
        if os.path.isdir(path):
            self._failed(path, token, "a directory", "a file; includedir is for those", reporter)
            return []
        self._files.add(path)
        for problem in self._files.diagnostics[said:]:
            self._failed(path, token, problem.found, problem.expected, reporter)
        found_ = self._files.contents[before:]
        self.read.extend(each for each, _ in found_)
        return found_

    def _failed(
        self, path: str, token: Token, found: str, expected: str, reporter: Reporter
    ) -> None:
        """
        Nothing is known about a file or directory.
        """
        self.unreadable.append(path)
        text = f"{shown(path)}: {found}"
        hint = "nothing of it is used"
        reporter.defect("unreadable-file", token, text, expected, hint)
