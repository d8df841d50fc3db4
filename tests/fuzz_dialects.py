"""
C{python -m tests.fuzz_dialects [--inputs N] [--seed SEED] [--jobs N]}: reads made-up files in
every dialect, and ends with status 1 if one of them breaks a promise.

A file is made of the pieces that the formats know, of pieces that they do not know, and of
noise.  The same seed makes the same files, however many jobs share them.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
import traceback

import attrs

from tests.config_support import NAMES, OPTIONS
from txinetd.config import (
    DEFAULT_DIALECT,
    DIALECTS,
    POSITIONAL,
    Configuration,
    LoadOptions,
    dumpConfiguration,
    reportConfiguration,
)
from txinetd.config.conflicts import separate
from txinetd.spec import Program

__all__ = ["check", "document"]

#: What the files are called: nothing is beside them that they could include.
PATH = "/nonexistent/inetd.conf"

#: The files of one piece of work.
CHUNK = 2000

SERVING = attrs.evolve(OPTIONS, wrapPrograms=True)

_SERVICES = (
    "ftp", "echo", "8080", "0", "65536", "*:echo", ":echo", "127.0.0.1:7", "[::1]:7", "::1:7",
    "localhost,four:7", "a,b:7", "nosuch", "tcpmux/x", "tcpmux/+x", "rstatd/1-3", "100001/1,3",
    "/run/x", ":bob:tty:660:/run/x", ":::9:/x", "echo/", "127.0.0.1:", "*:", "x" * 300,
    ".include", "#@", "#", "service", "\u00e9",
)  # fmt: skip
_TYPES = (
    "stream", "dgram", "seqpacket", "raw", "rdm", "tli", "stream,5", "stream:x", "dgram,1:y,z",
    "on", "off", "", "STREAM", "=",
)  # fmt: skip
_PROTOCOLS = (
    "tcp", "udp", "tcp4", "tcp6", "tcp46", "tcp64", "tcp6only", "udp6", "unix", "rpc/tcp", "rpc/*",
    "rpc/udp46", "rpc/circuit_v,udp", "faith/tcp6", "tcp/ttcp", "tcp,sndbuf=1k", "udp,rcvbuf=5",
    "tcp,", "x",
)  # fmt: skip
_WAITS = (
    "wait", "nowait", "nowait.5", "wait:3", "nowait/1/2/3", "wait/0", "nowait.010", "waiting",
    "nowait.99999999999", "nowait/", "nowait.", "w",
)  # fmt: skip
_USERS = (
    "root", "bob", "bob:tty", "bob.tty", "www.data", "www.data:tty", "bob/daemon", "bob:tty/x", "-",
    "0", "4294967295", "nosuch", "/x", "::", "..",
)  # fmt: skip
_PROGRAMS = ("/bin/cat", "internal", "cat", "/", "/usr/sbin/tcpd", '"/a b"', "internal echo", "")
_ARGUMENTS = (
    "cat", "-x", "y", "-l", "/etc", "a=b", "10", "-v",
    '"a b"', "'c", 'd"e f"', "#", "# note", "\\", "a#b", ">x", "\x00", "\r", "\udcff",
)  # fmt: skip
#: Fields of lines that are right, one for each transport.
_RIGHT = (
    ("ftp", "stream", "tcp", "nowait", "root", "/bin/cat"),
    ("echo", "dgram", "udp", "wait", "bob", "internal"),
    ("8080", "stream", "tcp6", "wait", "bob:tty", "/bin/cat"),
    ("/run/x", "stream", "unix", "nowait", "root", "/bin/cat"),
    ("rstatd/1-3", "dgram", "rpc/udp", "wait", "root", "/bin/cat"),
    ("tcpmux/x", "stream", "tcp", "nowait", "bob", "/bin/cat"),
)
_FIELDS = (_SERVICES, _TYPES, _PROTOCOLS, _WAITS, _USERS, _PROGRAMS)
_ENDS = ("\n", "\n", "\n", "\r\n", "\\\n", "\n ", "\n\t", "", "\n\n", "\r")
_NOISE = " \t\n\r\\\"'#:;,./{}=@*[]%-+0aZ\0\x7f\u00e9\u2028"


def document(source: random.Random) -> bytes:
    """
    One file.
    """
    text = []
    for _ in range(source.randrange(1, 5)):
        kind = source.random()
        if kind < 0.1:
            length = source.randrange(60)
            text.append("".join(source.choice(_NOISE) for _ in range(length)))
        else:
            words = list(source.choice(_RIGHT))
            for _ in range(source.choice((0, 1, 1, 2, 6))):
                field = source.randrange(len(words))
                words[field] = source.choice(_FIELDS[field])
            words += ["cat"] * source.choice((0, 1, 1))
            words += [source.choice(_ARGUMENTS) for _ in range(source.choice((0, 0, 1, 2, 25)))]
            if kind < 0.2:
                del words[source.randrange(len(words)) :]
            text.append(source.choice((" ", "\t", "  ")).join(words))
        text.append(source.choice(_ENDS))
    data = bytearray("".join(text).encode("utf-8", "surrogateescape"))
    if data and source.random() < 0.1:
        data[source.randrange(len(data))] = source.randrange(256)
    return bytes(data)


def check(dialect: str, data: bytes, options: LoadOptions = SERVING) -> None:
    """
    Read a file and hold the result to what is promised of every one.

    @raise AssertionError: it is not so.
    """
    parsed = DIALECTS[dialect].parse(PATH, data, NAMES, options)
    kept, conflicts = separate(parsed.services)
    configuration = Configuration(tuple(kept), (*parsed.diagnostics, *conflicts), (PATH,))
    lines = data.count(b"\n") + 1
    for diagnostic in configuration.diagnostics:
        if diagnostic.origin.path != PATH:
            # About a file that was included by its whole path.
            continue
        assert 1 <= diagnostic.origin.line <= lines, diagnostic
        assert diagnostic.origin.column >= 1, diagnostic
        assert len(str(diagnostic).encode("utf-8", "surrogateescape")) < 5000, diagnostic
    report = reportConfiguration(configuration)
    assert len(report.splitlines()) == len(configuration.diagnostics) + 1, report
    dump = dumpConfiguration(configuration)
    assert len(dump.split("\n")) == len(kept) + 1 and dump.isascii(), dump
    again, _ = separate(
        DIALECTS[DEFAULT_DIALECT].parse(PATH, dump.encode(), NAMES, OPTIONS).services
    )
    assert again == kept, dump
    for spec in kept:
        if spec.origin.path == PATH:
            assert 1 <= spec.origin.line <= lines, spec
        assert spec.addresses or spec.multiplexed is not None, spec
        if isinstance(spec.server, Program):
            assert spec.server.path.startswith(b"/") and spec.server.argv, spec
            assert not any(b"\0" in each for each in (spec.server.path, *spec.server.argv)), spec
        if not spec.identity.keep:
            assert 0 <= spec.identity.uid < 2**32 - 1, spec


def _chunk(work: tuple[int, int, int]) -> tuple[int, float, list[str]]:
    """
    Check one piece of work: a seed, the piece's number and how many files.

    @return: how many were checked, the longest that one took, and what went wrong.
    """
    seed, number, count = work
    source = random.Random(f"{seed}:{number}")
    dialects = sorted(POSITIONAL)
    slowest, wrong = 0.0, []
    for index in range(count):
        data, dialect = document(source), dialects[index % len(dialects)]
        start = time.process_time()
        try:
            check(dialect, data)
        except Exception:
            # Whatever it is, the file that does it is what is wanted.
            wrong.append(f"{dialect} {data!r}\n{traceback.format_exc()}")
        slowest = max(slowest, time.process_time() - start)
    return count, slowest, wrong


def main() -> int:
    """
    Do what the command line says.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_dialects")
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    work = [
        (arguments.seed, number, min(CHUNK, arguments.inputs - begin))
        for number, begin in enumerate(range(0, arguments.inputs, CHUNK))
    ]
    start = time.monotonic()
    done, slowest, wrong = 0, 0.0, []
    with multiprocessing.Pool(arguments.jobs) as pool:
        for count, longest, problems in pool.imap_unordered(_chunk, work):
            done += count
            slowest = max(slowest, longest)
            wrong += problems
    for problem in wrong[:20]:
        sys.stdout.write(f"{problem}\n")
    sys.stdout.write(
        f"{done} inputs, seed {arguments.seed}, {len(wrong)} failures,"
        f" {time.monotonic() - start:.0f} s, the slowest {slowest * 1000:.1f} ms\n"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
