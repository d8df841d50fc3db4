# -*- test-case-name: tests.test_config_xinetd_attributes -*-
"""
The table of the attributes of xinetd.conf(5).  To add one is to add a row here and a
field to L{txinetd.config.xinetd.draft.Draft}.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from txinetd.config.text import visible
from txinetd.config.xinetd import converters, logs
from txinetd.config.xinetd.attribute import ANY_NUMBER, Attribute, Place
from txinetd.config.xinetd.words import (
    absolutePath,
    choice,
    choices,
    count,
    decimal,
    firstWord,
    octal,
    size,
    texts,
    words,
    yesOrNo,
)

__all__ = ["ATTRIBUTES", "FLAGS", "SOCKET_TYPES", "TYPES"]

#: More of anything than there can be.
_MOST = 2**31 - 1

FLAGS = (
    "REUSE",
    "INTERCEPT",
    "NORETRY",
    "IDONLY",
    "NAMEINARGS",
    "NODELAY",
    "KEEPALIVE",
    "NOLIBWRAP",
    "SENSOR",
    "IPv4",
    "IPv6",
    "LABELED",
)
TYPES = ("RPC", "INTERNAL", "UNLISTED", "TCPMUX", "TCPMUXPLUS")
SOCKET_TYPES = ("stream", "dgram", "raw", "seqpacket")

_counted = count(1, _MOST, unlimited=True)


def _shown(name: bytes) -> str:
    """
    A variable's name as it is looked for.
    """
    return visible(name.decode("utf-8", "surrogateescape"))


_ROWS = (
    Attribute("disable", "disable", yesOrNo),
    Attribute("id", "id", lambda attribute, tokens, scope: tokens[0].text, guards=False),
    Attribute("type", "type", choices(TYPES), most=ANY_NUMBER),
    Attribute("flags", "flags", choices(FLAGS), most=ANY_NUMBER),
    Attribute("socket_type", "socketType", choice(SOCKET_TYPES)),
    Attribute("protocol", "protocol", choice(("tcp", "udp"))),
    Attribute("wait", "wait", yesOrNo),
    Attribute("user", "user", firstWord),
    Attribute("group", "group", firstWord),
    Attribute("groups", "groups", yesOrNo, place=Place.BOTH),
    Attribute("server", "server", absolutePath),
    Attribute("server_args", "arguments", words, most=ANY_NUMBER, comment=False),
    Attribute("port", "port", count(0, 65535)),
    Attribute("bind", "bind", firstWord, place=Place.BOTH),
    Attribute("interface", "bind", firstWord, place=Place.BOTH),
    Attribute("v6only", "v6only", yesOrNo, place=Place.BOTH),
    Attribute("redirect", "redirect", words, 2, 2),
    Attribute("rpc_version", "rpcVersion", converters.versions),
    Attribute("rpc_number", "rpcNumber", count(1, 2**32 - 1)),
    Attribute("instances", "instances", _counted, place=Place.BOTH),
    Attribute("per_source", "perSource", _counted, place=Place.BOTH),
    Attribute("cps", "cps", converters.rate, 2, 2, place=Place.BOTH),
    Attribute("max_load", "maxLoad", decimal, place=Place.BOTH),
    Attribute(
        "only_from",
        "onlyFrom",
        converters.onlyFrom,
        0,
        ANY_NUMBER,
        place=Place.BOTH,
        opens=True,
        key=lambda rule: rule.text,
    ),
    Attribute(
        "no_access",
        "noAccess",
        converters.noAccess,
        0,
        ANY_NUMBER,
        place=Place.BOTH,
        key=lambda rule: rule.text,
    ),
    Attribute("access_times", "times", converters.accessTimes, most=ANY_NUMBER),
    Attribute("deny_time", "denyTime", converters.denyTime),
    Attribute("libwrap", "libwrap", lambda attribute, tokens, scope: tokens[0].text),
    Attribute("banner", "banner", absolutePath, place=Place.BOTH, guards=False),
    Attribute("banner_success", "bannerSuccess", absolutePath, place=Place.BOTH, guards=False),
    Attribute("banner_fail", "bannerFail", absolutePath, place=Place.BOTH, guards=False),
    Attribute("log_type", "logType", logs.logType, 1, 4, place=Place.BOTH, guards=False),
    Attribute(
        "log_on_success",
        "logOnSuccess",
        choices(logs.SUCCESSES),
        0,
        ANY_NUMBER,
        place=Place.BOTH,
        key=str,
        guards=False,
    ),
    Attribute(
        "log_on_failure",
        "logOnFailure",
        choices(logs.FAILURES),
        0,
        ANY_NUMBER,
        place=Place.BOTH,
        key=str,
        guards=False,
    ),
    Attribute("umask", "umask", octal(0o777), place=Place.BOTH),
    Attribute("nice", "nice", count(-20, 19), guards=False),
    Attribute("rlimit_as", "limitAddressSpace", size),
    Attribute("rlimit_cpu", "limitCpu", count(1, _MOST, unlimited=True)),
    Attribute("rlimit_data", "limitData", size),
    Attribute("rlimit_rss", "limitResident", size),
    Attribute("rlimit_stack", "limitStack", size),
    Attribute("rlimit_files", "limitFiles", count(1, _MOST, unlimited=True)),
    Attribute(
        "env",
        "environment",
        converters.environment,
        0,
        ANY_NUMBER,
        key=lambda variable: _shown(variable[0]),
        removes=False,
    ),
    Attribute(
        "passenv",
        "passed",
        converters.names,
        0,
        ANY_NUMBER,
        place=Place.BOTH,
        opens=True,
        key=_shown,
    ),
    Attribute("enabled", "enabled", texts, 0, ANY_NUMBER, place=Place.DEFAULTS, key=str),
    Attribute("disabled", "disabled", texts, 0, ANY_NUMBER, place=Place.DEFAULTS, key=str),
    Attribute("mdns", "", converters.mdns, 0, ANY_NUMBER, place=Place.BOTH, guards=False),
)

#: The attributes by name.
ATTRIBUTES: Mapping[str, Attribute] = MappingProxyType({row.name: row for row in _ROWS})
