# -*- test-case-name: tests.test_config_xinetd_build -*-
"""
What the attributes of one service come to, before they are judged together.
"""

from __future__ import annotations

import attrs

from txinetd.config.lexer import Token
from txinetd.config.xinetd.own import OwnChange
from txinetd.policy import AddressRule
from txinetd.recording import Destination

__all__ = ["Draft"]


@attrs.define
class Draft:
    """
    One service, from its own attributes and those of C{defaults}.  C{None} stands for
    what is written in neither.

    @ivar places: where each field's attribute stands.
    @ivar inherited: the fields that are those of C{defaults}.
    @ivar broken: the fields whose attributes are written and cannot be used.
    @ivar own: the settings that xinetd does not have, by name.
    """

    disable: bool | None = None
    id: str | None = None
    type: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    socketType: str | None = None
    protocol: str | None = None
    wait: bool | None = None
    user: Token | None = None
    group: Token | None = None
    groups: bool | None = None
    server: Token | None = None
    arguments: tuple[Token, ...] | None = None
    port: int | None = None
    bind: Token | None = None
    v6only: bool | None = None
    redirect: tuple[Token, ...] | None = None
    rpcVersion: tuple[int, int] | None = None
    rpcNumber: int | None = None
    instances: float | None = None
    perSource: float | None = None
    cps: tuple[int, int] | None = None
    maxLoad: float | None = None
    onlyFrom: tuple[AddressRule, ...] | None = None
    noAccess: tuple[AddressRule, ...] | None = None
    times: tuple[tuple[int, int], ...] | None = None
    denyTime: tuple[float | None] | None = None
    libwrap: str | None = None
    banner: Token | None = None
    bannerSuccess: Token | None = None
    bannerFail: Token | None = None
    logType: Destination | None = None
    logOnSuccess: tuple[str, ...] | None = None
    logOnFailure: tuple[str, ...] | None = None
    umask: int | None = None
    nice: int | None = None
    limitAddressSpace: float | None = None
    limitCpu: float | None = None
    limitData: float | None = None
    limitResident: float | None = None
    limitStack: float | None = None
    limitFiles: float | None = None
    environment: tuple[tuple[bytes, bytes], ...] | None = None
    passed: tuple[bytes, ...] | None = None
    enabled: tuple[str, ...] | None = None
    disabled: tuple[str, ...] | None = None
    places: dict[str, Token] = attrs.field(factory=dict)
    inherited: set[str] = attrs.field(factory=set)
    broken: set[str] = attrs.field(factory=set)
    own: dict[str, list[OwnChange]] = attrs.field(factory=dict)
