# -*- test-case-name: tests.test_config_inetd -*-
"""
Collects what there is to say about one entry while its fields are read.
"""

from __future__ import annotations

import attrs

from txinetd.config.lexer import Token
from txinetd.errors import Diagnostic, Severity
from txinetd.spec import Origin

__all__ = ["Reporter"]


@attrs.define
class Reporter:
    """
    The diagnostics of one entry.

    @ivar path: the file.
    @ivar label: the entry's first field.
    @ivar diagnostics: what was said so far.
    @ivar dropped: whether the entry makes no service.
    """

    path: str
    label: str
    diagnostics: list[Diagnostic] = attrs.field(factory=list)
    dropped: bool = False

    def origin(self, token: Token) -> Origin:
        """
        The place of C{token}.
        """
        return Origin(self.path, token.line, token.column, self.label)

    def _say(
        self,
        severity: Severity,
        code: str,
        token: Token,
        found: str,
        expected: str,
        hint: str,
        dropped: bool = False,
    ) -> None:
        """
        Add one diagnostic.
        """
        origin = self.origin(token)
        self.diagnostics.append(Diagnostic(severity, code, origin, found, expected, hint, dropped))

    def note(self, code: str, token: Token, found: str, expected: str, hint: str = "") -> None:
        """
        Something that is right here and that elsewhere is not.
        """
        self._say(Severity.NOTE, code, token, found, expected, hint)

    def warn(self, code: str, token: Token, found: str, expected: str, hint: str = "") -> None:
        """
        Something that is probably not what was meant.
        """
        self._say(Severity.WARNING, code, token, found, expected, hint)

    def defect(self, code: str, token: Token, found: str, expected: str, hint: str = "") -> None:
        """
        Something that is wrong, but that the service can be started with.
        """
        self._say(Severity.ERROR, code, token, found, expected, hint)

    def drop(self, code: str, token: Token, found: str, expected: str, hint: str = "") -> None:
        """
        Something that leaves no service to start.

        Only the first such diagnostic of an entry is marked C{dropped}, so that
        there are as many as there are entries without a service: a reload
        counts them.
        """
        first = not self.dropped
        self.dropped = True
        self._say(Severity.ERROR, code, token, found, expected, hint, first)

    def omit(self, code: str, token: Token, found: str, expected: str, hint: str = "") -> None:
        """
        An entry that is well and that nobody wants.
        """
        first = not self.dropped
        self.dropped = True
        self._say(Severity.NOTE, code, token, found, expected, hint, first)
