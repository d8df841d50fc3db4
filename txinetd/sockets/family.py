# -*- test-case-name: tests.test_sockets_datagram -*-
"""
Which address families this machine has.
"""

from __future__ import annotations

import socket

__all__ = ["haveIPv6"]


def haveIPv6() -> bool:
    """
    Whether this machine can listen on IPv6: the kernel may lack it or have it
    turned off, so a socket is made and bound to see.
    """
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::", 0))
    except OSError:
        return False
    return True
