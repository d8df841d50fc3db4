"""
Tests for L{txinetd.config.settings}: what each key takes, where it ends up, and what is
said about everything else.
"""

from __future__ import annotations

import resource
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import NAMES, OPTIONS, codes, configure, diagnostics, service
from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.settings import SETTINGS, Context, Words, readSetting
from txinetd.config.settings.setting import At
from txinetd.errors import Severity
from txinetd.gate.addressrules import AddressRules
from txinetd.gate.rule import sourceOf
from txinetd.policy import (
    Access,
    AddressRule,
    Bucket,
    ConnectionsPerSecond,
    Network,
    Order,
    Penalties,
    Prefixes,
    Pressure,
    Reaction,
    Sensor,
)
from txinetd.recording import (
    Aggregation,
    LogFileDestination,
    RecordFormat,
    Recording,
    SyslogDestination,
    TwistedLog,
)
from txinetd.spec import ServiceSpec

PLAIN = "ftp on protocol = tcp, wait = no, user = root, exec = /bin/cat, args = cat"
INFINITY = resource.RLIM_INFINITY

TEN = Network(4, 10 << 24, (11 << 24) - 1)


def made(pairs: str) -> ServiceSpec:
    """
    A plain service with some keys.
    """
    return service(f"{PLAIN}, {pairs};")


#: Keys, and what is then where.
MEANINGS: list[tuple[str, str, Any]] = [
    ("service_max = 5", "limits.startsPerMinute", 5),
    ("service_max = 0", "limits.startsPerMinute", None),
    ("service_max = UNLIMITED", "limits.startsPerMinute", None),
    ("Service_Max = unlimited", "limits.startsPerMinute", None),
    ("ip_max = 7", "limits.startsPerSource", 7),
    ("accept_max = 8", "limits.instances", 8),
    ("instances = UNLIMITED", "limits.instances", None),
    ("cps = 50 0.5", "limits.perSecond", ConnectionsPerSecond(50, 0.5)),
    ("rate = 20 2", "limits.bucket", Bucket(20, 2.0)),
    ("source_rate = 1 0.1", "limits.sourceBucket", Bucket(1, 0.1)),
    ("source_prefix4 = 24", "limits.prefixes", Prefixes(ipv4=((24, 1),))),
    ("source_prefix6 = 64*2 0*9", "limits.prefixes.ipv6", ((64, 2), (0, 9))),
    ("max_load = 3", "limits.load", 3.0),
    (
        "max_pressure = io 50% cpu 0.5",
        "limits.pressure",
        (Pressure("io", 50.0), Pressure("cpu", 0.5)),
    ),
    ("over_limit = queue", "limits.reaction", Reaction.QUEUE),
    ("closed_for = 1.5m", "limits.closedFor", 90.0),
    ("closed_for = 2h", "limits.closedFor", 7200.0),
    ("closed_for = 1d", "limits.closedFor", 86400.0),
    ("access_times = 8:00-17:00 22:30-6:00", "access.times", ((480, 1021), (1350, 361))),
    ("libwrap = 'a b'", "access.wrap", "a b"),
    ("access_times = 8:00-8:00", "access.times", ((480, 481),)),
    ("access_times = 0:00-23:59", "access.times", ((0, 1440),)),
    ("deny_time = 2", "access.sensor", Sensor(120.0)),
    ("deny_time = 2s", "access.sensor", Sensor(2.0)),
    ("deny_time = forever", "access.sensor", Sensor(None)),
    ("deny_time = NEVER", "access.sensor", Sensor(0.0)),
    (
        "penalties = refused=5 sources=9, penalty_exempt = 10.0.0.0/8",
        "access.penalties",
        Penalties(refused=5.0, sources=9, exempt=(TEN,)),
    ),
    (
        "penalty_exempt = 10.0.0.0/8, penalties = refused=5 sources=9",
        "access.penalties",
        Penalties(refused=5.0, sources=9, exempt=(TEN,)),
    ),
    ("shadow = a b-c a", "access.shadow", frozenset({"a", "b-c"})),
    ("banner = '/a b'", "access.banner", b"/a b"),
    ("umask = 27", "box.umask", 0o27),
    ("groups = no", "box.groups", ()),
    ("groups = yes", "box.groups", None),
    ("groups = tty 9 users", "box.groups", (5, 9, 100)),
    ("rlimit_as = 1k", "box.limits", ((resource.RLIMIT_AS, 1024, 1024),)),
    (
        "rlimit_cpu = 1 UNLIMITED, rlimit_files = 9",
        "box.limits",
        ((resource.RLIMIT_CPU, 1, INFINITY), (resource.RLIMIT_NOFILE, 9, 9)),
    ),
    ("nice = -5", "box.nice", -5),
    ("ioprio = idle", "box.ioPriority", (3, 0)),
    ("ioprio = realtime 7", "box.ioPriority", (1, 7)),
    ("cpu_affinity = 0-2 5", "box.affinity", frozenset({0, 1, 2, 5})),
    ("capabilities = none", "box.bounding", frozenset()),
    ("capabilities = CAP_CHOWN net_raw 63", "box.bounding", frozenset({0, 13, 63})),
    ("session_time = 90", "box.seconds", 90.0),
    ("session_grace = 0", "box.grace", 0.0),
    ("passenv =", "box.passed", frozenset()),
    ("passenv = A B", "box.passed", frozenset({b"A", b"B"})),
    ("env = A=1 'B=x y' C=", "box.environment", ((b"A", b"1"), (b"B", b"x y"), (b"C", b""))),
    ("acceptfilter = dataready", "socketOptions.deferAccept", 30),
    ("sndbuf = 2M", "socketOptions.sendBuffer", 2 << 20),
    ("mark = 0xff", "socketOptions.mark", 255),
    ("record_format = json", "recording", Recording(RecordFormat.JSON)),
    ("log_type = LOG", "recording.destination", TwistedLog()),
    ("log_type = SYSLOG local3", "recording.destination", SyslogDestination("local3", "info")),
    (
        "log_type = syslog auth err ident=x socket=/run/log",
        "recording.destination",
        SyslogDestination("auth", "err", "x", "/run/log"),
    ),
    ("log_type = FILE /x", "recording.destination", LogFileDestination("/x")),
    (
        "log_type = FILE /x 1m",
        "recording.destination",
        LogFileDestination("/x", 1 << 20, (1 << 20) + 10485),
    ),
    ("log_type = FILE /x 1k 2k", "recording.destination", LogFileDestination("/x", 1024, 2048)),
    (
        "log_type = FILE /x UNLIMITED 2k",
        "recording.destination",
        LogFileDestination("/x", None, 2048),
    ),
    ("log_on_success = pid EXIT", "recording.onSuccess", frozenset({"PID", "EXIT"})),
    ("log_on_failure =", "recording.onFailure", frozenset()),
    ("record_starts = yes", "recording.starts", True),
    ("record_floods = no", "recording.aggregation", None),
    ("record_floods = yes", "recording.aggregation", Aggregation()),
    (
        "record_floods = first=1 seconds=0.5",
        "recording.aggregation",
        Aggregation(first=1, seconds=0.5),
    ),
    ("access_order = longest", "access", Access(order=Order.LONGEST)),
    ("access_default = deny", "access", Access(default=False)),
]

#: Keys with something wrong; C{^} stands before what is said to be.
BAD = [
    "service_max = ^-1",
    "service_max = ^1x",
    "service_max = ^0x10",
    "service_max = ^99999999999",
    "service_max = ^\u0665",
    "^service_max =",
    "service_max = 1 ^2",
    "instances = ^0",
    "instances = ^none",
    "ip_max = ^''",
    "cps = ^50",
    "cps = 50 ^x",
    "cps = 1 2 ^3",
    "rate = ^0 1",
    "rate = 1 ^0",
    "rate = 1 ^-1",
    "rate = 1 ^nan",
    "^log_type =",
    "log_type = ^SYSLOG",
    "log_type = SYSLOG ^nonesuch",
    "log_type = SYSLOG auth ^loud",
    "log_type = SYSLOG auth info ^ident=",
    "log_type = SYSLOG auth info ^socket=x",
    "log_type = SYSLOG auth info ident=a ^ident=b",
    "log_type = ^FILE",
    "log_type = FILE ^x",
    "log_type = FILE /x ^0",
    "log_type = FILE /x 2k ^1k",
    "log_type = ^FILE /x 1k 2k 3k",
    "log_type = ^LOG x",
    "log_on_success = PID ^ATTEMPT",
    "log_on_failure = ^PID",
    "^record_floods =",
    "record_floods = ^maybe",
    "record_floods = first=1 ^first=2",
    "record_floods = ^seconds=0",
    "record_floods = ^ipv4=33",
    "record_floods = ^groups=0",
    "source_prefix4 = ^33",
    "source_prefix4 = 24 ^32",
    "source_prefix4 = ^24*0",
    "source_prefix6 = ^64*",
    "max_load = ^0",
    "max_load = ^inf",
    "max_pressure = ^cpu",
    "max_pressure = cpu ^101",
    "max_pressure = ^disk 5",
    "max_pressure = cpu 5 ^cpu 6",
    "over_limit = ^drop",
    "closed_for = ^5x",
    "closed_for = ^0",
    "queue_length = ^0",
    "^no_access =",
    "access_times = ^8-17",
    "access_times = ^25:00-26:00",
    "access_times = 8:00-8:00 ^8:00-8:60",
    "libwrap = ^a/b",
    "deny_time = ^sometimes",
    "penalties = ^5",
    "penalties = ^refused=x",
    "penalties = ^kindness=1",
    "penalties = refused=1 ^refused=2",
    "penalties = ^least=50 most=5",
    "penalty_exempt = ^localhost",
    "banner = ^etc/issue",
    "shadow = ^'two words'",
    "umask = ^8",
    "umask = ^7777",
    "rlimit_cpu = ^5 4",
    "rlimit_cpu = ^UNLIMITED 4",
    "rlimit_as = ^5t",
    "nice = ^20",
    "ioprio = ^realtime",
    "ioprio = idle ^8",
    "oom_score_adj = ^1001",
    "cpu_affinity = ^3-1",
    "cpu_affinity = ^99999",
    "no_new_privs = ^true",
    "capabilities = ^fly",
    "capabilities = ^none chown",
    "chroot = ^jail",
    "passenv = ^A=1",
    "env = ^A",
    "env = ^=x",
    "env = A=1 ^A=2",
    "sndbuf = ^0",
    "acceptfilter = dataready ^0",
    "mark = ^4294967296",
    "device = ^'a b'",
    "device = ^sixteencharacters",
    "backlog = ^0",
    "groups = users ^nonesuch",
]


class MeaningTests(SynchronousTestCase):
    """
    Tests for what keys mean.
    """

    def test_meanings(self) -> None:
        """
        Each value ends up where it belongs.
        """
        for pairs, path, value in MEANINGS:
            self.assertEqual(At(path).get(made(pairs)), value, pairs)

    def test_everyKey(self) -> None:
        """
        There is no key of which nothing bad was tried, but for those that share
        another's converter.
        """
        tried = {text.lstrip("^").partition(" ")[0] for text in BAD}
        kinds = {type(SETTINGS[name].converter) for name in tried}
        self.assertEqual({type(each.converter) for each in SETTINGS.values()} - kinds, set())


class BadValueTests(SynchronousTestCase):
    """
    Tests for values that cannot be.
    """

    def test_dropped(self) -> None:
        """
        The service is off, and what is wrong is said where it stands.
        """
        for marked in BAD:
            pairs = marked.replace("^", "")
            configuration = configure(f"{PLAIN},\n{pairs};")
            errors = [each for each in configuration.diagnostics if each.severity is Severity.ERROR]
            self.assertEqual((configuration.services, len(errors)), ((), 1), pairs)
            (error,) = errors
            self.assertTrue(error.dropped, pairs)
            place = (error.origin.line, error.origin.column)
            self.assertEqual(place, (2, marked.index("^") + 1), pairs)
            self.assertIn(" for " + pairs.partition(" ")[0], error.found)

    def test_unknownGroup(self) -> None:
        """
        A group that nobody knows is not left out.
        """
        self.assertEqual(codes(f"{PLAIN}, groups = users nonesuch;"), ["unknown-group"])

    def test_otherFilter(self) -> None:
        """
        An accept filter that Linux has not is not left out.
        """
        self.assertEqual(
            codes(f"{PLAIN}, acceptfilter = httpready;"), ["unsupported-accept-filter"]
        )

    def test_nul(self) -> None:
        """
        A zero byte is none that an argument or a variable can have.
        """
        self.assertEqual(codes(f"{PLAIN}, env = 'A=\\x00';"), ["nul-byte"])

    def test_protocol(self) -> None:
        """
        What a socket of this kind cannot have is not left out.
        """
        plain = PLAIN.replace("ftp", "69").replace("tcp", "udp").replace("= no", "= yes")
        for pair in ("nodelay = yes", "first_byte = 5", "reuse_port = yes"):
            self.assertEqual(codes(f"{plain}, {pair};"), ["key-and-protocol"], pair)

    def test_unlimitedHint(self) -> None:
        """
        Whoever writes 0 for no limit learns the word for it.
        """
        (error,) = diagnostics(f"{PLAIN}, instances = 0;")
        self.assertIn("UNLIMITED", error.hint)

    def test_commaHint(self) -> None:
        """
        A word too many that looks like a key is asked about.
        """
        (error,) = diagnostics(f"{PLAIN}, instances = 5 per_source=3;")
        self.assertIn("comma", error.hint)

    @settings(max_examples=300, deadline=None)
    @given(
        st.sampled_from(sorted(SETTINGS)),
        st.lists(st.text(max_size=12) | st.from_regex(r"[0-9a-f:.*/=-]{1,9}"), max_size=3),
    )
    def test_anyWords(self, name: str, words: list[str]) -> None:
        """
        No words make a converter raise anything else: there is a value that is written
        as words of the same value, or one error.
        """
        setting = SETTINGS[name]
        reporter = Reporter("x", "x")
        context = Context(NAMES, OPTIONS, reporter)

        def read(texts: list[str]) -> Any:
            """
            Read words.
            """
            tokens = tuple(Token(text, 1, 1, True) for text in texts)
            return readSetting(setting, Words(Token(name, 1, 1), tokens), "tcp", context)

        change = read(words)
        self.assertTrue(change is not None or reporter.dropped)
        if (
            change is not None
            and not reporter.dropped
            and not (change[1] == () and name in ("only_from", "allow"))
        ):
            written = [
                each if isinstance(each, str) else each.decode("utf-8", "surrogateescape")
                for each in setting.converter.write(change[1])
            ]
            self.assertEqual(read(written), change)


class RuleTests(SynchronousTestCase):
    """
    Tests for rules by address.
    """

    def test_xinetds(self) -> None:
        """
        With xinetd's words the narrowest counts, and nobody else comes in.
        """
        access = made("only_from = 10.0.0.0/8, no_access = 10.1.2.3").access
        one = int.from_bytes(bytes([10, 1, 2, 3]), "big")
        self.assertEqual(
            access,
            Access(
                rules=(
                    AddressRule(True, (TEN,), "10.0.0.0/8"),
                    AddressRule(False, (Network(4, one, one),), "10.1.2.3"),
                ),
                order=Order.LONGEST,
                default=False,
            ),
        )

    def test_ours(self) -> None:
        """
        With ours the first counts, and the lists may be given in turns.
        """
        access = made("deny = 10.0.0.1, allow = 10.0.0.0/8, deny = 0.0.0.0/0").access
        self.assertEqual([each.allow for each in access.rules], [False, True, False])
        self.assertIs(access.order, Order.FIRST)
        self.assertFalse(access.default)

    def test_denyOnly(self) -> None:
        """
        Where rules only keep out, everybody else comes in.
        """
        self.assertTrue(made("deny = 10.0.0.1").access.default)
        self.assertTrue(made("no_access = 10.0.0.1").access.default)

    def test_explicit(self) -> None:
        """
        What is said of the default counts, wherever it stands.
        """
        for pairs in (
            "access_default = allow, allow = 10.0.0.1",
            "allow = 10.0.0.1, access_default = allow",
        ):
            self.assertTrue(made(pairs).access.default, pairs)

    def test_empty(self) -> None:
        """
        Nobody at all is said aloud, and is nobody.
        """
        for key in ("only_from", "allow"):
            text = f"{PLAIN}, {key} = ;"
            self.assertEqual(codes(text), ["nobody-allowed"])
            access = service(text).access
            self.assertEqual((access.rules, access.default), ((), False))

    def test_host(self) -> None:
        """
        A name is all of its addresses, and is remembered.
        """
        (rule,) = made("allow = localhost").access.rules
        self.assertEqual((rule.host, rule.text), ("localhost", "localhost"))
        self.assertEqual([each.version for each in rule.networks], [4, 6])

    def test_unknownHost(self) -> None:
        """
        A name without addresses lets nobody in, and where it is to be kept out lets
        nobody in either: anybody might be that host.
        """
        for key in ("allow", "deny"):
            text = f"{PLAIN}, {key} = nowhere;"
            self.assertEqual(codes(text), ["unknown-host"])
            (rule,) = service(text).access.rules
            self.assertEqual((rule.networks, rule.host), ((), "nowhere"))
            self.assertIsNotNone(AddressRules(service(text).access).check(sourceOf("10.0.0.1"), 0))

    def test_bad(self) -> None:
        """
        A word that is no address lets nobody in; the service is off where it was to
        keep somebody out.
        """
        for key in ("only_from", "allow"):
            text = f"{PLAIN}, {key} = 10.0.0.0/33;"
            self.assertEqual(codes(text), ["bad-address"])
            access = service(text).access
            self.assertEqual((access.rules[0].networks, access.default), ((), False))
        for key in ("no_access", "deny"):
            text = f"{PLAIN}, {key} = 10.0.0.0/33;"
            self.assertEqual((codes(text), configure(text).services), (["bad-address"], ()))

    def test_forms(self) -> None:
        """
        xinetd's rules have its forms of addresses, ours have not.
        """
        (rule,) = made("only_from = 10.0.0.0").access.rules
        self.assertEqual(rule.networks, (TEN,))
        (rule,) = made("allow = 10.0.0.0").access.rules
        self.assertEqual(rule.networks, (Network(4, 10 << 24, 10 << 24),))

    def test_origin(self) -> None:
        """
        Each rule knows where it stands.
        """
        spec = service(f"{PLAIN},\n allow = 10.0.0.1\n  10.0.0.2;")
        places = [(each.origin.line, each.origin.column) for each in spec.access.rules]
        self.assertEqual(places, [(2, 10), (3, 3)])

    def test_conflict(self) -> None:
        """
        Rules of which the narrowest counts and rules of which the first counts do not
        go together.
        """
        text = f"{PLAIN}, only_from = 10.0.0.1, deny = 10.0.0.2;"
        self.assertEqual(codes(text), ["conflicting-keys"])
