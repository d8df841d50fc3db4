# -*- test-case-name: tests.test_gate_load -*-
"""
Tests for L{txinetd.gate.load} and L{txinetd.gate.loadlimits}.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.gate_support import HERE, sharedOf
from txinetd.gate.load import Readings, pressureSupported
from txinetd.gate.loadlimits import Load, Strain
from txinetd.gate.rule import Refusal
from txinetd.policy import Limits, Pressure

PRESSURE = """\
some avg10={} avg60=1.00 avg300=2.00 total=12345
full avg10=99.00 avg60=0.00 avg300=0.00 total=0
"""


class ReadingsTests(SynchronousTestCase):
    """
    Tests for L{Readings} and L{pressureSupported}.
    """

    def setUp(self) -> None:
        self.proc = Path(self.mktemp())
        self.proc.joinpath("pressure").mkdir(parents=True)
        self.write("loadavg", "3.25 2.00 1.00 2/345 6789\n")
        for resource, share in (("cpu", "12.50"), ("io", "0.00"), ("memory", "7.00")):
            self.write(f"pressure/{resource}", PRESSURE.format(share))
        self.readings = Readings(str(self.proc))

    def write(self, name: str, text: str) -> None:
        """
        Have the kernel say something else.
        """
        self.proc.joinpath(name).write_text(text, "ascii")

    def test_refreshed(self) -> None:
        """
        The load is that of the last minute, the pressure that on somebody in the last
        ten seconds.
        """
        self.readings.refresh()
        self.assertEqual(self.readings.load, 3.25)
        self.assertEqual(self.readings.pressure, {"cpu": 12.5, "io": 0.0, "memory": 7.0})
        self.assertEqual(self.readings.failures, {})

    def test_notRefreshed(self) -> None:
        """
        Before anything has been read nothing is known.
        """
        self.assertEqual((self.readings.load, self.readings.pressure), (None, {}))

    def test_onlyLoad(self) -> None:
        """
        Pressure need not be read by who has no limit on it.
        """
        self.readings.refresh(pressure=False)
        self.assertEqual((self.readings.load, self.readings.pressure), (3.25, {}))

    def test_unreadable(self) -> None:
        """
        What cannot be read, or cannot be understood, is not known any more, and it is
        told what that is.
        """
        self.readings.refresh()
        self.write("loadavg", "")
        self.write("pressure/io", "nothing\n")
        self.proc.joinpath("pressure/cpu").unlink()
        self.readings.refresh()
        self.assertEqual(self.readings.load, None)
        self.assertEqual(self.readings.pressure, {"memory": 7.0})
        self.assertEqual(sorted(self.readings.failures), ["cpu", "io", "load"])

    def test_supported(self) -> None:
        """
        Pressure is known where the kernel says it for everything.
        """
        self.assertTrue(pressureSupported(str(self.proc)))
        self.proc.joinpath("pressure/io").unlink()
        self.assertFalse(pressureSupported(str(self.proc)))

    def test_real(self) -> None:
        """
        It is as the system says.
        """
        if not os.path.exists("/proc/loadavg"):
            raise SkipTest("there is no /proc/loadavg")
        readings = Readings()
        readings.refresh()
        assert readings.load is not None
        self.assertGreaterEqual(readings.load, 0)
        self.assertEqual(pressureSupported(), len(readings.pressure) == 3)


class LoadTests(SynchronousTestCase):
    """
    Tests for L{Load}.
    """

    def setUp(self) -> None:
        self.readings = Readings()
        self.rule = Load(Limits(load=4.0), sharedOf(readings=self.readings))

    def test_below(self) -> None:
        """
        Below the limit, and where the load is not known, somebody is let in.
        """
        for load in (None, 0.0, 3.99):
            self.readings.load = load
            self.assertIsNone(self.rule.check(HERE, 0))

    def test_reached(self) -> None:
        """
        From the limit on nobody is, and it is looked at again in a second.
        """
        self.readings.load = 4.0
        self.assertEqual(self.rule.check(HERE, 5), Refusal("load", "the load is 4, not below 4", 6))
        self.assertEqual(self.rule.calmAt(5), 6)

    def test_back(self) -> None:
        """
        When the load has fallen somebody is let in.
        """
        self.readings.load = 9.0
        self.rule.check(HERE, 0)
        self.readings.load = 1.0
        self.assertIsNone(self.rule.check(HERE, 0))

    def test_altered(self) -> None:
        """
        Another limit holds at once.
        """
        self.readings.load = 4.0
        self.rule.alter(Limits(load=5.0), 0)
        self.assertIsNone(self.rule.check(HERE, 0))

    def test_wrong(self) -> None:
        """
        A load that no machine is below is refused.
        """
        self.assertRaises(ValueError, Load, Limits(load=0.0), sharedOf())


class StrainTests(SynchronousTestCase):
    """
    Tests for L{Strain}.
    """

    def setUp(self) -> None:
        self.readings = Readings()
        thresholds = (Pressure("cpu", 50.0), Pressure("memory", 10.0))
        self.rule = Strain(Limits(pressure=thresholds), sharedOf(readings=self.readings))

    def test_below(self) -> None:
        """
        Below each threshold, and where the pressure is not known, somebody is let in.
        """
        self.assertIsNone(self.rule.check(HERE, 0))
        self.readings.pressure = {"cpu": 49.9, "memory": 9.9, "io": 100.0}
        self.assertIsNone(self.rule.check(HERE, 0))

    def test_reached(self) -> None:
        """
        From one of them on nobody is, and then again.
        """
        self.readings.pressure = {"cpu": 0.0, "memory": 10.0}
        self.assertEqual(
            self.rule.check(HERE, 5),
            Refusal("pressure", "the pressure on memory is 10 %, not below 10 %", 6),
        )
        self.readings.pressure = {"cpu": 0.0, "memory": 0.0}
        self.assertIsNone(self.rule.check(HERE, 6))

    def test_wrong(self) -> None:
        """
        Resources that there are not, and shares of nothing, are refused.
        """
        for pressure in (Pressure("disk", 5.0), Pressure("io", 0.0)):
            self.assertRaises(ValueError, Strain, Limits(pressure=(pressure,)), sharedOf())
