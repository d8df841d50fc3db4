# -*- test-case-name: tests.test_config_settings -*-
"""
The keys of rules by address, whose words L{txinetd.config.access} reads.

C{only_from} and C{no_access} are xinetd's, of which the narrowest counts; C{allow} and
C{deny} are ours, of which the first that fits counts.  Both are lists that may be
given several times, and their order stays.  Who fits none is let in only where no rule
says whom to let in: C{only_from} and C{allow} do, unless C{access_default} says
otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from txinetd.config.access import allowDeny, noAccess, onlyFrom
from txinetd.config.settings.setting import (
    BadValue,
    Context,
    Converter,
    Owner,
    Place,
    Setting,
    Words,
)
from txinetd.policy import AddressRule, Order
from txinetd.spec import ServiceSpec

__all__ = ["RULES", "RulesPlace"]


@attrs.frozen
class Rules(Converter):
    """
    Rules by address.

    @ivar allow: whether they let in.
    @ivar order: which of them counts; with it goes the form of addresses.
    """

    allow: bool
    order: Order

    def read(self, words: Words, context: Context) -> tuple[AddressRule, ...]:
        """
        One rule a word.  No word is a rule that fits nobody, for a list of whom to let
        in: then nobody is.
        """
        names, reporter = context.names, context.reporter
        if self.order is Order.FIRST:
            return allowDeny(words.key, self.allow, words.values, names, reporter)
        if self.allow:
            return onlyFrom(words.key, words.values, names, reporter)
        if not words.values:
            hint = "nobody knows who is to be kept out"
            raise BadValue(words.key, "no address", "at least one address", hint)
        return noAccess(words.values, names, reporter)

    def write(self, value: Sequence[AddressRule]) -> Sequence[str]:
        """
        The rules as they were written.
        """
        return tuple(rule.text for rule in value)


@attrs.frozen
class RulesPlace(Place):
    """
    Where rules end up: after those that are there.

    @ivar allow: which of the rules.
    @ivar order: which of them counts.
    """

    allow: bool
    order: Order

    @property
    def part(self) -> str:
        """
        The access rules.
        """
        return "access"

    def get(self, spec: ServiceSpec) -> None:
        """
        Nothing: rules that let in and rules that keep out are written in turns.
        """

    def put(self, spec: ServiceSpec, value: Sequence[AddressRule]) -> ServiceSpec:
        """
        Add rules.
        """
        access = spec.access
        access = attrs.evolve(
            access,
            rules=(*access.rules, *value),
            order=self.order,
            default=access.default and not self.allow,
        )
        return attrs.evolve(spec, access=access)


def _rules(name: str, owner: Owner, allow: bool, order: Order) -> Setting:
    """
    A row for rules.
    """
    return Setting(name, owner, Rules(allow, order), RulesPlace(allow, order), repeats=True)


#: By which key a rule is written: order, and whether it lets in.
RULES = {
    (Order.LONGEST, True): _rules("only_from", Owner.XINETD, True, Order.LONGEST),
    (Order.LONGEST, False): _rules("no_access", Owner.XINETD, False, Order.LONGEST),
    (Order.FIRST, True): _rules("allow", Owner.OURS, True, Order.FIRST),
    (Order.FIRST, False): _rules("deny", Owner.OURS, False, Order.FIRST),
}
