# -*- test-case-name: tests.test_gate_gate -*-
"""
Who may come in, and how often: decisions only.  Nothing here reads a clock,
opens a socket or writes a log; the time is an argument.
"""

from txinetd.gate.gate import Gate
from txinetd.gate.verdict import Turn, Verdict
from txinetd.gate.window import IWindow, SlidingWindow, Unlimited

__all__ = ["Gate", "IWindow", "SlidingWindow", "Turn", "Unlimited", "Verdict"]
