"""
Tests for L{txinetd.tap}: what may be typed, and what is said about the rest.
"""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any, cast

import attrs
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from txinetd import tap
from txinetd.metrics import MetricsService, haveClient
from txinetd.recording import RecordFormat
from txinetd.server import InetdService
from txinetd.tap import EX_CANTCREAT, EX_NOINPUT, EX_USAGE, Options, makeService


class Ended(Exception):
    """
    The command has ended.

    @ivar status: its exit status.
    """

    def __init__(self, status: int, out: str, err: str) -> None:
        super().__init__(status, out, err)
        self.status = status
        self.out = out
        self.err = err


class OptionsTestCase(SynchronousTestCase):
    """
    Parses command lines.
    """

    def setUp(self) -> None:
        self.file = Path(self.mktemp()).absolute()
        self.file.write_text("8007 stream tcp4 nowait - internal echo\n")

    def parse(self, *words: str) -> Options:
        """
        Parse one.

        @raise Ended: if it ends the command.
        """
        options = Options()
        self.run_(options.parseOptions, list(words))
        return options

    def run_(self, call: Any, *args: Any) -> Any:
        """
        Do something that may end the command.
        """
        with (
            contextlib.redirect_stdout(io.StringIO()) as out,
            contextlib.redirect_stderr(io.StringIO()) as err,
        ):
            try:
                return call(*args)
            except SystemExit as ended:
                assert isinstance(ended.code, int)
                status = ended.code
        raise Ended(status, out.getvalue(), err.getvalue())

    def ended(self, *words: str) -> Ended:
        """
        How a command line ends the command.
        """
        ended: Ended = self.assertRaises(Ended, self.parse, *words)
        return ended


class UsageTests(OptionsTestCase):
    """
    Tests for what cannot be done.
    """

    def test_each(self) -> None:
        """
        Each impossible command line is answered by one line that names what is
        wrong, and the status for that.
        """
        for words, expected in (
            (("--nonsense",), "nonsense"),
            (("extra",), "'extra'"),
            (("--backlog", "many"), "--backlog many"),
            (("--backlog", "0"), "--backlog 0"),
            (("--at-stop", "maybe"), "leave, wait or end"),
            (("--at-reload", "wait"), "leave or end"),
            (("--grace", "1"), "--at-stop"),
            (("--road", "high"), "auto, clone, direct, launcher, fork"),
            (("--at-stop", "wait", "--grace", "-1"), "--grace -1"),
            (("--default-address", "[::1"), "default address"),
            (("--as-me",), "--check, --dump, --explain or --convert"),
            (("--convert", "launchd"), "txinetd or systemd"),
            (("--convert", "systemd"), "--to DIRECTORY"),
            (("--convert", "txinetd", "--to", "x"), "--convert systemd"),
            (("--even-without", "cps"), "--convert systemd"),
            (("--convert", "txinetd", "--dump"), "exclude"),
            (("--limit", "0"), "--limit 0"),
            (("--questions", "few"), "--questions few"),
            (("--explain", "192.0.2.1"), "--explain"),
            (("--explain", "example.org", "ftp"), "example.org"),
            (("--explain", "192.0.2.1", "ftp", "--check"), "exclude"),
            (("--check", "--dump"), "exclude"),
            (("--record-format", "yaml"), "yaml"),
            (("--record-to", "syslog:moon"), "moon"),
            (("--metrics", "everywhere"), "--metrics everywhere"),
            (("-f", "klingon:x", "--check"), "klingon"),
        ):
            ended = self.ended(*words)
            self.assertEqual(ended.status, EX_USAGE, words)
            self.assertEqual(len(ended.err.splitlines()), 1, ended.err)
            self.assertTrue(ended.err.startswith("txinetd: "), ended.err)
            self.assertIn(expected, ended.err)


class ValueTests(OptionsTestCase):
    """
    Tests for what the options mean.
    """

    def test_files(self) -> None:
        """
        Files are taken from where they were typed, in their order.
        """
        found = self.parse("-f", "a", "--file", "/b", "-f", "txinetd:c")["files"]
        here = str(Path.cwd())
        self.assertEqual(found, [f"{here}/a", "/b", f"txinetd:{here}/c"])

    def test_defaultFile(self) -> None:
        """
        Without -f the usual file is read, or xinetd's where there is only that.
        """
        first, second = Path(self.mktemp()).absolute(), Path(self.mktemp()).absolute()
        self.patch(tap, "DEFAULT_FILES", (str(first), str(second)))
        self.assertEqual(self.parse()["files"], [str(first)])
        second.touch()
        self.assertEqual(self.parse()["files"], [str(second)])
        first.touch()
        self.assertEqual(self.parse()["files"], [str(first)])

    def test_stopping(self) -> None:
        """
        What becomes of running servers is left, waited for or ended.
        """
        for words, expected in (
            ((), (0.0, None)),
            (("--at-stop", "leave"), (0.0, None)),
            (("--at-stop", "wait"), (None, None)),
            (("--at-stop", "wait", "--grace", "3"), (3, None)),
            (("--at-stop", "end"), (10, 5.0)),
            (("--at-stop", "end", "--grace", "3"), (3, 5.0)),
        ):
            options = self.parse(*words)
            self.assertEqual((options["stopGrace"], options["killAfter"]), expected)

    def test_reloading(self) -> None:
        """
        Servers of services that a reload ends are left alone, or ended.
        """
        for words, expected in (
            ((), None),
            (("--at-reload", "leave"), None),
            (("--at-reload", "end"), 5.0),
        ):
            self.assertEqual(self.parse(*words)["endGone"], expected)

    def test_reading(self) -> None:
        """
        The others are for reading the files.
        """
        options = self.parse(
            "--no-internal", "--backlog", "9", "--default-address", "127.0.0.1,[::1]"
        ).loadOptions()
        self.assertEqual(
            (options.noInternal, options.backlog, options.defaultAddresses),
            (True, 9, ("127.0.0.1", "::1")),
        )


class CheckTests(OptionsTestCase):
    """
    Tests for C{--check} and C{--dump}.
    """

    def check(self, text: str, *words: str) -> Ended:
        """
        Check a file.
        """
        self.file.write_text(text)
        return self.ended("-f", str(self.file), *(words or ("--check",)))

    def test_clean(self) -> None:
        """
        It ends with 0 for a file without a fault.
        """
        ended = self.check("8007 stream tcp4 nowait - internal echo\n")
        self.assertEqual((ended.status, ended.err), (0, ""))

    def test_warnings(self) -> None:
        """
        With 1 after warnings.
        """
        ended = self.check("8007 stream tcp4 wait - internal echo\n")
        self.assertEqual(ended.status, 1)
        self.assertIn(f"{self.file}:1:18: warning: ", ended.out)

    def test_errors(self) -> None:
        """
        With 2 after errors.
        """
        ended = self.check("8007 stream\n")
        self.assertEqual(ended.status, 2)
        self.assertIn(f"{self.file}:1:6: error: ", ended.out)

    def test_missing(self) -> None:
        """
        With 2 for a file that is not there.
        """
        self.assertEqual(self.ended("-f", "/nonexistent", "--check").status, 2)

    def test_dump(self) -> None:
        """
        The dump has a line for each service, with its origin.
        """
        ended = self.check("8007 stream tcp4 nowait - internal echo\n", "--dump")
        self.assertEqual(ended.status, 0)
        self.assertIn("8007 ", ended.out)
        self.assertIn(f"# {self.file}:1", ended.out)

    def test_convert(self) -> None:
        """
        What becomes of the services goes to standard output or into a directory, what
        there is to say to standard error, and the status is that of C{--check}.
        """
        ended = self.ended("-f", str(self.file), "--convert", "txinetd")
        self.assertEqual(ended.status, 0, ended.err)
        self.assertIn("\n8007 on bind = 0.0.0.0, ", ended.out)
        self.file.write_text("8007 stream tcp4 nowait.0 - /bin/cat cat\n")
        where = Path(self.mktemp())
        words = ("-f", str(self.file), "--convert", "systemd", "--to", str(where))
        ended = self.ended(*words)
        self.assertEqual((ended.status, ended.out), (0, ""), ended.err)
        self.assertEqual(
            sorted(path.name for path in where.iterdir()),
            ["inetd-8007.socket", "inetd-8007@.service"],
        )
        (where / "inetd-8007.socket").write_text("mine")
        ended = self.ended(*words)
        self.assertEqual(ended.status, EX_CANTCREAT)
        self.assertIn("not written by txinetd", ended.err)

    def test_dumpWithErrors(self) -> None:
        """
        What makes no service is told apart from it.
        """
        ended = self.check("8007 stream\n8008 stream tcp4 nowait - internal echo\n", "--dump")
        self.assertEqual(len(ended.out.splitlines()), 1)
        self.assertIn("too-few-fields", ended.err)


class MakeTests(OptionsTestCase):
    """
    Tests for L{makeService}.
    """

    def test_service(self) -> None:
        """
        It makes a service of what the files say, and binds nothing yet.
        """
        made = makeService(self.parse("-f", str(self.file)))
        (inetd,) = (each for each in cast(Any, made) if isinstance(each, InetdService))
        self.assertEqual([spec.name for spec in inetd.specs], ["8007"])
        self.assertIsNone(inetd.runningServices[0].endpoints[0].bound)

    def test_record(self) -> None:
        """
        What is said of records is what the service does by default.
        """
        options = self.parse("-f", str(self.file), "--record-format", "xinetd")
        options["recording"] = recording = attrs.evolve(options["recording"], starts=True)
        self.assertIs(recording.format, RecordFormat.XINETD)
        (inetd,) = (
            each for each in cast(Any, makeService(options)) if isinstance(each, InetdService)
        )
        self.assertIs(inetd._collaborators.recording, recording)

    def test_questions(self) -> None:
        """
        How many are asked about at a time reaches what asks.
        """
        for words, most in (((), 15), (("--questions", "4"), 4)):
            made = cast(Any, makeService(self.parse("-f", str(self.file), *words)))
            (inetd,) = (each for each in made if isinstance(each, InetdService))
            self.assertEqual(inetd._collaborators.identClient.mostRefused, most)

    def test_metrics(self) -> None:
        """
        Metrics are served only when asked for.
        """
        for words, count in (((), 0), (("--metrics", "127.0.0.1:9100"), 1)):
            if words and not haveClient():
                raise SkipTest("prometheus_client is not installed")
            made = makeService(self.parse("-f", str(self.file), *words))
            found = [each for each in cast(Any, made) if isinstance(each, MetricsService)]
            self.assertEqual(len(found), count)

    def test_missing(self) -> None:
        """
        A file that is named and is not there ends the command.
        """
        options = self.parse("-f", "/nonexistent")
        ended = self.assertRaises(Ended, self.run_, makeService, options)
        self.assertEqual(ended.status, EX_NOINPUT)
        self.assertIn("/nonexistent", ended.err)


class DialectTests(OptionsTestCase):
    """
    Tests for the command lines of other systems' inetds.
    """

    def test_files(self) -> None:
        """
        Their files are words, as many as there are.
        """
        options = self.parse("--dialect", "gnu", str(self.file), "x")
        self.assertEqual(options["files"], [str(self.file), str(Path("x").absolute())])

    def test_letters(self) -> None:
        """
        Their options say how files are read.
        """
        options = self.parse(
            "--dialect=freebsd", "-wa", "127.0.0.1", "-c7", "-R", "0", str(self.file)
        )
        found = options.loadOptions()
        self.assertEqual(
            (found.dialect, found.defaultAddresses, found.limits, found.wrapPrograms),
            ("freebsd", ("127.0.0.1",), (("instances", 7), ("startsPerMinute", None)), True),
        )
        self.assertEqual(self.parse("--dialect", "debian", "-q", "77")["backlog"], 77)

    def test_problems(self) -> None:
        """
        What cannot be done is said in one line.
        """
        for words, part in (
            (("--dialect", "vms"), "--dialect vms: expected txinetd"),
            (("--dialect",), "--dialect"),
            (("--dialect", "freebsd", "-d"), "--nodaemon"),
            (("--dialect", "freebsd", "-a", "a b"), "bad default address"),
            (("-R", "5"), "-R"),
        ):
            ended = self.ended(*words)
            self.assertEqual(ended.status, EX_USAGE)
            self.assertIn(part, ended.err)
            self.assertEqual(ended.err.count("\n"), 1)

    def test_remarks(self) -> None:
        """
        What is different is said on standard error.
        """
        with contextlib.redirect_stderr(io.StringIO()) as err:
            options = Options()
            options.parseOptions(["--dialect", "gnu", "--resolve"])
        self.assertIn("TCPREMOTEHOST", err.getvalue())

    def test_proposal(self) -> None:
        """
        C{--check} proposes the dialect that fits a file with errors.
        """
        self.file.write_text("8007 stream tcp nowait/5 root /bin/cat cat\n")
        ended = self.ended("-f", str(self.file), "--check")
        self.assertIn(f"{self.file}: --dialect freebsd fits this file better", ended.out)
        ended = self.ended("--dialect", "freebsd", "--check", str(self.file))
        self.assertEqual((ended.status, "fits" in ended.out), (0, False))


class XinetdTests(OptionsTestCase):
    """
    Tests for files of xinetd's, and for its options.
    """

    def setUp(self) -> None:
        super().setUp()
        self.xinetd = Path(self.mktemp()).absolute()
        self.xinetd.write_text(
            "service echo\n{\ntype = INTERNAL\nsocket_type = stream\nwait = no\n"
            "cps = 0 0\nbacklog = 7\n}\n"
        )

    def test_dump(self) -> None:
        """
        A file of xinetd's is recognised, and its services are those of any file.
        """
        ended = self.assertRaises(Ended, self.parse, "-f", str(self.xinetd), "--dump")
        self.assertEqual(ended.status, 0)
        self.assertIn("backlog = 7", ended.out)

    def test_strict(self) -> None:
        """
        What xinetd does not have can be refused.
        """
        words = ("-f", str(self.xinetd), "--strict-xinetd", "--check")
        ended = self.assertRaises(Ended, self.parse, *words)
        self.assertEqual(ended.status, 2)
        self.assertIn("[strict-xinetd]", ended.out)

    def test_options(self) -> None:
        """
        Its options are those of twistd, where its files are read.
        """
        options = Options()
        twistd: dict[str, Any] = {"nodaemon": 0, "logfile": None, "pidfile": "twistd.pid"}
        options.parent = cast(Any, twistd)
        words = ["-dontfork", "-filelog", "/x", "-pidfile", "/y", "-f", f"xinetd:{self.xinetd}"]
        self.run_(options.parseOptions, words)
        self.assertEqual(twistd, {"nodaemon": True, "logfile": "/x", "pidfile": "/y"})

    def test_optionsElsewhere(self) -> None:
        """
        They are not where an inetd.conf is read: there, it is the file C{ilelog}.
        """
        options = self.parse("-filelog", "-f", str(self.file))
        self.assertEqual(options["files"], [str(Path("ilelog").absolute()), str(self.file)])

    def test_refused(self) -> None:
        """
        One that cannot be done ends it, with one line.
        """
        words = ("-syslog", "daemon", "-f", str(self.xinetd))
        ended = self.assertRaises(Ended, self.parse, *words)
        self.assertEqual((ended.status, ended.err.count("\n")), (EX_USAGE, 1))
