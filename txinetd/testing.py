# -*- test-case-name: tests.test_names -*-
"""
Verified fakes for tests, of txinetd and of programs that use it: each passes
the same conformance tests as the thing it stands for.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs
from twisted.internet.interfaces import IProcessProtocol
from zope.interface import implementer

from txinetd.interfaces import INames, IRoad, ISpawner, IStart
from txinetd.names import HIGHEST_ID, isNumber, rpcPrograms
from txinetd.process.child import Child
from txinetd.process.starting import oneByOne
from txinetd.spec import NO_BOX, Box, Identity, Program

__all__ = ["MemoryNames", "MemorySpawner", "Spawned"]


def _records(text: str) -> Iterator[str]:
    """
    The lines of a database file without comments and blank ones.
    """
    for line in text.splitlines():
        record = line.partition("#")[0].strip()
        if record:
            yield record


@implementer(INames)
class MemoryNames:
    """
    L{INames} from tables.

    @param ports: port by service and protocol; where two names have one port,
        the first is the service and the others are its aliases.
    @param users: user id and primary group id by name.
    @param groupIds: group id by name.
    @param members: the members of each group, by the group's name.
    @param hosts: addresses by host name; a numeric address needs no entry.
    @param programs: the number of each RPC program, by name or alias.
    """

    def __init__(
        self,
        ports: Mapping[tuple[str, str], int] | None = None,
        users: Mapping[str, tuple[int, int]] | None = None,
        groupIds: Mapping[str, int] | None = None,
        members: Mapping[str, Sequence[str]] | None = None,
        hosts: Mapping[str, Sequence[str]] | None = None,
        programs: Mapping[str, int] | None = None,
    ) -> None:
        self._ports = dict(ports or {})
        self._users = dict(users or {})
        self._groupIds = dict(groupIds or {})
        self._members = {name: tuple(users) for name, users in (members or {}).items()}
        self._hosts = {name: tuple(found) for name, found in (hosts or {}).items()}
        self._programs = dict(programs or {})

    @classmethod
    def fromFiles(
        cls,
        passwd: str = "",
        group: str = "",
        services: str = "",
        hosts: str = "",
        rpc: str = "",
    ) -> MemoryNames:
        """
        From texts in the format of passwd(5), group(5), services(5), hosts(5) and
        rpc(5).
        """
        users: dict[str, tuple[int, int]] = {}
        for record in _records(passwd):
            name, _, uid, gid = record.split(":")[:4]
            users.setdefault(name, (int(uid), int(gid)))
        groupIds: dict[str, int] = {}
        members: dict[str, list[str]] = {}
        for record in _records(group):
            name, _, gid, listed = record.split(":")[:4]
            groupIds.setdefault(name, int(gid))
            members.setdefault(name, [user for user in listed.split(",") if user])
        ports: dict[tuple[str, str], int] = {}
        for record in _records(services):
            name, target, *aliases = record.split()
            port, _, protocol = target.partition("/")
            for each in (name, *aliases):
                ports.setdefault((each, protocol), int(port))
        found: dict[str, list[str]] = {}
        for record in _records(hosts):
            address, *names = record.split()
            for name in names:
                found.setdefault(name, []).append(address)
        return cls(ports, users, groupIds, members, found, rpcPrograms(rpc))

    def port(self, service: str, protocol: str) -> int | None:
        """
        See L{INames.port}.
        """
        return self._ports.get((service, protocol))

    def service(self, port: int, protocol: str) -> str | None:
        """
        See L{INames.service}.
        """
        for (name, known), number in self._ports.items():
            if number == port and known == protocol:
                return name
        return None

    def user(self, name: str) -> tuple[str, int, int] | None:
        """
        See L{INames.user}.
        """
        if name in self._users:
            return (name, *self._users[name])
        if isNumber(name):
            for known, (uid, gid) in self._users.items():
                if uid == int(name):
                    return known, uid, gid
        return None

    def group(self, name: str) -> int | None:
        """
        See L{INames.group}.
        """
        if name in self._groupIds:
            return self._groupIds[name]
        if isNumber(name) and int(name) <= HIGHEST_ID:
            return int(name)
        return None

    def groups(self, user: str, gid: int) -> tuple[int, ...]:
        """
        See L{INames.groups}.
        """
        found = {self._groupIds[name] for name, users in self._members.items() if user in users}
        return tuple(sorted(found | {gid}))

    def rpc(self, name: str) -> int | None:
        """
        See L{INames.rpc}.
        """
        return self._programs.get(name)

    def addresses(self, host: str) -> Sequence[str]:
        """
        See L{INames.addresses}.
        """
        if host in self._hosts:
            return tuple(dict.fromkeys(self._hosts[host]))
        try:
            return (str(ipaddress.ip_address(host)),)
        except ValueError:
            return ()


@attrs.define(eq=False)
class Spawned:
    """
    One start that L{MemorySpawner} was asked for.

    @ivar identity: whom the server was to run as.
    @ivar box: what it was to be kept in.
    @ivar executable: the file.
    @ivar args: argv.
    @ivar env: its environment.
    @ivar path: its directory.
    @ivar descriptor: what was to become descriptors 0, 1 and 2.
    @ivar child: its transport.
    """

    identity: Identity
    box: Box
    executable: bytes
    args: tuple[bytes, ...]
    env: Mapping[bytes, bytes]
    path: bytes | None
    descriptor: int
    child: Child

    def end(self, status: int = 0) -> None:
        """
        Have the server end.

        @param status: as wait(2) gives it: C{exit status << 8}, or a signal's number.
        """
        self.child.ended(status, None)


@implementer(ISpawner)
class MemorySpawner:
    """
    An L{ISpawner} that starts nothing and remembers what it was asked for.

    @ivar spawned: the starts, in order.
    @ivar failures: errors to raise, one for each of the next starts.
    """

    def __init__(self) -> None:
        self.spawned: list[Spawned] = []
        self.failures: list[Exception] = []

    @property
    def pids(self) -> frozenset[int]:
        """
        The children that have not ended.
        """
        return frozenset(each.child.pid for each in self.spawned if each.child.pid is not None)

    def close(self) -> None:
        """
        There is nothing to give back.
        """

    def forIdentity(self, identity: Identity, box: Box = NO_BOX) -> IRoad:
        """
        The road for servers of one identity, in one box.
        """
        return _MemoryRoad(self, identity, box)


@implementer(IRoad)
class _MemoryRoad:
    """
    The starts of one identity.
    """

    def __init__(self, spawner: MemorySpawner, identity: Identity, box: Box) -> None:
        self._spawner = spawner
        self._identity = identity
        self._box = box

    def expect(self, crowd: bool) -> None:
        """
        Memory serves any number.
        """

    def spawnTogether(self, program: Program, starts: Iterable[IStart]) -> None:
        """
        Remember each.
        """
        oneByOne(self, program, starts)

    # Narrower than the interface in what it takes: ISpawner says how.
    def spawnProcess(  # type: ignore[override]
        self,
        processProtocol: IProcessProtocol,
        executable: bytes,
        args: Sequence[bytes] = (),
        env: Sequence[bytes] = (),
        path: bytes | None = None,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: bool = False,
        childFDs: Mapping[int, int] | None = None,
    ) -> Child:
        """
        Remember it, or fail as told.
        """
        if self._spawner.failures:
            raise self._spawner.failures.pop(0)
        assert childFDs is not None
        # Numbers that no process can have.
        child = Child(2**31 - 1 - len(self._spawner.spawned), processProtocol)
        self._spawner.spawned.append(
            Spawned(
                self._identity,
                self._box,
                executable,
                tuple(args),
                dict(each.split(b"=", 1) for each in env),
                path or self._box.directory,
                childFDs[0],
                child,
            )
        )
        processProtocol.makeConnection(child)
        return child
