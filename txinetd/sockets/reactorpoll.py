# -*- test-case-name: tests.test_sockets_directwait -*-
"""
The epoll(7) object of a reactor: there is no public name for it.
"""

from __future__ import annotations

import select
from typing import Any

__all__ = ["epollOf"]


def epollOf(reactor: Any) -> Any:
    """
    What a reactor watches its descriptors with.

    @return: a C{select.epoll}, or C{None} for a reactor that has none.
    """
    epoll = getattr(reactor, "_poller", None)
    return epoll if hasattr(select, "epoll") and isinstance(epoll, select.epoll) else None
