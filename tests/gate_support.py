"""
What the tests of the gate's limits share.
"""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from txinetd.gate.limit import Shared
from txinetd.gate.load import Readings
from txinetd.gate.rule import Rule, Source, sourceOf
from txinetd.gate.running import Running
from txinetd.gate.sources import SOURCES, Levels
from txinetd.policy import Prefixes

#: Mostly small steps, so that many arrivals fall together, and now and then one in
#: which everything runs down.
gaps = st.lists(st.one_of(st.just(0.0), st.floats(0, 2), st.floats(0, 300)), max_size=120)

#: The same for a clock that is also set back.
jumps = st.lists(st.one_of(st.just(0.0), st.floats(0, 2), st.floats(-500, 300)), max_size=80)

HERE = sourceOf("192.0.2.1")
THERE = sourceOf("198.51.100.1")


def v6(network: int, subnet: int = 0, host: int = 1) -> Source:
    """
    An address in the /48 with one number and the /64 with another in it.
    """
    return sourceOf(f"2001:db8:{network:x}:{subnet:x}::{host:x}")


def sharedOf(
    prefixes: Prefixes | None = None,
    sources: int = SOURCES,
    readings: Readings | None = None,
) -> Shared:
    """
    What limits share that are not in a gate.
    """
    return Shared(Levels(prefixes or Prefixes()), Running(), readings or Readings(), sources)


def admit(rule: Rule, now: float, source: Source = HERE) -> bool:
    """
    One arrival, as a gate with this one rule treats it.
    """
    if rule.arrive(source, now) is not None:
        return False
    rule.take(source, now)
    return True


def times(steps: Iterable[float], origin: float = 1000.0) -> list[float]:
    """
    Times that follow one another by so much.
    """
    found = []
    for step in steps:
        origin += step
        found.append(origin)
    return found


def until(rule: Rule, now: float, source: Source = HERE) -> float:
    """
    When a rule that refuses will let somebody in.
    """
    refusal = rule.check(source, now)
    assert refusal is not None
    assert refusal.until is not None
    return refusal.until
