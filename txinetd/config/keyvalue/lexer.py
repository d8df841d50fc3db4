# -*- test-case-name: tests.test_config_keyvalue_lexer -*-
r"""
From lines to definitions, for the key=value entries of NetBSD's inetd.conf(5)::

    definition = name ("on" | "off") [ pair { "," pair } ] [ "," ] ";"
    pair       = key "=" { value }
    value      = word | quoted
    quoted     = "'" text "'" | '"' text '"'

 - The name and C{on} or C{off} stand on one line; the rest may be on many.
 - Blanks part words.  C{#} outside of quotes starts a comment that ends with its
   line, wherever it stands.
 - A word after C{=} ends before a blank, C{,}, C{;} or C{#}; other characters in it
   are themselves, but for quotes, of which there is none in a word: one that is
   quoted in part has a meaning only to a shell.
 - A quoted word ends at the same quote on the same line.  In it C{\\ \n \t \r \' \"}
   and C{\xHH} (a byte) are what they are in C; another backslash is an error.

What is wrong with a definition costs this definition only.  Reading goes on after the
C{;} that ends it; or, where that is missing, at the first line that begins like an
entry of either form, which a line within a definition never does.

The time taken is linear in the size of the file: no character is looked at more than
a few times.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from txinetd.config.keyvalue.definition import Definition, Pair, Problem
from txinetd.config.keyvalue.shapes import BLANKS, KEY, QUOTED, START, WORD, beginsEntry, unescaped
from txinetd.config.lexer import Token
from txinetd.config.text import shown

__all__ = ["Reader"]


_SKIPPED = re.compile(f"[{BLANKS}]*")


_INNER_QUOTE = re.compile(r"[\"']")


_PLAIN = re.compile(r"[^;#\"']+")


class _Trouble(Exception):
    """
    A definition cannot be read further.

    @ivar problem: why.
    @ivar ended: whether the definition ends here, and a next line begins another.
    """

    def __init__(self, problem: Problem, ended: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.ended = ended


class Reader:
    """
    Reads definitions from lines.

    @ivar line: the index of the line that comes next.
    @ivar column: where in it.
    """

    def __init__(self, lines: Sequence[str], line: int = 0) -> None:
        self._lines = lines
        self._last = Token("", 0, 0)
        self.line = line
        self.column = 0

    def definition(self) -> Definition:
        """
        Read one definition, from where L{isStart} says that one begins; go on behind
        its C{;}, or where the next begins.
        """
        match = START.match(self._lines[self.line], self.column)
        assert match is not None  # The caller has looked.
        word, enabled = match.group(1), match.group(2) == "on"
        first = self.line
        name = Token(word, self.line + 1, match.start(1) + 1)
        pairs: list[Pair] = []
        try:
            if word[0] in "\"'":
                self.column = match.start(1)
                name = self._quoted()
            self._last = Token(match.group(2), first + 1, match.start(2) + 1)
            self.column = match.end()
            while True:
                pair = self._pair()
                if pair is None:
                    break
                pairs.append(pair)
        except _Trouble as trouble:
            problem = trouble.problem
            last = first if trouble.ended else self._recover()
            if last + 1 > problem.token.line:
                where = f"the entry is skipped up to line {last + 1}"
                hint = f"{problem.hint}; {where}" if problem.hint else where
                problem = attrs.evolve(problem, hint=hint)
            return Definition(name, enabled, tuple(pairs), problem)
        return Definition(name, enabled, tuple(pairs))

    def _here(self, text: str = "") -> Token:
        """
        A token at this place.
        """
        return Token(text, self.line + 1, self.column + 1)

    def _next(self) -> str:
        """
        Go to the next character that is neither blank nor in a comment.
        """
        while True:
            text = self._lines[self.line]
            blanks = _SKIPPED.match(text, self.column)
            assert blanks is not None  # It matches nothing, too.
            self.column = blanks.end()
            if self.column < len(text) and text[self.column] != "#":
                return text[self.column]
            if self.line + 1 == len(self._lines):
                self.line, self.column = self.line + 1, 0
                raise _Trouble(self._unfinished("the end of the file"), ended=True)
            self.line, self.column = self.line + 1, 0
            if beginsEntry(self._lines[self.line]):
                found = f"another entry on line {self.line + 1}"
                raise _Trouble(self._unfinished(found), ended=True)

    def _unfinished(self, found: str) -> Problem:
        """
        The C{;} is missing.
        """
        hint = "the entry has no ; at its end"
        expected = f"; after {shown(self._last.text)}"
        return Problem("unfinished-entry", self._last, found, expected, hint)

    def _pair(self) -> Pair | None:
        """
        Read a key and its values, with the comma after them.

        @return: C{None} at the C{;}.
        """
        character = self._next()
        if character == ";":
            self.column += 1
            return None
        text = self._lines[self.line]
        match = KEY.match(text, self.column)
        if match is None:
            token = self._here(character)
            raise _Trouble(Problem("missing-key", token, shown(character), "a key, = and values"))
        key = self._last = self._here(match.group())
        self.column = match.end()
        character = self._next()
        if character != "=":
            word = KEY.match(self._lines[self.line], self.column)
            found = f"{shown(word.group() if word else character)} after {shown(key.text)}"
            raise _Trouble(Problem("missing-equals", key, found, f"{key.text} = ..."))
        self.column += 1
        values: list[Token] = []
        while True:
            character = self._next()
            if character == ";":
                break
            if character == ",":
                self.column += 1
                break
            if character == "=" and values:
                hint = f"is the comma before {shown(values[-1].text)} missing?"
                found = f"a second = for {shown(key.text)}"
                raise _Trouble(Problem("missing-comma", self._here("="), found, "a value", hint))
            self._last = self._quoted() if character in "\"'" else self._word()
            values.append(self._last)
        return Pair(key, tuple(values))

    def _word(self) -> Token:
        """
        Read a word without quotes.
        """
        match = WORD.match(self._lines[self.line], self.column)
        assert match is not None  # It is neither blank nor one of the others.
        word = match.group()
        token = self._here(word)
        self.column = match.end()
        partial = _INNER_QUOTE.search(word)
        if partial is not None:
            # From the quote on, so that what it holds ends nothing.
            self.column = match.start() + partial.start()
            hint = "put all of it between quotes"
            expected = "a word without quotes in it"
            raise _Trouble(Problem("quote-in-word", token, shown(word), expected, hint))
        return token

    def _quoted(self) -> Token:
        """
        Read a word between quotes.
        """
        text = self._lines[self.line]
        quote = text[self.column]
        match = QUOTED[quote].match(text, self.column)
        if match is None:
            token = self._here(text[self.column :])
            self._giveUpLine()
            expected = f"a closing {quote} on the same line"
            raise _Trouble(Problem("unterminated-quote", token, shown(token.text), expected))
        word = unescaped(match.group()[1:-1])
        token = attrs.evolve(self._here(match.group() if word is None else word), quoted=True)
        self.column = match.end()
        if word is None:
            expected = "\\\\, \\n, \\t, \\r, \\', \\\" or \\xHH between quotes"
            raise _Trouble(Problem("bad-escape", token, shown(token.text), expected))
        after = text[self.column : self.column + 1]
        if after and after not in f"{BLANKS},;#":
            found = shown(text[self.column : self.column + 100])
            raise _Trouble(
                Problem("text-after-quote", self._here(after), found, "a blank after a quote")
            )
        return token

    def _giveUpLine(self) -> None:
        """
        A quote does not end: what follows on this line is part of it, but for a C{;}
        at the very end, which will have been meant as one.
        """
        text = self._lines[self.line].rstrip(BLANKS)
        self.column = len(text) - text.endswith(";")

    def _recover(self) -> int:
        """
        Go behind the next C{;} that is not between quotes, or to the next line that
        begins an entry.

        @return: the index of the last line of which something was skipped.
        """
        while self.line < len(self._lines):
            text = self._lines[self.line]
            while self.column < len(text) and text[self.column] not in "#;":
                known = QUOTED.get(text[self.column], _PLAIN)
                passed = known.match(text, self.column)
                if passed is None:
                    self._giveUpLine()
                else:
                    self.column = passed.end()
            if text[self.column : self.column + 1] == ";":
                self.column += 1
                return self.line
            self.line, self.column = self.line + 1, 0
            if self.line < len(self._lines) and beginsEntry(self._lines[self.line]):
                break
        return self.line - 1
