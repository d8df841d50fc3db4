# -*- test-case-name: tests.test_barfile -*-
"""
Keeps who is barred over a restart, in a file of JSON.

The file says when it was written, on the wall's clock, and for how much longer each
source was barred then.  Each source has a line to itself, so that a damaged line
costs one source and not all.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress

import attrs

from txinetd.gate.barred import Bar
from txinetd.gate.networks import beginning, single
from txinetd.policy import Network

__all__ = ["Loaded", "load", "save"]

#: What is read of a file at most: some hundred thousand sources.
LARGEST = 64 * 1024 * 1024


@attrs.frozen
class Loaded:
    """
    What a file had.

    @ivar bars: who is still barred.
    @ivar problem: what is wrong with the file, or empty.
    """

    bars: tuple[Bar, ...]
    problem: str = ""


def save(path: str, bars: Iterable[Bar], wall: float) -> None:
    """
    Write a file, or leave the one that is there as it is.

    Whoever reads it meanwhile, or after a crash, finds either the old one or the new
    one whole.  Only its owner may read it.

    @param wall: seconds since the epoch.
    @raise OSError: it cannot be written.
    """
    entries = ",\n".join(
        json.dumps({"address": _address(each), "left": each.seconds, "why": each.why})
        for each in bars
    )
    text = f'{{"saved": {json.dumps(wall)}, "barred": [\n{entries}\n]}}\n'
    directory = os.path.dirname(path) or "."
    # mkstemp(3) makes it readable by its owner only.
    descriptor, temporary = tempfile.mkstemp(prefix=".txinetd-barred-", dir=directory)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    # So that the new name, too, is there after a crash.
    place = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def _address(bar: Bar) -> str:
    """
    A source's address as text.
    """
    return beginning(Network(bar.version, bar.number, bar.number))


def load(path: str, wall: float) -> Loaded:
    """
    Read a file.  One that is not there is as good as an empty one.

    In doubt sources stay barred: of a damaged file every line that can be read counts;
    where the time of writing is missing, or lies in the future because the clock was
    put back, no time is taken to have passed.  A damaged file is kept under its name
    with C{.damaged} after it, since it will be written over; nothing is ever raised.

    @param wall: seconds since the epoch.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        return Loaded(())
    except OSError as error:
        return Loaded((), f"{path}: cannot be read: {error.strerror}")
    bars, problem = _read(data, wall)
    if not problem:
        return Loaded(bars)
    kept = f"{path}.damaged"
    try:
        os.replace(path, kept)
    except OSError as error:
        kept = f"nowhere ({error.strerror})"
    text = f"{path}: {problem}; {len(bars)} sources in it stay barred; kept as {kept}"
    return Loaded(bars, text)


def _read(data: bytes, wall: float) -> tuple[tuple[Bar, ...], str]:
    """
    Read a file's bytes.

    @return: who is still barred, and what is wrong.
    """
    problem = "" if len(data) <= LARGEST else f"more than {LARGEST} bytes"
    saved: object = None
    entries: list[object] = []
    try:
        whole = json.loads(data)
        saved, entries = whole["saved"], list(whole["barred"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        problem = problem or f"damaged ({type(error).__name__})"
        for line in data.splitlines():
            if line.startswith(b'{"saved":'):
                with suppress(ValueError, RecursionError):
                    saved = json.loads(line + b"]}")["saved"]
            with suppress(ValueError, RecursionError):
                entries.append(json.loads(line.rstrip().removesuffix(b",")))
    passed = 0.0
    try:
        passed = max(0.0, wall - _seconds(saved))
    except (ValueError, TypeError, OverflowError):
        problem = problem or "without the time at which it was written"
    bars = []
    bad = 0
    for entry in entries:
        try:
            bar = _bar(entry)
        except (ValueError, TypeError, KeyError, OverflowError):
            bad += 1
            continue
        if bar.seconds is None:
            bars.append(bar)
        elif bar.seconds > passed:
            bars.append(attrs.evolve(bar, seconds=bar.seconds - passed))
    if bad and not problem:
        problem = f"{bad} entries that are none"
    return tuple(bars), problem


def _bar(entry: object) -> Bar:
    """
    One entry.

    @raise ValueError: it is none, as L{TypeError}, L{KeyError} and L{OverflowError} say, too.
    """
    if not isinstance(entry, dict):
        raise TypeError
    address, seconds, why = entry["address"], entry["left"], entry["why"]
    if not isinstance(address, str) or not isinstance(why, str):
        raise TypeError
    network = single(address)
    left = None if seconds is None else _seconds(seconds)
    return Bar(network.version, network.first, left, why)


def _seconds(value: object) -> float:
    """
    A number of seconds.

    @raise TypeError: it is no number.
    @raise ValueError: it is not a finite one.
    @raise OverflowError: it is too large.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    if not math.isfinite(value):
        raise ValueError
    return float(value)
