# -*- test-case-name: tests.test_config_access -*-
"""
Words about who may come in, as rules by address.

There are two ways of writing them.  C{only_from} and C{no_access}, as in
xinetd.conf(5): the better match counts, of two alike the one that keeps out; and
C{allow} and C{deny}: the first that fits counts, in the order in which they stand.  In
both, where anybody at all is said to be let in, whoever no rule fits is not.

A mistake never lets in more than its writer can have meant.  A word that cannot be
read lets nobody in where it was to let somebody in, and takes the whole service away
where it was to keep somebody out, for then nobody knows whom.  A host that cannot be
looked up is looked up again later; until then it fits nobody where it is let in, and
everybody where it is kept out.

Unlike xinetd's, a host's name is looked up when it is read (and again from time to
time), and not by the name that its address says it has: whoever has an address decides
what that is.  Domains (C{.example.org}) can therefore not be written here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import attrs

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.text import shown, visible
from txinetd.gate.networks import (
    EVERY_IPV4,
    EVERY_IPV6,
    AddressProblem,
    beginning,
    isHostName,
    mappedPart,
    networks,
    xinetdNetworks,
)
from txinetd.hosts import hostNetworks
from txinetd.interfaces import INames
from txinetd.policy import Access, AddressRule, Network, Order

__all__ = ["allowDeny", "noAccess", "onlyFrom", "withRules", "withXinetdRules"]

_Reader = Callable[[str], tuple[Network, ...]]


def onlyFrom(
    attribute: Token, words: Sequence[Token], names: INames, reporter: Reporter
) -> tuple[AddressRule, ...]:
    """
    The words of C{only_from}.

    @param attribute: where it stands.
    """
    if not words:
        expected = "at least one address"
        hint = "this lets nobody in; to let everybody in leave the attribute away"
        reporter.warn("nobody-allowed", attribute, "no address", expected, hint)
    return _rules(words, True, xinetdNetworks, names, reporter)


def noAccess(words: Sequence[Token], names: INames, reporter: Reporter) -> tuple[AddressRule, ...]:
    """
    The words of C{no_access}.
    """
    return _rules(words, False, xinetdNetworks, names, reporter)


def allowDeny(
    attribute: Token, allow: bool, words: Sequence[Token], names: INames, reporter: Reporter
) -> tuple[AddressRule, ...]:
    """
    The words of one C{allow} or C{deny}.

    @param attribute: where it stands.
    @param allow: which of the two it is.
    """
    if not words:
        expected = "at least one address, or all"
        if allow:
            hint = "this lets nobody in"
            reporter.warn("nobody-allowed", attribute, "no address", expected, hint)
        else:
            hint = "nobody knows who is to be kept out"
            reporter.drop("bad-address", attribute, "no address", expected, hint)
    return _rules(words, allow, networks, names, reporter)


def withXinetdRules(
    access: Access,
    allowed: Iterable[AddressRule] | None,
    refused: Iterable[AddressRule] | None,
) -> Access:
    """
    Put what L{onlyFrom} and L{noAccess} read in place of other rules.

    @param allowed: C{None} where C{only_from} is not written at all, which is not the
        same as written without addresses.
    @param refused: the same for C{no_access}.
    """
    rules = (*(allowed or ()), *(refused or ()))
    return attrs.evolve(access, rules=rules, order=Order.LONGEST, default=allowed is None)


def withRules(access: Access, rules: Iterable[AddressRule], *, nobody: bool = False) -> Access:
    """
    Put what L{allowDeny} read in place of other rules.

    @param rules: in the order in which they are written.
    @param nobody: whether there is an C{allow} without addresses.
    """
    listed = tuple(rules)
    default = not nobody and not any(rule.allow for rule in listed)
    return attrs.evolve(access, rules=listed, order=Order.FIRST, default=default)


def _rules(
    words: Sequence[Token], allow: bool, reader: _Reader, names: INames, reporter: Reporter
) -> tuple[AddressRule, ...]:
    """
    One rule for each word.
    """
    return tuple(_rule(word, allow, reader, names, reporter) for word in words)


def _rule(
    word: Token, allow: bool, reader: _Reader, names: INames, reporter: Reporter
) -> AddressRule:
    """
    The rule of one word.  Where the word is none, it lets nobody in, or keeps
    everybody out.
    """
    text, origin = visible(word.text), reporter.origin(word)
    try:
        found = reader(word.text)
    except AddressProblem as problem:
        if isHostName(word.text):
            host = word.text.lower().rstrip(".")
            found = hostNetworks(host, names)
            if not found:
                _unknown(word, allow, reporter)
            return AddressRule(allow, found, text, host, origin)
        _bad(word, allow, problem, reporter)
        found = () if allow else (EVERY_IPV4, EVERY_IPV6)
        return AddressRule(allow, found, text, None, origin)
    inside = [each for network in found if (each := mappedPart(network)) is not None]
    if reader is xinetdNetworks and not allow:
        # xinetd counts them in where one socket has both families: there, whoever
        # keeps ::/0 out keeps everybody out.
        found = (*found, *inside)
    elif inside and "/" in word.text:
        hint = "it says nothing about IPv4; write 0.0.0.0/0 besides if that is meant"
        reporter.note("no-ipv4", word, shown(text), "a network of either family", hint)
    _check(word, found[0], reporter)
    return AddressRule(allow, found, text, None, origin)


def _bad(word: Token, allow: bool, problem: AddressProblem, reporter: Reporter) -> None:
    """
    Say that a word stands for no address.
    """
    code, found, hint = "bad-address", problem.found, problem.hint
    expected = f"{problem.expected}, or a host name"
    if word.text.startswith("@"):
        code = "unsupported-netgroup"
    elif word.text.startswith("."):
        code, found = "unsupported-domain", f"the domain {shown(word.text)}"
        hint = "hosts.allow(5) has rules by domain"
    if allow:
        hint = f"{hint}; this lets nobody in" if hint else "this lets nobody in"
        reporter.defect(code, word, found, expected, hint)
    else:
        reason = "nobody knows who is to be kept out"
        reporter.drop(code, word, found, expected, f"{hint}; {reason}" if hint else reason)


def _unknown(word: Token, allow: bool, reporter: Reporter) -> None:
    """
    Say that a host has no address.
    """
    expected = "a name that can be resolved, or an address"
    hint = "until it can be, it lets nobody in"
    if not allow:
        hint = "until it can be, everybody is kept out: anybody might be that host"
    reporter.defect("unknown-host", word, f"the host {shown(word.text)}", expected, hint)


def _check(word: Token, network: Network, reporter: Reporter) -> None:
    """
    Say what is probably not what was meant.
    """
    address, slash, _ = word.text.partition("/")
    if slash:
        (written,) = networks(address)
        # One that stands for IPv4 in a network that does not is of the other family.
        if written.version == network.version and written.first != network.first:
            expected = "the address that the network begins with"
            hint = f"this is the network that begins with {beginning(network)}"
            reporter.warn("host-bits", word, shown(word.text), expected, hint)
    elif word.text.strip("[]") == "::":
        expected = "an address that somebody can have"
        hint = "for every IPv6 address write ::/0"
        reporter.warn("nobody-meant", word, shown(word.text), expected, hint)
