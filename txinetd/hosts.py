# -*- test-case-name: tests.test_hosts -*-
"""
Keeps the addresses of hosts that rules name up to date, off the reactor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from txinetd.gate.networks import single
from txinetd.interfaces import INames
from txinetd.policy import Access, Network

__all__ = ["DEFAULT_SECONDS", "HostRefresher", "hostNetworks", "hostsOf", "withAddresses"]

#: How long addresses are taken to be the right ones.
DEFAULT_SECONDS = 300.0

_Found = dict[str, tuple[Network, ...]]


class InThread(Protocol):
    """
    Calls something in a thread, as C{deferToThreadPool} does once it has its reactor
    and its pool.
    """

    def __call__(self, call: Callable[[], _Found]) -> Deferred[_Found]:
        """
        @return: what it returns or raises, in the reactor's thread.
        """


def hostNetworks(host: str, names: INames) -> tuple[Network, ...]:
    """
    Look a host up.  It may block.

    @return: its addresses, sorted, so that a server that tells them in turns changes
        nothing; none where it has none.
    """
    found = set()
    for address in names.addresses(host):
        try:
            found.add(single(address))
        except ValueError:
            # What is no internet address is nobody's who could come.
            continue
    return tuple(sorted(found, key=attrs.astuple))


def hostsOf(accesses: Iterable[Access]) -> dict[str, tuple[Network, ...]]:
    """
    The hosts that rules name, with what is known of each.
    """
    found: _Found = {}
    for access in accesses:
        for rule in access.rules:
            if rule.host is not None:
                found[rule.host] = rule.networks or found.get(rule.host, ())
    return found


def withAddresses(access: Access, hosts: Mapping[str, tuple[Network, ...]]) -> Access:
    """
    The same rules with other addresses for some hosts.

    @return: C{access} itself where nothing is different.
    """
    rules = tuple(
        attrs.evolve(rule, networks=hosts[rule.host])
        if rule.host is not None and rule.host in hosts
        else rule
        for rule in access.rules
    )
    return access if rules == access.rules else attrs.evolve(access, rules=rules)


class HostRefresher:
    """
    Looks hosts up from time to time and tells what has changed.

    A host that can no longer be looked up keeps the addresses that it had, and the log
    says so, once.  One that never could be has none: a rule that lets it in fits
    nobody, and one that keeps it out everybody
    (L{txinetd.gate.addressrules.AddressRules}), until it can.

    @ivar known: the addresses of each host.
    @ivar failing: the hosts whose last look-up found none.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        inThread: InThread,
        names: INames,
        changed: Callable[[Mapping[str, tuple[Network, ...]]], None],
        seconds: float = DEFAULT_SECONDS,
    ) -> None:
        """
        @param names: asked in a thread.
        @param changed: called in the reactor's thread with the hosts whose addresses are
            others than before, and these.
        @param seconds: from the end of one round of look-ups to the next.
        """
        self.known: _Found = {}
        self.failing: frozenset[str] = frozenset()
        self._clock = clock
        self._inThread = inThread
        self._names = names
        self._changed = changed
        self._seconds = seconds
        self._next: IDelayedCall | None = None
        self._running = False
        self._hurry = False
        # Replaced at each start: a round that was begun before a stop sees that it is
        # no longer wanted.
        self._round: object = None

    @property
    def unresolved(self) -> frozenset[str]:
        """
        The hosts of which no address is known.
        """
        return frozenset(host for host, networks in self.known.items() if not networks)

    def watch(self, hosts: Mapping[str, tuple[Network, ...]]) -> dict[str, tuple[Network, ...]]:
        """
        From now on look after these, and no others.

        @param hosts: with what is known of each, as L{hostsOf} has them.
        @return: those of which more is known here than there: a look-up that failed
            while the configuration was read again does not make a host unknown.
        """
        better = {
            host: self.known[host]
            for host, networks in hosts.items()
            if not networks and self.known.get(host)
        }
        self.known = {**hosts, **better}
        self.failing &= frozenset(hosts)
        self._hurry = bool(self.unresolved - self.failing)
        self._plan()
        return better

    def start(self) -> None:
        """
        Begin.  The first round is C{seconds} from now: what rules have was looked up
        when they were read; at once where a host has no address.
        """
        self._running = True
        self._plan()

    def stop(self) -> None:
        """
        End.  A look-up that is being made cannot be broken off; it changes nothing any
        more, and no other comes after it.
        """
        self._running = False
        self._round = None
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _plan(self) -> None:
        """
        See that there is a next round, if there is anything to look up.
        """
        if not self._running or self._round is not None:
            return
        if self._next is not None and (self._hurry or not self.known):
            self._next.cancel()
            self._next = None
        if self._next is None and self.known:
            self._next = self._clock.callLater(0 if self._hurry else self._seconds, self._begin)

    def _begin(self) -> None:
        """
        Look all hosts up.
        """
        self._next = None
        self._hurry = False
        self._round = token = object()
        hosts = tuple(self.known)

        def lookUp() -> _Found:
            """
            In a thread: one after the other, as long as anybody wants to know.
            """
            found: _Found = {}
            for host in hosts:
                if self._round is not token:
                    break
                found[host] = hostNetworks(host, self._names)
            return found

        def ended(found: _Found) -> None:
            if self._round is token:
                self._take(found)

        def failed(failure: Failure) -> None:
            self.log.failure("looking hosts up failed; they keep their addresses", failure)

        def again(_: object) -> None:
            if self._round is token:
                self._round = None
                self._plan()

        self._inThread(lookUp).addCallback(ended).addErrback(failed).addCallback(again)

    def _take(self, found: _Found) -> None:
        """
        See what has changed.
        """
        changed: _Found = {}
        failing = set(self.failing)
        for host, networks in found.items():
            if host not in self.known:
                continue
            if networks:
                if host in failing:
                    failing.remove(host)
                    self.log.info("{host} can be looked up again", host=host)
                if networks != self.known[host]:
                    changed[host] = networks
            elif host not in failing:
                failing.add(host)
                self.log.warn(
                    "{host} cannot be looked up; {count} addresses of it are known",
                    host=host,
                    count=len(self.known[host]),
                )
        self.failing = frozenset(failing)
        if changed:
            self.known.update(changed)
            self.log.info("addresses changed: {hosts}", hosts=", ".join(sorted(changed)))
            self._changed(changed)
