# -*- test-case-name: tests.test_config_lexer -*-
"""
Tests for L{txinetd.config.lexer}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txinetd.config.lexer import MAXIMUM_ENTRY, Entry, decoded, lex


def entries(text: str | bytes) -> list[Entry]:
    """
    All entries of a text.
    """
    return list(lex(decoded(text if isinstance(text, bytes) else text.encode())))


def words(text: str | bytes) -> list[list[str]]:
    """
    The words of all entries of a text.
    """
    return [[each.text for each in entry.tokens] for entry in entries(text)]


def flaws(text: str | bytes) -> list[str]:
    """
    The codes of all flaws of a text.
    """
    return [flaw.code for entry in entries(text) for flaw in entry.flaws]


class LexTests(SynchronousTestCase):
    """
    Tests for L{lex}.
    """

    def test_words(self) -> None:
        """
        Words are separated by any number of spaces and tabs.
        """
        self.assertEqual(words("a \t b\tc  \n"), [["a", "b", "c"]])

    def test_positions(self) -> None:
        """
        A word knows its line and its column, counted from 1 in characters.
        """
        entry = entries("\n\u00e9 \tb\n")[0]
        self.assertEqual([(each.line, each.column) for each in entry.tokens], [(2, 1), (2, 4)])

    def test_noFinalNewline(self) -> None:
        """
        The last line needs no end.
        """
        self.assertEqual(words("a\nb"), [["a"], ["b"]])

    def test_carriageReturns(self) -> None:
        """
        Lines may end with CR LF.
        """
        self.assertEqual(words("a b\r\n\r\nc\r\n"), [["a", "b"], ["c"]])

    def test_byteOrderMark(self) -> None:
        """
        A byte order mark is not part of the first word.
        """
        self.assertEqual(words(b"\xef\xbb\xbfa b"), [["a", "b"]])

    def test_comment(self) -> None:
        """
        A line that begins with # is a comment.
        """
        self.assertEqual(words("#ssh#stream tcp\na"), [["a"]])

    def test_trailingComment(self) -> None:
        """
        # at the beginning of a word starts a comment.
        """
        entry = entries("a b # c d\n")[0]
        self.assertEqual([each.text for each in entry.tokens], ["a", "b"])
        assert entry.comment is not None
        self.assertEqual((entry.comment.text, entry.comment.column), ("# c d", 5))

    def test_hashInsideWord(self) -> None:
        """
        # inside a word is an ordinary character.
        """
        self.assertEqual(words("a b#c"), [["a", "b#c"]])

    def test_policyComment(self) -> None:
        """
        A comment that some systems read is handed on.
        """
        entry = entries("#@ in ipsec")[0]
        self.assertEqual(entry.tokens, ())
        assert entry.comment is not None
        self.assertEqual(entry.comment.text, "#@ in ipsec")

    def test_continuation(self) -> None:
        """
        A line that begins with a blank continues the one before it.
        """
        self.assertEqual(words("a b\n\tc\n d\ne"), [["a", "b", "c", "d"], ["e"]])

    def test_continuationPosition(self) -> None:
        """
        A word on a continuation line is placed where it stands.
        """
        token = entries("a\n  b")[0].tokens[1]
        self.assertEqual((token.line, token.column), (2, 3))

    def test_blankLineEnds(self) -> None:
        """
        After a blank line nothing is continued.
        """
        self.assertEqual(words("a\n \t\n b"), [["a"], ["b"]])

    def test_commentLineEnds(self) -> None:
        """
        After a comment line nothing is continued, as in the BSD inetds.
        """
        self.assertEqual(words("a\n# x\n b"), [["a"], ["b"]])

    def test_indentedComment(self) -> None:
        """
        An indented comment inside an entry is no argument, and does not end it.
        """
        self.assertEqual(words("a\n  # x\n b"), [["a", "b"]])

    def test_indentedCommentFirst(self) -> None:
        """
        An indented comment is not continued by an indented entry.
        """
        found = entries("  # x\n  a\n")
        self.assertEqual([[each.text for each in entry.tokens] for entry in found], [["a"]])
        self.assertIsNone(found[0].comment)

    def test_backslash(self) -> None:
        """
        A backslash at the end of a line continues the entry.
        """
        self.assertEqual(words("a \\\nb\n"), [["a", "b"]])

    def test_backslashCarriageReturn(self) -> None:
        """
        The same where the line ends with CR LF.
        """
        self.assertEqual(words("a \\\r\nb\r\n"), [["a", "b"]])

    def test_backslashInsideWord(self) -> None:
        """
        A backslash directly after a word continues the word, as in sh(1).
        """
        self.assertEqual(words("a b\\\nc d"), [["a", "bc", "d"]])

    def test_backslashAtTheEnd(self) -> None:
        """
        A backslash before the end of the file continues nothing.
        """
        self.assertEqual(words("a b\\"), [["a", "b"]])

    def test_backslashInComment(self) -> None:
        """
        A comment never swallows the next line.
        """
        self.assertEqual(words("# x \\\na # y \\\nb"), [["a"], ["b"]])

    def test_doubleQuotes(self) -> None:
        """
        Double quotes keep blanks and hashes together.
        """
        self.assertEqual(words('a "b # c" d'), [["a", "b # c", "d"]])

    def test_escapes(self) -> None:
        """
        Between double quotes a backslash escapes a quote and a backslash only.
        """
        self.assertEqual(words(r'"a\"b\\c\nd"'), [['a"b\\c\\nd']])

    def test_singleQuotes(self) -> None:
        """
        Between single quotes everything is itself.
        """
        self.assertEqual(words(r"""'a\"b' c"""), [['a\\"b', "c"]])

    def test_emptyWord(self) -> None:
        """
        Two quotes are an empty word.
        """
        self.assertEqual(words("a '' \"\""), [["a", "", ""]])

    def test_quoteInsideWord(self) -> None:
        """
        A quote inside a word is an ordinary character.
        """
        self.assertEqual(words('a it\'s x="1 2"'), [["a", "it's", 'x="1', '2"']])

    def test_unterminatedQuote(self) -> None:
        """
        A quote that is not closed is a flaw of its line and of no other.
        """
        text = "a 'b\nc d"
        self.assertEqual(words(text)[1], ["c", "d"])
        self.assertEqual(flaws(text), ["unterminated-quote"])

    def test_unterminatedQuoteAndBackslash(self) -> None:
        """
        The same where the line ends in a backslash.
        """
        self.assertEqual(words('a "b \\\nc d')[1], ["c", "d"])

    def test_textAfterQuote(self) -> None:
        """
        What is glued to a closing quote is a word of its own, and a flaw.
        """
        self.assertEqual(words('"a b"c'), [["a b", "c"]])
        self.assertEqual(flaws('"a b"c'), ["text-after-quote"])

    def test_nul(self) -> None:
        """
        A NUL character is a flaw, placed where it stands.
        """
        flaw = entries("ab\0c")[0].flaws[0]
        self.assertEqual((flaw.code, flaw.token.column), ("nul-byte", 3))

    def test_loneCarriageReturn(self) -> None:
        """
        A carriage return inside a line is a flaw, in a comment too.
        """
        self.assertEqual(flaws("# a\rb stream\n"), ["carriage-return"])

    def test_tooLong(self) -> None:
        """
        An entry that is too long is a flaw; the next one is not affected.
        """
        text = f"first {'x ' * MAXIMUM_ENTRY}\nsecond"
        self.assertEqual(flaws(text), ["line-too-long"])
        self.assertEqual(words(text), [["first"], ["second"]])

    def test_tooManyContinuations(self) -> None:
        """
        Continuation lines count towards the length of their entry, and the
        entry keeps its name.
        """
        text = "first\n" + " x\n" * MAXIMUM_ENTRY + "second"
        self.assertEqual(flaws(text), ["line-too-long"])
        found = words(text)
        self.assertEqual((found[0][0], found[1:]), ("first", [["second"]]))

    def test_entryAsContinuation(self) -> None:
        """
        A continuation line that looks like an entry is a flaw.
        """
        text = "a stream tcp nowait root /x x\n b stream tcp nowait root /y y\n"
        self.assertEqual(flaws(text), ["continuation-looks-like-entry"])

    def test_ordinaryContinuation(self) -> None:
        """
        Arguments on a continuation line are none.
        """
        self.assertEqual(flaws("a stream tcp nowait root /x x\n -l stream\n"), [])

    @given(st.binary())
    def test_anything(self, data: bytes) -> None:
        """
        Whatever the bytes are, they are split, and every place is in the file.
        """
        lines = decoded(data).split("\n")
        for entry in lex(decoded(data)):
            found = [*entry.tokens, *(flaw.token for flaw in entry.flaws)]
            if entry.comment is not None:
                found.append(entry.comment)
            for token in found:
                self.assertLessEqual(token.column, len(lines[token.line - 1]))
                self.assertGreaterEqual(token.column, 1)

    @given(st.lists(st.binary(min_size=1), min_size=1))
    def test_bytesSurvive(self, arguments: list[bytes]) -> None:
        """
        Arguments keep their bytes, whatever the encoding.
        """
        plain = [
            bytes(byte for byte in argument if byte not in b" \t\r\n\0") for argument in arguments
        ]
        line = b"x " + b" ".join(b"x" + argument + b"x" for argument in plain)
        self.assertEqual(
            [token.value for token in entries(line)[0].tokens[1:]],
            [b"x" + argument + b"x" for argument in plain],
        )

    @given(st.text(alphabet=st.characters(exclude_characters="\r\n\0", codec="utf-8")))
    def test_quotingKeepsAll(self, text: str) -> None:
        """
        Between double quotes, with its two escapes, any text is one word.
        """
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        self.assertEqual(words(f'x "{escaped}"'), [["x", text]])
