"""
Tests for L{txinetd.config.xinetd.lexer} and L{txinetd.config.xinetd.blocks}: how a
file is taken apart, and what a mistake costs.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.xinetd_support import BASE, codes, entry, parse, said
from txinetd.config.lexer import decoded
from txinetd.config.xinetd.blocks import MAXIMUM_BLOCK, Block, Include, Stray, blocks
from txinetd.config.xinetd.lexer import MAXIMUM_LINE, lines
from txinetd.errors import Severity


def names(text: str) -> list[str]:
    """
    The services that a text makes.
    """
    return [spec.name for spec in parse(text).services]


class LineTests(SynchronousTestCase):
    """
    Tests for L{lines}.
    """

    def words(self, text: str) -> list[list[str]]:
        """
        The words of each line.
        """
        return [[word.text for word in line] for line in lines(text)]

    def test_words(self) -> None:
        """
        Blanks of every kind part words, and there are no quotes.
        """
        found = self.words('a  b\tc\fd\ve "f g"\n')
        self.assertEqual(found, [["a", "b", "c", "d", "e", '"f', 'g"']])

    def test_comments(self) -> None:
        """
        A line whose first word begins with # is a comment; another # is a word.
        """
        self.assertEqual(self.words("# a\n  #b\nc # d\n"), [["c", "#", "d"]])

    def test_ends(self) -> None:
        """
        Lines may end with CR LF, and the last with nothing.
        """
        self.assertEqual(self.words("a\r\n\r\nb"), [["a"], ["b"]])

    def test_places(self) -> None:
        """
        Each word knows its line and column.
        """
        (line,) = lines("\n\n  a =\tb\n")
        self.assertEqual([(word.line, word.column) for word in line], [(3, 3), (3, 5), (3, 7)])

    def test_noContinuation(self) -> None:
        """
        A backslash continues nothing.
        """
        self.assertEqual(self.words("a \\\n b\n"), [["a", "\\"], ["b"]])


class BlockTests(SynchronousTestCase):
    """
    Tests for L{blocks}.
    """

    def test_entries(self) -> None:
        """
        There are services, defaults, and other files.
        """
        text = "defaults\n{\nA = 1 2\n}\nservice x\n{\nb += \n}\ninclude /a\nincludedir /b\n"
        first, second, third, fourth = blocks(text)
        assert isinstance(first, Block) and isinstance(second, Block)
        assert isinstance(third, Include) and isinstance(fourth, Include)
        self.assertIsNone(first.name)
        (setting,) = first.settings
        self.assertEqual(
            (setting.name, setting.operator, [word.text for word in setting.words]),
            ("a", "=", ["1", "2"]),
        )
        assert second.name is not None
        self.assertEqual(second.name.text, "x")
        self.assertEqual((second.settings[0].operator, second.settings[0].words), ("+=", ()))
        self.assertEqual((third.path.text, fourth.path.text), ("/a", "/b"))

    def test_attributeNamedLikeAnEntry(self) -> None:
        """
        C{service = x} in a block is an attribute.
        """
        (block,) = blocks("service x\n{\nservice = y\n}\n")
        assert isinstance(block, Block)
        self.assertEqual([setting.name for setting in block.settings], ["service"])

    def test_missingClosingBrace(self) -> None:
        """
        A service that is not closed is lost; the one that begins in it is not.
        """
        text = f"service telnet\n{{\n{BASE}\n{entry()}"
        self.assertEqual(names(text), ["ftp"])
        (problem,) = said(text)
        self.assertEqual(
            (problem.code, problem.origin.line, problem.origin.label, problem.dropped),
            ("missing-brace", 8, "telnet", True),
        )

    def test_missingClosingBraceAtTheEnd(self) -> None:
        """
        A service that the end of the file cuts off is lost.
        """
        text = entry() + f"service telnet\n{{\n{BASE}"
        self.assertEqual(names(text), ["ftp"])
        self.assertEqual(codes(text), ["missing-brace"])

    def test_missingOpeningBrace(self) -> None:
        """
        A service without its opening brace is lost, and no other.
        """
        text = f"service telnet\n{BASE}}}\n{entry()}"
        self.assertEqual((names(text), codes(text)), (["ftp"], ["missing-brace"]))

    def test_braceOnTheLineOfTheName(self) -> None:
        """
        As with xinetd, C{service NAME {} begins nothing.
        """
        text = f"service telnet {{\n{BASE}}}\n{entry()}"
        self.assertEqual((names(text), codes(text)), (["ftp"], ["missing-brace"]))

    def test_textAfterBraces(self) -> None:
        """
        What stands after a brace is left out with a warning.
        """
        text = f"service ftp\n{{ # here\n{BASE}}}#\n"
        self.assertEqual((names(text), codes(text)), (["ftp"], ["text-after-brace"] * 2))

    def test_strayLines(self) -> None:
        """
        Lines that belong to nothing are an error once, up to the next entry.
        """
        text = f"ssh stream tcp nowait root /bin/x x\nand more\n{entry()}stray\n"
        self.assertEqual((names(text), codes(text)), (["ftp"], ["stray-line"] * 2))
        self.assertEqual([each.origin.line for each in said(text)], [1, 11])

    def test_keywordAlone(self) -> None:
        """
        A keyword without its word is no entry.
        """
        for word in ("service", "include", "includedir"):
            self.assertEqual(codes(f"{word}\n{{\n}}\n{entry()}"), ["stray-line"], word)

    def test_includeWithTwoPaths(self) -> None:
        """
        One line names one file.
        """
        self.assertEqual(codes("include /a /b\n"), ["stray-line"])

    def test_badOperator(self) -> None:
        """
        A line without an operator of its own costs its service, and says why.
        """
        for line in ("nice=5", "nice", "nice : 5", "nice =5"):
            (problem,) = said(entry(line))
            self.assertEqual((problem.code, problem.dropped), ("bad-operator", True), line)
        self.assertIn("blanks", said(entry("nice=5"))[0].hint)

    def test_capitals(self) -> None:
        """
        Names of attributes may be written in capitals.
        """
        self.assertEqual(codes(entry("FLAGS = IPv4\nNice = 3")), [])

    def test_longLine(self) -> None:
        """
        A line that is longer than xinetd's costs its service.
        """
        text = entry(f"server_args = {'x' * MAXIMUM_LINE}")
        self.assertEqual((names(text), codes(text)), ([], ["line-too-long"]))
        self.assertEqual(codes("x" * (MAXIMUM_LINE + 1)), ["line-too-long"])

    def test_nul(self) -> None:
        """
        So does a NUL, in a value or in the name.
        """
        self.assertEqual(codes(entry("server_args = a\0b")), ["nul-byte"])
        self.assertEqual(codes(entry(name="a\0b"))[0], "nul-byte")
        self.assertEqual(names(entry("server_args = a\0b")), [])

    def test_longBlock(self) -> None:
        """
        A block that is far too long costs its service and is not read to its end.
        """
        text = entry("umask = 022\n" * MAXIMUM_BLOCK) + entry(name="telnet")
        found = parse(text)
        self.assertEqual([spec.name for spec in found.services], ["telnet"])
        self.assertIn("block-too-long", [each.code for each in found.diagnostics])

    def test_bytes(self) -> None:
        """
        Bytes that are no text reach the server as they are.
        """
        data = entry("server_args = X").encode().replace(b"X", b"\xff\xfe")
        (spec,) = parse(data).services
        self.assertEqual(getattr(spec.server, "argv", None), (b"env", b"\xff\xfe"))

    def test_places(self) -> None:
        """
        Everything that is said says where.
        """
        text = decoded(b"\xef\xbb\xbfnothing\nservice x\n{\n  foo = 1\n}\n")
        for problem in said(text, least=Severity.NOTE):
            self.assertEqual(problem.origin.path, "/etc/xinetd.conf")
            self.assertGreaterEqual((problem.origin.line, problem.origin.column), (1, 1))

    def test_kinds(self) -> None:
        """
        A text of nothing but strays is one stray.
        """
        found = list(blocks("a\nb\nc\n"))
        self.assertEqual([type(each) for each in found], [Stray])
