# -*- test-case-name: tests.test_gate_assemble -*-
"""
From what a service says about who may come in to the rules that say so.
"""

from __future__ import annotations

from txinetd.gate.addressrules import AddressRules
from txinetd.gate.rule import Rule
from txinetd.gate.times import AccessTimes, LocalTime
from txinetd.policy import Access

__all__ = ["accessRules"]


def accessRules(access: Access, local: LocalTime) -> tuple[Rule, ...]:
    """
    The rules of one service, in the order in which they are asked; none where
    everybody may come in.

    @param access: who may come in, and when.
    @param local: what time it is.
    """
    rules: list[Rule] = []
    if access.rules or not access.default:
        rules.append(AddressRules(access))
    if access.times:
        rules.append(AccessTimes(access.times, local))
    return tuple(rules)
