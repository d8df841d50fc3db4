"""
C{python -m tests.corpus}: reads every configuration file from the wild in the dialect of
its system, and prints a table of them.

Each row has a file, its dialect, and how many services, warnings and errors it has.  With
C{--verbose}, each line's verdict follows: what it makes, or what is said about it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import attrs
from twisted.trial.unittest import SkipTest

from tests.config_support import ROOT
from tests.corpus_support import corpus, names
from txinetd.config import Configuration, LoadOptions, load
from txinetd.config.text import visible
from txinetd.errors import Severity
from txinetd.testing import MemoryNames

__all__ = ["Row", "dialects", "read", "rows", "table", "verdicts"]

#: The dialect of each kind of system that the list of files knows.
_DIALECTS = {
    "4.xBSD/CSRG": "openbsd",
    "Debian (netkit/openbsd-inetd)": "debian",
    "FreeBSD": "freebsd",
    "GNU Hurd": "gnu",
    "Linux NetKit (Slackware/Red Hat)": "openbsd",
    "Linux other (docker, one-service, app)": "txinetd",
    "OpenBSD": "openbsd",
    "Solaris/illumos": "illumos",
    "embedded/busybox": "busybox",
}

#: Files that the list has wrongly: their owner's name says whose they are.
_KNOWN = {"NetBSD+src__etc%inetd.conf": "netbsd"}


def dialects(directory: Path) -> dict[str, str]:
    """
    The dialect of each file.
    """
    found: dict[str, str] = {}
    for line in (directory / "MANIFEST.tsv").read_text("utf-8").splitlines()[1:]:
        fields = line.split("\t")
        if fields[1] == "inetd":
            name = fields[0].removeprefix("inetd/")
            found[name] = _KNOWN.get(name) or _DIALECTS[fields[-1]]
    return found


def read(path: Path, dialect: str, known: MemoryNames) -> Configuration:
    """
    Read one file as root would.
    """
    options = LoadOptions(daemon=ROOT, checkPrograms=False, dialect=dialect)
    return load([str(path)], known, options)


@attrs.frozen
class Row:
    """
    What is to be said about one file.
    """

    name: str
    dialect: str
    services: int
    warnings: int
    errors: int


def rows(directory: Path) -> list[Row]:
    """
    All files.
    """
    known = names(directory)
    found = []
    for name, dialect in sorted(dialects(directory).items()):
        configuration = read(directory / "inetd" / name, dialect, known)
        said = [each.severity for each in configuration.diagnostics]
        found.append(
            Row(
                name,
                dialect,
                len(configuration.services),
                said.count(Severity.WARNING),
                said.count(Severity.ERROR),
            )
        )
    return found


def table(found: list[Row]) -> str:
    """
    The table, as text.
    """
    width = max(len(each.name) for each in found)
    lines = [f"{'file':{width}}  dialect  services  warnings  errors"]
    for each in found:
        lines.append(
            f"{each.name:{width}}  {each.dialect:7}"
            f"  {each.services:8}  {each.warnings:8}  {each.errors:6}"
        )
    lines.append(
        f"{f'{len(found)} files':{width}}  {'':7}"
        f"  {sum(each.services for each in found):8}"
        f"  {sum(each.warnings for each in found):8}"
        f"  {sum(each.errors for each in found):6}"
    )
    return "\n".join(lines) + "\n"


def verdicts(configuration: Configuration, lines: list[str]) -> dict[int, str]:
    """
    The verdict on each line that is no comment and not blank: C{service}, the codes of
    what is said about it, or both.
    """
    found: dict[int, list[str]] = {}
    for spec in configuration.services:
        found.setdefault(spec.origin.line, []).append("service")
    for each in configuration.diagnostics:
        if each.severity > Severity.NOTE:
            found.setdefault(each.origin.line, []).append(each.code)
    return {number: ", ".join(dict.fromkeys(words)) for number, words in sorted(found.items())}


def main() -> int:
    """
    Print the table.
    """
    try:
        directory = corpus()
    except SkipTest as problem:
        sys.stderr.write(f"{problem}\n")
        return 64
    sys.stdout.write(table(rows(directory)))
    if "--verbose" in sys.argv[1:]:
        known = names(directory)
        for name, dialect in sorted(dialects(directory).items()):
            path = directory / "inetd" / name
            lines = path.read_text("utf-8", "replace").split("\n")
            found = verdicts(read(path, dialect, known), lines)
            for number, words in found.items():
                sys.stdout.write(f"{name}:{number}: {words}: {visible(lines[number - 1])}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
