"""
Tests for L{txinetd.internal.ident.users}.
"""

from __future__ import annotations

import os
import pwd
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from txinetd.internal.ident.users import User, Users, fakeName, filesOf, isHidden

#: An ordinary user's ids, whoever that is.
OTHER = User("other", 60001, 60002, "/")


def entry(name: str, uid: int) -> pwd.struct_passwd:
    """
    A line of passwd(5).
    """
    return pwd.struct_passwd((name, "x", uid, uid, "", f"/home/{name}", "/bin/sh"))


class UsersTests(SynchronousTestCase):
    """
    Tests for L{Users}.
    """

    def setUp(self) -> None:
        self.now = 0.0
        self.looked: list[int] = []
        self.users = Users(self.look, lambda: self.now)

    def look(self, uid: int) -> pwd.struct_passwd:
        """
        Look up; there are users up to 1000.
        """
        self.looked.append(uid)
        if uid > 1000:
            raise KeyError(uid)
        return entry(f"u{uid}", uid)

    def test_found(self) -> None:
        """
        A user is found.
        """
        self.assertEqual(self.users.byId(7), User("u7", 7, 7, "/home/u7"))

    def test_remembered(self) -> None:
        """
        What was found is remembered for a minute, and so is that nothing was.
        """
        for uid, name in ((7, "u7"), (2000, None)):
            for _ in range(3):
                user = self.users.byId(uid)
                self.assertEqual(user and user.name, name)
        self.assertEqual(self.looked, [7, 2000])
        self.now = 60.0
        self.users.byId(7)
        self.assertEqual(self.looked, [7, 2000, 7])

    def test_bounded(self) -> None:
        """
        Not everybody is remembered.
        """
        self.patch(Users, "most", 2)
        for uid in (1, 2, 3, 3, 2, 1):
            self.users.byId(uid)
        self.assertEqual(self.looked, [1, 2, 3, 1])


class FileTestCase(SynchronousTestCase):
    """
    Has a home directory.
    """

    def setUp(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="txinetd-test-"))
        self.home.chmod(0o755)
        self.addCleanup(self.remove)
        self.me = User("me", os.geteuid(), os.getegid(), str(self.home))

    def remove(self) -> None:
        """
        Remove it.
        """
        for path in self.home.iterdir():
            path.unlink()
        self.home.rmdir()

    def other(self) -> User:
        """
        Give it to another user.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root can become another user")
        os.chown(self.home, OTHER.uid, OTHER.gid)
        return attrs.evolve(OTHER, home=str(self.home))

    def put(self, data: bytes, mode: int = 0o644) -> Path:
        """
        Write a file C{.fakeid}.
        """
        path = self.home / ".fakeid"
        path.write_bytes(data)
        path.chmod(mode)
        return path


class FakeTests(FileTestCase):
    """
    Tests for L{fakeName}.
    """

    def test_word(self) -> None:
        """
        The first word counts, as far as a name may be long.
        """
        self.assertIsNone(fakeName(self.me))
        for data, name in (
            (b"somebody\n", "somebody"),
            (b"  some body\nelse\n", "some"),
            (b"n" * 1000000, "n" * 32),
            (b"", None),
            (b"\n\n", None),
            (b"\xff\n", None),
            (b"a\0b\n", None),
        ):
            self.put(data)
            self.assertEqual(fakeName(self.me), name)

    def test_link(self) -> None:
        """
        A symbolic link is not followed.
        """
        path = self.home / "elsewhere"
        path.write_bytes(b"secret\n")
        (self.home / ".fakeid").symlink_to(path)
        self.assertIsNone(fakeName(self.me))

    def test_pipe(self) -> None:
        """
        What is no file is not read, and does not keep anybody waiting.
        """
        os.mkfifo(self.home / ".fakeid")
        self.assertIsNone(fakeName(self.me))

    def test_notTheirs(self) -> None:
        """
        A file that is not the user's is not read, though the user, or one of this
        process's groups, could read it.
        """
        user = self.other()
        path = self.put(b"secret\n", 0o644)
        self.assertIsNone(fakeName(user))
        os.chown(path, user.uid, user.gid)
        self.assertEqual(fakeName(user), "secret")

    def test_rights(self) -> None:
        """
        It is read with the user's rights: who may not enter a directory is not served
        from there.
        """
        user = self.other()
        os.chown(self.put(b"secret\n"), user.uid, user.gid)
        os.chown(self.home, 0, 0)
        self.home.chmod(0o700)
        self.assertIsNone(fakeName(user))


class HiddenTests(FileTestCase):
    """
    Tests for L{isHidden}.
    """

    def test_file(self) -> None:
        """
        Who has such a file is hidden, whatever is in it, and even if it is a link to
        nowhere.
        """
        self.assertFalse(isHidden(self.me))
        (self.home / ".noident").symlink_to("/no/such/file")
        self.assertTrue(isHidden(self.me))

    def test_noHome(self) -> None:
        """
        Who has no home has no such file.
        """
        self.assertFalse(isHidden(attrs.evolve(self.me, home="/no/such/home")))
        self.assertFalse(isHidden(attrs.evolve(self.me, home="/dev/null")))

    def test_unknown(self) -> None:
        """
        Where it cannot be seen whether there is one, the user is hidden.
        """
        user = self.other()
        os.chown(self.home, 0, 0)
        self.home.chmod(0o700)
        self.assertTrue(isHidden(user))


class RightsTests(SynchronousTestCase):
    """
    Tests for L{filesOf}.
    """

    def rights(self) -> tuple[str, str]:
        """
        The ids that this thread's access to files goes by.
        """
        status = Path(f"/proc/self/task/{threading.get_native_id()}/status").read_text()
        words = {line.split(":")[0]: line.split() for line in status.splitlines()}
        return words["Uid"][4], words["Gid"][4]

    def test_theirs(self) -> None:
        """
        Within, this thread has the user's rights, and no other thread; afterwards it
        has its own, also when something was wrong.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root can become another user")
        before = self.rights()
        helper = ThreadPoolExecutor(1)
        self.addCleanup(helper.shutdown)
        # A new thread has the rights of the one that starts it.
        helper.submit(self.rights).result()
        with self.assertRaises(ZeroDivisionError), filesOf(OTHER):
            self.assertEqual(self.rights(), ("60001", "60002"))
            self.assertEqual(helper.submit(self.rights).result(), before)
            raise ZeroDivisionError
        self.assertEqual(self.rights(), before)

    def test_refused(self) -> None:
        """
        Who cannot have them gets an error, and nothing is read.
        """
        if os.geteuid() == 0:
            raise SkipTest("root may do what is to fail here")
        with self.assertRaises(PermissionError), filesOf(OTHER):
            self.fail("it went on")
