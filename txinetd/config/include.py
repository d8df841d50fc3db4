# -*- test-case-name: tests.test_config_systems -*-
"""
C{.include PATTERN}: which files a line like that means, and what is wrong with them.

A relative pattern begins at the directory of the file that the line stands in.  The
files are read in the order of their names (by bytes).  A file that is being read already
is left out with an error: it includes itself.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence

import attrs

from txinetd.config.files import Files
from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.text import shown

__all__ = ["INCLUDE", "Included", "Including"]

#: The directive.
INCLUDE = ".include"

#: So many files may one include, all in all: two that include each other's neighbours
#: twice, and so on, would else be read for ever.
_MOST_FILES = 1000

#: So deep may they be in one another.
_DEEPEST = 16


@attrs.define
class Included:
    """
    What was included.

    @ivar files: the files, in order.
    @ivar unreadable: files of which nothing is known.
    """

    files: list[str] = attrs.field(factory=list)
    unreadable: list[str] = attrs.field(factory=list)


@attrs.frozen
class Including:
    """
    A file being read.

    @ivar path: its name.
    @ivar outer: the file that includes it, or C{None}.
    """

    path: str
    outer: Including | None = None

    @property
    def depth(self) -> int:
        """
        How many files this one is in.
        """
        return 0 if self.outer is None else self.outer.depth + 1

    def _isRead(self, path: str) -> bool:
        """
        Whether C{path} is this file or one that this is included from.
        """
        here: Including | None = self
        while here is not None:
            try:
                if os.path.samefile(here.path, path):
                    return True
            except (OSError, ValueError):
                # One of the two is gone: then it is another.
                pass
            here = here.outer
        return False

    def files(
        self, tokens: Sequence[Token], included: Included, reporter: Reporter
    ) -> Iterator[tuple[str, bytes, Including]]:
        """
        The files that a line means.

        @param tokens: the line.
        @param included: where to add them.
        """
        expected = f"{INCLUDE} and a file or a pattern of files"
        if len(tokens) != 2 or not tokens[1].text or "\0" in tokens[1].text:
            found = shown(" ".join(each.text for each in tokens))
            reporter.drop("bad-include", tokens[0], found, expected)
            return
        token = tokens[1]
        if self.depth >= _DEEPEST:
            found = f"files included {_DEEPEST} deep"
            reporter.drop("too-many-files", token, found, "fewer files in one another")
            return
        pattern = os.path.join(os.path.dirname(self.path), token.text)
        paths = sorted(glob.glob(pattern), key=os.fsencode)
        if glob.has_magic(token.text):
            # A pattern is about the files among what it fits.
            paths = [path for path in paths if os.path.isfile(path)]
        if not paths:
            if glob.has_magic(token.text):
                hint = "there is no such file"
                reporter.note("nothing-included", token, shown(token.text), expected, hint)
            else:
                included.unreadable.append(pattern)
                hint = "the services in it are kept as they are"
                reporter.drop("unreadable-include", token, shown(token.text), expected, hint)
            return
        for path in paths:
            if self._isRead(path):
                hint = "it is left out: it would include itself"
                reporter.drop("include-loop", token, shown(path), expected, hint)
                continue
            if len(included.files) >= _MOST_FILES:
                found = f"more than {_MOST_FILES} files"
                included.unreadable.append(path)
                reporter.drop("too-many-files", token, found, "fewer files")
                return
            read = Files()
            read.file(path)
            included.files.append(path)
            for each in read.diagnostics:
                included.unreadable.append(path)
                found = f"{shown(path)}: {each.found}"
                reporter.drop("unreadable-include", token, found, "a file that can be read")
            for name, data in read.contents:
                yield name, data, Including(name, self)
