"""
What the tests of L{txinetd.config} have in common: databases that never change
and a way to read a text.
"""

from __future__ import annotations

import attrs

from txinetd.config import Configuration, LoadOptions
from txinetd.config.conflicts import separate
from txinetd.config.inetd import ClassicDialect
from txinetd.config.interfaces import ParsedFile
from txinetd.errors import Diagnostic, Severity
from txinetd.spec import Identity, ServiceSpec
from txinetd.testing import MemoryNames

#: The daemon, run by root.
ROOT = Identity("root", 0, 0, (0,), keep=True)

#: The daemon, run by an ordinary user.
ALICE = Identity("alice", 1000, 1000, (100, 1000), keep=True)

NAMES = MemoryNames(
    ports={
        ("tcpmux", "tcp"): 1,
        ("echo", "tcp"): 7,
        ("echo", "udp"): 7,
        ("discard", "tcp"): 9,
        ("sink", "tcp"): 9,
        ("daytime", "tcp"): 13,
        ("daytime", "udp"): 13,
        ("ftp", "tcp"): 21,
        ("telnet", "tcp"): 23,
        ("time", "tcp"): 37,
        ("tftp", "udp"): 69,
        ("auth", "tcp"): 113,
        ("ident", "tcp"): 113,
        ("talk", "udp"): 517,
    },
    users={
        "root": (0, 0),
        "alice": (1000, 1000),
        "nobody": (65534, 65534),
        "www.data": (33, 33),
        "bob": (1001, 1001),
    },
    groupIds={
        "root": 0,
        "users": 100,
        "tty": 5,
        "kmem": 15,
        "alice": 1000,
        "bob": 1001,
        "data.x": 77,
    },
    members={"users": ["alice"], "kmem": ["bob"]},
    hosts={
        "localhost": ["127.0.0.1", "::1"],
        "four": ["192.0.2.4"],
        "six": ["2001:db8::6"],
        "two": ["192.0.2.1", "192.0.2.2"],
    },
    programs={"rstatd": 100001, "rusersd": 100002},
)

OPTIONS = LoadOptions(daemon=ROOT, checkPrograms=False)


def parse(text: str | bytes, options: LoadOptions = OPTIONS) -> ParsedFile:
    """
    Read one file's text.
    """
    data = text if isinstance(text, bytes) else text.encode()
    return ClassicDialect().parse("inetd.conf", data, NAMES, options)


def configure(text: str | bytes, options: LoadOptions = OPTIONS) -> Configuration:
    """
    Read one file's text and settle who has which address.
    """
    parsed = parse(text, options)
    kept, conflicts = separate(parsed.services)
    return Configuration(tuple(kept), (*parsed.diagnostics, *conflicts), ("inetd.conf",))


def service(text: str, options: LoadOptions = OPTIONS) -> ServiceSpec:
    """
    The only service of a text.
    """
    services = configure(text, options).services
    if len(services) != 1:
        raise AssertionError(f"{len(services)} services in {text!r}: {codes(text, options)}")
    return services[0]


def diagnostics(
    text: str | bytes, options: LoadOptions = OPTIONS, least: Severity = Severity.WARNING
) -> list[Diagnostic]:
    """
    What there is to say about a text, notes left out.
    """
    return [each for each in configure(text, options).diagnostics if each.severity >= least]


def codes(
    text: str | bytes, options: LoadOptions = OPTIONS, least: Severity = Severity.WARNING
) -> list[str]:
    """
    The codes of L{diagnostics}.
    """
    return [each.code for each in diagnostics(text, options, least)]


def asUser(options: LoadOptions = OPTIONS) -> LoadOptions:
    """
    The same options for a daemon that alice runs.
    """
    return attrs.evolve(options, daemon=ALICE)
