"""
The commands C{inetd} and C{txinetd} after each way of installing the project.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.integration.support import PATIENCE, readAll, waitFor

CHECKOUT = Path(__file__).parents[2]

#: Set where something else tests what this package looks like when installed.
SWITCH = "TXINETD_SKIP_PACKAGING"


if TYPE_CHECKING:
    _Base = SynchronousTestCase
else:
    # Not to be collected by itself.
    _Base = object


class InstalledTests(_Base):
    """
    What works in a virtual environment of its own, however the project came into
    it.
    """

    #: Arguments of C{pip install}, after the checkout's copy.
    how: ClassVar[list[str]] = []
    root: ClassVar[Path]
    problem: ClassVar[Exception | None] = None

    def setUp(self) -> None:
        """
        Install, once for all tests.
        """
        if os.environ.get(SWITCH):
            raise SkipTest(f"{SWITCH} is set")
        if "root" not in type(self).__dict__:
            type(self).problem = self.install()
        if self.problem is not None:
            raise self.problem

    @classmethod
    def install(cls) -> Exception | None:
        """
        Install into a new virtual environment, which is removed when the tests
        are over (trial knows no tearDownClass).

        @return: what keeps the tests from being run.
        """
        cls.root = Path(tempfile.mkdtemp(prefix="txinetd-packaging-"))
        atexit.register(shutil.rmtree, cls.root, ignore_errors=True)
        source = cls.root / "source"
        ignored = shutil.ignore_patterns(
            ".git", ".*_cache", ".hypothesis", ".venv*", "*.egg-info", "build", "dist",
            "__pycache__", "dropin.cache", "_trial_temp*",
        )  # fmt: skip
        shutil.copytree(CHECKOUT, source, ignore=ignored)
        for words in (
            [sys.executable, "-m", "venv", str(cls.root / "venv")],
            [str(cls.bin("python")), "-m", "pip", "install", "-q", *cls.how, str(source)],
        ):
            done = subprocess.run(words, capture_output=True, text=True)
            if done.returncode != 0:
                if "No matching distribution" in done.stderr or "ensurepip" in done.stdout:
                    return SkipTest("there is no package index, or no venv, here")
                return AssertionError(done.stdout + done.stderr)
        return None

    @classmethod
    def bin(cls, name: str) -> Path:
        """
        A program of the virtual environment.
        """
        return cls.root / "venv" / "bin" / name

    def caches(self, present: bool) -> None:
        """
        Have Twisted's caches of plugins, or have none.
        """
        for directory in (self.root / "venv", self.root / "source"):
            for cache in directory.rglob("dropin.cache"):
                cache.unlink()
        if present:
            # Written by whoever looks for plugins.
            self.say("twistd", "--help")
            assert list((self.root / "venv").rglob("dropin.cache"))

    def say(self, *words: str) -> str:
        """
        Run a program of the virtual environment to its end.
        """
        done = subprocess.run(
            [str(self.bin(words[0])), *words[1:]],
            capture_output=True,
            text=True,
            timeout=PATIENCE * 2,
            cwd=self.root,
        )
        return done.stdout + done.stderr

    def serves(self, *words: str) -> None:
        """
        Start a daemon and ask it something.
        """
        with socket.create_server(("127.0.0.1", 0)) as chosen:
            port = chosen.getsockname()[1]
        configuration = self.root / "inetd.conf"
        configuration.write_text(f"127.0.0.1:{port} stream tcp nowait - /bin/echo echo served\n")
        with (self.root / "log").open("wb") as log:
            daemon = subprocess.Popen(
                [str(self.bin(words[0])), *words[1:], "-f", str(configuration)],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.root,
            )
        try:

            def answer() -> bytes:
                assert daemon.poll() is None, (self.root / "log").read_text()
                with (
                    contextlib.suppress(ConnectionRefusedError),
                    socket.create_connection(("127.0.0.1", port), PATIENCE) as client,
                ):
                    return readAll(client)
                return b""

            self.assertEqual(waitFor(answer, "an answer"), b"served\n")
        finally:
            daemon.terminate()
            daemon.wait()

    def test_twistd(self) -> None:
        """
        C{twistd inetd} is ours without a cache of plugins.
        """
        self.caches(False)
        self.assertIn("--default-address", self.say("twistd", "inetd", "--help"))
        self.caches(False)
        self.serves("twistd", "--nodaemon", "--pidfile=", "inetd")

    def test_twistdWithCache(self) -> None:
        """
        And so it is with one.
        """
        self.caches(True)
        self.assertIn("--default-address", self.say("twistd", "inetd", "--help"))
        self.serves("twistd", "--nodaemon", "--pidfile=", "inetd")

    def test_twist(self) -> None:
        """
        C{twist inetd} is ours without a cache of plugins.
        """
        self.caches(False)
        self.assertIn("--default-address", self.say("twist", "inetd", "--help"))
        self.caches(False)
        self.serves("twist", "inetd")

    def test_twistWithCache(self) -> None:
        """
        And so it is with one.
        """
        self.caches(True)
        self.assertIn("--default-address", self.say("twist", "inetd", "--help"))
        self.serves("twist", "inetd")

    def test_otherName(self) -> None:
        """
        C{txinetd} is the same.
        """
        self.caches(False)
        self.serves("twistd", "--nodaemon", "--pidfile=", "txinetd")
        self.serves("twist", "txinetd")

    def test_twistedsOwn(self) -> None:
        """
        Twisted's own is to be had under another name.
        """
        self.assertNotIn("Service name and group", self.say("twistd", "inetd", "--help"))
        self.assertIn("--rpc", self.say("twistd", "twisted-inetd", "--help"))

    def test_check(self) -> None:
        """
        A configuration can be checked.
        """
        configuration = self.root / "inetd.conf"
        configuration.write_text("7777 stream tcp nowait - internal echo\n")
        said = self.say("twistd", "inetd", "-f", str(configuration), "--check")
        self.assertIn("1 service in 1 file: 0 errors", said)


class WheelTests(InstalledTests, SynchronousTestCase):
    """
    Installed.
    """


class EditableTests(InstalledTests, SynchronousTestCase):
    """
    Installed so that the checkout itself is used.
    """

    how: ClassVar[list[str]] = ["-e"]
