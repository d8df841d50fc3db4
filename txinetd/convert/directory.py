# -*- test-case-name: tests.test_convert_command -*-
"""
Writing files into a directory: all of them or none, and never over somebody else's.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping

from txinetd.config.text import shown
from txinetd.errors import UsageProblem

__all__ = ["writeFiles"]


def writeFiles(directory: str, files: Mapping[str, str], mark: str) -> None:
    """
    Write files; the directory is made if it is not there.

    @param files: text by name.
    @param mark: what a file that may be replaced begins with.
    @raise UsageProblem: it cannot be done, or a file is there that is somebody else's.
    """
    try:
        os.makedirs(directory, exist_ok=True)
        for name in files:
            _check(os.path.join(directory, name), mark)
        for name, text in files.items():
            _write(directory, name, text)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageProblem(f"{shown(str(error.filename or directory))}: {reason}") from None


def _check(path: str, mark: str) -> None:
    """
    Whether a file may be written.
    """
    try:
        with open(path, "rb") as file:
            found = file.read(len(mark))
    except FileNotFoundError:
        if os.path.islink(path):
            raise UsageProblem(f"{shown(path)} is a link that leads nowhere") from None
        return
    if found != mark.encode():
        raise UsageProblem(f"{shown(path)} is there, and not written by txinetd")


def _write(directory: str, name: str, text: str) -> None:
    """
    Write one file, so that whoever reads it sees the old one or the new one whole.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=".txinetd-", dir=directory)
    try:
        with open(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
            os.fchmod(file.fileno(), 0o644)
        os.replace(temporary, os.path.join(directory, name))
    except BaseException:
        os.unlink(temporary)
        raise
