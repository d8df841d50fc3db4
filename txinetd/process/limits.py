# -*- test-case-name: tests.test_process_parts -*-
"""
How many descriptors this process may hold, and how many a server may.
"""

from __future__ import annotations

import resource

__all__ = ["DescriptorLimit"]


class DescriptorLimit:
    """
    Raises this process's soft limit on descriptors, and remembers what it was:
    servers are to run with that one (some go through every possible descriptor
    when they start).

    @ivar original: the soft limit that the process was started with.
    @ivar forServers: the soft and the hard limit that servers are to have, where these are
        not this process's; else C{None}.
    """

    def __init__(self) -> None:
        self.original, self._hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.forServers: tuple[int, int] | None = None

    @property
    def isRaised(self) -> bool:
        """
        Whether the soft limit is not the original one now.
        """
        return self.forServers is not None

    def raiseToHard(self) -> None:
        """
        Raise the soft limit to the hard one.
        """
        if self.original != self._hard:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._hard, self._hard))
            self.forServers = (self.original, self._hard)

    def restore(self) -> None:
        """
        Put the soft limit back to what it was.
        """
        if self.forServers is not None:
            self.forServers = None
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.original, self._hard))

    def __enter__(self) -> None:
        """
        For as long as it takes to start a child from this very process, have the
        original limit.  Descriptors that are open beyond it stay open.
        """
        if self.forServers is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.original, self._hard))

    def __exit__(self, *exception: object) -> None:
        """
        Have the raised one again.
        """
        if self.forServers is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._hard, self._hard))
