# -*- test-case-name: tests.test_convert_command -*-
"""
What C{--convert} does: text to write, files to write, and all there is to say.
"""

from __future__ import annotations

from collections.abc import Collection

import attrs

from txinetd.config import Configuration
from txinetd.config.report import line
from txinetd.convert.canonical import canonical, leftOut
from txinetd.convert.directory import writeFiles
from txinetd.convert.draft import Grade, Loss
from txinetd.convert.naming import unitNames
from txinetd.convert.units import HEADER, unitsOf
from txinetd.errors import Diagnostic, Severity
from txinetd.spec import Origin, ServiceSpec

__all__ = ["SYSTEMD", "TARGETS", "Conversion", "convert", "writeUnits"]

#: What C{--convert} may say.
TXINETD, SYSTEMD = "txinetd", "systemd"
TARGETS = (TXINETD, SYSTEMD)

_SEVERITIES = {
    Grade.OTHERWISE: Severity.NOTE,
    Grade.FUNCTION: Severity.WARNING,
    Grade.PROTECTION: Severity.ERROR,
    Grade.SERVICE: Severity.ERROR,
}
_CODES = {
    Grade.OTHERWISE: "done-otherwise",
    Grade.FUNCTION: "not-carried-over",
    Grade.PROTECTION: "protection-lost",
    Grade.SERVICE: "left-out",
}


@attrs.frozen
class Conversion:
    """
    What becomes of a configuration.

    @ivar text: what goes to standard output, or nothing.
    @ivar files: what goes into a directory, text by name.
    @ivar diagnostics: what there is to say, about the files that were read and about
        what is not carried over.
    """

    text: str
    files: dict[str, str]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def report(self) -> str:
        """
        All there is to say, one line each.
        """
        return "".join(f"{line(each)}\n" for each in self.diagnostics)

    @property
    def status(self) -> int:
        """
        An exit status: 0, 1 with warnings, 2 with errors.
        """
        return int(max((each.severity for each in self.diagnostics), default=Severity.NOTE))


def convert(configuration: Configuration, target: str, without: Collection[str] = ()) -> Conversion:
    """
    Convert a configuration.

    @param target: one of L{TARGETS}.
    @param without: attributes that may be lost though they protect.
    """
    if target == TXINETD:
        said = [
            Diagnostic(
                Severity.ERROR,
                "not-carried-over",
                _origin(configuration, place),
                text,
                "a service that a file can have",
            )
            for place, text in leftOut(configuration)
        ]
        text = canonical(configuration)
        return Conversion(text, {}, (*configuration.diagnostics, *said))
    files: dict[str, str] = {}
    diagnostics = list(configuration.diagnostics)
    for name, spec in unitNames(configuration.services):
        made = unitsOf(spec, name, without)
        files.update(made.files)
        told = sorted(made.losses, key=lambda loss: -loss.grade)
        diagnostics += [_diagnostic(spec, loss, made.guarded, without) for loss in told]
    return Conversion("", files, tuple(diagnostics))


def _origin(configuration: Configuration, place: str) -> Origin:
    """
    The place of a service.
    """
    found = (each.origin for each in configuration.services if str(each.origin) == place)
    return next(found, Origin(place))


def _diagnostic(
    spec: ServiceSpec, loss: Loss, guarded: bool, without: Collection[str]
) -> Diagnostic:
    """
    What to say about a loss.
    """
    severity, hint = _SEVERITIES[loss.grade], ""
    if loss.grade is Grade.PROTECTION and loss.attribute in without:
        severity, hint = Severity.WARNING, "as --even-without says"
    elif loss.grade is Grade.PROTECTION and guarded:
        hint = f"the socket cannot be started; --even-without {loss.attribute} lets it"
    elif loss.grade is Grade.SERVICE:
        hint = "there are no units for it"
    found = f"{loss.attribute} of {spec.name}: {loss.text}"
    expected = "a counterpart in systemd"
    return Diagnostic(severity, _CODES[loss.grade], spec.origin, found, expected, hint)


def writeUnits(conversion: Conversion, directory: str) -> None:
    """
    Write the units of a conversion.

    @raise UsageProblem: that cannot be done.
    """
    writeFiles(directory, conversion.files, HEADER)
