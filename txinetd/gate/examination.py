# -*- test-case-name: tests.test_gate_gate -*-
"""
Asks the rules of one gate, one after the other, and tells them.

This is done for each arrival, so what can be known before is: which rules do
anything at all when they are told, and which of their methods to call.
"""

from __future__ import annotations

from collections.abc import Set

import attrs

from txinetd.gate.limit import Limit
from txinetd.gate.rule import Refusal, Rule, Source

__all__ = ["Objections", "Rules"]


@attrs.define(eq=False)
class Objections:
    """
    What some rules have against one arrival.

    @ivar rule: the one that refuses it.
    @ivar refusal: what that says.
    @ivar shadowed: those that only say that they would have, and what they say.
    """

    rule: Rule | None = None
    refusal: Refusal | None = None
    shadowed: list[tuple[Rule, Refusal]] = attrs.Factory(list)


class Rules:
    """
    The rules of one gate.

    @ivar all: in their order.
    @ivar forAll: the limits among them that are not about single sources and are
        more than said.
    @ivar told: those to whom L{take} makes a difference, with their methods.
    @ivar released: the methods of those to whom L{release} does.
    """

    __slots__ = ("_asked", "_shadow", "all", "forAll", "released", "told")

    def __init__(self, rules: tuple[Rule, ...], shadow: Set[str]) -> None:
        """
        @param rules: in their order.
        @param shadow: the names of those that only say what they would have refused.
        """
        self.all = rules
        self.forAll = tuple(
            rule
            for rule in rules
            if isinstance(rule, Limit) and not rule.perSource and rule.name not in shadow
        )
        self._shadow = shadow
        self._asked = tuple(
            (rule, rule.check, rule.memory)
            if type(rule).arrive is Rule.arrive
            else (rule, rule.arrive, ())
            for rule in rules
        )
        self.told = tuple((rule, rule.take) for rule in rules if type(rule).take is not Rule.take)
        self.released = tuple(
            rule.release for rule in rules if type(rule).release is not Rule.release
        )

    def ask(
        self, source: Source, now: float, objections: Objections | None = None
    ) -> Objections | None:
        """
        Ask all rules until one refuses.

        @param source: where an arrival comes from.
        @param now: the time.
        @param objections: what others have against it.
        @return: these, and what these rules have; C{None} for nothing.
        """
        for rule, ask, memory in self._asked:
            if memory and not any(memory):
                continue
            refusal = ask(source, now)
            if refusal is not None:
                if objections is None:
                    objections = Objections()
                if rule.name not in self._shadow:
                    objections.rule = rule
                    objections.refusal = refusal
                    return objections
                objections.shadowed.append((rule, refusal))
        return objections

    def take(self, source: Source, now: float, objections: Objections | None) -> None:
        """
        Tell all rules of an arrival that is let in.  A rule that would have refused it,
        had it not been told only to say so, is left to think that it has: so it goes on
        as it would.  But who comes and goes is counted by all that do.

        @param source: where it comes from.
        @param now: the time.
        @param objections: what rules have said that would have refused it.
        """
        if objections is None:
            for _, take in self.told:
                take(source, now)
            return
        deceived = {id(rule) for rule, _ in objections.shadowed}
        for rule, take in self.told:
            if id(rule) not in deceived or type(rule).release is not Rule.release:
                take(source, now)

    def release(self, source: Source, now: float) -> None:
        """
        Tell all rules that want to know that somebody has gone.
        """
        for release in self.released:
            release(source, now)
