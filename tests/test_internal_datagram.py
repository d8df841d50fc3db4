# -*- test-case-name: tests.test_internal_datagram -*-
"""
Tests for L{txinetd.internal.datagram}.
"""

from __future__ import annotations

import errno

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError, MessageLengthError
from twisted.internet.protocol import DatagramProtocol
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase

from txinetd.internal import BUILTINS, LoopGuard
from txinetd.internal.wire import chargenLine

CLIENT = ("192.0.2.1", 40000)


class MemoryTransport:
    """
    A datagram transport that keeps what is written to it.

    @ivar written: the datagrams, with their destinations.
    @ivar failure: if set, what each attempt to write raises.
    """

    def __init__(self) -> None:
        self.written: list[tuple[bytes, object]] = []
        self.failure: Exception | None = None

    def write(self, datagram: bytes, addr: object) -> None:
        """
        Keep one datagram.
        """
        if self.failure is not None:
            raise self.failure
        self.written.append((datagram, addr))


class Served:
    """
    One service at one such transport.

    @ivar refusals: what the service told of requests it did not answer.
    """

    def __init__(self, name: str, guard: LoopGuard | None = None, now: float = 0.0) -> None:
        self.refusals: list[tuple[object, str]] = []
        self.protocol = BUILTINS[name].datagramProtocol(
            lambda: now,
            guard or LoopGuard(),
            lambda addr, reason: self.refusals.append((addr, reason)),
        )
        self.transport = MemoryTransport()
        self.protocol.makeConnection(self.transport)  # type: ignore[arg-type]

    def ask(self, datagram: bytes = b"", addr: object = CLIENT) -> list[tuple[bytes, object]]:
        """
        Send it a request.

        @return: everything it has sent so far.
        """
        self.protocol.datagramReceived(datagram, addr)  # type: ignore[arg-type]
        return self.transport.written


class DatagramTests(SynchronousTestCase):
    """
    Tests for the datagram services.
    """

    def test_echo(self) -> None:
        """
        Echo sends back what it got, to where it came from.
        """
        self.assertEqual(Served("echo").ask(b"\0any\xff"), [(b"\0any\xff", CLIENT)])

    def test_echoEmpty(self) -> None:
        """
        An empty datagram is a datagram.
        """
        self.assertEqual(Served("echo").ask(b""), [(b"", CLIENT)])

    def test_echoLarge(self) -> None:
        """
        The largest datagram that there is comes back whole.
        """
        self.assertEqual(Served("echo").ask(bytes(65507)), [(bytes(65507), CLIENT)])

    def test_discard(self) -> None:
        """
        Discard sends nothing.
        """
        self.assertEqual(Served("discard").ask(b"data"), [])

    def test_chargen(self) -> None:
        """
        Chargen sends one line, the first.
        """
        self.assertEqual(Served("chargen").ask(), [(chargenLine(0), CLIENT)])

    def test_chargenGoesOn(self) -> None:
        """
        The next request, of whomever, gets the next line.
        """
        served = Served("chargen")
        served.ask()
        self.assertEqual(
            served.ask(addr=("192.0.2.2", 1234))[1], (chargenLine(1), ("192.0.2.2", 1234))
        )

    def test_chargenRefusedTakesNoLine(self) -> None:
        """
        A request that is not answered does not use up a line.
        """
        served = Served("chargen")
        served.ask(addr=("192.0.2.2", 7))
        self.assertEqual(served.ask(), [(chargenLine(0), CLIENT)])

    def test_time(self) -> None:
        """
        Time sends its four bytes.
        """
        self.assertEqual(Served("time", now=1).ask(), [(b"\x83\xaa\x7e\x81", CLIENT)])

    def test_daytime(self) -> None:
        """
        Daytime sends its one line.
        """
        [(line, client)] = Served("daytime", now=1e9).ask()
        self.assertRegex(line, rb"\A\w{3} Sep  [89] \d\d:\d\d:\d\d 2001\r\n\Z")
        self.assertEqual(client, CLIENT)

    def test_noAmplifier(self) -> None:
        """
        However large a request, no service but echo sends more than one line.
        """
        for name in ("discard", "chargen", "daytime", "time"):
            sent = sum(len(datagram) for datagram, _ in Served(name).ask(bytes(65507)))
            self.assertLessEqual(sent, 74, name)

    def test_refused(self) -> None:
        """
        A request from another service is not answered, and that is told.
        """
        served = Served("echo")
        self.assertEqual(served.ask(addr=("192.0.2.1", 19)), [])
        self.assertEqual(
            served.refusals, [(("192.0.2.1", 19), "port 19 belongs to a service that answers")]
        )

    def test_guardAsked(self) -> None:
        """
        What the server knows about itself counts.
        """
        served = Served("time", LoopGuard(ownPorts={40000}))
        served.ask()
        self.assertEqual(served.refusals, [(CLIENT, "port 40000 is one of this server's own")])

    def test_ipv6Source(self) -> None:
        """
        An IPv6 source of four parts is answered as it stands.
        """
        client = ("fe80::1%eth0", 40000, 0, 2)
        self.assertEqual(Served("echo").ask(b"x", client), [(b"x", client)])

    def test_unixSource(self) -> None:
        """
        The client of a unix socket has a path, and is answered there.
        """
        self.assertEqual(Served("echo").ask(b"x", "/run/client"), [(b"x", "/run/client")])

    def test_unboundUnixSource(self) -> None:
        """
        One that has bound no path cannot be answered.
        """
        served = Served("echo")
        self.assertEqual(served.ask(b"x", None), [])
        self.assertEqual(served.refusals, [(None, "the sender has no address")])

    def test_cannotBeSent(self) -> None:
        """
        An answer that the system will not send is told like a refusal, and
        does no other harm.
        """
        served = Served("echo")
        served.transport.failure = OSError(errno.ENETUNREACH, "Network is unreachable")
        served.ask(b"x")
        [(client, reason)] = served.refusals
        self.assertEqual(client, CLIENT)
        self.assertIn("Network is unreachable", reason)

    def test_tooLong(self) -> None:
        """
        So is one that is too long for the way back.
        """
        served = Served("echo")
        served.transport.failure = MessageLengthError("message too long")
        served.ask(b"x")
        self.assertIn("too long", served.refusals[0][1])


class Asking(DatagramProtocol):
    """
    A client that asks once.

    @ivar answered: fires with the answer.
    """

    def __init__(self, request: bytes, host: str, port: int) -> None:
        self.answered: Deferred[bytes] = Deferred()
        self._question = (request, host, port)

    def startProtocol(self) -> None:
        """
        Ask.
        """
        request, host, port = self._question
        assert self.transport is not None
        self.transport.write(request, (host, port))

    def datagramReceived(self, datagram: bytes, addr: object) -> None:
        """
        Be answered.
        """
        self.answered.callback(datagram)


class UDPTests(TestCase):
    """
    Tests for the datagram services over real sockets.
    """

    timeout = 30

    async def ask(self, name: str, request: bytes, host: str) -> bytes:
        """
        Have one service answer one request over loopback.
        """
        protocol = BUILTINS[name].datagramProtocol(
            lambda: 1.0, LoopGuard(), lambda addr, reason: self.fail(reason)
        )
        port = reactor.listenUDP(0, protocol, interface=host)  # type: ignore[attr-defined]
        self.addCleanup(port.stopListening)
        client = Asking(request, host, port.getHost().port)
        asking = reactor.listenUDP(0, client, interface=host)  # type: ignore[attr-defined]
        self.addCleanup(asking.stopListening)
        return await client.answered

    async def test_ipv4(self) -> None:
        """
        A client on the same machine is answered, which not all inetds do.
        """
        self.assertEqual(await self.ask("echo", b"hello", "127.0.0.1"), b"hello")

    async def test_ipv6(self) -> None:
        """
        Also over IPv6.
        """
        try:
            answer = await self.ask("echo", b"hello", "::1")
        except (OSError, CannotListenError) as error:
            raise SkipTest(f"no IPv6 loopback: {error}") from None
        self.assertEqual(answer, b"hello")

    async def test_emptyRequest(self) -> None:
        """
        The empty datagram that RFC 868 has a client send is answered.
        """
        self.assertEqual(await self.ask("time", b"", "127.0.0.1"), b"\x83\xaa\x7e\x81")
