"""
A table of rules and clients for tcp wrappers, the same every time, and what
tcpdmatch(8) and this project's helper say about each.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from twisted.internet import task
from twisted.internet.defer import gatherResults, inlineCallbacks
from twisted.internet.threads import deferToThread

from txinetd.process.limits import DescriptorLimit
from txinetd.process.reaper import Reaper
from txinetd.wrap.answer import Answer
from txinetd.wrap.wrapper import Wrapper

__all__ = ["HOSTS", "NSSWITCH", "PEERS", "Result", "compare", "main"]

#: Names that addresses have, for a namespace of its own: with and without a domain.
HOSTS = """\
127.0.0.1 localhost
127.0.0.2 second.example.org second
::1 localhost6
192.0.2.10 alpha
192.0.2.11 beta.example.org beta
198.51.100.20 gamma.example.net
2001:db8::10 delta.example.org
2001:db8:1::5 epsilon
"""

#: The name of each; who has none is unknown.
_NAMED = {line.split()[0]: line.split()[1] for line in HOSTS.splitlines()}

NSSWITCH = "hosts: files\nnetgroup: files\n"

DAEMONS = ("in.ftpd", "sshd", "vsftpd")
LOCALS = ("127.0.0.1", "127.0.0.2", "::1")

PEERS = (
    "127.0.0.1", "127.0.0.2", "192.0.2.10", "192.0.2.11", "192.0.2.77", "192.0.2.128",
    "192.0.2.129", "192.0.21.1", "198.51.100.20", "198.51.100.255", "10.1.2.3", "10.10.2.3",
    "::1", "2001:db8::10", "2001:db8::11", "2001:db8:1::5", "2001:db8:ffff::1", "fe80::1",
)  # fmt: skip

_ADDRESSES = (
    "ALL", "all", "127.", "192.0.2.", "192.0.2.10", "192.0.2.1", "10.", "10.1.", "198.51.100.20",
    "192.0.2.0/255.255.255.0", "192.0.2.128/255.255.255.128", "192.0.2.0/25", "10.0.0.0/8",
    "10.0.0.0/15", "192.0.2.10/32", "0.0.0.0/0", "192.0.2.11/24", "192.0.2.0/33", "10.1/16",
    "198.51.100.20/255.255.255.255", "[2001:db8::]/32", "[2001:db8::]/48", "[2001:db8:1::]/48",
    "[::1]/128", "[fe80::]/10", "[::]/0", "[2001:db8::10]/128", "[2001:DB8::]/33",
    "[2001:db8::]/129",
)  # fmt: skip

_NAMES = (
    "[::1]", "[2001:db8::10]", "[2001:DB8:0::11]", "LOCAL", "KNOWN", "UNKNOWN", "PARANOID",
    "local", ".example.org", ".org", "alpha", "beta.example.org", "BETA.example.org", "localhost",
    "gamma.example.net", "unknown", "192.0.2.1?", "192.0.*.1", "*.example.*", "2001:db8*",
    "ALL@192.0.2.", "joe@ALL", "KNOWN@192.0.2.10", "UNKNOWN@.example.org", "joe@10.", "@group",
    "{list}", "/no/such/file",
)  # fmt: skip

_OPTIONS = (
    "ALLOW", "allow", "deny", "severity mail.info: deny", "severity notice", "setenv A b: allow",
    "setenv=A b c", "spawn true: deny", "spawn true", "twist echo no", "twist echo %a %d",
    "twist true", "keepalive: allow",
    "linger 5: deny", "banners /no/such/directory: allow", "allow: deny", "nonsense", "severity",
    "severity no.such", "deny now", "spawn echo a\\:b: allow", "",
)  # fmt: skip

_ODD = (
    "# ALL: ALL\n", "\n", "ALL\n", "ALL:\n", ": ALL\n", "ALL: 192.0.2.10 # ALL\n",
    "ALL:\\\n 10.1.\\\n\n", "sshd in.ftpd:ALL,\\\n EXCEPT 10.\n", "EXCEPT: ALL\n",
    "ALL: EXCEPT 127.\n", "ALL : ALL \\# : deny\n",
)  # fmt: skip


@attrs.frozen
class Result:
    """
    What the comparison of a table has given.

    @ivar cases: how many there were.
    @ivar verdicts: how many of each tcpdmatch gave.
    @ivar here: how many the helper decided itself, all by addresses.
    @ivar differences: the cases that both do not see alike.
    """

    cases: int
    verdicts: dict[str, int]
    here: int
    differences: list[str]


class _Table:
    """
    Makes rules.
    """

    def __init__(self, seed: int, names: bool, listed: Path) -> None:
        """
        @param names: whether rules may ask for names.
        @param listed: a file that lists clients.
        """
        self._random = random.Random(seed)
        self._names = names
        self._listed = listed

    def files(self) -> tuple[str, str]:
        """
        hosts.allow and hosts.deny.
        """
        options = self._random.random() < 0.6
        names = self._names and self._random.random() < 0.7
        allow = "".join(self._line(options, names) for _ in range(self._random.randint(0, 4)))
        deny = "".join(self._line(options, names) for _ in range(self._random.randint(0, 3)))
        if self._random.random() < 0.6:
            deny += "ALL: ALL\n"
        if self._random.random() < 0.05:
            allow = allow.removesuffix("\n")
        return allow, deny

    def _line(self, options: bool, names: bool) -> str:
        """
        A rule.
        """
        if self._random.random() < 0.1:
            return self._random.choice(_ODD)
        line = f"{self._list(self._daemon, names)}: {self._list(self._client, names)}"
        if options and self._random.random() < 0.7:
            line += f": {self._random.choice(_OPTIONS)}"
        return f"{line}\n"

    def _list(self, item: Any, names: bool) -> str:
        """
        Some items, perhaps but for some, perhaps but for some of these.
        """
        parts = []
        for _ in range(1 + (self._random.random() < 0.3) + (self._random.random() < 0.1)):
            items = [item(names) for _ in range(self._random.choice((1, 1, 1, 2, 3)))]
            parts.append(self._random.choice((", ", " ", ",", "\t")).join(items))
        return " EXCEPT ".join(parts)

    def _daemon(self, names: bool) -> str:
        """
        A daemon, perhaps at an address.
        """
        daemon = self._random.choice(("ALL", "ALL", *DAEMONS, "IN.FTPD"))
        if self._random.random() < 0.8:
            return daemon
        hosts = ["127.0.0.1", "127.0.0.", "127.0.0.0/30", "ALL", "[::1]/128"]
        if names:
            hosts += ["localhost", "second.example.org", "[::1]", "LOCAL", "KNOWN"]
        return f"{daemon}@{self._random.choice(hosts)}"

    def _client(self, names: bool) -> str:
        """
        A client.
        """
        known = _ADDRESSES + _NAMES * 2 if names else _ADDRESSES
        return self._random.choice(known).format(list=self._listed)

    def clients(self, count: int) -> Iterator[tuple[str, str, str]]:
        """
        Some daemons, their addresses and clients.
        """
        for peer in self._random.sample(PEERS, count):
            yield self._random.choice(DAEMONS), self._random.choice(LOCALS), peer


def _tcpdmatch(program: str, directory: Path, named: bool, case: tuple[str, str, str]) -> str:
    """
    What tcpdmatch says about one case.

    @param named: whether clients have names: it does not look for that of an address.
    """
    daemon, local, peer = case
    if named:
        peer = _NAMED.get(peer, peer)
    done = subprocess.run(
        [program, "-d", "-i", "/dev/null", f"{daemon}@{local}", peer],
        cwd=directory,
        # It looks for the server's name whether a rule asks for it or not.
        env={**os.environ, "RES_OPTIONS": "timeout:1 attempts:1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    verdicts = [line for line in done.stdout.splitlines() if line.startswith("access:")]
    if len(verdicts) != 1:
        raise AssertionError(f"{case}: {done.stdout}{done.stderr}")
    return verdicts[0].split()[1]


@inlineCallbacks
def compare(reactor: Any, program: str, directory: Path, seed: int, sets: int, names: bool) -> Any:
    """
    Ask both about every case of a table.

    @param program: tcpdmatch.
    @param directory: an empty one, by its absolute path.
    @param sets: so many pairs of files, with 15 cases each.
    @param names: whether rules may ask for names.
    @return: fires with a L{Result}.
    """
    listed = directory / "listed"
    listed.write_text("10.1.2.3 192.0.2.0/24\n.example.net [2001:db8::]/32\n")
    table = _Table(seed, names, listed)
    tables = []
    for number in range(sets):
        place = directory / str(number)
        place.mkdir()
        for name, text in zip(("hosts.allow", "hosts.deny"), table.files(), strict=True):
            (place / name).write_text(text)
        tables.append((place, list(table.clients(15))))
    with ThreadPoolExecutor(2) as threads:
        said = yield deferToThread(
            lambda: [
                list(threads.map(partial(_tcpdmatch, program, place, names), cases))
                for place, cases in tables
            ]
        )
    current = directory / "current"
    reaper = Reaper(reactor)
    wrapper = Wrapper(
        reactor,
        reaper,
        DescriptorLimit(),
        allowFile=bytes(current / "hosts.allow"),
        denyFile=bytes(current / "hosts.deny"),
    )
    differences, verdicts, here = [], Counter[str](), 0
    for (place, cases), theirs in zip(tables, said, strict=True):
        # Made long enough ago that the helper need not take them for changing still.
        new = directory / "new"
        new.symlink_to(place)
        new.rename(current)
        wrapper._cache.clear()
        ours: list[tuple[Answer, Answer]] = yield gatherResults(
            [
                gatherResults(
                    [
                        wrapper.ask(daemon.encode(), peer, 40000, local, 21, dry=dry)
                        for dry in (False, True)
                    ]
                )
                for daemon, local, peer in cases
            ]
        )
        here += len(wrapper._cache)
        for case, verdict, (answer, dry) in zip(cases, theirs, ours, strict=True):
            verdicts[verdict] += 1
            delegated = "would answer the client itself" in dry.reason
            if (
                answer.allowed != (verdict == "granted")
                or dry.allowed != answer.allowed
                or delegated != (verdict == "delegated")
            ):
                differences.append(f"{place.name} {case}: {verdict}, {answer}, {dry}")
    wrapper.close()
    while reaper.pids:
        yield task.deferLater(reactor, 0.001)
    return Result(sum(verdicts.values()), dict(verdicts), here, differences)


def main() -> None:
    """
    Compare in this process, and print the L{Result} as JSON.  The arguments are those
    of L{compare}.
    """
    program, directory, seed, sets, names = sys.argv[1:6]

    @inlineCallbacks
    def run(reactor: Any) -> Any:
        named = names == "names"
        result = yield compare(reactor, program, Path(directory), int(seed), int(sets), named)
        print(json.dumps(attrs.asdict(result)))

    task.react(run)


if __name__ == "__main__":
    main()
