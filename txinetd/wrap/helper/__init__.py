# -*- test-case-name: tests.test_wrap_wrapper -*-
"""
What the helper process of tcp wrappers runs: the standard library alone, and little
of that.

The helper is the only process that calls libwrap.  The modules here are imported
by it without the rest of txinetd, and must not import any of it.
"""
