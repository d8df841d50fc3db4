# -*- test-case-name: tests.test_config_inetd -*-
"""
What to say about an entry's L{flaws<txinetd.config.lexer.Flaw>}, and about words
that another inetd would split elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable

from txinetd.config.lexer import MAXIMUM_ENTRY, Entry, Flaw
from txinetd.config.reporter import Reporter
from txinetd.config.rules import Comments, Quotes, Rules
from txinetd.config.text import shown

__all__ = ["reportFlaws", "reportWords"]


def _unterminated(flaw: Flaw, reporter: Reporter) -> None:
    """
    A quote that its line does not close.
    """
    expected = f"a closing {flaw.token.text[:1]} on the same line"
    reporter.drop(flaw.code, flaw.token, shown(flaw.token.text), expected)


def _afterQuote(flaw: Flaw, reporter: Reporter) -> None:
    """
    Something glued to a closing quote.
    """
    hint = "what follows the quote is a word of its own here"
    reporter.warn(flaw.code, flaw.token, shown(flaw.token.text), "a blank after a quote", hint)


def _nul(flaw: Flaw, reporter: Reporter) -> None:
    """
    A character that no argument can hold.
    """
    hint = "is the file UTF-16, or no text at all?"
    reporter.drop(flaw.code, flaw.token, "a NUL character", "text", hint)


def _tooLong(flaw: Flaw, reporter: Reporter) -> None:
    """
    More than any entry needs.
    """
    expected = f"at most {MAXIMUM_ENTRY} characters"
    reporter.drop(flaw.code, flaw.token, "a longer line", expected)


def _carriageReturn(flaw: Flaw, reporter: Reporter) -> None:
    """
    A file in which CR alone was to end lines.
    """
    hint = "lines that end with CR alone are not separate lines"
    reporter.warn(flaw.code, flaw.token, "a carriage return inside a line", "LF or CR LF", hint)


def _continuation(flaw: Flaw, reporter: Reporter) -> None:
    """
    A service that has become the arguments of another.
    """
    hint = "it begins with a blank or follows a backslash, so it is part of the entry before it"
    found = f"a continuation line that looks like an entry, {shown(flaw.token.text)}"
    reporter.warn(flaw.code, flaw.token, found, "entries without blanks before them", hint)


def _longLine(flaw: Flaw, reporter: Reporter) -> None:
    """
    More than the original's buffer holds.
    """
    hint = "it is read whole; the daemon this dialect is of would make two lines of it"
    reporter.warn(flaw.code, flaw.token, "a very long line", "a shorter line", hint)


def _backslashArgument(flaw: Flaw, reporter: Reporter) -> None:
    """
    What is a continuation only elsewhere.
    """
    hint = "it does not continue the line in this dialect: it is part of a word"
    reporter.warn(flaw.code, flaw.token, "a backslash at the end of a line", "none", hint)


def _backslash(flaw: Flaw, reporter: Reporter) -> None:
    """
    A continuation that few others know.
    """
    hint = "it continues the line here; to Debian's inetd and the BSDs it is an argument"
    reporter.note(flaw.code, flaw.token, "a backslash at the end of a line", "none", hint)


_FLAWS: dict[str, Callable[[Flaw, Reporter], None]] = {
    "unterminated-quote": _unterminated,
    "text-after-quote": _afterQuote,
    "nul-byte": _nul,
    "line-too-long": _tooLong,
    "carriage-return": _carriageReturn,
    "continuation-looks-like-entry": _continuation,
    "backslash-continuation": _backslash,
    "backslash-argument": _backslashArgument,
    "long-line": _longLine,
}

#: What is only of interest where a line is to mean the same elsewhere.
_ELSEWHERE = frozenset({"backslash-continuation"})


def reportFlaws(entry: Entry, reporter: Reporter, rules: Rules) -> None:
    """
    Say what the lexer found.
    """
    for flaw in entry.flaws:
        if rules.notes or flaw.code not in _ELSEWHERE:
            _FLAWS[flaw.code](flaw, reporter)


def reportWords(entry: Entry, reporter: Reporter, rules: Rules) -> None:
    """
    Say where words are not those that they look like, or that another inetd would see.
    """
    if rules.notes:
        _reportOthers(entry, reporter)
    if rules.lexing.quotes is Quotes.NONE:
        quoted = [each for each in entry.tokens if each.text[0] in "\"'"]
        if quoted:
            hint = "there are no quotes in this dialect: they are passed on"
            reporter.warn("quote-as-argument", quoted[0], shown(quoted[0].text), "none", hint)
    if rules.lexing.comments is Comments.LINE:
        for token in entry.tokens[6:]:
            if token.text.startswith("#") and not token.quoted:
                hint = "in this dialect a comment is a line of its own: these are arguments"
                reporter.warn("comment-as-argument", token, shown(token.text), "none", hint)
                break
    comment = entry.comment
    if rules.lexing.comments is Comments.ANYWHERE and comment is not None and entry.tokens:
        last = entry.tokens[-1]
        if (last.line, last.column + len(last.text)) == (comment.line, comment.column):
            hint = "in this dialect it is a comment even within a word"
            found = shown(last.text + comment.text)
            reporter.warn("comment-in-word", comment, found, "a blank before a comment", hint)


def _reportOthers(entry: Entry, reporter: Reporter) -> None:
    """
    Say where another inetd would see other words.
    """
    for token in entry.tokens:
        if token.quoted and (" " in token.text or "\t" in token.text):
            hint = "Debian's inetd and others without quoting would split it"
            reporter.warn("quoted-blank", token, shown(token.text), "no quotes", hint)
        elif token.quoted:
            hint = "Debian's inetd and others without quoting would pass the quotes on"
            reporter.note("quoted", token, shown(token.text), "no quotes", hint)
    comment = entry.comment
    if comment is not None and comment.line == entry.tokens[-1].line:
        hint = "it is a comment here; to most other inetds it is more arguments"
        # Without a blank after it, it may have been meant as one.
        say = reporter.note if comment.text[1:2] in ("", " ", "\t", "#") else reporter.warn
        say("trailing-comment", comment, shown(comment.text), "comments on their own lines", hint)
