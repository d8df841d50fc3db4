"""
Tests for L{txinetd.process.remote}.
"""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from txinetd.process.remote import isRemote, mounts


class MountTests(SynchronousTestCase):
    """
    Tests for L{mounts}.
    """

    def test_table(self) -> None:
        """
        Each directory is there with its type; the later mount counts.
        """
        path = self.mktemp()
        with open(path, "w") as table:
            table.write(
                "22 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"
                "30 22 0:5 / /srv/my\\040files rw - nfs4 host:/x rw\n"
                "31 30 0:6 / /srv/my\\040files rw,noatime master:2 - tmpfs none rw\n"
            )
        self.assertEqual(mounts(path), {b"/": "ext4", b"/srv/my files": "tmpfs"})

    def test_none(self) -> None:
        """
        Where the system has no table, nothing is mounted.
        """
        self.assertEqual(mounts("/nonexistent"), {})

    def test_real(self) -> None:
        """
        The system's own has a root directory.
        """
        if not os.path.exists("/proc/self/mountinfo"):
            raise self.skipTest("no proc(5)")
        self.assertIn(b"/", mounts())


class RemoteTests(SynchronousTestCase):
    """
    Tests for L{isRemote}.
    """

    def setUp(self) -> None:
        self.home = os.path.realpath(self.mktemp()).encode()
        os.makedirs(self.home + b"/local/bin")
        self.table = {b"/": "ext4", self.home + b"/net": "nfs4"}

    def test_local(self) -> None:
        """
        A file of the root file system is not.
        """
        with open(self.home + b"/local/bin/server", "w"):
            self.assertFalse(isRemote(self.home + b"/local/bin/server", self.table))

    def test_remote(self) -> None:
        """
        One beneath a remote mount is, though nothing of it can be seen.
        """
        self.assertTrue(isRemote(self.home + b"/net/bin/server", self.table))

    def test_userSpace(self) -> None:
        """
        So is one of a file system that another process serves.
        """
        table = {b"/": "ext4", self.home + b"/net": "fuse.sshfs"}
        self.assertTrue(isRemote(self.home + b"/net/server", table))

    def test_similarName(self) -> None:
        """
        A directory whose name only begins like that of a mount is another.
        """
        os.makedirs(self.home + b"/network")
        self.assertFalse(isRemote(self.home + b"/network/server", self.table))

    def test_links(self) -> None:
        """
        Symbolic links are followed, of directories and relative ones too.
        """
        os.symlink(self.home + b"/net/bin/server", self.home + b"/local/bin/absolute")
        os.symlink(b"../../net", self.home + b"/local/bin/relative")
        self.assertTrue(isRemote(self.home + b"/local/bin/absolute", self.table))
        self.assertTrue(isRemote(self.home + b"/local/bin/relative/server", self.table))

    def test_ring(self) -> None:
        """
        A ring of links ends.
        """
        os.symlink(self.home + b"/ring", self.home + b"/ring")
        self.assertFalse(isRemote(self.home + b"/ring", self.table))
