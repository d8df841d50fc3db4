``--dialect`` reads the inetd.conf of FreeBSD, NetBSD, OpenBSD, Debian, GNU, busybox and illumos as their own inetds do, and takes their options.
