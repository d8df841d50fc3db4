"""
Tests for L{txinetd.reload}.
"""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from txinetd.errors import Diagnostic, Severity
from txinetd.reload import plan, retained
from txinetd.spec import (
    Builtin,
    Identity,
    InetAddress,
    Limits,
    Origin,
    ServiceSpec,
    SocketType,
    UnixAddress,
)

ME = Identity("me", 1000, 1000, keep=True)


def spec(
    port: int, name: str = "echo", label: str = "echo", path: str = "inetd.conf", line: int = 1
) -> ServiceSpec:
    """
    A service on one loopback port.
    """
    return ServiceSpec(
        name,
        SocketType.STREAM,
        "tcp",
        (InetAddress("127.0.0.1", port),),
        False,
        Builtin("echo"),
        ME,
        origin=Origin(path, line, 1, label),
    )


def bad(label: str, path: str = "inetd.conf", dropped: bool = True) -> Diagnostic:
    """
    What is said about a bad line.
    """
    return Diagnostic(
        Severity.ERROR, "bad", Origin(path, 1, 1, label), "this", "that", dropped=dropped
    )


class PlanTests(SynchronousTestCase):
    """
    Tests for L{plan}.
    """

    def test_nothingChanges(self) -> None:
        """
        Two equal configurations make an empty plan that keeps every service.
        """
        changes = plan([spec(1), spec(2)], [spec(1), spec(2)])
        self.assertTrue(changes.isEmpty)
        self.assertEqual(changes.keep, ((spec(1), spec(1)), (spec(2), spec(2))))

    def test_newServiceStarts(self) -> None:
        """
        A service that nothing like it runs yet is started.
        """
        self.assertEqual(plan([spec(1)], [spec(1), spec(2)]).start, (spec(2),))

    def test_removedServiceStops(self) -> None:
        """
        A service that is not in the new configuration is stopped.
        """
        self.assertEqual(plan([spec(1), spec(2)], [spec(2)]).stop, (spec(1),))

    def test_changedServiceIsAltered(self) -> None:
        """
        A service with the same socket and other limits is altered.
        """
        changed = attrs.evolve(spec(1), limits=Limits(3))
        self.assertEqual(plan([spec(1)], [changed]).alter, ((spec(1), changed),))

    def test_renamedServiceIsAltered(self) -> None:
        """
        What a service listens on pairs it, not its name.
        """
        renamed = spec(1, name="other")
        self.assertEqual(plan([spec(1)], [renamed]).alter, ((spec(1), renamed),))

    def test_movedLineIsKept(self) -> None:
        """
        A service that only stands on another line now is kept, with its new origin.
        """
        changes = plan([spec(1)], [spec(1, line=9)])
        self.assertEqual([after.origin.line for _, after in changes.keep], [9])

    def test_otherPortIsAnotherService(self) -> None:
        """
        A service on another port is a new one and the old one stops.
        """
        changes = plan([spec(1)], [spec(2)])
        self.assertEqual((changes.start, changes.stop), ((spec(2),), (spec(1),)))

    def test_otherSocketTypeIsAnotherService(self) -> None:
        """
        A stream and a datagram service on one port are not paired.
        """
        datagram = attrs.evolve(spec(1), socketType=SocketType.DGRAM, protocol="udp")
        self.assertEqual(plan([spec(1)], [datagram]).start, (datagram,))

    def test_oneSharedAddressPairs(self) -> None:
        """
        A service that gets one more address is altered, not started anew.
        """
        wider = attrs.evolve(
            spec(1), addresses=(InetAddress("127.0.0.1", 1), InetAddress("::1", 1))
        )
        self.assertEqual(plan([spec(1)], [wider]).alter, ((spec(1), wider),))

    def test_equalServiceIsPairedFirst(self) -> None:
        """
        A service that merely shares a socket does not take the partner of an
        equal one, whichever stands first.
        """
        wide = attrs.evolve(spec(1), addresses=(InetAddress("127.0.0.1", 1), InetAddress("::1", 1)))
        changes = plan([spec(1)], [wide, spec(1)])
        self.assertEqual(changes.keep, ((spec(1), spec(1)),))

    def test_unixSocketsPairByPath(self) -> None:
        """
        A unix socket that gets another owner is still the same service.
        """
        before = attrs.evolve(spec(1), addresses=(UnixAddress(b"/run/x", 0, 0),))
        after = attrs.evolve(spec(1), addresses=(UnixAddress(b"/run/x", 5, 0),))
        self.assertEqual(plan([before], [after]).alter, ((before, after),))


class RetainedTests(SynchronousTestCase):
    """
    Tests for L{retained}.
    """

    def test_goodConfigurationRetainsNothing(self) -> None:
        """
        A service whose line has gone from a sound file is not kept.
        """
        self.assertEqual(retained([spec(1)], [], []), [])

    def test_badLineKeepsItsService(self) -> None:
        """
        A line that has become a bad one keeps the service it used to describe.
        """
        self.assertEqual(retained([spec(1), spec(2, label="b")], [], [bad("b")]), [spec(2)])

    def test_badLineOfAnotherFileKeepsNothing(self) -> None:
        """
        The same first field in another file says nothing about this service.
        """
        self.assertEqual(retained([spec(1)], [], [bad("echo", "other.conf")]), [])

    def test_warningKeepsNothing(self) -> None:
        """
        Only a line that makes no service counts as a bad one.
        """
        self.assertEqual(retained([spec(1)], [], [bad("echo", dropped=False)]), [])

    def test_oneBadLineKeepsOneService(self) -> None:
        """
        Of two services with the same first field, one bad line keeps one.
        """
        self.assertEqual(len(retained([spec(1), spec(2)], [], [bad("echo")])), 1)

    def test_claimedSocketIsNotKept(self) -> None:
        """
        A service whose socket another line asks for now gives way to it.
        """
        other = spec(1, name="other", label="other")
        self.assertEqual(retained([spec(1)], [other], [bad("echo")]), [])

    def test_unreadableFileKeepsAll(self) -> None:
        """
        Every service from a file that can no longer be read is kept.
        """
        running = [spec(1), spec(2, path="other.conf")]
        self.assertEqual(retained(running, [], [], ["inetd.conf"]), [spec(1)])

    def test_unreadableDirectoryKeepsAll(self) -> None:
        """
        Every service from a directory that can no longer be read is kept.
        """
        running = [spec(1, path="/etc/inetd.d/a"), spec(2, path="/etc/inetd.d.old/a")]
        self.assertEqual(retained(running, [], [], ["/etc/inetd.d"]), running[:1])
