"""
Sun RPC services with Debian's rpcbind, in a network and a /run of their own.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.integration.support import (
    PATIENCE,
    Daemon,
    DaemonTestCase,
    haveIPv6,
    needCommand,
    needRoot,
    waitFor,
)

#: Brings up loopback, which a new network has down, and hides the machine's /run.
_PREPARE = """\
ip link set lo up && mount -t tmpfs tmpfs /run && mkdir /run/rpcbind && chmod 777 /run/rpcbind &&
mount -t tmpfs tmpfs /var/lib && echo ready && exec cat
"""

#: The services: a file for L{tests.integration.library}.
_SPECS = """\
from txinetd.spec import *
def rpc(name, number, first, last, kind, *hosts):
    path = b"/usr/sbin/rpc." + name.encode()
    return ServiceSpec(name, SocketType(kind), "rpc/", tuple(InetAddress(h, 0) for h in hosts),
                       True, Program(path, (path,)), Identity("root", 0, 0),
                       rpc=Rpc(number, name, first, last))
rusersd = lambda *hosts: rpc("rusersd", 100002, 2, 3, "dgram", *hosts)
rusersdStream = rpc("rusersd", 100002, 2, 3, "stream", "0.0.0.0")
rstatd = rpc("rstatd", 100001, 2, 4, "dgram", "0.0.0.0")
"""

#: A registration, as C{rpcinfo -p} shows it: program, version, transport, port.
Shown = tuple[int, int, str, int]


class RpcTests(DaemonTestCase):
    """
    Services are found by way of rpcbind.
    """

    def setUp(self) -> None:
        super().setUp()
        needRoot()
        for name in ("unshare", "nsenter", "ip", "rpcinfo", "rpcbind"):
            needCommand(name)
        self.server = needCommand("/usr/sbin/rpc.rusersd")
        needCommand("/usr/sbin/rpc.rstatd")
        holder = subprocess.Popen(
            ["unshare", "-n", "-m", "sh", "-c", _PREPARE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert holder.stdin is not None and holder.stdout is not None
        self.addCleanup(holder.wait, PATIENCE)
        self.addCleanup(holder.stdout.close)
        self.addCleanup(holder.stdin.close)
        self.assertEqual(holder.stdout.readline(), b"ready\n")
        self.within = ["nsenter", "-t", str(holder.pid), "-n", "-m"]
        self.rpcbind = self.startRpcbind()

    def startRpcbind(self) -> subprocess.Popen[bytes]:
        """
        Start rpcbind and wait until it answers.
        """
        process = subprocess.Popen(
            [*self.within, needCommand("rpcbind"), "-f"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(self.stopRpcbind, process)
        waitFor(lambda: self.rpcinfo("-p").returncode == 0, "rpcbind")
        return process

    def stopRpcbind(self, process: subprocess.Popen[bytes]) -> None:
        """
        End an rpcbind.
        """
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        process.wait(PATIENCE)

    def rpcinfo(self, *words: str) -> subprocess.CompletedProcess[str]:
        """
        Ask rpcbind, or a server that it knows.
        """
        return subprocess.run(
            [*self.within, needCommand("rpcinfo"), *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def shown(self) -> set[Shown]:
        """
        What is registered, besides rpcbind itself.
        """
        found = re.findall(
            r"^ *(\d+) +(\d+) +(\w+) +(\d+)", self.rpcinfo("-p").stdout, re.MULTILINE
        )
        all_ = {(int(a), int(b), transport, int(port)) for a, b, transport, port in found}
        return {entry for entry in all_ if entry[0] != 100000}

    def waitForPrograms(self, *programs: tuple[int, int, str]) -> set[Shown]:
        """
        Wait until just these programs, versions and transports are registered.
        """
        return waitFor(
            lambda: (
                (
                    (shown := self.shown())
                    and {entry[:3] for entry in shown} == set(programs)
                    and shown
                )
                or set()
            ),
            f"{programs} to be registered",
        )

    def serve(self, expression: str) -> Daemon:
        """
        Start a daemon.

        @param expression: makes its services.
        """
        self.specs(expression)
        logFile = self.directory / "log"
        words = [
            sys.executable,
            "-m",
            "tests.integration.library",
            str(self.directory / "specs.py"),
        ]
        with logFile.open("wb") as out:
            process = subprocess.Popen(
                [*self.within, f"--wd={Path(__file__).parents[2]}", *words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            )
        daemon = Daemon(process, logFile)
        self.addCleanup(self._finish, daemon)
        daemon.waitForLog("serving")
        return daemon

    def specs(self, expression: str) -> None:
        """
        Say what is to be served.
        """
        self.write(f"{_SPECS}specs = [{expression}]\n", "specs.py")

    def ready(self, transport: str, host: str, program: int, version: int) -> None:
        """
        Have a server found and started.
        """
        told = self.rpcinfo("-T", transport, host, str(program), str(version))
        self.assertEqual(
            told.stdout, f"program {program} version {version} ready and waiting\n", told.stderr
        )

    def test_onDemand(self) -> None:
        """
        Clients find a service and get its server, over UDP and TCP and both families.
        """
        hosts = '"0.0.0.0", "::"' if haveIPv6() else '"0.0.0.0"'
        daemon = self.serve(f"rusersd({hosts}), rusersdStream, rstatd")
        self.waitForPrograms(
            *((100002, version, transport) for version in (2, 3) for transport in ("tcp", "udp")),
            *((100001, version, "udp") for version in (2, 3, 4)),
        )
        self.assertNotIn("verdict=", daemon.log())
        self.ready("udp", "127.0.0.1", 100002, 3)
        self.ready("tcp", "127.0.0.1", 100002, 3)
        self.ready("udp", "127.0.0.1", 100001, 3)
        if haveIPv6():
            self.ready("udp6", "::1", 100002, 2)
        daemon.records(2 + haveIPv6(), service="rusersd", verdict="served")
        daemon.records(1, service="rstatd", verdict="served")

    def test_restarted(self) -> None:
        """
        An rpcbind that is started anew is told everything again.
        """
        daemon = self.serve('rusersd("0.0.0.0")')
        before = self.waitForPrograms((100002, 2, "udp"), (100002, 3, "udp"))
        self.stopRpcbind(self.rpcbind)
        daemon.waitForLog("not registered: .*onnection refused")
        self.startRpcbind()
        self.assertEqual(self.waitForPrograms((100002, 2, "udp"), (100002, 3, "udp")), before)
        daemon.waitForLog("registered with rpcbind again")
        self.ready("udp", "127.0.0.1", 100002, 3)

    def test_reload(self) -> None:
        """
        A reload leaves alone what is as before, takes out what has gone, and
        registers what has come.
        """
        daemon = self.serve('rusersd("0.0.0.0"), rusersdStream')
        udp = ((100002, 2, "udp"), (100002, 3, "udp"))
        before = self.waitForPrograms(*udp, (100002, 2, "tcp"), (100002, 3, "tcp"))
        self.specs('rstatd, rusersd("0.0.0.0")')
        daemon.send(signal.SIGHUP)
        after = self.waitForPrograms(*udp, *((100001, version, "udp") for version in (2, 3, 4)))
        self.assertEqual(
            {entry for entry in before if entry[2] == "udp"},
            {entry for entry in after if entry[0] == 100002},
        )
        # Each of them has been registered once.
        self.assertEqual(len(re.findall("100002 version .: registered for udp ", daemon.log())), 2)
        self.assertEqual(len(re.findall("unregistered for udp", daemon.log())), 0)

    def test_versions(self) -> None:
        """
        One more version of a service is registered at the port that it has.
        """
        daemon = self.serve('rusersd("0.0.0.0")')
        before = self.waitForPrograms((100002, 2, "udp"), (100002, 3, "udp"))
        self.specs('rpc("rusersd", 100002, 2, 4, "dgram", "0.0.0.0")')
        daemon.send(signal.SIGHUP)
        after = self.waitForPrograms(*((100002, version, "udp") for version in (2, 3, 4)))
        self.assertEqual({entry[3] for entry in after}, {entry[3] for entry in before})

    def test_stop(self) -> None:
        """
        A daemon that stops takes everything out, but not what others have registered.
        """
        daemon = self.serve('rusersd("0.0.0.0"), rstatd')
        waitFor(lambda: len(self.shown()) == 5, "the registrations")
        subprocess.run(
            [*self.within, sys.executable, "-I", "-c", _OTHER], check=True, timeout=PATIENCE
        )
        self.assertEqual(len(self.shown()), 6)
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual({entry[0] for entry in self.shown()}, {200001})

    def test_killed(self) -> None:
        """
        So it is when the daemon is killed.
        """
        daemon = self.serve('rusersd("0.0.0.0")')
        self.waitForPrograms((100002, 2, "udp"), (100002, 3, "udp"))
        daemon.stop(signal.SIGKILL)
        waitFor(lambda: not self.shown(), "the registrations to go")

    def test_hung(self) -> None:
        """
        An rpcbind that does not answer keeps neither clients waiting nor the daemon
        from stopping.
        """
        daemon = self.serve('rusersd("0.0.0.0"), rusersdStream')
        ports = {
            entry[2]: entry[3]
            for entry in self.waitForPrograms(
                *(
                    (100002, version, transport)
                    for version in (2, 3)
                    for transport in ("tcp", "udp")
                )
            )
        }
        self.rpcbind.send_signal(signal.SIGSTOP)
        self.specs("rusersdStream")
        daemon.send(signal.SIGHUP)
        daemon.waitForLog("1 stopped")
        address = f"127.0.0.1.{ports['tcp'] >> 8}.{ports['tcp'] & 255}"
        told = self.rpcinfo("-a", address, "-T", "tcp", "100002", "3")
        self.assertEqual(told.stdout, "program 100002 version 3 ready and waiting\n", told.stderr)
        self.assertEqual(daemon.stop(), 0)
        self.assertIn("leaving what is registered", daemon.log())


#: Registers what nobody else may take out.
_OTHER = """\
import ctypes
library = ctypes.CDLL("libtirpc.so.3")
library.getnetconfigent.restype = library.uaddr2taddr.restype = ctypes.c_void_p
config = ctypes.c_void_p(library.getnetconfigent(b"udp"))
address = ctypes.c_void_p(library.uaddr2taddr(config, b"0.0.0.0.9.9"))
assert library.rpcb_set(200001, 1, config, address)
"""
