"""
Tests for L{txinetd.process.environment} and L{txinetd.process.facts}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txinetd.process.environment import DEFAULT_PATH, baseEnvironment, connectionEnvironment
from txinetd.process.facts import ConnectionFacts, End, plainHost


def told(facts: ConnectionFacts) -> dict[bytes, bytes]:
    """
    What a server is told, by name.
    """
    return dict(each.split(b"=", 1) for each in connectionEnvironment(facts))


class BaseTests(SynchronousTestCase):
    """
    Tests for L{baseEnvironment}.
    """

    def test_kept(self) -> None:
        """
        What is harmless is kept.
        """
        self.assertEqual(baseEnvironment({"LANG": "C", "PATH": "/bin"})[b"LANG"], b"C")

    def test_personal(self) -> None:
        """
        What tells about whoever started the daemon is not.
        """
        given = dict.fromkeys(("HOME", "USER", "SSH_CLIENT", "TERM", "TMPDIR", "PWD"), "x")
        self.assertEqual(set(baseEnvironment(given)), {b"PATH"})

    def test_dangerous(self) -> None:
        """
        Nor is what changes how programs are loaded or begin.
        """
        given = dict.fromkeys(("LD_PRELOAD", "IFS", "ENV", "BASH_ENV", "PYTHONPATH"), "x")
        self.assertEqual(set(baseEnvironment(given)), {b"PATH"})

    def test_serviceManager(self) -> None:
        """
        Nor is what the service manager meant for the daemon alone.
        """
        given = dict.fromkeys(("NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "WATCHDOG_USEC"), "1")
        self.assertEqual(set(baseEnvironment(given)), {b"PATH"})

    def test_forgedFacts(self) -> None:
        """
        Nor is what would pass for a fact about the client.
        """
        given = dict.fromkeys(("REMOTE_HOST", "TCPREMOTEIP", "UDPLOCALPORT", "PROTO"), "x")
        self.assertEqual(set(baseEnvironment(given)), {b"PATH"})

    def test_pathKept(self) -> None:
        """
        The daemon's search path is the servers'.
        """
        self.assertEqual(baseEnvironment({"PATH": "/opt/bin"})[b"PATH"], b"/opt/bin")

    def test_pathMade(self) -> None:
        """
        Without one they get the system's directories.
        """
        self.assertEqual(baseEnvironment({})[b"PATH"], DEFAULT_PATH.encode())

    def test_undecodable(self) -> None:
        """
        Values that are not text come through unchanged.
        """
        self.assertEqual(baseEnvironment({"ODD": "\udcff"})[b"ODD"], b"\xff")


class ConnectionTests(SynchronousTestCase):
    """
    Tests for L{connectionEnvironment}.
    """

    def test_tcp(self) -> None:
        """
        A connection is told in both families of names.
        """
        facts = ConnectionFacts("tcp", End("192.0.2.1", 21), End("192.0.2.9", 4000))
        self.assertEqual(
            told(facts),
            {
                b"PROTO": b"TCP",
                b"TCPLOCALIP": b"192.0.2.1",
                b"TCPLOCALPORT": b"21",
                b"TCPREMOTEIP": b"192.0.2.9",
                b"TCPREMOTEPORT": b"4000",
                b"REMOTE_ADDR": b"192.0.2.9",
                b"REMOTE_HOST": b"192.0.2.9",
                b"REMOTE_PORT": b"4000",
            },
        )

    def test_comesAgain(self) -> None:
        """
        Whoever comes again, from another port or to another, is told apart.
        """
        found = [
            told(ConnectionFacts(transport, End(local, port), End("192.0.2.9", 4000 + number)))
            for number, (transport, local, port) in enumerate(
                [
                    ("tcp", "192.0.2.1", 21),
                    ("tcp", "192.0.2.1", 21),
                    ("tcp", "192.0.2.1", 22),
                    ("tcp", "192.0.2.2", 22),
                    ("udp", "192.0.2.2", 22),
                ]
            )
        ]
        self.assertEqual(
            [
                tuple(each[b"%bLOCAL%b" % (each[b"PROTO"], name)] for name in (b"IP", b"PORT"))
                for each in found
            ],
            [
                (b"192.0.2.1", b"21"),
                (b"192.0.2.1", b"21"),
                (b"192.0.2.1", b"22"),
                (b"192.0.2.2", b"22"),
                (b"192.0.2.2", b"22"),
            ],
        )
        self.assertEqual(
            [(each[b"%bREMOTEPORT" % each[b"PROTO"]], each[b"REMOTE_PORT"]) for each in found],
            [(b"%d" % port, b"%d" % port) for port in range(4000, 4005)],
        )

    def test_scope(self) -> None:
        """
        The scope of an address is told as it is.
        """
        found = told(ConnectionFacts("tcp", End("fe80::1%lo", 21), End("fe80::2%d", 4000)))
        names = (b"TCPLOCALIP", b"TCPREMOTEIP", b"REMOTE_ADDR", b"TCPREMOTEPORT")
        self.assertEqual(
            [found[name] for name in names], [b"fe80::1%lo", b"fe80::2%d", b"fe80::2%d", b"4000"]
        )

    def test_udp(self) -> None:
        """
        Datagrams do not pass for connections.
        """
        facts = ConnectionFacts("udp", End("::1", 69), End("::2", 4000))
        found = told(facts)
        self.assertEqual((found[b"PROTO"], found[b"UDPREMOTEIP"]), (b"UDP", b"::2"))
        self.assertFalse(any(name.startswith(b"TCP") for name in found))

    def test_wait(self) -> None:
        """
        A server that takes the socket over is told nothing about a client.
        """
        found = told(ConnectionFacts("tcp", End("192.0.2.1", 21)))
        self.assertEqual(set(found), {b"PROTO", b"TCPLOCALIP", b"TCPLOCALPORT"})

    def test_unix(self) -> None:
        """
        A unix client is told by its path and its user.
        """
        facts = ConnectionFacts("unix", End(path=b"/a"), End(path=b"/b"), (7, 8))
        self.assertEqual(
            told(facts),
            {
                b"PROTO": b"IPC",
                b"IPCLOCALPATH": b"/a",
                b"IPCREMOTEPATH": b"/b",
                b"IPCREMOTEEUID": b"7",
                b"IPCREMOTEEGID": b"8",
            },
        )

    def test_vsock(self) -> None:
        """
        A machine is told by its context id, also in the words of systemd.
        """
        facts = ConnectionFacts("vsock", End(port=25, cid=2), End(port=1024, cid=3))
        self.assertEqual(
            told(facts),
            {
                b"PROTO": b"VSOCK",
                b"VSOCKLOCALCID": b"2",
                b"VSOCKLOCALPORT": b"25",
                b"VSOCKREMOTECID": b"3",
                b"VSOCKREMOTEPORT": b"1024",
                b"REMOTE_ADDR": b"vsock:3",
                b"REMOTE_HOST": b"vsock:3",
                b"REMOTE_PORT": b"1024",
            },
        )
        self.assertEqual((facts.local.text, facts.peerText), ("vsock:2:25", "vsock:3:1024"))

    def test_vsockWait(self) -> None:
        """
        A server that takes the socket over is told nothing about a machine.
        """
        found = told(ConnectionFacts("vsock", End(port=25, cid=2)))
        self.assertEqual(set(found), {b"PROTO", b"VSOCKLOCALCID", b"VSOCKLOCALPORT"})


class FactsTests(SynchronousTestCase):
    """
    Tests for L{End}, L{ConnectionFacts} and L{plainHost}.
    """

    def test_text(self) -> None:
        """
        An end reads as people write it.
        """
        ends = [End("192.0.2.1", 21), End("::1", 21), End(path=b"/a/\xff"), End()]
        self.assertEqual([end.text for end in ends], ["192.0.2.1:21", "[::1]:21", "/a/\\xff", "-"])

    def test_unnamedUnixPeer(self) -> None:
        """
        A unix client without a path is known by its user.
        """
        facts = ConnectionFacts("unix", End(path=b"/a"), End(), (7, 8))
        self.assertEqual(facts.peerText, "uid:7")

    def test_mapped(self) -> None:
        """
        An IPv4-mapped address is shown as the IPv4 address.
        """
        self.assertEqual(plainHost("::ffff:192.0.2.1"), "192.0.2.1")

    @given(st.ip_addresses())
    def test_others(self, address: object) -> None:
        """
        Every other address is left as it is.
        """
        text = str(address)
        if not text.startswith("::ffff:"):
            self.assertEqual(plainHost(text), text)
