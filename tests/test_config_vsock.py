"""
Tests for L{txinetd.config.vsock}, and for what a service for virtual machines can have.
"""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import codes, configure
from txinetd.config.dump import entry
from txinetd.config.protection import protected
from txinetd.config.vsock import vsockFrom
from txinetd.gate.addressrules import AddressRules
from txinetd.gate.rule import VSOCK, Source
from txinetd.gate.sources import Levels, prefixText
from txinetd.policy import Access, Prefixes, Sensor
from txinetd.spec import (
    Builtin,
    Identity,
    Program,
    ServiceSpec,
    SocketType,
    VsockAddress,
)

ANY = VsockAddress.ANY

LINE = "{} {} {} nowait root {}\n"
DEFINITION = "25 on protocol = vsock, {}, wait = no, user = root, exec = /bin/cat, args = cat;\n"


def line(name: str, kind: str = "stream", server: str = "/bin/cat cat") -> str:
    """
    A line for virtual machines.
    """
    return LINE.format(name, kind, "vsock", server)


class AddressTests(SynchronousTestCase):
    """
    Tests for how addresses are written.
    """

    def test_forms(self) -> None:
        """
        The context id may be left out, and the protocol may stand before it.
        """
        for text, cid, port in (
            ("5000", ANY, 5000),
            ("*:5000", ANY, 5000),
            (":5000", ANY, 5000),
            ("3:1", 3, 1),
            ("0:4294967294", 0, 4294967294),
            ("vsock:2:25", 2, 25),
            ("vsock::25", ANY, 25),
            ("vsock:*:25", ANY, 25),
            ("4294967295:7", ANY, 7),
        ):
            self.assertEqual(vsockFrom(text), VsockAddress(cid, port), text)

    def test_others(self) -> None:
        """
        Everything else is none.
        """
        for text in (
            "",
            "echo",
            "0",
            "2:0",
            "4294967295",
            "4294967296:1",
            "1:2:3",
            "-1:5",
            "2:",
            "2:5\n",
        ):
            self.assertIsNone(vsockFrom(text), text)

    def test_shown(self) -> None:
        """
        An address is shown so that it reads back.
        """
        for address in (VsockAddress(ANY, 25), VsockAddress(2, 25)):
            self.assertEqual(vsockFrom(str(address)), address)


class LineTests(SynchronousTestCase):
    """
    Tests for lines and definitions.
    """

    def only(self, text: str) -> ServiceSpec:
        """
        The one service of a text about which there is nothing to say.
        """
        configuration = configure(text)
        self.assertEqual(configuration.diagnostics, ())
        (spec,) = configuration.services
        return spec

    def test_line(self) -> None:
        """
        The protocol is the third field, the address the first.
        """
        spec = self.only(line("2:25"))
        self.assertEqual(spec.addresses, (VsockAddress(2, 25),))
        self.assertEqual((spec.name, spec.protocol), ("vsock:2:25", "vsock"))

    def test_definition(self) -> None:
        """
        A definition has it as well, and needs no socket type.
        """
        spec = self.only(DEFINITION.format("backlog = 5"))
        self.assertEqual(spec.addresses, (VsockAddress(ANY, 25),))
        self.assertIs(spec.socketType, SocketType.STREAM)

    def test_backAgain(self) -> None:
        """
        The canonical form reads back.
        """
        spec = self.only(line("*:25"))
        self.assertEqual(self.only(entry(spec)), spec)

    def test_refused(self) -> None:
        """
        What cannot be is said.
        """
        for text, code in (
            (line("echo"), "bad-vsock-address"),
            (line("2:0"), "bad-vsock-address"),
            (line("25", "dgram"), "type-and-protocol"),
            (line("25", "seqpacket"), "type-and-protocol"),
            ("25 stream rpc/vsock nowait root /bin/cat cat\n", "unknown-protocol"),
            (
                "25 on protocol = vsock, bind = *, wait = no, user = root, exec = /bin/cat;\n",
                "key-and-protocol",
            ),
            (
                "25 on protocol = vsock, sndbuf = 9, wait = no, user = root, exec = /bin/cat;\n",
                "key-and-protocol",
            ),
            (
                "25 on protocol = vsock, nodelay = yes, wait = no, user = root, exec = /bin/cat;\n",
                "key-and-protocol",
            ),
        ):
            self.assertIn(code, codes(text), text)

    def test_oneForEach(self) -> None:
        """
        Two services cannot have one address.
        """
        self.assertEqual(len(configure(line("25") + line("*:25")).services), 1)
        self.assertEqual(len(configure(line("25") + line("2:26")).services), 2)

    def test_overlap(self) -> None:
        """
        One context id is among all of them: only one of the two can listen.
        """
        for text in (line("25") + line("2:25"), line("2:25") + line("25")):
            self.assertEqual(codes(text), ["overlapping-address"])
        self.assertEqual(codes(line("3:25") + line("2:25")), [])


class ProtectionTests(SynchronousTestCase):
    """
    Tests for what guards a service for virtual machines.
    """

    SPEC = ServiceSpec(
        "vsock:*:25",
        SocketType.STREAM,
        "vsock",
        (VsockAddress(ANY, 25),),
        False,
        Program(b"/bin/cat", (b"cat",)),
        Identity("root", 0, 0),
    )

    def said(self, **changes: object) -> list[str]:
        """
        What is said about a service.
        """
        spec = attrs.evolve(self.SPEC, **changes)  # type: ignore[arg-type]
        kept, found = protected([spec])
        self.assertEqual(bool(kept), not found)
        return [each.code for each in found]

    def test_served(self) -> None:
        """
        A program is served.
        """
        self.assertEqual(self.said(), [])

    def test_program(self) -> None:
        """
        Twisted has no transport for these sockets.
        """
        self.assertEqual(self.said(server=Builtin("echo")), ["no-program"])

    def test_addressed(self) -> None:
        """
        What goes by internet addresses would guard nothing.
        """
        for access in (
            Access(default=False),
            Access(wrap="cat"),
            Access(sensor=Sensor(None)),
            Access(identified=True),
        ):
            self.assertEqual(self.said(access=access), ["no-protection"], access)
        self.assertEqual(self.said(access=Access(wrap="cat"), wait=True), ["no-protection"])

    def test_rules(self) -> None:
        """
        Where rules about networks are asked all the same, another machine is in none.
        """
        machine = Source(VSOCK, 3, "vsock:3:1024")
        self.assertIsNotNone(AddressRules(Access(default=False)).check(machine, 0.0))
        self.assertIsNone(AddressRules(Access()).check(machine, 0.0))

    def test_counted(self) -> None:
        """
        Each machine is a source of its own, apart from users and addresses of the same
        number.
        """
        levels = Levels(Prefixes())
        keys = [levels.of(Source(version, 3, "")) for version in (VSOCK, 0, 4, 6)]
        self.assertEqual(prefixText(keys[0][0][0]), "vsock:3")
        self.assertEqual(len({each[0][0] for each in keys}), 4)
