"""
Tests of reading with configuration files from the wild, and with what real daemons
make of them.
"""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import ROOT
from tests.corpus import dialects, read, rows, table, verdicts
from tests.corpus_expectations import EXPECTED, EXPECTED_IN_DIALECT, REASONS
from tests.corpus_support import corpus, names
from txinetd.config import (
    DEFAULT_DIALECT,
    Configuration,
    LoadOptions,
    dumpConfiguration,
    load,
    reportConfiguration,
)
from txinetd.errors import Severity
from txinetd.spec import InetAddress, Program, ServiceSpec

#: Service, transport, and program or C{internal}.
Accepted = set[tuple[str, str, str]]

#: Where openbsd-inetd makes a service and this does not, one of these is the
#: reason: the names it lists and then cannot find, and programs it lists and
#: then cannot run, as it searches no path either.
LISTED_ONLY = {
    "relative-program",
    "unknown-service",
    "unknown-user",
}

#: What is served here, and by other daemons, but not by openbsd-inetd.
NOT_OPENBSDS = {("tcpmux", "tcp", "internal")}


class CorpusTestCase(SynchronousTestCase):
    """
    Reads files.
    """

    def setUp(self) -> None:
        self.corpus = corpus()
        self.names = names(self.corpus)

    def read(self, path: Path) -> Configuration:
        """
        Read one file as root would.
        """
        return load([str(path)], self.names, LoadOptions(daemon=ROOT, checkPrograms=False))

    def files(self, folder: str) -> list[Path]:
        """
        The files of a folder.
        """
        found = sorted((self.corpus / folder).iterdir())
        self.assertTrue(found)
        return found


class LoadTests(CorpusTestCase):
    """
    Tests for what is said about them.
    """

    def test_diagnostics(self) -> None:
        """
        Every warning and every error is one that was found to be true, and none
        is missing.
        """
        said = {
            path.name: [
                (diagnostic.origin.line, diagnostic.code)
                for diagnostic in self.read(path).diagnostics
                if diagnostic.severity >= Severity.WARNING
            ]
            for path in self.files("inetd")
        }
        self.assertEqual({name: lines for name, lines in said.items() if lines}, EXPECTED)

    def test_reports(self) -> None:
        """
        Every report is text of one line for each thing to say.
        """
        for folder in ("inetd", "xinetd", "notconf"):
            for path in self.files(folder):
                configuration = self.read(path)
                report = reportConfiguration(configuration)
                self.assertEqual(len(report.splitlines()), len(configuration.diagnostics) + 1)

    def test_dumps(self) -> None:
        """
        Every dump has one entry for each service.
        """
        for path in self.files("inetd"):
            configuration = self.read(path)
            entries = [
                line
                for line in dumpConfiguration(configuration).splitlines()
                if line and not line.startswith("#")
            ]
            self.assertEqual(len(entries), len(configuration.services), path.name)

    def test_roundTrip(self) -> None:
        """
        Every dump reads back to equal services.
        """
        read = 0
        for path in self.files("inetd"):
            configuration = self.read(path)
            copy = Path(self.mktemp())
            copy.write_text(dumpConfiguration(configuration))
            self.assertEqual(self.read(copy).services, configuration.services, path.name)
            read += len(configuration.services)
        self.assertGreater(read, 100)

    def test_nothingToRead(self) -> None:
        """
        Files that only bear such a name do not crash anything.
        """
        for path in self.files("notconf"):
            self.assertIsInstance(self.read(path), Configuration)


class OracleTests(CorpusTestCase):
    """
    Tests for what is made of them, against what real daemons make of them.
    """

    def ours(self, configuration: Configuration) -> Accepted:
        """
        What this makes of a file.
        """
        return {
            (
                _name(spec),
                spec.protocol.removeprefix("rpc/").rstrip("46"),
                spec.server.path.decode("utf-8", "replace")
                if isinstance(spec.server, Program)
                else "internal",
            )
            for spec in configuration.services
        }

    def openbsd(self, path: Path) -> Accepted:
        """
        What openbsd-inetd makes of it.
        """
        said = self.corpus / "oracle" / "openbsd-inetd" / f"{path.name}.txt"
        return {
            (match[1].rpartition(":")[2], match[2].rstrip("46"), match[3].strip())
            for match in re.finditer(
                r"^ADD: (\S+) (?:rpc.*? )?proto=(?:rpc/)?(\S+), wait.*? server=(.*)$",
                said.read_text("utf-8", "replace"),
                re.MULTILINE,
            )
        }

    def gnu(self, path: Path) -> Accepted:
        """
        What GNU inetutils' inetd makes of it.
        """
        said = self.corpus / "oracle" / "inetutils-inetd" / f"{path.name}.txt"
        if not said.exists():
            return set()
        return {
            (
                match[1].rpartition(":")[2],
                match[2].rstrip("46"),
                "internal" if match[3] != "no" else match[4].strip(),
            )
            for match in re.finditer(
                r"ADD : (\S+) proto=(?:rpc/)?(\S+), wait=.* builtin=(\S+) server=(.*)$",
                said.read_text("utf-8", "replace"),
                re.MULTILINE,
            )
        }

    def dropped(self, configuration: Configuration) -> set[str]:
        """
        The services that a file's lines do not make, for a known reason.
        """
        return {
            diagnostic.origin.label.rpartition(":")[2]
            for diagnostic in configuration.diagnostics
            if diagnostic.dropped and diagnostic.code in LISTED_ONLY
        }

    def test_nothingLost(self) -> None:
        """
        What either of them serves is served, or is dropped for a reason that is
        said.
        """
        for path in self.files("inetd"):
            configuration = self.read(path)
            missing = (self.openbsd(path) | self.gnu(path)) - self.ours(configuration)
            unexplained = {name for name, _, _ in missing} - self.dropped(configuration)
            self.assertEqual(unexplained, set(), path.name)

    def test_nothingInvented(self) -> None:
        """
        What is served is what openbsd-inetd serves, and what it has not but others have.
        """
        for path in self.files("inetd"):
            invented = self.ours(self.read(path)) - self.openbsd(path)
            self.assertEqual(invented - NOT_OPENBSDS, set(), path.name)


class DialectTests(CorpusTestCase):
    """
    Tests for the files in the dialects of their systems.
    """

    def setUp(self) -> None:
        super().setUp()
        self.dialects = dialects(self.corpus)

    def each(self, *wanted: str) -> list[tuple[Path, Configuration]]:
        """
        The files of some dialects, or of all.
        """
        return [
            (path, read(path, dialect, self.names))
            for name, dialect in sorted(self.dialects.items())
            for path in [self.corpus / "inetd" / name]
            if not wanted or dialect in wanted
        ]

    def test_all(self) -> None:
        """
        Every file has a dialect.
        """
        self.assertEqual(set(self.dialects), {path.name for path in self.files("inetd")})

    def test_diagnostics(self) -> None:
        """
        Every warning and every error is one that was found to be true, and none is
        missing.
        """
        said: dict[str, list[tuple[int, str]]] = {}
        for path, configuration in self.each():
            if self.dialects[path.name] == DEFAULT_DIALECT:
                continue
            for diagnostic in configuration.diagnostics:
                if diagnostic.severity >= Severity.WARNING:
                    line = (diagnostic.origin.line, diagnostic.code)
                    said.setdefault(path.name, []).append(line)
        self.assertEqual(said, EXPECTED_IN_DIALECT)

    def test_verdicts(self) -> None:
        """
        Every line with words makes a service, or is said why not.
        """
        for path, configuration in self.each():
            lines = path.read_text("utf-8", "replace").split("\n")
            found = verdicts(configuration, lines)
            for number, line in enumerate(lines, 1):
                text = line.strip()
                hosts = re.fullmatch(r"\S+:", text)
                if text and text[0] != "#" and hosts is None and number not in found:
                    # The rest of a file for xinetd has had its verdict.
                    self.assertIn("xinetd-format", found.values(), f"{path.name}:{number}")

    def test_reasons(self) -> None:
        """
        Every line that makes none has one of the reasons that are in the table.
        """
        for path, configuration in self.each():
            for diagnostic in configuration.diagnostics:
                if diagnostic.severity is Severity.ERROR:
                    self.assertIn(diagnostic.code, REASONS, path.name)

    def test_ownInetd(self) -> None:
        """
        What Debian's and GNU's inetds make of the files of Debian and GNU, socket by
        socket, is what is made of them here, but for what the reasons are about.
        """
        compared = 0
        for path, configuration in self.each("debian", "gnu"):
            gnu = self.dialects[path.name] == "gnu"
            theirs = _listed(self.corpus, path.name, gnu)
            ours = {each for spec in configuration.services for each in _sockets(spec)}
            dropped = {
                diagnostic.origin.label
                for diagnostic in configuration.diagnostics
                if diagnostic.dropped and diagnostic.code in REASONS
            }
            self.assertEqual(ours - theirs, set(), path.name)
            self.assertEqual({name for name, _, _ in theirs - ours} - dropped, set(), path.name)
            compared += len(ours)
        self.assertGreater(compared, 30)

    def test_roundTrip(self) -> None:
        """
        What is made of every file in the dialect of its system is, written down, the same
        in ours.
        """
        compared = 0
        for path, configuration in self.each():
            copy = Path(self.mktemp())
            copy.write_text(dumpConfiguration(configuration))
            found = self.read(copy)
            self.assertEqual(found.services, configuration.services, path.name)
            compared += len(configuration.services)
        self.assertGreater(compared, 100)

    def test_table(self) -> None:
        """
        The command's table has a row for each file and adds up.
        """
        found = rows(self.corpus)
        lines = table(found).splitlines()
        self.assertEqual(len(lines), len(self.dialects) + 2)
        self.assertEqual(
            lines[-1].split(),
            [
                str(len(found)),
                "files",
                str(sum(each.services for each in found)),
                str(sum(each.warnings for each in found)),
                str(sum(each.errors for each in found)),
            ],
        )


def _name(spec: ServiceSpec) -> str:
    """
    What a service is called, as inetd lists it.
    """
    return spec.rpc.name if spec.rpc is not None else spec.origin.label.rpartition(":")[2]


def _sockets(spec: ServiceSpec) -> Accepted:
    """
    The sockets of a service, as inetd lists them: service, protocol and family, program.
    """
    transport = spec.protocol.rstrip("46")
    server = (
        spec.server.path.decode("utf-8", "replace")
        if isinstance(spec.server, Program)
        else "internal"
    )
    return {
        (
            spec.origin.label.rpartition(":")[2],
            transport + ("6" if isinstance(each, InetAddress) and ":" in each.host else ""),
            server,
        )
        for each in spec.addresses
    }


def _listed(corpus: Path, name: str, gnu: bool) -> Accepted:
    """
    What an inetd lists.
    """
    daemon = "inetutils-inetd" if gnu else "openbsd-inetd"
    text = (corpus / "oracle" / daemon / f"{name}.txt").read_text("utf-8", "replace")
    builtin = r"builtin=(?P<builtin>\S+) " if gnu else ""
    pattern = rf"ADD ?: (\S+) proto=(\S+), wait.*? {builtin}server=(?P<server>.*)$"
    return {
        (
            match[1].rpartition(":")[2],
            match[2].replace("4", ""),
            "internal" if gnu and match["builtin"] != "no" else match["server"].strip(),
        )
        for match in re.finditer(pattern, text, re.MULTILINE)
    }
