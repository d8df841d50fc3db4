# -*- test-case-name: tests.test_config_xinetd_dialect -*-
"""
The format of xinetd.conf(5).

From the text to services: L{lexer} (lines to words), L{blocks} (words to blocks),
L{sections} (blocks to values, by the table in L{attributes}; values of C{defaults} and
of a service to a L{draft}), L{build} (a draft to a spec).
"""

from __future__ import annotations

from txinetd.config.xinetd.dialect import XinetdDialect

__all__ = ["XinetdDialect"]
