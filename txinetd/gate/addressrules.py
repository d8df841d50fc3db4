# -*- test-case-name: tests.test_gate_addressrules -*-
"""
Who may come in, by address.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Iterator

import attrs

from txinetd.gate.rule import NOBODY, Refusal, Rule, Source
from txinetd.origin import Origin
from txinetd.policy import Access, AddressRule, Order

__all__ = ["AddressRules", "Explanation"]

#: The number of no rule.
_NONE = -1

_LAST = {4: 2**32 - 1, 6: 2**128 - 1}

#: What one network of a rule weighs against others; the least counts.
_Rank = tuple[int, bool, int]


@attrs.frozen
class Explanation:
    """
    How address rules come to what they say.

    @ivar allowed: what they say.
    @ivar decisive: the rule that counts, or C{None} where none fits and what holds
        without a rule does.
    @ivar fitting: all rules that fit, in the order in which they were written.
    """

    allowed: bool
    decisive: AddressRule | None
    fitting: tuple[AddressRule, ...]


class AddressRules(Rule):
    """
    The address rules of one L{Access}.

    They are worked out when this is made: the addresses of each family are divided
    into stretches in which one and the same rule counts, so that a decision is one
    search in a sorted list, however many rules there are.

    A rule that keeps a host out whose addresses are not known fits everybody, as
    narrowly as can be: anybody might be that host.  Where such a host is let in, the
    rule fits nobody.

    A peer on the same machine, which has no internet address, is not subject to them;
    one whose address cannot be known is refused.

    @ivar access: what they were made of.
    """

    name = "access"

    def __init__(self, access: Access) -> None:
        self.access = access
        self._stretches = {4: _stretches(access, 4), 6: _stretches(access, 6)}

    def check(self, source: Source, now: float) -> Refusal | None:
        """
        See L{Rule.check}.
        """
        if source.version == 0:
            if source is not NOBODY:
                return None
            return Refusal(self.name, "the address cannot be known", perSource=True)
        number = self._counting(source)
        if number == _NONE:
            if self.access.default:
                return None
            return Refusal(self.name, "no rule lets this address in", perSource=True)
        rule = self.access.rules[number]
        if rule.allow:
            return None
        reason = f"the rule {rule.text} keeps this address out"
        if _isBlind(rule):
            reason = f"the rule {rule.text} keeps out a host whose addresses are not known"
        return Refusal(self.name, reason, perSource=True, origin=rule.origin)

    def explain(self, source: Source, now: float) -> tuple[str, Origin | None]:
        """
        See L{Rule.explain}.
        """
        found = self.explanation(source)
        words = "let in" if found.allowed else "refused"
        if found.decisive is None:
            words = f"{words}: no rule fits" if source.version else f"{words}: no address"
            return words, None
        allowed = "allow" if found.decisive.allow else "deny"
        words = f"{words} by {allowed} {found.decisive.text}"
        others = [each.text for each in found.fitting if each is not found.decisive]
        if others:
            words += f" (also fitting: {', '.join(others)})"
        return words, found.decisive.origin

    def explanation(self, source: Source) -> Explanation:
        """
        Look at every rule, for somebody who wants to know.
        """
        rules = self.access.rules
        fitting = tuple(rule for rule in rules if _fits(rule, source))
        if source.version == 0:
            return Explanation(source is not NOBODY, None, fitting)
        number = self._counting(source)
        if number == _NONE:
            return Explanation(self.access.default, None, fitting)
        return Explanation(rules[number].allow, rules[number], fitting)

    def stretches(self, version: int) -> Iterator[tuple[int, int, bool]]:
        """
        All addresses of a family, in stretches that are let in or kept out as one: the
        first and the last address of each, and whether it is let in.

        @param version: 4 or 6.
        """
        starts, numbers = self._stretches[version]
        ends = [each - 1 for each in starts[1:]] + [_LAST[version]]
        pending: tuple[int, int, bool] | None = None
        for first, last, number in zip(starts, ends, numbers, strict=True):
            if first > last:
                # What follows the last address there is.
                continue
            rules, default = self.access.rules, self.access.default
            allowed = default if number == _NONE else rules[number].allow
            if pending is not None and pending[2] is allowed:
                pending = (pending[0], last, allowed)
                continue
            if pending is not None:
                yield pending
            pending = (first, last, allowed)
        if pending is not None:
            yield pending

    def _counting(self, source: Source) -> int:
        """
        The number of the rule that counts.
        """
        if source.version not in self._stretches:
            return _NONE  # another machine, which no network has
        starts, numbers = self._stretches[source.version]
        return numbers[bisect_right(starts, source.number) - 1]


def _isBlind(rule: AddressRule) -> bool:
    """
    Whether a rule keeps out nobody knows whom.
    """
    return not (rule.allow or rule.networks or rule.host is None)


def _fits(rule: AddressRule, source: Source) -> bool:
    """
    Whether a rule is about an address.
    """
    return (_isBlind(rule) and source.version != 0) or any(
        network.version == source.version and network.first <= source.number <= network.last
        for network in rule.networks
    )


def _ranked(access: Access, version: int) -> Iterable[tuple[int, int, _Rank]]:
    """
    The networks of one family: first and last address, and the rank, which ends with
    the number of the rule.
    """
    longest = access.order is Order.LONGEST
    for number, rule in enumerate(access.rules):
        if _isBlind(rule):
            yield 0, _LAST[version], (0, False, number)
        for network in rule.networks:
            if network.version == version:
                size = network.last - network.first if longest else 0
                # Of two alike the one that keeps out comes first: False sorts so.
                yield network.first, network.last, (size, longest and rule.allow, number)


def _stretches(access: Access, version: int) -> tuple[list[int], list[int]]:
    """
    Divide the addresses of one family.

    A sweep over the networks by their first address, with those that are not over
    yet in a heap: each goes in and out once.

    @return: where each stretch begins (the first at 0), and for each the number of the
        rule that counts in it.
    """
    starts, numbers = [0], [_NONE]

    def begin(where: int, number: int) -> None:
        """
        Another rule counts from here on.
        """
        if starts[-1] == where:
            numbers[-1] = number
            # It may now be what the stretch before it is.
            if len(numbers) > 1 and numbers[-2] == number:
                del starts[-1], numbers[-1]
        elif numbers[-1] != number:
            starts.append(where)
            numbers.append(number)

    open_: list[tuple[_Rank, int]] = []

    def close(before: int | None) -> None:
        """
        Leave the networks that are over before an address; all for C{None}.
        """
        while open_:
            end = open_[0][1] + 1
            if before is not None and end > before:
                return
            # Those that were over earlier, hidden below this one, never counted.
            while open_ and open_[0][1] < end:
                heapq.heappop(open_)
            begin(end, open_[0][0][2] if open_ else _NONE)

    for first, last, rank in sorted(_ranked(access, version)):
        close(first)
        heapq.heappush(open_, (rank, last))
        begin(first, open_[0][0][2])
    close(None)
    return starts, numbers
