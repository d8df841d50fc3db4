# -*- test-case-name: tests.test_config_xinetd_notyet -*-
"""
What xinetd.conf(5) can ask for and is not done, with what that comes to: some of it
for good, some of it for now.  What is done from some day on is a row less.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import attrs

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.xinetd.draft import Draft

__all__ = ["NEVER_DONE", "NOT_DONE", "NotDone", "sayNotDone"]


@attrs.frozen
class NotDone:
    """
    One thing that is not done.

    @ivar field: the field of L{Draft} that asks for it.
    @ivar asked: whether a value does.
    @ivar hint: what it comes to.
    @ivar off: whether the service would be less protected, or no use, without it, so
        that it is not served.
    """

    field: str
    asked: Callable[[Draft], bool]
    hint: str
    off: bool


def _flag(flag: str, hint: str, off: bool = True) -> NotDone:
    """
    A flag.
    """
    return NotDone("flags", lambda draft: flag in draft.flags, hint, off)


#: By a name for messages: the attribute, and its value where only that is not done.
#: These are for good.
NEVER_DONE: Mapping[str, NotDone] = MappingProxyType(
    {
        "flags INTERCEPT": _flag(
            "INTERCEPT",
            "a server with wait = yes would get datagrams and connections of peers that are not "
            "let in; wait = no judges each",
        ),
        "flags LABELED": _flag("LABELED", "servers keep the SELinux context of the daemon"),
    }
)

#: These are for now: there are none.
NOT_DONE: Mapping[str, NotDone] = MappingProxyType({})


def sayNotDone(
    draft: Draft, notDone: Mapping[str, NotDone], name: Token, reporter: Reporter
) -> None:
    """
    Say what of a service's attributes is not done.

    @param notDone: L{NOT_DONE}, or less; L{NEVER_DONE} is always said.
    @param name: the service's name, where it stands: for what C{defaults} asks for.
    """
    for what, each in {**NEVER_DONE, **notDone}.items():
        if each.asked(draft):
            token = draft.places.get(each.field, name)
            say = reporter.drop if each.off else reporter.warn
            hint = f"{each.hint}: the service is left out" if each.off else each.hint
            say("not-done", token, what, "what is done here", hint)
