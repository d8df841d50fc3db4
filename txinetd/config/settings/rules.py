# -*- test-case-name: tests.test_config_settings -*-
"""
Rules by address.

C{only_from} and C{no_access} are xinetd's, of which the narrowest counts; C{allow} and
C{deny} are ours, of which the first that fits counts.  Both are lists that may be
given several times, and their order stays.  Who fits none is let in only where no rule
says whom to let in: C{only_from} and C{allow} do, unless C{access_default} says
otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from txinetd.config.lexer import Token
from txinetd.config.settings.setting import (
    BadValue,
    Context,
    Converter,
    Owner,
    Place,
    Setting,
    Words,
)
from txinetd.config.text import shown
from txinetd.gate.networks import AddressProblem, isHostName, networks, xinetdNetworks
from txinetd.hosts import hostNetworks
from txinetd.policy import AddressRule, Network, Order
from txinetd.spec import ServiceSpec

__all__ = ["RULES", "RulesPlace"]


_ADDRESSES = "addresses, address/length, address-address, or host names"


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
        if not words.values:
            if not self.allow:
                raise BadValue(words.key, "nothing", _ADDRESSES)
            hint = "nobody can use the service"
            context.reporter.warn("empty-rule", words.key, "nothing", _ADDRESSES, hint)
            return ()
        return tuple(self._rule(token, context) for token in words.values)

    def _networks(self, text: str) -> tuple[Network, ...]:
        """
        The addresses of a word, in the forms of whose rules these are.
        """
        return xinetdNetworks(text) if self.order is Order.LONGEST else networks(text)

    def _rule(self, token: Token, context: Context) -> AddressRule:
        """
        One word.
        """
        text = token.text
        origin = context.reporter.origin(token)
        try:
            return AddressRule(self.allow, self._networks(text), text, None, origin)
        except AddressProblem as error:
            problem = error
        if not isHostName(text):
            raise BadValue(token, problem.found, problem.expected, problem.hint)
        found = hostNetworks(text, context.names)
        if not found:
            hint = "it lets nobody in until it can be resolved"
            if not self.allow:
                hint = "until it can be resolved everybody is kept out: anybody might be that host"
            context.reporter.defect("unknown-host", token, shown(text), _ADDRESSES, hint)
        return AddressRule(self.allow, found, text, text, origin)

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
