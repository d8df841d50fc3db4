# -*- test-case-name: tests.test_names -*-
"""
Verified fakes for tests, of txinetd and of programs that use it: each passes
the same conformance tests as the thing it stands for.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence

from zope.interface import implementer

from txinetd.interfaces import INames
from txinetd.names import HIGHEST_ID, isNumber

__all__ = ["MemoryNames"]


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
    """

    def __init__(
        self,
        ports: Mapping[tuple[str, str], int] | None = None,
        users: Mapping[str, tuple[int, int]] | None = None,
        groupIds: Mapping[str, int] | None = None,
        members: Mapping[str, Sequence[str]] | None = None,
        hosts: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._ports = dict(ports or {})
        self._users = dict(users or {})
        self._groupIds = dict(groupIds or {})
        self._members = {name: tuple(users) for name, users in (members or {}).items()}
        self._hosts = {name: tuple(found) for name, found in (hosts or {}).items()}

    @classmethod
    def fromFiles(
        cls, passwd: str = "", group: str = "", services: str = "", hosts: str = ""
    ) -> MemoryNames:
        """
        From texts in the format of passwd(5), group(5), services(5) and
        hosts(5).
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
        return cls(ports, users, groupIds, members, found)

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
