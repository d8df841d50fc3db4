# -*- test-case-name: tests.test_config_systemd_dialect -*-
"""
The format of systemd.socket(5): C{NAME.socket}, with C{NAME@.service} where it says
C{Accept=yes} or C{NAME.service} where it does not, as one service.  Service units, which
belong to sockets, are no services by themselves.
"""

from __future__ import annotations

import os.path

import attrs
from zope.interface import implementer

from txinetd.config.interfaces import IDialect, ParsedFile
from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.systemd.build import build
from txinetd.config.systemd.scope import Scope
from txinetd.config.systemd.units import readPair
from txinetd.config.text import shown
from txinetd.config.values import LoadOptions
from txinetd.errors import Diagnostic, Severity
from txinetd.interfaces import INames
from txinetd.origin import Origin

__all__ = ["SystemdDialect"]


@implementer(IDialect)
@attrs.frozen
class SystemdDialect:
    """
    L{IDialect} for units of systemd.
    """

    def parse(self, path: str, data: bytes, names: INames, options: LoadOptions) -> ParsedFile:
        """
        See L{IDialect.parse}.
        """
        name = os.path.basename(path)
        start = Token(name, 1, 1)
        reporter = Reporter(path, name)
        if not name.endswith(".socket"):
            if not name.endswith(".service"):
                hint = "it is skipped"
                reporter.note("skipped-unit", start, shown(name), "a .socket unit", hint)
            return ParsedFile(diagnostics=tuple(reporter.diagnostics))
        if name.endswith("@.socket"):
            hint = "a template is no unit until it is given an instance"
            reporter.omit("template", start, shown(name), "a .socket unit", hint)
            return ParsedFile(diagnostics=tuple(reporter.diagnostics))
        pair = readPair(path, data)
        scope = Scope(pair, names, options, reporter)
        origin = Origin(path, 1, 1, name)
        spec = build(scope, origin)
        return ParsedFile(
            services=() if spec is None else (spec,),
            diagnostics=_settled((*pair.files.diagnostics, *reporter.diagnostics), origin),
            files=tuple(each for each, _ in pair.files.contents),
            unreadable=tuple(pair.files.unreadable),
        )


def _settled(diagnostics: tuple[Diagnostic, ...], origin: Origin) -> tuple[Diagnostic, ...]:
    """
    Let what drops the service be said of the socket's unit: by that a reload knows which
    service it was.
    """
    if not any(each.dropped and each.origin.path != origin.path for each in diagnostics):
        return diagnostics
    reason = next(each for each in diagnostics if each.dropped)
    said = [attrs.evolve(each, dropped=False) for each in diagnostics]
    found = f"a service with {reason.found}"
    hint = f"see {reason.origin}"
    said.append(
        Diagnostic(Severity.ERROR, "broken-pair", origin, found, "units without errors", hint, True)
    )
    return tuple(said)
