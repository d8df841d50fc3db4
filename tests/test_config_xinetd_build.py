"""
Tests for L{txinetd.config.xinetd.build} and its parts: what the attributes of a
service come to together.
"""

from __future__ import annotations

import resource

import attrs
from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import ALICE, NAMES, OPTIONS, ROOT
from tests.xinetd_support import BASE, WHOLE, codes, defaults, entry, parse, said, service
from txinetd.config.values import LoadOptions
from txinetd.errors import Severity
from txinetd.policy import ConnectionsPerSecond, Limits, Sensor
from txinetd.spec import (
    Box,
    Builtin,
    Identity,
    InetAddress,
    Multiplexed,
    Program,
    Redirect,
    Rpc,
    SocketOptions,
    SocketType,
)
from txinetd.testing import MemoryNames

DGRAM = BASE.replace("stream", "dgram").replace("wait = no", "wait = yes")
INTERNAL = "    socket_type = stream\n    wait = no\n    type = INTERNAL\n"


def bound(lines: str, options: LoadOptions = OPTIONS) -> list[str]:
    """
    What a service binds, with its protocol before it; C{46} after an address stands
    for one socket for both families.
    """
    spec = service(entry(lines), options)
    found = [spec.protocol]
    for each in spec.addresses:
        assert isinstance(each, InetAddress)
        found.append(f"{each}{' 46' if each.dualStack else ''}")
    return found


class WholeTests(SynchronousTestCase):
    """
    Tests for a spec as a whole.
    """

    def test_plain(self) -> None:
        """
        With nothing but what it needs, a service is as xinetd has it by default.
        """
        spec = service(entry())
        self.assertEqual(
            (spec.name, spec.socketType, spec.wait, spec.server, spec.identity),
            (
                "ftp",
                SocketType.STREAM,
                False,
                Program(b"/usr/bin/env", (b"env",)),
                Identity("nobody", 65534, 65534, (65534,)),
            ),
        )
        self.assertEqual(bound(""), ["tcp46", "[::]:21 46"])
        self.assertEqual(
            spec.limits,
            Limits(startsPerMinute=None, perSecond=ConnectionsPerSecond(50, 10.0)),
        )
        self.assertEqual((spec.box, spec.recording, spec.access.wrap), (Box(), None, "env"))
        self.assertEqual(spec.socketOptions, SocketOptions())

    def test_origin(self) -> None:
        """
        It knows where its name stands, and is known by its id.
        """
        spec = service("\n" + entry("id = other"))
        self.assertEqual((spec.name, str(spec.origin)), ("other", "/etc/xinetd.conf:2"))
        self.assertEqual(spec.origin.label, "other")

    def test_missing(self) -> None:
        """
        What is missing is said at once.
        """
        (problem,) = said(entry(base=""))
        self.assertEqual(problem.code, "missing-attribute")
        self.assertIn("socket_type, wait, user, server", problem.found)
        self.assertIn("rpc_version", said(entry("type = RPC"))[0].found)

    def test_missingUser(self) -> None:
        """
        Only what txinetd serves itself needs no user.
        """
        text = entry(base=BASE.replace("user = nobody", ""))
        self.assertEqual((codes(text), parse(text).services), (["missing-attribute"], ()))
        self.assertEqual(codes(entry(base=INTERNAL, name="echo")), [])


class ListenerTests(SynchronousTestCase):
    """
    Tests for where a service listens.
    """

    def test_families(self) -> None:
        """
        The flags choose families; without any it is one socket for both.
        """
        self.assertEqual(bound("flags = IPv4"), ["tcp4", "0.0.0.0:21"])
        self.assertEqual(bound("flags = IPv6"), ["tcp46", "[::]:21 46"])
        self.assertEqual(bound("flags = IPv6 IPv4"), ["tcp46", "[::]:21 46"])
        self.assertEqual(bound("v6only = yes"), ["tcp6", "[::]:21"])
        self.assertEqual(bound("v6only = no"), ["tcp46", "[::]:21 46"])

    def test_withoutIPv6(self) -> None:
        """
        On a machine without IPv6 it is IPv4, unless that was ruled out.
        """
        options = attrs.evolve(OPTIONS, haveIPv6=False)
        self.assertEqual(bound("", options), ["tcp4", "0.0.0.0:21"])
        self.assertEqual(bound("flags = IPv6", options), ["tcp4", "0.0.0.0:21"])
        self.assertEqual(codes(entry("v6only = yes"), options), ["no-ipv6"])

    def test_bind(self) -> None:
        """
        An address is of its family, and a name is the first of its addresses.
        """
        self.assertEqual(bound("bind = 127.0.0.1"), ["tcp4", "127.0.0.1:21"])
        self.assertEqual(bound("bind = ::1"), ["tcp6", "[::1]:21"])
        self.assertEqual(bound("bind = ::"), ["tcp46", "[::]:21 46"])
        self.assertEqual(bound("bind = ::\nv6only = yes"), ["tcp6", "[::]:21"])
        self.assertEqual(bound("bind = ::ffff:127.0.0.1"), ["tcp4", "127.0.0.1:21"])
        self.assertEqual(bound("bind = fe80::1%2"), ["tcp6", "[fe80::1%2]:21"])
        self.assertEqual(bound("bind = localhost"), ["tcp4", "127.0.0.1:21"])
        self.assertEqual(bound("bind = localhost\nflags = IPv6"), ["tcp6", "[::1]:21"])
        self.assertEqual(
            codes(entry("bind = localhost"), least=Severity.NOTE), ["several-addresses"]
        )

    def test_bindWithoutFamily(self) -> None:
        """
        An address of another family than the flags say is an error, never another
        address.
        """
        for lines in ("bind = 127.0.0.1\nflags = IPv6", "bind = ::1\nflags = IPv4"):
            self.assertEqual(codes(entry(lines)), ["address-family"], lines)
        self.assertEqual(codes(entry("bind = four\nflags = IPv6")), ["address-family"])
        self.assertEqual(codes(entry("bind = 127.0.0.1\nv6only = yes")), ["address-family"])

    def test_defaultAddresses(self) -> None:
        """
        Where nothing is bound, the addresses of the command line are.
        """
        options = attrs.evolve(OPTIONS, defaultAddresses=("127.0.0.1", "::1"))
        self.assertEqual(bound("", options), ["tcp", "127.0.0.1:21", "[::1]:21"])
        self.assertEqual(bound("bind = 192.0.2.1", options), ["tcp4", "192.0.2.1:21"])
        options = attrs.evolve(OPTIONS, defaultAddresses=("*",))
        self.assertEqual(bound("", options), ["tcp46", "[::]:21 46"])

    def test_ports(self) -> None:
        """
        A listed service has the port of the database, an unlisted one its own.
        """
        self.assertEqual(codes(entry("port = 21")), [])
        self.assertEqual(codes(entry("port = 22")), ["port-mismatch"])
        self.assertEqual(codes(entry(name="nosuch")), ["unknown-service"])
        self.assertEqual(codes(entry("port = 99", name="nosuch")), ["unknown-service"])
        self.assertEqual(bound("type = UNLISTED\nport = 5000")[1], "[::]:5000 46")
        self.assertEqual(codes(entry("type = UNLISTED")), ["missing-attribute"])
        self.assertEqual(codes(entry("type = UNLISTED\nport = 0")), ["bad-port"])

    def test_protocol(self) -> None:
        """
        The protocol is that of the socket's type.
        """
        self.assertEqual(service(entry(base=DGRAM, name="tftp")).protocol, "udp46")
        self.assertEqual(codes(entry("protocol = udp")), ["type-and-protocol"])
        base = BASE.replace("stream", "raw")
        self.assertEqual(codes(entry(base=base)), ["unsupported-socket-type"])


class ServerTests(SynchronousTestCase):
    """
    Tests for what serves.
    """

    def argv(self, lines: str) -> tuple[bytes, ...]:
        """
        The arguments of a program.
        """
        server = service(entry(lines)).server
        assert isinstance(server, Program)
        return server.argv

    def test_arguments(self) -> None:
        """
        argv[0] is the base name of the server, or the first of the arguments with
        NAMEINARGS, wherever that stands.
        """
        self.assertEqual(self.argv("server_args = -l x"), (b"env", b"-l", b"x"))
        for lines in (
            "flags = NAMEINARGS\nserver_args = me -l",
            "server_args = me -l\nflags = NAMEINARGS",
        ):
            self.assertEqual(self.argv(lines), (b"me", b"-l"))
        self.assertEqual(codes(entry("flags = NAMEINARGS")), ["missing-attribute"])

    def test_checked(self) -> None:
        """
        A server that is not there is an error, and the service listens.
        """
        options = attrs.evolve(OPTIONS, checkPrograms=True)
        text = entry(base=BASE.replace("/usr/bin/env", "/nonexistent/x"))
        found = parse(text, options)
        self.assertEqual([each.code for each in found.diagnostics], ["missing-program"])
        self.assertEqual(len(found.services), 1)

    def test_internal(self) -> None:
        """
        An internal service goes by its name, whatever its id.
        """
        spec = service(entry("id = echo-stream", INTERNAL, "echo"))
        self.assertEqual((spec.server, spec.name), (Builtin("echo"), "echo-stream"))
        self.assertEqual(spec.identity, ROOT)
        self.assertEqual(codes(entry(base=INTERNAL)), ["unknown-internal"])

    def test_internalOnAnotherPort(self) -> None:
        """
        With UNLISTED it may be on any port.
        """
        text = entry("port = 5000", INTERNAL.replace("INTERNAL", "INTERNAL UNLISTED"), "echo")
        self.assertEqual(str(service(text).addresses[0]), "[::]:5000")

    def test_internalWait(self) -> None:
        """
        It knows by itself how it takes its socket.
        """
        text = entry(base=INTERNAL.replace("wait = no", "wait = yes"), name="echo")
        self.assertEqual((codes(text), service(text).wait), (["internal-wait"], False))
        base = INTERNAL.replace("stream", "dgram")
        self.assertTrue(service(entry(base=base, name="echo")).wait)

    def test_internalWithServer(self) -> None:
        """
        It has no use for a server.
        """
        text = entry("server = /bin/cat", INTERNAL, "echo")
        self.assertEqual((codes(text), service(text).server), (["not-needed"], Builtin("echo")))

    def test_administrative(self) -> None:
        """
        The services of old xinetds are there if the table of internal ones has them.
        """
        text = entry("port = 9099", INTERNAL.replace("INTERNAL", "INTERNAL UNLISTED"), "servers")
        self.assertEqual(
            codes(text), ["unknown-internal"] if "servers" not in OPTIONS.builtins else []
        )
        more = attrs.evolve(OPTIONS, builtins=OPTIONS.builtins | {"servers"})
        self.assertEqual(service(text, more).server, Builtin("servers"))

    def test_noInternal(self) -> None:
        """
        Internal services can be switched off.
        """
        options = attrs.evolve(OPTIONS, noInternal=True)
        found = parse(entry(base=INTERNAL, name="echo"), options)
        self.assertEqual(
            ([each.code for each in found.diagnostics], found.services), (["no-internal"], ())
        )

    def test_sensor(self) -> None:
        """
        A trap serves what C{discard} serves, and keeps out for the time that is said:
        for none where nothing is.
        """
        for lines, seconds in (
            ("deny_time = 2", 120.0),
            ("deny_time = FOREVER", None),
            ("deny_time = NEVER", 0.0),
            ("", 0.0),
        ):
            spec = service(entry(f"flags = SENSOR\n{lines}"))
            self.assertEqual(
                (spec.server, spec.access.sensor), (Builtin("discard"), Sensor(seconds))
            )
        self.assertEqual(codes(entry("deny_time = 2")), ["not-needed"])

    def test_redirect(self) -> None:
        """
        Connections are passed on to addresses that are looked up once.
        """
        base = BASE.replace("server = /usr/bin/env", "")
        self.assertEqual(
            service(entry("redirect = localhost telnet", base)).server,
            Redirect((("127.0.0.1", 23), ("::1", 23)), "localhost telnet"),
        )
        self.assertEqual(
            service(entry("redirect = 2001:db8::1 22", base)).server,
            Redirect((("2001:db8::1", 22),), "2001:db8::1 22"),
        )

    def test_redirectOfWhatCannot(self) -> None:
        """
        Only connections of C{wait = no} can be passed on, without NAMEINARGS.
        """
        base = DGRAM.replace("server = /usr/bin/env", "")
        self.assertEqual(codes(entry("redirect = localhost 1", base, "tftp")), ["bad-redirect"])
        base = BASE.replace("wait = no", "wait = yes").replace("server = /usr/bin/env", "")
        self.assertEqual(codes(entry("redirect = localhost 1", base)), ["bad-redirect"])
        base = base.replace("wait = yes", "wait = no\nflags = NAMEINARGS")
        self.assertEqual(codes(entry("redirect = localhost 1", base)), ["bad-redirect"])

    def test_datagrams(self) -> None:
        """
        C{wait = no} for datagrams works here, and is refused where all has to be as
        with xinetd.
        """
        text = entry(base=BASE.replace("stream", "dgram"), name="tftp")
        self.assertEqual((codes(text), service(text).wait), (["dgram-nowait"], False))
        strict = attrs.evolve(OPTIONS, strictXinetd=True)
        self.assertEqual(parse(text, strict).services, ())


class IdentityTests(SynchronousTestCase):
    """
    Tests for whom a server runs as.
    """

    NAMES = MemoryNames(
        {("ftp", "tcp"): 21},
        users={"nobody": (65534, 65534), "alice": (1000, 1000)},
        groupIds={"tty": 5, "users": 100},
        members={"users": ["nobody"]},
    )

    def read(self, lines: str, base: str = BASE) -> tuple[Identity, tuple[int, ...] | None]:
        """
        The identity of a service, and the groups in place of the user's.
        """
        (spec,) = parse(entry(lines, base), names=self.NAMES).services
        return spec.identity, spec.box.groups

    def test_groups(self) -> None:
        """
        Only with C{groups = yes} a server is in the groups of its user.
        """
        nobody = Identity("nobody", 65534, 65534, (100, 65534))
        self.assertEqual(self.read(""), (nobody, ()))
        self.assertEqual(self.read("groups = no"), (nobody, ()))
        self.assertEqual(self.read("groups = yes"), (nobody, None))

    def test_noGroups(self) -> None:
        """
        A user that is in no other group leaves nothing to be done.
        """
        alice = Identity("alice", 1000, 1000, (1000,))
        self.assertEqual(self.read("", BASE.replace("nobody", "alice")), (alice, None))

    def test_group(self) -> None:
        """
        A group takes the place of the user's.
        """
        expected = Identity("nobody", 65534, 5, (5, 100))
        self.assertEqual(self.read("group = tty"), (expected, ()))

    def test_numbers(self) -> None:
        """
        Users and groups may be numbers.
        """
        text = entry("group = 7", BASE.replace("nobody", "4242"))
        self.assertEqual(service(text).identity, Identity("4242", 4242, 7, (7,)))

    def test_place(self) -> None:
        """
        What does not exist is said where it stands.
        """
        (problem,) = said(entry("group = nosuch"))
        self.assertEqual((problem.code, problem.origin.line), ("unknown-group", 7))

    def test_notRoot(self) -> None:
        """
        A daemon that is not root serves as itself, and as nobody else.
        """
        options = attrs.evolve(OPTIONS, daemon=ALICE)
        self.assertEqual(codes(entry(), options), ["other-user"])
        (spec,) = parse(entry(base=BASE.replace("nobody", "alice")), options).services
        self.assertTrue(spec.identity.keep)


class PolicyTests(SynchronousTestCase):
    """
    Tests for limits, access and surroundings.
    """

    def test_unlimited(self) -> None:
        """
        C{UNLIMITED} is no limit, and a rate of 0 is none.
        """
        spec = service(
            defaults("instances = 1\nper_source = 1\ncps = 1 1")
            + entry("instances = UNLIMITED\nper_source = UNLIMITED\ncps = 0 0")
        )
        self.assertEqual(spec.limits, Limits(startsPerMinute=None))

    def test_load(self) -> None:
        """
        The load may have a fraction.
        """
        self.assertEqual(service(entry("max_load = 2.5")).limits.load, 2.5)

    def test_wrap(self) -> None:
        """
        hosts.allow is asked by the name of the server, of argv[0], or of the service.
        """
        base = BASE.replace("server = /usr/bin/env", "redirect = localhost 1")
        for text, name in (
            (entry(), "env"),
            (entry("flags = NAMEINARGS\nserver_args = /x/in.ftpd"), "in.ftpd"),
            (entry("libwrap = me"), "me"),
            (entry(base=INTERNAL, name="echo"), "echo"),
            (entry(base=base), "ftp"),
            (entry("flags = NOLIBWRAP\nlibwrap = me"), None),
        ):
            self.assertEqual(service(text).access.wrap, name)

    def test_unjudged(self) -> None:
        """
        Where a program accepts its clients by itself nobody is asked about them, and
        rules about them cost the service: with xinetd no client would be let in.
        """
        base = BASE.replace("wait = no", "wait = yes")
        self.assertIsNone(service(entry(base=base)).access.wrap)
        for lines in ("only_from = 10.0.0.0", "no_access = 10.0.0.1", "libwrap = x", "deny = all"):
            text = entry(lines, base)
            self.assertEqual((codes(text), parse(text).services), (["unjudged"], ()), lines)
        self.assertEqual(parse(defaults("only_from = 10.0.0.0") + entry(base=base)).services, ())

    def test_banners(self) -> None:
        """
        Banners are files.
        """
        access = service(entry("banner = /a\nbanner_success = /b\nbanner_fail = /c")).access
        self.assertEqual(
            (access.banner, access.bannerSuccess, access.bannerFail), (b"/a", b"/b", b"/c")
        )

    def test_times(self) -> None:
        """
        The last minute of an interval is in it.
        """
        access = service(entry("access_times = 2:00-8:59")).access
        self.assertEqual(access.times, ((120, 540),))

    def test_box(self) -> None:
        """
        Surroundings of the server: mask, niceness, limits, both soft and hard.
        """
        spec = service(
            entry(
                "umask = 002\nnice = 10\nrlimit_as = 1M\nrlimit_cpu = UNLIMITED\nrlimit_files = 9"
            )
        )
        self.assertEqual(
            spec.box,
            Box(
                umask=0o002,
                nice=10,
                limits=(
                    (resource.RLIMIT_AS, 2**20, 2**20),
                    (resource.RLIMIT_CPU, resource.RLIM_INFINITY, resource.RLIM_INFINITY),
                    (resource.RLIMIT_NOFILE, 9, 9),
                ),
            ),
        )

    def test_socketOptions(self) -> None:
        """
        NODELAY and KEEPALIVE are options of connections, and nothing for datagrams.
        """
        flags = "flags = NODELAY KEEPALIVE"
        self.assertEqual(
            service(entry(flags)).socketOptions, SocketOptions(noDelay=True, keepAlive=True)
        )
        self.assertEqual(service(entry(flags, DGRAM, "tftp")).socketOptions, SocketOptions())

    def test_withoutEffect(self) -> None:
        """
        Flags that change nothing are noted.
        """
        text = entry("flags = REUSE NORETRY")
        self.assertEqual(
            (codes(text), codes(text, least=Severity.NOTE)), ([], ["flag-without-effect"] * 2)
        )


class RemoteTests(SynchronousTestCase):
    """
    Tests for RPC services and those behind tcpmux.
    """

    def rpc(self, lines: str) -> Rpc | None:
        """
        What a service is registered as.
        """
        names = MemoryNames(users={"nobody": (1, 1)}, programs={"rstatd": 100001})
        (spec,) = parse(entry(lines, DGRAM, "rstatd"), names=names).services
        self.assertEqual([str(each) for each in spec.addresses], ["[::]:0"])
        return spec.rpc

    def test_rpc(self) -> None:
        """
        A program is listed or has a number, and has versions.
        """
        self.assertEqual(self.rpc("type = RPC\nrpc_version = 2-4"), Rpc(100001, "rstatd", 2, 4))
        self.assertEqual(
            self.rpc("type = RPC UNLISTED\nrpc_version = 1\nrpc_number = 7"),
            Rpc(7, "rstatd", 1, 1),
        )

    def test_badRpc(self) -> None:
        """
        One that is neither, or has another number than is listed, is an error.
        """
        for lines, code in (
            ("type = RPC\nrpc_version = 1", "unknown-service"),
            ("type = RPC UNLISTED\nrpc_version = 1", "unknown-service"),
            ("type = RPC\nrpc_version = 1\nrpc_number = 7", "port-mismatch"),
        ):
            self.assertEqual(codes(entry(lines, DGRAM, "other")), [code])
        self.assertEqual(codes(entry("rpc_version = 1")), ["not-needed"])

    def test_rpcOverTcp(self) -> None:
        """
        hosts.allow is not asked about RPC over tcp.
        """
        text = entry("type = RPC UNLISTED\nrpc_version = 1\nrpc_number = 7")
        self.assertIsNone(service(text).access.wrap)

    def test_multiplexed(self) -> None:
        """
        A service behind tcpmux has no socket of its own, and keeps its user and its
        rules.
        """
        spec = service(entry("type = TCPMUX UNLISTED\nonly_from = 10.0.0.0", name="x"))
        self.assertEqual((spec.addresses, spec.multiplexed), ((), Multiplexed("x", False)))
        self.assertEqual((spec.identity.user, spec.access.default), ("nobody", False))
        spec = service(entry("type = TCPMUXPLUS UNLISTED", name="x"))
        self.assertEqual(spec.multiplexed, Multiplexed("x", True))

    def test_multiplexedAndOff(self) -> None:
        """
        One that is switched off cannot be reached by way of tcpmux.
        """
        text = entry("type = TCPMUX UNLISTED\ndisable = yes", name="x")
        self.assertEqual(parse(text).services, ())

    def test_badMultiplexed(self) -> None:
        """
        It is UNLISTED, and a stream with C{wait = no}.
        """
        self.assertEqual(codes(entry("type = TCPMUX")), ["bad-tcpmux"])
        text = entry("type = TCPMUX UNLISTED", DGRAM, "x")
        self.assertEqual(codes(text), ["bad-tcpmux"])
        text = entry("type = TCPMUX UNLISTED\nport = 5", name="x")
        self.assertEqual(codes(text), ["not-needed"])


class InterfaceTests(SynchronousTestCase):
    """
    Tests for the databases that are asked.
    """

    def test_databases(self) -> None:
        """
        Whatever is looked up is looked up in what was given.
        """
        found = WHOLE.parse("x", entry().encode(), MemoryNames(), OPTIONS)
        self.assertEqual(
            {each.code for each in found.diagnostics}, {"unknown-user", "unknown-service"}
        )
        self.assertEqual(len(WHOLE.parse("x", entry().encode(), NAMES, OPTIONS).services), 1)
