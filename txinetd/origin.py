# -*- test-case-name: tests.test_reload -*-
"""
Where something was read.
"""

from __future__ import annotations

import attrs

__all__ = ["Origin"]


@attrs.frozen
class Origin:
    """
    Where a spec, or a rule of it, came from.

    @ivar path: the file as it was named, or C{"<python>"}.
    @ivar line: the line its entry begins on, from 1.
    @ivar column: the column, from 1, in characters.
    @ivar label: the entry's first field as it stands there; together with
        C{path} it says which running service a broken line used to describe.
    """

    path: str = "<python>"
    line: int = 0
    column: int = 1
    label: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path
