"""
Real servers for real clients.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from tests.integration.support import (
    PATIENCE,
    DaemonTestCase,
    haveIPv6,
    needCommand,
    needRoot,
    readAll,
    userEntry,
    waitFor,
)


class ServerTestCase(DaemonTestCase):
    """
    Runs clients.
    """

    def run_(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """
        Run a client to its end.

        @param more: C{input} for its standard input; else its environment.
        """
        given = more.pop("input", None)
        return subprocess.run(
            words,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            cwd=self.directory,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            env={**os.environ, "HOME": str(self.directory), **more},
        )

    def hosts(self) -> list[str]:
        """
        The loopback addresses of this machine.
        """
        return ["127.0.0.1", "::1"] if haveIPv6() else ["127.0.0.1"]


def bracketed(host: str) -> str:
    """
    An address as it stands in a URL.
    """
    return f"[{host}]" if ":" in host else host


class GitTests(ServerTestCase):
    """
    C{git daemon --inetd}.
    """

    def test_clone(self) -> None:
        """
        A repository is cloned, over each family.
        """
        git = needCommand("git")
        served = self.directory / "served"
        for words in (
            (git, "init", "-q", str(served)),
            (git, "-C", str(served), "-c", "user.name=x", "-c", "user.email=x@example.org",
             "commit", "-q", "--allow-empty", "-m", "the only commit"),
        ):  # fmt: skip
            self.assertEqual(self.run_(*words).returncode, 0)
        port = self.freePort()
        self.start(
            f"{port} stream tcp nowait - {git} git -c safe.directory=* daemon --inetd"
            f" --export-all --base-path={self.directory}\n"
        )
        for number, host in enumerate(self.hosts()):
            url = f"git://{bracketed(host)}:{port}/served"
            cloned = self.run_(git, "clone", "-q", url, f"clone{number}")
            self.assertEqual((cloned.returncode, cloned.stderr), (0, ""))
            log = self.run_(git, "-C", f"clone{number}", "log", "--format=%s")
            self.assertEqual(log.stdout, "the only commit\n")


class RsyncTests(ServerTestCase):
    """
    C{rsync --daemon}, which finds out by itself that it has a socket for its
    standard input.
    """

    def test_copy(self) -> None:
        """
        Files are copied.
        """
        rsync = needCommand("rsync")
        (self.directory / "data").mkdir()
        (self.directory / "data" / "file").write_bytes(os.urandom(300_000))
        configuration = self.write(
            f"use chroot = no\nlog file = {self.directory}/rsync.log\n[data]\n"
            f"path = {self.directory}/data\n"
            + (f"uid = {os.getuid()}\ngid = {os.getgid()}\n" if os.getuid() == 0 else ""),
            "rsyncd.conf",
        )
        port = self.freePort()
        self.start(f"{port} stream tcp nowait - {rsync} rsync --daemon --config={configuration}\n")
        for host in self.hosts():
            (self.directory / "copy").mkdir(exist_ok=True)
            copied = self.run_(rsync, "-a", f"rsync://{bracketed(host)}:{port}/data/file", "copy/")
            self.assertEqual((copied.returncode, copied.stderr), (0, ""))
            self.assertEqual(
                (self.directory / "copy" / "file").read_bytes(),
                (self.directory / "data" / "file").read_bytes(),
            )
            (self.directory / "copy" / "file").unlink()


class TftpTests(ServerTestCase):
    """
    C{in.tftpd}, the classic server of C{dgram udp wait}.
    """

    def test_getAndPut(self) -> None:
        """
        A file is fetched, and one is stored, over each family.
        """
        needRoot()  # in.tftpd changes its root directory
        server, client = needCommand("in.tftpd"), needCommand("tftp")
        userEntry("tftp")
        store = self.directory / "tftp"
        store.mkdir()
        store.chmod(0o777)
        (store / "file").write_bytes(b"from the server\n" * 1000)
        (store / "file").chmod(0o644)
        self.write("to the server\n" * 1000, "mine")
        port = self.freePort(socket.SOCK_DGRAM)
        daemon = self.start(
            f"{port} dgram udp wait root {server} in.tftpd --create --timeout 1 --secure {store}\n"
        )
        for host in self.hosts():
            got = self.run_(
                client, host, str(port), "-m", "binary", "-c", "get", "file", f"got-{len(host)}"
            )
            fetched = self.directory / f"got-{len(host)}"
            self.assertEqual(got.returncode, 0, got.stdout + got.stderr)
            self.assertEqual(fetched.read_bytes(), (store / "file").read_bytes(), daemon.log())
            put = self.run_(
                client, host, str(port), "-m", "binary", "-c", "put", "mine", f"put-{len(host)}"
            )
            self.assertEqual(put.returncode, 0, put.stdout + put.stderr)
            stored = store / f"put-{len(host)}"
            self.assertEqual(stored.read_text(), "to the server\n" * 1000)


class FtpTests(ServerTestCase):
    """
    inetutils' C{ftpd}.
    """

    def test_login(self) -> None:
        """
        It greets its client and asks who that is.
        """
        needRoot()
        server, client = needCommand("ftpd"), needCommand("ftp")
        port = self.freePort()
        self.start(f"{port} stream tcp nowait root {server} ftpd\n")
        for host in self.hosts():
            session = self.run_(
                client, "-n", "-v", host, str(port), input="user nobody-there secret\nquit\n"
            )
            self.assertIn("220 ", session.stdout)
            self.assertIn("331 ", session.stdout)
            self.assertIn("530 ", session.stdout)


class TelnetTests(ServerTestCase):
    """
    inetutils' C{telnetd}.
    """

    def test_prompt(self) -> None:
        """
        It negotiates with its client and runs the login program, whose prompt
        arrives.
        """
        needRoot()
        server = needCommand("telnetd")
        client = needCommand("inetutils-telnet", "telnet")
        # It stays until its client goes: telnetd throws away what has not been sent
        # when its program ends.
        login = self.script(
            "login", "#!/bin/sh\nprintf 'test login: '\nread name\necho hi $name\nread more\n"
        )
        port = self.freePort()
        self.start(f"{port} stream tcp nowait root {server} telnetd -E {login}\n")
        for host in self.hosts():
            process = subprocess.Popen(
                (client, host, str(port)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            try:
                assert process.stdin is not None and process.stdout is not None
                seen = b""
                while b"test login: " not in seen:
                    piece = os.read(process.stdout.fileno(), 4096)
                    self.assertTrue(piece, seen)
                    seen += piece
                process.stdin.write(b"root\n")
                process.stdin.flush()
                while b"hi root" not in seen:
                    piece = os.read(process.stdout.fileno(), 4096)
                    self.assertTrue(piece, seen)
                    seen += piece
            finally:
                process.kill()
                process.communicate()


class HttpTests(ServerTestCase):
    """
    C{busybox httpd -i}.
    """

    def test_fetch(self) -> None:
        """
        A page is fetched, over each family.
        """
        busybox, curl = needCommand("busybox"), needCommand("curl")
        applets = self.run_(busybox, "--list").stdout.split()
        name = "httpd"
        if name not in applets:
            self.skipTest("this busybox has no httpd")
        (self.directory / "index.html").write_text("a page\n")
        port = self.freePort()
        self.start(f"{port} stream tcp nowait - {busybox} httpd -i -h {self.directory}\n")
        for host in self.hosts():
            fetched = self.run_(curl, "-sS", "-g", f"http://{bracketed(host)}:{port}/")
            self.assertEqual((fetched.stdout, fetched.stderr), ("a page\n", ""))


class ShellTests(ServerTestCase):
    """
    A server of a few lines.
    """

    def test_dialogue(self) -> None:
        """
        It reads lines and answers each.
        """
        program = self.script(
            "server", '#!/bin/sh\nwhile read line; do echo "you said $line"; done\n'
        )
        port = self.freePort()
        self.start(f"{port} stream tcp nowait - {program}\n")
        for host in self.hosts():
            with self.connect(port, host) as connection:
                stream = connection.makefile("rw", newline="\n")
                for word in ("one", "two"):
                    stream.write(f"{word}\n")
                    stream.flush()
                    self.assertEqual(stream.readline(), f"you said {word}\n")


#: Serves what comes to the socket on descriptor 0 until nothing has come for a
#: moment, as servers for C{wait} do.
WAIT_SERVER = """\
import os, select, socket, sys
sock = socket.socket(fileno=0)
while select.select([sock], [], [], 0.3)[0]:
    if sock.type == socket.SOCK_DGRAM:
        data, peer = sock.recvfrom(65535)
        sock.sendto(b"%d " % os.getpid() + data, peer)
    else:
        connection, peer = sock.accept()
        connection.sendall(b"%d " % os.getpid() + connection.recv(100))
        connection.close()
"""


class WaitTests(ServerTestCase):
    """
    Servers that take the socket over.
    """

    def serve(self, name: str, type_: str, protocol: str) -> None:
        """
        Start the daemon with a wait service.
        """
        program = self.write(WAIT_SERVER, "server.py")
        self.daemon = self.start(
            f"{name} {type_} {protocol} wait - {sys.executable} python {program}\n"
        )

    def test_stream(self) -> None:
        """
        One server takes several connections; when it has ended, another takes
        the next.
        """
        port = self.freePort()
        self.serve(str(port), "stream", "tcp")
        for host in self.hosts():
            self.daemon.waitForLog("serving")
            answers = [self.ask(port, b"hello", host) for _ in range(3)]
            pids = {int(answer.split()[0]) for answer in answers}
            self.assertEqual({answer.split()[1] for answer in answers}, {b"hello"})
            self.assertEqual(len(pids), 1)
            ended = self.daemon.records(1, pid=str(pids.pop()))
            self.assertEqual(ended[0]["exit"], "0")
            self.assertTrue(self.ask(port, b"again", host).endswith(b" again"))

    def test_parallel(self) -> None:
        """
        Where several servers may share the socket, further ones are started while the
        others are busy, up to so many; and again when they have ended.
        """
        port = self.freePort()
        program = self.write(
            "import os, socket\n"
            "listener = socket.socket(fileno=os.dup(0))\n"
            "connection, _ = listener.accept()\n"
            "connection.sendall(b'%d\\n' % os.getpid())\n"
            "connection.recv(1)\n",
            "one.py",
        )
        self.daemon = self.start(
            f"127.0.0.1:{port} on protocol = tcp4, wait = yes, user = -, parallel = 2,"
            f" exec = {sys.executable}, args = python {program};\n"
        )
        first, second, third = (self.connect(port) for _ in range(3))
        pids = [connection.recv(100) for connection in (first, second)]
        self.assertEqual(len(set(pids)), 2)
        self.assertEqual(len(self.daemon.children()), 2)
        third.settimeout(0.5)
        self.assertRaises(TimeoutError, third.recv, 100)
        third.settimeout(30)
        first.close()
        self.assertNotIn(third.recv(100), pids)
        for connection in (second, third):
            connection.close()
        waitFor(lambda: not self.daemon.children(), "the servers' end")

    def test_datagrams(self) -> None:
        """
        So it is for datagrams.
        """
        port = self.freePort(socket.SOCK_DGRAM)
        self.serve(str(port), "dgram", "udp")
        for host in self.hosts():
            answers = [self.askDatagram(port, b"hello", host) for _ in range(3)]
            pids = {int(answer.split()[0]) for answer in answers}
            self.assertEqual({answer.split()[1] for answer in answers}, {b"hello"})
            self.assertEqual(len(pids), 1)
            self.daemon.records(1, pid=str(pids.pop()))
            self.assertTrue(self.askDatagram(port, b"again", host).endswith(b" again"))

    def test_unixStream(self) -> None:
        """
        So it is for connections to a unix socket.
        """
        path = self.directory / "socket"
        self.serve(str(path), "stream", "unix")
        for _ in range(3):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(PATIENCE)
                client.connect(str(path))
                client.sendall(b"hello")
                self.assertTrue(readAll(client).endswith(b" hello"))

    def test_unixDatagrams(self) -> None:
        """
        So it is for datagrams to a unix socket.
        """
        path = self.directory / "socket"
        self.serve(str(path), "dgram", "unix")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.settimeout(PATIENCE)
            client.bind(str(self.directory / "client"))
            for _ in range(3):
                client.sendto(b"hello", str(path))
                self.assertTrue(client.recv(100).endswith(b" hello"))

    def test_seqpacket(self) -> None:
        """
        A unix socket of type seqpacket accepts connections too.
        """
        path = self.directory / "socket"
        self.serve(str(path), "seqpacket", "unix")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            client.settimeout(PATIENCE)
            client.connect(str(path))
            client.send(b"hello")
            self.assertTrue(client.recv(100).endswith(b" hello"))

    def test_unread(self) -> None:
        """
        Servers that end without reading the datagram are not started for ever,
        and the next datagram is served.
        """
        port = self.freePort(socket.SOCK_DGRAM)
        flag = self.directory / "work"
        program = self.write(
            "import os, socket, sys\n"
            f"if os.path.exists({str(flag)!r}):\n"
            "    sock = socket.socket(fileno=0)\n"
            "    data, peer = sock.recvfrom(100)\n"
            "    sock.sendto(data, peer)\n",
            "lazy.py",
        )
        daemon = self.start(
            f"127.0.0.1:{port} dgram udp wait - {sys.executable} python {program}\n"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(PATIENCE)
            client.connect(("127.0.0.1", port))
            client.send(b"lost")
            daemon.waitForLog("dropped a datagram from")
            self.assertEqual(len(daemon.records(2)), 2)
            flag.touch()
            client.send(b"found")
            self.assertEqual(client.recv(100), b"found")
        self.assertEqual(len(daemon.records(3)), 3)

    def test_spoilt(self) -> None:
        """
        A server that leaves a listening socket useless costs its successors
        nothing.
        """
        port = self.freePort()
        program = self.write(
            "import socket\n"
            "sock = socket.socket(fileno=0)\n"
            "sock.accept()[0].sendall(b'once')\n"
            "sock.shutdown(socket.SHUT_RDWR)\n",
            "spoil.py",
        )
        daemon = self.start(
            f"127.0.0.1:{port} stream tcp wait - {sys.executable} python {program}\n"
        )
        self.assertEqual(self.ask(port), b"once")
        daemon.waitForLog("left its socket unusable")
        self.assertEqual(self.ask(port), b"once")

    def test_notStarted(self) -> None:
        """
        If the server cannot be started, the client is turned away and the next
        one is tried again.
        """
        program = self.directory / "program"
        port = self.freePort()
        daemon = self.start(f"127.0.0.1:{port} stream tcp wait - {program} program\n")
        self.assertEqual(self.ask(port), b"")
        daemon.records(1, verdict="failed")
        self.script("program", f"#!{sys.executable}\n{WAIT_SERVER}")
        self.assertTrue(self.ask(port, b"hello").endswith(b" hello"))


#: Answers every datagram of its own socket until nothing has come for a while.
NOWAIT_SERVER = """\
import os, select, socket
sock = socket.socket(fileno=0)
while select.select([sock], [], [], 1)[0]:
    data = sock.recv(65535)
    sock.send(b"%d %s %d" % (os.getpid(), data, sock.getpeername()[1]))
"""


class DatagramNowaitTests(ServerTestCase):
    """
    C{dgram nowait}: each peer has a server and a socket of its own.
    """

    def test_peers(self) -> None:
        """
        Each peer's datagrams go to its own server, whatever the order.
        """
        port = self.freePort(socket.SOCK_DGRAM)
        program = self.write(NOWAIT_SERVER, "server.py")
        self.start(f"127.0.0.1:{port} dgram udp nowait - {sys.executable} python {program}\n")
        clients = []
        for _ in range(5):
            client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(client.close)
            client.settimeout(PATIENCE)
            client.connect(("127.0.0.1", port))
            clients.append(client)
        servers: dict[int, set[bytes]] = {}
        for turn in range(3):
            for number, client in enumerate(clients):
                client.send(b"%d.%d" % (number, turn))
                pid, data, peer = client.recv(100).split()
                self.assertEqual(data, b"%d.%d" % (number, turn))
                self.assertEqual(int(peer), client.getsockname()[1])
                servers.setdefault(number, set()).add(pid)
        self.assertEqual([len(pids) for pids in servers.values()], [1] * 5)
        self.assertEqual(len(set.union(*servers.values())), 5)

    def test_together(self) -> None:
        """
        When many speak at once, nobody's server ever reads what another sent.
        """
        port = self.freePort(socket.SOCK_DGRAM)
        program = self.write(NOWAIT_SERVER, "server.py")
        self.start(f"127.0.0.1:{port} dgram udp nowait.0 - {sys.executable} python {program}\n")
        clients = []
        for _ in range(8):
            client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(client.close)
            client.settimeout(0.1)
            client.connect(("127.0.0.1", port))
            clients.append(client)
        unanswered = list(clients)
        for _ in range(100):
            for client in unanswered:
                client.send(b"%d" % client.getsockname()[1])
            still = []
            for client in unanswered:
                try:
                    answer = client.recv(100).split()
                except TimeoutError:
                    still.append(client)
                    continue
                self.assertEqual(int(answer[1]), client.getsockname()[1])
                self.assertEqual(int(answer[2]), client.getsockname()[1])
            unanswered = still
            if not unanswered:
                break
        self.assertEqual(unanswered, [])


class InternalTests(ServerTestCase):
    """
    The services that are answered by the daemon itself, with C{nc}.
    """

    def setUp(self) -> None:
        super().setUp()
        self.nc = needCommand("nc")
        self.ports = {
            name: self.freePort() for name in ("echo", "discard", "daytime", "chargen", "time")
        }
        self.daemon = self.start(
            "".join(
                f"{port} stream tcp nowait - internal {name}\n" for name, port in self.ports.items()
            )
        )

    def nc_(self, name: str, host: str, given: str) -> bytes:
        """
        What C{nc -N} gets of a service.
        """
        done = subprocess.run(
            (self.nc, "-N", host, str(self.ports[name])),
            input=given.encode(),
            capture_output=True,
            timeout=PATIENCE,
        )
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout

    def test_echo(self) -> None:
        """
        echo sends back all that it gets, also after its client has half-closed.
        """
        text = "0123456789" * 50_000
        for host in self.hosts():
            self.assertEqual(self.nc_("echo", host, text), text.encode())

    def test_discard(self) -> None:
        """
        discard sends nothing.
        """
        for host in self.hosts():
            self.assertEqual(self.nc_("discard", host, "text" * 1000), b"")

    def test_daytime(self) -> None:
        """
        daytime sends one line.
        """
        for host in self.hosts():
            self.assertRegex(
                self.nc_("daytime", host, ""),
                rb"\A\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\r\n\Z",
            )

    def test_time(self) -> None:
        """
        time sends 32 bits.
        """
        for host in self.hosts():
            self.assertEqual(len(self.nc_("time", host, "")), 4)

    def test_chargen(self) -> None:
        """
        chargen sends its pattern for as long as anybody reads.
        """
        for host in self.hosts():
            with self.connect(self.ports["chargen"], host) as connection:
                stream = connection.makefile("rb")
                lines = [stream.readline() for _ in range(100)]
            self.assertEqual({len(line) for line in lines}, {74})
            self.assertEqual(lines[1][:71], lines[0][1:72])
            self.assertEqual(lines[95], lines[0])


class FamilyTests(ServerTestCase):
    """
    Addresses and families.
    """

    def test_mappedPeer(self) -> None:
        """
        On a socket of both families, an IPv4 peer is recorded as such.
        """
        if not haveIPv6():
            self.skipTest("this machine has no IPv6")
        port = self.freePort()
        daemon = self.start(
            f"{port} stream tcp46 nowait - /bin/sh sh -c 'echo $TCPREMOTEIP $REMOTE_ADDR'\n"
        )
        self.assertEqual(self.ask(port), b"127.0.0.1 127.0.0.1\n")
        self.assertEqual(self.ask(port, host="::1"), b"::1 ::1\n")
        peers = [record["peer"].rpartition(":")[0] for record in daemon.records(2)]
        self.assertEqual(sorted(peers), ["127.0.0.1", "[::1]"])

    def test_oneService(self) -> None:
        """
        Both families are one service: its limit counts over both.
        """
        if not haveIPv6():
            self.skipTest("this machine has no IPv6")
        port = self.freePort()
        daemon = self.start(f"{port} stream tcp nowait.2 - /bin/echo echo yes\n")
        answers = [self.ask(port, host=host) for host in ("127.0.0.1", "::1", "127.0.0.1", "::1")]
        self.assertEqual(answers, [b"yes\n", b"yes\n", b"", b""])
        refused = daemon.records(2, verdict="refused")
        self.assertEqual({record["reason"] for record in refused}, {"starts-per-minute"})
