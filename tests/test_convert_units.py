"""
Tests for L{txinetd.convert.units} and what it is made of: from a service to its units,
and what is said about the rest.
"""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.protocol import Factory
from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import service
from txinetd.config.settings import SETTINGS
from txinetd.convert.draft import Grade
from txinetd.convert.losses import BY_PART, LOST
from txinetd.convert.naming import unitNames
from txinetd.convert.units import CARRIED, GUARD, OWN_PARTS, WHOLE, Units, unitsOf
from txinetd.policy import (
    Access,
    AddressRule,
    Bucket,
    ConnectionsPerSecond,
    Limits,
    Network,
    Penalties,
    Prefixes,
    Pressure,
    Reaction,
    Sensor,
)
from txinetd.recording import Recording
from txinetd.sockopts import SocketOptions
from txinetd.spec import (
    Box,
    Builtin,
    Identity,
    InetAddress,
    InProcess,
    Multiplexed,
    Program,
    Redirect,
    Rpc,
    ServiceSpec,
    SocketType,
    UnixAddress,
    VsockAddress,
)

PLAIN = attrs.evolve(
    service("ftp stream tcp4 nowait.0 root /bin/cat cat\n"), box=Box(passed=frozenset())
)
WAITING = attrs.evolve(PLAIN, wait=True)
TEN = Network(4, 10 << 24, (11 << 24) - 1)


def settings(text: str) -> list[tuple[str, str]]:
    """
    The settings of a unit, in order.
    """
    lines = [line for line in text.splitlines() if "=" in line and line[0] != "#"]
    return [(line.partition("=")[0], line.partition("=")[2]) for line in lines]


def losses(units: Units, least: Grade = Grade.FUNCTION) -> dict[str, Grade]:
    """
    What is lost.
    """
    return {each.attribute: each.grade for each in units.losses if each.grade >= least}


class UnitCase(SynchronousTestCase):
    """
    What tests of units share.
    """

    def units(self, base: ServiceSpec = PLAIN, **changes: Any) -> Units:
        """
        The units of a service.
        """
        return unitsOf(attrs.evolve(base, **changes), "u")

    def has(self, units: Units, file: str, **wanted: str) -> None:
        """
        Check that a unit has settings.
        """
        found = dict(settings(units.files[file]))
        self.assertEqual({key: found.get(key) for key in wanted}, wanted)


class PairTests(UnitCase):
    """
    Tests for the two files.
    """

    def test_accepting(self) -> None:
        """
        For C{nowait} systemd accepts, and starts an instance with the connection as its
        standard streams.
        """
        made = self.units()
        self.assertEqual(list(made.files), ["u.socket", "u@.service"])
        self.assertEqual(losses(made), {})
        self.assertFalse(made.guarded)
        self.has(
            made,
            "u.socket",
            ListenStream="0.0.0.0:21",
            Accept="yes",
            Backlog="128",
            MaxConnections="2147483647",
            TriggerLimitIntervalSec="0",
            Name="ftp",
            WantedBy="sockets.target",
        )
        self.has(
            made,
            "u@.service",
            ExecStart="@/bin/cat cat",
            StandardInput="socket",
            StandardOutput="socket",
            StandardError="socket",
            User="root",
            Group="0",
            TimeoutStopSec="5s",
        )
        self.assertNotIn("AssertPathExists", made.files["u.socket"])

    def test_waiting(self) -> None:
        """
        For C{wait} the server gets the socket.
        """
        made = self.units(WAITING)
        self.assertEqual(list(made.files), ["u.socket", "u.service"])
        self.has(made, "u.socket", Accept="no")
        self.assertNotIn("MaxConnections", made.files["u.socket"])

    def test_severalSockets(self) -> None:
        """
        A C{wait} service has units for each of its sockets, as one can be standard
        input.
        """
        addresses = (InetAddress("0.0.0.0", 21), InetAddress("::", 21))
        made = self.units(WAITING, addresses=addresses)
        self.assertEqual(list(made.files), ["u.socket", "u.service", "u-2.socket", "u-2.service"])
        self.has(made, "u-2.socket", ListenStream="[::]:21", BindIPv6Only="ipv6-only")
        self.assertEqual(losses(made), {"bind": Grade.FUNCTION})
        self.assertEqual(list(self.units(addresses=addresses).files), ["u.socket", "u@.service"])

    def test_said(self) -> None:
        """
        What is lost stands in the unit, with the place where the service was written;
        the environment is spoken of in any case.
        """
        made = self.units(access=Access(banner=b"/etc/motd"))
        text = made.files["u.socket"]
        self.assertTrue(text.startswith("# Written by txinetd from inetd.conf:1.\n"))
        self.assertIn("# changed: banner: systemd sends nothing to clients\n", text)
        self.assertIn("# otherwise: environment: ", text)

    def test_guard(self) -> None:
        """
        With less protection the socket cannot be started, unless that is wanted.
        """
        access = Access(times=((480, 1020),), wrap="somebody")
        made = self.units(access=access)
        self.assertTrue(made.guarded)
        unit = made.files["u.socket"].partition("[Socket]")[0]
        self.assertIn(f"\n{GUARD}\n", unit)
        self.assertIn("# PROTECTION LOST: access_times: ", unit)
        spec = attrs.evolve(PLAIN, access=access)
        self.assertTrue(unitsOf(spec, "u", ["access_times"]).guarded)
        made = unitsOf(spec, "u", ["access_times", "libwrap"])
        self.assertFalse(made.guarded)
        self.assertNotIn(GUARD, made.files["u.socket"])

    def test_hostile(self) -> None:
        """
        No name makes a line of its own.
        """
        made = self.units(name="a\n[Install]\nAlias=b%n\\")
        self.has(made, "u.socket", Name="a\\x0a[Install]\\x0aAlias=b%%n")

    def test_leftOut(self) -> None:
        """
        What systemd cannot serve has no units, and nothing but that is said.
        """
        changes: list[tuple[str, dict[str, Any]]] = [
            ("internal", {"server": Builtin("echo")}),
            ("server", {"server": InProcess(Factory())}),
            ("server", {"server": Program(b"/bin/\xff", (b"x",))}),
            ("rpc", {"rpc": Rpc(100001, "rstatd", 1, 3)}),
            ("tcpmux", {"multiplexed": Multiplexed("x", True)}),
            ("wait", {"socketType": SocketType.DGRAM}),
            ("bind", {"addresses": ()}),
            ("bind", {"addresses": (UnixAddress(b"/run/\xff", 0, 0),)}),
            (
                "bind",
                {"addresses": (InetAddress("::", 1, True), InetAddress("::1", 1, False))},
            ),
            ("port", {"addresses": (InetAddress("::", 0),)}),
            ("directory", {"box": Box(directory=b"/a\\")}),
            ("chroot", {"box": Box(chroot=b"/a\n")}),
        ]
        for attribute, change in changes:
            made = self.units(**change)
            self.assertEqual(made.files, {})
            self.assertEqual(losses(made, Grade.OTHERWISE), {attribute: Grade.SERVICE}, change)


class LossTests(UnitCase):
    """
    Tests for what is said.
    """

    def test_everySetting(self) -> None:
        """
        Each setting is carried over, looked at with others, or known to be lost.
        """
        known = CARRIED.keys() | WHOLE | LOST.keys()
        parts = BY_PART.keys() | OWN_PARTS
        unknown = {
            name
            for name, setting in SETTINGS.items()
            if name not in known and not setting.alias and setting.place.part not in parts
        }
        self.assertEqual(unknown, set())

    def test_lost(self) -> None:
        """
        What has no counterpart is said by its key, and protection is told from function.
        """
        protection, function = Grade.PROTECTION, Grade.FUNCTION
        rule = AddressRule(False, (TEN,), "somewhere", host="somewhere")
        friend = attrs.evolve(rule, allow=True)
        changes: list[tuple[dict[str, Grade], dict[str, Any]]] = [
            ({"access_times": protection}, {"access": Access(times=((1, 2),))}),
            ({"deny_time": protection}, {"access": Access(sensor=Sensor(None))}),
            ({"first_byte": protection}, {"access": Access(firstByte=1.0)}),
            ({"start_within": protection}, {"access": Access(startWithin=1.0)}),
            ({"penalties": protection}, {"access": Access(penalties=Penalties(refused=1.0))}),
            ({"banner_fail": function}, {"access": Access(bannerFail=b"/x")}),
            ({"shadow": function}, {"access": Access(shadow=frozenset({"access"}))}),
            ({"deny": protection}, {"access": Access((rule,))}),
            ({"allow": function}, {"access": Access((friend,))}),
            ({"ip_max": protection}, {"limits": Limits(None, 5)}),
            ({"source_rate": protection}, {"limits": Limits(None, sourceBucket=Bucket(1, 1.0))}),
            ({"max_load": protection}, {"limits": Limits(None, load=1.0)}),
            ({"max_pressure": protection}, {"limits": Limits(None, pressure=(Pressure("io", 1),))}),
            ({"over_limit": function}, {"limits": Limits(None, reaction=Reaction.QUEUE)}),
            ({"closed_for": function}, {"limits": Limits(None, closedFor=9.0)}),
            ({"mark": protection}, {"socketOptions": SocketOptions(mark=2**31)}),
            ({"fast_open": function}, {"socketOptions": SocketOptions(fastOpen=5)}),
            ({"recording": function}, {"recording": Recording()}),
            ({"env": function}, {"box": Box(environment=((b"A-B", b""),))}),
            ({"rlimit (LimitNICE)": protection}, {"box": Box(limits=((13, 50, 60),))}),
            ({"ambient_capabilities": function}, {"box": Box(ambient=frozenset({63}))}),
        ]
        for expected, change in changes:
            found = losses(self.units(**change))
            if "recording" in expected:
                self.assertTrue(set(found.values()) == {function} and found, change)
                continue
            for key in ("deny", "allow"):
                # That packets are dropped is said besides.
                if key in expected:
                    found[key] = max(found[key], expected[key])
            self.assertEqual(found, expected, change)


class LimitTests(UnitCase):
    """
    Tests for limits.
    """

    def test_instances(self) -> None:
        """
        So many at a time; to systemd each address is a source, which for IPv6 is less
        than a network.
        """
        limits = Limits(None, instances=5, instancesPerSource=2)
        made = self.units(limits=limits)
        self.has(made, "u.socket", MaxConnections="5", MaxConnectionsPerSource="2")
        self.assertEqual(losses(made), {})
        made = self.units(limits=limits, addresses=(InetAddress("::", 21),))
        self.assertEqual(losses(made), {"source_prefix6": Grade.PROTECTION})
        whole = attrs.evolve(limits, prefixes=Prefixes(((32, 1),), ((128, 1),)))
        made = self.units(limits=whole, addresses=(InetAddress("::", 21),))
        self.assertEqual(losses(made), {})
        self.assertEqual(
            losses(self.units(WAITING, limits=limits)),
            {"per_source": Grade.PROTECTION, "instances": Grade.FUNCTION},
        )

    def test_starts(self) -> None:
        """
        One limit on starts is systemd's; a second one is lost.
        """
        cps = ConnectionsPerSecond(50, 10.0)
        for limits, interval, burst in [
            (Limits(7), "60s", "7"),
            (Limits(None, bucket=Bucket(10, 4.0)), "2.5s", "10"),
            (Limits(None, perSecond=cps), "1s", "50"),
        ]:
            made = self.units(limits=limits)
            self.has(made, "u.socket", TriggerLimitIntervalSec=interval, TriggerLimitBurst=burst)
            self.assertEqual(list(losses(made).values()), [Grade.FUNCTION])
        made = self.units(limits=Limits(7, perSecond=cps))
        self.assertEqual(losses(made), {"service_max": Grade.FUNCTION, "cps": Grade.PROTECTION})


class AccessTests(UnitCase):
    """
    Tests for rules by address.
    """

    def test_rules(self) -> None:
        """
        They are those of the socket, and not of what the server does elsewhere.
        """
        rule = AddressRule(True, (TEN,), "10.0.0.0/8")
        made = self.units(access=Access((rule,), default=False))
        self.has(made, "u.socket", IPAddressAllow="10.0.0.0/8", IPAddressDeny="any")
        self.assertNotIn("IPAddress", made.files["u@.service"])
        self.assertEqual(losses(made), {"allow": Grade.FUNCTION})

    def test_unix(self) -> None:
        """
        Who comes by way of a unix socket is not subject to them.
        """
        made = self.units(access=Access(default=False), addresses=(UnixAddress(b"/run/x", 1, 2),))
        self.assertNotIn("\nIPAddress", made.files["u.socket"])
        self.has(
            made,
            "u.socket",
            ListenStream="/run/x",
            SocketUser="1",
            SocketGroup="2",
            SocketMode="0600",
            RemoveOnStop="yes",
        )

    def test_wrappers(self) -> None:
        """
        tcpd asks for those whose program it can find, and has the name by which it is
        asked; else nobody asks.
        """
        made = self.units(access=Access(wrap="cat"))
        self.has(made, "u@.service", ExecStart="@/usr/sbin/tcpd /bin/cat")
        self.assertEqual(losses(made), {"libwrap": Grade.FUNCTION})
        unix = (UnixAddress(b"/run/x", 1, 2),)
        for change in (
            {"access": Access(wrap="dog")},
            {"access": Access(wrap="cat"), "box": Box(chroot=b"/x")},
            {"access": Access(wrap="cat"), "addresses": unix},
            {"access": Access(wrap="cat"), "wait": True},
        ):
            made = self.units(**change)
            self.assertEqual(losses(made), {"libwrap": Grade.PROTECTION})
            self.assertNotIn("tcpd", "".join(made.files[name] for name in made.files)[200:])


class ProcessTests(UnitCase):
    """
    Tests for the section C{[Service]}.
    """

    def test_groups(self) -> None:
        """
        systemd adds groups to those of the user; that it takes none away is said.
        """
        identity = Identity("alice", 1000, 1000, (100, 1000))
        made = self.units(identity=identity, box=Box(groups=(5, 100)))
        self.has(made, "u@.service", User="alice", Group="1000", SupplementaryGroups="5")
        self.assertEqual(losses(made), {})
        made = self.units(identity=identity, box=Box(groups=()))
        self.assertEqual(losses(made), {"groups": Grade.PROTECTION})
        alone = attrs.evolve(identity, groups=(1000,))
        self.assertEqual(losses(self.units(identity=alone, box=Box(groups=()))), {})

    def test_keep(self) -> None:
        """
        The manager is root, and need not be told to stay that.
        """
        made = self.units(identity=Identity("root", 0, 0, (), keep=True))
        self.assertNotIn("User=", made.files["u@.service"])

    def test_box(self) -> None:
        """
        What a program is kept in.
        """
        box = Box(
            umask=0o77,
            directory=b"/a b%",
            nice=-3,
            ioPriority=(1, 2),
            affinity=frozenset({3, 1}),
            noNewPrivileges=True,
            bounding=frozenset(),
            ambient=frozenset({13}),
            seconds=0.5,
            grace=0.0,
            limits=((9, 1, -1),),
        )
        self.has(
            self.units(box=box),
            "u@.service",
            UMask="0077",
            WorkingDirectory="/a b%%",
            Nice="-3",
            IOSchedulingClass="realtime",
            IOSchedulingPriority="2",
            CPUAffinity="1 3",
            NoNewPrivileges="yes",
            CapabilityBoundingSet="",
            AmbientCapabilities="CAP_NET_RAW",
            RuntimeMaxSec="0.5s",
            TimeoutStopSec="0.000001s",
            LimitAS="1:infinity",
        )


class VirtualTests(UnitCase):
    """
    Tests for services of virtual machines.
    """

    def test_addresses(self) -> None:
        """
        Any context id is none, as systemd.socket(5) has it.
        """
        for cid, text in ((VsockAddress.ANY, "vsock::25"), (3, "vsock:3:25")):
            made = self.units(protocol="vsock", addresses=(VsockAddress(cid, 25),))
            self.has(made, "u.socket", ListenStream=text, Accept="yes")

    def test_user(self) -> None:
        """
        It is said that a user may keep the server from being started, where there is one.
        """
        there: dict[str, Any] = {"protocol": "vsock", "addresses": (VsockAddress(3, 25),)}
        self.assertIn("user", losses(self.units(**there)))
        kept = Identity("root", 0, 0, keep=True)
        self.assertNotIn("user", losses(self.units(identity=kept, **there)))


class RedirectTests(UnitCase):
    """
    Tests for connections that are passed on.
    """

    def test_proxy(self) -> None:
        """
        systemd's proxy accepts them by itself, as many as may be there; how often nobody
        counts.
        """
        redirect = Redirect((("2001:db8::1", 80), ("192.0.2.1", 80)), "somewhere 80")
        made = self.units(server=redirect, limits=Limits(7, instances=9))
        self.assertEqual(list(made.files), ["u.socket", "u.service"])
        self.has(made, "u.socket", Accept="no")
        self.has(
            made,
            "u.service",
            ExecStart='/lib/systemd/systemd-socket-proxyd --connections-max=9 "[2001:db8::1]:80"',
        )
        self.assertEqual(losses(made)["service_max"], Grade.PROTECTION)
        self.assertTrue(made.guarded)


class NameTests(SynchronousTestCase):
    """
    Tests for L{unitNames}.
    """

    def test_names(self) -> None:
        """
        Each service has a name of its own, which no package has.
        """
        udp = attrs.evolve(PLAIN, protocol="udp")
        path = (UnixAddress(b"/run/my sock/a@b", 0, 0),)
        unix = attrs.evolve(PLAIN, name=str(path[0]), addresses=path)
        strange = attrs.evolve(PLAIN, name="../%n")
        found = [name for name, _ in unitNames([PLAIN, udp, udp, unix, strange])]
        self.assertEqual(
            found,
            ["inetd-ftp", "inetd-ftp-udp", "inetd-ftp-udp-2", "inetd-a-b", "inetd-n"],
        )
        several = attrs.evolve(PLAIN, name="x", addresses=(PLAIN.addresses[0],) * 2)
        found = [name for name, _ in unitNames([attrs.evolve(PLAIN, name="x-2"), several])]
        self.assertEqual(found, ["inetd-x-2", "inetd-x-tcp4"])
        (empty,) = unitNames([attrs.evolve(PLAIN, name="")])
        self.assertEqual(empty[0], "inetd-service")
