"""
Tests for L{txinetd.config.systemd.units}: which files belong together.
"""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from tests.systemd_support import writeText
from txinetd.config.systemd.units import Pair, readPair


class PairTests(SynchronousTestCase):
    """
    Tests for L{readPair}.
    """

    def read(self, files: dict[str, str], name: str = "a.socket") -> Pair:
        """
        Write files and read the pair.
        """
        self.directory = self.mktemp()
        os.mkdir(self.directory)
        writeText(self.directory, files)
        path = os.path.join(self.directory, name)
        return readPair(path, files[name].encode())

    def test_accepting(self) -> None:
        """
        With C{Accept=yes} the service is a template.
        """
        pair = self.read({"a.socket": "[Socket]\nAccept=true\n", "a@.service": "[Service]\nX=1\n"})
        self.assertEqual((pair.service, pair.missing), ("a@.service", False))
        self.assertEqual([each.value for each in pair.all("Service", "X")], ["1"])
        self.assertEqual(
            [path for path, _ in pair.files.contents], [os.path.join(self.directory, "a@.service")]
        )

    def test_named(self) -> None:
        """
        Else it has the socket's name, or the one that C{Service} says.
        """
        files = {"a.socket": "[Socket]\nA=1\n", "a.service": "[Service]\nX=1\n"}
        self.assertEqual(self.read(files).service, "a.service")
        files = {"a.socket": "[Socket]\nService=b.service\n", "b.service": "[Service]\nX=2\n"}
        pair = self.read(files)
        self.assertEqual([each.value for each in pair.all("Service", "X")], ["2"])

    def test_dropIns(self) -> None:
        """
        Drop-ins of both come after the units, in the order of their names; an empty
        assignment takes back those before it.
        """
        pair = self.read(
            {
                "a.socket": "[Socket]\nListenStream=1\nListenStream=2\n",
                "a.socket.d/20.conf": "[Socket]\nListenStream=4\n",
                "a.socket.d/10.conf": "[Socket]\nListenStream=\nListenStream=3\n",
                "a.socket.d/30.txt": "[Socket]\nListenStream=5\n",
                "a.service": "[Service]\nUser=a\n",
                "a.service.d/x.conf": "[Service]\nUser=\n",
            }
        )
        self.assertEqual([each.value for each in pair.all("Socket", "ListenStream")], ["3", "4"])
        self.assertIsNone(pair.last("Service", "User"))
        self.assertIsNotNone(pair.emptied("Service", "User"))
        self.assertIsNone(pair.emptied("Socket", "ListenStream"))

    def test_missing(self) -> None:
        """
        A service that is not there is missed; one elsewhere is not looked for, and one
        that cannot be read is not known.
        """
        self.assertTrue(self.read({"a.socket": "[Socket]\nA=1\n"}).missing)
        self.assertTrue(self.read({"a.socket": "[Socket]\nService=../b.service\n"}).missing)
        files = {"a.socket": "[Socket]\nA=1\n", "a.service/x": ""}
        pair = self.read(files)
        self.assertFalse(pair.missing)
        self.assertEqual(len(pair.files.unreadable), 1)
