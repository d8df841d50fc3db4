# -*- test-case-name: tests.test_config_lexer -*-
"""
One entry in the making: from physical lines that belong together to words, and what is
to be said about them.  The rules are in L{txinetd.config.lexer}.
"""

from __future__ import annotations

import re

import attrs

from txinetd.config.rules import Comments, Lexing, Quotes

__all__ = ["MAXIMUM_ENTRY", "Builder", "Entry", "Flaw", "Token"]

#: The characters an entry may have, continuation lines included.  Far more
#: than execve(2) would refuse first on some systems, far less than would hurt.
MAXIMUM_ENTRY = 65536

#: How much of an over-long line is looked at, to tell which service it is.
_LABEL = 4096

_BARE = re.compile(r"[^ \t]+")
_BLANKS = re.compile(r"[ \t]*")
_DOUBLE = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"')
_SINGLE = re.compile(r"'([^']*)'")
_PLAIN_DOUBLE = re.compile(r'"([^"]*)"')
#: A piece of a word in which quotes may stand anywhere.
_PIECE = re.compile(r"""[^ \t"']+|"[^"]*"|'[^']*'""")
_ESCAPE = re.compile(r'\\(["\\])')

#: What the second and third field of an entry look like, to recognise a
#: continuation line that was meant to be one.
_TYPES = frozenset({"stream", "dgram", "raw", "rdm", "seqpacket"})
_PROTOCOL = re.compile(r"(?:rpc/)?(?:tcp|udp)|unix$")


@attrs.frozen
class Token:
    """
    A word and where it stands.

    @ivar text: the word, without its quotes.
    @ivar line: from 1.
    @ivar column: from 1, in characters.
    @ivar quoted: whether it stood between quotes.
    """

    text: str
    line: int
    column: int
    quoted: bool = False

    @property
    def value(self) -> bytes:
        """
        The bytes as they are in the file.
        """
        return self.text.encode("utf-8", "surrogateescape")


@attrs.frozen
class Flaw:
    """
    Something about an entry that its words do not show.

    @ivar code: C{unterminated-quote}, C{text-after-quote}, C{nul-byte},
        C{line-too-long}, C{long-line}, C{carriage-return},
        C{continuation-looks-like-entry}, C{backslash-continuation} or
        C{backslash-argument}.
    @ivar token: where, and what stands there.
    """

    code: str
    token: Token


@attrs.frozen
class Entry:
    """
    One logical line.

    @ivar tokens: its words.  Empty for a line that is only a comment of a kind
        that means something to some system (C{#@}), which is in C{comment}.
    @ivar comment: the first comment in it, if any.
    @ivar flaws: what is to be said about it.
    """

    tokens: tuple[Token, ...]
    comment: Token | None = None
    flaws: tuple[Flaw, ...] = ()


class Builder:
    """
    An entry in the making.

    @ivar glued: the last line ended inside a word (a backslash after it), so
        that the next line begins with the rest of that word.
    """

    def __init__(self, lexing: Lexing) -> None:
        self.lexing = lexing
        self.tokens: list[Token] = []
        self.flaws: list[Flaw] = []
        self.comment: Token | None = None
        self.size = 0
        self.glued = False
        self.broken = False

    def finish(self) -> Entry:
        """
        The entry.
        """
        return Entry(tuple(self.tokens), self.comment, tuple(self.flaws))

    def add(self, text: str, number: int, continued: bool) -> bool:
        """
        Take one physical line.

        @param text: the line without its end.
        @param number: its number.
        @param continued: whether it continues another.
        @return: whether the next line belongs to this entry because this one
            ends in a backslash.
        """
        self.size += len(text)
        if self.size > MAXIMUM_ENTRY:
            if not self.broken:
                self.broken = True
                self._words(text[:_LABEL], number, first=not self.tokens)
                self.flaws.append(Flaw("line-too-long", Token(text[:_LABEL], number, 1)))
            return False
        if self.lexing.longest is not None and len(text) > self.lexing.longest:
            self.flaws.append(Flaw("long-line", Token(text[:_LABEL], number, 1)))
        backslash = text.endswith("\\") and self.lexing.continuation.byBackslash
        body = text[:-1] if backslash else text
        before = len(self.tokens)
        commented = self._words(body, number)
        if "\0" in text:
            self.flaws.append(Flaw("nul-byte", Token("\0", number, text.index("\0") + 1)))
        if "\r" in text:
            column = text.index("\r") + 1
            self.flaws.append(Flaw("carriage-return", Token("\r", number, column)))
        if continued and before and _looksLikeEntry(self.tokens[before:]):
            self.flaws.append(Flaw("continuation-looks-like-entry", self.tokens[before]))
        if commented is None and not backslash and text.endswith("\\"):
            self.flaws.append(Flaw("backslash-argument", Token("\\", number, len(text))))
        if commented is not None:
            self.glued = False
            self.comment = self.comment or commented
            return False
        if self.flaws and self.flaws[-1].code == "unterminated-quote":
            # The next line must not pay for this one.
            self.glued = False
            return False
        if backslash:
            self.flaws.append(Flaw("backslash-continuation", Token("\\", number, len(text))))
            self.glued = bool(self.tokens) and bool(body) and body[-1] not in " \t"
            self.glued = self.glued and not self.tokens[-1].quoted
        else:
            self.glued = False
        return backslash

    def _words(self, body: str, number: int, first: bool = False) -> Token | None:
        """
        Split one line into words.

        @param first: stop after one word.
        @return: the comment that ends the line, if any.
        """
        position = 0
        comment: Token | None = None
        if self.lexing.comments is Comments.ANYWHERE:
            cut = body.find("#")
            if cut >= 0:
                comment = Token(body[cut:], number, cut + 1)
                body = body[:cut]
        if self.glued and self.tokens:
            rest = _BARE.match(body)
            if rest is not None:
                last = self.tokens[-1]
                self.tokens[-1] = attrs.evolve(last, text=last.text + rest.group())
                position = rest.end()
        while True:
            blanks = _BLANKS.match(body, position)
            assert blanks is not None  # It matches nothing, too.
            position = blanks.end()
            if position == len(body):
                return comment
            character = body[position]
            if character == "#" and self.lexing.comments is Comments.WORD:
                return Token(body[position:], number, position + 1)
            position = self._word(body, number, position)
            if first:
                return comment

    def _word(self, body: str, number: int, position: int) -> int:
        """
        Take one word, which begins here.

        @return: where the next thing begins.
        """
        quotes = self.lexing.quotes
        if quotes is Quotes.ANYWHERE:
            return self._pieces(body, number, position)
        if quotes is not Quotes.NONE and body[position] in "\"'":
            return self._quoted(body, number, position)
        word = _BARE.match(body, position)
        assert word is not None  # It is not a blank and not the end.
        self.tokens.append(Token(word.group(), number, position + 1))
        return word.end()

    def _pieces(self, body: str, number: int, position: int) -> int:
        """
        Take one word in which quotes may stand anywhere.

        @return: where the next thing begins.
        """
        start, text, quoted = position, [], False
        while position < len(body) and body[position] not in " \t":
            piece = _PIECE.match(body, position)
            if piece is None:
                token = Token(body[position:], number, position + 1)
                self.tokens.append(token)
                self.flaws.append(Flaw("unterminated-quote", token))
                return len(body)
            found = piece.group()
            inside = found[0] in "\"'"
            quoted = quoted or inside
            text.append(found[1:-1] if inside else found)
            position = piece.end()
        self.tokens.append(Token("".join(text), number, start + 1, quoted))
        return position

    def _quoted(self, body: str, number: int, position: int) -> int:
        """
        Take one quoted word.

        @return: where the next thing begins.
        """
        double = body[position] == '"'
        escaped = double and self.lexing.quotes is Quotes.ESCAPED
        pattern = _SINGLE if not double else _DOUBLE if escaped else _PLAIN_DOUBLE
        word = pattern.match(body, position)
        if word is None:
            token = Token(body[position:], number, position + 1)
            self.tokens.append(token)
            self.flaws.append(Flaw("unterminated-quote", token))
            return len(body)
        text = _ESCAPE.sub(r"\1", word.group(1)) if escaped else word.group(1)
        self.tokens.append(Token(text, number, position + 1, quoted=True))
        end = word.end()
        if end < len(body) and body[end] not in " \t":
            self.flaws.append(Flaw("text-after-quote", Token(body[end:], number, end + 1)))
        return end


def _looksLikeEntry(tokens: list[Token]) -> bool:
    """
    Whether these words could be an entry of their own.
    """
    return (
        len(tokens) >= 3
        and tokens[1].text in _TYPES
        and _PROTOCOL.match(tokens[2].text) is not None
    )
