# -*- test-case-name: tests.test_tap -*-
"""
The command line of C{twistd inetd} and C{twist inetd}: the one place that reads
arguments and picks the reactor.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Sequence
from typing import Any, ClassVar, NoReturn

from twisted.application import service
from twisted.python import usage

from txinetd.config import (
    DEFAULT_DIALECT,
    DIALECTS,
    Configuration,
    LoadOptions,
    Settings,
    dumpConfiguration,
    exitStatus,
    hostList,
    load,
    ownIdentity,
    proposals,
    reportConfiguration,
    reportProposals,
    translate,
)
from txinetd.errors import Diagnostic, Severity, UsageProblem
from txinetd.names import SystemNames
from txinetd.sockets.family import haveIPv6
from txinetd.spec import Identity

__all__ = ["Options", "makeService"]

#: sysexits(3): the command was used wrongly; an input cannot be read.
EX_USAGE = 64
EX_NOINPUT = 66

#: Read when no C{-f} is given.
DEFAULT_FILE = "/etc/inetd.conf"

#: What C{--road} may say.
ROADS = ("auto", "direct", "launcher", "fork")

#: What C{--at-stop} may say.
LEAVE, WAIT, END = "leave", "wait", "end"


class Options(usage.Options):
    """
    What may be said after C{twistd inetd}.
    """

    synopsis = "[-f FILE]... [--check | --dump] [options]"

    longdesc = (
        "Listens for the services of inetd.conf(5) files and starts the right server"
        " program when someone connects.  SIGHUP reads the files again."
    )

    optFlags: ClassVar[list[Any]] = [
        ["check", None, "Read and resolve everything, print what is wrong, bind nothing, exit."],
        ["dump", None, "Print the resolved services, one a line, and exit."],
        ["as-me", None, "With --check or --dump: judge as the user who asks, not as root."],
        ["no-internal", None, "Leave out the services that txinetd itself would answer."],
    ]

    optParameters: ClassVar[list[Any]] = [
        [
            "dialect",
            None,
            DEFAULT_DIALECT,
            f"Whose inetd.conf the files are, and whose options may follow: {', '.join(DIALECTS)}.",
            None,
        ],
        ["backlog", None, 128, "Connections the kernel queues for each service.", None],
        ["default-address", None, None, "ADDRESS[,ADDRESS] for lines that name none.", None],
        [
            "at-stop",
            None,
            LEAVE,
            "Running servers when stopping: leave, wait (for their end) or end (them).",
            None,
        ],
        [
            "grace",
            None,
            None,
            "Seconds to wait for running servers when stopping, with wait or end.",
            None,
        ],
        ["road", None, "auto", "How servers are started: auto, direct, launcher or fork.", None],
    ]

    compData = usage.Completions(
        optActions={"file": usage.CompleteFiles(descr="configuration file or directory")}
    )

    def __init__(self) -> None:
        super().__init__()
        self["files"] = []
        self.settings = Settings()

    def opt_file(self, path: str) -> None:
        """
        A configuration file, or a directory of them; may be given more than once.
        """
        self["files"].append(path)

    opt_f = opt_file

    def parseArgs(self, *words: str) -> None:
        """
        There are no arguments besides the options; another system's inetd has its
        files there.
        """
        if self["dialect"] != DEFAULT_DIALECT:
            self["files"].extend(words)
        elif words:
            raise usage.UsageError(f"unexpected argument {words[0]!r}; files are named with -f")

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        Parse, and end the process with one line where that is not possible:
        Twisted would print the whole help text and exit as C{--check} does for
        warnings.
        """
        words = list(sys.argv[1:] if options is None else options)
        try:
            dialect = namedDialect(words)
            words, self.settings = translate(
                dialect, words, lambda name: f"{name[2:]}=" in self.longOpt
            )
            super().parseOptions(words)
        except (usage.UsageError, UsageProblem) as problem:
            complain(str(problem), EX_USAGE)

    def postOptions(self) -> None:
        """
        Check the values; do what C{--check} and C{--dump} ask for.
        """
        # twistd changes the directory when it daemonises.
        files = [absolute(name) for name in self["files"]] or [DEFAULT_FILE]
        self["files"] = files
        backlog = self.settings.backlog or self["backlog"]
        self["backlog"] = wholeNumber("--backlog", backlog, 1, 2**31 - 1)
        default = self.settings.address or self["default-address"]
        self["defaultAddresses"] = () if default is None else hostList(default)
        self["stopGrace"], self["killAfter"] = self._stopping()
        if self["road"] not in ROADS:
            raise usage.UsageError(f"--road {self['road']}: expected {', '.join(ROADS)}")
        if self["as-me"] and not (self["check"] or self["dump"]):
            raise usage.UsageError("--as-me goes with --check or --dump")
        if self["check"] and self["dump"]:
            raise usage.UsageError("--check and --dump exclude each other")
        for remark in self.settings.remarks:
            sys.stderr.write(f"txinetd: {remark}\n")
        if self["check"] or self["dump"]:
            self._inspect()

    def _stopping(self) -> tuple[float | None, float | None]:
        """
        C{--at-stop} and C{--grace} as L{txinetd.server.InetdService} wants them.
        """
        policy, grace = self["at-stop"], self["grace"]
        if policy not in (LEAVE, WAIT, END):
            raise usage.UsageError(f"--at-stop {policy}: expected {LEAVE}, {WAIT} or {END}")
        if policy == LEAVE:
            if grace is not None:
                raise usage.UsageError("--grace goes with --at-stop wait or --at-stop end")
            return 0.0, None
        seconds = None if grace is None else wholeNumber("--grace", grace, 0, 10**6)
        if policy == WAIT:
            return seconds, None
        return (10 if seconds is None else seconds), 5.0

    def loadOptions(self, judging: bool = False) -> LoadOptions:
        """
        What the command line says about reading the files.

        @param judging: for C{--check} and C{--dump}, which judge as root would.
        """
        return LoadOptions(
            daemon=self._daemon(),
            defaultAddresses=self["defaultAddresses"],
            noInternal=bool(self["no-internal"]),
            backlog=self["backlog"],
            haveIPv6=haveIPv6(),
            judgeAsRoot=judging and not self["as-me"],
            dialect=self["dialect"],
            limits=tuple(self.settings.limits.items()),
            wrapPrograms=self.settings.wrapPrograms,
            wrapInternal=self.settings.wrapInternal,
        )

    def _daemon(self) -> Identity:
        """
        Whom the daemon is going to run as: twistd may give up its privileges after
        everything is bound.
        """
        me = ownIdentity()
        parent = self.parent if self.parent is not None else {}
        uid, gid = parent.get("uid"), parent.get("gid")
        if uid is None and gid is None:
            return me
        wanted = me.uid if uid is None else int(uid)
        entry = SystemNames().user(str(wanted))
        name, wanted, primary = entry if entry is not None else (str(wanted), wanted, me.gid)
        gid = primary if gid is None else int(gid)
        return Identity(name, wanted, gid, SystemNames().groups(name, gid), keep=True)

    def load(self, judging: bool = False) -> Configuration:
        """
        Read the configuration.  May block.
        """
        return load(self["files"], SystemNames(), self.loadOptions(judging))

    def _inspect(self) -> None:
        """
        Do C{--check} or C{--dump} and end the process.
        """
        configuration = self.load(judging=True)
        if self["check"]:
            sys.stdout.write(reportConfiguration(configuration))
            options = self.loadOptions(judging=True)
            made = proposals(self["files"], SystemNames(), options, configuration)
            sys.stdout.write(reportProposals(made))
            status = exitStatus(configuration)
        else:
            for diagnostic in configuration.diagnostics:
                if diagnostic.severity is Severity.ERROR:
                    sys.stderr.write(f"{diagnostic}\n")
            sys.stdout.write(dumpConfiguration(configuration))
            status = 0
        sys.stdout.flush()
        raise SystemExit(status)


def complain(text: str, status: int) -> NoReturn:
    """
    End the process with one line on standard error.

    @param text: what is wrong.
    @param status: the exit status, from sysexits(3).
    """
    sys.stderr.write(f"txinetd: {text}\n")
    raise SystemExit(status)


def namedDialect(words: Sequence[str]) -> str:
    """
    The dialect that a command line names, looked for before the rest is read: what may
    stand there depends on it.

    @raise UsageProblem: there is none of that name.
    """
    named = DEFAULT_DIALECT
    for word, following in itertools.zip_longest(words, words[1:], fillvalue=""):
        if word == "--":
            break
        if word == "--dialect":
            named = following
        elif word.startswith("--dialect="):
            named = word.partition("=")[2]
    if named not in DIALECTS:
        raise UsageProblem(f"--dialect {named}: expected {', '.join(DIALECTS)}")
    return named


def absolute(name: str) -> str:
    """
    The absolute form of a C{[DIALECT:]PATH}.
    """
    dialect, separator, path = name.partition(":")
    if separator and "/" not in dialect:
        return f"{dialect}:{os.path.abspath(path)}"
    return os.path.abspath(name)


def wholeNumber(option: str, text: str | int, least: int, most: int) -> int:
    """
    An option's value as a number.

    @param option: the option, for the error.
    @param text: what was typed.
    @param least: the smallest value that makes sense.
    @param most: the largest.
    @raise usage.UsageError: for anything else.
    """
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise usage.UsageError(f"{option} {text}: expected a whole number from {least} to {most}")
    return number


def unstartable(configuration: Configuration) -> Diagnostic | None:
    """
    What keeps the daemon from starting at all: a file that was named and cannot
    be read.

    @param configuration: what was read.
    @return: the diagnostic to end with, or C{None} where all is well.
    """
    for diagnostic in configuration.diagnostics:
        if diagnostic.origin.path in configuration.unreadable:
            return diagnostic
    return None


def makeService(options: Options) -> service.IService:
    """
    Make the service that C{twistd inetd} runs.

    @param options: the command line, parsed.
    """
    from twisted.internet import reactor

    from txinetd.daemon import Daemon
    from txinetd.server import InetdService, reportDiagnostics

    try:
        configuration = options.load()
    except UsageProblem as problem:
        complain(str(problem), EX_USAGE)
    unreadable = unstartable(configuration)
    if unreadable is not None:
        complain(str(unreadable), EX_NOINPUT)
    reportDiagnostics(configuration.diagnostics)
    return Daemon(
        reactor,
        InetdService(
            reactor,
            configuration.services,
            loader=options.load,
            stopGrace=options["stopGrace"],
            killAfter=options["killAfter"],
            road=options["road"],
        ),
    )
