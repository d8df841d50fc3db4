# -*- test-case-name: tests.test_config_xinetd_blocks -*-
"""
The grammar of an xinetd.conf(5)::

    file      = { entry }
    entry     = "service" NAME block | "defaults" block
              | "include" FILE | "includedir" DIRECTORY
    block     = "{" { attribute } "}"              each on a line of its own
    attribute = NAME ("=" | "+=" | "-=") { word }

Names of attributes may be written in capitals.

What does not fit costs the entry it stands in and no other: where xinetd skips the
rest of a file after a missing brace, the next C{service} begins anew here.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from txinetd.config.lexer import Token
from txinetd.config.text import shown
from txinetd.config.xinetd.lexer import MAXIMUM_LINE, Words, lines

__all__ = ["MAXIMUM_BLOCK", "Block", "Fault", "Include", "Setting", "Stray", "blocks"]

#: The lines of a block: far more than there are attributes.
MAXIMUM_BLOCK = 10_000

_OPERATORS = frozenset({"=", "+=", "-="})
_KEYWORDS = frozenset({"service", "defaults", "include", "includedir"})
_ENTRY = "service NAME, defaults, include FILE or includedir DIRECTORY"
_ATTRIBUTE = "an attribute, = and its values, with blanks between them"
_ALONE = "a brace alone on its line"


@attrs.frozen
class Fault:
    """
    Something that does not fit the grammar.

    @ivar token: where.
    @ivar fatal: whether the entry cannot be used because of it.
    @ivar attribute: the attribute that it leaves unread, in small letters, or empty.
    """

    code: str
    token: Token
    found: str
    expected: str
    hint: str = ""
    fatal: bool = True
    attribute: str = ""


@attrs.frozen
class Setting:
    """
    One attribute of a block.

    @ivar attribute: its name, where it stands.
    @ivar operator: C{=}, C{+=} or C{-=}.
    @ivar words: the rest of the line.
    """

    attribute: Token
    operator: str
    words: tuple[Token, ...]

    @property
    def name(self) -> str:
        """
        The attribute's name in small letters.
        """
        return self.attribute.text.lower()


@attrs.frozen
class Block:
    """
    A service, or what holds for all of them.

    @ivar keyword: where it begins.
    @ivar name: the service; C{None} for C{defaults}.
    @ivar settings: its attributes, in order.
    @ivar faults: what is wrong in it.
    """

    keyword: Token
    name: Token | None
    settings: tuple[Setting, ...]
    faults: tuple[Fault, ...]


@attrs.frozen
class Include:
    """
    Other files to be read.

    @ivar keyword: C{include} or C{includedir}.
    @ivar path: which.
    """

    keyword: Token
    path: Token


@attrs.frozen
class Stray:
    """
    A line that belongs to no entry.

    @ivar fault: what to say about it.
    """

    fault: Fault


def blocks(text: str) -> Iterator[Block | Include | Stray]:
    """
    Take a file apart.

    @param text: from L{txinetd.config.lexer.decoded}.
    """
    reading = _Reading()
    for words in lines(text):
        yield from reading.line(words)
    yield from reading.end()


@attrs.define
class _Reading:
    """
    One file being read.

    @ivar open: the block that has begun.
    @ivar skipping: whether lines are passed over until an entry begins.
    """

    open: _Open | None = None
    skipping: bool = False

    def line(self, words: Words) -> Iterator[Block | Include | Stray]:
        """
        Take one line.
        """
        if self.open is not None:
            if not _begins(words):
                if self.open.line(words):
                    yield self._finish(self.open)
                return
            self.open.unfinished(words[0], shown(words[0].text))
            yield self._finish(self.open)
        yield from self._outside(words)

    def end(self) -> Iterator[Block]:
        """
        Take the end of the file.
        """
        if self.open is not None:
            self.open.unfinished(self.open.keyword, "the end of the file")
            yield self._finish(self.open)

    def _finish(self, block: _Open) -> Block:
        """
        Leave a block.
        """
        self.open, self.skipping = None, block.headless
        return Block(block.keyword, block.name, tuple(block.settings), tuple(block.faults))

    def _outside(self, words: Words) -> Iterator[Include | Stray]:
        """
        Take a line between entries.
        """
        first = words[0]
        flaw = _unreadable(words)
        if first.text not in _KEYWORDS or flaw is not None:
            if not self.skipping:
                hint = "the lines up to the next entry are left out"
                yield Stray(flaw or Fault("stray-line", first, shown(first.text), _ENTRY, hint))
            self.skipping = True
            return
        self.skipping = False
        if first.text == "defaults":
            self.open = _Open(first, None)
            self.open.head(words[1:])
        elif len(words) < 2:
            self.skipping = True
            yield Stray(Fault("stray-line", first, f"{shown(first.text)} alone", _ENTRY))
        elif first.text == "service":
            self.open = _Open(first, words[1])
            self.open.head(words[2:])
        elif len(words) > 2:
            expected = "one path, without blanks"
            yield Stray(Fault("stray-line", words[2], shown(words[2].text), expected))
        else:
            yield Include(first, words[1])


@attrs.define
class _Open:
    """
    A block in the making.

    @ivar headless: whether its opening brace has not been seen.
    @ivar count: its lines so far.
    """

    keyword: Token
    name: Token | None
    settings: list[Setting] = attrs.field(factory=list)
    faults: list[Fault] = attrs.field(factory=list)
    headless: bool = True
    count: int = 0

    def head(self, rest: Words) -> None:
        """
        Take what follows C{service NAME} or C{defaults} on the line.
        """
        if rest:
            expected = "{ on the next line" if rest[0].text == "{" else "nothing more on the line"
            self.faults.append(Fault("missing-brace", rest[0], shown(rest[0].text), expected))

    def line(self, words: Words) -> bool:
        """
        Take a line.

        @return: whether the block is over.
        """
        first = words[0]
        flaw = _unreadable(words)
        self.count += 1
        if self.count > MAXIMUM_BLOCK and first.text != "}":
            if self.count == MAXIMUM_BLOCK + 1:
                expected = f"a block of at most {MAXIMUM_BLOCK} lines"
                self.faults.append(Fault("block-too-long", first, "more lines", expected))
        elif flaw is not None:
            self.faults.append(flaw)
        elif self.headless:
            if first.text == "{":
                self.headless = False
                if len(words) > 1:
                    self._add("text-after-brace", words[1], _ALONE)
                return False
            if not self.faults:
                self._add("missing-brace", first, "{ alone on the line", fatal=True)
            return True
        elif first.text.startswith("}"):
            if first.text != "}" or len(words) > 1:
                self._add("text-after-brace", first, _ALONE)
            return True
        elif len(words) > 1 and words[1].text in _OPERATORS:
            self.settings.append(Setting(first, words[1].text, words[2:]))
        else:
            self._badOperator(words)
        return False

    def _badOperator(self, words: Words) -> None:
        """
        A line without an operator of its own.
        """
        first = words[0]
        found = " ".join(word.text for word in words[:2])
        hint = "write blanks on both sides of =" if "=" in found else ""
        name = first.text.partition("=")[0].rstrip("+-").lower()
        self.faults.append(
            Fault("bad-operator", first, shown(found), _ATTRIBUTE, hint, attribute=name)
        )

    def _add(self, code: str, token: Token, expected: str, fatal: bool = False) -> None:
        """
        Note a fault.
        """
        self.faults.append(Fault(code, token, shown(token.text), expected, fatal=fatal))

    def unfinished(self, token: Token, found: str) -> None:
        """
        It is over without its closing brace.

        @param token: where to say so.
        @param found: what is there instead.
        """
        if not (self.headless and self.faults):
            expected = f"{'{' if self.headless else '}'} before it"
            self.faults.append(Fault("missing-brace", token, found, expected))


def _begins(words: Words) -> bool:
    """
    Whether a line inside of a block is the beginning of another entry.
    """
    if words[0].text not in _KEYWORDS:
        return False
    return len(words) == 1 or words[1].text not in _OPERATORS


def _unreadable(words: Words) -> Fault | None:
    """
    What no line can have.
    """
    last = words[-1]
    name = words[0].text.lower()[:64]
    if len(last.text) > MAXIMUM_LINE:
        expected = f"at most {MAXIMUM_LINE} characters"
        return Fault("line-too-long", last, "a longer line", expected, attribute=name)
    for word in words:
        if "\0" in word.text:
            hint = "is the file UTF-16, or no text at all?"
            return Fault("nul-byte", word, "a NUL character", "text", hint, attribute=name)
    return None
