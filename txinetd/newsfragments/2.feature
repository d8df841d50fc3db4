Servers for other users, and servers in a box (``txinetd.spec.Box``: resource limits, chroot, capabilities, affinity, ...), are started by small processes that already are those users.
