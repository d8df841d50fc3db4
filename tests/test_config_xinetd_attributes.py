"""
Tests for L{txinetd.config.xinetd.attributes}: what each attribute may say, one by one.
"""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import OPTIONS
from tests.xinetd_support import codes, defaults, entry, parse, said, service
from txinetd.config.xinetd.attribute import Place
from txinetd.config.xinetd.attributes import ATTRIBUTES
from txinetd.config.xinetd.draft import Draft

#: Values that each attribute takes, beside what every service here has.
GOOD = {
    "disable": ["no", "NO"],
    "id": ["x-1"],
    "type": ["UNLISTED\nport = 5000"],
    "flags": ["IPv4", "REUSE NORETRY NODELAY KEEPALIVE NOLIBWRAP IPv4 IPv6"],
    "protocol": ["tcp"],
    "group": ["tty", "5"],
    "groups": ["yes", "no"],
    "server_args": ["a", "-x --y=#"],
    "port": ["21"],
    "bind": ["127.0.0.1", "::1", "localhost"],
    "interface": ["192.0.2.1"],
    "v6only": ["yes", "no"],
    "redirect": ["192.0.2.1 80", "localhost telnet"],
    "instances": ["1", "UNLIMITED", "unlimited"],
    "per_source": ["10", "UNLIMITED"],
    "cps": ["50 10", "0 0"],
    "max_load": ["2", "2.5", ".5"],
    "only_from": ["10.0.0.0 192.0.2.0/24 localhost 10.1.{2,3} ::1", ""],
    "no_access": ["10.0.0.1", ""],
    "access_times": ["8:00-17:00", "02:00-8:59 12:00-23:59"],
    "libwrap": ["in.ftpd"],
    "banner": ["/etc/banner"],
    "banner_success": ["/etc/banner"],
    "banner_fail": ["/etc/banner"],
    "log_type": ["SYSLOG daemon", "SYSLOG authpriv notice", "FILE /var/log/x", "FILE /x 1M 2m"],
    "log_on_success": ["PID HOST USERID EXIT DURATION TRAFFIC", ""],
    "log_on_failure": ["HOST USERID ATTEMPT", ""],
    "umask": ["022", "7", "0777"],
    "nice": ["-20", "19"],
    "rlimit_as": ["1024M", "8k", "1048576", "UNLIMITED"],
    "rlimit_cpu": ["20", "UNLIMITED"],
    "rlimit_data": ["1M"],
    "rlimit_rss": ["1M"],
    "rlimit_stack": ["1M"],
    "rlimit_files": ["64", "UNLIMITED"],
    "env": ["A=1 B=", "C==x"],
    "passenv": ["HOME PATH", ""],
}

#: Values that each of them does not take.
BAD = {
    "disable": ["maybe"],
    "type": ["UNLISTD", "SPECIAL"],
    "flags": ["IPv5"],
    "socket_type": ["strem", "rdm"],
    "protocol": ["sctp", "tcp6"],
    "wait": ["1"],
    "user": ["nosuchuser"],
    "group": ["nosuchgroup"],
    "groups": ["wheel"],
    "server": ["env", "/usr/bin/"],
    "port": ["ftp", "65536", "-1", "99999999999999999999"],
    "bind": ["no.such.host", "256.1.1.1"],
    "v6only": ["on"],
    "redirect": ["no.such.host 80", "192.0.2.1 nosuchport", "192.0.2.1 0", "192.0.2.1 65536"],
    "rpc_version": ["3-2", "a"],
    "rpc_number": ["0", "x"],
    "instances": ["0", "-1", "many", "1.5", "9" * 30],
    "per_source": ["0", "UNLIMITE"],
    "cps": ["25 0", "x 10", "25 x"],
    "max_load": ["0", "-1", "nan", "inf", "1e3"],
    "no_access": ["10.1", "@netgroup", ".example.org", "300.0.0.0"],
    "access_times": ["8:00", "8-9", "25:00-26:00"],
    "deny_time": ["soon", "-1"],
    "banner": ["relative"],
    "umask": ["999", "01000", "x"],
    "nice": ["20", "-21", "x"],
    "rlimit_as": ["1G", "-1", "x"],
    "rlimit_cpu": ["1h", "0"],
    "log_type": ["SYSLOG", "SYSLOG nonsense", "SYSLOG daemon loud", "FILE", "FILE x", "FILE /x 0"],
    "log_on_success": ["PIDS", "ATTEMPT"],
    "log_on_failure": ["PID"],
    "env": ["A", "=1"],
    "passenv": ["A=1"],
}

#: Those that every service here has.
_GIVEN = ("socket_type", "wait", "user", "server")


def entryWith(name: str, value: str) -> str:
    """
    A service in which an attribute has a value.
    """
    lines = {
        "socket_type": "stream",
        "wait": "no",
        "user": "nobody",
        "server": "/usr/bin/env",
        name: value,
    }
    if name == "rpc_version" or name == "rpc_number":
        lines["type"] = "RPC UNLISTED"
    return entry("", "".join(f"{each} = {text}\n" for each, text in lines.items()))


class TableTests(SynchronousTestCase):
    """
    Tests for the table as such.
    """

    def test_fields(self) -> None:
        """
        Each attribute becomes a field that there is.
        """
        known = {*Draft.__annotations__, ""}
        self.assertEqual({row.field for row in ATTRIBUTES.values()} - known, set())

    def test_defaults(self) -> None:
        """
        What a C{defaults} section may have is what xinetd lets it have, and C{mdns},
        about which the same is said there.
        """
        found = {name for name, row in ATTRIBUTES.items() if Place.DEFAULTS in row.place}
        self.assertEqual(
            found,
            {
                "log_type",
                "log_on_success",
                "log_on_failure",
                "disabled",
                "enabled",
                "no_access",
                "only_from",
                "instances",
                "passenv",
                "banner",
                "bind",
                "interface",
                "per_source",
                "groups",
                "banner_success",
                "banner_fail",
                "cps",
                "max_load",
                "v6only",
                "umask",
                "mdns",
            },
        )

    def test_operators(self) -> None:
        """
        Lists can be added to and taken from, all but the environment.
        """
        found = {name: row.operators for name, row in ATTRIBUTES.items() if row.operators != ("=",)}
        every = ("=", "+=", "-=")
        names = "log_on_success log_on_failure only_from no_access passenv enabled disabled"
        self.assertEqual(found, {**dict.fromkeys(names.split(), every), "env": ("=", "+=")})

    def test_allTried(self) -> None:
        """
        These tests try each attribute.
        """
        elsewhere = {"enabled", "disabled", "mdns", "rpc_version", "rpc_number", "deny_time"}
        self.assertEqual(set(ATTRIBUTES) - set(GOOD) - set(_GIVEN), elsewhere)


class ValueTests(SynchronousTestCase):
    """
    Tests for what attributes say.
    """

    def test_good(self) -> None:
        """
        What an attribute takes makes a service, and no mistake is found.
        """
        for name, values in GOOD.items():
            for value in values:
                found = parse(entryWith(name, value))
                wrong = [each.code for each in found.diagnostics if each.severity > 0]
                expected = ["nobody-allowed"] if (name, value) == ("only_from", "") else []
                if name == "redirect":
                    expected = ["not-needed"]
                self.assertEqual((wrong, len(found.services)), (expected, 1), (name, value))

    def test_bad(self) -> None:
        """
        What it does not take costs the service, with one error that says where the
        value stands and what could.
        """
        for name, values in BAD.items():
            for value in values:
                text = entryWith(name, value)
                found = parse(text)
                self.assertEqual(found.services, (), (name, value))
                (first, *_) = [each for each in found.diagnostics if each.dropped]
                line = text.splitlines()[first.origin.line - 1]
                self.assertIn(name, line, (name, value, str(first)))
                self.assertTrue(first.expected)
                self.assertEqual(sum(each.dropped for each in found.diagnostics), 1)

    def test_badInOnlyFrom(self) -> None:
        """
        A word of C{only_from} that stands for nobody lets nobody in, and the others
        count.
        """
        spec = service(entry("only_from = 10.1 192.0.2.1"))
        self.assertEqual([len(rule.networks) for rule in spec.access.rules], [0, 1])
        self.assertFalse(spec.access.default)

    def test_missing(self) -> None:
        """
        Without a value, an attribute that guards a service costs it; another is left
        out with a warning.
        """
        for name, row in ATTRIBUTES.items():
            if row.least == 0 or Place.SERVICE not in row.place:
                continue
            found = parse(entryWith(name, ""))
            self.assertEqual(len(found.services), 0 if row.guards else 1, name)
            self.assertIn("missing-value", [each.code for each in found.diagnostics], name)

    def test_operator(self) -> None:
        """
        So does an operator that it does not take.
        """
        for operator in ("+=", "-="):
            self.assertEqual(codes(entry(f"instances {operator} 5")), ["bad-operator"])
            self.assertEqual(parse(entry(f"instances {operator} 5")).services, ())
            self.assertEqual(codes(entry(f"nice {operator} 5")), ["bad-operator"])
            self.assertEqual(len(parse(entry(f"nice {operator} 5")).services), 1)
        self.assertEqual(codes(entry("env -= A=1")), ["bad-operator"])

    def test_extraWords(self) -> None:
        """
        Of too many values the first count, so that a limit remains one.
        """
        text = entry("per_source = 10 or so")
        self.assertEqual(codes(text), ["extra-words"])
        self.assertEqual(service(text).limits.instancesPerSource, 10)

    def test_commentInLine(self) -> None:
        """
        What was meant as a comment is one, but among the arguments of a server.
        """
        text = entry("per_source = 10 # the most of one source\nserver_args = a # b")
        self.assertEqual(codes(text), ["comment-in-line"] * 2)
        spec = service(text)
        self.assertEqual(spec.limits.instancesPerSource, 10)
        self.assertEqual(getattr(spec.server, "argv", None), (b"env", b"a", b"#", b"b"))

    def test_commentInstead(self) -> None:
        """
        A comment in the place of a value is no value.
        """
        self.assertEqual(codes(entry("instances = # many")), ["comment-in-line", "missing-value"])

    def test_unknown(self) -> None:
        """
        An unknown attribute is left out with a warning.
        """
        text = entry("colour = red")
        self.assertEqual((codes(text), len(parse(text).services)), (["unknown-attribute"], 1))

    def test_unknownGuard(self) -> None:
        """
        But one that looks like one that guards the service costs it.
        """
        for name in ("only_form", "no_acces", "instance", "acess_times", "first_bite"):
            (problem,) = said(entry(f"{name} = 1"))
            self.assertEqual((problem.code, problem.dropped), ("unknown-attribute", True), name)
            self.assertIn("did you mean", problem.hint)

    def test_misplaced(self) -> None:
        """
        An attribute in the wrong kind of section is left out with a warning.
        """
        for text in (entry("enabled = x"), defaults("nice = 3") + entry()):
            self.assertEqual(codes(text), ["misplaced-attribute"])
            self.assertEqual(len(parse(text).services), 1)

    def test_case(self) -> None:
        """
        Flags in other capitals than xinetd has are understood, with a warning.
        """
        text = entry("flags = IPV4")
        self.assertEqual(codes(text), ["word-case"])
        self.assertEqual(service(text).protocol, "tcp4")

    def test_mdns(self) -> None:
        """
        C{mdns} is said to be unknown, with the reason.
        """
        self.assertEqual(codes(entry("mdns = yes")), ["unsupported-mdns"])
        self.assertEqual(codes(defaults("mdns = yes") + entry()), ["unsupported-mdns"])

    def test_strictTimes(self) -> None:
        """
        Times past midnight are ours, and not xinetd's.
        """
        text = entry("access_times = 22:00-6:00")
        self.assertEqual(service(text).access.times, ((1320, 361),))
        strict = attrs.evolve(OPTIONS, strictXinetd=True)
        self.assertEqual(codes(text, strict), ["bad-value"])
