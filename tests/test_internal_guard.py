# -*- test-case-name: tests.test_internal_guard -*-
"""
Tests for L{txinetd.internal.guard}.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txinetd.internal.guard import LoopGuard, refusal

clientPorts = st.integers(min_value=1024, max_value=65535)


class RefusalTests(SynchronousTestCase):
    """
    Tests for L{refusal}.
    """

    def assertAnswered(self, *hosts: str) -> None:
        """
        Clients at these addresses get their answer.
        """
        for host in hosts:
            self.assertIsNone(refusal(host, 40000), host)

    def assertRefused(self, reason: str, *hosts: str) -> None:
        """
        Clients at these addresses get none, for a reason that has this in it.
        """
        for host in hosts:
            self.assertIn(reason, refusal(host, 40000) or "answered", host)

    def test_ordinary(self) -> None:
        """
        An ordinary client is answered.
        """
        self.assertAnswered("192.0.2.1", "10.0.0.1", "2001:db8::1", "fd00::1")

    def test_loopback(self) -> None:
        """
        So is one on the same machine.
        """
        self.assertAnswered("127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1")

    def test_linkLocal(self) -> None:
        """
        So is one on the same link, with the name of the link in its address.
        """
        self.assertAnswered("fe80::1%eth0", "169.254.1.1")

    def test_lowPort(self) -> None:
        """
        A port below 1024 alone is no reason: clients behind address
        translation have them.
        """
        self.assertIsNone(refusal("192.0.2.1", 123))

    def test_answeringPorts(self) -> None:
        """
        A datagram that seems to come from another small service is not
        answered, for that one would answer the answer.
        """
        for port in (7, 9, 13, 17, 19, 37):
            self.assertEqual(
                refusal("192.0.2.1", port), f"port {port} belongs to a service that answers"
            )

    def test_answeringPortOnLoopback(self) -> None:
        """
        That holds on the same machine as well.
        """
        self.assertIn("answers", refusal("127.0.0.1", 7) or "")

    def test_ownPort(self) -> None:
        """
        A service of our own may be on any port; it is known as well.
        """
        self.assertEqual(
            refusal("192.0.2.1", 10007, ownPorts={10007}),
            "port 10007 is one of this server's own",
        )

    def test_portZero(self) -> None:
        """
        Nobody receives at port 0.
        """
        self.assertEqual(refusal("192.0.2.1", 0), "port 0 cannot be answered")

    def test_multicast(self) -> None:
        """
        A group is not answered.
        """
        self.assertRefused("multicast", "224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1%eth0")

    def test_limitedBroadcast(self) -> None:
        """
        Nor is everybody on the network.
        """
        self.assertRefused("broadcast", "255.255.255.255", "255.0.0.1")

    def test_interfaceBroadcast(self) -> None:
        """
        Nor is everybody on a network that this machine is in.
        """
        self.assertEqual(
            refusal("192.0.2.255", 40000, broadcasts={"192.0.2.255"}), "broadcast address"
        )

    def test_otherBroadcast(self) -> None:
        """
        An address that ends in 255 is a broadcast address only where an
        interface says so.
        """
        self.assertIsNone(refusal("192.0.2.255", 40000, broadcasts={"192.0.3.255"}))

    def test_unspecified(self) -> None:
        """
        An address that is none is not answered.
        """
        self.assertRefused("unspecified", "0.0.0.0", "::")

    def test_thisNetwork(self) -> None:
        """
        Nor is one of the network that is used for not knowing one's own.
        """
        self.assertRefused("0/8", "0.0.0.1", "0.255.255.255")

    def test_mapped(self) -> None:
        """
        A socket for both families does not let in what one for IPv4 keeps out.
        """
        self.assertRefused("multicast", "::ffff:224.0.0.1")
        self.assertRefused("broadcast", "::ffff:255.255.255.255")
        self.assertRefused("unspecified", "::ffff:0.0.0.0")
        self.assertRefused("0/8", "::ffff:0.1.2.3")

    def test_mappedBroadcast(self) -> None:
        """
        That includes the broadcast addresses of the interfaces.
        """
        self.assertEqual(
            refusal("::ffff:192.0.2.255", 40000, broadcasts={"192.0.2.255"}),
            "broadcast address",
        )

    def test_mappedOrdinary(self) -> None:
        """
        An ordinary client on such a socket is answered.
        """
        self.assertAnswered("::ffff:192.0.2.1")

    def test_compatible(self) -> None:
        """
        The older way to write an IPv4 address in IPv6 is seen through too.
        """
        self.assertRefused("multicast", "::224.0.0.1")
        self.assertRefused("broadcast", "::255.255.255.255")
        self.assertRefused("0/8", "::2", "::0.1.2.3")

    def test_notAnAddress(self) -> None:
        """
        What cannot be read is not answered.
        """
        self.assertRefused("not an address", "localhost", "", "1.2.3")

    @given(st.ip_addresses(network="224.0.0.0/4"), clientPorts)
    def test_everyGroup(self, group: IPv4Address, port: int) -> None:
        """
        No IPv4 group is answered, however it is written.
        """
        for form in (f"{group}", f"::ffff:{group}", f"::{group}"):
            self.assertEqual(refusal(form, port), "multicast address")

    @given(st.ip_addresses(network="ff00::/8"), clientPorts)
    def test_everyGroup6(self, group: IPv6Address, port: int) -> None:
        """
        Nor is any IPv6 group.
        """
        self.assertEqual(refusal(str(group), port), "multicast address")

    @given(
        st.one_of(st.text(), st.ip_addresses().map(str)),
        st.integers(min_value=0, max_value=65535),
    )
    def test_neverFails(self, host: str, port: int) -> None:
        """
        Whatever a source is, there is a decision.
        """
        reason = refusal(host, port)
        self.assertTrue(reason is None or reason)


class LoopGuardTests(SynchronousTestCase):
    """
    Tests for L{LoopGuard}.
    """

    def test_passesOn(self) -> None:
        """
        It knows this server's ports and the broadcast addresses.
        """
        guard = LoopGuard(ownPorts={10007}, broadcasts={"192.0.2.255"})
        self.assertEqual(
            [
                guard("192.0.2.1", 10007),
                guard("192.0.2.255", 40000),
                guard("192.0.2.1", 40000),
            ],
            ["port 10007 is one of this server's own", "broadcast address", None],
        )

    def test_replaced(self) -> None:
        """
        After a reload it decides by what is configured then.
        """
        guard = LoopGuard(ownPorts={10007})
        guard.ownPorts = {10019}
        self.assertEqual(
            [guard("192.0.2.1", 10007), guard("192.0.2.1", 10019)],
            [None, "port 10019 is one of this server's own"],
        )
