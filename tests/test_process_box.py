"""
Tests for what a server is kept in, read back from inside it, on each road that can
do it.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import inlineCallbacks
from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest, TestCase

from tests.process_support import SELF, Pair, Recording, reactor
from txinetd.errors import SpawnError
from txinetd.process.launch.vfork import isSupported
from txinetd.process.spawner import Road, Spawner
from txinetd.spec import Box, Identity

if TYPE_CHECKING:
    _Base = TestCase
else:
    # Not to be collected by itself.
    _Base = object

#: Somebody who is nobody here.
OTHER = Identity("other", 60001, 60002, (60002,))

CAP_NET_BIND_SERVICE, CAP_CHOWN, CAP_SYS_RESOURCE = 10, 0, 24


def capabilities() -> int:
    """
    The capabilities of this process.
    """
    text = Path("/proc/self/status").read_text()
    return int(re.findall(r"^CapEff:\s*(\w+)", text, re.MULTILINE)[0], 16)


class BoxTests(_Base):
    """
    What every road does.
    """

    name: Road = "fork"

    def setUp(self) -> None:
        if self.name == "launcher" and not isSupported():
            raise SkipTest("this system or interpreter has no launchers")
        self.spawner = Spawner(reactor, road=self.name)
        self.addCleanup(self.finish)

    @inlineCallbacks
    def finish(self) -> Any:
        """
        Let the launchers go, and wait until they have.
        """
        self.spawner.close()
        while self.spawner.reaper.pids:
            yield deferLater(reactor, 0.001)

    @inlineCallbacks
    def run_(
        self, box: Box, script: str, identity: Identity = SELF, shell: bytes = b"/bin/sh"
    ) -> Any:
        """
        What a shell in a box says; or the L{SpawnError}.
        """
        pair = Pair()
        self.addCleanup(pair.close)
        protocol = Recording()
        number = pair.server.fileno()
        road: Any = self.spawner.choose(identity, box)
        road.spawnProcess(
            protocol,
            shell,
            (b"sh", b"-c", script.encode()),
            [b"PATH=/bin:/usr/bin"],
            childFDs={0: number, 1: number, 2: number},
        )
        reason = yield protocol.ended
        if isinstance(reason, SpawnError):
            self.assertEqual(pair.read(), b"")
            return reason
        return pair.read().decode().strip()

    def needRoot(self) -> None:
        """
        Skip where there is no root.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root can do that")

    @inlineCallbacks
    def test_umask(self) -> Any:
        """
        The mask is set.
        """
        said = yield self.run_(Box(umask=0o027), "umask")
        self.assertEqual(said, "0027")

    @inlineCallbacks
    def test_directory(self) -> Any:
        """
        The directory is where it starts.
        """
        said = yield self.run_(Box(directory=b"/usr"), "pwd -P")
        self.assertEqual(said, "/usr")

    @inlineCallbacks
    def test_limits(self) -> Any:
        """
        Resource limits are set, soft and hard.
        """
        limits = (
            (resource.RLIMIT_NOFILE, 30, 40),
            (resource.RLIMIT_CPU, 7, 8),
            (resource.RLIMIT_CORE, 0, 0),
            (resource.RLIMIT_FSIZE, 5120, 10240),
        )
        said = yield self.run_(
            Box(limits=limits),
            "echo $(ulimit -Sn) $(ulimit -Hn) $(ulimit -St) $(ulimit -Ht) $(ulimit -Hc)"
            " $(ulimit -Sf) $(ulimit -Hf)",
        )
        self.assertEqual(said, "30 40 7 8 0 10 20")

    @inlineCallbacks
    def test_tooHighLimit(self) -> Any:
        """
        A limit that cannot be had is a reason not to start.
        """
        if os.geteuid() == 0:
            identity, hard = OTHER, resource.RLIM_INFINITY
        else:
            identity, hard = SELF, resource.RLIM_INFINITY
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] == hard:
            raise SkipTest("everything is allowed here")
        raised = yield self.run_(
            Box(limits=((resource.RLIMIT_NOFILE, 10, hard),)), "echo no", identity
        )
        self.assertEqual(raised.step, "setrlimit")

    @inlineCallbacks
    def test_raised(self) -> Any:
        """
        What only root may have, an ordinary user's server has when root starts it.
        """
        self.needRoot()
        said = yield self.run_(
            Box(nice=-3, ioPriority=(1, 3)), "cut -d' ' -f19 /proc/$$/stat; ionice -p $$", OTHER
        )
        self.assertEqual(said, "-3\nrealtime: prio 3")

    @inlineCallbacks
    def test_raisedResources(self) -> Any:
        """
        The same for limits above those of the daemon, and for being spared.
        """
        self.needRoot()
        if not capabilities() & 1 << CAP_SYS_RESOURCE:
            raise SkipTest("this root lacks CAP_SYS_RESOURCE")
        said = yield self.run_(
            Box(limits=((resource.RLIMIT_RTPRIO, 4, 5),), outOfMemory=-200),
            "grep 'realtime priority' /proc/$$/limits; cat /proc/$$/oom_score_adj",
            OTHER,
        )
        self.assertEqual(said.split()[-3:], ["4", "5", "-200"])

    @inlineCallbacks
    def test_nice(self) -> Any:
        """
        Niceness is set.
        """
        said = yield self.run_(Box(nice=7), "cut -d' ' -f19 /proc/$$/stat")
        self.assertEqual(said, "7")

    @inlineCallbacks
    def test_ioPriority(self) -> Any:
        """
        So is the priority of input and output.
        """
        said = yield self.run_(Box(ioPriority=(2, 6)), "ionice -p $$")
        self.assertEqual(said, "best-effort: prio 6")

    @inlineCallbacks
    def test_outOfMemory(self) -> Any:
        """
        So is how ready the kernel is to end it.
        """
        for identity in (SELF, OTHER) if os.geteuid() == 0 else (SELF,):
            said = yield self.run_(Box(outOfMemory=321), "cat /proc/$$/oom_score_adj", identity)
            self.assertEqual(said, "321")

    @inlineCallbacks
    def test_affinity(self) -> Any:
        """
        It runs on the processors that are named.
        """
        last = max(os.sched_getaffinity(0))
        said = yield self.run_(
            Box(affinity=frozenset({last})), "grep Cpus_allowed_list /proc/$$/status"
        )
        self.assertEqual(said.split()[1], str(last))

    @inlineCallbacks
    def test_noNewPrivileges(self) -> Any:
        """
        It cannot gain privileges.
        """
        said = yield self.run_(Box(noNewPrivileges=True), "grep NoNewPrivs /proc/$$/status")
        self.assertEqual(said.split()[1], "1")

    @inlineCallbacks
    def test_groups(self) -> Any:
        """
        The groups are those of the list.
        """
        self.needRoot()
        said = yield self.run_(Box(groups=(60003, 60004)), "grep Groups /proc/$$/status", OTHER)
        self.assertEqual(said.split()[1:], ["60003", "60004"])

    @inlineCallbacks
    def test_bounding(self) -> Any:
        """
        The bounding set holds what is named.
        """
        self.needRoot()
        box = Box(bounding=frozenset({CAP_CHOWN, CAP_NET_BIND_SERVICE}))
        for identity in (OTHER, SELF):
            said = yield self.run_(box, "grep CapBnd /proc/$$/status", identity)
            self.assertEqual(int(said.split()[1], 16), 1 << 10 | 1)

    @inlineCallbacks
    def test_ambient(self) -> Any:
        """
        An ordinary user has the capabilities that are named, and no other.
        """
        self.needRoot()
        box = Box(ambient=frozenset({CAP_NET_BIND_SERVICE}))
        said = yield self.run_(box, "grep -E 'Cap(Eff|Prm|Amb)' /proc/$$/status", OTHER)
        values = {line.split()[0]: int(line.split()[1], 16) for line in said.splitlines()}
        self.assertEqual(set(values.values()), {1 << CAP_NET_BIND_SERVICE})

    @inlineCallbacks
    def test_chroot(self) -> Any:
        """
        Its root directory is another.
        """
        self.needRoot()
        busybox = "/bin/busybox"
        if not os.path.exists(busybox):
            raise SkipTest("busybox is not installed")
        root = os.path.abspath(self.mktemp())
        os.makedirs(root)
        shutil.copy(busybox, f"{root}/sh")
        needed = subprocess.run(["ldd", busybox], capture_output=True, text=True).stdout
        for library in re.findall(r"(/\S+) \(", needed):
            os.makedirs(root + os.path.dirname(library), exist_ok=True)
            shutil.copy(library, root + library)
        box = Box(chroot=root.encode(), outOfMemory=123)
        said = yield self.run_(box, "echo /s*; pwd", SELF, b"/sh")
        self.assertEqual(said, "/sh\n/")

    @inlineCallbacks
    def test_impossible(self) -> Any:
        """
        What cannot be done is a reason not to start, and the step is told.
        """
        for box, step in (
            (Box(chroot=b"/nonexistent"), "chroot"),
            (Box(affinity=frozenset({1000})), "affinity"),
            (Box(directory=b"/nonexistent"), "chdir"),
            (Box(outOfMemory=5000), "oom_score_adj"),
            (Box(ioPriority=(9, 9)), "ioprio"),
            (Box(nice=99), "nice"),
        ):
            raised = yield self.run_(box, "echo no")
            self.assertIsInstance(raised, SpawnError, step)
            self.assertEqual(raised.step, step)

    @inlineCallbacks
    def test_noWayBack(self) -> Any:
        """
        The server cannot become root again.
        """
        self.needRoot()
        said = yield self.run_(
            Box(), "exec python3 -c 'import os; os.setresuid(0, 0, 0)' 2>&1 | tail -n 1", OTHER
        )
        self.assertIn("Operation not permitted", said)


class ForkBoxTests(BoxTests, TestCase):
    """
    The fork road.
    """

    name: Road = "fork"


class LauncherBoxTests(BoxTests, TestCase):
    """
    The launcher road.
    """

    name: Road = "launcher"
