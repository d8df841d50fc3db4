"""
What the tests of L{txinetd.config.xinetd} have in common: a way to read a text as if
everything that it asks for were done.
"""

from __future__ import annotations

from tests.config_support import NAMES, OPTIONS
from txinetd.config.interfaces import ParsedFile
from txinetd.config.values import LoadOptions
from txinetd.config.xinetd import XinetdDialect
from txinetd.errors import Diagnostic, Severity
from txinetd.spec import ServiceSpec
from txinetd.testing import MemoryNames

#: What a service needs, but for what serves; each test adds its own.
BASE = """\
    socket_type = stream
    wait = no
    user = nobody
    server = /usr/bin/env
"""

#: The dialect, with nothing that is not done yet.
WHOLE = XinetdDialect(notDone={})


def parse(
    text: str | bytes,
    options: LoadOptions = OPTIONS,
    names: MemoryNames = NAMES,
    dialect: XinetdDialect = WHOLE,
) -> ParsedFile:
    """
    Read one file's text.
    """
    data = text if isinstance(text, bytes) else text.encode()
    return dialect.parse("/etc/xinetd.conf", data, names, options)


def entry(lines: str = "", base: str = BASE, name: str = "ftp") -> str:
    """
    The text of a service.
    """
    return f"service {name}\n{{\n{base}{lines}\n}}\n"


def defaults(lines: str) -> str:
    """
    The text of a C{defaults} section.
    """
    return f"defaults\n{{\n{lines}\n}}\n"


def service(text: str, options: LoadOptions = OPTIONS) -> ServiceSpec:
    """
    The only service of a text.
    """
    found = parse(text, options)
    if len(found.services) != 1:
        raise AssertionError([str(each) for each in found.diagnostics])
    return found.services[0]


def said(
    text: str | bytes, options: LoadOptions = OPTIONS, least: Severity = Severity.WARNING
) -> list[Diagnostic]:
    """
    What there is to say about a text, notes left out.
    """
    return [each for each in parse(text, options).diagnostics if each.severity >= least]


def codes(
    text: str | bytes, options: LoadOptions = OPTIONS, least: Severity = Severity.WARNING
) -> list[str]:
    """
    The codes of L{said}.
    """
    return [each.code for each in said(text, options, least)]
