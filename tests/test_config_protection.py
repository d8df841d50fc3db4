"""
Tests for L{txinetd.config.protection}: nothing is served that is not guarded as its file
has it, whatever the file's format.
"""

from __future__ import annotations

import attrs
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from tests import spec_strategies
from tests.config_support import NAMES, OPTIONS
from tests.xinetd_support import BASE, entry
from txinetd.config import Configuration, load
from txinetd.config.protection import protected
from txinetd.errors import Severity
from txinetd.gate.assemble import accessRules
from txinetd.gate.gate import Gate
from txinetd.gate.load import Readings
from txinetd.policy import (
    Access,
    Bucket,
    ConnectionsPerSecond,
    Limits,
    Penalties,
    Prefixes,
    Pressure,
    Reaction,
    Sensor,
)
from txinetd.recording import Recording
from txinetd.spec import (
    Builtin,
    Identity,
    InetAddress,
    Origin,
    Program,
    ServiceSpec,
    SocketType,
)
from txinetd.wallclock import WallClock

STREAM = ServiceSpec(
    "ftp",
    SocketType.STREAM,
    "tcp",
    (InetAddress("0.0.0.0", 21),),
    False,
    Program(b"/bin/cat", (b"cat",)),
    Identity("alice", 1000, 1000),
    origin=Origin("/etc/inetd.conf", 7, 3, "ftp"),
)
WAIT = attrs.evolve(STREAM, wait=True)
DATAGRAM = attrs.evolve(WAIT, socketType=SocketType.DGRAM, protocol="udp")
NOWAIT = attrs.evolve(DATAGRAM, wait=False)

CLOSED = Access(default=False)


class KindTests(SynchronousTestCase):
    """
    Tests for what depends on the kind of a service.
    """

    def said(self, spec: ServiceSpec, access: Access) -> tuple[bool, list[str]]:
        """
        Whether a service is left, and what is said.
        """
        kept, found = protected([attrs.evolve(spec, access=access)])
        for each in found:
            self.assertEqual(each.origin, STREAM.origin)
            self.assertEqual(each.dropped, each.severity is Severity.ERROR)
        return bool(kept), [each.code for each in found]

    def test_connections(self) -> None:
        """
        What needs a connection of the daemon's own is refused for everything else.
        """
        for access in (
            Access(firstByte=3.0),
            Access(startWithin=3.0),
            Access(sensor=Sensor(None)),
            Access(identified=True),
        ):
            self.assertEqual(self.said(STREAM, access), (True, []))
            for spec in (WAIT, DATAGRAM, NOWAIT):
                self.assertEqual(self.said(spec, access), (False, ["no-protection"]))

    def test_banners(self) -> None:
        """
        A banner that nobody would see is warned about.
        """
        for access in (Access(banner=b"/x"), Access(bannerSuccess=b"/x"), Access(bannerFail=b"/x")):
            self.assertEqual(self.said(STREAM, access), (True, []))
            for spec in (WAIT, DATAGRAM, NOWAIT):
                self.assertEqual(self.said(spec, access), (True, ["no-banner"]))

    def test_rules(self) -> None:
        """
        Clients that a server accepts by itself cannot be judged; those of datagrams, and
        of what is answered here, can.
        """
        for access in (CLOSED, Access(wrap="ftpd")):
            self.assertEqual(self.said(WAIT, access), (False, ["unjudged-clients"]))
            for spec in (STREAM, DATAGRAM, NOWAIT, attrs.evolve(WAIT, server=Builtin("echo"))):
                self.assertEqual(self.said(spec, access), (True, []))

    def test_user(self) -> None:
        """
        That nobody is asked whose a datagram is, is noted.
        """
        asking = Recording(onFailure=frozenset({"USERID"}))
        for spec, codes in ((STREAM, []), (WAIT, ["not-asked"]), (DATAGRAM, ["not-asked"])):
            kept, found = protected([attrs.evolve(spec, recording=asking)])
            self.assertEqual((len(kept), [each.code for each in found]), (1, codes))

    def test_several(self) -> None:
        """
        All of it is said, and the other services are left as they are.
        """
        wrong = attrs.evolve(WAIT, access=attrs.evolve(CLOSED, firstByte=1.0, banner=b"/x"))
        kept, found = protected([STREAM, wrong, DATAGRAM])
        self.assertEqual(kept, [STREAM, DATAGRAM])
        codes = ["no-protection", "no-banner", "unjudged-clients"]
        self.assertEqual([each.code for each in found], codes)


class NumberTests(SynchronousTestCase):
    """
    Tests for limits.
    """

    #: What no gate takes.
    WRONG = (
        Limits(startsPerMinute=-1),
        Limits(startsPerSource=0),
        Limits(bucket=Bucket(0, 1.0)),
        Limits(sourceBucket=Bucket(1, float("inf"))),
        Limits(perSecond=ConnectionsPerSecond(1, float("nan"))),
        Limits(instances=0),
        Limits(instancesPerSource=0),
        Limits(prefixes=Prefixes(ipv4=((33, 1),))),
        Limits(prefixes=Prefixes(ipv6=((64, 0),))),
        Limits(load=0.0),
        Limits(load=float("nan")),
        Limits(pressure=(Pressure("disk", 3.0),)),
        Limits(pressure=(Pressure("cpu", 0.0),)),
        Limits(reaction=Reaction.QUEUE, queue=0),
        Limits(reaction=Reaction.QUEUE, queueSeconds=0.0),
    )

    def test_limits(self) -> None:
        """
        A limit that would be refused when the service starts is refused when it is
        read, with its place; others are not.
        """
        for limits in self.WRONG:
            kept, (found,) = protected([attrs.evolve(STREAM, limits=limits)])
            self.assertEqual((kept, found.code, found.dropped), ([], "impossible-limit", True))
            self.assertIn("/etc/inetd.conf:7:3: error: ", str(found))
        for limits in (Limits(), Limits(queue=0), Limits(load=1.0, instances=1)):
            self.assertEqual(protected([attrs.evolve(STREAM, limits=limits)])[1], [])

    def test_penalties(self) -> None:
        """
        The same for penalties.
        """
        for penalties in (Penalties(refused=-1.0), Penalties(sources=0), Penalties(least=700.0)):
            spec = attrs.evolve(STREAM, access=Access(penalties=penalties))
            self.assertEqual([each.code for each in protected([spec])[1]], ["impossible-limit"])

    @given(spec_strategies.specs())
    def test_anything(self, spec: ServiceSpec) -> None:
        """
        What is kept can be put in force.
        """
        for each in protected([spec])[0]:
            rules = accessRules(each.access, WallClock())
            Gate(each.limits, own=rules, readings=Readings())


class FileTests(SynchronousTestCase):
    """
    Tests for files, in each kind of format.
    """

    def load(self, text: str) -> Configuration:
        """
        Read a file.
        """
        path = self.mktemp()
        with open(path, "w") as file:
            file.write(text)
        return load([path], NAMES, OPTIONS)

    def test_formats(self) -> None:
        """
        Whatever the format, the service is off, and why is said with its line.
        """
        wait = BASE.replace("wait = no", "wait = yes")
        datagrams = wait.replace("stream", "dgram")
        pairs = "protocol = {}, wait = yes, user = alice, exec = /bin/cat, args = cat"
        for text, code in (
            (f"{entry()}{entry('start_within = 3', wait, 'telnet')}", "no-protection"),
            (f"{entry()}{entry('flags = SENSOR', datagrams, 'tftp')}", "no-protection"),
            (f"ftp on {pairs.format('tcp')}, first_byte = 3;\n", "no-protection"),
            (f"ftp on {pairs.format('tcp')}, allow = 192.0.2.1;\n", "unjudged-clients"),
            (f"tftp on {pairs.format('udp')}, deny_time = 3;\n", "no-protection"),
        ):
            configuration = self.load(text)
            found = [each for each in configuration.diagnostics if each.dropped]
            self.assertEqual([each.code for each in found], [code], text)
            label = found[0].origin.label
            self.assertNotIn(label, [spec.origin.label for spec in configuration.services])
            self.assertGreater(found[0].origin.line, 0)
