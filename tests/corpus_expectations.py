"""
What is to be said about the configuration files from the wild: for each file, each line
that gets a warning or an error, and which.  Every entry was looked at: it is true.
"""

from __future__ import annotations

__all__ = ["EXPECTED", "EXPECTED_IN_DIALECT", "REASONS"]

#: File name to (line, code), in order.
EXPECTED: dict[str, list[tuple[int, str]]] = {
    "ChakaZulu+tuxbox_cdk__etc%inetd.conf": [
        (14, "unknown-service"),
        (15, "unknown-service"),
        (16, "unknown-service"),
        (17, "unknown-service"),
        (18, "unknown-service"),
    ],
    "Enstore-org+enstore__etc%inetd.conf": [
        (97, "unknown-service"),
        (104, "unknown-service"),
    ],
    "SlothCroissant+prometheus-upsc-exporter__inetd.conf": [
        (2, "forgotten-argv0"),
    ],
    "benjaminoakes+tiny-tiny-nas__etc%inetd.conf": [
        (1, "relative-program"),
    ],
    "bradbrownjr+bpq-apps__docs%examples%etc%inetd.conf": [
        (4, "unknown-service"),
        (4, "no-arguments"),
        (5, "unknown-service"),
        (5, "forgotten-argv0"),
        (6, "unknown-service"),
        (6, "no-arguments"),
        (7, "unknown-service"),
        (7, "no-arguments"),
        (8, "no-arguments"),
        (9, "unknown-service"),
        (9, "no-arguments"),
        (10, "unknown-service"),
        (10, "no-arguments"),
        (11, "unknown-service"),
        (11, "no-arguments"),
        (12, "unknown-service"),
        (12, "no-arguments"),
        (13, "unknown-service"),
        (13, "script-as-argv0"),
        (14, "unknown-service"),
        (14, "no-arguments"),
        (15, "unknown-service"),
        (15, "no-arguments"),
        (16, "unknown-service"),
        (16, "script-as-argv0"),
        (17, "unknown-service"),
        (17, "no-arguments"),
        (18, "unknown-service"),
        (18, "no-arguments"),
        (19, "unknown-service"),
        (19, "script-as-argv0"),
        (20, "unknown-service"),
        (20, "no-arguments"),
        (21, "unknown-service"),
        (21, "no-arguments"),
    ],
    "bradbrownjr+bpq-apps__inetd.conf": [
        (2, "unknown-service"),
        (2, "no-arguments"),
        (3, "unknown-service"),
        (3, "no-arguments"),
        (4, "unknown-service"),
        (4, "no-arguments"),
    ],
    "cadus+remo2hbo_oktopus_boot__gummikraken%inetd.conf": [
        (2, "forgotten-argv0"),
    ],
    "chaosdorf+dorfmap-deb__etc%inetd.conf": [
        (38, "no-arguments"),
    ],
    "chapeltech+asgard__etc%inetd.conf": [
        (1, "unknown-service"),
        (2, "unknown-service"),
        (4, "unknown-service"),
        (5, "unknown-service"),
    ],
    "classilla+dclinux__etc%inetd.conf": [
        (31, "no-arguments"),
    ],
    "fangzhzh+bash-webserver__inetd.conf": [
        (23, "no-arguments"),
    ],
    "felixjogris+grapheqd__inetd.conf": [
        (3, "unknown-service"),
    ],
    "ftnapps+qico__debian%inetd.conf": [
        (2, "unknown-service"),
    ],
    "gdha+mkcdrec__busybox%examples%var_service%inetd%inetd.conf": [
        (13, "relative-program"),
        (15, "unbracketed-address"),
        (15, "relative-program"),
        (18, "relative-program"),
    ],
    "gjrtimmer+docker-postgresql__rootfs%etc%inetd.conf": [
        (1, "unknown-service"),
        (1, "no-arguments"),
    ],
    "jangita+git-bash-pushtodeploy__inetd.conf": [
        (1, "no-arguments"),
    ],
    "ksherlock+telnet-proxy__inetd.conf": [
        (1, "unknown-service"),
        (1, "unknown-user"),
    ],
    "oe-lite+core__recipes%busybox%files%inetd.conf": [
        (2, "relative-program"),
    ],
    "riolet+arkyCA__inetd.conf": [
        (32, "forgotten-argv0"),
    ],
    "robohack+ucb-csrg-bsd__etc%inetd.conf": [
        (32, "unknown-service"),
    ],
    "samlown+rastertotpcl__inetd.conf": [
        (1, "unknown-service"),
        (1, "quoted-blank"),
    ],
    "singhpratik5+secure_monitor__config%inetd.conf": [
        (2, "unknown-service"),
        (6, "xinetd-format"),
    ],
}

#: The same for each file that is of a system with a dialect of its own, in that dialect.
EXPECTED_IN_DIALECT: dict[str, list[tuple[int, str]]] = {
    "ChakaZulu+tuxbox_cdk__etc%inetd.conf": [
        (14, "unknown-service"),
        (15, "unknown-service"),
        (16, "unknown-service"),
        (17, "unknown-service"),
        (18, "unknown-service"),
    ],
    "Enstore-org+enstore__etc%inetd.conf": [
        (97, "unknown-service"),
        (104, "unknown-service"),
    ],
    "cadus+remo2hbo_oktopus_boot__gummikraken%inetd.conf": [
        (2, "forgotten-argv0"),
    ],
    "chaosdorf+dorfmap-deb__etc%inetd.conf": [
        (38, "no-arguments"),
    ],
    "classilla+dclinux__etc%inetd.conf": [
        (31, "no-arguments"),
    ],
    "fangzhzh+bash-webserver__inetd.conf": [
        (23, "no-arguments"),
    ],
    "gjrtimmer+docker-postgresql__rootfs%etc%inetd.conf": [
        (1, "unknown-service"),
        (1, "no-arguments"),
    ],
    "oe-lite+core__recipes%busybox%files%inetd.conf": [
        (2, "nowait-mismatch"),
    ],
    "riolet+arkyCA__inetd.conf": [
        (32, "forgotten-argv0"),
    ],
    "robohack+ucb-csrg-bsd__etc%inetd.conf": [
        (32, "unknown-service"),
    ],
}

#: Why a line makes no service: what the file's own inetd says about it, or that it asks for
#: something that is refused by name.
REASONS: dict[str, str] = {
    "unknown-service": "its own inetd has no such service either",
    "unknown-user": "its own inetd has no such user either",
    "xinetd-format": "no inetd reads it",
}
