"""
Compares this project's daemon with xinetd: C{python -m tests.differential [FILE...]},
by root.  Without files, all of C{$TXINETD_CORPUS/xinetd}.  Exits with 1 if a difference
has no reason in L{tests.differential.reasons}.
"""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.corpus_support import corpus
from tests.differential.comparing import Row, compare, table
from tests.differential.daemons import running
from tests.differential.probing import Seen, look
from tests.differential.reasons import REASONS
from tests.differential.rewriting import Rewritten, Sandbox, rewrite

__all__ = ["main"]

_CLONE_NEWNET = 0x40000000


def enterNetwork() -> None:
    """
    Have a network of one's own, in which every port and address is free.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(_CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def _have(addresses: set[str]) -> None:
    """
    Have addresses.
    """
    for address in sorted(addresses):
        if not address.startswith("127.") and address != "::1":
            length = "128" if ":" in address else "32"
            words = ["ip", "address", "replace", f"{address}/{length}", "dev", "lo", "nodad"]
            if ":" not in address:
                words.remove("nodad")
            subprocess.run(words, check=True)


def see(ours: bool, made: Rewritten, sandbox: Sandbox) -> Seen:
    """
    See what one daemon makes of a file.
    """
    path = sandbox.directory / "xinetd.conf"
    path.write_text(made.text)
    with running(ours, path, sandbox) as daemon:
        seen = look(daemon, sandbox, made.sources)
    if sandbox.log.exists():
        seen.log = sandbox.log.read_text("utf-8", "replace").splitlines()
        sandbox.log.unlink()
    return seen


def compareFile(path: Path, stub: Path) -> Row:
    """
    Compare what both make of one file.
    """
    with tempfile.TemporaryDirectory(prefix="txinetd-differential-") as name:
        sandbox = Sandbox(Path(name), stub)
        sandbox.make()
        made = rewrite(path.read_text("utf-8", "replace"), sandbox)
        _have(made.addresses)
        return compare(path.name, made.text, see(False, made, sandbox), see(True, made, sandbox))


def main(files: Sequence[str]) -> int:
    """
    Compare, and print the table.
    """
    paths = [Path(each) for each in files] or sorted((corpus() / "xinetd").iterdir())
    enterNetwork()
    # So that it is seen which of the two limits a server gets.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    with tempfile.TemporaryDirectory(prefix="txinetd-stub-") as name:
        stub = Path(name) / "stub"
        source = Path(__file__).with_name("stub.c")
        subprocess.run(["cc", "-O", "-o", str(stub), str(source)], check=True)
        os.chmod(name, 0o755)
        rows = []
        for path in paths:
            try:
                rows.append(compareFile(path, stub))
            except AssertionError as error:
                rows.append(Row(path.name, ("!",) * 8, tuple(str(error).splitlines())))
            sys.stderr.write(f"{len(rows)}/{len(paths)} {path.name}\n")
    sys.stdout.write(table(rows))
    numbers = {
        int(each)
        for row in rows
        for cell in row.cells
        for each in cell.split(",")
        if each.isdigit()
    }
    for number, reason in enumerate(REASONS, 1):
        if number in numbers:
            sys.stdout.write(f"{number}. {reason.text}\n")
    for row in rows:
        for line in row.details:
            sys.stdout.write(f"{row.file}: {line}\n")
    unexplained = sum(cell == "!" for row in rows for cell in row.cells)
    served = sum(row.served for row in rows)
    sys.stdout.write(
        f"{len(rows)} files, {served} of them with services that both serve,"
        f" {unexplained} cells without an explanation\n"
    )
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
