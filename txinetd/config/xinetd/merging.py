# -*- test-case-name: tests.test_config_xinetd_sections -*-
"""
From the values of C{defaults} and of a service to what holds for the service.

 - An attribute that a service does not have is that of C{defaults}.
 - For a list, C{=} begins it anew, C{+=} and C{-=} change it, beginning with the list
   of C{defaults}.  Within C{defaults} C{=} adds, too.
 - An attribute of C{defaults} that guards services and cannot be used costs every
   service that has none of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.xinetd.attributes import ATTRIBUTES
from txinetd.config.xinetd.draft import Draft
from txinetd.config.xinetd.lists import Edit, edited
from txinetd.config.xinetd.sections import Section

__all__ = ["merged"]


def merged(own: Section, defaults: Section, reporter: Reporter, name: Token) -> Draft:
    """
    What holds for a service.

    @param reporter: the service's.
    @param name: where to say what it lacks.
    """
    draft = Draft(broken={*own.broken, *defaults.broken})
    for field, broken in defaults.broken.items():
        if not _sets(own, field):
            expected = "one that can be used, or one of the service's own"
            found = f"{broken.name} of defaults, which is wrong"
            hint = f"see {broken.origin}:{broken.origin.column}"
            reporter.drop("broken-default", name, found, expected, hint)
    for field, given in {**defaults.values, **own.values}.items():
        setattr(draft, field, given.value)
        draft.places[field] = given.token if field in own.values else name
        if field not in own.values:
            draft.inherited.add(field)
    for field, edits in own.edits.items():
        _change(draft, field, edits, reporter)
    for key, changes in {**defaults.own, **own.own}.items():
        draft.own[key] = changes
        if key not in own.own:
            draft.inherited.add(key)
    return draft


def _sets(own: Section, field: str) -> bool:
    """
    Whether a service needs nothing of an attribute of C{defaults}.
    """
    edits = own.edits.get(field, ())
    return field in own.values or field in own.own or any(each.operator == "=" for each in edits)


def _change(draft: Draft, field: str, edits: Sequence[Edit], reporter: Reporter) -> None:
    """
    Put the list of a service together.
    """
    row = next(each for each in ATTRIBUTES.values() if each.field == field)
    assert row.key is not None
    items = {row.key(item): item for item in getattr(draft, field) or ()}
    for edit in edits:
        if edit.operator == "=":
            items.clear()
        edited(row, items, edit, reporter)
    setattr(draft, field, tuple(items.values()))
    draft.places[field] = edits[0].token
    draft.inherited.discard(field)
