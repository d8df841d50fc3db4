# -*- test-case-name: tests.test_config_loader -*-
"""
From the arguments of C{-f} to a L{Configuration}.
"""

from __future__ import annotations

import os.path
from collections.abc import Sequence

import attrs

from txinetd.config import addresses
from txinetd.config.conflicts import separate
from txinetd.config.dialects import DIALECTS, XINETD, dialectOf, source
from txinetd.config.files import Files, readFiles
from txinetd.config.lexer import Token
from txinetd.config.protection import protected
from txinetd.config.reporter import Reporter
from txinetd.config.text import visible
from txinetd.config.values import Configuration, LoadOptions
from txinetd.errors import Diagnostic, Severity, UsageProblem
from txinetd.interfaces import INames
from txinetd.origin import Origin
from txinetd.spec import Program, ServiceSpec

__all__ = ["formatOf", "load"]

#: What stands for a file where the command line is what is wrong.
COMMAND_LINE = "<command line>"


def load(paths: Sequence[str], names: INames, options: LoadOptions | None = None) -> Configuration:
    """
    Read, check and resolve files.  This may block (files, name look-ups) and
    touches nothing that runs: it may be called from a thread.

    @param paths: files and directories, each C{[DIALECT:]PATH}.
    @param names: where services, users, groups and hosts are looked up.
    @return: the services and all there is to say, whatever the files hold.
    @raise UsageProblem: one of C{paths} is impossible as an argument.
    """
    options = LoadOptions() if options is None else options
    sources = [source(each) for each in paths]
    diagnostics = _checkDefaults(names, options)
    files = Files()
    services: list[ServiceSpec] = []
    read: list[str] = []
    for each in sources:
        before, said = len(files.contents), len(files.diagnostics)
        files.add(each.path)
        diagnostics.extend(files.diagnostics[said:])
        for path, data in files.contents[before:]:
            name = dialectOf(each, data, options.dialect)
            if each.dialect is None and name != options.dialect:
                diagnostics.append(_recognised(path, name))
            parsed = DIALECTS[name].parse(path, data, names, options)
            # A file for xinetd says by itself who is asked about whom.
            judged = options.wrap and name != XINETD
            services.extend(map(wrapped, parsed.services) if judged else parsed.services)
            diagnostics.extend(parsed.diagnostics)
            read.extend((path, *parsed.files))
            files.unreadable.extend(parsed.unreadable)
            if not parsed.understood:
                files.unreadable.append(path)
    guarded, unguarded = protected(services)
    diagnostics.extend(unguarded)
    kept, conflicts = separate(guarded)
    diagnostics.extend(conflicts)
    return Configuration(
        services=tuple(kept),
        diagnostics=tuple(_ordered(diagnostics)),
        files=tuple(dict.fromkeys(read)),
        unreadable=tuple(dict.fromkeys(files.unreadable)),
    )


def wrapped(spec: ServiceSpec) -> ServiceSpec:
    """
    A service about whose clients hosts_access(5) is asked, by the name of its program
    as in FreeBSD's inetd.  Nobody can be asked about who has no internet address, or
    who comes to a socket that its server accepts from itself.
    """
    accepts = spec.wait and spec.socketType.accepts and isinstance(spec.server, Program)
    if spec.access.wrap is not None or spec.isUnix or spec.isVsock or accepts:
        return spec
    name = spec.name
    if isinstance(spec.server, Program):
        name = visible(os.path.basename(spec.server.path).decode("utf-8", "surrogateescape"))
    return attrs.evolve(spec, access=attrs.evolve(spec.access, wrap=name))


def formatOf(argument: str) -> str | None:
    """
    The format of the file, or the first file of the directory, that a
    C{[DIALECT:]PATH} names; C{None} where that names nothing that can be read.
    """
    try:
        named = source(argument)
    except UsageProblem:
        return None
    if named.dialect is not None:
        return named.dialect
    contents = readFiles([named.path]).contents
    return dialectOf(named, contents[0][1]) if contents else None


def _recognised(path: str, dialect: str) -> Diagnostic:
    """
    Say in which format a file is read that nobody has said it of.
    """
    found = f"a file that looks like one for {dialect}, and is read as such"
    expected = "the format before the name"
    hint = f"{dialect}:{path} says so"
    return Diagnostic(Severity.NOTE, "format-found", Origin(path, 1), found, expected, hint)


def _checkDefaults(names: INames, options: LoadOptions) -> list[Diagnostic]:
    """
    Say which hosts of the command line cannot be resolved.
    """
    reporter = Reporter(COMMAND_LINE, "")
    token = Token(",".join(options.defaultAddresses), 0, 1)
    addresses.resolve(options.defaultAddresses, token, names, options, reporter)
    return reporter.diagnostics


def _ordered(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """
    By file, in the order in which files are first spoken of, and by place.
    """
    order: dict[str, int] = {}
    for each in diagnostics:
        order.setdefault(each.origin.path, len(order))
    return sorted(
        diagnostics,
        key=lambda each: (order[each.origin.path], each.origin.line, each.origin.column),
    )
