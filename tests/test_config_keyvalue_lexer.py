"""
Tests for L{txinetd.config.keyvalue.lexer} and L{txinetd.config.keyvalue.mixed}: from text
to definitions, and how reading goes on after a mistake.
"""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txinetd.config.keyvalue.definition import Definition, Problem
from txinetd.config.keyvalue.mixed import merged, parted
from txinetd.config.lexer import Entry, lex

KEYS = frozenset({"user", "args", "protocol"})


def definitions(text: str) -> list[Definition]:
    """
    The definitions of a text.
    """
    return parted(text, KEYS)[1]


def pairs(text: str) -> list[tuple[str, list[str]]]:
    """
    Keys and values of the only definition of a text, which is well.
    """
    (found,) = definitions(text)
    assert found.problem is None, found.problem
    return [(pair.key.text, [each.text for each in pair.values]) for pair in found.pairs]


def values(text: str) -> list[str]:
    """
    The values of a single key.
    """
    ((_, found),) = pairs(f"x on args = {text};")
    return found


def problems(text: str) -> list[Problem]:
    """
    What is wrong with a text.
    """
    return [each.problem for each in definitions(text) if each.problem is not None]


def names(text: str) -> list[str]:
    """
    What is well in a text, of both forms, in order.
    """
    rest, found = parted(text, KEYS)
    result = []
    for each in merged(lex(rest), found):
        if isinstance(each, Entry):
            result.append(each.tokens[0].text)
        elif each.problem is None:
            result.append(each.name.text)
    return result


class WordTests(SynchronousTestCase):
    """
    Tests for keys and values.
    """

    def test_form(self) -> None:
        """
        A key has values up to a comma, and a definition keys up to a semicolon.
        """
        expected = [("user", ["root"]), ("args", ["a", "b"]), ("protocol", ["tcp"])]
        self.assertEqual(pairs("x on user = root, args = a b, protocol=tcp;"), expected)
        self.assertEqual(pairs("x on user=root,args=a\tb,protocol= tcp,;"), expected)

    def test_lines(self) -> None:
        """
        It may be on as many lines as there are words in it.
        """
        text = "x on\nuser\n=\nroot\n,\n\n args = a\nb\n;\n"
        self.assertEqual(pairs(text), [("user", ["root"]), ("args", ["a", "b"])])

    def test_empty(self) -> None:
        """
        A key may have no value, and a definition no key.
        """
        self.assertEqual(pairs("x on args =, user = ;"), [("args", []), ("user", [])])
        self.assertEqual(pairs("x on ;"), [])

    def test_comments(self) -> None:
        """
        A comment may begin anywhere outside of quotes, and ends with its line.
        """
        text = "x on # a ; b\nargs = a# c\n 'b#c' # ' ;\n; # end"
        self.assertEqual(pairs(text), [("args", ["a", "b#c"])])

    def test_ordinary(self) -> None:
        """
        A word may have any characters but those that part words.
        """
        self.assertEqual(values("-a=b $x (y) \\n {1}"), ["-a=b", "$x", "(y)", "\\n", "{1}"])

    def test_quotes(self) -> None:
        """
        Quotes of either kind keep what is between them together.
        """
        self.assertEqual(values("'a b' \"c;d\" '\"' \"'\" ''"), ["a b", "c;d", '"', "'", ""])

    def test_escapes(self) -> None:
        """
        Escapes between quotes are those of C, and bytes are bytes.
        """
        self.assertEqual(values(r"""'\\ \n \t \r \' \" \x41'"""), ["\\ \n \t \r ' \" A"])
        self.assertEqual(values(r'"\xc3\xa9\xff"'), ["\u00e9\udcff"])

    @given(st.binary(max_size=40))
    def test_anyBytes(self, data: bytes) -> None:
        """
        Every byte can be written as an escape.
        """
        text = "".join(f"\\x{byte:02X}" for byte in data)
        (value,) = values(f"'{text}'")
        self.assertEqual(value.encode("utf-8", "surrogateescape"), data)

    def test_places(self) -> None:
        """
        Each word knows its line and column.
        """
        (found,) = definitions("\n  x on user = root,\n\targs = 'a'  b;")
        tokens = [found.name]
        for pair in found.pairs:
            tokens += [pair.key, *pair.values]
        places = [(each.text, each.line, each.column) for each in tokens]
        expected = [
            ("x", 2, 3),
            ("user", 2, 8),
            ("root", 2, 15),
            ("args", 3, 2),
            ("a", 3, 9),
            ("b", 3, 14),
        ]
        self.assertEqual(places, expected)

    def test_carriageReturns(self) -> None:
        """
        Lines may end with CR LF.
        """
        self.assertEqual(pairs("x on user = root,\r\n args = a;\r\n")[1], ("args", ["a"]))

    def test_quotedName(self) -> None:
        """
        A name that needs it is quoted, too.
        """
        (found,) = definitions(r'"/run/a \"b\"" on user = root;')
        self.assertEqual((found.name.text, found.name.quoted), ('/run/a "b"', True))


class StartTests(SynchronousTestCase):
    """
    Tests for what a definition is.
    """

    def test_onAndOff(self) -> None:
        """
        The second word tells, and must be exactly that.
        """
        found = definitions("a on user=x;\nb off user=x;\nc ON user=x;\nd only user=x;\n")
        self.assertEqual(
            [(each.name.text, each.enabled) for each in found], [("a", True), ("b", False)]
        )

    def test_prose(self) -> None:
        """
        Text in which the word happens to stand is none.
        """
        self.assertEqual(definitions("This on the other hand\nis off topic.\n"), [])

    def test_forgottenEquals(self) -> None:
        """
        With a key it is one all the same.
        """
        self.assertEqual(len(definitions("x on protocol tcp\n")), 1)

    def test_continuation(self) -> None:
        """
        A line that continues a positional entry begins nothing.
        """
        line = "a stream tcp nowait root /bin/cat cat"
        for text in (f"{line}\n b on user=x;\n", f"{line} \\\nb on user=x;\n"):
            self.assertEqual(definitions(text), [], text)
        for text in (f"{line} # \\\nb on user=x;\n", f"# {line}\n b on user=x;\n"):
            self.assertEqual(len(definitions(text)), 1, text)

    def test_mixed(self) -> None:
        """
        Both forms can stand in one file, in any order, several of this on a line.
        """
        text = (
            "a stream tcp nowait root /bin/cat cat\n"
            "b on user = x,\n"
            "  args = y; c on user = x; # z\n"
            "d dgram udp wait root /bin/cat cat\n"
            "e off user = x;f on user=x;\n"
            "127.0.0.1:\n"
        )
        self.assertEqual(names(text), ["a", "b", "c", "d", "e", "f", "127.0.0.1:"])

    def test_linesStay(self) -> None:
        """
        What is left keeps its lines.
        """
        rest, _ = parted("x on user=x,\nargs=y;\n7 stream tcp nowait root internal\n", KEYS)
        (entry,) = lex(rest)
        self.assertEqual(entry.tokens[0].line, 3)


#: Text, code, line and column of what is wrong, and the names that are well.
RECOVERIES = [
    # Between a definition and its end.
    ("a on user root;\nb on user=x;", "missing-equals", 1, 6, ["b"]),
    ("a on user root,\n args='x;';\nb on user=x;", "missing-equals", 1, 6, ["b"]),
    ("a on = root;b on user=x;", "missing-key", 1, 6, ["b"]),
    ("a on user=x,,args=y;b on user=x;", "missing-key", 1, 13, ["b"]),
    ("a on 'user'=x;b on user=x;", "missing-key", 1, 6, ["b"]),
    ("a on user = x args = y; b on user=x;", "missing-comma", 1, 20, ["b"]),
    # Quotes.
    ('a on args = "x;\nb on user=x;', "unterminated-quote", 1, 13, ["b"]),
    ('a on args = "x, user = y;  \nb on user=x;', "unterminated-quote", 1, 13, ["b"]),
    ('a on args = "x,\n user = y;\nb on user=x;', "unterminated-quote", 1, 13, ["b"]),
    ("a on args = 'x\\';\nb on user=x;", "unterminated-quote", 1, 13, ["b"]),
    ("a on args = \"x\"y, user='z;';b on user=x;", "text-after-quote", 1, 16, ["b"]),
    ("a on args = --x='y;z';b on user=x;", "quote-in-word", 1, 13, ["b"]),
    ("a on args = '\\q';b on user=x;", "bad-escape", 1, 13, ["b"]),
    ("a on args = '\\x4';b on user=x;", "bad-escape", 1, 13, ["b"]),
    # The end is missing.
    ("a on user = x\nb on user=x;", "unfinished-entry", 1, 13, ["b"]),
    ("a on user = x\nb stream tcp nowait root internal", "unfinished-entry", 1, 13, ["b"]),
    ("a on user = x,\n\n'b' on user=x;", "unfinished-entry", 1, 13, ["b"]),
    ("a on user = x", "unfinished-entry", 1, 13, []),
    ("a on", "unfinished-entry", 1, 3, []),
    ("a on user root\nb on user=x;", "missing-equals", 1, 6, ["b"]),
    ('a on args = "x\nb dgram udp wait root internal', "unterminated-quote", 1, 13, ["b"]),
    # Behind the end.
    ("a on user=x; junk\nb on user=x;", "text-after-entry", 1, 14, ["a", "b"]),
    ("a on user=x; 7 stream tcp4 nowait\nb on user=x;", "text-after-entry", 1, 14, ["a", "b"]),
]


class RecoveryTests(SynchronousTestCase):
    """
    Tests for going on after a mistake.
    """

    def test_recoveries(self) -> None:
        """
        A mistake costs one definition, and is said where it is.
        """
        for text, code, line, column, well in RECOVERIES:
            (problem,) = problems(text)
            place = (problem.token.line, problem.token.column)
            self.assertEqual((problem.code, *place), (code, line, column), text)
            self.assertEqual(names(text), well, text)

    def test_skipped(self) -> None:
        """
        What is skipped beyond the line of a mistake is said.
        """
        (problem,) = problems("a on user root,\nargs = x,\nargs = y;\nb on user=x;")
        self.assertEqual(problem.hint, "the entry is skipped up to line 3")
        (problem,) = problems("a on user root\n\n# nothing more\n")
        self.assertEqual(problem.hint, "the entry is skipped up to line 4")
        (problem,) = problems("a on user root; b on user=x;")
        self.assertEqual(problem.hint, "")

    def test_insideIsNoStart(self) -> None:
        """
        A value that stands at the beginning of a line begins nothing.
        """
        text = "a on args = x\non off, user\n= root;"
        self.assertEqual(pairs(text), [("args", ["x", "on", "off"]), ("user", ["root"])])


class TimeTests(SynchronousTestCase):
    """
    Tests for the time taken.
    """

    def test_linear(self) -> None:
        """
        No long text takes long, whatever it repeats: what were quadratic
        would take minutes.
        """
        size = 200_000
        pieces = [
            "a on user=x;",
            "a on user x;",
            "a on args='\\q';",
            "a on args='x'y;",
            'a on args="x',
            "a on user=x\n",
            "a on\n",
            " on",
            "a on ",
            '"',
            "'\"",
            '\\"',
            "x ",
            "x\n",
            " ",
            "\\",
            "=",
            ",",
            "a='",
            "# on user=;",
        ]
        for piece in pieces:
            for before in ("", "a on args = ", "a on args = \"' ", "a on user "):
                text = before + piece * (size // len(piece))
                begun = time.process_time()
                parted(text, KEYS)
                took = time.process_time() - begun
                self.assertLess(took, 15, (before, piece))
