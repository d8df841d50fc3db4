"""
Tests for L{txinetd.wrap.wrapper}, with a real helper and the real libwrap.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from tests.process_support import reactor
from tests.wrap_support import WrapTestCase, isAlive, isBlocking, received
from txinetd.wrap.wrapper import Wrapper


class ConnectionTestCase(WrapTestCase):
    """
    Has a connection, too.

    @ivar client: the client's end.
    @ivar server: this machine's, as a daemon has it.
    """

    def setUp(self) -> None:
        super().setUp()
        self.client, self.server = self.connect()

    def connect(self) -> tuple[socket.socket, socket.socket]:
        """
        Connect over loopback.

        @return: the client's end and the server's.
        """
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            server, _ = listener.accept()
        server.setblocking(False)
        self.addCleanup(client.close)
        self.addCleanup(server.close)
        return client, server

    def lines(self, name: str) -> list[str]:
        """
        What commands have written to a file.
        """
        path = self.directory / name
        return path.read_text().splitlines() if path.exists() else []


class PlainTests(WrapTestCase):
    """
    Rules that decide by addresses.
    """

    @inlineCallbacks
    def test_verdicts(self) -> Any:
        """
        A client is let in by hosts.allow, refused by hosts.deny, and let in by neither;
        the file is named.
        """
        self.rules("ALL: 192.0.2.7\n", "ALL: 192.0.2.\n")
        one = yield self.ask("192.0.2.7")
        two = yield self.ask("192.0.2.8")
        three = yield self.ask("198.51.100.1")
        self.assertEqual([each.allowed for each in (one, two, three)], [True, False, True])
        self.assertIn("hosts.allow", one.reason)
        self.assertIn("hosts.deny", two.reason)
        self.assertEqual((one.environment, one.handled, one.severity), ((), False, None))

    @inlineCallbacks
    def test_noFiles(self) -> Any:
        """
        Without rules everybody is let in.
        """
        answer = yield self.ask()
        self.assertTrue(answer.allowed)

    @inlineCallbacks
    def test_mapped(self) -> Any:
        """
        An IPv6 address that stands for an IPv4 one is that one, on both sides.
        """
        self.rules("in.test@127.0.0.1: 192.0.2.7\n", "ALL: ALL\n")
        answer = yield self.ask("::ffff:192.0.2.7", local="::ffff:127.0.0.1")
        self.assertTrue(answer.allowed)

    @inlineCallbacks
    def test_remembered(self) -> Any:
        """
        A decision is remembered for the same daemon, client and address, and for
        nothing else.
        """
        self.rules("in.test@127.0.0.1: 192.0.2.7\n", "ALL: ALL\n")
        yield self.settle()
        yield self.ask()
        again = self.ask()
        self.assertTrue(self.successResultOf(again).allowed)
        for other in (
            self.ask("192.0.2.8"),
            self.ask(daemon=b"in.other"),
            self.ask(local="127.0.0.2"),
        ):
            self.assertNoResult(other)
            answer = yield other
            self.assertFalse(answer.allowed)

    @inlineCallbacks
    def test_bounded(self) -> Any:
        """
        There is an end to what is remembered.
        """
        self.patch(Wrapper, "remembered", 10)
        self.wrapper.close()
        self.wrapper = self.make()
        yield self.settle()
        yield gatherResults([self.ask(f"192.0.2.{number}") for number in range(40)])
        self.assertEqual(len(self.wrapper._cache), 10)

    @inlineCallbacks
    def test_edit(self) -> Any:
        """
        An edit takes effect within a second, under constant questions that are
        answered from memory.
        """
        self.rules("ALL: ALL\n")
        yield self.settle()
        for allow, deny, expected in (("", "ALL: ALL\n", False), ("ALL: 192.\n", "", True)):
            yield self.settle()
            before = yield self.ask()
            self.assertEqual(before.allowed, not expected)
            self.rules(allow, deny)
            edited = time.monotonic()
            while True:
                answer = yield self.ask()
                if answer.allowed == expected:
                    break
                self.assertLess(time.monotonic() - edited, 1.0)
                yield deferLater(reactor, 0.001)

    @inlineCallbacks
    def test_unreadable(self) -> Any:
        """
        A rule file that cannot be read lets nobody in, and says so.
        """
        (self.directory / "hosts.deny").mkdir()
        answer = yield self.ask()
        self.assertFalse(answer.allowed)
        self.assertIn("hosts.deny: Is a directory", answer.reason)

    @inlineCallbacks
    def test_noAddress(self) -> Any:
        """
        Where an address is none, nobody comes in.
        """
        answer = yield self.ask("nobody")
        self.assertFalse(answer.allowed)


class OptionTests(ConnectionTestCase):
    """
    Rules that do something.
    """

    @inlineCallbacks
    def test_spawn(self) -> Any:
        """
        A command runs once for each connection, though all ask the same at the same
        time and one after the other.
        """
        self.rules(f"ALL: ALL: spawn echo %a %d >>{self.directory}/log\n")
        answers = yield gatherResults([self.ask() for _ in range(20)])
        for _ in range(5):
            answers.append((yield self.ask()))
        self.assertEqual([answer.allowed for answer in answers], [True] * 25)
        self.assertEqual(self.lines("log"), ["192.0.2.7 in.test"] * 25)
        self.assertEqual(len(self.wrapper._cache), 0)

    @inlineCallbacks
    def test_namesNotRemembered(self) -> Any:
        """
        Nor is a decision remembered where a rule names hosts: names change without an
        edit.
        """
        self.rules("ALL: LOCAL, .example.org\n", "ALL: ALL\n")
        for _ in range(2):
            answer = yield self.ask("127.0.0.1")
            self.assertTrue(answer.allowed)
        self.assertEqual(len(self.wrapper._cache), 0)

    @inlineCallbacks
    def test_optionReason(self) -> Any:
        """
        A rule that decides by an option is named with its line.
        """
        self.rules("# one\nALL: ALL: deny\n")
        answer = yield self.ask()
        self.assertFalse(answer.allowed)
        self.assertEqual(answer.reason, f"tcp wrappers: {self.directory}/hosts.allow line 2")

    @inlineCallbacks
    def test_badOption(self) -> Any:
        """
        A rule with an option that does not exist refuses.
        """
        self.rules("ALL: ALL: nonsense\n")
        answer = yield self.ask()
        self.assertFalse(answer.allowed)

    @inlineCallbacks
    def test_setenv(self) -> Any:
        """
        What C{setenv} sets comes back, and only that.
        """
        self.rules("ALL: ALL: setenv PEER is %a: setenv KEPT as it was: setenv PATH /x\n")
        answer = yield self.ask()
        self.assertTrue(answer.allowed)
        self.assertEqual(dict(answer.environment), {b"PEER": b"is 192.0.2.7", b"PATH": b"/x"})
        again = yield self.ask()
        self.assertEqual(again, answer)

    @inlineCallbacks
    def test_severity(self) -> Any:
        """
        How a rule wants it logged is told, with facility and level.
        """
        self.rules("ALL: 192.0.2.7: severity mail.notice\nALL: ALL: severity auth.crit: deny\n")
        one = yield self.ask()
        two = yield self.ask("192.0.2.8")
        self.assertEqual((one.allowed, one.severity), (True, 2 << 3 | 5))
        self.assertEqual((two.allowed, two.severity), (False, 4 << 3 | 2))

    @inlineCallbacks
    def test_aclexec(self) -> Any:
        """
        A command decides whether a rule counts.
        """
        self.rules("ALL: ALL: aclexec test %a = 192.0.2.7\n", "ALL: ALL\n")
        one = yield self.ask()
        two = yield self.ask("192.0.2.8")
        self.assertEqual((one.allowed, two.allowed), (True, False))

    @inlineCallbacks
    def test_banners(self) -> Any:
        """
        A banner is sent, to those who are let in and to those who are not, and the
        connection stays as it was.
        """
        (self.directory / "in.test").write_text("hello %a\n")
        for word in ("allow", "deny"):
            client, server = self.connect()
            self.rules(f"ALL: ALL: banners {self.directory}: {word}\n")
            answer = yield self.ask(connection=server)
            self.assertEqual((answer.allowed, answer.handled), (word == "allow", False))
            self.assertFalse(isBlocking(server))
            server.close()
            self.assertEqual(received(client), b"hello 192.0.2.7\r\n")

    @inlineCallbacks
    def test_keepalive(self) -> Any:
        """
        What a rule sets on the connection is set.
        """
        self.rules("ALL: ALL: keepalive\n")
        answer = yield self.ask(connection=self.server)
        self.assertTrue(answer.allowed)
        self.assertTrue(self.server.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))

    @inlineCallbacks
    def test_identity(self) -> Any:
        """
        A rule that would change what the server runs as cannot be followed, so it
        refuses and says why.
        """
        self.rules("ALL: ALL: umask 077\n")
        answer = yield self.ask()
        self.assertFalse(answer.allowed)
        self.assertIn("umask", answer.reason)

    @inlineCallbacks
    def test_dry(self) -> Any:
        """
        Where only a decision is wanted, nothing is run or sent.
        """
        self.rules(
            f"in.test: ALL: spawn touch {self.directory}/x: banners {self.directory}: allow\n",
            "ALL: ALL: twist echo no\n",
        )
        (self.directory / "in.test").write_text("hello\n")
        one = yield self.ask(connection=self.server, dry=True)
        two = yield self.ask(daemon=b"in.other", connection=self.server, dry=True)
        self.assertEqual((one.allowed, two.allowed, two.handled), (True, False, False))
        self.assertIn("would answer the client itself", two.reason)
        self.assertFalse((self.directory / "x").exists())
        self.server.close()
        self.assertEqual(received(self.client), b"")


class TwistTests(ConnectionTestCase):
    """
    Rules that answer the client themselves.
    """

    @inlineCallbacks
    def test_answers(self) -> Any:
        """
        The command has the connection, how it ended is told, and the client sees the
        end with it.
        """
        self.rules("ALL: ALL: twist echo no %a; exit 3\n")
        answer = yield self.ask(connection=self.server)
        self.assertEqual((answer.allowed, answer.handled), (False, True))
        self.server.close()
        self.assertEqual(received(self.client), b"no 192.0.2.7\n")
        status = yield answer.ended
        self.assertEqual(os.waitstatus_to_exitcode(status), 3)

    @inlineCallbacks
    def test_conversation(self) -> Any:
        """
        It may talk with the client for as long as it wants, on a connection that
        blocks, with no other descriptor and the environment that commands are to
        have.
        """
        self.patch(Wrapper, "patience", 0.3)
        self.wrapper.close()
        self.wrapper = self.make()
        self.rules("ALL: ALL: twist ls /proc/$$/fd; env; exec cat\n")
        answer = yield self.ask(connection=self.server)
        self.server.close()
        yield deferLater(reactor, 0.5)  # past the time that a decision may take
        self.client.settimeout(30)
        self.client.sendall(b"still here?\n")
        self.client.shutdown(socket.SHUT_WR)
        said = (yield deferToThread(received, self.client)).decode().splitlines()
        self.assertEqual(said[:3], ["0", "1", "2"])
        self.assertEqual(said[-1], "still here?")
        names = {line.partition("=")[0] for line in said[3:-1]}
        self.assertEqual(names - {"PWD", "OLDPWD", "SHLVL", "_"}, {"PATH", "KEPT"})
        status = yield answer.ended
        self.assertEqual(status, 0)

    @inlineCallbacks
    def test_noConnection(self) -> Any:
        """
        Without a connection nobody is answered, and nobody comes in.
        """
        self.rules(f"ALL: ALL: twist touch {self.directory}/x\n")
        answer = yield self.ask()
        self.assertEqual((answer.allowed, answer.handled), (False, False))
        self.assertFalse((self.directory / "x").exists())

    @inlineCallbacks
    def test_signalled(self) -> Any:
        """
        That it was ended by a signal is told.
        """
        self.rules("ALL: ALL: twist exec sleep 1000\n")
        answer = yield self.ask(connection=self.server)
        os.kill(answer.pid, signal.SIGTERM)
        status = yield answer.ended
        self.assertEqual(os.waitstatus_to_exitcode(status), -signal.SIGTERM)

    @inlineCallbacks
    def test_survives(self) -> Any:
        """
        It goes on when the helper is gone, and its end is nobody's to tell then.
        """
        self.rules("ALL: ALL: twist cat\n")
        answer = yield self.ask(connection=self.server)
        self.server.close()
        self.wrapper.close()
        status = yield answer.ended
        self.assertIsNone(status)
        self.client.sendall(b"still here?\n")
        self.client.shutdown(socket.SHUT_WR)
        said = yield deferToThread(received, self.client)
        self.assertEqual(said, b"still here?\n")


class TroubleTests(ConnectionTestCase):
    """
    Helpers that hang, crash, and are too busy.
    """

    def setUp(self) -> None:
        super().setUp()
        self.patch(Wrapper, "patience", 1.0)
        self.patch(Wrapper, "grace", 0.5)
        self.wrapper.close()
        self.wrapper = self.make()

    def hang(self) -> Deferred[Any]:
        """
        Ask what takes too long.
        """
        command = f"echo $$ >{self.directory}/pid; exec sleep 1000"
        self.rules(f"in.hang: ALL: spawn {command}\n", "ALL: 198.51.100.\n")
        return self.ask(daemon=b"in.hang", connection=self.server)

    def command(self) -> int:
        """
        The process that is waited for, once it runs.
        """
        lines = self.lines("pid")
        return int(lines[0]) if lines else 0

    @inlineCallbacks
    def test_slowRule(self) -> Any:
        """
        A command that does not end is ended, and its client refused, while others are
        answered, by the same helper.
        """
        began = time.monotonic()
        slow = self.hang()
        other = yield self.ask()
        yield self.until(self.command, "the command")
        pid = self.wrapper.helperPid
        self.assertTrue(other.allowed)
        self.assertNoResult(slow)
        answer = yield slow
        self.assertEqual((answer.allowed, answer.handled), (False, False))
        self.assertIn("within 1 seconds", answer.reason)
        self.assertTrue(1.0 <= time.monotonic() - began < 20)
        yield self.until(lambda: not isAlive(self.command()), "its end")
        self.assertFalse(isBlocking(self.server))
        other = yield self.ask()
        self.assertTrue(other.allowed)
        self.assertEqual(self.wrapper.helperPid, pid)

    @inlineCallbacks
    def test_closed(self) -> Any:
        """
        A client that was refused sees the end, though another's question hangs.
        """
        slow = self.hang()
        client, server = self.connect()
        answer = yield self.ask("198.51.100.1", connection=server)
        self.assertFalse(answer.allowed)
        server.close()
        self.assertEqual(received(client), b"")
        self.assertNoResult(slow)
        yield slow

    @inlineCallbacks
    def test_stuck(self) -> Any:
        """
        A helper that does not answer is killed and its clients are refused; the next
        one is answered by another.
        """
        yield self.ask()
        stuck = self.wrapper.helperPid
        os.kill(stuck, signal.SIGSTOP)
        began = time.monotonic()
        answers = yield gatherResults(
            [self.ask(f"192.0.2.{number}", connection=self.server) for number in (8, 9)]
        )
        self.assertTrue(1.5 <= time.monotonic() - began < 20)
        self.assertEqual([answer.allowed for answer in answers], [False] * 2)
        self.assertIn("no decision", answers[0].reason)
        answer = yield self.ask()
        self.assertTrue(answer.allowed)
        self.assertNotIn(self.wrapper.helperPid, (0, stuck))
        yield self.until(lambda: not isAlive(stuck), "the end of the first")

    @inlineCallbacks
    def test_killed(self) -> Any:
        """
        When the helper is killed, those it was deciding about are refused, what it had
        begun is ended, and the next client is answered by another.
        """
        slow = self.hang()
        yield self.until(self.command, "the command")
        killed = self.wrapper.helperPid
        os.kill(killed, signal.SIGKILL)
        answer = yield slow
        self.assertFalse(answer.allowed)
        self.assertIn("the helper has ended", answer.reason)
        yield self.until(lambda: not isAlive(self.command()), "its end")
        answer = yield self.ask()
        self.assertTrue(answer.allowed)
        self.assertNotEqual(self.wrapper.helperPid, killed)

    @inlineCallbacks
    def test_memoryGoesWithIt(self) -> Any:
        """
        What was remembered is forgotten when the helper that counts the changes is no
        more.
        """
        yield self.settle()
        os.kill(self.wrapper.helperPid, signal.SIGKILL)
        yield self.until(lambda: not self.wrapper.helperPid, "its end")
        self.assertEqual(len(self.wrapper._cache), 0)

    @inlineCallbacks
    def test_crashed(self) -> Any:
        """
        When libwrap crashes its client is refused, and nobody else is concerned.
        """
        slow = self.hang()
        yield self.until(self.command, "the command")
        (question,) = self.wrapper._asked.values()
        os.kill(question.pid, signal.SIGSEGV)
        answer = yield slow
        self.assertEqual((answer.allowed, answer.handled), (False, False))
        self.assertIn("SIGSEGV", answer.reason)
        os.kill(self.command(), signal.SIGKILL)
        answer = yield self.ask()
        self.assertTrue(answer.allowed)

    @inlineCallbacks
    def test_tooMany(self) -> Any:
        """
        Only so many are asked at a time, some more wait their turn, and the rest is
        refused at once.
        """
        self.rules("ALL: ALL: spawn true\n")
        self.wrapper.most, self.wrapper.queue = 2, 3
        asked = [self.ask(connection=self.server) for _ in range(6)]
        self.assertEqual(len(self.wrapper), 5)
        answer = self.successResultOf(asked.pop())
        self.assertFalse(answer.allowed)
        self.assertIn("more than 5", answer.reason)
        answers = yield gatherResults(asked)
        self.assertEqual([answer.allowed for answer in answers], [True] * 5)
        self.assertEqual(len(self.wrapper), 0)

    @inlineCallbacks
    def test_waitingTooLong(self) -> Any:
        """
        One whose turn does not come is refused in time, and the helper is not to blame.
        """
        self.wrapper.most = 1
        # The helper has more patience than who waits, and so has whoever asks first.
        self.patch(self.wrapper, "patience", 30.0)
        yield self.ask()
        pid = self.wrapper.helperPid
        slow = self.hang()
        yield self.until(self.command, "the command")
        self.patch(self.wrapper, "patience", 0.3)
        answer = yield self.ask("192.0.2.8")
        self.assertFalse(answer.allowed)
        self.assertIn("too many", answer.reason)
        self.assertNoResult(slow)
        self.assertEqual(self.wrapper.helperPid, pid)
        os.kill(self.command(), signal.SIGKILL)
        yield slow

    @inlineCallbacks
    def test_missing(self) -> Any:
        """
        Without the library everybody is refused, is told what to install, and no
        helper is started for every client.
        """
        self.wrapper.close()
        self.wrapper = self.make(library="libwrap-that-is-not.so.0")
        self.wrapper.pause = 1000
        answer = yield self.ask()
        self.assertFalse(answer.allowed)
        self.assertIn("install libwrap0", answer.reason)
        again = self.successResultOf(self.ask())
        self.assertEqual(again, answer)
        self.assertEqual(self.wrapper.helperPid, 0)

    @inlineCallbacks
    def test_cancelled(self) -> Any:
        """
        An answer that nobody wants any more troubles nobody.
        """
        asked = self.ask()
        asked.addErrback(lambda failure: None)
        asked.cancel()
        answer = yield self.ask()
        self.assertTrue(answer.allowed)

    @inlineCallbacks
    def test_stopped(self) -> Any:
        """
        When it is closed, those who wait are refused, and so is whoever asks later.
        """
        yield self.ask()
        pid = self.wrapper.helperPid
        asked = self.ask("192.0.2.9")
        self.wrapper.close()
        for each in (asked, self.ask()):
            self.assertFalse(self.successResultOf(each).allowed)
        yield self.until(lambda: not isAlive(pid), "the helper's end")

    @inlineCallbacks
    def test_descriptors(self) -> Any:
        """
        Nothing is left open, here or in the helper, and the helper has nothing else.
        """
        (self.directory / "in.test").write_text("hello\n")
        yield self.ask()
        before = len(os.listdir("/proc/self/fd"))
        self.rules(
            f"in.test: 192.0.2.7: banners {self.directory}\nALL: 192.0.2.8: twist true\n",
            "ALL: ALL\n",
        )
        for peer in ("192.0.2.7", "192.0.2.8", "192.0.2.9"):
            answers = yield gatherResults(
                [self.ask(peer, connection=self.server) for _ in range(10)]
            )
            for answer in answers:
                yield answer.ended
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)
        directory = Path(f"/proc/{self.wrapper.helperPid}/fd")
        if os.geteuid() != 0:
            return  # nobody else may look into it
        yield self.until(lambda: len(os.listdir(directory)) == 5, "its descriptors")
        links = sorted(os.readlink(path).partition(":")[0] for path in directory.iterdir())
        self.assertEqual(links, ["/dev/null"] * 3 + ["anon_inode", "socket"])
