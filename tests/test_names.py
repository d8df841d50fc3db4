# -*- test-case-name: tests.test_names -*-
"""
Tests for L{txinetd.names} and its fake, L{txinetd.testing.MemoryNames}.
"""

from __future__ import annotations

import os
import pwd
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from twisted.trial.unittest import SkipTest, SynchronousTestCase
from zope.interface.verify import verifyObject

from txinetd.interfaces import INames
from txinetd.names import HIGHEST_ID, SystemNames, rpcPrograms
from txinetd.testing import MemoryNames

if TYPE_CHECKING:
    _Base = SynchronousTestCase
else:
    # Not to be collected by itself.
    _Base = object


class NamesConformance(_Base):
    """
    What every L{INames} does.  A subclass is also a test case.

    @ivar names: the provider.
    @ivar account: name, user id and primary group id of a user it has.
    """

    names: INames
    account: tuple[str, int, int]

    def knownService(self) -> tuple[str, str, int]:
        """
        Name, protocol and port of a service that the provider has.
        """
        raise NotImplementedError()

    def test_interface(self) -> None:
        """
        It provides L{INames}.
        """
        self.assertTrue(verifyObject(INames, self.names))

    def test_userByName(self) -> None:
        """
        A user's name gives the ids.
        """
        self.assertEqual(self.names.user(self.account[0]), self.account)

    def test_userByNumber(self) -> None:
        """
        A user id gives the user's name and primary group.
        """
        self.assertEqual(self.names.user(str(self.account[1])), self.account)

    def test_unknownUser(self) -> None:
        """
        A name that no user has gives nothing.
        """
        self.assertIsNone(self.names.user("no-such-user-here"))

    def test_unknownUserNumber(self) -> None:
        """
        An id that no user has gives nothing.
        """
        self.assertIsNone(self.names.user(str(HIGHEST_ID)))

    def test_impossibleUserNumber(self) -> None:
        """
        A number that cannot be an id gives nothing.
        """
        self.assertIsNone(self.names.user("4294967295"))

    def test_longUserNumber(self) -> None:
        """
        A number of very many digits gives nothing.
        """
        self.assertIsNone(self.names.user("1" * 5000))

    def test_hostileUser(self) -> None:
        """
        Text that is no text gives nothing.
        """
        for name in ("", "a\0b", "\udcff", "\u0664"):
            self.assertIsNone(self.names.user(name), name)

    def test_groupByNumber(self) -> None:
        """
        A number that no group has is the id itself.
        """
        self.assertEqual(self.names.group(str(HIGHEST_ID)), HIGHEST_ID)

    def test_impossibleGroupNumber(self) -> None:
        """
        The id that means 'unchanged' to the system is none.
        """
        self.assertIsNone(self.names.group("4294967295"))

    def test_hostileGroup(self) -> None:
        """
        Text that is no group's name gives nothing.
        """
        for name in ("", "a\0b", "\udcff", "no-such-group-here"):
            self.assertIsNone(self.names.group(name), name)

    def test_groupsHaveThePrimary(self) -> None:
        """
        The groups of a user contain the one asked with, sorted.
        """
        groups = self.names.groups(self.account[0], 54321)
        self.assertIn(54321, groups)
        self.assertEqual(list(groups), sorted(set(groups)))

    def test_port(self) -> None:
        """
        A service's name gives its port.
        """
        name, protocol, port = self.knownService()
        self.assertEqual(self.names.port(name, protocol), port)

    def test_service(self) -> None:
        """
        A port gives a service that has it.
        """
        _, protocol, port = self.knownService()
        found = self.names.service(port, protocol)
        assert found is not None
        self.assertEqual(self.names.port(found, protocol), port)

    def test_unknownService(self) -> None:
        """
        A name that no service has gives nothing.
        """
        for name in ("no-such-service", "", "a\0b", "\udcff"):
            self.assertIsNone(self.names.port(name, "tcp"), name)

    def test_unknownPort(self) -> None:
        """
        A number that is no port has no service.
        """
        for port in (0, 65536, 2**40):
            self.assertIsNone(self.names.service(port, "tcp"), port)

    def test_numericAddress(self) -> None:
        """
        An address is its own address, in its usual form.
        """
        self.assertEqual(list(self.names.addresses("127.0.0.1")), ["127.0.0.1"])
        self.assertEqual(list(self.names.addresses("0:0::1")), ["::1"])

    def test_noAddress(self) -> None:
        """
        What no host can be called has no address.
        """
        for host in ("a\0b", "\udcff", "x" * 300, "256.256.256.256:"):
            self.assertEqual(list(self.names.addresses(host)), [], host)

    def test_localhost(self) -> None:
        """
        A name has addresses, each once.
        """
        found = list(self.names.addresses("localhost"))
        self.assertTrue(found)
        self.assertEqual(len(found), len(set(found)))

    def test_unknownProgram(self) -> None:
        """
        A name that no RPC program has gives nothing.
        """
        for name in ("no-such-program", "", "a\0b", "\udcff", "#"):
            self.assertIsNone(self.names.rpc(name), name)


class RpcTests(SynchronousTestCase):
    """
    Tests for the database of RPC programs.
    """

    TEXT = "# programs\nportmapper\t100000\tportmap sunrpc # the first\n\nrstatd 100001\nbad x\n"

    def test_names(self) -> None:
        """
        Names and aliases have the number of their line; lines without one are none.
        """
        path = Path(self.mktemp())
        path.write_text(self.TEXT)
        for names in (SystemNames(str(path)), MemoryNames.fromFiles(rpc=self.TEXT)):
            found = [names.rpc(each) for each in ("portmapper", "sunrpc", "rstatd", "bad", "the")]
            self.assertEqual(found, [100000, 100000, 100001, None, None])

    def test_noFile(self) -> None:
        """
        Where there is no database there is no name.
        """
        self.assertIsNone(SystemNames("/nonexistent/rpc").rpc("rstatd"))

    def test_first(self) -> None:
        """
        Of two programs of one name the first counts.
        """
        self.assertEqual(rpcPrograms("a 1\na 2\nb 3 a\n"), {"a": 1, "b": 3})


class SystemNamesTests(NamesConformance, SynchronousTestCase):
    """
    L{SystemNames} is an L{INames}.
    """

    names = SystemNames()

    def setUp(self) -> None:
        """
        Take the user with id 0 for the one that every system has.
        """
        entry = pwd.getpwuid(0)
        self.account = (entry.pw_name, entry.pw_uid, entry.pw_gid)

    def knownService(self) -> tuple[str, str, int]:
        """
        See L{NamesConformance.knownService}.
        """
        try:
            return "domain", "udp", socket.getservbyname("domain", "udp")
        except OSError:
            raise SkipTest("this machine has no services database") from None

    def test_ownGroups(self) -> None:
        """
        The groups of a user are those that initgroups(3) would set.
        """
        name, _, gid = self.account
        self.assertEqual(set(self.names.groups(name, gid)), set(os.getgrouplist(name, gid)))


class MemoryNamesTests(NamesConformance, SynchronousTestCase):
    """
    L{MemoryNames} is an L{INames}.
    """

    names = MemoryNames(
        ports={("domain", "udp"): 53, ("nameserver", "udp"): 53},
        users={"alice": (1000, 1000)},
        groupIds={"users": 100},
        members={"users": ["alice"]},
        hosts={"localhost": ["127.0.0.1", "::1", "127.0.0.1"]},
    )
    account = ("alice", 1000, 1000)

    def knownService(self) -> tuple[str, str, int]:
        """
        See L{NamesConformance.knownService}.
        """
        return "nameserver", "udp", 53


class MemoryNamesFromFilesTests(NamesConformance, SynchronousTestCase):
    """
    L{MemoryNames.fromFiles} reads the formats of the system's own files.
    """

    names = MemoryNames.fromFiles(
        passwd="# comment\nalice:x:1000:1000:Alice:/home/alice:/bin/sh\n",
        group="users:x:100:alice,bob\nstaff:x:50:\nalice:x:1000:\n",
        services="domain\t53/udp nameserver # Domain\n\nsmtp 25/tcp mail\n",
        hosts="127.0.0.1 localhost\n::1 localhost ip6-localhost\n",
    )
    account = ("alice", 1000, 1000)

    def knownService(self) -> tuple[str, str, int]:
        """
        See L{NamesConformance.knownService}.
        """
        return "nameserver", "udp", 53

    def test_serviceIsTheOfficialName(self) -> None:
        """
        A port's service is the official name, not an alias.
        """
        self.assertEqual(self.names.service(25, "tcp"), "smtp")

    def test_protocolMatters(self) -> None:
        """
        A service for one protocol is none for another.
        """
        self.assertIsNone(self.names.port("smtp", "udp"))

    def test_members(self) -> None:
        """
        A user is in the groups that list the user.
        """
        self.assertEqual(self.names.groups("alice", 1000), (100, 1000))

    def test_hosts(self) -> None:
        """
        A host on several lines has all the addresses, in order.
        """
        self.assertEqual(self.names.addresses("localhost"), ("127.0.0.1", "::1"))
