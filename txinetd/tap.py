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

import attrs
from twisted.application import service
from twisted.python import usage

from txinetd.config import (
    DEFAULT_DIALECT,
    POSITIONAL,
    XINETD,
    Configuration,
    LoadOptions,
    Settings,
    dumpConfiguration,
    exitStatus,
    formatOf,
    hostList,
    load,
    ownIdentity,
    proposals,
    reportConfiguration,
    reportProposals,
    translate,
)
from txinetd.config.xinetd.options import rewritten
from txinetd.convert import SYSTEMD, TARGETS, convert, writeUnits
from txinetd.errors import Diagnostic, Severity, UsageProblem
from txinetd.explain import explain, peerOf
from txinetd.names import SystemNames
from txinetd.policy import FLOOD_PENALTIES, NO_POLICY, Access, Network, Policy
from txinetd.recordoptions import metricsAddress, recordingFor
from txinetd.sockets.family import haveIPv6
from txinetd.spec import Identity, InetAddress, ServiceSpec
from txinetd.wallclock import WallClock

__all__ = ["Options", "makeService"]

#: sysexits(3): the command was used wrongly; an input cannot be read; a file cannot be
#: written.
EX_USAGE = 64
EX_NOINPUT = 66
EX_CANTCREAT = 73

#: Read when no C{-f} is given: the first, or the second where there is only that.
DEFAULT_FILES = ("/etc/inetd.conf", "/etc/xinetd.conf")

#: Who is never given a penalty by default: whatever comes by way of a proxy would
#: be one source.
_LOOPBACK = ((4, 127 << 24, (128 << 24) - 1), (6, 1, 1))

#: What C{--road} may say.
ROADS = ("auto", "clone", "direct", "launcher", "fork")

#: What C{--at-stop}, and but for the second one C{--at-reload}, may say.
LEAVE, WAIT, END = "leave", "wait", "end"

#: Seconds that a server has between SIGTERM and SIGKILL.
KILL_AFTER = 5.0


class Options(usage.Options):
    """
    What may be said after C{twistd inetd}.
    """

    synopsis = "[-f FILE]... [--check | --dump | --convert TARGET] [options]"

    longdesc = (
        "Listens for the services of inetd.conf(5) files and starts the right server"
        " program when someone connects.  SIGHUP reads the files again."
    )

    optFlags: ClassVar[list[Any]] = [
        ["check", None, "Read and resolve everything, print what is wrong, bind nothing, exit."],
        ["dump", None, "Print the resolved services, one a line, and exit."],
        ["as-me", None, "With --check or --dump: judge as the user who asks, not as root."],
        ["wrap", None, "Ask hosts.allow and hosts.deny (hosts_access(5)) about each connection."],
        ["no-internal", None, "Leave out the services that txinetd itself would answer."],
        ["strict-xinetd", None, "In files for xinetd, refuse what xinetd does not have."],
    ]

    optParameters: ClassVar[list[Any]] = [
        [
            "dialect",
            None,
            DEFAULT_DIALECT,
            f"Whose inetd.conf the files are, and whose options follow: {', '.join(POSITIONAL)}.",
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
            "at-reload",
            None,
            LEAVE,
            "Running servers of services that a reload ends: leave or end (them).",
            None,
        ],
        [
            "grace",
            None,
            None,
            "Seconds to wait for running servers when stopping, with wait or end.",
            None,
        ],
        [
            "explain",
            None,
            None,
            "ADDRESS[:PORT] SERVICE: print what its rules say about that client, and exit.",
            None,
        ],
        ["convert", None, None, f"Write the services for another: {', '.join(TARGETS)}.", None],
        ["to", None, None, "With --convert systemd: the directory for the units.", None],
        [
            "even-without",
            None,
            None,
            "With --convert systemd: ATTRIBUTE[,ATTRIBUTE] that protect and may be lost.",
            None,
        ],
        ["limit", None, None, "Servers at a time, of all services together.", None],
        ["questions", None, None, "Clients of whom an identd is asked at a time.", None],
        ["bar-file", None, None, "Where who has touched a trap is kept over a restart.", None],
        ["road", None, "auto", "How servers start: auto, clone, direct, launcher, fork.", None],
    ]

    optParameters += [
        ["record-format", None, "text", "What a record looks like: text, json or xinetd.", None],
        ["record-to", None, "log", "Where to: log, FILE or syslog[:FACILITY[.PRIORITY]].", None],
        ["metrics", None, None, "HOST:PORT to serve the counters on, for Prometheus.", None],
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
            # getopt(3) would take it for the end of the options.
            self["explain"] = takeExplain(words)
            dialect = namedDialect(words)
            if dialect == DEFAULT_DIALECT:
                words = list(self._rewritten(words))
            words, self.settings = translate(
                dialect, words, lambda name: f"{name[2:]}=" in self.longOpt
            )
            super().parseOptions(words)
        except (usage.UsageError, UsageProblem) as problem:
            complain(str(problem), EX_USAGE)

    def _rewritten(self, words: Sequence[str]) -> Sequence[str]:
        """
        A command line in which the options of xinetd(8) are ours.
        """
        parent = {} if self.parent is None else self.parent
        known = frozenset(parent) & {"nodaemon", "logfile", "pidfile"}
        found = rewritten(words, isXinetd, known)
        for note in found.notes:
            sys.stderr.write(f"txinetd: {note}\n")
        parent.update(found.parent)
        return found.words

    def postOptions(self) -> None:
        """
        Check the values; do what C{--check} and C{--dump} ask for.
        """
        # twistd changes the directory when it daemonises.
        files = [absolute(name) for name in self["files"]] or [defaultFile()]
        self["files"] = files
        backlog = self.settings.backlog or self["backlog"]
        self["backlog"] = wholeNumber("--backlog", backlog, 1, 2**31 - 1)
        default = self.settings.address or self["default-address"]
        self["defaultAddresses"] = () if default is None else hostList(default)
        self["stopGrace"], self["killAfter"] = self._stopping()
        self["endGone"] = self._reloading()
        if self["road"] not in ROADS:
            raise usage.UsageError(f"--road {self['road']}: expected {', '.join(ROADS)}")
        self["recording"] = recordingFor(self["record-format"], self["record-to"])
        self["metrics"] = None if self["metrics"] is None else metricsAddress(self["metrics"])
        limit, questions = self["limit"], self["questions"]
        self["policy"] = serverPolicy(
            None if limit is None else wholeNumber("--limit", limit, 1, 10**6),
            None if questions is None else wholeNumber("--questions", questions, 1, 10**4),
        )
        if self["bar-file"] is not None:
            self["bar-file"] = os.path.abspath(self["bar-file"])
        asked = [word for word in ("check", "dump", "explain", "convert") if self[word]]
        if self["as-me"] and not asked:
            raise usage.UsageError("--as-me goes with --check, --dump, --explain or --convert")
        conversionOptions(self["convert"], self["to"], self["even-without"])
        if len(asked) > 1:
            raise usage.UsageError(f"--{asked[0]} and --{asked[1]} exclude each other")
        for remark in self.settings.remarks:
            sys.stderr.write(f"txinetd: {remark}\n")
        if asked:
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
        return (10 if seconds is None else seconds), KILL_AFTER

    def _reloading(self) -> float | None:
        """
        C{--at-reload} as L{txinetd.server.InetdService} wants it.
        """
        policy = self["at-reload"]
        if policy not in (LEAVE, END):
            raise usage.UsageError(f"--at-reload {policy}: expected {LEAVE} or {END}")
        return KILL_AFTER if policy == END else None

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
            strictXinetd=bool(self["strict-xinetd"]),
            judgeAsRoot=judging and not self["as-me"],
            wrap=bool(self["wrap"]),
            dialect=self["dialect"],
            recording=self["recording"],
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
        Do C{--check}, C{--dump}, C{--explain} or C{--convert} and end the process.
        """
        configuration = self.load(judging=True)
        if self["explain"]:
            (address, port), name = self["explain"]
            told = explain(configuration.services, name, address, port, WallClock(), askWrappersDry)
            sys.stdout.write(told.text)
            status = int(told.answer)
        elif self["check"]:
            sys.stdout.write(reportConfiguration(configuration))
            options = self.loadOptions(judging=True)
            made = proposals(self["files"], SystemNames(), options, configuration)
            sys.stdout.write(reportProposals(made))
            status = exitStatus(configuration)
        elif self["convert"]:
            status = self._convert(configuration)
        else:
            for diagnostic in configuration.diagnostics:
                if diagnostic.severity is Severity.ERROR:
                    sys.stderr.write(f"{diagnostic}\n")
            sys.stdout.write(dumpConfiguration(configuration))
            status = 0
        sys.stdout.flush()
        raise SystemExit(status)

    def _convert(self, configuration: Configuration) -> int:
        """
        Do C{--convert}.
        """
        without = (self["even-without"] or "").split(",")
        made = convert(configuration, self["convert"], without)
        sys.stderr.write(made.report)
        sys.stdout.write(made.text)
        if self["to"] is not None:
            try:
                writeUnits(made, self["to"])
            except UsageProblem as problem:
                complain(str(problem), EX_CANTCREAT)
        return made.status


def conversionOptions(target: str | None, directory: str | None, without: str | None) -> None:
    """
    Check what is said about C{--convert}.

    @param target: its value.
    @param directory: that of C{--to}.
    @param without: that of C{--even-without}.
    @raise usage.UsageError: they do not go together.
    """
    if target is not None and target not in TARGETS:
        raise usage.UsageError(f"--convert {target}: expected {' or '.join(TARGETS)}")
    units = target == SYSTEMD
    if units and directory is None:
        raise usage.UsageError("--convert systemd wants --to DIRECTORY")
    for option, value in (("--to", directory), ("--even-without", without)):
        if value is not None and not units:
            raise usage.UsageError(f"{option} goes with --convert systemd")


def takeExplain(words: list[str]) -> tuple[tuple[str, int], str] | None:
    """
    Take C{--explain ADDRESS SERVICE} out of a command line, wherever in it.

    @param words: changed.
    @return: the client and the service, or C{None} where it is not there.
    @raise UsageProblem: if it is not complete.
    """
    for position, word in enumerate(words):
        option, equals, address = word.partition("=")
        if option != "--explain":
            continue
        taken = words[position + 1 : position + (2 if equals else 3)]
        del words[position : position + 1 + len(taken)]
        given = ([address] if equals else []) + taken
        if len(given) != 2 or any(each.startswith("-") for each in given):
            raise UsageProblem("--explain: expected ADDRESS[:PORT] SERVICE after it")
        return peerOf(given[0]), given[1]
    return None


def serverPolicy(limit: int | None, questions: int | None) -> Policy:
    """
    What holds for all services together: a mild penalty for whoever is refused all the
    time for what he does himself, and a limit on servers where one is asked for.

    @param limit: servers at a time, or C{None}.
    @param questions: clients of whom an identd is asked at a time, or C{None}.
    """
    local = tuple(Network(version, first, last) for version, first, last in _LOOPBACK)
    return Policy(
        access=Access(penalties=attrs.evolve(FLOOD_PENALTIES, exempt=local)),
        limits=attrs.evolve(NO_POLICY.limits, instances=limit),
        questions=questions,
    )


def askWrappersDry(spec: ServiceSpec, address: str, port: int) -> tuple[bool, str]:
    """
    Ask hosts_access(5) what it would say, and wait for that.

    @param spec: the service; the first of its addresses is the one that is called.
    """
    from twisted.internet import reactor as _reactor

    from txinetd.process.limits import DescriptorLimit
    from txinetd.process.reaper import Reaper
    from txinetd.wrap import Answer, Wrapper

    reactor: Any = _reactor
    wrapper = Wrapper(reactor, Reaper(reactor), DescriptorLimit())
    called = next(each for each in spec.addresses if isinstance(each, InetAddress))
    answers: list[Answer] = []

    def answered(answer: Answer) -> None:
        answers.append(answer)
        wrapper.close()
        reactor.stop()

    def ask() -> None:
        wrapper.ask(
            (spec.access.wrap or "").encode("utf-8", "surrogateescape"),
            address,
            port,
            called.host,
            called.port,
            dry=True,
        ).addCallback(answered)

    reactor.callWhenRunning(ask)
    reactor.run(installSignalHandlers=False)
    return answers[0].allowed, answers[0].reason


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
    if named not in POSITIONAL:
        raise UsageProblem(f"--dialect {named}: expected {', '.join(POSITIONAL)}")
    return named


def defaultFile() -> str:
    """
    The file that is read when none is named.
    """
    first, second = DEFAULT_FILES
    return second if os.path.exists(second) and not os.path.exists(first) else first


def isXinetd(name: str | None) -> bool:
    """
    Whether a C{[DIALECT:]PATH}, or what is read without any, is a file for xinetd.
    """
    return formatOf(defaultFile() if name is None else name) == XINETD


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
    from txinetd.server import InetdService, countBadLines, reportDiagnostics
    from txinetd.sockets.inherited import environmentAtStart, fromEnvironment

    try:
        configuration = options.load()
    except UsageProblem as problem:
        complain(str(problem), EX_USAGE)
    unreadable = unstartable(configuration)
    if unreadable is not None:
        complain(str(unreadable), EX_NOINPUT)
    reportDiagnostics(configuration.diagnostics)
    inetd = InetdService(
        reactor,
        configuration.services,
        loader=options.load,
        stopGrace=options["stopGrace"],
        killAfter=options["killAfter"],
        endGone=options["endGone"],
        road=options["road"],
        recording=options["recording"],
        policy=options["policy"],
        barFile=options["bar-file"],
        inherited=fromEnvironment(environmentAtStart(), os.getpid()),
    )
    inetd.counters.badLines = countBadLines(configuration.diagnostics)
    daemon = Daemon(reactor, inetd)
    if options["metrics"] is not None:
        from txinetd.metrics import MetricsService

        host, port = options["metrics"]
        MetricsService(reactor, host, port, inetd.snapshot).setServiceParent(daemon)
    return daemon
