"""
Tests for the manual: what it says is so, and what there is it names.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, ClassVar

import attrs
from twisted.trial.unittest import SkipTest, SynchronousTestCase

import txinetd
from tests.config_support import NAMES, OPTIONS, configure, diagnostics, service
from txinetd.config import POSITIONAL, load
from txinetd.config.keyvalue import KEYS
from txinetd.config.letters import LETTERS
from txinetd.config.rules import Families
from txinetd.config.settings import SETTINGS
from txinetd.config.systems import SYSTEMS
from txinetd.config.xinetd import XinetdDialect
from txinetd.config.xinetd.attribute import Place
from txinetd.config.xinetd.attributes import ATTRIBUTES, FLAGS
from txinetd.config.xinetd.options import OPTIONS as XINETD_OPTIONS
from txinetd.errors import Severity
from txinetd.gate.limiters import LIMIT_NAMES
from txinetd.process.environment import baseEnvironment, connectionEnvironment
from txinetd.process.facts import ConnectionFacts, End
from txinetd.record import ConnectionRecord, formatRecord
from txinetd.tap import Options

ROOT = Path(txinetd.__file__).parents[1]
DOCS = ROOT / "docs"


def page(name: str) -> str:
    """
    The text of a page.
    """
    if not DOCS.is_dir():
        raise SkipTest("the manual is in the checkout only")
    return (DOCS / name).read_text()


def blocks(name: str, language: str) -> list[str]:
    """
    The examples of a page in one language.
    """
    found = re.findall(
        rf"^( *)\.\. code-block:: {language}\n\n((?:\1    .*\n|\n)+)", page(name), re.MULTILINE
    )
    texts = [re.sub(rf"^{indent}    ", "", text, flags=re.MULTILINE) for indent, text in found]
    assert texts, f"no {language} in {name}"
    return texts


class AdministratorTests(SynchronousTestCase):
    """
    Tests for the administrator's page.
    """

    def test_lines(self) -> None:
        """
        The lines of its example are services without a fault.
        """
        path = self.mktemp()
        Path(path).write_text(blocks("administrator.rst", "text")[0])
        configuration = load([path], NAMES, OPTIONS)
        found = [str(each) for each in configuration.diagnostics if each.severity > Severity.NOTE]
        self.assertEqual((found, len(configuration.services)), ([], 4))

    def test_options(self) -> None:
        """
        It names every option and no other.
        """
        options = Options()
        known = {f"--{name}" for name in (*options.longOpt,) for name in [name.rstrip("=")]}
        known -= {"--help", "--version"}
        text = page("administrator.rst").partition("\nOptions\n")[2].partition("\nSignals\n")[0]
        named = set(re.findall(r"^``(?:-\w``, ``)?(--[a-z-]+)", text, re.MULTILINE))
        self.assertEqual(named, known)

    def test_variables(self) -> None:
        """
        It names every variable that tells about a client.
        """
        ends = End("192.0.2.1", 1), End("192.0.2.2", 2)
        unix = ConnectionFacts("unix", End(path=b"/a"), End(path=b"/b"), (1, 1))
        told = {
            *connectionEnvironment(ConnectionFacts("tcp", *ends)),
            *connectionEnvironment(ConnectionFacts("udp", *ends)),
            *connectionEnvironment(unix),
        }
        text = page("administrator.rst")
        names = {each.partition(b"=")[0].decode() for each in told}
        missing = [name for name in names if f"``{name}``" not in text]
        self.assertEqual(missing, [])

    def test_variablesAreRemoved(self) -> None:
        """
        What it says is taken out of the environment is.
        """
        given = dict.fromkeys(("HOME", "USER", "SSH_X", "TERMX", "TMPX", "LD_X", "PYTHONX"), "x")
        self.assertEqual(set(baseEnvironment({**given, "IFS": "x", "ENV": "x"})), {b"PATH"})

    def test_record(self) -> None:
        """
        It explains every field of a record.
        """
        given: dict[str, Any] = {attribute.name: 1 for attribute in attrs.fields(ConnectionRecord)}
        texts = ("service", "peer", "local", "reason", "user", "rule", "origin", "remoteUser")
        record = ConnectionRecord(**{**given, **dict.fromkeys(texts, "x")})
        text = page("administrator.rst")
        fields = re.findall(r"(\w+)=", formatRecord(record))
        self.assertEqual([name for name in fields if f"\n``{name}``" not in text], [])

    def test_messages(self) -> None:
        """
        It, or the page on services of special kinds, explains every line of the log.
        """
        pages = page("administrator.rst") + page("rpc-tcpmux-ident.rst")
        text = re.sub(r"\s+", " ", pages)
        missing = []
        for message in messages():
            # What is the same whatever the values, up to a mark.
            pieces = re.split(r"\{[^}]*\}|[;:,]", message)
            constants = [" ".join(piece.split()[:3]) for piece in pieces]
            if not any(len(piece) > 3 and piece in text for piece in constants):
                missing.append(message)
        self.assertEqual(missing, [])

    def test_diagnostics(self) -> None:
        """
        Its table has every diagnostic, and none that there is not.
        """
        listed = re.findall(r"^``([a-z0-9-]+)``", page("diagnostics.rst"), re.MULTILINE)
        self.assertEqual(len(listed), len(set(listed)))
        paths = (ROOT / "txinetd/config").rglob("*.py")
        # What is said about files of xinetd only is on the page about those.
        text = "".join(path.read_text() for path in paths if path.parent.name != "xinetd")
        code = '"[a-z0-9]+(?:-[a-z0-9]+)+"|"quoted"'
        used = {word.strip('"') for word in re.findall(code, text)}
        used |= {f"unsupported-{kind}" for kind in ("rpc", "tcpmux", "path")}
        # Words of that form which are not diagnostics.
        used -= {"best-effort", "git-daemon", "pure-ftpd", "utf-8"}
        self.assertEqual(set(listed), used)


def messages() -> list[str]:
    """
    The format of every line that is logged.
    """
    found = []
    for path in (ROOT / "txinetd").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("debug", "info", "warn", "error", "failure", "critical")
                and ast.unparse(node.func.value).endswith("log")
                and isinstance(node.args[0], ast.Constant)
            ):
                found.append(str(node.args[0].value))
    assert len(found) > 20
    return found


class SettingsTests(SynchronousTestCase):
    """
    Tests for the page of settings.
    """

    #: For a key whose example needs more than a plain service: what is in the place of
    #: it.
    plain: ClassVar[dict[str, str]] = {
        "protocol": "tcp",
        "wait": "no",
        "user": "root",
        "exec": "/bin/cat",
        "args": "cat",
    }

    def rows(self) -> dict[str, tuple[str, str]]:
        """
        Whose word each key of the table is, and its example.
        """
        found = re.findall(
            r"^``(\w+)`` +(NetBSD|xinetd|txinetd) .*  ``(\w+ =.*)``$",
            page("settings.rst"),
            re.MULTILINE,
        )
        rows = {name: (owner, example) for name, owner, example in found}
        self.assertEqual(len(rows), len(found))
        return rows

    def test_keys(self) -> None:
        """
        The table has every key and no other, and says whose each is.
        """
        rows = self.rows()
        self.assertEqual(set(rows), KEYS)
        owners = {name: owner for name, (owner, _) in rows.items() if name in SETTINGS}
        self.assertEqual(owners, {name: each.owner.value for name, each in SETTINGS.items()})

    def test_examples(self) -> None:
        """
        Every example is one of its key, can be read without a fault, and does something.
        """
        pairs = [f"{key} = {value}" for key, value in self.plain.items()]
        plain = service(f"ftp on {', '.join(pairs)};")
        for name, (_, example) in self.rows().items():
            others = dict(self.plain)
            others.pop(name, None)
            if name in ("internal", "redirect"):
                others = {key: others[key] for key in ("protocol", "user")}
            if name == "rpc":
                others["protocol"] = "rpc/tcp"
            words = [f"{key} = {value}" for key, value in others.items()]
            self.assertTrue(example.startswith(f"{name} ="))
            text = f"ftp on {', '.join([*words, example])};"
            self.assertEqual(diagnostics(text), [], text)
            if name not in ("socktype", "wait", "ipsec", "exec"):
                self.assertNotEqual(service(text), plain, text)

    def test_entries(self) -> None:
        """
        Its entries are read without a fault; those that are on are services.
        """
        (text,) = blocks("settings.rst", "text")
        self.assertEqual(diagnostics(text), [])
        self.assertEqual([each.name for each in configure(text).services], ["ftp", "/run/my echo"])


class AccessTests(SynchronousTestCase):
    """
    Tests for the page about who may come in.
    """

    def test_examples(self) -> None:
        """
        Its examples are read without a word, all in one file.
        """
        configuration = configure("".join(blocks("access.rst", "text")))
        self.assertEqual([str(each) for each in configuration.diagnostics], [])
        self.assertEqual(len(configuration.services), len(blocks("access.rst", "text")))

    def test_rules(self) -> None:
        """
        It has the name of every rule.
        """
        names = {*LIMIT_NAMES, "access", "access-times", "barred", "penalty"}
        text = page("access.rst")
        self.assertEqual([name for name in names if f"``{name}``" not in text], [])


class DialectTests(SynchronousTestCase):
    """
    Tests for the page about dialects.
    """

    def rows(self) -> list[list[str]]:
        """
        The cells of its table.
        """
        lines = page("dialects.rst").partition(".. list-table::")[2].partition("\nIn all of")[0]
        rows: list[list[str]] = []
        for line in lines.splitlines():
            if line.startswith("   * -"):
                rows.append([line[6:].strip()])
            elif line.startswith("     -"):
                rows[-1].append(line[6:].strip().replace("\\-", "-"))
        return rows

    def test_columns(self) -> None:
        """
        Its table has every dialect, and a cell for each in every row.
        """
        head, *rows = self.rows()
        self.assertEqual(set(head[1:]), set(POSITIONAL))
        self.assertGreater(len(rows), 20)
        self.assertEqual({len(row) for row in rows}, {len(head)})

    def test_protocols(self) -> None:
        """
        What it says about protocols is so.
        """
        head, *rows = self.rows()
        meanings = {
            Families.IPV4: "4",
            Families.IPV6: "6",
            Families.DUAL: "46",
            Families.BOTH: "4+6",
        }
        checked = 0
        for row in rows:
            for protocol in re.findall(r"``((?:tcp|udp)\w*)``", row[0]):
                for name, cell in zip(head[1:], row[1:], strict=True):
                    rules = next(each for each in SYSTEMS if each.name == name)
                    known = rules.protocols.get(protocol)
                    expected = "-" if known is None else meanings[known.families]
                    self.assertEqual(cell, expected, (name, protocol))
                    checked += 1
        self.assertEqual(checked, 80)

    def test_values(self) -> None:
        """
        So is what it says about limits, sockets and arguments.
        """
        head, *rows = self.rows()
        table = {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}
        for rules in SYSTEMS:
            cells = {name: row[rules.name] for name, row in table.items()}
            starts = rules.limits.startsPerMinute
            self.assertTrue(cells["starts a minute"].startswith(str(starts or "no limit")))
            closed = rules.limitsFor(True).closedFor
            text = "not closed" if closed is None else f"{closed:.0f} s"
            self.assertTrue(cells["closed for, once over"].startswith(text), rules.name)
            unix = cells["unix sockets"]
            if "unix" in rules.protocols:
                self.assertTrue(unix.endswith(f"{rules.unix.permissions:04o}"), rules.name)
                self.assertEqual(unix.startswith("the service's"), rules.unix.service)
            else:
                self.assertEqual(unix, "-")
            most = rules.arguments.most
            self.assertTrue(cells["most arguments"].startswith(str(most or "any")), rules.name)
            for name, known in (
                ("RPC", rules.rpc),
                ("tcpmux", rules.tcpmux),
                ("a line ``host:`` alone", rules.defaultHosts),
                ("``.include``", rules.directives),
                ("``:user:group:mode:path``", rules.unix.ownership),
                ("``PATH`` is searched", rules.arguments.searched),
            ):
                self.assertEqual(cells[name], "yes" if known else "no", (rules.name, name))
            self.assertEqual(cells["hosts before the service"], rules.hosts.value)

    def test_options(self) -> None:
        """
        It names every option of each daemon, and no other.
        """
        text = page("dialects.rst").partition("Options of their daemons\n")[2]
        sections = dict(re.findall(r"^(\w+)\n((?:    .*\n?)+)", text, re.MULTILINE))
        for dialect, letters in LETTERS.items():
            if dialect == "txinetd":
                continue
            known = {name for letter in letters for name in letter.names}
            named = set(re.findall(r"(?<!twistd's )``(--?[\w-]+)``", sections[dialect]))
            named -= {"--nodaemon", "--logfile"} | ({"--pidfile"} - known)
            self.assertEqual(named, known, dialect)


class XinetdTests(SynchronousTestCase):
    """
    Tests for the page about files of xinetd.
    """

    def listed(self, heading: str, nextHeading: str) -> set[str]:
        """
        The first words of the rows of the tables of a section.
        """
        text = page("xinetd.rst").partition(f"\n{heading}\n--")[2]
        text = text.partition(f"\n{nextHeading}\n--")[0] if nextHeading else text
        rows = re.findall(r"^((?:``[^`]+``(?:, )?)+)  ", text, re.MULTILINE)
        return {word for row in rows for word in re.findall(r"``([^`]+)``", row)}

    def test_lines(self) -> None:
        """
        Its example is a file without a fault.
        """
        data = blocks("xinetd.rst", "text")[0].encode()
        found = XinetdDialect(notDone={}).parse("xinetd.conf", data, NAMES, OPTIONS)
        faults = [str(each) for each in found.diagnostics if each.severity > Severity.NOTE]
        self.assertEqual((faults, len(found.services)), ([], 2))

    def test_attributes(self) -> None:
        """
        Its tables have every attribute and every flag, and none that there is not, and
        say rightly which may stand in C{defaults} and which are lists.
        """
        self.assertEqual(self.listed("Attributes", "Flags"), set(ATTRIBUTES))
        self.assertEqual(self.listed("Flags", "Settings of txinetd's own"), set(FLAGS))
        text = page("xinetd.rst").partition("\nFlags\n--")[0]
        for row in re.findall(r"^((?:``[a-z_0-9]+``(?:, )?)+) +(D?L?) ", text, re.MULTILINE):
            for name in re.findall(r"``([^`]+)``", row[0]):
                marks = "D" if Place.DEFAULTS in ATTRIBUTES[name].place else ""
                marks += "L" if ATTRIBUTES[name].key is not None else ""
                self.assertEqual((name, row[1]), (name, marks))

    def test_options(self) -> None:
        """
        It has every option of xinetd's.
        """
        listed = self.listed("Options of xinetd", "Diagnostics")
        self.assertEqual(listed - {"-f"}, set(XINETD_OPTIONS))

    def test_diagnostics(self) -> None:
        """
        What is said about such files is explained there, or with what is said about all.
        """
        here = self.listed("Diagnostics", "")
        everywhere = set(re.findall(r"^``([a-z0-9-]+)``", page("diagnostics.rst"), re.MULTILINE))
        files = (ROOT / "txinetd/config/xinetd").glob("*.py")
        text = "".join(path.read_text() for path in files if path.name != "options.py")
        used = set(re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)+|disabled|unjudged)"', text)) - {"utf-8"}
        self.assertEqual(used - here - everywhere, set())
        self.assertEqual(here - used, set())


class ProgrammerTests(SynchronousTestCase):
    """
    Tests for the programmer's page.
    """

    def test_examples(self) -> None:
        """
        Its examples run, one after the other.
        """
        namespace: dict[str, Any] = {"__name__": "example", "print": lambda *words: None}
        for number, text in enumerate(blocks("programmer.rst", "python")):
            exec(compile(text, f"example {number}", "exec"), namespace)

    def test_special(self) -> None:
        """
        So does that of the page on services of special kinds.
        """
        namespace: dict[str, Any] = {"__name__": "example"}
        (text,) = blocks("rpc-tcpmux-ident.rst", "python")
        exec(compile(text, "example", "exec"), namespace)
        self.assertEqual(namespace["rusersd"].rpc.last, 3)


class BuildingTests(SynchronousTestCase):
    """
    Tests for the page on how it is built.
    """

    def test_parts(self) -> None:
        """
        Its table has every part.
        """
        text = page("how-it-is-built.rst")
        parts = {
            path.stem if path.is_file() else f"{path.name}/"
            for path in (ROOT / "txinetd").iterdir()
            if path.name not in ("__init__.py", "__pycache__", "py.typed", "newsfragments")
        } - {"testing"}
        self.assertEqual(sorted(part for part in parts if f"\n``{part}``" not in text), [])
