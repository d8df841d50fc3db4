"""
Tests for L{txinetd.rpc.registration}.
"""

from __future__ import annotations

from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from tests.process_support import SELF
from txinetd.rpc.registration import Registration, registrations, universalAddress
from txinetd.spec import InetAddress, Program, Rpc, ServiceSpec, SocketType

RUSERS = ServiceSpec(
    name="rusersd",
    socketType=SocketType.DGRAM,
    protocol="rpc/udp",
    addresses=(InetAddress("0.0.0.0", 0),),
    wait=True,
    server=Program(b"/bin/true", (b"true",)),
    identity=SELF,
    rpc=Rpc(100002, "rusersd", 2, 3),
)


def transports(spec: ServiceSpec, host: str, bound: tuple[Any, ...], dual: bool = False) -> Any:
    """
    On which transports, and where, a service is registered.
    """
    found = registrations(spec, InetAddress(host, 0, dual), bound)
    return sorted({(each.transport, each.address) for each in found})


class RegistrationTests(SynchronousTestCase):
    """
    Tests for L{registrations}.
    """

    def test_versions(self) -> None:
        """
        Each version has an entry of its own, at the port that the kernel chose.
        """
        self.assertEqual(
            registrations(RUSERS, RUSERS.addresses[0], ("0.0.0.0", 1000)),  # type: ignore[arg-type]
            [
                Registration(100002, 2, "udp", "0.0.0.0.3.232"),
                Registration(100002, 3, "udp", "0.0.0.0.3.232"),
            ],
        )

    def test_families(self) -> None:
        """
        IPv6 has transports of its own, and so have connections.
        """
        stream = attrs.evolve(RUSERS, socketType=SocketType.STREAM)
        self.assertEqual(transports(RUSERS, "::", ("::", 256, 0, 0)), [("udp6", "::.1.0")])
        self.assertEqual(transports(stream, "::1", ("::1", 257, 0, 0)), [("tcp6", "::1.1.1")])
        self.assertEqual(
            transports(stream, "127.0.0.1", ("127.0.0.1", 65535)), [("tcp", "127.0.0.1.255.255")]
        )

    def test_both(self) -> None:
        """
        A socket that serves both families is registered for both; one that is bound
        to an IPv6 address of its own serves only that.
        """
        self.assertEqual(
            transports(RUSERS, "::", ("::", 256, 0, 0), True),
            [("udp", "0.0.0.0.1.0"), ("udp6", "::.1.0")],
        )
        self.assertEqual(transports(RUSERS, "::1", ("::1", 256, 0, 0), True), [("udp6", "::1.1.0")])

    def test_scope(self) -> None:
        """
        rpcbind's addresses have no scope.
        """
        self.assertEqual(universalAddress("fe80::1%lo", 7), "fe80::1.0.7")

    def test_none(self) -> None:
        """
        A service that is not one of Sun RPC's is not registered.
        """
        plain = attrs.evolve(RUSERS, rpc=None)
        self.assertEqual(transports(plain, "0.0.0.0", ("0.0.0.0", 1000)), [])
