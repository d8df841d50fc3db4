"""
Tests for L{txinetd.config.systemd}: from pairs of units to services.
"""

from __future__ import annotations

import math
import os
import resource
import tempfile

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.config_support import NAMES, OPTIONS, asUser
from tests.systemd_support import readUnits
from txinetd.config import Configuration, IDialect, LoadOptions
from txinetd.config.systemd import SystemdDialect
from txinetd.config.systemd.unsupported import Meaning, meaning
from txinetd.errors import Severity
from txinetd.gate.addressrules import AddressRules
from txinetd.gate.networks import networks
from txinetd.gate.rule import Source
from txinetd.policy import DEFAULT_LIMITS, Bucket, Limits
from txinetd.spec import Box, InetAddress, Program, ServiceSpec, SocketType, UnixAddress

SOCKET = ("[Socket]", "ListenStream=192.0.2.1:25", "Accept=yes")
SERVICE = ("[Service]", "ExecStart=/bin/cat", "StandardInput=socket")


class PairCase(SynchronousTestCase):
    """
    What tests that read pairs share.
    """

    def configure(
        self,
        socket: tuple[str, ...] = SOCKET,
        service: tuple[str, ...] = SERVICE,
        options: LoadOptions = OPTIONS,
    ) -> Configuration:
        """
        Read a pair.
        """
        accepts = "Accept=yes" in socket
        files = {
            "mail.socket": "\n".join(socket),
            "mail@.service" if accepts else "mail.service": "\n".join(service),
        }
        return readUnits(self.mktemp(), files, options)

    def service(
        self, *more: str, socket: tuple[str, ...] = SOCKET, service: tuple[str, ...] = SERVICE
    ) -> ServiceSpec:
        """
        The service of a pair about which there is nothing to say.

        @param more: lines for the service's unit.
        """
        configuration = self.configure(socket, (*service, *more))
        self.assertEqual([str(each) for each in configuration.diagnostics], [])
        (spec,) = configuration.services
        return spec

    def socket(self, *more: str) -> ServiceSpec:
        """
        The same, with lines for the socket's unit.
        """
        return self.service(socket=(*SOCKET, *more))

    def refused(self, socket: tuple[str, ...], service: tuple[str, ...], code: str) -> None:
        """
        Check that a pair makes no service, for one reason, and by the socket's name.
        """
        configuration = self.configure(socket, service)
        said = [str(each) for each in configuration.diagnostics]
        self.assertEqual(configuration.services, (), said)
        self.assertIn(code, [each.code for each in configuration.diagnostics], said)
        (dropped,) = (each for each in configuration.diagnostics if each.dropped)
        self.assertEqual(os.path.basename(dropped.origin.path), "mail.socket")
        self.assertEqual(dropped.origin.label, "mail.socket")


class DialectTests(PairCase):
    """
    Tests for L{SystemdDialect}.
    """

    def test_interface(self) -> None:
        """
        It is a format.
        """
        verifyObject(IDialect, SystemdDialect())

    def test_plain(self) -> None:
        """
        A pair is a service that is called as its socket, with systemd's defaults.
        """
        spec = self.service()
        self.assertEqual(
            (spec.name, spec.protocol, spec.wait, spec.socketType, spec.backlog),
            ("mail", "tcp4", False, SocketType.STREAM, OPTIONS.backlog),
        )
        self.assertEqual(spec.server, Program(b"/bin/cat", (b"/bin/cat",)))
        self.assertEqual((spec.identity.user, spec.identity.uid), ("root", 0))
        self.assertEqual(spec.box, Box(grace=90.0, passed=frozenset()))
        self.assertEqual(
            spec.limits,
            Limits(startsPerMinute=None, bucket=Bucket(200, 100.0), instances=64),
        )

    def test_waiting(self) -> None:
        """
        Without C{Accept=yes} the server gets the socket itself; one that looks for it on
        descriptor 3 finds it there.
        """
        configuration = self.configure(
            ("[Socket]", "ListenDatagram=69"), ("[Service]", "ExecStart=/bin/cat")
        )
        (said,) = configuration.diagnostics
        self.assertEqual((said.code, said.severity), ("streams", Severity.WARNING))
        (spec,) = configuration.services
        self.assertTrue(spec.wait and spec.box.listenDescriptors)
        self.assertEqual(spec.addresses, (InetAddress("::", 69, True),))
        self.assertEqual((spec.protocol, spec.limits.bucket), ("udp46", Bucket(20, 10.0)))

    def test_otherFiles(self) -> None:
        """
        Services without a socket and templates are none, and nothing is wrong with that.
        """
        configuration = readUnits(
            self.mktemp(),
            {"a.service": "[Service]\n", "b@.socket": "[Socket]\n", "c.target": "[Unit]\n"},
        )
        self.assertEqual(configuration.services, ())
        self.assertEqual(configuration.severity, Severity.NOTE)

    def test_files(self) -> None:
        """
        All files of a pair are known to have been read.
        """
        names = [os.path.basename(path) for path in self.configure().files]
        self.assertEqual(names, ["mail.socket", "mail@.service"])

    def test_alone(self) -> None:
        """
        A socket alone, a file without any and a line that is none make no service.
        """
        for text, code in {
            "[Socket]\nListenStream=25\n": "missing-service",
            "": "no-address",
            "[Socket]\nListenStream=25\nno\n": "bad-line",
        }.items():
            configuration = readUnits(self.mktemp(), {"a.socket": text})
            self.assertEqual(configuration.services, ())
            self.assertIn(code, [each.code for each in configuration.diagnostics])
            self.assertEqual(sum(each.dropped for each in configuration.diagnostics), 1)

    def test_place(self) -> None:
        """
        What is wrong in the service's unit is said with that file, line and column.
        """
        configuration = self.configure(service=(*SERVICE, "User=", "Nice =  x"))
        found = next(each for each in configuration.diagnostics if each.code == "bad-value")
        self.assertEqual(os.path.basename(found.origin.path), "mail@.service")
        self.assertEqual((found.origin.line, found.origin.column), (5, 9))

    def test_extension(self) -> None:
        """
        The name and the protocol that txinetd has written count.
        """
        spec = self.socket("[X-txinetd]", "Name=smtp %%", "Protocol=tcp", "Other=1")
        self.assertEqual((spec.name, spec.protocol), ("smtp %", "tcp"))

    def test_otherUser(self) -> None:
        """
        Only root can run a server as somebody else.
        """
        configuration = self.configure(options=asUser())
        self.assertEqual(configuration.services, ())
        self.assertIn("other-user", [each.code for each in configuration.diagnostics])


#: What lines of a generated unit are made of.
_KEYS = sorted(
    {
        *("ListenStream", "ListenDatagram", "BindIPv6Only", "SocketUser", "SocketMode", "Accept"),
        *("Backlog", "MaxConnections", "TriggerLimitIntervalSec", "TriggerLimitBurst", "Mark"),
        *("DeferAcceptSec", "SendBuffer", "BindToDevice", "IPAddressAllow", "IPAddressDeny"),
        *("ExecStart", "User", "Group", "SupplementaryGroups", "UMask", "WorkingDirectory"),
        *("Nice", "IOSchedulingClass", "CPUAffinity", "CapabilityBoundingSet", "Environment"),
        *("PassEnvironment", "LimitCPU", "LimitNICE", "LimitAS", "RuntimeMaxSec", "Name"),
        *("TimeoutStopSec", "StandardInput", "StandardOutput", "Type", "ProtectHome", "Service"),
    }
)
_WORDS = (
    *("", "yes", "no", "25", "/run/x", "/bin/cat a", "socket", "infinity", "any", "1:2"),
    *("10.0.0.0/8", "root", "CAP_KILL", "A=b", "0", "64K"),
)
_VALUES = st.sampled_from(_WORDS) | st.text(
    st.sampled_from("0159-:/.%$\\\"'~@ +sKniyeo[]{}A="), max_size=12
)
_LINES = st.one_of(
    st.sampled_from(["[Socket]", "[Service]", "[Unit]", "[X-txinetd]", "[", "x\\", "# y", ""]),
    st.tuples(st.sampled_from(_KEYS), _VALUES).map("=".join),
)


class AnythingTests(SynchronousTestCase):
    """
    Tests for units of any kind.
    """

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(_LINES, max_size=12), st.lists(_LINES, max_size=12))
    def test_lines(self, socket: list[str], service: list[str]) -> None:
        """
        Whatever they hold, there is a service or something to say, and of an error in a
        value that is read there is no service.
        """
        with tempfile.TemporaryDirectory() as place:
            text = "\n".join(service)
            configuration = readUnits(
                os.path.join(place, "units"),
                {
                    "a.socket": "\n".join(("[Socket]", *socket)),
                    "a@.service": f"[Service]\n{text}",
                    "a.service": f"[Service]\n{text}",
                },
            )
        dropped = sum(each.dropped for each in configuration.diagnostics)
        self.assertEqual(len(configuration.services) + dropped, 1)
        if configuration.services:
            self.assertLess(configuration.severity, Severity.ERROR)

    def test_large(self) -> None:
        """
        Very many settings are read in a time that grows as they do, and what is not
        looked at makes no service.
        """
        keys = "".join(f"K{number}=1\n" for number in range(100_000))
        text = f"[Socket]\nListenStream=25\nAccept=yes\n{keys}"
        configuration = readUnits(
            self.mktemp(), {"a.socket": text, "a@.service": "\n".join(SERVICE)}
        )
        self.assertEqual(configuration.services, ())
        self.assertLess(len(configuration.diagnostics), 2000)


class SocketTests(PairCase):
    """
    Tests for the section C{[Socket]}.
    """

    def listen(self, *lines: str) -> ServiceSpec:
        """
        A service with other addresses.
        """
        return self.service(socket=("[Socket]", "Accept=yes", *lines))

    def test_addresses(self) -> None:
        """
        A port alone is both families; an address is itself; several are one service.
        """
        self.assertEqual(
            self.listen("ListenStream=25", "BindIPv6Only=ipv6-only").addresses,
            (InetAddress("::", 25),),
        )
        spec = self.listen("ListenStream=0.0.0.0:25", "ListenStream=[::1]:26")
        self.assertEqual(spec.addresses, (InetAddress("0.0.0.0", 25), InetAddress("::1", 26)))
        self.assertEqual(spec.protocol, "tcp")

    def test_unix(self) -> None:
        """
        A path has the owner and the mode that are said, or is root's and everybody's.
        """
        self.assertEqual(
            self.listen("ListenStream=%t/mail").addresses, (UnixAddress(b"/run/mail", 0, 0, 0o666),)
        )
        spec = self.listen(
            "ListenSequentialPacket=/run/a b",
            "SocketUser=alice",
            "SocketGroup=tty",
            "SocketMode=0620",
        )
        self.assertEqual(spec.addresses, (UnixAddress(b"/run/a b", 1000, 5, 0o620),))
        self.assertEqual((spec.name, spec.protocol), ("/run/a b", "unix"))
        self.assertIs(spec.socketType, SocketType.SEQPACKET)

    def test_options(self) -> None:
        """
        Options of the socket are what they are elsewhere.
        """
        options = self.socket(
            "NoDelay=yes",
            "KeepAlive=1",
            "ReusePort=on",
            "FreeBind=true",
            "SendBuffer=64K",
            "ReceiveBuffer=1M",
            "DeferAcceptSec=1min",
            "Mark=7",
            "BindToDevice=lo",
        ).socketOptions
        self.assertTrue(options.noDelay and options.keepAlive)
        self.assertTrue(options.reusePort and options.freeBind)
        self.assertEqual((options.sendBuffer, options.receiveBuffer), (65536, 2**20))
        self.assertEqual((options.deferAccept, options.mark, options.device), (60, 7, "lo"))

    def test_refused(self) -> None:
        """
        An address or an option that cannot be had makes no service.
        """
        for lines, code in {
            (): "no-address",
            ("ListenStream=@abstract",): "bad-value",
            ("ListenStream=vsock:host:25",): "bad-value",
            ("ListenDatagram=vsock:2:25",): "bad-value",
            ("ListenStream=vsock:2:25", "ListenStream=26"): "several-addresses",
            ("ListenStream=vsock::25", "SendBuffer=64K"): "key-and-protocol",
            ("ListenStream=vsock::25", "NoDelay=yes"): "key-and-protocol",
            ("ListenStream=vsock::25", "Mark=1"): "key-and-protocol",
            ("ListenStream=0",): "bad-value",
            ("ListenStream=1.2.3:25",): "bad-value",
            ("ListenStream=[::ffff:1.2.3.4]:25",): "bad-value",
            ("ListenStream=25", "ListenDatagram=25"): "several-types",
            ("ListenStream=25", "ListenStream=/run/a"): "several-types",
            ("ListenStream=/run/b", "ListenStream=/run/a"): "several-addresses",
            ("ListenDatagram=25",): "type-and-protocol",
            ("ListenSequentialPacket=25",): "type-and-protocol",
            ("ListenStream=/run/a", "SocketUser=nobody.else"): "bad-value",
            ("ListenStream=/run/a", "SocketMode=rw"): "bad-value",
            ("ListenStream=/run/a", "NoDelay=yes"): "key-and-protocol",
            ("ListenStream=/run/%H",): "unknown-specifier",
            ("ListenStream=25", "BindIPv6Only=maybe"): "bad-value",
            ("ListenStream=25", "Backlog=many"): "bad-value",
            ("ListenStream=25", "KeepAlive=maybe"): "bad-value",
            ("ListenStream=25", "Service=a.service"): "bad-value",
            ("ListenStream=25", "ListenFIFO=/run/a"): "unsupported-setting",
            ("ListenStream=25", "SocketProtocol=sctp"): "unsupported-setting",
            ("ListenStream=25", "SmackLabelIPIn=x"): "unsupported-setting",
        }.items():
            self.refused(("[Socket]", "Accept=yes", *lines), SERVICE, code)


class LimitTests(PairCase):
    """
    Tests for limits.
    """

    def test_connections(self) -> None:
        """
        So many at a time, and so many from one address; so many that nobody counts them
        are no limit.
        """
        limits = self.socket("MaxConnections=9", "MaxConnectionsPerSource=2").limits
        self.assertEqual((limits.instances, limits.instancesPerSource), (9, 2))
        self.assertEqual(limits.prefixes.ipv6, ((128, 1),))
        self.assertIsNone(self.socket("MaxConnections=2147483647").limits.instances)

    def test_triggers(self) -> None:
        """
        A minute is the limit of starts in one; another interval is a bucket; none of
        either is none.
        """
        limits = self.socket("TriggerLimitIntervalSec=1min", "TriggerLimitBurst=7").limits
        self.assertEqual((limits.startsPerMinute, limits.bucket), (7, None))
        limits = self.socket("TriggerLimitIntervalSec=500ms").limits
        self.assertEqual((limits.startsPerMinute, limits.bucket), (None, Bucket(200, 400.0)))
        for line in ("TriggerLimitIntervalSec=0", "TriggerLimitBurst=0"):
            limits = self.socket(line).limits
            self.assertEqual((limits.startsPerMinute, limits.bucket), (None, None))

    def test_polls(self) -> None:
        """
        The limit of newer versions is a bucket, where that is free.
        """
        poll = ("PollLimitIntervalSec=2s", "PollLimitBurst=10")
        limits = self.socket("TriggerLimitIntervalSec=0", *poll).limits
        self.assertEqual(limits.bucket, Bucket(10, 5.0))
        configuration = self.configure((*SOCKET, *poll))
        self.assertEqual([each.code for each in configuration.diagnostics], ["not-carried-over"])

    def test_refused(self) -> None:
        """
        A limit that cannot be read, or kept, is never no limit.
        """
        for line in (
            "MaxConnections=0",
            "MaxConnections=x",
            "MaxConnectionsPerSource=-1",
            "TriggerLimitIntervalSec=infinity",
            "TriggerLimitBurst=lots",
        ):
            self.refused((*SOCKET, line), SERVICE, "bad-value")

    def test_default(self) -> None:
        """
        What is the default here is not what systemd's is.
        """
        self.assertNotEqual(self.service().limits, DEFAULT_LIMITS)


class AccessTests(PairCase):
    """
    Tests for C{IPAddressAllow} and C{IPAddressDeny}.
    """

    def allowed(self, spec: ServiceSpec, host: str) -> bool:
        """
        Whether somebody is let in.
        """
        (network,) = networks(host)
        source = Source(network.version, network.first, host)
        return AddressRules(spec.access).check(source, 0.0) is None

    def test_both(self) -> None:
        """
        Whom the first names is let in, whom only the second names is not, and everybody
        else is.
        """
        spec = self.socket("IPAddressDeny=10.0.0.0/8 2001:db8::/32", "IPAddressAllow=10.1.0.0/16")
        found = {
            host: self.allowed(spec, host)
            for host in ("10.1.2.3", "10.2.2.3", "192.0.2.1", "2001:db8::1", "::1")
        }
        self.assertEqual(list(found.values()), [True, False, True, False, True])

    def test_any(self) -> None:
        """
        With C{any} kept out, only those are let in that are named; names of networks are
        known.
        """
        spec = self.socket("IPAddressDeny=any", "IPAddressAllow=localhost 192.0.2.7")
        self.assertFalse(spec.access.default)
        self.assertEqual(
            [rule.text for rule in spec.access.rules], ["127.0.0.0/8", "::1", "192.0.2.7"]
        )
        self.assertFalse(self.allowed(spec, "192.0.2.8"))

    def test_refused(self) -> None:
        """
        An address that is none makes no service, nor do rules that nobody can keep.
        """
        self.refused((*SOCKET, "IPAddressDeny=somewhere"), SERVICE, "bad-address")
        waiting = ("[Socket]", "ListenStream=192.0.2.1:25", "IPAddressDeny=any")
        self.refused(waiting, SERVICE, "unjudged")
        self.refused(SOCKET, (*SERVICE, "IPAddressDeny=any"), "unsupported-setting")


class ProcessTests(PairCase):
    """
    Tests for the section C{[Service]}.
    """

    def test_identity(self) -> None:
        """
        User and group are looked up; more groups are those of the user and these.
        """
        spec = self.service("User=alice", "Group=tty", "SupplementaryGroups=kmem 77")
        self.assertEqual((spec.identity.uid, spec.identity.gid), (1000, 5))
        self.assertEqual(spec.identity.groups, NAMES.groups("alice", 5))
        self.assertEqual(spec.box.groups, tuple(sorted({*spec.identity.groups, 15, 77})))

    def test_box(self) -> None:
        """
        What a program is kept in.
        """
        box = self.service(
            "UMask=077",
            "WorkingDirectory=/srv/%p",
            "RootDirectory=/jail",
            "Nice=5",
            "IOSchedulingPriority=6",
            "OOMScoreAdjust=-7",
            "CPUAffinity=0-2,5",
            "NoNewPrivileges=yes",
            "CapabilityBoundingSet=CAP_CHOWN CAP_KILL",
            "CapabilityBoundingSet=~CAP_KILL",
            "AmbientCapabilities=CAP_NET_RAW",
            "RuntimeMaxSec=2min",
            "TimeoutStopSec=7",
            "PassEnvironment=LANG TZ",
            'Environment="A=b %% c" D=',
            "LimitNOFILE=10:20",
            "LimitAS=1G",
            "LimitCPU=1min",
            "LimitRTTIME=5ms",
            "LimitNICE=+5",
            "LimitCORE=infinity",
        ).box
        infinite = resource.RLIM_INFINITY
        self.assertEqual(
            box,
            Box(
                umask=0o077,
                directory=b"/srv/mail",
                chroot=b"/jail",
                nice=5,
                ioPriority=(2, 6),
                outOfMemory=-7,
                affinity=frozenset({0, 1, 2, 5}),
                noNewPrivileges=True,
                bounding=frozenset({0}),
                ambient=frozenset({13}),
                seconds=120.0,
                grace=7.0,
                passed=frozenset({b"LANG", b"TZ"}),
                environment=((b"A", b"b % c"), (b"D", b"")),
                limits=(
                    (resource.RLIMIT_NOFILE, 10, 20),
                    (resource.RLIMIT_AS, 2**30, 2**30),
                    (resource.RLIMIT_CPU, 60, 60),
                    (resource.RLIMIT_RTTIME, 5000, 5000),
                    (resource.RLIMIT_NICE, 15, 15),
                    (resource.RLIMIT_CORE, infinite, infinite),
                ),
            ),
        )

    def test_capabilities(self) -> None:
        """
        Nothing after the sign is none; all but some are all others, also those that have
        no name yet.
        """
        self.assertEqual(self.service("CapabilityBoundingSet=").box.bounding, frozenset())
        bounding = self.service("CapabilityBoundingSet=~CAP_CHOWN").box.bounding
        self.assertEqual(bounding, frozenset(range(1, 64)))
        self.assertIsNone(self.service("CapabilityBoundingSet=~").box.bounding)

    def test_forEver(self) -> None:
        """
        A time that does not end is none; until a server is killed it is very long.
        """
        box = self.service("RuntimeMaxSec=infinity", "TimeoutStopSec=0").box
        self.assertIsNone(box.seconds)
        self.assertTrue(10**8 < box.grace < math.inf)

    def test_warned(self) -> None:
        """
        What the service can be started without is said.
        """
        for line, code in {
            "StandardError=journal": "streams",
            "Type=notify": "not-carried-over",
            "WorkingDirectory=-/srv": "not-carried-over",
            "Restart=always": "unsupported-setting",
            "ExecStop=/bin/true": "unsupported-setting",
        }.items():
            configuration = self.configure(service=(*SERVICE, line))
            self.assertEqual([each.code for each in configuration.diagnostics], [code])
            self.assertEqual(len(configuration.services), 1)

    def test_refused(self) -> None:
        """
        What cannot be kept as it is meant makes no service.
        """
        for line, code in {
            "User=who": "unknown-user",
            "Group=what": "unknown-group",
            "SupplementaryGroups=what": "unknown-group",
            "UMask=8": "bad-value",
            "Nice=20": "bad-value",
            "IOSchedulingClass=fast": "bad-value",
            "CPUAffinity=2-1": "bad-value",
            "CapabilityBoundingSet=CAP_NONSENSE": "bad-value",
            "RuntimeMaxSec=0": "bad-value",
            "RuntimeMaxSec=soon": "bad-value",
            "WorkingDirectory=~": "bad-value",
            "LimitNOFILE=20:10": "bad-value",
            "LimitNOFILE=many": "bad-value",
            "Environment=1=2": "bad-value",
            "PassEnvironment=A-B": "bad-value",
            "StandardOutput=journal": "bad-value",
            "Type=forking": "bad-value",
            "DynamicUser=yes": "unsupported-setting",
            "EnvironmentFile=-/etc/default/mail": "unsupported-setting",
            "ProtectSystem=strict": "unsupported-setting",
            "SystemCallFilter=@system-service": "unsupported-setting",
            "MemoryMax=0": "unsupported-setting",
            "SomethingNew=1": "unsupported-setting",
        }.items():
            self.refused(SOCKET, (*SERVICE, line), code)

    def test_onlyWhatIsWrong(self) -> None:
        """
        Where there is no such user, the other settings are still those that are known.
        """
        configuration = self.configure(service=(*SERVICE, "User=who", "Nice=1", "UMask=077"))
        self.assertEqual(
            {each.code for each in configuration.diagnostics}, {"unknown-user", "broken-pair"}
        )

    def test_conditions(self) -> None:
        """
        A socket with a condition may be one that is not to be started.
        """
        for line in ("AssertPathExists=!/", "ConditionPathExists=/etc/mail"):
            self.refused(("[Unit]", line, *SOCKET), SERVICE, "unsupported-setting")


class MeaningTests(SynchronousTestCase):
    """
    Tests for L{meaning}.
    """

    def test_meanings(self) -> None:
        """
        A switch that is off, and what is for the manager, means nothing; an unknown
        setting may protect.
        """
        for section, key, value, expected in [
            ("Install", "WantedBy", "sockets.target", Meaning.NONE),
            ("Unit", "Description", "x", Meaning.NONE),
            ("Service", "PrivateTmp", "no", Meaning.NONE),
            ("Service", "PrivateTmp", "0", Meaning.NONE),
            ("Service", "PrivateTmp", "yes", Meaning.PROTECTION),
            ("Service", "TasksMax", "0", Meaning.PROTECTION),
            ("Service", "X-Mine", "1", Meaning.NONE),
            ("X-Other", "Mine", "1", Meaning.NONE),
            ("Service", "WatchdogSec", "1", Meaning.FUNCTION),
            ("Service", "Whatever", "1", Meaning.PROTECTION),
        ]:
            self.assertIs(meaning(section, key, value), expected, key)
