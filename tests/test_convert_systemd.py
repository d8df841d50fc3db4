"""
Tests for L{txinetd.convert} and L{txinetd.config.systemd} together: what is written
reads back, and systemd understands it.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import OPTIONS
from tests.corpus_support import corpus, names
from tests.spec_strategies import boxes, identities, specs
from tests.systemd_support import dumped, readUnits, verified
from txinetd.config import Configuration, load
from txinetd.config.lexer import Token
from txinetd.config.settings.networks import networkText
from txinetd.config.systemd.unitfile import Assignment
from txinetd.config.systemd.words import words
from txinetd.convert import convert, writeUnits
from txinetd.convert.naming import unitNames
from txinetd.errors import Severity
from txinetd.policy import Access, AddressRule, Bucket, Limits, Network, Prefixes
from txinetd.sockopts import SocketOptions
from txinetd.spec import InetAddress, Program, ServiceSpec, SocketType, UnixAddress

_PATHS = st.from_regex(r"(/[A-Za-z0-9_.%$ -]{1,8}){1,2}", fullmatch=True).filter(
    lambda path: not path.endswith(" ") and "/." not in path
)
_paths = _PATHS.map(str.encode)


def _networks(draw: st.DrawFn) -> tuple[Network, ...]:
    """
    A few prefixes.
    """
    found = []
    for version, bits in ((4, 32), (6, 128)):
        for _ in range(draw(st.integers(0, 2))):
            length = draw(st.integers(1, bits))
            first = draw(st.integers(0, 2**length - 1)) << (bits - length)
            found.append(Network(version, first, first + (1 << (bits - length)) - 1))
    return tuple(found)


def _rules(draw: st.DrawFn, allow: bool) -> tuple[AddressRule, ...]:
    """
    Rules with one prefix each.
    """
    return tuple(AddressRule(allow, (each,), networkText(each)) for each in _networks(draw))


@st.composite
def _access(draw: st.DrawFn) -> Access:
    """
    Rules in the form that systemd has.
    """
    default = draw(st.booleans())
    allowed = _rules(draw, True)
    return Access((*allowed, *(_rules(draw, False) if default else ())), default=default)


@st.composite
def _limits(draw: st.DrawFn, accepts: bool) -> Limits:
    """
    Limits that systemd has.
    """
    source = draw(st.none() | st.integers(1, 1000)) if accepts else None
    minute = draw(st.none() | st.integers(1, 2**31 - 1))
    burst = draw(st.integers(1, 1000))
    rate = draw(st.booleans()) and minute is None
    return Limits(
        startsPerMinute=minute,
        bucket=Bucket(burst, burst / draw(st.sampled_from([0.5, 1, 2, 90]))) if rate else None,
        instances=draw(st.none() | st.integers(1, 1000)) if accepts else None,
        instancesPerSource=source,
        prefixes=Prefixes() if source is None else Prefixes(((32, 1),), ((128, 1),)),
    )


_numbers = st.integers(0, 10**9)
_resources = st.tuples(st.sampled_from([0, 1, 2, 3, 4, 6, 7, 8, 9]), _numbers, _numbers).map(
    lambda limit: (limit[0], min(limit[1:]), max(limit[1:]))
)
_whole = st.integers(1, 10**6).map(float)
_values = st.text(
    st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\t\n%$\"'\\"), max_size=8
)


@st.composite
def _box(draw: st.DrawFn) -> Any:
    """
    A box of which systemd can keep everything.
    """
    found = draw(boxes)
    environment = {
        name: draw(_values).encode()
        for name in draw(st.lists(st.sampled_from([b"A", b"B_2", b"_c"]), unique=True))
    }
    classes = st.tuples(st.sampled_from([1, 2]), st.integers(0, 7)) | st.just((3, 0))
    capabilities = st.frozensets(st.integers(0, 40), max_size=5)
    return attrs.evolve(
        found,
        directory=draw(_paths | st.just(b"/")),
        chroot=draw(st.none() | _paths),
        groups=None,
        limits=tuple(draw(st.lists(_resources, max_size=3, unique_by=lambda each: each[0]))),
        ioPriority=draw(st.none() | classes),
        bounding=draw(st.none() | capabilities),
        ambient=draw(capabilities),
        seconds=draw(st.none() | _whole),
        grace=draw(_whole),
        passed=frozenset(draw(st.lists(st.sampled_from([b"LANG", b"TZ"])))),
        environment=tuple(environment.items()),
    )


@st.composite
def carried(draw: st.DrawFn) -> ServiceSpec:
    """
    Any service that units can describe whole.
    """
    sockets = specs().filter(lambda each: each.rpc is None and each.multiplexed is None)
    base = attrs.evolve(draw(sockets), recording=None)
    kind = base.socketType
    wait = draw(st.booleans()) or kind is SocketType.DGRAM
    unix, virtual = base.isUnix, base.isVsock
    addresses = base.addresses[:1] if wait else base.addresses
    protocol = base.protocol
    if unix:
        address = base.addresses[0]
        assert isinstance(address, UnixAddress)
        owner = st.sampled_from([0, 33, 1000])
        addresses = (attrs.evolve(address, path=draw(_paths), uid=draw(owner), gid=draw(owner)),)
    else:
        wild = [each for each in addresses if isinstance(each, InetAddress) and ":" in each.host]
        if any(each.dualStack and each.host != "::" for each in wild):
            addresses = (InetAddress("127.0.0.1", 25),)
    argv = draw(st.lists(st.binary(max_size=12), min_size=1, max_size=4))
    path = draw(_paths)
    if draw(st.booleans()):
        argv[0] = path
    clean = tuple(each.replace(b"\0", b"0") for each in argv)
    options = attrs.evolve(base.socketOptions, fastOpen=None)
    if options.mark is not None:
        options = attrs.evolve(options, mark=options.mark % 2**31)
    if kind is not SocketType.STREAM or unix:
        kept = SocketOptions(sendBuffer=options.sendBuffer, receiveBuffer=options.receiveBuffer)
        options = kept if unix else attrs.evolve(options, noDelay=False, keepAlive=False)
    inetStreams = not unix and kind.accepts
    return attrs.evolve(
        base,
        name=str(addresses[0]) if unix else base.name,
        protocol=protocol,
        addresses=addresses,
        wait=wait,
        server=Program(path, clean),
        identity=draw(identities.filter(lambda each: not each.keep)),
        limits=draw(_limits(not wait)),
        access=Access() if unix or virtual or (inetStreams and wait) else draw(_access()),
        backlog=base.backlog if kind.accepts else OPTIONS.backlog,
        socketOptions=options,
        box=draw(_box()),
    )


class RoundTripTests(SynchronousTestCase):
    """
    Tests for reading what was written.
    """

    @settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None)
    @given(carried())
    def test_anySpec(self, spec: ServiceSpec) -> None:
        """
        Every service of which units can keep everything reads back equal, with nothing
        to say about it.
        """
        made = convert(Configuration((spec,)), "systemd")
        self.assertLess(made.status, Severity.ERROR)
        with tempfile.TemporaryDirectory() as place:
            configuration = readUnits(os.path.join(place, "units"), made.files)
        self.assertEqual([str(each) for each in configuration.diagnostics], [], made.files)
        self.assertEqual(configuration.services, (spec,), made.files)

    def test_understood(self) -> None:
        """
        systemd has nothing to say about the units of such services, and starts the
        commands that they had.
        """
        directory = Path(self.mktemp()).absolute()
        several: list[ServiceSpec] = []

        @settings(
            max_examples=60,
            suppress_health_check=list(HealthCheck),
            deadline=None,
            database=None,
            derandomize=True,
        )
        @given(carried())
        def collect(spec: ServiceSpec) -> None:
            several.append(spec)

        collect()
        made = convert(Configuration(tuple(several)), "systemd")
        writeUnits(made, str(directory))
        self.assertEqual(len(made.files), 2 * len(several))
        paths = [directory / name for name in made.files]
        self.assertEqual(verified(paths), [])
        units = dumped(paths)
        for name, spec in unitNames(several):
            unit = f"{name}.service" if spec.wait else f"{name}@i.service"
            assert isinstance(spec.server, Program)
            self.assertEqual(commands(units[unit]), [spec.server.argv], unit)


def commands(lines: Iterable[bytes]) -> list[tuple[bytes, ...]]:
    """
    The arguments of each command that systemd has understood of a unit.
    """
    found = []
    for line in lines:
        prefix, _, text = line.partition(b": ")
        if prefix != b"Command Line":
            continue
        # As a shell has it, and before variables are replaced.
        plain = re.sub(rb"\\([$`])", rb"\1", text).decode("utf-8", "surrogateescape")
        value = Assignment("", "", Token("", 1, 1), plain, ((0, 1, 1),))
        found.append(tuple(word.value.replace(b"$$", b"$") for word in words(value)))
    return found


class CorpusTests(SynchronousTestCase):
    """
    Tests for the conversion of files from the wild.
    """

    def test_everyFile(self) -> None:
        """
        All of them convert, and systemd understands what comes out; what is not in a
        unit is said.
        """
        directory = corpus()
        known = names(directory)
        options = attrs.evolve(OPTIONS, serves=frozenset({"rpc", "tcpmux"}))
        services: list[ServiceSpec] = []
        converted = 0
        for kind, prefix in (("inetd", ""), ("xinetd", "xinetd:")):
            for path in sorted(each for each in (directory / kind).rglob("*") if each.is_file()):
                configuration = load([f"{prefix}{path}"], known, options)
                for target in ("txinetd", "systemd"):
                    made = convert(configuration, target)
                    converted += 1
                    without = [each for each in made.diagnostics if each.code == "left-out"]
                    if target == "systemd" and not without:
                        kept = len([name for name in made.files if name.endswith(".socket")])
                        self.assertGreaterEqual(kept, len(configuration.services))
                services += configuration.services
        self.assertGreater(converted, 300)
        made = convert(Configuration(tuple(services)), "systemd")
        place = self.mktemp()
        writeUnits(made, place)
        self.assertEqual(verified(Path(place, name) for name in made.files), [])
        # And they read back, but for those that are guarded.
        again = load([f"systemd:{place}"], known, options)
        guarded = [name for name, text in made.files.items() if "\nAssertPathExists=!/" in text]
        dropped = [each for each in again.diagnostics if each.dropped]
        errors = {
            os.path.basename(each.origin.path): str(each)
            for each in again.diagnostics
            if each.severity is Severity.ERROR
        }
        self.assertLessEqual(set(guarded), set(errors))
        self.assertEqual(
            len(again.services) + len(dropped),
            len([name for name in made.files if name.endswith(".socket")]),
        )
