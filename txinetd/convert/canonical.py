# -*- test-case-name: tests.test_convert_command -*-
"""
Services as a file for txinetd itself: the text of C{--dump}, after a comment about
where it is from.  The comments of the files it was made of are not kept.
"""

from __future__ import annotations

from txinetd.config import Configuration, dumpConfiguration
from txinetd.config.text import visible

__all__ = ["canonical", "leftOut"]


def canonical(configuration: Configuration) -> str:
    """
    The text of the file.
    """
    lines = ["# Written by txinetd, in the key=value form of NetBSD's inetd.conf(5), from:"]
    lines += [f"#   {visible(path)}" for path in configuration.files]
    lines += [
        "# Comments of these files are not kept.  The place after each service is where it",
        "# was written.",
        "",
    ]
    return "\n".join(lines) + "\n" + dumpConfiguration(configuration)


def leftOut(configuration: Configuration) -> list[tuple[str, str]]:
    """
    What cannot be carried over: for each service the comment that stands in its place
    and says so, with the place where it was written.
    """
    found = []
    for spec in configuration.services:
        text = dumpConfiguration(Configuration((spec,)))
        if text.startswith("# "):
            found.append((str(spec.origin), text[2:].partition("  # ")[0]))
        elif "(but for what is recorded about it)" in text:
            reason = f"{visible(spec.name)}: but for what is recorded about it"
            found.append((str(spec.origin), reason))
    return found
