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

__all__ = ["readUnits", "verified", "writeText"]

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


def verified(paths: Iterable[str | Path]) -> list[str]:
    """
    What C{systemd-analyze verify} has to say about files, without what depends on the
    programs and users of this machine.

    @raise SkipTest: it is not there.
    """
    program = shutil.which("systemd-analyze")
    if program is None:
        raise SkipTest("systemd-analyze is not installed")
    done = subprocess.run(
        [program, "verify", "--man=no", *map(str, paths)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    return [line for line in done.stdout.splitlines() if not _MACHINE.search(line)]
