# -*- test-case-name: tests.test_config_settings -*-
"""
The table of all settings: each row a key, what may stand after it, and where that
ends up in a spec.  What a service is in the first place (its address, its program,
its user) each format has its own words for; what it may do has these in all of
them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from txinetd.config.settings.access import ACCESS
from txinetd.config.settings.box import BOX
from txinetd.config.settings.limits import LIMITS
from txinetd.config.settings.record import RECORD
from txinetd.config.settings.resources import RESOURCES
from txinetd.config.settings.rules import RULES
from txinetd.config.settings.setting import At, BadValue, Context, Place, Setting, Words
from txinetd.config.settings.sockets import SOCKETS
from txinetd.config.text import shown
from txinetd.policy import AddressRule, Order
from txinetd.spec import (
    Identity,
    InetAddress,
    Program,
    ServiceSpec,
    SocketType,
)

__all__ = ["SETTINGS", "Change", "applied", "pairs", "readSetting", "similarKey"]

SETTINGS: dict[str, Setting] = {
    each.name: each for each in (*LIMITS, *ACCESS, *BOX, *SOCKETS, *RECORD)
}

#: A value, and where it belongs.
Change = tuple[Place, Any]

#: What counts wherever it stands.
_EXPLICIT = (At("access.default"), At("access.order"))

#: What is written even if it is the default.
_ALWAYS = ("service_max", "backlog")

#: What every setting of which nothing is said has.
_PLAIN = ServiceSpec(
    name="",
    socketType=SocketType.STREAM,
    protocol="tcp",
    addresses=(InetAddress("0.0.0.0", 0),),
    wait=False,
    server=Program(b"/", (b"",)),
    identity=Identity("", 0, 0),
)


def readSetting(
    setting: Setting, words: Words, transport: str | None, context: Context
) -> Change | None:
    """
    Read what stands after a key.

    @param transport: C{tcp}, C{udp}, C{unix} or C{vsock}, or C{None} where that is not known.
    @return: the change that it makes, or C{None} after having said what is wrong.
    """
    reporter = context.reporter
    if transport is not None and transport not in setting.protocols:
        expected = f"it for {' and '.join(sorted(setting.protocols))} only"
        found = f"{setting.name} for {transport}"
        reporter.drop("key-and-protocol", words.key, found, expected)
        return None
    for token in words.values:
        if "\0" in token.text:
            reporter.drop("nul-byte", token, "a NUL character", "text")
            return None
    try:
        return setting.place, setting.converter.read(words, context)
    except BadValue as bad:
        found = f"{bad.found} for {setting.name}"
        reporter.drop(bad.code, bad.token, found, bad.expected, bad.hint)
        return None


def applied(spec: ServiceSpec, changes: Sequence[Change]) -> ServiceSpec:
    """
    A spec with changes made, in their order; but what C{access_default} and
    C{access_order} say counts wherever they stand.
    """
    first = [each for each in changes if each[0] not in _EXPLICIT]
    last = [each for each in changes if each[0] in _EXPLICIT]
    for place, value in (*first, *last):
        spec = place.put(spec, value)
    return spec


def pairs(spec: ServiceSpec) -> Iterator[tuple[str, Sequence[str | bytes]]]:
    """
    The keys and words that make the settings of a spec, where they are not the
    defaults: L{applied} to a spec without any, they give the same.

    C{service_max} and C{backlog} are always among them: what holds without them is not
    the same for every service and every command line.
    """
    for setting in SETTINGS.values():
        if setting.alias or setting.name in ("access_default", "access_order"):
            continue
        value = setting.place.get(spec)
        if value != setting.place.get(_PLAIN) or setting.name in _ALWAYS:
            yield setting.name, setting.converter.write(value)
    yield from _rulePairs(spec)
    for which, soft, hard in spec.box.limits:
        setting = RESOURCES[which]
        yield setting.name, setting.converter.write((soft, hard))


def _rulePairs(spec: ServiceSpec) -> Iterator[tuple[str, Sequence[str | bytes]]]:
    """
    The rules, those of one kind that follow one another after one key.
    """
    access = spec.access
    run: list[AddressRule] = []
    for rule in (*access.rules, None):
        if run and (rule is None or rule.allow != run[0].allow):
            setting = RULES[access.order, run[0].allow]
            yield setting.name, setting.converter.write(run)
            run = []
        if rule is not None:
            run.append(rule)
    if access.rules or not access.default:
        yield "access_default", SETTINGS["access_default"].converter.write(access.default)
    if not access.rules and access.order is not Order.FIRST:
        yield "access_order", SETTINGS["access_order"].converter.write(access.order)


def similarKey(text: str, keys: Iterable[str]) -> str:
    """
    A hint at the key that was probably meant.
    """
    if len(text) > 30:
        return ""
    near = difflib.get_close_matches(text.lower(), list(keys), n=1)
    return f"did you mean {shown(near[0])}?" if near else ""
