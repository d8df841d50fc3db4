"""
Tests for L{txinetd.config.systems}: what one text means in each dialect.

Most of them are tables: a text, and for each dialect what it comes to.  A service is
written as its parts, and one that is not made as the codes of what is said about it.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any, ClassVar

import attrs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.config_support import NAMES, OPTIONS
from txinetd.config import (
    DIALECTS,
    POSITIONAL,
    Configuration,
    IDialect,
    LoadOptions,
    dumpConfiguration,
    load,
)
from txinetd.config.conflicts import separate
from txinetd.config.lexer import Token
from txinetd.config.registered import multiplexed, rpc
from txinetd.config.reporter import Reporter
from txinetd.config.systems import SYSTEMS
from txinetd.config.values import STREAM_ONLY
from txinetd.config.wishes import Wishes, acceptWishes, bufferWishes
from txinetd.errors import Severity
from txinetd.interfaces import INames
from txinetd.policy import Access, Reaction
from txinetd.sockopts import SocketOptions
from txinetd.spec import (
    Builtin,
    InetAddress,
    Multiplexed,
    Program,
    Rpc,
    ServiceSpec,
    UnixAddress,
)
from txinetd.testing import MemoryNames

#: The same options where nothing can be served that has no port of its own.
NONE = attrs.evolve(OPTIONS, serves=frozenset())

BSD = ("freebsd", "netbsd", "openbsd", "debian")
EVERY = tuple(rules.name for rules in SYSTEMS)

CAT = "root /bin/cat cat"


def parse(dialect: str, text: str, options: LoadOptions = OPTIONS) -> Configuration:
    """
    Read one text.
    """
    parsed = DIALECTS[dialect].parse("inetd.conf", text.encode(), NAMES, options)
    kept, conflicts = separate(parsed.services)
    return Configuration(tuple(kept), (*parsed.diagnostics, *conflicts), ("inetd.conf",))


def codes(dialect: str, text: str, options: LoadOptions = OPTIONS) -> list[str]:
    """
    What is said about a text, notes left out.
    """
    return [
        each.code
        for each in parse(dialect, text, options).diagnostics
        if each.severity > Severity.NOTE
    ]


def service(dialect: str, text: str, options: LoadOptions = OPTIONS) -> ServiceSpec:
    """
    The only service of a text.
    """
    services = parse(dialect, text, options).services
    assert len(services) == 1, (dialect, text, services, codes(dialect, text, options))
    return services[0]


def bound(spec: ServiceSpec) -> str:
    """
    What a service binds: C{4}, C{6}, C{46} for one socket for both, C{4+6} for two; or
    the addresses.
    """
    known = {
        ("0.0.0.0", False): "4",
        ("::", False): "6",
        ("::", True): "46",
    }
    return "+".join(
        known.get((each.host, each.dualStack), str(each))
        if isinstance(each, InetAddress)
        else str(each)
        for each in spec.addresses
    )


def outcome(dialect: str, text: str, options: LoadOptions = OPTIONS) -> str:
    """
    What a text comes to: its services' sockets, or else what is said.
    """
    found = parse(dialect, text, options)
    if found.services:
        return " ".join(bound(each) for each in found.services)
    return " ".join(codes(dialect, text, options))


class DialectTests(SynchronousTestCase):
    """
    Tests for the table of dialects.
    """

    def test_interface(self) -> None:
        """
        Each is one.
        """
        for dialect in (DIALECTS[name] for name in POSITIONAL):
            self.assertTrue(verifyObject(IDialect, dialect))

    def test_all(self) -> None:
        """
        There are those of all systems that have such a file, and ours.
        """
        self.assertEqual(
            set(POSITIONAL),
            {"txinetd", "freebsd", "netbsd", "openbsd", "debian", "gnu", "busybox", "illumos"},
        )

    def test_common(self) -> None:
        """
        A line of the common core is the same service in each, but for what C{tcp} is.
        """
        text = "ftp stream tcp nowait root /bin/cat cat -l\n"
        for dialect in EVERY:
            spec = service(dialect, text)
            self.assertEqual(
                (spec.name, spec.wait, spec.identity.uid, spec.server, codes(dialect, text)),
                ("ftp", False, 0, Program(b"/bin/cat", (b"cat", b"-l")), []),
                dialect,
            )

    def test_keepsDaemon(self) -> None:
        """
        C{-} is whoever runs the daemon, and ports may be numbers, in each.
        """
        for dialect in EVERY:
            spec = service(dialect, "8007 stream tcp nowait - /bin/cat cat\n")
            self.assertTrue(spec.identity.keep, dialect)


class ProtocolTests(SynchronousTestCase):
    """
    Tests for the third field.
    """

    #: The protocol, and what it binds in each dialect; C{!} where it is an error.
    TABLE: ClassVar[dict[str, Any]] = {
        "tcp": "4+6 4 4+6 4 4 4 4 4",
        "tcp4": "4 ! 4 4 4 ! 4 4",
        "tcp6": "6 46 6 6 46 46 6 6",
        "tcp46": "46 ! 46 46 ! ! ! !",
        "tcp64": "! ! ! 46 ! ! ! !",
        "tcp66": "! ! ! 6 ! ! ! !",
        "tcp6only": "! ! ! ! 6 6 ! !",
        "tcp5": "! ! ! ! ! ! ! !",
        "faith/tcp6": "! ! ! ! ! ! ! !",
        "sctp": "! ! ! ! ! ! ! !",
        "tcp/ttcp": "! ! ! 4 ! ! ! !",
    }

    def test_each(self) -> None:
        """
        Each protocol means what that system has it mean, for tcp and udp.
        """
        for text, row in self.TABLE.items():
            for dialect, expected in zip(EVERY, row.split(), strict=True):
                for protocol, line in (
                    (text, "echo stream {} nowait root /bin/cat cat\n"),
                    (text.replace("tcp", "udp"), "echo dgram {} wait root /bin/cat cat\n"),
                ):
                    found = outcome(dialect, line.format(protocol))
                    if expected == "!":
                        self.assertIn(
                            found, ("unknown-protocol", "unsupported-faith"), (dialect, protocol)
                        )
                    else:
                        self.assertEqual(found, expected, (dialect, protocol))

    def test_suffix(self) -> None:
        """
        FreeBSD's C{tcp/ttcp} is C{tcp}, with a warning.
        """
        text = f"echo stream tcp/ttcp nowait {CAT}\n"
        self.assertEqual(codes("freebsd", text), ["protocol-suffix"])

    def test_unix(self) -> None:
        """
        Unix sockets are whose and how that system makes them; two systems have none.
        """
        text = "/run/x stream unix nowait bob /bin/cat cat\n"
        table = {
            "txinetd": UnixAddress(b"/run/x", 1001, 1001, 0o600),
            "freebsd": UnixAddress(b"/run/x", 0, 0, 0o200),
            "netbsd": UnixAddress(b"/run/x", 0, 0, 0o600),
            "openbsd": UnixAddress(b"/run/x", 0, 0, 0o666),
            "debian": UnixAddress(b"/run/x", 0, 0, 0o666),
            "busybox": UnixAddress(b"/run/x", 0, 0, 0o600),
        }
        for dialect, expected in table.items():
            self.assertEqual(service(dialect, text).addresses, (expected,), dialect)
        for dialect in ("gnu", "illumos"):
            self.assertEqual(codes(dialect, text), ["unknown-protocol"], dialect)

    def test_ownership(self) -> None:
        """
        FreeBSD's owner, group and mode before the path are known to it and to us.
        """
        text = ":bob:tty:660:/run/x stream unix nowait root /bin/cat cat\n"
        for dialect in ("freebsd", "txinetd"):
            self.assertEqual(
                service(dialect, text).addresses, (UnixAddress(b"/run/x", 1001, 5, 0o660),)
            )
        for dialect in ("netbsd", "openbsd", "debian", "busybox"):
            self.assertEqual(codes(dialect, text), ["bad-unix-address"], dialect)

    def test_canonical(self) -> None:
        """
        A service's protocol is called as it is here, whatever it is called there.
        """
        table = {
            ("gnu", "tcp6"): "tcp46",
            ("gnu", "tcp6only"): "tcp",
            ("gnu", "udp4"): "udp4",
            ("illumos", "tcp6"): "tcp46",
            ("busybox", "udp6"): "udp46",
            ("freebsd", "tcp44"): "tcp",
            ("freebsd", "tcp64"): "tcp46",
            ("freebsd", "tcp6"): "tcp6",
            ("openbsd", "tcp"): "tcp",
        }
        for (dialect, protocol), expected in table.items():
            kind, wait = ("dgram", "wait") if protocol[0] == "u" else ("stream", "nowait")
            spec = service(dialect, f"echo {kind} {protocol} {wait} {CAT}\n")
            self.assertEqual(spec.protocol, expected, (dialect, protocol))
        without = attrs.evolve(OPTIONS, haveIPv6=False)
        spec = service("gnu", f"echo stream tcp6 nowait {CAT}\n", without)
        self.assertEqual((spec.protocol, bound(spec)), ("tcp", "4"))

    def test_bothLines(self) -> None:
        """
        Where C{tcp6} is both families and another line has C{tcp} for the port, each
        gets its own, in whichever order.
        """
        lines = [f"echo stream tcp nowait {CAT}\n", f"echo stream tcp6 nowait {CAT}\n"]
        for dialect in ("gnu", "busybox", "illumos"):
            for order, expected in ((lines, "4 6"), (lines[::-1], "6 4")):
                self.assertEqual(outcome(dialect, "".join(order)), expected, dialect)


class TypeTests(SynchronousTestCase):
    """
    Tests for the second field.
    """

    def test_each(self) -> None:
        """
        Each has its types; those without a use here are refused by name.
        """
        for dialect in EVERY:
            for kind in ("raw", "rdm", "tli"):
                text = f"echo {kind} tcp nowait {CAT}\n"
                self.assertEqual(codes(dialect, text), ["unsupported-socket-type"], dialect)
            text = f"/run/x seqpacket unix nowait {CAT}\n"
            if dialect in ("openbsd", "debian"):
                self.assertEqual(codes(dialect, text), ["unknown-socket-type"], dialect)
            elif dialect not in ("gnu", "illumos"):
                self.assertEqual(outcome(dialect, text), "/run/x", dialect)

    def test_acceptMax(self) -> None:
        """
        NetBSD's number after the type is how many at a time; who is one too many waits.
        """
        limits = service("netbsd", f"echo stream,5 tcp nowait {CAT}\n").limits
        self.assertEqual((limits.instances, limits.reaction), (5, Reaction.PAUSE))
        waits = service("netbsd", f"echo stream,5 tcp wait {CAT}\n").limits
        self.assertEqual(waits.instances, None)
        for text in ("stream,0", "stream,x", "stream,", "stream,32768", "stream,-1"):
            self.assertEqual(
                codes("netbsd", f"echo {text} tcp nowait {CAT}\n"), ["bad-limit"], text
            )

    def test_notElsewhere(self) -> None:
        """
        To the others a number or filter there is an error that names NetBSD.
        """
        for dialect in set(EVERY) - {"netbsd"}:
            for text, code in (
                ("stream,5", "unsupported-accept-limit"),
                ("stream:dataready", "unsupported-accept-filter"),
            ):
                self.assertEqual(codes(dialect, f"echo {text} tcp nowait {CAT}\n"), [code])

    def test_filter(self) -> None:
        """
        The accept filter that waits for data is one that Linux has; no other is.
        """
        for text in ("stream:dataready", "stream,3:dataready"):
            spec = service("netbsd", f"echo {text} tcp nowait {CAT}\n")
            self.assertEqual(spec.socketOptions, SocketOptions(deferAccept=30), text)
        found = codes("netbsd", f"echo stream:httpready,x tcp nowait {CAT}\n")
        self.assertEqual(found, ["unsupported-accept-filter"])
        found = codes("netbsd", f"echo stream:dataready,x tcp nowait {CAT}\n")
        self.assertEqual(found, ["bad-accept-filter"])
        for text in ("stream:", "stream:A", "stream:x,"):
            found = codes("netbsd", f"echo {text} tcp nowait {CAT}\n")
            self.assertEqual(found, ["bad-accept-filter"], text)
        found = codes("netbsd", "echo dgram:dataready udp wait root /bin/cat cat\n")
        self.assertEqual(found, ["bad-accept-filter"])

    def test_buffers(self) -> None:
        """
        Buffer sizes are set in the dialects that have some, and an error elsewhere.
        """
        text = f"echo stream tcp,rcvbuf=16384,sndbuf=1m nowait {CAT}\n"
        for dialect in EVERY:
            if dialect in ("netbsd", "debian"):
                found = service(dialect, text).socketOptions
                self.assertEqual(found, SocketOptions(1 << 20, 16384), dialect)
            else:
                self.assertEqual(codes(dialect, text), ["unsupported-buffer-size"], dialect)
        for dialect in ("netbsd", "debian"):
            text = f"echo stream tcp,rcvbuf=x nowait {CAT}\n"
            self.assertEqual(codes(dialect, text), ["bad-buffer-size"], dialect)


class WishesTests(SynchronousTestCase):
    """
    Tests for L{txinetd.config.wishes}.
    """

    def setUp(self) -> None:
        self.reporter = Reporter("inetd.conf", "x")
        self.token = Token("x", 1, 1)

    def test_sizes(self) -> None:
        """
        Sizes stand in any order, with and without their factors.
        """
        table = {
            "rcvbuf=16384,sndbuf=1m": Wishes(1048576, 16384),
            "sndbuf=1M": Wishes(1048576),
            "rcvbuf=2k": Wishes(receive=2048),
            "rcvbuf=2K,sndbuf=5": Wishes(5, 2048),
        }
        for text, expected in table.items():
            self.assertEqual(bufferWishes(text, self.token, self.reporter), expected, text)

    def test_badSizes(self) -> None:
        """
        Everything else is an error, a size that is said twice too.
        """
        for text in (
            "",
            "sndbuf",
            "sndbuf=",
            "sndbuf=0",
            "sndbuf=-1",
            "sndbuf=1g",
            "x=1",
            "sndbuf=1,sndbuf=1",
            "sndbuf=1,",
            "sndbuf=4096m",
            "recvbuf=1",
        ):
            self.assertIsNone(bufferWishes(text, self.token, self.reporter), text)
        self.assertEqual({each.code for each in self.reporter.diagnostics}, {"bad-buffer-size"})

    def test_filter(self) -> None:
        """
        A filter has a name without its argument.
        """
        self.assertEqual(
            acceptWishes("httpready,x", self.token, self.reporter),
            Wishes(filter=("httpready", "x")),
        )


class HostTests(SynchronousTestCase):
    """
    Tests for what stands before the service.
    """

    #: The first field, and what C{stream tcp} binds; C{!} and a code where it is an error.
    TABLE: ClassVar[dict[str, Any]] = {
        "127.0.0.1:echo": {
            "freebsd": "!unknown-service",
            "illumos": "!unknown-service",
            "": "127.0.0.1:7",
        },
        "*:echo": {
            "freebsd": "!unknown-service",
            "illumos": "!unknown-service",
            "txinetd": "4+6",
            "debian": "4+6",
            "": "4",
        },
        ":echo": {
            "freebsd": "!unknown-service",
            "illumos": "!unknown-service",
            "txinetd": "4+6",
            "debian": "4+6",
            "": "4",
        },
        "127.0.0.1,four:echo": {
            "freebsd": "!unknown-service",
            "illumos": "!unknown-service",
            "netbsd": "!bad-address",
            "": "127.0.0.1:7+192.0.2.4:7",
        },
        "localhost:echo": {
            "freebsd": "!unknown-service",
            "illumos": "!unknown-service",
            "txinetd": "127.0.0.1:7+[::1]:7",
            "debian": "127.0.0.1:7+[::1]:7",
            "": "127.0.0.1:7",
        },
        "two:echo": {
            "freebsd": "!unknown-service",
            "illumos": "!unknown-service",
            "netbsd": "!several-addresses",
            "": "192.0.2.1:7+192.0.2.2:7",
        },
    }

    def test_each(self) -> None:
        """
        Each has as many hosts as that system takes.
        """
        for field, row in self.TABLE.items():
            for dialect in EVERY:
                expected = row.get(dialect, row[""])
                found = outcome(dialect, f"{field} stream tcp nowait {CAT}\n")
                self.assertEqual(found, expected.removeprefix("!"), (dialect, field))

    def test_default(self) -> None:
        """
        A line C{address:} holds for those after it, C{*:} ends that; two have none.
        """
        text = f"127.0.0.1:\necho stream tcp nowait {CAT}\n*:\nftp stream tcp nowait {CAT}\n"
        for dialect in EVERY:
            found = outcome(dialect, text)
            if dialect in ("freebsd", "illumos"):
                self.assertEqual(codes(dialect, text), ["unsupported-default-address"] * 2)
                continue
            both = "4+6" if dialect in ("txinetd", "debian") else "4"
            self.assertEqual(found, f"127.0.0.1:7 {both}", dialect)

    def test_bare(self) -> None:
        """
        An IPv6 address without brackets is busybox's own form, and odd elsewhere.
        """
        text = f"::1:444 stream tcp6 nowait {CAT}\n"
        self.assertEqual(codes("busybox", text), [])
        self.assertEqual(codes("openbsd", text), ["unbracketed-address"])
        self.assertEqual(outcome("busybox", text), "[::1]:444")


class WaitTests(SynchronousTestCase):
    """
    Tests for the fourth field.
    """

    #: The field; for each dialect C{w} or C{n} for wait and nowait, with the starts a
    #: minute, C{-} for no limit; C{~} where there is a warning; C{!} for an error.
    TABLE: ClassVar[dict[str, Any]] = {
        "nowait": "n256 n- n256 n256 n1000 n- n40 n256",
        "wait": "w256 w- w256 w256 w1000 w40 w40 w256",
        "nowait.10": "n10 n10 n10 ~n256 n10 ! n10 n10",
        "wait.10": "w10 w10 w10 ~w256 w10 ! w10 w10",
        "nowait:10": "n10 ! ~n256 ~n256 ~n1000 ! n10 ~n256",
        "wait:10": "w10 ! ~n256 ~w256 ~n1000 ! w10 ~n256",
        "nowait/10": "! ! ~n256 n256 ~n1000 ! ~n40 ~n256",
        "wait/3": "! ! ~n256 w256 ~n1000 ! ~n40 ~n256",
        "nowait.0": "n- n- ~n256 ~n256 n1000 ! ! ~n256",
        "nowait.5000": "n5000 n5000 n5000 ~n256 n1000 ! n5000 n5000",
        "nowait.x": "! ! ~n256 ~n256 ! ! ! ~n256",
        "nowait.": "! ! ~n256 ~n256 ! ! ! ~n256",
        "nowait.010": "~n10 ~n10 ~n8 ~n256 ~n10 ! ~n10 ~n8",
        "nowait.0x20": "! ! n32 ~n256 ! ! ! n32",
        "nowait.10x": "~n10 ~n10 ~n256 ~n256 ~n10 ! ~n10 ~n256",
        "waiting": "! ! ~n256 ~w256 ~n1000 ! ~n40 ~n256",
        "waut": "! ! ~n256 ! ~n1000 ! ~n40 ~n256",
        "Wait": "! ! ~n256 ! ~n1000 ! ~n40 ~n256",
    }

    def test_each(self) -> None:
        """
        Each form means what that system has it mean, and is warned about where the
        system would do so silently.
        """
        for field, row in self.TABLE.items():
            for dialect, expected in zip(EVERY, row.split(), strict=True):
                text = f"ftp stream tcp {field} {CAT}x\n"
                found = parse(dialect, text)
                result = "!"
                if found.services:
                    (spec,) = found.services
                    result = "~" if codes(dialect, text) else ""
                    result += "w" if spec.wait else "n"
                    result += str(spec.limits.startsPerMinute or "-")
                self.assertEqual(result, expected, (dialect, field))

    def test_neverUnlimited(self) -> None:
        """
        Nothing odd after a limit's mark is ever no limit, where there is one by default.
        """
        for dialect, mark, text in itertools.product(
            EVERY, ".:/", ("", "x", "-1", "1e9", "99999999999", "9" * 5000, "+5", " ", "0x")
        ):
            found = parse(dialect, f"ftp stream tcp nowait{mark}{text} {CAT}\n")
            for spec in found.services:
                limit = spec.limits.startsPerMinute
                if dialect != "busybox":
                    self.assertIsNotNone(limit, (dialect, mark, text))

    def test_slashes(self) -> None:
        """
        FreeBSD's three numbers are how many at a time, how often and how many at a time
        for one source; 0 is no limit.
        """
        table = {
            "nowait": (None, None, None),
            "nowait/20": (20, None, None),
            "nowait/20/10": (20, 10, None),
            "nowait/20/10/3": (20, 10, 3),
            "nowait/0/10/3": (None, 10, 3),
            "nowait/0/0/2": (None, None, 2),
            "wait": (1, None, None),
            "wait/3": (None, None, None),
            "wait/0": (None, None, None),
        }
        for field, expected in table.items():
            limits = service("freebsd", f"ftp stream tcp {field} {CAT}\n").limits
            self.assertEqual(
                (limits.instances, limits.startsPerSource, limits.instancesPerSource),
                expected,
                field,
            )
            self.assertEqual(
                (limits.startsPerMinute, limits.closedFor, limits.reaction),
                (256, 600.0, Reaction.PAUSE),
            )

    def test_badSlashes(self) -> None:
        """
        A number that is none is an error, in each place; what follows one is left out.
        """
        for field in (
            "nowait/",
            "nowait/x",
            "nowait/32768",
            "nowait/1/",
            "nowait/1/2/",
            "wait/-1",
            "nowait/1/x",
            "nowait//3",
            "nowait/" + "9" * 900,
        ):
            found = codes("freebsd", f"ftp stream tcp {field} {CAT}x\n")
            self.assertEqual(found, ["bad-limit"], field)
        for field in ("nowait/5x", "nowait/5/6/7/8", "nowait/5/6x"):
            text = f"ftp stream tcp {field} {CAT}\n"
            self.assertEqual(codes("freebsd", text), ["bad-limit"], field)
            self.assertEqual(service("freebsd", text).limits.instances, 5)

    def test_parallel(self) -> None:
        """
        Several servers may share the socket of C{wait}.
        """
        for number, expected in (("/3", 3), ("/1", 1), ("", 1), ("/0", 32767)):
            text = f"ftp stream tcp wait{number} {CAT}x\n"
            self.assertEqual(codes("freebsd", text), [])
            limits = service("freebsd", text).limits
            self.assertEqual(limits.parallel, expected)

    def test_closed(self) -> None:
        """
        Services are closed for as long as that system does; on OpenBSD not those whose
        port somebody else could take.
        """
        table = {"txinetd": None, "gnu": 600.0, "netbsd": 600.0, "freebsd": 600.0, "busybox": 60.0}
        for dialect, expected in table.items():
            for port in ("21", "8080"):
                spec = service(dialect, f"{port} stream tcp nowait {CAT}\n")
                self.assertEqual(spec.limits.closedFor, expected, dialect)
        for dialect in ("openbsd", "debian"):
            for port, closed in (("21", 600.0), ("1023", 600.0), ("1024", None), ("8080", None)):
                spec = service(dialect, f"{port} stream tcp nowait {CAT}\n")
                self.assertEqual(spec.limits.closedFor, closed, (dialect, port))

    def test_options(self) -> None:
        """
        What the command line says takes the place of what the dialect has, not of what a
        line has; C{wait} keeps its own number of servers.
        """
        options = attrs.evolve(
            OPTIONS, limits=(("startsPerMinute", 7), ("instances", 9), ("startsPerSource", 2))
        )
        spec = service("freebsd", f"ftp stream tcp nowait {CAT}\n", options)
        limits = spec.limits
        self.assertEqual(
            (limits.startsPerMinute, limits.instances, limits.startsPerSource), (7, 9, 2)
        )
        spec = service("freebsd", f"ftp stream tcp nowait/4 {CAT}\n", options)
        self.assertEqual(spec.limits.instances, 4)
        spec = service("freebsd", f"ftp stream tcp wait {CAT}x\n", options)
        self.assertEqual(spec.limits.instances, 1)
        spec = service("openbsd", f"ftp stream tcp nowait.5 {CAT}\n", options)
        self.assertEqual(spec.limits.startsPerMinute, 5)
        spec = service("gnu", f"ftp stream tcp nowait.9 {CAT}\n", options)
        self.assertEqual(spec.limits.startsPerMinute, 7)


class UserTests(SynchronousTestCase):
    """
    Tests for the fifth field.
    """

    #: The field; for each dialect user id and group id, or C{!} and a code.
    TABLE: ClassVar[dict[str, Any]] = {
        "bob": ["1001:1001"] * 8,
        "bob:tty": [*["1001:5"] * 5, "!unknown-user", *["1001:5"] * 2],
        "bob.tty": [
            "1001:5",
            "1001:5",
            "1001:5",
            "!unknown-user",
            "1001:5",
            "!unknown-user",
            "1001:5",
            "1001:5",
        ],
        "www.data": [
            "33:33",
            "!unknown-user",
            "!unknown-user",
            "33:33",
            "!unknown-user",
            "33:33",
            "!unknown-user",
            "!unknown-user",
        ],
        "www.data:tty": [
            "33:5",
            "!unknown-user",
            "!unknown-user",
            "33:5",
            "33:5",
            "!unknown-user",
            "33:5",
            "!unknown-user",
        ],
        "bob.data:tty": [
            "!unknown-user",
            "!unknown-group",
            "!unknown-group",
            "!unknown-user",
            "!unknown-user",
            "!unknown-user",
            "!unknown-user",
            "!unknown-group",
        ],
        "bob:data.x": [
            "1001:77",
            "!unknown-user",
            "!unknown-user",
            "1001:77",
            "1001:77",
            "!unknown-user",
            "1001:77",
            "!unknown-user",
        ],
        "nosuch": ["!unknown-user"] * 8,
        "bob:nosuch": [*["!unknown-group"] * 5, "!unknown-user", *["!unknown-group"] * 2],
        "1001": ["1001:1001"] * 8,
    }

    def test_each(self) -> None:
        """
        Each tells user and group apart as that system does.
        """
        for field, row in self.TABLE.items():
            for dialect, expected in zip(EVERY, row, strict=True):
                text = f"ftp stream tcp nowait {field} /bin/cat cat\n"
                found = parse(dialect, text)
                if found.services:
                    identity = found.services[0].identity
                    self.assertEqual(f"{identity.uid}:{identity.gid}", expected, (dialect, field))
                else:
                    self.assertEqual(
                        [f"!{code}" for code in codes(dialect, text)], [expected], (dialect, field)
                    )

    def test_class(self) -> None:
        """
        FreeBSD's login classes are left out with a warning that says what is not set; the
        default is what there is anyway.  To others a class is an error.
        """
        line = "ftp stream tcp nowait {} /bin/cat cat\n"
        for user, said in (("bob/daemon", "the default one"), ("bob/staff", "NOT set")):
            (found,) = parse("freebsd", line.format(user)).diagnostics
            self.assertEqual((found.code, found.severity), ("login-class", Severity.WARNING))
            self.assertIn(said, found.hint)
        spec = service("freebsd", line.format("bob:tty/daemon"))
        self.assertEqual((spec.identity.uid, spec.identity.gid), (1001, 5))
        for dialect in EVERY:
            for user in ("bob/staff", "bob:tty/staff", "bob/daemon", "bob/"):
                if dialect != "freebsd" or user == "bob/":
                    unfit = codes(dialect, line.format(user))
                    self.assertEqual(unfit, ["unsupported-login-class"], (dialect, user))


class WordTests(SynchronousTestCase):
    """
    Tests for how lines become words.
    """

    def argv(self, dialect: str, rest: str) -> list[str]:
        """
        The arguments of a program.
        """
        spec = service(dialect, f"ftp stream tcp nowait root /bin/cat {rest}\n")
        assert isinstance(spec.server, Program)
        return [each.decode() for each in spec.server.argv]

    #: Arguments, and for each dialect what they become; the rows that are named are
    #: different, the others as the empty name has it.
    TABLE: ClassVar[dict[str, dict[str, list[str]]]] = {
        'cat "a b"': {
            "": ["cat", "a b"],
            "openbsd": ["cat", '"a', 'b"'],
            "debian": ["cat", '"a', 'b"'],
            "busybox": ["cat", '"a', 'b"'],
            "illumos": ["cat", '"a', 'b"'],
        },
        "cat 'a b'": {
            "": ["cat", "a b"],
            "openbsd": ["cat", "'a", "b'"],
            "debian": ["cat", "'a", "b'"],
            "busybox": ["cat", "'a", "b'"],
            "illumos": ["cat", "'a", "b'"],
        },
        'cat x"a b"y': {
            "": ["cat", 'x"a', 'b"y'],
            "netbsd": ["cat", "xa by"],
        },
        'cat ""': {
            "": ["cat", ""],
            "openbsd": ["cat", '""'],
            "debian": ["cat", '""'],
            "busybox": ["cat", '""'],
            "illumos": ["cat", '""'],
        },
        r'cat "a\"b"': {
            "txinetd": ["cat", 'a"b'],
            "freebsd": ["cat", "a\\", 'b"'],
            "gnu": ["cat", "a\\", 'b"'],
            "openbsd": ["cat", r'"a\"b"'],
            "debian": ["cat", r'"a\"b"'],
            "busybox": ["cat", r'"a\"b"'],
            "illumos": ["cat", r'"a\"b"'],
            "netbsd": [],
        },
        "cat a # note": {
            "": ["cat", "a", "#", "note"],
            "txinetd": ["cat", "a"],
            "busybox": ["cat", "a"],
        },
        "cat a#b c": {
            "": ["cat", "a#b", "c"],
            "busybox": ["cat", "a"],
        },
        "cat a\n\tb": {
            "": ["cat", "a", "b"],
            "gnu": ["cat", "a"],
            "busybox": ["cat", "a"],
            "illumos": ["cat", "a"],
        },
        "cat a \\\nb": {
            "": ["cat", "a", "\\"],
            "txinetd": ["cat", "a", "b"],
            "busybox": ["cat", "a", "b"],
        },
        "cat a\\\nb": {
            "": ["cat", "a\\"],
            "txinetd": ["cat", "ab"],
            "busybox": ["cat", "ab"],
        },
        "cat a\r": {"": ["cat", "a"]},
    }

    def test_each(self) -> None:
        """
        Each finds the words that that system finds.
        """
        for rest, row in self.TABLE.items():
            for dialect in EVERY:
                expected = row.get(dialect, row.get("", []))
                if expected:
                    self.assertEqual(self.argv(dialect, rest), expected, (dialect, rest))

    def test_unterminated(self) -> None:
        """
        A quote that does not end costs its line, where there are quotes.
        """
        for dialect in ("txinetd", "freebsd", "netbsd", "gnu"):
            text = f'ftp stream tcp nowait {CAT} "a\necho stream tcp nowait {CAT}\n'
            found = parse(dialect, text)
            self.assertEqual([spec.name for spec in found.services], ["echo"], dialect)
            self.assertEqual(codes(dialect, text), ["unterminated-quote"], dialect)

    def test_warned(self) -> None:
        """
        What is an argument and looks like a quote, a comment or a continuation is
        warned about, and a comment within a word.
        """
        line = f"ftp stream tcp nowait {CAT} "
        for dialect in ("openbsd", "debian", "busybox", "illumos"):
            self.assertEqual(codes(dialect, line + '"a b"\n'), ["quote-as-argument"], dialect)
        for dialect in (*BSD, "gnu", "illumos"):
            self.assertEqual(codes(dialect, line + "# a\n"), ["comment-as-argument"], dialect)
            self.assertEqual(codes(dialect, line + "a \\\n"), ["backslash-argument"], dialect)
        self.assertEqual(codes("busybox", line + "a#b\n"), ["comment-in-word"])
        self.assertEqual(codes("busybox", line + "a #b\n"), [])

    def test_ownEntry(self) -> None:
        """
        A line with a blank before it is an entry where it continues nothing.
        """
        text = f"ftp stream tcp nowait {CAT}\n  echo stream tcp nowait {CAT}\n"
        for dialect in ("gnu", "busybox", "illumos"):
            names = [spec.name for spec in parse(dialect, text).services]
            self.assertEqual(names, ["ftp", "echo"], dialect)
        for dialect in (*BSD, "txinetd"):
            names = [spec.name for spec in parse(dialect, text).services]
            self.assertEqual(names, ["ftp"], dialect)
            self.assertIn("continuation-looks-like-entry", codes(dialect, text))

    def test_indentedComment(self) -> None:
        """
        C{#} after blanks is a comment only where it need not be in the first column.
        """
        text = f"  # note\nftp stream tcp nowait {CAT}\n"
        for dialect in EVERY:
            expected = [] if dialect in ("txinetd", "busybox") else ["too-few-fields"]
            self.assertEqual(codes(dialect, text), expected, dialect)
            self.assertEqual(len(parse(dialect, text).services), 1, dialect)

    def test_longLine(self) -> None:
        """
        A line longer than the original's buffer is read whole, with a warning.
        """
        for dialect, longest in (("freebsd", 2047), ("openbsd", 1023), ("debian", 1023)):
            text = f"ftp stream tcp nowait {CAT} "
            fits = text + "x" * (longest - len(text)) + "\n"
            self.assertEqual(codes(dialect, fits), [], dialect)
            self.assertEqual(codes(dialect, "#" + fits), [], dialect)
            longer = fits[:-1] + "x\n"
            self.assertEqual(codes(dialect, longer), ["long-line"], dialect)
            self.assertEqual(len(parse(dialect, longer).services), 1)

    def test_policies(self) -> None:
        """
        The services under an IPsec policy are left out where C{#@} is one, up to its
        end; elsewhere it is a comment.
        """
        text = (
            f"#@ ipsec ah/require\nftp stream tcp nowait {CAT}\n#@\necho stream tcp nowait {CAT}\n"
        )
        for dialect in EVERY:
            names = [spec.name for spec in parse(dialect, text).services]
            policies = dialect in ("txinetd", "freebsd", "netbsd")
            self.assertEqual(names, ["echo"] if policies else ["ftp", "echo"], dialect)
            said = codes(dialect, text)
            self.assertEqual(said, ["unsupported-policy"] * 2 if policies else [], dialect)

    def test_otherFiles(self) -> None:
        """
        A file for xinetd is said to be one, in each.
        """
        for dialect in EVERY:
            self.assertEqual(codes(dialect, "service x\n{\n}\n"), ["xinetd-format"], dialect)
            self.assertEqual(codes(dialect, "a\nb\nc\nd\n"), ["not-inetd-conf"], dialect)


class ArgumentTests(SynchronousTestCase):
    """
    Tests for programs and their arguments.
    """

    def test_zero(self) -> None:
        """
        The argv[0] of a program without arguments is the base name or the whole path, or
        an error.
        """
        text = "ftp stream tcp nowait root /bin/cat\n"
        for dialect in EVERY:
            if dialect in ("freebsd", "netbsd"):
                self.assertEqual(outcome(dialect, text), "no-arguments", dialect)
                continue
            server = service(dialect, text).server
            assert isinstance(server, Program)
            expected = b"/bin/cat" if dialect == "busybox" else b"cat"
            self.assertEqual(server.argv, (expected,), dialect)
            self.assertEqual(codes(dialect, text), ["no-arguments"], dialect)

    def test_many(self) -> None:
        """
        As many arguments as that system takes are fine; one more is an error to FreeBSD,
        and elsewhere passed on with a warning.
        """
        most = {"freebsd": 20, "openbsd": 20, "debian": 20, "busybox": 20, "netbsd": 64}
        for dialect in EVERY:
            limit = most.get(dialect, 200)
            text = f"ftp stream tcp nowait {CAT}{' x' * (limit - 1)}"
            self.assertEqual(codes(dialect, text + "\n"), [], dialect)
            if dialect not in most:
                continue
            self.assertEqual(codes(dialect, text + " x\n"), ["too-many-arguments"], dialect)
            services = parse(dialect, text + " x\n").services
            if dialect == "freebsd":
                self.assertEqual(services, ())
            else:
                assert isinstance(services[0].server, Program)
                self.assertEqual(len(services[0].server.argv), limit + 1)

    def test_searched(self) -> None:
        """
        busybox finds a program in the usual directories; one that is nowhere is looked
        for in the first of them when it is to be started.
        """
        directory = Path(self.mktemp()).absolute()
        (directory / "b").mkdir(parents=True)
        program = directory / "b" / "served"
        program.write_text("#!/bin/sh\n")
        os.chmod(program, 0o755)
        options = attrs.evolve(OPTIONS, searchPath=(str(directory / "a"), str(directory / "b")))
        for name, expected in (("served", program), ("nowhere", directory / "a" / "nowhere")):
            spec = service("busybox", f"ftp stream tcp nowait root {name} {name}\n", options)
            self.assertEqual(spec.server, Program(bytes(expected), (name.encode(),)))
        for dialect in set(EVERY) - {"busybox"}:
            text = "ftp stream tcp nowait root served served\n"
            self.assertEqual(codes(dialect, text, options), ["relative-program"], dialect)

    def test_internal(self) -> None:
        """
        Internal services take their sockets as they must; busybox refuses what says
        otherwise.
        """
        for dialect in EVERY:
            text = "echo stream tcp nowait root internal\n"
            self.assertEqual(service(dialect, text).server, Builtin("echo"), dialect)
            text = "echo stream tcp wait root internal\n"
            self.assertEqual(codes(dialect, text), ["internal-wait"], dialect)
            found = parse(dialect, text).services
            self.assertEqual([spec.wait for spec in found], [] if dialect == "busybox" else [False])
            spec = service(dialect, "daytime dgram udp wait root internal\n")
            self.assertEqual((spec.wait, spec.limits.startsPerMinute), (True, None), dialect)

    def test_internalLimits(self) -> None:
        """
        An internal stream service that says C{wait} has the limits of C{nowait}.
        """
        spec = service("freebsd", "echo stream tcp wait root internal\n")
        self.assertEqual((spec.wait, spec.limits.instances), (False, None))

    def test_internalArguments(self) -> None:
        """
        What follows C{internal} is which service it is in our dialect alone; elsewhere it
        is arguments, which are ignored.
        """
        text = "daytime stream tcp nowait root internal echo\n"
        for dialect in EVERY:
            ours = dialect == "txinetd"
            expected = Builtin("echo" if ours else "daytime")
            self.assertEqual(service(dialect, text).server, expected, dialect)
            self.assertEqual(codes(dialect, text), [] if ours else ["internal-arguments"])
            named = "echo stream tcp nowait root internal echo\n"
            self.assertEqual(codes(dialect, named), [], dialect)

    def test_authArguments(self) -> None:
        """
        Those of C{auth}, which has the alias C{ident}, are FreeBSD's options; what is none
        is an error, and so is an option in the place of argv[0].
        """
        text = "{0} stream tcp nowait root internal {0} {1}\n"
        for name in ("auth", "ident"):
            for options, found in (("", ()), ("-r -f", (b"-r", b"-f")), ("-t 30", (b"-t", b"30"))):
                spec = service("freebsd", text.format(name, options))
                self.assertEqual(spec.server, Builtin("auth", found))
            self.assertEqual(codes("freebsd", text.format(name, "-q")), ["bad-internal"])
        self.assertEqual(
            codes("freebsd", "auth stream tcp nowait root internal -r\n"), ["bad-internal"]
        )
        spec = service("txinetd", "8113 stream tcp nowait root internal auth -r\n")
        self.assertEqual(spec.server, Builtin("auth", (b"-r",)))

    def test_streamOnly(self) -> None:
        """
        The internal services that are served over connections only are errors with
        datagrams.
        """
        names = MemoryNames({(name, "udp"): 7777 for name in STREAM_ONLY}, {"root": (0, 0)})
        for dialect in EVERY:
            for name in sorted(STREAM_ONLY):
                text = f"{name} dgram udp wait root internal\n".encode()
                (found,) = DIALECTS[dialect].parse("f", text, names, OPTIONS).diagnostics
                self.assertEqual((found.code, found.dropped), ("bad-internal", True))
                self.assertIn(f"{name} with stream", str(found))

    def test_longNames(self) -> None:
        """
        busybox's internal services have whole names.
        """
        spec = service("busybox", "daytime stream tcp nowait root internal\n")
        self.assertEqual(spec.server, Builtin("daytime"))


class WrapTests(SynchronousTestCase):
    """
    Tests for whom hosts_access(5) is asked about.
    """

    LINE = "ftp stream tcp nowait root /usr/sbin/in.ftpd /x/ftpd\n"

    def test_told(self) -> None:
        """
        Where the command line says so, by the program's name to FreeBSD and argv[0] to
        Debian.
        """
        options = attrs.evolve(OPTIONS, wrapPrograms=True)
        for dialect, name in (("freebsd", "in.ftpd"), ("debian", "ftpd")):
            self.assertEqual(service(dialect, self.LINE).access, Access())
            self.assertEqual(service(dialect, self.LINE, options).access, Access(wrap=name))

    def test_always(self) -> None:
        """
        NetBSD always asks.
        """
        self.assertEqual(service("netbsd", self.LINE).access, Access(wrap="ftpd"))

    def test_not(self) -> None:
        """
        Nothing is asked about unix sockets, C{wait} services, which is said, and what
        tcpd asks about itself.
        """
        options = attrs.evolve(OPTIONS, wrapPrograms=True)
        for text, said in (
            ("/run/x stream unix nowait root /bin/cat cat\n", []),
            ("ftp stream tcp nowait root /usr/sbin/tcpd ftpd\n", []),
            ("tftp dgram udp wait root /x/y y\n", ["wait-not-wrapped"]),
        ):
            self.assertEqual(service("debian", text, options).access, Access())
            self.assertEqual(codes("debian", text, options), said)

    def test_internal(self) -> None:
        """
        Internal services have an option of their own, and their own names.
        """
        text = "echo stream tcp nowait root internal\n"
        options = attrs.evolve(OPTIONS, wrapInternal=True)
        self.assertEqual(service("freebsd", text, options).access, Access(wrap="echo"))
        self.assertEqual(service("freebsd", self.LINE, options).access, Access())


class RpcTests(SynchronousTestCase):
    """
    Tests for RPC services.
    """

    def programs(
        self, dialect: str, field: str, protocol: str = "rpc/udp", kind: str = "dgram"
    ) -> str:
        """
        What a line registers, and where it listens; or what is said about it.
        """
        text = f"{field} {kind} {protocol} wait root /x/rpc.rstatd rpc.rstatd\n"
        found = parse(dialect, text)
        if not found.services:
            return " ".join(codes(dialect, text))
        return " ".join(
            f"{spec.rpc.number}/{spec.rpc.first}-{spec.rpc.last}@{spec.protocol}:{bound(spec)}"
            for spec in found.services
            if spec.rpc is not None
        )

    def test_off(self) -> None:
        """
        They are errors for as long as they cannot be served.
        """
        for dialect in set(EVERY) - {"gnu"}:
            text = "rstatd/2-4 dgram rpc/udp wait root /x/y y\n"
            self.assertEqual(codes(dialect, text, NONE), ["unsupported-rpc"], dialect)
        self.assertEqual(codes("gnu", text), ["unknown-protocol"])

    def test_each(self) -> None:
        """
        Programs have names or numbers, and versions; ports are the kernel's choice.
        """
        table = {
            "rstatd/2-4": "100001/2-4@rpc/udp:4",
            "rstatd/3": "100001/3-3@rpc/udp:4",
            "100001/2-4": "100001/2-4@rpc/udp:4",
            "391002/1": "391002/1-1@rpc/udp:4",
            "rstatd/1,2,3-5": "100001/1-5@rpc/udp:4",
            "rstatd/4,1-2": "100001/1-2@rpc/udp:4 100001/4-4@rpc/udp:4",
            "nosuch/1": "unknown-rpc",
            "0/1": "unknown-rpc",
            "4294967296/1": "unknown-rpc",
            "rstatd/": "bad-rpc-version",
            "rstatd/x": "bad-rpc-version",
            "rstatd/4-2": "bad-rpc-version",
            "rstatd/1-": "bad-rpc-version",
            "rstatd/1-99999": "bad-rpc-version",
            "rstatd/" + "1," * 450: "bad-rpc-version",
        }
        for field, expected in table.items():
            for dialect in ("freebsd", "netbsd", "openbsd", "busybox"):
                self.assertEqual(self.programs(dialect, field), expected, (dialect, field))

    def test_noVersion(self) -> None:
        """
        No version is version 1 to FreeBSD, an error elsewhere.
        """
        self.assertEqual(self.programs("freebsd", "rstatd"), "100001/1-1@rpc/udp:4")
        for dialect in ("netbsd", "openbsd", "debian", "busybox", "illumos"):
            self.assertEqual(self.programs(dialect, "rstatd"), "bad-rpc-version", dialect)

    def test_port(self) -> None:
        """
        The address has port 0.
        """
        spec = service("netbsd", "rstatd/1 dgram rpc/udp wait root /x/y y\n")
        self.assertEqual(spec.addresses, (InetAddress("0.0.0.0", 0),))
        self.assertEqual(spec.rpc, Rpc(100001, "rstatd", 1, 1))

    def test_families(self) -> None:
        """
        Protocols mean the families that they mean without C{rpc/}.
        """
        self.assertEqual(
            self.programs("freebsd", "rstatd/1", "rpc/tcp46", "stream"),
            "100001/1-1@rpc/tcp46:46",
        )
        self.assertEqual(self.programs("debian", "rstatd/1"), "100001/1-1@rpc/udp:4+6")
        self.assertEqual(self.programs("freebsd", "rstatd/1", "rpc/unix"), "unknown-protocol")

    def test_transports(self) -> None:
        """
        illumos has names for transports, lists of them, and a type that leaves all to
        them.
        """
        both = "100001/1-1@rpc/tcp:4+6 100001/1-1@rpc/udp:4+6"
        table = {
            ("tli", "rpc/datagram_v"): "100001/1-1@rpc/udp:4+6",
            ("tli", "rpc/circuit_v"): "100001/1-1@rpc/tcp:4+6",
            ("tli", "rpc/*"): both,
            ("tli", "rpc/circuit_v,udp"): "100001/1-1@rpc/tcp:4+6 100001/1-1@rpc/udp:4",
            ("tli", "rpc/tcp"): "100001/1-1@rpc/tcp:4",
            ("tli", "rpc/tcp6"): "100001/1-1@rpc/tcp:6",
            ("tli", "rpc/ticotsord,tcp"): "100001/1-1@rpc/tcp:4",
            ("stream", "rpc/*"): "100001/1-1@rpc/tcp:4+6",
            ("dgram", "rpc/udp"): "100001/1-1@rpc/udp:4",
            ("stream", "rpc/udp"): "type-and-protocol",
            ("tli", "rpc/ticlts"): "unknown-transport unknown-protocol",
            ("tli", "rpc/nosuch"): "unknown-protocol",
            ("tli", "tcp"): "unsupported-socket-type",
        }
        for (kind, protocol), expected in table.items():
            found = self.programs("illumos", "rstatd/1", protocol, kind)
            self.assertEqual(found, expected, (kind, protocol))

    def test_dump(self) -> None:
        """
        A dump shows the versions.
        """
        found = parse("netbsd", "rstatd/2-4 dgram rpc/udp wait root /x/y y\n")
        self.assertTrue(dumpConfiguration(found).startswith("rstatd/2-4 on bind = 0.0.0.0, "))

    def test_severalPrograms(self) -> None:
        """
        Two programs do not want the same place; the same one twice does.
        """
        line = "{} dgram rpc/udp wait root /x/y y\n"
        both = line.format("rstatd/1") + line.format("rusersd/1")
        self.assertEqual(len(parse("netbsd", both).services), 2)
        self.assertEqual(codes("netbsd", line.format("rstatd/1") * 2), ["duplicate-address"])

    def test_alone(self) -> None:
        """
        L{rpc} takes names from the database it is given.
        """
        names: INames = NAMES
        found = rpc("rusersd/2", Token("x", 1, 1), names, SYSTEMS[0], Reporter("f", "x"))
        self.assertEqual(found, (Rpc(100002, "rusersd", 2, 2),))


class TcpmuxTests(SynchronousTestCase):
    """
    Tests for services behind tcpmux.
    """

    LINE = "tcpmux/{} stream tcp nowait bob /bin/date date\n"

    def test_off(self) -> None:
        """
        They are errors for as long as they cannot be served, and in dialects that have
        none.
        """
        for dialect in EVERY:
            found = codes(dialect, self.LINE.format("date"), NONE)
            self.assertEqual(found, ["unsupported-tcpmux"])
        for dialect in ("openbsd", "debian", "busybox", "illumos"):
            found = codes(dialect, self.LINE.format("date"))
            self.assertEqual(found, ["unsupported-tcpmux"], dialect)

    def test_each(self) -> None:
        """
        They have a name, perhaps a plus, and no address.
        """
        for dialect in ("txinetd", "freebsd", "netbsd"):
            for text, expected in (("date", False), ("+date", True)):
                spec = service(dialect, self.LINE.format(text))
                self.assertEqual(spec.addresses, ())
                self.assertEqual(spec.multiplexed, Multiplexed("date", expected))
                self.assertEqual(spec.identity.uid, 1001)

    def test_bad(self) -> None:
        """
        A name has printable characters, and is not what asks for the list.
        """
        for name in ("", "+", "help", "HELP", "caf\u00e9", "x" * 65):
            found = codes("freebsd", self.LINE.format(name))
            self.assertEqual(found, ["bad-tcpmux-name"], name)
        text = "tcpmux/x dgram tcp wait root /bin/date date\n"
        self.assertIn("type-and-protocol", codes("freebsd", text))
        reporter = Reporter("f", "x")
        self.assertIsNone(multiplexed("tcpmux/a\0b", Token("x", 1, 1), reporter))

    def test_twice(self) -> None:
        """
        A name is one service's, in capitals too.
        """
        text = self.LINE.format("date") + self.LINE.format("+DATE")
        self.assertEqual(codes("netbsd", text), ["duplicate-address"])

    def test_dump(self) -> None:
        """
        A dump has them, without an address.
        """
        found = dumpConfiguration(parse("netbsd", self.LINE.format("+date")))
        self.assertTrue(found.startswith("tcpmux/+date on socktype = stream, "), found)

    def test_ownListener(self) -> None:
        """
        To GNU such a line means a listener for tcpmux, unless there is one; elsewhere the
        line for it has to be there.
        """
        text = self.LINE.format("date")
        found = parse("gnu", text)
        self.assertEqual([spec.name for spec in found.services], ["tcpmux/date", "tcpmux"])
        listener = found.services[1]
        self.assertEqual(listener.addresses, (InetAddress("::", 1, True),))
        self.assertEqual(listener.server, Builtin("tcpmux"))
        own = parse("gnu", text + "tcpmux stream tcp nowait root internal\n")
        self.assertEqual(len(own.services), 2)
        self.assertEqual(len(parse("netbsd", text).services), 1)
        without = parse("gnu", text, attrs.evolve(OPTIONS, haveIPv6=False)).services[1]
        self.assertEqual(without.addresses, (InetAddress("0.0.0.0", 1),))


class IncludeTests(SynchronousTestCase):
    """
    Tests for C{.include}.
    """

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()

    def write(self, name: str, text: str) -> str:
        """
        Write a file.
        """
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return str(path)

    def load(self, *names: str, dialect: str = "netbsd") -> Configuration:
        """
        Read files.
        """
        options = attrs.evolve(OPTIONS, dialect=dialect)
        return load([str(self.directory / name) for name in names], NAMES, options)

    def line(self, port: int) -> str:
        """
        A service.
        """
        return f"{port} stream tcp4 nowait {CAT}\n"

    def test_pattern(self) -> None:
        """
        The files of a pattern are read in the order of their names, relative to the file
        that includes them, in place of the line.
        """
        self.write("d/b", self.line(2))
        self.write("d/a", self.line(1))
        (self.directory / "d" / "directory").mkdir()
        self.write("main", f"{self.line(8)}.include d/*\n{self.line(9)}")
        for dialect in ("netbsd", "txinetd"):
            found = self.load("main", dialect=dialect)
            self.assertEqual([spec.name for spec in found.services], ["8", "1", "2", "9"])
            self.assertEqual(
                found.files, tuple(str(self.directory / each) for each in ("main", "d/a", "d/b"))
            )
            self.assertEqual(found.services[1].origin.path, str(self.directory / "d" / "a"))

    def test_quoted(self) -> None:
        """
        A pattern with blanks stands between quotes.
        """
        self.write("a b", self.line(1))
        self.write("main", '.include "a b"\n')
        self.assertEqual(len(self.load("main").services), 1)

    def test_hosts(self) -> None:
        """
        An included file begins with the hosts of the place, and what it says of them ends
        with it.
        """
        self.write("inner", f"{self.line(1)}127.0.0.2:\n{self.line(2)}")
        self.write("main", f"127.0.0.1:\n.include inner\n{self.line(3)}")
        found = [str(spec.addresses[0]) for spec in self.load("main").services]
        self.assertEqual(found, ["127.0.0.1:1", "127.0.0.2:2", "127.0.0.1:3"])

    def test_loop(self) -> None:
        """
        A file that comes back to itself is left out there, and said to.
        """
        self.write("main", f".include other\n{self.line(1)}")
        self.write("other", f".include main\n.include other\n{self.line(2)}")
        found = self.load("main")
        self.assertEqual(
            [each.code for each in found.diagnostics if each.dropped], ["include-loop"] * 2
        )
        self.assertEqual([spec.name for spec in found.services], ["2", "1"])

    def test_linkLoop(self) -> None:
        """
        By another name, too.
        """
        path = self.write("main", f".include link\n{self.line(1)}")
        os.symlink(path, self.directory / "link")
        self.assertIn("include-loop", [each.code for each in self.load("main").diagnostics])

    def test_deep(self) -> None:
        """
        Files are included in one another only so deep, and only so many.
        """
        for number in range(20):
            self.write(f"f{number}", f".include f{number + 1}\n")
        found = [each.code for each in self.load("f0").diagnostics]
        self.assertEqual(found, ["too-many-files"])
        for number in range(15):
            self.write(f"g{number}", f".include g{number + 1}\n" * 3)
        self.write("g15", "")
        found = [each.code for each in self.load("g0").diagnostics]
        self.assertIn("too-many-files", found)

    def test_missing(self) -> None:
        """
        A file that is not there is an error, and nothing is known of what it had; a
        pattern that fits nothing is not.
        """
        self.write("main", ".include nosuch\n.include nosuch*\n.include d\n")
        (self.directory / "d").mkdir()
        found = self.load("main")
        self.assertEqual(
            [each.code for each in found.diagnostics],
            ["unreadable-include", "nothing-included", "unreadable-include"],
        )
        self.assertEqual(
            found.unreadable, (str(self.directory / "nosuch"), str(self.directory / "d"))
        )

    def test_bad(self) -> None:
        """
        The line has one word more.
        """
        self.write("main", ".include\n.include a b\n.include \x00\n")
        found = [each.code for each in self.load("main").diagnostics]
        self.assertEqual(found, ["bad-include", "bad-include", "nul-byte"])

    def test_otherFormat(self) -> None:
        """
        Nothing is known of an included file in another format.
        """
        self.write("main", ".include other\n")
        path = self.write("other", "service x\n{\n}\n")
        self.assertEqual(self.load("main").unreadable, (path,))

    def test_policy(self) -> None:
        """
        Nothing is included under an IPsec policy.
        """
        self.write("other", self.line(1))
        self.write("main", "#@ ipsec x\n.include other\n")
        self.assertEqual(self.load("main").services, ())

    def test_notElsewhere(self) -> None:
        """
        To other dialects it is an error.
        """
        self.write("main", ".include other\n")
        for dialect in set(EVERY) - {"netbsd", "txinetd"}:
            found = [each.code for each in self.load("main", dialect=dialect).diagnostics]
            self.assertEqual(found, ["unsupported-directive"], dialect)


class KeyValueTests(SynchronousTestCase):
    """
    Tests for entries of the key=value form.
    """

    def test_where(self) -> None:
        """
        NetBSD has them, and so have we; elsewhere they are errors.
        """
        text = "ftp on protocol = tcp, wait = no, user = bob, exec = /bin/cat, args = cat;\n"
        for dialect in EVERY:
            if dialect in ("netbsd", "txinetd"):
                self.assertEqual(service(dialect, text).identity.user, "bob", dialect)
            else:
                self.assertEqual(codes(dialect, text), ["unsupported-key-value"], dialect)
