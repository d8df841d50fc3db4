"""
What is to be said about the files for xinetd from the wild, if everything that they ask
for were done: for each file, each line that gets a warning or an error, and which.
Every entry was looked at: it is true.
"""

from __future__ import annotations

__all__ = ["EXPECTED", "OURS", "THEIRS"]

#: File name to (line, code), in order.
EXPECTED: dict[str, list[tuple[int, str]]] = {
    "Bee1To+raspbmc-files__etc%xinetd.d%samba": [
        (13, "missing-brace"),
    ],
    "Cov-ComSec+docker-jail-template__ctf.xinetd": [
        (16, "comment-in-line"),
        (17, "comment-in-line"),
    ],
    "Distrotech+distrotech-core__sysroot%var%lib%asterisk%agi-bin%phpagi%docs%fastagi.xinetd": [
        (3, "unknown-service"),
    ],
    "EFForg+OpenWireless__etc%xinetd.d%ssh": [
        (13, "word-case"),
    ],
    "Enstore-org+enstore__etc%eklogin": [
        (9, "unknown-service"),
    ],
    "Enstore-org+enstore__etc%netperf": [
        (4, "unknown-service"),
    ],
    "FeralMechanica+iPXE-Server__docker%xinetd.conf": [
        (1, "unknown-service"),
    ],
    "GIGX201+Xinetd_mod__xinetd.d%botserver": [
        (16, "comment-in-line"),
        (17, "comment-in-line"),
    ],
    "GIGX201+Xinetd_mod__xinetd.d%botserver.save": [
        (16, "comment-in-line"),
        (17, "comment-in-line"),
    ],
    "ShySec+scrimmage-dc22-gamebox__etc%xinetd.d%atmail": [
        (1, "unknown-service"),
    ],
    "ShySec+scrimmage-dc22-gamebox__etc%xinetd.d%bookworm": [
        (1, "unknown-service"),
    ],
    "ShySec+scrimmage-dc22-gamebox__etc%xinetd.d%eliza": [
        (1, "unknown-service"),
    ],
    "ShySec+scrimmage-dc22-gamebox__etc%xinetd.d%r0pbaby": [
        (1, "unknown-service"),
    ],
    "ShySec+scrimmage-dc22-gamebox__etc%xinetd.d%reeses": [
        (1, "unknown-service"),
    ],
    "ShySec+scrimmage-dc22-gamebox__etc%xinetd.d%replayme": [
        (1, "unknown-service"),
    ],
    "ShySec+scrimmage-dc22-gamebox__etc%xinetd.d%trouver": [
        (1, "unknown-service"),
    ],
    "appleboy+Shell-Script__etc%xinetd.d%mysqlchk": [
        (9, "unknown-service"),
    ],
    "bencarpena+binsh__xinetd.conf": [
        (109, "unknown-service"),
        (118, "unknown-service"),
        (127, "unknown-service"),
        (136, "unknown-service"),
        (145, "unknown-service"),
        (154, "unknown-service"),
        (163, "unknown-service"),
        (173, "unknown-service"),
        (182, "unknown-service"),
        (191, "unknown-service"),
        (200, "unknown-service"),
        (209, "unknown-service"),
        (218, "unknown-service"),
        (227, "unknown-service"),
        (236, "unknown-service"),
    ],
    "blairsec+shell__xinetd.conf": [
        (2, "missing-brace"),
    ],
    "chainflag+solidctf__ctf.xinetd": [
        (14, "comment-in-line"),
    ],
    "fhinnn+jarkom_ctf__ctf.xinetd": [
        (15, "comment-in-line"),
        (16, "comment-in-line"),
    ],
    "glamrock+sshxor__xinetd.conf.example": [
        (47, "unknown-service"),
    ],
    "golems+ach__data%achd.xinetd.example": [
        (2, "unknown-service"),
    ],
    "jangita+git-bash-pushtodeploy__xinetd.conf": [
        (4, "unknown-internal"),
        (4, "unknown-service"),
        (13, "internal-wait"),
        (14, "not-needed"),
    ],
    "latchset+tang__units%tangd.xinetd": [
        (1, "unknown-service"),
    ],
    "likvidera+docker-pwn__ctf.xinetd": [
        (10, "bad-value"),
    ],
    "likvidera+docker-pwn__data%ctf.xinetd.template": [
        (10, "bad-value"),
    ],
    "openSUSE+xinetd__contrib%empty.conf": [
        (13, "missing-value"),
        (14, "missing-value"),
        (15, "missing-value"),
        (16, "missing-value"),
        (20, "missing-value"),
        (21, "missing-value"),
        (22, "missing-value"),
        (23, "missing-value"),
        (26, "missing-value"),
        (29, "missing-value"),
        (30, "missing-value"),
        (33, "missing-value"),
        (38, "missing-value"),
        (39, "missing-value"),
        (40, "missing-value"),
        (41, "missing-value"),
        (44, "nobody-allowed"),
        (46, "missing-value"),
        (47, "missing-value"),
        (48, "missing-value"),
        (49, "missing-value"),
        (50, "missing-value"),
        (51, "missing-value"),
        (52, "unsupported-mdns"),
        (57, "missing-value"),
        (58, "missing-value"),
        (59, "missing-value"),
        (60, "missing-value"),
        (61, "missing-value"),
        (62, "missing-value"),
        (63, "missing-value"),
        (64, "missing-value"),
    ],
    "openSUSE+xinetd__src%sample.conf": [
        (126, "unknown-service"),
        (279, "not-done"),
        (337, "unknown-service"),
    ],
    "pray77+SCTF-flying_kernel__ctf.xinetd": [
        (16, "comment-in-line"),
        (17, "comment-in-line"),
    ],
    "skyepodium+pwnable-xinetd__config%xinetd": [
        (15, "comment-in-line"),
        (16, "comment-in-line"),
    ],
}

#: Services that there are here and not with xinetd, by file and id, and why.
OURS: dict[tuple[str, str], str] = {
    ("Bee1To+raspbmc-files__etc%xinetd.d%samba", "netbios-ns"): (
        "xinetd reads nothing after the missing brace of the service before"
    ),
}

#: Services that there are with xinetd and not here, likewise.
THEIRS: dict[tuple[str, str], str] = {
    ("openSUSE+xinetd__src%sample.conf", "rstatd"): "flags = INTERCEPT is refused",
}
