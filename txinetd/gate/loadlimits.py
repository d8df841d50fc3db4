# -*- test-case-name: tests.test_gate_load -*-
"""
Nobody more while the machine has enough to do.
"""

from __future__ import annotations

from txinetd.gate.limit import Limit, Shared
from txinetd.gate.load import RESOURCES
from txinetd.gate.rule import Refusal, Source
from txinetd.policy import Limits

__all__ = ["Load", "Strain"]

#: Seconds after which it is worth while to look again: so long, about, no new
#: values come.
_LOOK_AGAIN = 1.0


class Load(Limit):
    """
    L{Limits.load}.
    """

    name = "load"

    @classmethod
    def isSet(cls, limits: Limits) -> bool:
        """
        Whether there is such a limit.
        """
        return limits.load is not None

    def __init__(self, limits: Limits, shared: Shared) -> None:
        self._readings = shared.readings
        self._use(limits)

    def alter(self, limits: Limits, now: float) -> None:
        """
        Have another limit.
        """
        self._use(limits)

    def _use(self, limits: Limits) -> None:
        """
        Look at what is asked for.
        """
        if limits.load is None or not limits.load > 0:
            raise ValueError(f"no machine has a load below {limits.load}")
        self._limit = limits.load

    def check(self, source: Source, now: float) -> Refusal | None:
        """
        Whether the load is below the limit.
        """
        load = self._readings.load
        if load is None or load < self._limit:
            return None
        return Refusal(
            self.name, f"the load is {load:g}, not below {self._limit:g}", now + _LOOK_AGAIN
        )


class Strain(Limit):
    """
    L{Limits.pressure}.
    """

    name = "pressure"

    @classmethod
    def isSet(cls, limits: Limits) -> bool:
        """
        Whether there is such a limit.
        """
        return bool(limits.pressure)

    def __init__(self, limits: Limits, shared: Shared) -> None:
        self._readings = shared.readings
        self._use(limits)

    def alter(self, limits: Limits, now: float) -> None:
        """
        Have other thresholds.
        """
        self._use(limits)

    def _use(self, limits: Limits) -> None:
        """
        Look at what is asked for.
        """
        for each in limits.pressure:
            if each.resource not in RESOURCES:
                raise ValueError(f"there is no pressure of {each.resource!r}")
            if not each.share > 0:
                raise ValueError(f"no machine has a pressure below {each.share}")
        self._thresholds = limits.pressure

    def check(self, source: Source, now: float) -> Refusal | None:
        """
        Whether the pressure on each resource is below its threshold.
        """
        pressure = self._readings.pressure
        for each in self._thresholds:
            share = pressure.get(each.resource, 0.0)
            if share >= each.share:
                return Refusal(
                    self.name,
                    f"the pressure on {each.resource} is {share:g} %, not below {each.share:g} %",
                    now + _LOOK_AGAIN,
                )
        return None
