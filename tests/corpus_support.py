"""
Configuration files from the wild, kept outside of this project: where they are and
the names that are known where they come from.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SkipTest

from txinetd.testing import MemoryNames

__all__ = ["corpus", "names"]

#: Names the directory of the files.
VARIABLE = "TXINETD_CORPUS"


def corpus() -> Path:
    """
    The directory; skips the test where there is none.
    """
    path = os.environ.get(VARIABLE, "")
    if not path:
        raise SkipTest(f"{VARIABLE} does not say where the files are")
    return Path(path)


def names(directory: Path) -> MemoryNames:
    """
    The databases of C{oracle/env}.
    """
    texts = {
        name: (directory / "oracle" / "env" / name).read_text("utf-8", "replace")
        for name in ("passwd", "group", "services", "hosts", "rpc")
    }
    return MemoryNames.fromFiles(**texts)
