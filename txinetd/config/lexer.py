# -*- test-case-name: tests.test_config_lexer -*-
"""
From the bytes of a file to entries of tokens, for the positional formats.

 - A file is read as UTF-8; bytes that are not stay what they are
   (C{surrogateescape}), so that an argument reaches its program byte for byte.
   A byte order mark at the beginning is left out.
 - Lines end with LF; a CR before it is left out.  The last needs no end.
 - Blanks are spaces and tabs.  A line of blanks ends an entry.
 - A line that begins with C{#} is a comment.  By the dialect's
   L{Lexing<txinetd.config.rules.Lexing>}, so is the rest of a line from a word
   that begins with C{#} on, or from any C{#}.  A comment never continues on the
   next line, whatever its last character.
 - Where blanks continue: a line that begins with one continues the entry of the
   line before it; after a comment line or a blank line it begins an entry of its
   own, as in the BSD inetds.
 - Where backslashes do: one at the very end of a line (not of a comment)
   continues the entry, and the word, on the next line.
 - Where there are quotes: a word that begins with C{'} or C{"} ends at the same
   quote, on the same line, and a quote inside a word is an ordinary character;
   or both are, wherever they stand, as in sh(1).  If they may be escaped, C{\\"}
   and C{\\\\} between double quotes stand for the quote and the backslash; every
   other backslash is itself.

The time taken is linear in the size of the file.
"""

from __future__ import annotations

from collections.abc import Iterator

from txinetd.config.rules import Lexing
from txinetd.config.systems.ours import TXINETD
from txinetd.config.words import MAXIMUM_ENTRY, Builder, Entry, Flaw, Token

__all__ = ["MAXIMUM_ENTRY", "Entry", "Flaw", "Lexer", "Token", "decoded", "lex"]


def decoded(data: bytes) -> str:
    """
    The text of a file, from which its bytes can be had again.
    """
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")


class Lexer:
    """
    Splits a file into entries, one after the other.

    @ivar lines: the file's.
    @ivar position: how many of them have been taken.  Whoever reads some by itself
        sets it to where to go on.
    """

    def __init__(self, text: str, lexing: Lexing = TXINETD.lexing) -> None:
        self.lines = text.split("\n")
        self.position = 0
        self._lexing = lexing

    def __iter__(self) -> Iterator[Entry]:
        while self.position < len(self.lines):
            entry = self._next()
            if entry is not None:
                yield entry

    def _next(self) -> Entry | None:
        """
        Take the next lines that belong together.

        @return: what they say, or C{None} if that is nothing.
        """
        building: Builder | None = None
        joined = False
        while self.position < len(self.lines):
            line = self.lines[self.position].removesuffix("\r")
            if building is not None and not (joined or self._continues(line)):
                break
            self.position += 1
            number = self.position
            if building is None:
                if not line.strip(" \t"):
                    return None
                if line.startswith("#"):
                    return _comment(line, number)
                building = Builder(self._lexing)
                joined = building.add(line, number, continued=False)
            else:
                joined = building.add(line, number, continued=True)
            if not (joined or building.tokens or building.flaws):
                # An indented comment: nothing that a next line could continue.
                return None
        return None if building is None else building.finish()

    def _continues(self, line: str) -> bool:
        """
        Whether a line, by how it begins, belongs to the one before it.
        """
        byBlank = self._lexing.continuation.byBlank
        return byBlank and line[:1] in (" ", "\t") and bool(line.strip(" \t"))


def _comment(line: str, number: int) -> Entry | None:
    """
    A comment of a line of its own, if there is anything to say about it.
    """
    flaws: tuple[Flaw, ...] = ()
    if "\r" in line:
        flaws = (Flaw("carriage-return", Token("\r", number, line.index("\r") + 1)),)
    if line.startswith("#@") or flaws:
        return Entry((), Token(line, number, 1), flaws)
    return None


def lex(text: str, lexing: Lexing = TXINETD.lexing) -> Iterator[Entry]:
    """
    Split a file into entries.

    @param text: from L{decoded}.
    """
    return iter(Lexer(text, lexing))
