# -*- test-case-name: tests.test_config_xinetd_sections -*-
"""
From the lines of a block to values.

 - The first assignment of an attribute counts; later ones are warned about.  A list
   may be assigned more than once.
 - A value that has no meaning costs the service; an attribute that is unknown, or has
   too few words or an operator that it does not take, is left out with a warning.  But
   what guards a service is never left out: then, too, the service is lost, and where
   it happens in C{defaults}, every service that would have inherited it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.settings.setting import Setting as OwnSetting
from txinetd.config.text import shown
from txinetd.config.xinetd.attribute import ANY_NUMBER, Attribute, Place, Scope
from txinetd.config.xinetd.attributes import ATTRIBUTES
from txinetd.config.xinetd.blocks import Block, Fault, Setting
from txinetd.config.xinetd.lists import Edit, edited
from txinetd.config.xinetd.own import OwnChange, readOwn
from txinetd.config.xinetd.words import similar
from txinetd.origin import Origin

__all__ = ["Broken", "Given", "Section", "read"]


@attrs.frozen
class Given:
    """
    An attribute's value.

    @ivar token: where the attribute stands.
    """

    token: Token
    value: Any


@attrs.frozen
class Broken:
    """
    An attribute that guards services and cannot be used.

    @ivar origin: where it stands.
    """

    name: str
    origin: Origin


@attrs.define
class Section:
    """
    What the lines of one block come to.

    @ivar values: by field.
    @ivar edits: of lists, by field, in order.
    @ivar own: settings of our own, by name, each perhaps given more than once.
    @ivar broken: by field, or by name for a setting of our own.
    """

    values: dict[str, Given] = attrs.field(factory=dict)
    edits: dict[str, list[Edit]] = attrs.field(factory=dict)
    own: dict[str, list[OwnChange]] = attrs.field(factory=dict)
    broken: dict[str, Broken] = attrs.field(factory=dict)


def read(block: Block, scope: Scope, own: Mapping[str, OwnSetting]) -> Section:
    """
    Read the lines of a block.

    @param scope: with the reporter of this block.
    @param own: the settings that xinetd does not have.
    """
    reading = _Reading(block, scope, own)
    for fault in block.faults:
        reading.fault(fault)
    for setting in block.settings:
        reading.setting(setting)
    if block.name is None:
        reading.fold()
    return reading.section


@attrs.define
class _Reading:
    """
    One block being read.
    """

    block: Block
    scope: Scope
    own: Mapping[str, OwnSetting]
    section: Section = attrs.field(factory=Section)

    @property
    def _reporter(self) -> Reporter:
        """
        Where to say things.
        """
        return self.scope.reporter

    @property
    def _place(self) -> Place:
        """
        What kind of block this is.
        """
        return Place.DEFAULTS if self.block.name is None else Place.SERVICE

    def fault(self, fault: Fault) -> None:
        """
        Say what does not fit the grammar.
        """
        where = fault.token
        if not fault.fatal:
            self._reporter.warn(fault.code, where, fault.found, fault.expected, fault.hint)
            return
        self._reporter.drop(fault.code, where, fault.found, fault.expected, fault.hint)
        row = ATTRIBUTES.get(fault.attribute)
        if row is not None and row.guards:
            self._break(row.name, row.field, where)
        elif fault.attribute in self.own:
            self._break(fault.attribute, fault.attribute, where)

    def _break(self, name: str, field: str, token: Token) -> None:
        """
        Remember that services must not do without something, and have to.
        """
        self.section.broken.setdefault(field, Broken(name, self._reporter.origin(token)))

    def setting(self, setting: Setting) -> None:
        """
        Take one line.
        """
        row = ATTRIBUTES.get(setting.name)
        own = self.own.get(setting.name)
        if row is None and own is not None:
            self._own(own, setting)
        elif row is None:
            self._unknown(setting)
        elif self._place not in row.place:
            sections = "a service" if Place.SERVICE in row.place else "defaults"
            hint = "it is left out"
            found = shown(setting.attribute.text)
            expected = f"it in {sections} only"
            self._reporter.warn("misplaced-attribute", setting.attribute, found, expected, hint)
        else:
            self._known(row, setting)

    def _own(self, row: OwnSetting, setting: Setting) -> None:
        """
        A setting of our own.
        """
        if self.scope.options.strictXinetd:
            found = shown(setting.attribute.text)
            hint = "it is a setting of txinetd's, and --strict-xinetd is given"
            expected = "an attribute of xinetd.conf(5)"
            self._reporter.drop("strict-xinetd", setting.attribute, found, expected, hint)
            self._break(setting.name, setting.name, setting.attribute)
            return
        if setting.operator != "=":
            found = shown(setting.operator)
            self._reporter.drop("bad-operator", setting.attribute, found, "=")
            self._break(setting.name, setting.name, setting.attribute)
            return
        given = self.section.own.get(setting.name)
        if given is not None and not row.repeats:
            self._twice(setting.attribute, given[0].token)
            return
        words = self._uncommented(setting)
        before = self._begin()
        change = readOwn(row, setting.attribute, words, self.scope)
        if self._ended(before) or change is None:
            self._break(setting.name, setting.name, setting.attribute)
        else:
            self.section.own.setdefault(setting.name, []).append(change)

    def _unknown(self, setting: Setting) -> None:
        """
        An attribute that nobody knows.
        """
        token = setting.attribute
        hint = similar(token.text, (*ATTRIBUTES, *self.own))
        meant = hint.removeprefix("did you mean ").removesuffix("?")
        row = ATTRIBUTES.get(meant)
        guards = meant in self.own if row is None else row.guards
        expected = "an attribute of xinetd.conf(5), or one of txinetd's"
        if not guards:
            hint = f"{hint} it is left out" if hint else "it is left out"
            self._reporter.warn("unknown-attribute", token, shown(token.text), expected, hint)
            return
        hint = f"{hint} a service is not served without it"
        self._reporter.drop("unknown-attribute", token, shown(token.text), expected, hint)
        self._break(meant, meant if row is None else row.field, token)

    def _known(self, row: Attribute, setting: Setting) -> None:
        """
        An attribute of xinetd's.
        """
        token = setting.attribute
        if setting.operator not in row.operators:
            found = f"{shown(setting.operator)} for {row.name}"
            self._leave(row, token, "bad-operator", found, " or ".join(row.operators))
            return
        if row.key is None and row.field in self.section.values:
            self._twice(token, self.section.values[row.field].token)
            return
        words = self._uncommented(setting) if row.comment else setting.words
        if len(words) > row.most:
            hint = "the rest is left out"
            extra = words[row.most]
            self._reporter.warn("extra-words", extra, shown(extra.text), row.arity, hint)
            words = words[: row.most]
        if len(words) < row.least:
            counted = "no value" if not words else "1 value" if len(words) == 1 else "too few"
            self._leave(row, token, "missing-value", f"{counted} for {row.name}", row.arity)
            return
        if row.most == ANY_NUMBER and not words and setting.operator != "=":
            hint = "it changes nothing"
            self._reporter.warn("missing-value", token, "no value", "at least one value", hint)
            return
        self._value(row, setting, words)

    def _twice(self, token: Token, first: Token) -> None:
        """
        Say that an attribute that is given already does not count.
        """
        found = f"{shown(token.text)} again"
        hint = f"the first, on line {first.line}, counts"
        self._reporter.warn("attribute-twice", token, found, "each attribute once", hint)

    def _value(self, row: Attribute, setting: Setting, words: tuple[Token, ...]) -> None:
        """
        Convert the words, and keep what they are.
        """
        token = setting.attribute
        before = self._begin()
        removing = setting.operator == "-="
        value: Any = () if removing else row.convert(token, words, self.scope)
        if self._ended(before):
            if row.guards:
                self._break(row.name, row.field, token)
            return
        if row.key is not None:
            edit = Edit(token, setting.operator, value, words)
            self.section.edits.setdefault(row.field, []).append(edit)
        elif value is not None:
            self.section.values[row.field] = Given(token, value)

    def fold(self) -> None:
        """
        Put the lists of C{defaults} together.
        """
        for row in ATTRIBUTES.values():
            edits = self.section.edits.pop(row.field, [])
            items: dict[str, Any] = {}
            for edit in edits:
                before = self._begin()
                edited(row, items, edit, self._reporter)
                if self._ended(before):
                    self._break(row.name, row.field, edit.token)
            if edits:
                self.section.values[row.field] = Given(edits[0].token, tuple(items.values()))

    def _begin(self) -> bool:
        """
        Find out whether something drops the service.
        """
        before = self._reporter.dropped
        self._reporter.dropped = False
        return before

    def _ended(self, before: bool) -> bool:
        """
        Whether it did.
        """
        dropped = self._reporter.dropped
        self._reporter.dropped = before or dropped
        return dropped

    def _leave(self, row: Attribute, token: Token, code: str, found: str, expected: str) -> None:
        """
        Leave an attribute out, or the service, if the attribute guards it.
        """
        if row.guards:
            hint = "a service is not served without it"
            self._reporter.drop(code, token, found, expected, hint)
            self._break(row.name, row.field, token)
        else:
            self._reporter.warn(code, token, found, expected, "it is left out")

    def _uncommented(self, setting: Setting) -> tuple[Token, ...]:
        """
        The words up to what was meant as a comment.
        """
        for number, word in enumerate(setting.words):
            if word.text.startswith("#"):
                hint = "to xinetd it is more values; it is left out here"
                expected = "comments on their own lines"
                self._reporter.warn("comment-in-line", word, shown(word.text), expected, hint)
                return setting.words[:number]
        return setting.words
