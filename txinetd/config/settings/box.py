# -*- test-case-name: tests.test_config_settings -*-
"""
The settings that L{txinetd.spec.Box} is made of: what a program is kept in.
"""

from __future__ import annotations

from txinetd.config.settings.process import (
    Capabilities,
    Groups,
    Priority,
    Processors,
    VariableNames,
    Variables,
)
from txinetd.config.settings.resources import RESOURCES
from txinetd.config.settings.scalars import Number, Octal, Seconds
from txinetd.config.settings.setting import (
    At,
    Converter,
    Owner,
    Setting,
)
from txinetd.config.settings.terms import PathName, Switch

__all__ = ["BOX"]


def _ours(name: str, converter: Converter, attribute: str) -> Setting:
    """
    A row of ours.
    """
    return Setting(name, Owner.OURS, converter, At(f"box.{attribute}"))


def _xinetds(name: str, converter: Converter, attribute: str) -> Setting:
    """
    A row that xinetd has, too.
    """
    return Setting(name, Owner.XINETD, converter, At(f"box.{attribute}"))


BOX: tuple[Setting, ...] = (
    _xinetds("umask", Octal(), "umask"),
    _ours("directory", PathName(), "directory"),
    _ours("chroot", PathName(), "chroot"),
    _xinetds("groups", Groups(), "groups"),
    *RESOURCES.values(),
    _xinetds("nice", Number(-20, 19), "nice"),
    _ours("ioprio", Priority(), "ioPriority"),
    _ours("oom_score_adj", Number(-1000, 1000), "outOfMemory"),
    _ours("cpu_affinity", Processors(), "affinity"),
    _ours("no_new_privs", Switch(), "noNewPrivileges"),
    _ours("capabilities", Capabilities(), "bounding"),
    _ours("ambient_capabilities", Capabilities(), "ambient"),
    _ours("session_time", Seconds(), "seconds"),
    _ours("session_grace", Seconds(zero=True), "grace"),
    _xinetds("passenv", VariableNames(), "passed"),
    _xinetds("env", Variables(), "environment"),
    _ours("listen_fds", Switch(), "listenDescriptors"),
)
