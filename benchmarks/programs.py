"""
What is built before anything is measured: the client, and the programs that are
served.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["INTERNAL", "build", "program"]

HERE = Path(__file__).parent

#: The "program" of a service that the super-server answers itself.
INTERNAL = "internal"

#: What is compiled, and how.
_SOURCES = {
    "server": ("-static",),
    "holding": ("-static",),
    "bare": ("-static", "-nostdlib", "-ffreestanding"),
    "client": (),
    "loop": (),
}

#: Where the program without the C library can be had; elsewhere it is the one with it.
_BARE = ("x86_64", "aarch64")


def build(directory: Path) -> None:
    """
    Compile what is written in C, and write the scripts.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        sys.exit("a C compiler is needed for the client")
    for name, more in _SOURCES.items():
        source = name
        if name == "bare" and platform.machine() not in _BARE:
            source, more = "server", _SOURCES["server"]
        words = [compiler, "-O2", *more, "-o", str(directory / name), str(HERE / f"{source}.c")]
        subprocess.run(words, check=True)
    (directory / "shell").write_text("echo ok\n")
    (directory / "python").write_text("print('ok')\n")


def program(name: str, directory: Path) -> tuple[str, tuple[str, ...]]:
    """
    A program's path and its argv; for an internal service L{INTERNAL} and its name.
    """
    return {
        "static": (str(directory / "server"), (str(directory / "server"),)),
        "bare": (str(directory / "bare"), (str(directory / "bare"),)),
        "holding": (str(directory / "holding"), (str(directory / "holding"),)),
        "shell": ("/bin/sh", ("sh", str(directory / "shell"))),
        "python": (sys.executable, ("python", "-S", "-E", str(directory / "python"))),
    }.get(name, (INTERNAL, (name,)))
