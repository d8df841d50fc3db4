"""
Tests for L{txinetd.config.loader}, L{txinetd.config.files} and
L{txinetd.config.dialects}: which files are read, in which order, and as what.
"""

from __future__ import annotations

import os
from pathlib import Path

import attrs
from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import NAMES, OPTIONS
from txinetd.config import Configuration, LoadOptions, load
from txinetd.errors import UsageProblem
from txinetd.spec import InetAddress


def line(port: int) -> str:
    """
    A service.
    """
    return f"{port} stream tcp4 nowait root /bin/cat cat\n"


class LoadTestCase(SynchronousTestCase):
    """
    Has a directory.
    """

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()

    def file(self, name: str, text: str) -> str:
        """
        Write a file.
        """
        path = self.directory / name
        path.write_text(text)
        return str(path)

    def load(self, *paths: str, options: LoadOptions = OPTIONS) -> Configuration:
        """
        Read files.
        """
        return load(paths, NAMES, options)

    def names(self, *paths: str) -> list[str]:
        """
        The names of the services in files.
        """
        return [spec.name for spec in self.load(*paths).services]

    def said(self, *paths: str) -> list[str]:
        """
        The codes of what there is to say about files.
        """
        return [
            each.code for each in self.load(*paths).diagnostics if each.code != "means-otherwise"
        ]


class FileTests(LoadTestCase):
    """
    Tests for single files.
    """

    def test_order(self) -> None:
        """
        Several files are one configuration, in their order.
        """
        paths = [self.file("b", line(2)), self.file("a", line(1))]
        self.assertEqual(self.names(*paths), ["2", "1"])

    def test_origin(self) -> None:
        """
        Each service knows its file and line.
        """
        path = self.file("a", "\n" + line(1))
        (spec,) = self.load(path).services
        self.assertEqual((spec.origin.path, spec.origin.line), (path, 2))

    def test_conflict(self) -> None:
        """
        Services of two files can conflict.
        """
        paths = [self.file("a", line(1)), self.file("b", line(1))]
        self.assertEqual(self.said(*paths), ["duplicate-address"])

    def test_missing(self) -> None:
        """
        A file that is not there is an error about that file, and unreadable.
        """
        path = str(self.directory / "missing")
        configuration = self.load(path)
        self.assertEqual(configuration.unreadable, (path,))
        self.assertIn("no such file", str(configuration.diagnostics[0]))

    def test_notAFile(self) -> None:
        """
        Nor is anything read that is neither file nor directory: it might never
        end.
        """
        path = str(self.directory / "fifo")
        os.mkfifo(path)
        self.assertEqual(self.load(path).unreadable, (path,))


class DirectoryTests(LoadTestCase):
    """
    Tests for directories.
    """

    def test_order(self) -> None:
        """
        A directory is its files, by name.
        """
        for name in ("10-b", "02-a", "9-c"):
            self.file(name, line(int(name.partition("-")[0])))
        self.assertEqual(self.names(str(self.directory)), ["2", "10", "9"])

    def test_leftovers(self) -> None:
        """
        What editors and package managers leave behind is skipped, and that is
        said.
        """
        for number, name in enumerate(
            [".hidden", "a~", "a.bak", "a.dpkg-old", "a.rpmnew", ".a.swp", "a"], 1
        ):
            self.file(name, line(number))
        self.assertEqual(self.names(str(self.directory)), ["7"])
        skipped = [code for code in self.said(str(self.directory)) if code == "skipped-fragment"]
        self.assertEqual(len(skipped), 6)


class DialectTests(LoadTestCase):
    """
    Tests for C{DIALECT:PATH}.
    """

    def test_default(self) -> None:
        """
        The default dialect has a name.
        """
        self.assertEqual(self.names("txinetd:" + self.file("a", line(1))), ["1"])

    def test_unknown(self) -> None:
        """
        A dialect that does not exist is a problem of the command line, and those
        that do are named.
        """
        raised = self.assertRaises(UsageProblem, self.load, "klingon:" + self.file("a", line(1)))
        self.assertIn("txinetd", str(raised))

    def test_each(self) -> None:
        """
        Each file may be of another, named before its path or for all that name none.
        """
        text = "1 stream tcp6 nowait.5 root /bin/cat cat\n"
        one, two, three = (self.file(name, text.replace("1", name, 1)) for name in "123")
        options = attrs.evolve(OPTIONS, dialect="freebsd")
        found = self.load(f"gnu:{one}", f"netbsd:{two}", three, options=options)
        said = [
            (str(spec.addresses[0]), spec.addresses[0].dualStack, spec.limits.startsPerMinute)
            for spec in found.services
            if isinstance(spec.addresses[0], InetAddress)
        ]
        self.assertEqual(said, [("[::]:1", True, 5), ("[::]:2", False, 5), ("[::]:3", False, 256)])

    def test_colonInName(self) -> None:
        """
        A colon in a path is only a colon.
        """
        self.assertEqual(self.names(self.file("a:b", line(1))), ["1"])


class DefaultAddressTests(LoadTestCase):
    """
    Tests for C{--default-address}.
    """

    def bound(self, *hosts: str) -> list[str]:
        """
        What a line without an address binds.
        """
        options = attrs.evolve(OPTIONS, defaultAddresses=hosts)
        configuration = self.load(self.file("a", line(1)), options=options)
        return [str(each) for spec in configuration.services for each in spec.addresses]

    def test_used(self) -> None:
        """
        It is what lines bind that name no address.
        """
        self.assertEqual(self.bound("127.0.0.1"), ["127.0.0.1:1"])

    def test_unresolved(self) -> None:
        """
        One that stands for nothing never means every address.
        """
        self.assertEqual(self.bound("nowhere"), [])


class ProgramTests(LoadTestCase):
    """
    Tests for what is said about programs on the disk.
    """

    def codes(self, program: str, user: str = "nobody") -> list[str]:
        """
        What is said about a program.
        """
        text = f"1 stream tcp4 nowait {user} {program} {os.path.basename(program)}\n"
        options = attrs.evolve(OPTIONS, checkPrograms=True)
        found = self.load(self.file("conf", text), options=options)
        self.assertEqual(len(found.services), 1, "it listens all the same")
        said = [each.code for each in found.diagnostics]
        return [code for code in said if code != "means-otherwise"]

    def test_fine(self) -> None:
        """
        Nothing is said about one that can be run.
        """
        self.assertEqual(self.codes("/bin/sh"), [])

    def test_missing(self) -> None:
        """
        One that is not there is an error.
        """
        self.assertEqual(self.codes("/nonexistent/program"), ["missing-program"])

    def test_notExecutable(self) -> None:
        """
        So is one that is not executable by that user.
        """
        path = self.file("program", "#!/bin/sh\n")
        os.chmod(path, 0o644)
        self.assertEqual(self.codes(path), ["not-executable"])

    def test_directory(self) -> None:
        """
        So is a directory.
        """
        self.assertEqual(self.codes(str(self.directory)), ["not-executable"])
