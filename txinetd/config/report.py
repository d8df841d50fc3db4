# -*- test-case-name: tests.test_tap -*-
"""
The text of C{--check}.

One line for each diagnostic, C{FILE:LINE:COLUMN: SEVERITY: ...}, as compilers
have it and editors understand it, and a last line that counts.
"""

from __future__ import annotations

from txinetd.config.text import visible
from txinetd.config.values import Configuration
from txinetd.errors import Diagnostic, Severity

__all__ = ["exitStatus", "line", "reportConfiguration"]


def line(diagnostic: Diagnostic) -> str:
    """
    One diagnostic, on one line and printable whatever the file is called.
    """
    text = visible(str(diagnostic))
    origin = diagnostic.origin
    if origin.line == 0:
        # About a file as a whole: no place in it to go to.
        text = text.replace(":0:1: ", ": ", 1)
    return text


def _counted(number: int, word: str) -> str:
    """
    A number of things.
    """
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def reportConfiguration(configuration: Configuration) -> str:
    """
    Everything there is to say about a configuration.
    """
    lines = [line(each) for each in configuration.diagnostics]
    found = [each.severity for each in configuration.diagnostics]
    lines.append(
        f"{_counted(len(configuration.services), 'service')} "
        f"in {_counted(len(configuration.files), 'file')}: "
        f"{_counted(found.count(Severity.ERROR), 'error')}, "
        f"{_counted(found.count(Severity.WARNING), 'warning')}, "
        f"{_counted(found.count(Severity.NOTE), 'note')}"
    )
    return "\n".join(lines) + "\n"


def exitStatus(configuration: Configuration) -> int:
    """
    What C{--check} exits with: 0, 1 with warnings, 2 with errors.
    """
    return int(configuration.severity)
