# -*- test-case-name: tests.test_config_keyvalue_entry -*-
"""
The keys of one definition: which there are, and what the table of settings makes of
those that it has.
"""

from __future__ import annotations

from collections.abc import Sequence

from txinetd.config.keyvalue.definition import Pair
from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.settings import SETTINGS, Context, Words, readSetting, similarKey
from txinetd.config.settings.rules import RulesPlace
from txinetd.config.settings.table import Change
from txinetd.config.text import shown

__all__ = ["KEYS", "Keys"]

#: The keys that say what a service is.
STRUCTURE = frozenset(
    {
        "args",
        "bind",
        "exec",
        "group",
        "internal",
        "ipsec",
        "port",
        "protocol",
        "redirect",
        "rpc",
        "socktype",
        "user",
        "wait",
    }
)

#: All of them.
KEYS = STRUCTURE | frozenset(SETTINGS)


class Keys:
    """
    Sorts keys into what a service is and what else is said of it.

    @ivar structure: the former, by name.
    @ivar settings: the latter, in order.
    """

    def __init__(self, name: Token, pairs: Sequence[Pair], reporter: Reporter) -> None:
        """
        @param name: the name of the service, to say what is missing.
        @param pairs: its keys, as they were written.
        @param reporter: learns of keys that there are not, and of those given twice.
        """
        self._name = name
        self._reporter = reporter
        self.structure: dict[str, Pair] = {}
        self.settings: list[Pair] = []
        seen: dict[object, Token] = {}
        for pair in pairs:
            key = pair.key.text.lower()
            setting = SETTINGS.get(key)
            if setting is None and key not in STRUCTURE:
                hint = similarKey(key, KEYS)
                found, expected = shown(pair.key.text), "a key that there is"
                self._reporter.drop("unknown-key", pair.key, found, expected, hint)
                continue
            what: object = key if setting is None else setting.place
            other = seen.setdefault(what, pair.key)
            if other is not pair.key and (setting is None or not setting.repeats):
                found = f"{shown(pair.key.text)} after {shown(other.text)}"
                expected = f"it once; the first is on line {other.line}"
                self._reporter.drop("duplicate-key", pair.key, found, expected)
            elif setting is None:
                self.structure[key] = pair
            else:
                self.settings.append(pair)

    def one(self, key: str, expected: str, needed: bool = True) -> Token | None:
        """
        The only value of a key.

        @return: C{None} where there is none; if there has to be one, that has been
            said.
        """
        pair = self.structure.get(key)
        if pair is None:
            if needed:
                hint = f"write {key} = ..."
                self._reporter.drop("missing-key", self._name, f"no {key}", expected, hint)
            return None
        if len(pair.values) == 1 and "\0" not in pair.values[0].text:
            return pair.values[0]
        if not pair.values:
            found, token = f"nothing for {key}", pair.key
        elif len(pair.values) > 1:
            found, token = f"more than one value for {key}", pair.values[1]
        else:
            found, token = f"a NUL character for {key}", pair.values[0]
        hint = "is a comma missing before it?" if "=" in token.text else ""
        self._reporter.drop("bad-value", token, found, expected, hint)
        return None

    def checkPolicy(self) -> None:
        """
        A policy that cannot be had must not be left out.
        """
        pair = self.structure.get("ipsec")
        if pair is None or not pair.values or not pair.values[0].text:
            return
        token = pair.values[0]
        self._reporter.drop("unsupported-policy", token, shown(token.text), "no IPsec policy")

    def changes(
        self, transport: str | None, internal: bool, context: Context
    ) -> tuple[Change, ...]:
        """
        Everything that is in the table.

        @param transport: C{tcp}, C{udp} or C{unix}, or C{None} where that is not known.
        @param internal: whether it is an internal service.
        """
        changes: list[Change] = []
        orders: dict[object, Token] = {}
        for pair in self.settings:
            setting = SETTINGS[pair.key.text.lower()]
            words = Words(pair.key, pair.values)
            change = readSetting(setting, words, transport, context)
            if change is not None:
                changes.append(change)
            if isinstance(setting.place, RulesPlace):
                orders.setdefault(setting.place.order, pair.key)
            if internal and setting.boxes:
                hint = "an internal service is no program; this changes nothing for it"
                found = f"{setting.name} for an internal service"
                self._reporter.warn("internal-box", pair.key, found, "a program", hint)
        if len(orders) > 1:
            first, second = orders.values()
            found = f"{shown(second.text)} beside {shown(first.text)}"
            expected = "only_from and no_access, or allow and deny"
            self._reporter.drop("conflicting-keys", second, found, expected)
        return tuple(changes)
