"""
What a server program finds when it begins, on every road that starts one.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.integration.support import (
    DaemonTestCase,
    needClone,
    needRoot,
    readAll,
    userEntry,
    waitFor,
)

#: Tells everything about the process that runs it, in sections.
PROBE = (
    "cat /proc/$$/status; echo [descriptors]; ls -l /proc/$$/fd; "
    "echo [limit]; ulimit -Sn; echo [umask]; umask; echo [directory]; pwd -P; "
    "echo [environment]; env; echo [end]"
)


def sections(report: bytes) -> dict[str, list[str]]:
    """
    The probe's report, by section.
    """
    found: dict[str, list[str]] = {}
    for line in report.decode().splitlines():
        if line.startswith("[") and line.endswith("]"):
            lines = found.setdefault(line[1:-1], [])
        else:
            lines.append(line)
    return found


def status(report: dict[str, list[str]]) -> dict[str, str]:
    """
    The fields of proc(5)'s status.
    """
    pairs = (line.partition(":") for line in report["status"])
    return {name: value.strip() for name, _, value in pairs}


if TYPE_CHECKING:
    _Base = DaemonTestCase
else:
    # Not to be collected by itself.
    _Base = object


class ChildTests(_Base):
    """
    What is the same whoever the server runs as.  The daemon is started with
    everything about it that a server must not inherit.
    """

    #: The user field of the line.
    user = "-"

    #: Options of the daemon.
    options: tuple[str, ...] = ()

    def probe(self, program: str = f"/bin/sh sh -c '{PROBE}'") -> dict[str, list[str]]:
        """
        Run the probe for one client.
        """
        port = self.freePort()
        self.start(
            f"127.0.0.1:{port} stream tcp nowait {self.user} {program}\n",
            *self.options,
            command=[
                "/bin/sh",
                "-c",
                "trap '' HUP INT QUIT TERM USR2; umask 077; ulimit -Sn 512;"
                ' exec 7</etc/passwd; exec "$@"',
                "sh",
            ],
            environment={"LD_BIND_NOW": "1", "TERM": "dumb", "KEPT": "yes", "REMOTE_HOST": "x"},
        )
        with self.connect(port) as connection:
            self.peer = connection.getsockname()
            self.server = connection.getpeername()
            return sections(b"[status]\n" + readAll(connection))

    def test_descriptors(self) -> None:
        """
        It has descriptors 0, 1 and 2, all of them the connection, and no other.
        """
        lines = [line for line in self.probe()["descriptors"] if "->" in line]
        names = {line.split()[-3]: line.split()[-1] for line in lines}
        self.assertEqual(set(names), {"0", "1", "2"})
        self.assertEqual(len(set(names.values())), 1)
        self.assertTrue(names["0"].startswith("socket:"), names)

    def test_signals(self) -> None:
        """
        No signal is ignored or blocked.
        """
        # Not by way of a shell, which blocks signals while it starts others.
        found = status(self.probe("/bin/cat cat /proc/self/status"))
        self.assertEqual(int(found["SigIgn"], 16), 0)
        self.assertEqual(int(found["SigBlk"], 16), 0)

    def test_session(self) -> None:
        """
        It leads a session of its own.
        """
        found = status(self.probe())
        if "NSsid" not in found:
            raise self.skipTest("this kernel does not tell")
        self.assertEqual(found["NSsid"], found["Pid"])

    def test_limit(self) -> None:
        """
        Its soft limit on descriptors is the one that the daemon was started with.
        """
        self.assertEqual(self.probe()["limit"], ["512"])

    def test_umask(self) -> None:
        """
        Its umask is 022 whatever the daemon's is.
        """
        self.assertEqual(self.probe()["umask"], ["0022"])

    def test_directory(self) -> None:
        """
        It starts in the root directory.
        """
        self.assertEqual(self.probe()["directory"], ["/"])

    def test_environment(self) -> None:
        """
        It is told who its client is in both families of names, keeps what is
        harmless of the daemon's environment, and gets nothing else.
        """
        lines = self.probe()["environment"]
        found = dict(line.split("=", 1) for line in lines)
        told = {
            "PROTO": "TCP",
            "TCPREMOTEIP": "127.0.0.1",
            "TCPREMOTEPORT": str(self.peer[1]),
            "TCPLOCALIP": "127.0.0.1",
            "TCPLOCALPORT": str(self.server[1]),
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_HOST": "127.0.0.1",
            "REMOTE_PORT": str(self.peer[1]),
            "KEPT": "yes",
        }
        self.assertEqual({name: found.get(name) for name in told}, told)
        self.assertNotIn("LD_BIND_NOW", found)
        self.assertIn("PATH", found)


class LocaleTests(DaemonTestCase):
    """
    What the daemon's own interpreter does to the environment.
    """

    def test_clean(self) -> None:
        """
        Nothing of it reaches a server: started with a path alone, that is all.
        """
        port = self.freePort()
        command = ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin"]
        self.start(f"127.0.0.1:{port} stream tcp nowait - /usr/bin/env env\n", command=command)
        names = {line.partition(b"=")[0] for line in self.ask(port).splitlines()}
        facts = {name for name in names if name.startswith((b"TCP", b"REMOTE_"))}
        self.assertEqual(names - facts, {b"PATH", b"PROTO", b"TXINETD_ID"})


class OwnIdentityTests(ChildTests, DaemonTestCase):
    """
    A server that runs as whoever runs the daemon.
    """

    def test_identity(self) -> None:
        """
        Nothing is switched.
        """
        found = status(self.probe())
        self.assertEqual(found["Uid"].split(), [str(os.getuid())] * 4)
        self.assertEqual(found["Gid"].split(), [str(os.getgid())] * 4)
        self.assertEqual(set(map(int, found["Groups"].split())), set(os.getgroups()))


class CloneIdentityTests(OwnIdentityTests):
    """
    The same by clone(2).
    """

    options = ("--road", "clone")

    def setUp(self) -> None:
        needClone()
        super().setUp()


class DirectIdentityTests(OwnIdentityTests):
    """
    The same by vfork(2).
    """

    options = ("--road", "direct")


class ForkIdentityTests(OwnIdentityTests):
    """
    The same by fork(2).
    """

    options = ("--road", "fork")


class LauncherIdentityTests(OwnIdentityTests):
    """
    The same by a launcher.
    """

    options = ("--road", "launcher")


class OtherIdentityTests(ChildTests, DaemonTestCase):
    """
    A server that runs as somebody else.
    """

    user = "nobody"

    def setUp(self) -> None:
        needRoot()
        self.entry = userEntry("nobody")
        super().setUp()

    def test_identity(self) -> None:
        """
        All of its ids are the user's, its groups are the user's, and it has no
        capabilities.
        """
        found = status(self.probe())
        self.assertEqual(found["Uid"].split(), [str(self.entry.pw_uid)] * 4)
        self.assertEqual(found["Gid"].split(), [str(self.entry.pw_gid)] * 4)
        groups = os.getgrouplist("nobody", self.entry.pw_gid)
        self.assertEqual(set(map(int, found["Groups"].split())), set(groups))
        self.assertEqual(int(found["CapPrm"], 16) | int(found["CapEff"], 16), 0)


class LauncherOtherIdentityTests(OtherIdentityTests):
    """
    The same by a launcher.
    """

    options = ("--road", "launcher")


class GroupTests(DaemonTestCase):
    """
    The forms of the user field that name a group.
    """

    def gid(self, field: str) -> str:
        """
        The group id of a server with a user field.
        """
        port = self.freePort()
        self.start(f"127.0.0.1:{port} stream tcp nowait {field} /usr/bin/id id -g\n")
        return self.ask(port).decode().strip()

    def test_named(self) -> None:
        """
        C{user:group}, C{user.group} and numbers each give that group.
        """
        needRoot()
        userEntry("nobody")
        self.assertEqual(
            [self.gid(field) for field in ("nobody:daemon", "nobody.daemon", "65534:12345")],
            ["1", "1", "12345"],
        )


class FailureTests(DaemonTestCase):
    """
    Servers that cannot be started.
    """

    def refused(self, line: str, *options: str) -> tuple[bytes, str]:
        """
        What the client of a line sees, and the reason in the record.
        """
        port = self.freePort()
        daemon = self.start(f"127.0.0.1:{port} stream tcp nowait {line}\n", *options)
        seen = self.ask(port, b"hello")
        return seen, daemon.records(1, verdict="failed")[0]["reason"]

    def test_missingProgram(self) -> None:
        """
        A program that is not there costs its client a clean close; the record
        names the step and the reason.
        """
        seen, reason = self.refused("- /nonexistent/program program")
        self.assertEqual((seen, reason), (b"", '"exec: No such file or directory"'))

    def test_missingProgramOfAnother(self) -> None:
        """
        So it is on the roads for other users.
        """
        needRoot()
        userEntry("nobody")
        for road in ("auto", "launcher"):
            seen, reason = self.refused("nobody /nonexistent/program program", "--road", road)
            self.assertEqual((seen, reason), (b"", '"exec: No such file or directory"'))

    def test_directForAnother(self) -> None:
        """
        Where only the direct road is allowed, a server of another user is not
        started: it would have the daemon's privileges.
        """
        needRoot()
        userEntry("nobody")
        port = self.freePort()
        daemon = self.start(
            f"127.0.0.1:{port} stream tcp nowait nobody /bin/sh sh -c 'id -u'\n",
            "--road",
            "direct",
        )
        self.assertEqual(self.ask(port), b"")
        (record,) = daemon.records(1, verdict="failed")
        self.assertEqual(record["reason"], '"direct: Operation not permitted"')

    def test_notExecutable(self) -> None:
        """
        A program that its user may not run is not run.
        """
        needRoot()
        userEntry("nobody")
        program = self.script("private", "#!/bin/sh\necho no\n")
        program.chmod(0o700)
        seen, reason = self.refused(f"nobody {program} private")
        self.assertEqual((seen, reason), (b"", '"exec: Permission denied"'))

    def test_notAProgram(self) -> None:
        """
        A file that is no program is not run.
        """
        program = self.script("data", "\x01\x02 nothing that runs\n")
        seen, reason = self.refused(f"- {program} data")
        self.assertEqual((seen, reason), (b"", '"exec: Exec format error"'))


class HandOverTests(_Base):
    """
    Whose the connection is, on every road.
    """

    #: The user field of the line.
    user = "-"

    #: Options of the daemon.
    options: tuple[str, ...] = ()

    def test_closedInDaemon(self) -> None:
        """
        The client sees the end of file as soon as the server closes, however
        long it then lives, because nobody else has the connection.
        """
        port = self.freePort()
        daemon = self.start(
            f"127.0.0.1:{port} stream tcp nowait {self.user} /bin/sh sh -c"
            " 'echo done; exec sleep 1000 <&- >&- 2>&-'\n",
            *self.options,
        )
        self.assertEqual(self.ask(port), b"done\n")
        child = waitFor(daemon.children, "the server")[0]
        os.kill(child, signal.SIGKILL)
        self.assertEqual(daemon.records(1)[0]["signal"], "9")

    def test_blocking(self) -> None:
        """
        The connection is in blocking mode.
        """
        port = self.freePort()
        self.start(
            f"127.0.0.1:{port} stream tcp nowait {self.user} /bin/sh sh -c"
            " 'grep ^flags /proc/$$/fdinfo/0'\n",
            *self.options,
        )
        flags = int(self.ask(port).split()[1], 8)
        self.assertEqual(flags & os.O_NONBLOCK, 0)

    def test_noZombies(self) -> None:
        """
        Servers that have ended are reaped, and leave no descriptor behind.
        """
        port = self.freePort()
        daemon = self.start(
            f"127.0.0.1:{port} stream tcp nowait.0 {self.user} /bin/true true\n", *self.options
        )
        self.ask(port)
        daemon.records(1)
        before = daemon.descriptors()
        for _ in range(50):
            self.ask(port)
        daemon.records(51)
        self.assertEqual(daemon.children(), [])
        self.assertEqual(daemon.descriptors(), before)

    def test_record(self) -> None:
        """
        One line tells service, peer, verdict, process, duration, exit status and
        processor time.
        """
        port = self.freePort()
        daemon = self.start(
            f"127.0.0.1:{port} stream tcp nowait {self.user} /bin/sh sh -c 'exit 3'\n",
            *self.options,
        )
        with self.connect(port) as connection:
            host, number = connection.getsockname()
            readAll(connection)
        (record,) = daemon.records(1)
        self.assertEqual(record["service"], str(port))
        self.assertEqual(record["peer"], f"{host}:{number}")
        self.assertEqual((record["verdict"], record["exit"]), ("served", "3"))
        self.assertLess(0, int(record["pid"]))
        self.assertLessEqual(0.0, float(record["cpu"]))
        self.assertLessEqual(0.0, float(record["duration"]))


class OwnHandOverTests(HandOverTests, DaemonTestCase):
    """
    To servers that run as whoever runs the daemon.
    """


class CloneHandOverTests(HandOverTests, DaemonTestCase):
    """
    By clone(2).
    """

    options = ("--road", "clone")

    def setUp(self) -> None:
        needClone()
        super().setUp()


class DirectHandOverTests(HandOverTests, DaemonTestCase):
    """
    By vfork(2).
    """

    options = ("--road", "direct")


class ForkHandOverTests(HandOverTests, DaemonTestCase):
    """
    By fork(2), as on systems that have nothing better.
    """

    options = ("--road", "fork")


class LauncherHandOverTests(HandOverTests, DaemonTestCase):
    """
    By a launcher that is nobody else.
    """

    options = ("--road", "launcher")


class OtherHandOverTests(HandOverTests, DaemonTestCase):
    """
    To servers that run as somebody else.
    """

    user = "nobody"

    def setUp(self) -> None:
        needRoot()
        userEntry("nobody")
        super().setUp()


class UnixTests(DaemonTestCase):
    """
    Servers behind a unix socket.
    """

    def test_stream(self) -> None:
        """
        The client is served, the server is told who it is, and the file has the
        mode of its kind while the daemon runs and is gone when it has stopped.
        """
        path = self.directory / "socket"
        daemon = self.start(
            f"{path} stream unix nowait - /bin/sh sh -c 'echo $PROTO $IPCREMOTEEUID; cat'\n"
        )
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(30)
            client.connect(str(path))
            client.sendall(b"hello")
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(readAll(client), f"IPC {os.getuid()}\nhello".encode())
        daemon.stop()
        self.assertFalse(path.exists())

    def test_ownerOfTheService(self) -> None:
        """
        The file belongs to the service's user.
        """
        needRoot()
        entry = userEntry("nobody")
        path = self.directory / "socket"
        self.start(f"{path} stream unix nowait nobody /bin/cat cat\n")
        found = path.stat()
        self.assertEqual((found.st_uid, found.st_gid), (entry.pw_uid, entry.pw_gid))

    def test_asked(self) -> None:
        """
        Owner, group and mode are those that the line asks for.
        """
        needRoot()
        path = self.directory / "socket"
        self.start(f":daemon:games:0660:{path} stream unix nowait - /bin/cat cat\n")
        found = path.stat()
        self.assertEqual((found.st_mode & 0o777, found.st_uid), (0o660, 1))
        self.assertEqual(Path(path).group(), "games")

    def test_abstract(self) -> None:
        """
        A socket without a file is served as well, and clients without one of their own or
        with a name of the same kind are shown readably.
        """
        if not sys.platform.startswith("linux"):
            raise self.skipTest("only Linux has them")
        name = f"txinetd-{os.getpid()}-{self.freePort()}"
        self.start(
            f"@{name} stream unix nowait - /bin/sh sh -c 'echo $IPCLOCALPATH $IPCREMOTEPATH'\n"
        )
        for own in ("", f"\0{name}-client"):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(30)
                if own:
                    client.bind(own)
                client.connect(f"\0{name}")
                told = readAll(client).decode().split()
            self.assertEqual(told, [f"@{name}", *([own.replace("\0", "@")] if own else [])])
