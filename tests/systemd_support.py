"""
What the tests about units of systemd have in common.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.config_support import NAMES, OPTIONS
from txinetd.config import Configuration, LoadOptions, load
from txinetd.interfaces import INames

__all__ = ["dumped", "readUnits", "verified", "writeText"]

#: What F{systemd-analyze} says about the machine, and not about a unit.
_MACHINE = re.compile(
    r"is not executable: No such file or directory"
    r"|Special user nobody configured, this is not safe!"
    r"|does not match strict user/group name rules"
)


def writeText(directory: str, files: Mapping[str, str | bytes]) -> None:
    """
    Write files, and the directories that their names have.
    """
    for name, text in files.items():
        path = Path(directory, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)


def readUnits(
    directory: str,
    files: Mapping[str, str | bytes],
    options: LoadOptions = OPTIONS,
    names: INames = NAMES,
) -> Configuration:
    """
    What some units say.

    @param directory: one that is not there yet.
    """
    os.mkdir(directory)
    writeText(directory, files)
    return load([f"systemd:{directory}"], names, options)


def _analyzed(paths: Iterable[str | Path], level: str) -> tuple[bytes, bytes]:
    """
    What C{systemd-analyze verify} prints about files, and what it has to say.

    @raise SkipTest: it is not there.
    """
    program = shutil.which("systemd-analyze")
    if program is None:
        raise SkipTest("systemd-analyze is not installed")
    done = subprocess.run(
        [program, "verify", "--man=no", *map(str, paths)],
        capture_output=True,
        check=False,
        timeout=120,
        env={**os.environ, "LC_ALL": "C.UTF-8", "SYSTEMD_LOG_LEVEL": level},
    )
    return done.stdout, done.stderr


def verified(paths: Iterable[str | Path]) -> list[str]:
    """
    What systemd has to say about files, without what depends on the programs and users
    of this machine.
    """
    said = b"".join(_analyzed(paths, "info"))
    lines = said.decode("utf-8", "backslashreplace").splitlines()
    return [line for line in lines if not _MACHINE.search(line)]


def dumped(paths: Iterable[str | Path]) -> dict[str, list[bytes]]:
    """
    What systemd has understood of files: the lines about each unit, by its name, without
    blanks before them.
    """
    found: dict[str, list[bytes]] = {}
    lines: list[bytes] = []
    for line in _analyzed(paths, "debug")[0].split(b"\n"):
        text = line.strip()
        if text.startswith(b"-> Unit "):
            lines = found.setdefault(text[8:-1].decode(), [])
        lines.append(text)
    return found
