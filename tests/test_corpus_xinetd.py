"""
Tests of reading with configuration files for xinetd from the wild, and with what xinetd
itself makes of them.
"""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import ROOT
from tests.corpus_support import corpus, names
from tests.corpus_xinetd_expectations import EXPECTED, OURS, THEIRS
from tests.xinetd_corpus import rows, table
from tests.xinetd_support import WHOLE
from txinetd.config import (
    Configuration,
    LoadOptions,
    dumpConfiguration,
    load,
    reportConfiguration,
)
from txinetd.config.inetd import ClassicDialect
from txinetd.config.interfaces import ParsedFile
from txinetd.errors import Severity
from txinetd.spec import Builtin, InetAddress, Program, ServiceSpec

#: Addresses that are written in more than one way.
BOUND = {"127.0.0.1": "localhost", "::": "*", "0.0.0.0": "*", "All addresses.": "*"}

#: A line about a service in what xinetd says of itself.
LINE = re.compile(r"^\t([A-Za-z_()]+(?: [A-Za-z_()]+)*) ?[=:] *(.*)$", re.MULTILINE)

#: What of a service xinetd tells, too.
Facts = dict[str, object]


class CorpusTestCase(SynchronousTestCase):
    """
    Reads the files.
    """

    def setUp(self) -> None:
        self.corpus = corpus()
        self.names = names(self.corpus)
        self.options = LoadOptions(
            daemon=ROOT,
            checkPrograms=False,
            # Those that xinetd itself has.
            builtins=frozenset({"chargen", "daytime", "discard", "echo", "time"}),
        )

    def files(self) -> list[Path]:
        """
        The files.
        """
        found = sorted((self.corpus / "xinetd").iterdir())
        self.assertTrue(found)
        return found

    def read(self, path: Path) -> ParsedFile:
        """
        Read one as root would, as if everything it asks for were done.
        """
        return WHOLE.parse(str(path), path.read_bytes(), self.names, self.options)


class LoadTests(CorpusTestCase):
    """
    Tests for what is said about them.
    """

    def test_diagnostics(self) -> None:
        """
        Every warning and every error is one that was found to be true, and none is
        missing.  Files that they name are not here, or are another machine's.
        """
        said = {
            path.name: sorted(
                (each.origin.line, each.origin.column, each.code)
                for each in self.read(path).diagnostics
                if each.severity >= Severity.WARNING and each.code != "unreadable-file"
            )
            for path in self.files()
        }
        found = {name: [(line, code) for line, _, code in each] for name, each in said.items()}
        self.assertEqual({name: each for name, each in found.items() if each}, EXPECTED)

    def test_loaded(self) -> None:
        """
        Each is recognised and read, and its report has a line for each thing to say,
        with a place.
        """
        for path in self.files():
            configuration = load([str(path)], self.names, self.options)
            self.assertEqual(configuration.diagnostics[0].code, "format-found", path.name)
            self.assertNotIn(str(path), configuration.unreadable)
            report = reportConfiguration(configuration)
            self.assertEqual(len(report.splitlines()), len(configuration.diagnostics) + 1)
            for each in configuration.diagnostics:
                self.assertGreaterEqual((each.origin.line, each.origin.column), (1, 1))

    def test_table(self) -> None:
        """
        The table has each service once, and those that are switched off.
        """
        (path,) = [each for each in self.files() if each.name.endswith("empty.conf")]
        found = list(rows(path.name, load([str(path)], self.names, self.options)))
        self.assertEqual([(row.service, row.enabled) for row in found], [("empty", "error")])
        self.assertEqual(len(table(found).splitlines()), 2)


class DumpTests(CorpusTestCase):
    """
    Tests for what is dumped of them.
    """

    def test_readBack(self) -> None:
        """
        What a dump says is the same service again.
        """
        for path in self.files():
            for spec in self.read(path).services:
                text = dumpConfiguration(Configuration((spec,)))
                back = ClassicDialect().parse("dump", text.encode(), self.names, self.options)
                self.assertEqual(back.services, (spec,), text)


class OracleTests(CorpusTestCase):
    """
    Tests for what is made of them, against what xinetd makes of them.
    """

    def theirs(self, path: Path) -> dict[tuple[str, str], Facts]:
        """
        The services that xinetd makes of a file, by id and protocol.
        """
        text = (self.corpus / "oracle" / "xinetd" / f"{path.name}.txt").read_text()
        first, *parts = re.split(r"^Service configuration: ", text, flags=re.MULTILINE)
        # This one is not shown with the services that inherit it.
        instances = dict(LINE.findall(first)).get("Instances", "UNLIMITED").strip()
        found = {}
        for part in parts:
            facts = {name: value.strip() for name, value in LINE.findall(part)}
            transport = re.search(r"= \((tcp|udp)", part)
            assert transport is not None
            address = BOUND.get(facts["Bind"], facts["Bind"])
            number = facts.get("Instances", instances)
            source = int(facts["PER_SOURCE"])
            found[facts["id"], f"{transport[1]}{address}"] = {
                "server": facts.get("Server", ""),
                "argv": facts.get("Server argv", "").split(),
                "wait": facts["wait"],
                "port": facts.get("port", ""),
                "instances": None if number == "UNLIMITED" else int(number),
                "perSource": None if source < 0 else source,
                "nice": int(facts["Nice"]) if "Nice" in facts else None,
                "umask": int(facts.get("umask", "22"), 8),
                "everybody": "All sites" in facts.get("Only from", "All sites"),
                "ipv4": "IPv4" in facts["flags"],
            }
        return found

    def ours(self, spec: ServiceSpec) -> Facts:
        """
        The same of a spec.
        """
        address = spec.addresses[0]
        assert isinstance(address, InetAddress)
        program = spec.server if isinstance(spec.server, Program) else None
        return {
            "server": "" if program is None else program.path.decode(),
            "argv": [] if program is None else [each.decode() for each in program.argv],
            "wait": "yes" if spec.wait else "no",
            "port": str(address.port),
            "instances": spec.limits.instances,
            "perSource": spec.limits.instancesPerSource,
            "nice": spec.box.nice,
            "umask": spec.box.umask,
            "everybody": spec.access.default,
            "ipv4": ":" not in address.host,
        }

    def test_same(self) -> None:
        """
        The same services are served, with the same programs, ports, limits and
        families; what is not the same is listed with its reason.
        """
        compared = 0
        for path in self.files():
            theirs, ours = self.theirs(path), {}
            for spec in self.read(path).services:
                (address, *_) = spec.addresses
                assert isinstance(address, InetAddress)
                ours[
                    spec.name,
                    spec.protocol.removeprefix("rpc/")[:3] + BOUND.get(address.host, address.host),
                ] = spec
            for key in theirs.keys() - ours.keys():
                self.assertIn((path.name, key[0]), THEIRS)
            for key in ours.keys() - theirs.keys():
                self.assertIn((path.name, key[0]), OURS)
            for key in ours.keys() & theirs.keys():
                expected, found = theirs[key], self.ours(ours[key])
                if ours[key].rpc is not None or isinstance(ours[key].server, Builtin):
                    # The port is rpcbind's; there is no program.
                    for field in ("port", "server", "argv"):
                        found[field] = expected[field]
                if "comment-in-line" in (code for _, code in EXPECTED.get(path.name, ())):
                    # To xinetd the comment is more values, and there is no limit.
                    self.assertIsNone(expected["perSource"])
                    self.assertIsNotNone(found["perSource"])
                    found["perSource"] = None
                self.assertEqual(found, expected, (path.name, key))
                compared += 1
        self.assertGreater(compared, 50)
