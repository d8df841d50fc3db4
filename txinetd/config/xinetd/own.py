# -*- test-case-name: tests.test_config_xinetd_own -*-
"""
Settings that xinetd.conf(5) does not have, written as its attributes are: where names
that are none of its attributes are looked up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import attrs

from txinetd.config.lexer import Token
from txinetd.config.settings.setting import Context, Place, Setting, Words
from txinetd.config.settings.table import SETTINGS, readSetting
from txinetd.config.xinetd.attribute import Scope
from txinetd.config.xinetd.attributes import ATTRIBUTES

__all__ = ["OWN", "OwnChange", "readOwn"]

#: The settings by name.
OWN: Mapping[str, Setting] = MappingProxyType(
    {name: setting for name, setting in SETTINGS.items() if name not in ATTRIBUTES}
)


@attrs.frozen
class OwnChange:
    """
    What a setting does to a service.

    @ivar token: where it stands.
    @ivar transports: the protocols of services that can have it.
    @ivar place: where the value belongs.
    """

    token: Token
    transports: frozenset[str]
    place: Place
    value: Any


def readOwn(
    setting: Setting, attribute: Token, words: Sequence[Token], scope: Scope
) -> OwnChange | None:
    """
    Read a setting's words.

    @return: C{None} after having said why they have no meaning.
    """
    context = Context(scope.names, scope.options, scope.reporter)
    # Which protocol it is for is not known before the whole service is.
    change = readSetting(setting, Words(attribute, tuple(words)), None, context)
    if change is None:
        return None
    place, value = change
    return OwnChange(attribute, setting.protocols, place, value)
