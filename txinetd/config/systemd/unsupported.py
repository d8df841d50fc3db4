# -*- test-case-name: tests.test_config_systemd_dialect -*-
"""
What is said about settings that are not carried out.

Some have no meaning for one service by itself, and nothing is said.  Of some the
service would miss something that it does, which is a warning.  All others, also those
that nobody knows here, may be what keeps the service or the machine from harm: with
one of them there is no service.
"""

from __future__ import annotations

import enum

__all__ = ["Meaning", "meaning"]


class Meaning(enum.Enum):
    """
    What it means that a setting is not carried out.
    """

    #: Nothing.
    NONE = "none"
    #: Something is not done.
    FUNCTION = "function"
    #: Something is not prevented.
    PROTECTION = "protection"


#: Of sections that are there for the manager.
_NONE = frozenset(
    """
    After Before Wants Requires Requisite BindsTo PartOf Upholds Conflicts
    Description Documentation DefaultDependencies CollectMode SourcePath
    RefuseManualStart RefuseManualStop StopWhenUnneeded IgnoreOnIsolate JobTimeoutSec
    OnFailure OnSuccess FileDescriptorName TimeoutSec TimeoutStartSec
    SyslogIdentifier SyslogFacility SyslogLevel SyslogLevelPrefix LogLevelMax
    LogExtraFields LogRateLimitIntervalSec LogRateLimitBurst
    CPUAccounting MemoryAccounting IOAccounting TasksAccounting IPAccounting
    KillMode KillSignal RemoveOnStop FlushPending SuccessExitStatus
    ExecReload RemainAfterExit GuessMainPID Sockets ExitType
    """.split()  # noqa: SIM905
)

_FUNCTION = frozenset(
    """
    Symlinks PassCredentials PassPacketInfo Timestamping Broadcast
    KeepAliveTimeSec KeepAliveIntervalSec KeepAliveProbes IPTOS IPTTL Priority
    TCPCongestion PipeSize Writable SendSIGHUP SendSIGKILL FinalKillSignal
    ExecStop ExecStopPre ExecStopPost Restart RestartSec RestartPreventExitStatus
    RestartForceExitStatus WatchdogSec NotifyAccess OOMPolicy NonBlocking
    FileDescriptorStoreMax TimeoutAbortSec TimeoutStopFailureMode
    IgnoreSIGPIPE UtmpIdentifier UtmpMode
    TTYPath TTYReset TTYVHangup TTYVTDisallocate TTYRows TTYColumns
    StartLimitIntervalSec StartLimitInterval StartLimitBurst
    CPUWeight IOWeight StartupCPUWeight StartupIOWeight Slice Delegate
    CPUSchedulingPolicy CPUSchedulingPriority CPUSchedulingResetOnFork TimerSlackNSec
    NUMAPolicy NUMAMask StateDirectory CacheDirectory LogsDirectory RuntimeDirectory
    ConfigurationDirectory RuntimeDirectoryPreserve CoredumpFilter
    """.split()  # noqa: SIM905
)

_OFF = frozenset({"no", "n", "false", "f", "off"})

#: Settings that begin so are switches, for which 0 is off, too.
_SWITCHES = ("Protect", "Private", "Restrict", "Lock", "MemoryDeny", "Dynamic", "Transparent")


def meaning(section: str, key: str, value: str) -> Meaning:
    """
    What it means that a setting is not carried out.

    @param section: where it stands.
    @param key: its name.
    @param value: what it is set to.
    """
    if section == "Install" or section.startswith("X-") or key.startswith("X-") or not value:
        return Meaning.NONE
    if value.lower() in _OFF or (value == "0" and key.startswith(_SWITCHES)):
        # It takes back what nobody has asked for.
        return Meaning.NONE
    if key in _NONE:
        return Meaning.NONE
    return Meaning.FUNCTION if key in _FUNCTION else Meaning.PROTECTION
